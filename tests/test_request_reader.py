"""Partnerships are read together: each is read as it would be alone, whatever the others are."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.history.arrays import NAT_US
from serving.http.request_reader import read_partnerships

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = ["a", " a ", "", "  ", "1", "2"]
NUMBERS = [0, 1, 2.5, 48_000, 10**17, 2**63, 1e300, -1, "5", True, [1]]
TIMES = [
    "2026-01-01T00:00:00Z",
    "2026-06-01T02:00:00+02:00",
    "2026-01-01",
    "1990-01-01T00:00:00Z",
    "x",
    5,
]
VALUES = {
    **{
        key: [*TEXTS, 5, True]
        for key in ("partnership_id", "creator_id", "bio", "topic", "currency")
    },
    **dict.fromkeys(
        ("followers", "avg_likes", "deliverables", "fee_usd", "completion_rate", "hashtags_count"),
        NUMBERS,
    ),
    **{key: [True, False, 0, "true"] for key in ("verified", "has_location")},
    **dict.fromkeys(("start_at", "created_at"), TIMES),
    "platform": ["instagram", " tiktok ", "", "Instagram", 3],
    "niche": ["food", "cooking"],
    "format": ["video", "reel"],
    "recent_posts": [[], [{"posted_at": "2026-01-01T00:00:00Z"}], 3],
    "fee_us": [1],
}
PARTNERSHIPS = st.lists(
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from([None, *values]) for name, values in VALUES.items()}
    )
    | st.sampled_from([None, 5, [], "x"]),
    min_size=1,
    max_size=4,
)


def columns_of(prospects):
    return {
        name: values
        for columns in (prospects.numbers, prospects.codes, prospects.times, prospects.texts)
        for name, values in columns.items()
        if name != "partnership_id"
    }


def at_row(faults, row):
    """Place the faults of a partnership that was read alone; those that ids make among several are left out."""
    return [
        (fault.code, fault.where.replace("partnerships[0]", f"partnerships[{row}]"), fault.what)
        for fault in faults
        if fault.code != "repeated_id"
    ]


@settings(max_examples=300)
@given(PARTNERSHIPS)
@example([{"creator_id": "a"}, {"platform": "x", "followers": 1, "partnership_id": "1"}])
@example([{"followers": 5}])
@example([{"creator_id": "a", "partnership_id": "b"}, {"creator_id": "a", "partnership_id": "b"}])
@example([{"creator_id": "a", "created_at": "2026-06-01T00:00:00Z"}])
def test_each_partnership_is_read_as_it_is_alone(given_):
    together = read_partnerships(given_, NOW)
    columns = columns_of(together.prospects)
    for row, raw in enumerate(given_):
        alone = read_partnerships([raw], NOW)
        expected = at_row(alone.faults.get(0, ()), row)
        assert at_row(together.faults.get(row, ()), row) == expected
        if row not in together.valid_positions:
            continue
        place = together.valid_positions.index(row)
        known = columns_of(alone.prospects)
        for name, values in columns.items():
            value = values[[place]]
            if name in known:
                np.testing.assert_equal(value, known[name])
            else:
                assert value[0] is None or value[0] == NAT_US or np.isnan(value[0])


def test_a_partnership_without_faults_is_read_with_the_others():
    good = {"platform": "instagram", "followers": 48_000, "start_at": "2026-04-01T02:00:00+02:00"}
    found = read_partnerships([good, {**good, "followers": -1}, {**good, "format": "reel"}], NOW)
    assert (found.names, found.valid_positions) == (["1", "2", "3"], [0])
    assert [fault.code for faults in found.faults.values() for fault in faults] == [
        "below_minimum",
        "not_accepted",
    ]
    assert found.prospects.numbers["followers"].tolist() == [48_000.0]
    assert found.prospects.times["start_at"].tolist() == [1_775_001_600_000_000]
