import re

import numpy as np
import pandas as pd
from conftest import build_tables

from features.derive.catalog import COLUMNS, FEATURES, LEARNED_COLUMNS
from features.derive.derive import derive
from features.derive.fit_reference import fit_reference
from features.history.history import History

STATISTICS = (
    "apart|autocorrelation|code|count|days|effect|evenness|ewm|few|fit|flag|focus|growth|high|hour|jump|log|low|mad|many|max"
    "|mean|median|offset|p10|p25|p75|p90|planned|prior|score|sd|share|similar|slope|weekday"
)
GROUPS = "followers|format|own_mean|prior|sponsored|topic|views"
NAME = re.compile(
    rf"[a-z]+(_[a-z]+)*_({STATISTICS})(_\d+d?)?(_by_({GROUPS}))?|has_location_planned(_by_own_mean)?"
)
#: What a name must say where the column is no plain ratio.
UNITS = {
    "code": r"_code$",
    "days": r"_days(_|$)",
    "posts": r"_count(_|$)",
    "fraction": r"_share(_|$)",
    "ln count": r"_log(_|$)|_planned",
    "ln ratio": r"_(log|dev|growth|effect)(_|$)",
    "0-6": r"_weekday$",
    "0-23": r"_hour$",
    "0 or 1": r"_flag$|^has_",
    "0 to 1": r"_fit$|_focus$|^authenticity_",
}


def unnamed(names):
    return [name for name in names if not NAME.fullmatch(name)]


def test_no_name_stands_twice():
    assert len(set(COLUMNS)) == len(COLUMNS) == len(FEATURES)


def test_names_follow_the_rule():
    assert unnamed(COLUMNS) == []


def test_the_rule_refuses_other_names():
    others = [
        "likes",
        "Likes_mean",
        "likes_mean_",
        "likes_mean_by_moon",
        "mean_likes",
        "likes__mean",
        "likes_mean_d30",
    ]
    assert unnamed(others) == others


def test_names_tell_their_unit():
    assert [
        f.name for f in FEATURES if f.unit in UNITS and not re.search(UNITS[f.unit], f.name)
    ] == []


def test_no_rate_hides_what_it_is_a_rate_of():
    assert [
        name
        for name in COLUMNS
        if "rate" in name and not name.endswith(("_by_followers", "_by_views"))
    ] == []


def test_every_column_says_what_it_is():
    assert [f.name for f in FEATURES if not (f.unit and f.source and f.meaning and f.missing)] == []
    tables = {"query", "creators", "followers", "posts", "prospects", "reference", "all"}
    assert {part for f in FEATURES for part in f.source.split(", ")} <= tables


def test_what_tells_how_and_how_late_it_was_read_is_not_learned():
    told = {
        "followers_late_flag",
        "readings_late_share",
        "niche_declared_flag",
        "niche_known_share",
        "niche_focus",
    }
    assert told <= set(COLUMNS) - set(LEARNED_COLUMNS)
    assert list(LEARNED_COLUMNS) == [name for name in COLUMNS if name in LEARNED_COLUMNS]


def test_derive_gives_the_columns_in_order_as_float64():
    days = pd.date_range("2026-01-01", periods=3, tz="UTC")
    creators = [
        {"creator_id": name, "platform": "instagram", "followers": 1000.0} for name in "abc"
    ]
    posts = [
        {
            "creator_id": name,
            "platform": "instagram",
            "post_id": name,
            "posted_at": days[0],
            "likes": 9,
            "comments": 1,
        }
        for name in "abc"
    ]
    history = History.from_tables(build_tables(creators, posts))
    reference = fit_reference(history, days[0] + pd.Timedelta(days=30))
    asked = pd.DataFrame(
        {"creator_id": list("abc"), "platform": "instagram", "as_of": days, "start_at": days}
    )
    for questions in (asked.set_index(pd.Index([5, 1, 5])), asked.iloc[:0]):
        derived = derive(history, questions, reference)
        assert list(derived) == list(COLUMNS)
        assert set(derived.dtypes) == {np.dtype("float64")}
        assert derived.index.equals(questions.index)
