"""Readings in the ledger: what goes in comes out, once, with the history of what was corrected."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from features.tables.model import Tables
from features.tables.validate import validate
from ledger.matching.read_posts import collect_posts
from ledger.readings import CONTRADICTION, add_readings, read_readings
from ledger.store import open_ledger

NOW = int(pd.Timestamp("2026-06-01").value // 1000)
CREATORS = pd.DataFrame(
    {"creator_id": ["anna", "ben"], "platform": "instagram", "handle": ["Anna.x", None]}
)


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request, tmp_path):
    address = None
    if request.param == "postgres":
        address = request.getfixturevalue("postgres").new_database()
    with open_ledger(tmp_path, address) as opened:
        yield opened


def post(post_id="p1", likes=90.0, **given):
    row = {
        "creator_id": "anna",
        "platform": "instagram",
        "post_id": post_id,
        "posted_at": "2026-01-01T00:00:00Z",
        "observed_at": "2026-01-31T00:00:00Z",
        "likes": likes,
        "comments": 10.0,
        "views": None,
    }
    return row | given


def tables(posts=(), partnerships=()):
    """Return validated tables; posts may have a partnership_id."""
    frames = {
        name: pd.DataFrame(list(rows))
        for name, rows in (("posts", posts), ("partnerships", partnerships))
        if rows
    }
    clean = validate(Tables(creators=CREATORS, **frames))
    if posts:
        ids = [row.get("partnership_id") for row in posts]
        clean.posts["partnership_id"] = ids
    return clean


def counts_of(counts):
    rejected = sum(counts.rejected.values())
    assert counts.rows == counts.new + counts.corrections + counts.repeats + rejected
    return counts.new, counts.corrections, counts.repeats, rejected


def test_repeats_are_counted_and_corrections_keep_what_they_correct(ledger):
    first = tables([post(), post("p2", None, likes_hidden=True)])
    assert counts_of(add_readings(ledger, first, "a.csv", NOW)) == (2, 0, 0, 0)
    assert counts_of(add_readings(ledger, first, "a.csv", NOW)) == (0, 0, 2, 0)
    corrected = tables([post(likes=95.0), post("p2", None, likes_hidden=True, views=7)])
    assert counts_of(add_readings(ledger, corrected, "b.csv", NOW + 1)) == (0, 2, 0, 0)
    settled = tables([post(likes=95.0, partnership_id="P")])
    assert counts_of(add_readings(ledger, settled, "c.csv", NOW + 2)) == (0, 1, 0, 0)
    assert counts_of(add_readings(ledger, first, "a.csv", NOW + 3)) == (0, 1, 1, 0)  # and back
    kept = read_readings(ledger)
    p1 = kept[kept["post_id"] == "p1"]
    assert p1["engagements"].tolist() == [100, 105, 105, 100]
    assert p1["handle"].tolist() == ["Anna.x"] * 4
    assert p1["import_id"].tolist() == [1, 3, 4, 5]
    stands = collect_posts(kept, NOW).posts
    assert stands["partnership_id"].fillna("").tolist() == ["P", ""]
    assert stands["corrections"].tolist() == [2, 0]


def test_what_is_no_reading_is_counted_with_its_reason(ledger):
    fresh = {"posted_at": "2026-05-20T00:00:00Z", "observed_at": None}
    given = tables(
        [
            post("old", observed_at=None),
            post("fresh", **fresh),
            post("early"),
            post("late", observed_at="2026-06-02T00:00:00Z"),
            post("shared", repost=True),
        ],
        [
            {"partnership_id": "P1", "creator_id": "anna", "platform": "instagram"},
            {"partnership_id": "P2", "creator_id": "anna", "platform": "instagram", "views": 9},
        ],
    )
    given.posts.loc[2, "observed_at"] -= pd.Timedelta(days=60)
    counts = add_readings(ledger, given, "a.csv", NOW)
    assert counts_of(counts) == (1, 0, 0, 5)
    assert counts.open_partnerships == 1
    assert sorted(reason.partition(":")[0] for reason in counts.rejected if reason) == [
        "has no moment of reading and no start",
        "has no moment of reading, and may be younger than 90 days",
        "is somebody else's post, shared on",
        "was read before it was posted",
        "was read in the future",
    ]
    assert read_readings(ledger)["read_at"].tolist() == [
        int(pd.Timestamp("2026-04-01").value // 1000)  # 90 days after posting
    ]


def test_a_file_with_two_counts_of_one_moment_says_neither(ledger):
    given = tables([post(), post("p2")])
    given.posts.loc[1, ["post_id", "likes"]] = ["p1", 50.0]
    counts = add_readings(ledger, given, "a.csv", NOW)
    assert counts_of(counts) == (0, 0, 0, 2)
    assert counts.rejected == {CONTRADICTION: 2}


def test_a_dry_run_and_a_failure_keep_nothing(ledger, monkeypatch):
    counts = add_readings(ledger, tables([post()]), "a.csv", NOW, dry_run=True)
    assert counts_of(counts) == (1, 0, 0, 0)
    assert read_readings(ledger).empty
    many = tables([post(f"p{number}") for number in range(30)])
    monkeypatch.setattr("ledger.readings._BATCH", 10)
    inserted = []

    def stop(_connection, _cursor, statement, *_):
        inserted.append("INSERT INTO readings" in statement)
        if sum(inserted) == 2:
            raise KeyboardInterrupt

    event.listen(ledger.engine, "before_cursor_execute", stop)
    with pytest.raises(KeyboardInterrupt):
        add_readings(ledger, many, "a.csv", NOW)
    event.remove(ledger.engine, "before_cursor_execute", stop)
    assert sum(inserted) == 2
    assert read_readings(ledger).empty


@given(st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_add_up_and_the_order_of_rows_in_a_file_changes_nothing(tmp_path_factory, data):
    one = st.builds(
        post,
        st.sampled_from(["p1", "p2"]),
        st.sampled_from([None, 1.0, 2.0]),
        observed_at=st.sampled_from(["2026-01-10T00:00:00Z", "2026-01-20T00:00:00Z"]),
        partnership_id=st.sampled_from([None, "P"]),
    )
    files = data.draw(
        st.lists(
            st.lists(one, max_size=5, unique_by=lambda row: (row["post_id"], row["observed_at"])),
            min_size=1,
            max_size=3,
        )
    )
    states = []
    for order in (1, -1):
        with open_ledger(tmp_path_factory.mktemp("ledger")) as opened:
            told = [
                counts_of(add_readings(opened, tables(rows[::order]), "x", NOW)) for rows in files
            ]
            posts = collect_posts(read_readings(opened), NOW)
            stands = posts.moments.merge(posts.posts, left_on="post", right_index=True)
            key = ["post_id", "read_at"]
            states.append(
                (told, stands.sort_values(key).drop(columns="post").reset_index(drop=True))
            )
    assert states[0][0] == states[1][0]
    pd.testing.assert_frame_equal(states[0][1], states[1][1])
    assert np.isfinite(states[0][1]["read_at"].astype(float)).all()
