"""Reasons multiply to the forecast, comparables tell what was known, and values are what the caller named."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of, build_tables

from features.comparables import MAX_COMPARABLES, Comparables
from features.derive.catalog import LEARNED_COLUMNS
from features.derive.derive import derive
from features.history.history import History
from features.maturation.maturation import AS_READ
from features.tables.schema import EMV_PARTS
from features.tables.validate import InvalidTables
from models.emv import earned_media_value, read_value_table
from models.reasons import (
    COLUMN_GROUPS,
    OWN_LEVEL,
    STILL_GROWING,
    contributions,
    level_growth,
    reasons,
    reasons_text,
)
from serving.scoring.answer_table import ANSWER_COLUMNS
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.scorer import Scorer

AS_OF = pd.Timestamp("2026-06-15T09:00:00Z")


@pytest.fixture(scope="module")
def asked(tables):
    accounts = (
        tables.creators[["creator_id", "platform"]]
        .drop_duplicates()
        .head(40)
        .reset_index(drop=True)
    )
    return accounts.assign(as_of=AS_OF, start_at=AS_OF, format=["video", None] * 20)


@pytest.fixture(scope="module")
def x(tables, bundle, asked):
    return derive(tables, asked, bundle.reference)


def test_the_factors_multiply_to_the_forecast_of_a_post(bundle, x):
    forecaster = bundle.forecasters["engagements"]
    location = forecaster.predict(x)
    found = contributions(forecaster, x, "engagements", reference=bundle.reference)
    np.testing.assert_allclose(sum(found.values()), location, rtol=1e-9)
    told_of_rows = reasons(forecaster, x, reference=bundle.reference)
    for told, expected in zip(told_of_rows, location, strict=True):
        product = np.prod([found["factor"] for found in told["factors"]])
        assert np.log1p(told["per_post"]) + np.log(product) == pytest.approx(expected, rel=1e-9)
        assert 1 <= len(told["factors"]) <= 6
        assert told["factors"][-1]["reason"] == "all else"


def test_the_own_level_is_the_offset_over_the_prior(bundle, x):
    forecaster = bundle.forecasters["engagements"]
    found = contributions(forecaster, x, "engagements")
    np.testing.assert_allclose(found[OWN_LEVEL], x["engagements_log_offset_by_prior"], atol=1e-9)
    apart = contributions(forecaster, x, "engagements", reference=bundle.reference)
    whole = apart[OWN_LEVEL] + apart[STILL_GROWING]
    np.testing.assert_allclose(whole, x["engagements_log_offset_by_prior"], atol=1e-9)


@pytest.mark.parametrize("age", [2, 10, 80])
def test_the_part_of_the_level_that_came_by_the_curve_stands_apart(bundle, age):
    """Where all posts were read at one age, it is what the level is lower by without curves."""
    creator = {"creator_id": "new", "platform": "tiktok", "followers": 20_000.0}
    posts = [
        {
            **{name: creator[name] for name in ("creator_id", "platform")},
            "post_id": str(n),
            "posted_at": AS_OF - pd.Timedelta(days=90 + 3 * n),
            "observed_at": AS_OF - pd.Timedelta(days=90 + 3 * n - age),
            **{"likes": 300.0 + 50 * n, "comments": 9.0, "shares": 4.0},
        }
        for n in range(8)
    ]
    asked = pd.DataFrame([{**creator, "as_of": AS_OF, "start_at": AS_OF}])
    plain = replace(bundle.reference, maturation=AS_READ)
    x, as_read = (
        derive(build_tables([creator], posts), asked, reference)
        for reference in (bundle.reference, plain)
    )
    (part,) = level_growth(x, "engagements", bundle.reference)
    assert abs(part) > 0.05
    assert (part > 0) == (age < 30)
    (lower,) = x["engagements_log_offset"] - as_read["engagements_log_offset"]
    assert part == pytest.approx(lower, abs=1e-9)
    assert (level_growth(as_read, "engagements", plain) == 0).all()
    told = reasons(bundle.forecasters["engagements"], x, reference=bundle.reference)[0]["factors"]
    words = STILL_GROWING if part > 0 else "its posts were read after day 30"
    factors = {factor["reason"]: factor["factor"] for factor in told}
    assert factors[words] == pytest.approx(np.exp(part))


def test_every_learned_column_has_a_group_that_says_what_it_is(bundle):
    patterns = [pattern for *_, pattern in COLUMN_GROUPS]
    place = {
        name: next(n for n, p in enumerate(patterns) if re.match(p, name))
        for name in LEARNED_COLUMNS
    }
    assert [name for name, group in place.items() if group == len(COLUMN_GROUPS) - 1] == []
    assert set(place.values()) == set(range(len(COLUMN_GROUPS) - 1))


def test_reasons_are_words_that_name_the_format(bundle, x):
    told = [
        found["reason"]
        for row in reasons(bundle.forecasters["engagements"], x)
        for found in row["factors"]
    ]
    assert not any("{" in reason for reason in told)
    assert reasons_text(
        {"per_post": 1203.4, "factors": [{"reason": "posts video", "factor": 1.3}]}
    ) == ("about 1,203 a post for accounts like it; posts video x1.30")
    assert reasons_text(None) is None


def test_comparables_are_near_in_size_and_niche_and_never_the_creator_itself(
    tables, bundle, x, asked
):
    history = History.from_tables(tables)
    found = Comparables.from_history(history, bundle.reference, tables.partnerships, AS_OF)
    account = history.account_indexes(asked)
    for row, near in enumerate(found.nearest(x, account)):
        assert len(near) == MAX_COMPARABLES
        assert asked["creator_id"][row] not in {one["creator_id"] for one in near}
        likeness = [one["similarity"] for one in near]
        assert likeness == sorted(likeness, reverse=True)
    twin = found.nearest(x.head(1), np.array([-1]))[0][0]
    assert (twin["creator_id"], twin["similarity"]) == (asked["creator_id"][0], 1.0)


def test_the_results_of_comparables_are_their_last_twelve_posts_and_deals(tables, bundle):
    found = Comparables.from_history(
        History.from_tables(tables), bundle.reference, tables.partnerships, AS_OF
    )
    one = next(result for result in found.results if result["deals"])
    own = tables.posts[tables.posts["creator_id"] == one["creator_id"]].sort_values("observed_at")
    age = own["observed_at"] - own["posted_at"]
    mature = own["observed_at"].isna() | (age >= pd.Timedelta(days=7))
    counts = own[["likes", "comments"]].assign(
        shares=np.where(own["platform"] == "tiktok", own["shares"], 0)
    )
    own = own.assign(total=counts.sum(axis=1, skipna=False).mask(own["likes_hidden"].fillna(False)))
    known = own[mature & ~own["repost"].fillna(False) & own["total"].notna()].drop_duplicates(
        "post_id"
    )
    known = (
        known[known["posted_at"] <= AS_OF - pd.Timedelta(days=7)].sort_values("posted_at").tail(12)
    )
    assert one["posts"] == len(known)
    assert one["engagements_p50"] == pytest.approx(known["total"].median(), rel=0.05)
    deals = tables.partnerships[tables.partnerships["creator_id"] == one["creator_id"]]
    assert one["deals"] <= len(deals)


def test_what_comes_after_changes_no_comparable(tables, bundle):
    """Posts, readings of young posts and deals after the moment are taken away: the same creators
    with the same results.
    """
    moment = pd.Timestamp("2026-03-01T00:00:00Z")
    is_young = tables.posts["posted_at"] > moment - pd.Timedelta(days=7)
    late = is_young & ~(tables.posts["observed_at"] <= moment)
    deals = tables.partnerships
    cut = replace(
        tables,
        posts=tables.posts[~late],
        partnerships=deals[~(deals["start_at"] > moment - pd.Timedelta(days=7))],
        followers=tables.followers[tables.followers["observed_at"] <= moment],
    )
    whole, part = (
        Comparables.from_history(History.from_tables(t), bundle.reference, t.partnerships, moment)
        for t in (tables, cut)
    )
    assert whole.results == part.results


def test_extras_come_only_where_asked_and_files_have_them_as_text(tables, bundle, asked):
    scorer = Scorer(bundle, tables)
    rows = [*asked.head(3)[["creator_id", "platform"]].to_dict("records"), {"creator_id": "nobody"}]
    plain, _ = answers_of(scorer, rows, AS_OF)
    more, refused = answers_of(
        scorer, rows, AS_OF, extras=AnswerOptions(explain=True, comparables=True)
    )
    assert tuple(plain) == ANSWER_COLUMNS
    assert tuple(more) == (*ANSWER_COLUMNS, "reasons", "comparables")
    pd.testing.assert_frame_equal(more[list(ANSWER_COLUMNS)], plain)
    assert [isinstance(value, dict) for value in more["reasons"]] == [True, True, True, False]
    assert [len(found) for found in refused] == [0, 0, 0, 1]


SHARES = {"instagram": {"likes": 0.75, "comments": 0.25}}


def known(*totals):
    """Give a forecast whose every quantile is told."""
    return {
        name: np.array([total], dtype=float)
        for name, total in zip(("p10", "p50", "p90"), totals, strict=True)
    }


def values(**named):
    return {part: np.array([named.get(part, np.nan)]) for part in EMV_PARTS}


def test_a_value_is_the_engagements_by_their_usual_parts_at_the_price_of_each():
    found = earned_media_value(
        values(like=0.1, comment=1.0, view=0.01), np.zeros(1), SHARES, known(100, 200, 400), known(1e3, 2e3, 4e3),
        np.array([True]),
    )  # fmt: skip
    each = 0.75 * 0.1 + 0.25 * 1.0
    assert [float(found[p][0]) for p in ("p10", "p50", "p90")] == pytest.approx(
        [100 * each + 10, 200 * each + 20, 400 * each + 40]
    )


def test_without_a_value_there_is_none_and_what_is_not_known_is_not_zero():
    def p50(named, code):
        return earned_media_value(
            named, np.array([code]), SHARES, known(1, 2, 3), None, np.array([False])
        )["p50"]

    assert np.isnan(p50(values(), 0.0))
    assert np.isnan(p50(values(like=0.1), 1.0))
    assert p50(values(like=0.1), 0.0) == pytest.approx(2 * 0.075)


def test_a_table_of_values_is_read_and_faults_are_named(tmp_path):
    path = tmp_path / "values.csv"
    path.write_text("platform,part,usd,source\nany,like,0.1,ours\ntiktok,like,0.2,ours\n")
    found = read_value_table(path)
    assert found.of(np.array([0.0, 1.0]), "like").tolist() == [0.1, 0.2]
    assert np.isnan(found.of(np.array([0.0, np.nan]), "view")).all()
    path.write_text("platform,part,usd,source\nany,save,-1,\n")
    with pytest.raises(InvalidTables, match=r"3 fault\(s\)"):
        read_value_table(path)
