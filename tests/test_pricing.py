"""Answers on cost: identities, terms that contradict, where benchmarks come from, and the words of the verdict."""

import re
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of, table

from features.number_text import format_money
from features.tables.currency import CurrencyRates
from features.tables.schema import POSTS
from models.fee import MarketFee
from models.rate_card import RateCard
from serving.http.benchmark_listing import benchmarks_text, filter_benchmarks
from serving.scoring.answer_table import FEE_CURRENCY_COLUMNS
from serving.scoring.cost_benchmark import segment_name
from serving.scoring.deal_terms import DealTerms
from serving.scoring.scorer import Scorer
from serving.scoring.sentences import NO_SUM, verdict_sentences
from serving.scoring.verdict import CUT_OFFS

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
PROFILE = {"platform": "instagram", "followers": 20_000, "niche": "food", "format": "video"}
DEAL = {**PROFILE, "fee_usd": 450}


@pytest.fixture(scope="module")
def scorer(bundle, tables):
    return Scorer(bundle, tables, CurrencyRates({"USD": 1.0, "EUR": 1.25}))


def answered(scorer, *rows):
    answers, reasons = answers_of(scorer, rows, AS_OF)
    assert reasons == [[]] * len(rows)
    return answers


def refusal(scorer, **terms):
    (reasons,) = answers_of(scorer, [{**PROFILE, **terms}], AS_OF)[1]
    return reasons


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (
            {"target_cpe_usd": 0.2},
            "target_cpe_usd 0.2 stands without a fee: give fee_usd, or leave it out",
        ),
        ({"fee": 400}, "fee 400.0 has no currency: name it, or give fee_usd"),
        (
            {"fee": 400, "currency": "CHF"},
            "currency 'CHF' has no rate to USD, known is USD, EUR: name a rates file",
        ),
        (
            {"fee_usd": 5, "currency": "EUR"},
            "currency 'EUR' stands without a fee in it: give fee; fee_usd is always",
        ),
        (
            {"fee_usd": 5, "fee": 4, "currency": "EUR"},
            "fee 4.0 is given beside fee_usd: give one of them",
        ),
    ],
)
def test_terms_that_contradict_are_one_clear_error(scorer, terms, reason):
    (found,) = refusal(scorer, **terms)
    assert found.startswith(reason)


def test_a_fee_in_another_currency_is_that_fee_in_usd(scorer):
    euro, dollar = answered(
        scorer, {**PROFILE, "fee": 400, "currency": "EUR"}, {**PROFILE, "fee_usd": 500}
    )[["fee_usd", "cpe_usd_p50", "cpm_usd_p90", "probability_benchmark", "verdict"]].values.tolist()
    assert euro == dollar


def test_amounts_stand_in_the_currency_of_the_fee_beside_those_in_usd(scorer):
    rows = [
        {**DEAL, "fee_usd": None, "fee": 400, "currency": "EUR"},
        {**DEAL, "fee_usd": 500},
        {**DEAL, "fee_usd": None, "fee": 500, "currency": "USD"},
        PROFILE,
    ]
    euro, dollar, named, free = answered(scorer, *rows).to_dict("records")
    assert (euro["fee"], euro["currency"], euro["usd_per_unit"], euro["fee_usd"]) == (
        400,
        "EUR",
        1.25,
        500,
    )
    assert (named["fee"], named["currency"], named["usd_per_unit"], named["fee_usd"]) == (
        500,
        "USD",
        1,
        500,
    )
    assert list(FEE_CURRENCY_COLUMNS) == [
        *(
            "cpe_p10",
            "cpe_p50",
            "cpe_p90",
            "cpm_p10",
            "cpm_p50",
            "cpm_p90",
            "benchmark_cpe",
            "break_even_fee",
        ),
        *(
            "offer_open",
            "offer_walk_away",
            "market_fee_low",
            "market_fee_typical",
            "market_fee_high",
        ),
    ]
    for own, usd in FEE_CURRENCY_COLUMNS.items():
        assert euro[usd] == dollar[usd] == named[usd] > 0
        assert (euro[own], named[own]) == (euro[usd] / 1.25, named[usd])
    for row in (dollar, free):
        assert pd.isna(
            [row[name] for name in ("fee", "currency", "usd_per_unit", *FEE_CURRENCY_COLUMNS)]
        ).all()
    assert euro["sentence"].count("EUR") == 3
    assert "USD" not in euro["sentence"]
    assert named["sentence"] == dollar["sentence"]
    alone, among = (
        answered(scorer, rows[1], rows[3]),
        answered(scorer, *rows).iloc[[1, 3]].reset_index(drop=True),
    )
    others = ["partnership_id", "currency"]
    pd.testing.assert_frame_equal(
        alone.drop(columns=others), among.drop(columns=others), check_dtype=False
    )


def test_an_amount_that_is_unknown_is_unknown_in_every_currency(scorer):
    asked = {**PROFILE, "fee": 400, "currency": "EUR", "completion_rate": 0.5}
    (row,) = answered(scorer, asked).to_dict("records")
    assert pd.isna(
        [row[name] for name in ("cpe_usd_p90", "cpe_p90", "offer_usd_open", "offer_open")]
    ).all()
    assert row["cost_note"].startswith("cpe_usd_p50, cpe_usd_p90 has no finite value")


def test_every_cost_is_the_fee_over_the_opposite_quantile(scorer):
    for row in answered(scorer, DEAL, {**DEAL, "deliverables": 3}).to_dict("records"):
        for name, other in (("p10", "p90"), ("p50", "p50"), ("p90", "p10")):
            assert row[f"cpe_usd_{name}"] == 450 / row[f"engagements_{other}"]
            assert row[f"cpm_usd_{name}"] == pytest.approx(
                1000 * 450 / row[f"views_{other}"], rel=1e-12
            )
            assert row[f"cost_per_view_usd_{name}"] == 450 / row[f"views_{other}"]
        assert row["cost_note"] is None


def test_the_chance_of_a_quantile_as_target_or_goal_is_its_level(scorer):
    (plain,) = answered(scorer, DEAL).to_dict("records")
    asked = [{**DEAL, "target_cpe_usd": plain[f"cpe_usd_{p}"]} for p in ("p10", "p50", "p90")]
    np.testing.assert_allclose(
        answered(scorer, *asked)["probability_target"], [0.1, 0.5, 0.9], rtol=1e-9
    )
    asked = [{**DEAL, "goal_engagements": plain[f"engagements_{p}"]} for p in ("p10", "p50", "p90")]
    np.testing.assert_allclose(
        answered(scorer, *asked)["probability_goal"], [0.9, 0.5, 0.1], rtol=1e-9
    )


@pytest.mark.parametrize(
    "terms", [{}, {"completion_rate": 0.95, "deliverables": 2}, {"confidence": 0.66}]
)
def test_at_the_break_even_fee_the_benchmark_is_beaten_with_the_confidence(scorer, terms):
    (plain,) = answered(scorer, {**PROFILE, **terms}).to_dict("records")
    (again,) = answered(
        scorer, {**PROFILE, **terms, "fee_usd": plain["break_even_fee_usd"]}
    ).to_dict("records")
    assert plain["break_even_against"] == "benchmark"
    assert plain["confidence"] == terms.get("confidence", 0.8)
    assert again["probability_benchmark"] == pytest.approx(plain["confidence"], abs=1e-6)
    assert again["break_even_fee_usd"] == pytest.approx(plain["break_even_fee_usd"])
    assert (
        0 < plain["offer_usd_open"] <= plain["offer_usd_walk_away"] == plain["break_even_fee_usd"]
    )


def test_break_even_is_against_the_target_where_there_is_one(scorer):
    (row,) = answered(scorer, {**DEAL, "target_cpe_usd": 0.05}).to_dict("records")
    assert row["break_even_against"] == "target"
    again = {**PROFILE, "target_cpe_usd": 0.05, "fee_usd": row["break_even_fee_usd"]}
    assert answered(scorer, again)["probability_target"].tolist() == [pytest.approx(0.8, rel=1e-9)]


def test_a_completion_rate_can_leave_a_cost_without_a_finite_value(scorer):
    (row,) = answered(scorer, {**DEAL, "completion_rate": 0.8}).to_dict("records")
    assert np.isnan(row["cpe_usd_p90"])
    assert row["cpe_usd_p10"] > 450 / row["engagements_p90"]
    assert (
        row["cost_note"]
        == "cpe_usd_p90 has no finite value: with probability 0.2 nothing is delivered"
    )
    (unsure,) = answered(scorer, {**DEAL, "completion_rate": 0.5}).to_dict("records")
    assert unsure["break_even_fee_usd"] == 0
    assert np.isnan(unsure["offer_usd_open"])
    assert np.isnan(unsure["offer_usd_walk_away"])


def test_without_a_fee_there_are_fees_to_offer_and_no_cost(scorer):
    (row,) = answered(scorer, PROFILE).to_dict("records")
    assert row["break_even_fee_usd"] > 0
    assert row["market_fee_usd_low"] <= row["market_fee_usd_typical"] <= row["market_fee_usd_high"]
    assert row["verdict"] is None
    assert np.isnan(
        [
            row["cpe_usd_p50"],
            row["cpe_index"],
            row["probability_benchmark"],
            row["cheaper_than_share"],
        ]
    ).all()


def test_the_benchmarks_fees_come_from_own_deals_then_the_card_then_nowhere(bundle):
    """The small market has deals on Instagram; X has none, and its creators are too few for a benchmark."""
    rows = [DEAL, {**DEAL, "platform": "x"}]
    own, nowhere = answered(Scorer(bundle), *rows).to_dict("records")
    assert own["benchmark_cpe_source"] == "own_deals"
    assert own["benchmark_cpe_creators"] >= 10
    unknown = [
        "benchmark_cpe_source",
        "benchmark_cpe_usd",
        "benchmark_cpe_cell",
        "verdict",
        "break_even_fee_usd",
    ]
    assert pd.isna([nowhere[name] for name in unknown]).all()
    assert "there is no benchmark to judge that by" in nowhere["sentence"]
    without = {
        name: np.zeros_like(n) if name.endswith("_usd") else n
        for name, n in bundle.benchmarks.creators.items()
    }
    fewer = replace(bundle, benchmarks=replace(bundle.benchmarks, creators=without))
    (card,) = answered(Scorer(fewer), DEAL).to_dict("records")
    assert card["benchmark_cpe_source"] == "rate_card"
    assert card["benchmark_cpe_usd"] == pytest.approx(436 / card["benchmark_engagements_p50"])
    empty = MarketFee(RateCard("none", (), np.empty((0, 3)), ()))
    (none,) = answered(Scorer(replace(fewer, market_fee=empty)), DEAL).to_dict("records")
    assert (none["benchmark_cpe_source"], none["market_fee_source"], none["verdict"]) == (
        None,
        None,
        None,
    )


def test_cost_index_share_and_verdict_go_with_the_fee(scorer):
    rows = answered(scorer, *({**PROFILE, "fee_usd": fee} for fee in (1, 50, 200, 800, 50_000)))
    assert rows["cpe_index"].is_monotonic_increasing
    assert rows["cheaper_than_share"].is_monotonic_decreasing
    assert rows["cheaper_than_share"].iloc[[0, -1]].tolist() == [0.95, pytest.approx(0.05)]
    assert rows["probability_benchmark"].is_monotonic_decreasing
    place = [list(CUT_OFFS).index(verdict) for verdict in rows["verdict"]]
    assert place == sorted(place)
    assert rows["verdict"].iloc[[0, -1]].tolist() == ["worth_it", "overpriced"]


def test_what_makes_a_forecast_or_its_cost_less_sure_is_named(scorer, bundle):
    least, most = bundle.benchmarks.followers["instagram"]
    rows = [
        {**PROFILE, "followers": least},
        {**PROFILE, "followers": most},
        {**PROFILE, "followers": 2 * most},
        {**PROFILE, "avg_likes": 1},
        {**PROFILE, "avg_likes": 10_000_000},
        {**DEAL, "platform": "x", "avg_likes": 10_000_000, "avg_comments": 0, "avg_shares": 0},
    ]
    never = ("platform_not_in_training", "implausible_average")
    assert answered(scorer, *rows)["warnings"].tolist() == [
        (),
        (),
        ("followers_beyond_training",),
        ("unusual_for_band",),
        ("implausible_average", "unusual_for_band", "break_even_above_market"),
        never,
    ]
    dear = answered(
        scorer, {**PROFILE, "fee_usd": 100_000, "avg_likes": 3}, {**DEAL, "avg_likes": 900}
    )["warnings"]
    assert "market_above_break_even" in dear[0]
    assert "market_above_break_even" not in dear[1]


def test_fees_far_from_the_market_are_told(scorer):
    low, high = answered(scorer, {**PROFILE, "fee_usd": 1})[
        ["market_fee_usd_low", "market_fee_usd_high"]
    ].iloc[0]
    tiny, small, popular = answered(
        scorer,
        {**PROFILE, "fee_usd": 0.09 * low},
        {**PROFILE, "fee_usd": 0.11 * low},
        {**PROFILE, "avg_likes": 400_000},
    ).to_dict("records")
    assert ["fee_far_below_market" in row["warnings"] for row in (tiny, small)] == [True, False]
    assert popular["break_even_fee_usd"] > popular["market_fee_usd_high"] > low
    assert "break_even_above_market" in popular["warnings"]
    assert tiny["break_even_fee_usd"] < high
    assert "break_even_above_market" not in tiny["warnings"]


def test_short_and_old_histories_are_named(scorer):
    known = pd.Index(scorer.creator_store.history.accounts)
    creator, platform = known[0].split("/")[1], known[0].split("/")[0]
    likes = [(AS_OF - pd.Timedelta(days=100 + n), 50.0 + n) for n in range(4)]
    rows = pd.DataFrame(
        {"creator_id": "new", "platform": "instagram", "post_id": [str(n) for n in range(4)]}
        | {
            "posted_at": [time for time, _ in likes],
            "likes": [count for _, count in likes],
            "comments": 0.0,
        }
    )
    posts = table(rows.to_dict("records"), POSTS)
    answers, _ = answers_of(scorer, [{**PROFILE, "creator_id": "new"}], AS_OF, posts)
    assert {"few_posts", "old_history"} <= set(answers["warnings"][0])
    (row,) = answered(scorer, {"creator_id": creator, "platform": platform})["warnings"]
    assert "few_posts" not in row


def test_a_bundle_without_benchmarks_still_gives_costs(bundle):
    (row,) = answered(Scorer(replace(bundle, benchmarks=None, market_fee=None)), DEAL).to_dict(
        "records"
    )
    assert row["cpe_usd_p50"] == 450 / row["engagements_p50"]
    assert row["sentence"].endswith("each; there is no benchmark to judge that by.")


ROW = {
    "deliverables": 1.0,
    "engagements_p10": 1912.0,
    "engagements_p50": 3441.0,
    "engagements_p90": 6090.0,
    "fee_usd": 450.0,
    "cpe_usd_p50": 450 / 3441,
    "target_cpe_usd": None,
    "probability_target": None,
    "probability_benchmark": 0.8123,
    "benchmark_cpe_cell": "micro food creators on Instagram",
    "benchmark_cpe_usd": 0.19,
    "benchmark_cpe_source": "own_deals",
    "cheaper_than_share": 0.71,
    "confidence": 0.8,
    "break_even_fee_usd": 461.0,
}


CHEAPER = ", cheaper than about 7 in 10 micro food creators on Instagram (by your own deals)"
START = "About 3,400 engagements (80 %: 1,900-6,100); "
END = "beats the benchmark of 0.19 USD with probability 0.81."


def said(**changes):
    row = {
        name: np.array([value if value is not None else np.nan])
        for name, value in (ROW | changes).items()
    }
    terms = DealTerms(**{f.name: row.pop(f.name, None) for f in fields(DealTerms)})
    return verdict_sentences(row, terms)[0]


def test_the_sentence_can_be_forwarded():
    assert said() == f"{START}at 450 USD that is 0.13 USD each{CHEAPER}; {END}"
    assert said(fee_usd=None, deliverables=3.0) == (
        "About 3,400 engagements over 3 posts (80 %: 1,900-6,100); up to 461 USD it beats the benchmark of 0.19 USD "
        "each (by your own deals) with probability 0.80."
    )
    market = {"market_fee_usd_typical": 110.0, "market_fee_usd_high": 460.0}
    assert said(fee_usd=None, **market).endswith(
        "with probability 0.80, which is above nearly all usual fees: go by the usual fee of 110 USD."
    )
    assert said(fee_usd=None, **market | {"market_fee_usd_high": 461.0}) == said(fee_usd=None)
    target = {
        "target_cpe_usd": 0.05,
        "probability_target": 0.02,
        "benchmark_cpe_source": "rate_card",
    }
    assert said(cheaper_than_share=0.1, **target) == (
        f"{START}at 450 USD that is 0.13 USD each, more expensive than about 9 in 10 micro food creators on Instagram (by the "
        f"rate card); stays within the target of 0.05 USD with probability 0.02; {END}"
    )
    euro = {"fee": 360.0, "currency": "EUR", "usd_per_unit": 1.25}
    assert said(**euro, **target) == (
        f"{START}at 360 EUR that is 0.10 EUR each, cheaper than about 7 in 10 micro food creators on Instagram (by the "
        "rate card); stays within the target of 0.04 EUR with probability 0.02; beats the benchmark of 0.15 EUR with "
        "probability 0.81."
    )
    assert said(**euro, cpe_usd_p50=None).startswith(
        f"{START}at 360 EUR that is no finite sum each, "
    )
    assert (
        said(fee_usd=None, break_even_fee_usd=None)
        == f"{START}there is no benchmark of what they may cost."
    )


@pytest.mark.parametrize(
    ("fee", "words"),
    [
        (14.7098, "14.71 USD"), (0.018, "0.018 USD"), (50, "50 USD"), (99.996, "100 USD"), (1234.5, "1,235 USD"),
        (1234567.25, "1,234,567 USD"), (1e9, "1,000,000,000 USD"),
    ],
)  # fmt: skip
def test_fees_in_sentences_are_money(fee, words):
    assert f"; at {words} that is " in said(fee_usd=fee, cpe_usd_p50=fee / 3441)


def test_sentences_word_small_large_and_single_figures():
    assert f"is 0.0042 USD each{CHEAPER}" in said(fee_usd=14.5, cpe_usd_p50=14.5 / 3441)
    assert f"is 12.30 USD each{CHEAPER}" in said(cpe_usd_p50=12.3)
    assert "up to 1,234,567 USD it beats" in said(fee_usd=None, break_even_fee_usd=1234567.4)
    assert "up to 14.71 USD it beats" in said(fee_usd=None, break_even_fee_usd=14.7098)
    one = {"engagements_p10": 0.2, "engagements_p50": 1.2, "engagements_p90": 4.0}
    assert said(**one).startswith("About 1 engagement (80 %: 0-4); at")
    assert said(deliverables=2.5).startswith("About 3,400 engagements over 2.5 posts (80 %")
    target = {"target_cpe_usd": 0.0004, "probability_target": 0.5}
    assert "within the target of 0.0004 USD with" in said(**target)


def test_the_cost_in_a_sentence_is_the_fee_over_its_engagements(scorer):
    """With a completion rate both are of what is delivered, as the verdict is."""
    rows = [
        {**DEAL, "deliverables": 5, **more}
        for more in ({}, {"completion_rate": 0.6}, {"completion_rate": 1})
    ]
    rows.append({**DEAL, "completion_rate": 0.3})
    found = answered(scorer, *rows)
    told = [
        re.match(
            r"About ([\d,]+) engagements?(.*) \(80 %: .*?\); at 450 USD that is (.*?) each", one
        )
        for one in found["sentence"]
    ]
    assert [one[2] for one in told] == [
        " over 5 posts", " over 5 posts at a completion rate of 0.6", " over 5 posts", " at a completion rate of 0.3",
    ]  # fmt: skip
    for one, cost in list(zip(told, found["cpe_usd_p50"], strict=True))[:3]:
        assert float(one[1].replace(",", "")) == pytest.approx(450 / cost, rel=0.051)
        assert one[3] == format_money(cost)
    assert (told[3][1], told[3][3]) == ("0", NO_SUM)
    assert (
        found["engagements_p50"][1]
        == found["engagements_p50"][0]
        > 1.3 * 450 / found["cpe_usd_p50"][1]
    )


def test_benchmarks_are_listed_without_exponents(bundle):
    lines = benchmarks_text(filter_benchmarks(bundle)).splitlines()[1:-1]
    figures = [word for line in lines for word in line.replace("too few", "").split()[-3:]]
    assert all(re.fullmatch(r"[\d,]+(\.\d+)?|-", word) for word in figures)
    cells = pd.DataFrame(
        [["instagram", "mega", "", "", name, 12, low, middle, high, True] for name, low, middle, high in (
            ("engagements", 1234567.8, 0.5, 12.0), ("cpe_usd", 0.0042, 14.7098, 1234.5),
            ("engagement_rate_by_followers", 0.00001, 0.0312345, 0.5),
        )], columns=["platform", "band", "niche", "format", "measure", "creators", "p25", "p50", "p75", "enough"],
    )  # fmt: skip
    assert [line.split()[-3:] for line in benchmarks_text(cells).splitlines()[1:-1]] == [
        ["1,234,568", "0", "12"], ["0.0042", "14.71", "1,235"], ["0.00001", "0.03123", "0.50000"],
    ]  # fmt: skip


def test_cells_are_named_as_people_would():
    assert segment_name(("instagram", "under_1k", "", "")) == "under 1k creators on Instagram"
    assert (
        segment_name(("x", "micro", "food", "video")) == "micro food creators with video posts on X"
    )
