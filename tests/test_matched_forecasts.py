import dataclasses

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.maturation.maturation import AS_READ, published_maturation
from ledger.forecast_entry import LEVELS, ForecastEntry
from ledger.matched_forecasts import OUTCOME_COLUMNS, STATUSES, match_forecasts
from ledger.tables import FORECASTS, READINGS

DAY = 86_400_000_000
JAN_1 = int(pd.Timestamp("2026-01-01").value // 1000)
NEVER = 10**6


def day(number):
    """Return a day after 1 January 2026 as microseconds UTC."""
    return JAN_1 + int(number * DAY)


def forecast(forecast_id, made=0.0, **given):
    """Return a forecast of one Instagram video of the creator anna, made on a day."""
    entry = ForecastEntry(
        forecast_id=forecast_id,
        made_at=day(made),
        as_of=day(given.pop("as_of", made)),
        door=given.pop("door", "score"),
        platform=given.pop("platform", "instagram"),
        evidence="history",
        horizon_days=given.pop("horizon_days", 30.0),
        model_version="m1",
        trained_on="real",
        features_version=1,
        features_digest="d",
        engagements=tuple(float(100 + n) for n in range(len(LEVELS))),
        engagements_mean=113.0,
        question={},
        creator_id=given.pop("creator_id", "anna"),
        start_at=None if given.get("start") is None else day(given["start"]),
        format=given.pop("format", "video"),
        **{name: value for name, value in given.items() if name != "start"},
    )
    return dataclasses.asdict(entry)


def reading(post_id=None, posted=None, read=30.0, engagements=None, **given):
    """Return a reading of an Instagram video of the creator anna, `read` days after posting."""
    base = 0.0 if posted is None else posted
    row = {column.name: None for column in READINGS.columns} | {
        "import_id": 1,
        "recorded_at": day(200),
        "read_at": day(base + read),
        "platform": "instagram",
        "creator_id": "anna",
        "post_id": post_id,
        "posted_at": None if posted is None else day(posted),
        "format": "video",
        "sponsored": 1,
        "engagements": engagements,
    }
    return row | given


def frames(forecasts, readings):
    names = [column.name for column in READINGS.columns]
    rows = [{**row, "reading_id": number} for number, row in enumerate(readings)]
    columns = [column.name for column in FORECASTS.columns]
    return pd.DataFrame(forecasts, columns=columns), pd.DataFrame(rows, columns=names)


def match(forecasts, readings, now=NEVER, growth=AS_READ):
    return match_forecasts(*frames(forecasts, readings), day(now), growth)


def outcome(forecasts, readings, now=NEVER, growth=AS_READ):
    """Return status, engagements and reason of each forecast."""
    found = match(forecasts, readings, now, growth)
    engagements = [None if np.isnan(x) else x for x in found["outcome_engagements"]]
    return list(zip(found["status"], engagements, found["reason"], strict=True))


def test_columns_of_forecasts_stay_and_outcomes_follow_also_without_any_row():
    for forecasts, readings in (([], []), ([forecast("a")], []), ([], [reading("p", 1, 9, 5)])):
        found = match(forecasts, readings)
        assert list(found) == [column.name for column in FORECASTS.columns] + [*OUTCOME_COLUMNS]
        assert len(found) == len(forecasts)


def test_posts_are_found_by_partnership_then_by_creator_and_time():
    asked = [
        forecast("a", partnership_id="P1", start=5),
        forecast("b", creator_id="ben", start=5),
        forecast("c", creator_id=None, handle="@Cleo", start=5),
        forecast("d", creator_id="dan", start=5),
        forecast("e", creator_id=None, door="predict"),
    ]
    read = [
        reading("p1", 80, 30, 10, partnership_id="P1"),  # far from the start, but its own by id
        reading("p2", 4, 30, 20, creator_id="ben"),
        reading("p3", 2, 30, 21, creator_id="ben"),  # three days before the start
        reading("p4", 36, 30, 22, creator_id="ben"),  # after the window
        reading("p5", 6, 30, 30, creator_id=None, handle="cleo"),
        reading("p6", 6, 30, 40, creator_id="dan", format="carousel"),
        reading("p7", 6, 30, 41, creator_id="dan", sponsored=0),
        reading("p8", 6, 30, 42, creator_id="dan", platform="tiktok"),
    ]
    found = match(asked, read)
    assert found["outcome_engagements"].fillna(-1).tolist() == [10, 20, 30, -1, -1]
    assert found["status"].tolist() == ["matured"] * 3 + ["waiting", "not scored"]
    assert found["matched_by"].fillna("").tolist() == [
        *("partnership_id", "creator and time", "creator and time", "", "")
    ]
    assert found["reason"].tolist()[3:] == [
        "no reading of its posts, which were to come until 2026-02-05",
        "names no partnership_id, post or creator: no outcome can be matched with it",
    ]


def test_what_is_ambiguous_is_not_scored_until_the_file_says_whose_it_is():
    asked = [forecast("a", partnership_id="A", start=1), forecast("b", partnership_id="B", start=6)]
    read = [reading("p", 7, 30, 50)]
    shared = (
        "another partnership of the creator has a claim to the same post: give partnership_id in "
        "the file of outcomes"
    )
    assert outcome(asked, read) == [("not scored", None, shared)] * 2
    settled = [*read, reading("p", 7, 30, 50, partnership_id="B")]
    assert [one[:2] for one in outcome(asked, settled)] == [("waiting", None), ("matured", 50)]


def test_a_package_takes_posts_of_unknown_format_where_they_cannot_be_stories():
    asked = [forecast("a", partnership_id="A", package="1 short + 3 story", format=None, start=1)]
    own = {"partnership_id": "A", "format": None}
    assert outcome(asked, [reading("p", 2, 30, 50, **own)])[0][:2] == ("matured", 50)
    story = reading("s", 2, 30, 70, partnership_id="A", format="story")
    assert outcome(asked, [reading("p", 2, 30, 50, **own), story])[0][:2] == ("matured", 50)
    two = [reading("p", 2, 30, 50, **own), reading("q", 3, 30, 5, **own)]
    formatless = (
        "{} post(s) with its partnership_id have no format, or none that its package books: give "
        "format in the file of outcomes"
    )
    assert outcome(asked, two)[0] == ("not scored", None, formatless.format(2))
    told = [*two, reading("q", 3, 30, 5, partnership_id="A", format="short")]
    assert outcome(asked, told)[0][:2] == ("matured", 5)
    other = reading("p", 2, 30, 50, partnership_id="A", format="image")
    assert outcome(asked, [other])[0] == ("not scored", None, formatless.format(1))
    assert outcome(asked, [{**other, "post_id": None}])[0][:2] == ("matured", 50)  # totals


def test_posts_that_may_be_sponsored_wait_until_the_window_has_passed():
    asked, read = [forecast("a", start=1)], [reading("p", 3, 20, 50, sponsored=None)]
    assert outcome(asked, read, now=25)[0][0] == "waiting"
    unmarked = (
        "1 post(s) of the creator in its time, first p, are not marked as sponsored or not: give "
        "partnership_id, or sponsored, in the file of outcomes"
    )
    assert outcome(asked, read)[0] == ("not scored", None, unmarked)


def test_a_partial_delivery_waits_then_is_not_scored_and_further_posts_are_told():
    asked = [forecast("a", partnership_id="A", start=1, deliverables=2.0)]
    read = [reading(f"p{n}", n, 9, 10.0 * n, partnership_id="A") for n in (2, 3, 4)]
    assert outcome(asked, read[:1], now=20) == [("partial", 20, "1 of 2 deliverables read")]
    assert outcome(asked, read[:1]) == [
        ("not scored", None, "1 of 2 deliverables came: the forecast is for all of them")
    ]
    found = match(asked, read).iloc[0]
    assert (found["outcome_engagements"], found["posts_read"]) == (50, 2)
    assert found["note"] == "more posts came than were booked (3 and 2): the earliest count"


def test_an_outcome_is_judged_by_its_reading_nearest_to_the_horizon_at_the_age_of_reading():
    asked = [forecast("a", partnership_id="A"), forecast("b", partnership_id="B")]
    read = [
        reading("p", 1, 3, 60, partnership_id="A"),
        reading("p", 1, 8, 100),
        reading("p", 1, 70, 140),
        reading("q", 1, 3, 60, partnership_id="B"),
    ]
    curve = published_maturation()
    grown = curve.growth("engagements", np.array([0.0, 0.0]), [70.0, 3.0], 30.0)
    found = match(asked, read, growth=curve)
    assert found["status"].tolist() == ["matured", "young"]
    assert found["outcome_engagements"].tolist() == [140, 60]
    assert found["read_age_days"].tolist() == [70, 3]
    np.testing.assert_allclose(found["outcome_ln"], np.log1p([140, 60]) + grown, rtol=1e-12)
    assert found["matured_at"].fillna(-1).tolist() == [day(9), -1]
    early = match(asked, read, now=10, growth=curve)  # what was known on day 10
    assert early["outcome_engagements"].tolist() == [100, 60]
    assert found["reason"].tolist() == ["", "read at the age of 3 days, scored from 7 on"]


def test_a_correction_counts_and_what_it_corrects_is_told():
    asked = [forecast("a", partnership_id="A")]
    read = [reading("p", 1, 30, 10, views=900, partnership_id="A"), reading("p", 1, 30, 12)]
    found = match(asked, read).iloc[0]
    wanted = {"outcome_engagements": 12, "outcome_views": 900, "readings": 2, "corrections": 1}
    assert {name: found[name] for name in wanted} == wanted


def test_counts_that_fell_and_hidden_likes_are_stated():
    asked = [forecast("a", partnership_id="A"), forecast("b", partnership_id="B")]
    read = [
        reading("p", 1, 28, 90, partnership_id="A"),
        reading("p", 1, 30, 80),
        reading("q", 1, 30, None, views=500, partnership_id="B"),
    ]
    found = match(asked, read)
    assert found["status"].tolist() == ["matured", "not scored"]
    assert found["note"].tolist() == ["engagements fell between two readings", ""]
    assert (
        found["reason"].iloc[1] == "engagements of 1 of its posts are unknown, as of hidden likes"
    )


def test_totals_stand_where_posts_are_missing_and_a_difference_is_told():
    asked = [forecast("a", partnership_id="A", start=1, deliverables=2.0)]
    total = reading(None, 1, 30, 75, partnership_id="A", deliverables=2.0, sponsored=None)
    posts = [reading(f"p{n}", n, 9, 10.0 * n, partnership_id="A") for n in (2, 3)]
    assert outcome(asked, [total, posts[0]]) == [("matured", 75, "")]
    found = match(asked, [total, *posts]).iloc[0]
    assert (found["outcome_engagements"], found["posts_read"]) == (50, 2)
    assert found["note"] == "posts are used, although the totals told are 75"
    undated = total | {"posted_at": None}
    assert outcome(asked, [undated]) == [("matured", 75, "")]  # by the planned start
    nowhere = [forecast("a", partnership_id="A", deliverables=2.0)]
    assert outcome(nowhere, [undated])[0][2].startswith("the moment of posting is unknown")
    assert outcome(asked, [total | {"deliverables": 3.0}])[0][2] == (
        "the totals are of 3 deliverables, the forecast of 2"
    )


def test_a_package_takes_posts_of_each_of_its_formats_but_stories():
    package = {"package": "1 short + 3 story + 2 image", "format": None, "deliverables": 6.0}
    asked = [forecast("a", partnership_id="A", start=1, **package)]
    read = [
        reading("s", 2, 9, 1, format="short", partnership_id="A"),
        reading("t", 2, 9, 5, format="story", partnership_id="A"),
        reading("i", 2, 9, 10, format="image", partnership_id="A"),
        reading("k", 2, 9, 100, format="image", partnership_id="A"),
        reading("l", 3, 9, 1000, format="image", partnership_id="A"),
    ]
    assert outcome(asked, read) == [("matured", 111, "")]
    assert outcome(asked, read[:3], now=12)[0] == ("partial", 11, "2 of 3 deliverables read")


def test_a_forecast_made_after_its_post_is_not_scored_and_the_latest_before_it_is_the_one():
    asked = [
        forecast("a", 0, partnership_id="A"),
        forecast("b", 3, partnership_id="A"),
        forecast("c", 9, partnership_id="A"),
        forecast("d", 9, as_of=1, partnership_id="D", creator_id="dan"),
    ]
    read = [
        reading("p", 5, 30, 10, partnership_id="A"),
        reading("q", 5, 30, 10, creator_id="dan", partnership_id="D"),
    ]
    found = match(asked, read)
    assert found["status"].tolist() == ["matured"] * 2 + ["not scored"] * 2
    assert found["is_latest"].tolist() == [False, True, False, True]
    assert (
        found["reason"].iloc[2]
        == "the forecast was made after its first post went online on 2026-01-06"
    )


def test_a_running_post_has_the_readings_after_the_forecast_and_its_first_forecast_counts():
    asked = [forecast(name, made, door="track", post_id="p") for name, made in (("a", 3), ("b", 9))]
    read = [reading("p", 1, age, 10.0 * age) for age in (1, 5, 30)]
    found = match(asked, read, now=7)
    assert found["status"].tolist() == ["young", "waiting"]
    found = match(asked, read)
    assert found["outcome_engagements"].tolist() == [300, 300]
    assert found["is_latest"].tolist() == [True, False]


def test_one_partnership_id_of_several_creators_is_not_scored_unless_the_file_names_one():
    asked = [forecast("a", partnership_id="1"), forecast("b", partnership_id="1", creator_id="ben")]
    nobody = reading(None, 3, 30, 10, partnership_id="1", creator_id=None, platform=None)
    assert [one[0] for one in outcome(asked, [nobody])] == ["not scored"] * 2
    named = nobody | {"creator_id": "ben", "platform": "instagram"}
    assert [one[:2] for one in outcome(asked, [named])] == [("waiting", None), ("matured", 10)]


def test_forecasts_without_id_and_start_are_of_the_creator_and_posts_without_id_of_nobody():
    weekly = [forecast(str(week), 7 * week) for week in range(3)]
    read = [reading("old", 6, 20, 5), reading("p", 15, 30, 50, partnership_id="SP-1")]
    found = match(weekly, read)
    assert found["outcome_engagements"].tolist() == [5, 50, 50]
    assert found["is_latest"].tolist() == [True, False, True]
    nameless = match([forecast(name, 3, door="track") for name in "ab"], read)
    assert set(nameless["status"]) == {"not scored"}
    assert nameless["is_latest"].all()
    assert nameless["reason"][0].startswith("a post that was online, without a post_id")


@st.composite
def ledgers(draw):
    """Draw forecasts and readings of few creators, partnerships, posts and days: many of them
    meet."""
    some = st.sampled_from
    asked = [
        forecast(
            str(number),
            draw(some([0, 4, 40])),
            creator_id=draw(some(["anna", "ben", None])),
            handle=draw(some([None, "Ben"])),
            partnership_id=draw(some([None, "1", "2"])),
            start=draw(some([None, 5, 12])),
            format=draw(some([None, "video", "image"])),
            deliverables=draw(some([1.0, 2.0])),
            package=draw(some([None, None, "1 video + 1 image"])),
            post_id=draw(some([None, None, None, "p1"])),
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    read = [
        reading(
            draw(some(["p1", "p2", "p3", None])),
            draw(some([3, 6, 13])),
            draw(some([2, 9, 30])),
            draw(some([None, 5.0, 50.0])),
            creator_id=draw(some(["anna", "ben", None])),
            handle=draw(some([None, "ben"])),
            partnership_id=draw(some([None, "1", "2"])),
            sponsored=draw(some([None, 0, 1, 1])),
            format=draw(some([None, "video", "image", "story"])),
        )
        for _ in range(draw(st.integers(0, 10)))
    ]
    read = [row for row in read if row["post_id"] or row["partnership_id"]]
    return asked, read, draw(some([10, 30, 400]))


@given(ledgers(), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_every_forecast_has_one_status_and_the_order_of_rows_changes_nothing(ledger, random):
    asked, read, now = ledger
    forecasts, readings = frames(asked, read)
    found = match_forecasts(forecasts, readings, day(now), AS_READ)
    assert found["forecast_id"].tolist() == forecasts["forecast_id"].tolist()
    assert found["status"].isin(STATUSES).all()
    assert (found["reason"] == "").eq(found["status"] == "matured").all()
    assert found["outcome_ln"].notna().eq(found["status"].isin(["matured", "young"])).all()
    assert (found.loc[found["status"] == "matured", "read_age_days"] >= 7).all()
    order = random.sample(range(len(readings)), len(readings))
    swapped = forecasts.iloc[::-1].reset_index(drop=True)
    again = match_forecasts(swapped, readings.iloc[order], day(now), AS_READ)
    again = again.iloc[::-1].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, again)
