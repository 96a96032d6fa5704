"""Plans: from a list and a budget to a roster."""

import itertools
import json
import re
import typing
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from plan_example import PLAN_EXAMPLE

from creatorcast import main
from features.tables.currency import CurrencyRates
from serving.plan import answer
from serving.plan.candidates import CandidateList
from serving.plan.cautions import above_warnings
from serving.plan.fees import parse_fee_part
from serving.plan.offers import build_offers
from serving.plan.planner import make_plan
from serving.plan.problem import NoPlan, Objective, PlanError
from serving.plan.rules_file import RULE_NAMES, parse_rules
from serving.plan.settings import OBJECTIVES, PlanSettings
from serving.plan.solver import PlanSolver
from serving.plan.words import is_quote_repeated, repeated_quote_words
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer

DOCUMENT = Path(__file__).parents[1] / "docs" / "plan.md"
AS_OF = microseconds(pd.Timestamp("2026-07-01", tz="UTC"))
FEES = (90.0, 210.0, 160.0, 330.0, 75.0, 260.0)


def rows(fees=FEES, **more):
    """Give profiles that grow in followers, each with a fee for one image."""
    base = {"platform": "instagram", "niche": "food", "format": "image", **more}
    return [
        {**base, "creator_id": f"@Creator{n}", "followers": 6_000.0 * n, "fee_usd": fee}
        for n, fee in enumerate(fees, 1)
    ]


def listed(given, **columns):
    return replace(CandidateList.of(ProspectBatch.from_rows(given)), **columns)


def settings(budget=500.0, rules=None, **more):
    return PlanSettings(budget, rules=parse_rules(rules or {}, "USD"), **more)


def chosen(plan):
    return sorted((one["name"], one["deliverables"]) for one in plan["roster"])


@pytest.fixture(scope="module")
def plan(scorer):
    given = [*rows(), {**rows()[0], "creator_id": "@nofee", "fee_usd": None}]
    return make_plan(scorer, listed(given), settings(goal=2000.0), AS_OF)


def check_shape(value, expected):
    """Check a value against a type made of TypedDicts, lists, unions and literals."""
    if typing.is_typeddict(expected):
        assert list(value) == list(expected.__annotations__)
        for name, inner in typing.get_type_hints(expected).items():
            check_shape(value[name], inner)
    elif typing.get_origin(expected) is list:
        for one in value:
            check_shape(one, typing.get_args(expected)[0])
    elif value is not None:
        for inner in typing.get_args(expected):
            if typing.is_typeddict(inner):
                check_shape(value, inner)


def test_a_plan_and_the_example_have_the_shape_of_a_plan(plan):
    check_shape(PLAN_EXAMPLE, answer.Plan)
    check_shape(plan, answer.Plan)
    assert json.loads(json.dumps(plan, allow_nan=False)) == plan


def test_every_row_is_in_the_plan_or_left_out_or_rejected(plan):
    ids = [one["partnership_id"] for one in (*plan["roster"], *plan["left_out"])]
    assert sorted(ids) == [f"row {n}" for n in range(1, 8)]
    counts = plan["counts"]
    assert (counts["read"], counts["rejected"]) == (7, 0)
    assert counts["in_plan"] + counts["left_out"] == counts["candidates"] == 7
    assert plan["spend"] == pytest.approx(sum(one["fee"]["total"] for one in plan["roster"]))
    assert plan["spend"] + plan["left"] == plan["budget"] == 500
    assert plan["sentence"].startswith(f"Sign {len(plan['roster'])} of 7 creators for ")
    mean = sum(one["engagements"]["mean"] for one in plan["roster"])
    assert plan["total"]["engagements"]["mean"] == pytest.approx(mean)
    assert plan["objective"]["value"] == pytest.approx(mean)


def test_no_other_choice_of_options_within_the_budget_brings_more(scorer):
    asked = settings(500.0, gap=0.0, details=False)
    candidates = listed(rows())
    options = build_offers(scorer, candidates, asked, AS_OF).options
    assert options.n == 18
    by_candidate = [[-1, *np.flatnonzero(options.candidate == one)] for one in range(6)]
    best = 0.0
    for choice in itertools.product(*by_candidate):
        taken = np.array([one for one in choice if one >= 0], dtype=int)
        if options.fee[taken].sum() <= 500:
            best = max(best, float(options.expected[taken].sum()))
    found = make_plan(scorer, candidates, asked, AS_OF)
    assert found["objective"]["value"] == pytest.approx(best)


@pytest.mark.parametrize("kind", ["mean", "cvar"])
def test_order_and_scale_of_the_list_play_no_part(scorer, kind):
    aim = Objective(kind, 0.2)
    given = rows()
    first = make_plan(scorer, listed(given), settings(objective=aim, details=False), AS_OF)
    turned = make_plan(scorer, listed(given[::-1]), settings(objective=aim, details=False), AS_OF)
    scaled = [{**row, "fee_usd": row["fee_usd"] * 100} for row in given]
    more = settings(50_000.0, objective=aim, details=False)
    assert chosen(first) == chosen(turned) == chosen(make_plan(scorer, listed(scaled), more, AS_OF))
    assert first["total"]["engagements"] == pytest.approx(turned["total"]["engagements"])


def test_the_same_seed_gives_the_same_plan_and_another_one_other_draws(scorer):
    made = [make_plan(scorer, listed(rows()), settings(seed=seed), AS_OF) for seed in (1, 1, 2)]
    assert made[0] == made[1]
    assert made[0]["total"]["engagements"]["p50"] != made[2]["total"]["engagements"]["p50"]


def test_a_quote_for_several_deliverables_is_bought_whole_and_one_for_one_up_to_its_most(scorer):
    given = rows((100.0, 100.0, 100.0))
    given[0]["deliverables"] = 4
    candidates = listed(given, max_deliverables=[9, 2, None])
    options = build_offers(scorer, candidates, settings(), AS_OF).options
    told = list(zip(options.row.tolist(), options.deliverables.tolist(), options.fee, strict=True))
    assert told == [(0, 4, 100), (1, 1, 100), (1, 2, 200), (2, 1, 100), (2, 2, 200), (2, 3, 300)]


def test_a_quote_for_one_that_is_bought_twice_is_told_as_such(scorer):
    plan = make_plan(scorer, listed(rows((100.0,))), settings(200.0), AS_OF)
    fee = plan["roster"][0]["fee"]
    assert (fee["total"], fee["times"]) == (200.0, 2)
    assert is_quote_repeated(fee)
    assert repeated_quote_words(fee, "USD") == "2 × 100 USD: the quote is for one deliverable"
    whole = make_plan(scorer, listed(rows((100.0,), deliverables=2.0)), settings(200.0), AS_OF)
    assert whole["roster"][0]["fee"]["times"] == 1


def test_what_more_money_brings_is_not_told_of_a_search_that_stopped_early(scorer, monkeypatch):
    search = PlanSolver.solve

    def stopped(self, *given, **named):
        return replace(search(self, *given, **named), is_complete=False, gap=0.5)

    monkeypatch.setattr(PlanSolver, "solve", stopped)
    plan = make_plan(scorer, listed(rows((100.0,))), settings(400.0), AS_OF)
    assert plan["next_1000"]["adds"] is None
    assert "is not known: the search stopped early" in plan["next_1000"]["text"]


def test_fees_above_the_one_that_pays_are_counted():
    entry = PLAN_EXAMPLE["roster"][0]
    dear = {**entry, "break_even_fee": 1000.0}
    assert above_warnings([entry]) == []
    (text,) = above_warnings([entry, dear])
    assert text.startswith("1 of 2 fees is above the highest fee that pays (with a chance of 80 %")


def test_offers_of_one_creator_are_alternatives_and_repeats_are_rejected(scorer):
    given = [*rows(), {**rows()[1], "format": "video", "fee_usd": 80.0}, rows()[2]]
    given += [{**rows()[3], "fee_usd": 331.0}]
    plan = make_plan(scorer, listed(given), settings(2000.0), AS_OF)
    names = [one["name"] for one in plan["roster"]]
    assert len(names) == len(set(names))
    rejected = {one["row"]: one["reasons"][0] for one in plan["rejected"]}
    assert rejected[8] == "repeats row 3: the same offer of the same creator"
    assert {4, 8, 9} == set(rejected)
    assert "same offer at another fee in row 9" in rejected[4]
    reasons = {one["partnership_id"]: one["reason"] for one in plan["left_out"]}
    assert {reasons.get("row 2"), reasons.get("row 7")} == {None, "other_offer"}


def test_packages_are_options_beside_single_formats(scorer):
    package = {**rows()[0], "creator_id": "@pack", "format": None, "package": "1 short + 3 story"}
    given = [*rows(), {**package, "fee_usd": 120.0}]
    plan = make_plan(scorer, listed(given), settings(1500.0, {"must_have": ["pack"]}), AS_OF)
    packed = next(one for one in plan["roster"] if one["name"] == "@pack")
    assert (packed["package"], packed["format"], packed["deliverables"]) == (
        "1 short + 3 story",
        None,
        4,
    )
    assert packed["fee"]["total"] == 120
    assert "stories_not_counted" in packed["warnings"]
    alone = make_plan(scorer, listed([given[-1]]), settings(120.0), AS_OF)
    assert alone["roster"][0]["engagements"] == pytest.approx(packed["engagements"])


def test_a_market_fee_is_planned_at_its_upper_end_unless_asked_otherwise(scorer):
    given = [{**row, "fee_usd": None} for row in rows()[:2]]
    at = {
        end: make_plan(scorer, listed(given), settings(1e6, market_fee=end), AS_OF)
        for end in ("low", "typical", "high")
    }
    for end, plan in at.items():
        fee = plan["roster"][0]["fee"]
        assert fee["source"] in ("own_deals", "rate_card")
        assert fee["total"] == pytest.approx(fee[end])
    assert at["low"]["spend"] < at["typical"]["spend"] < at["high"]["spend"]


def test_parts_are_added_to_the_fee_and_cost_is_about_what_buys_engagement(scorer):
    part = parse_fee_part("whitelisting", "30 EUR")
    scorer = Scorer(scorer.bundle, rates=CurrencyRates({"USD": 1.0, "EUR": 2.0}))
    candidates = listed(rows((100.0,)), fee_parts=[(part,)])
    plan = make_plan(scorer, candidates, settings(1000.0, {"fee_parts": {"agency": "10 %"}}), AS_OF)
    (one,) = plan["roster"]
    assert one["deliverables"] == 3
    assert one["fee"]["for_engagement"] == 300
    assert {part["name"]: part["amount"] for part in one["fee"]["parts"]} == {
        "whitelisting": pytest.approx(180),
        "agency": pytest.approx(30),
    }
    assert one["fee"]["total"] == plan["spend"] == pytest.approx(510)
    assert one["cpe"] == pytest.approx(300 / one["engagements"]["p50"])
    assert "at 300 USD" in one["sentence"]


def test_a_rule_that_binds_is_told_with_what_it_costs_and_whom(scorer):
    free = make_plan(scorer, listed(rows()), settings(), AS_OF)
    assert free["binding"] == []
    assert free["counts"]["in_plan"] > 1
    plan = make_plan(scorer, listed(rows()), settings(rules={"max_creators": 1}), AS_OF)
    assert plan["counts"]["in_plan"] == 1
    (binding,) = plan["binding"]
    assert binding["text"].startswith("at most 1 creator: without it the plan would bring about")
    kept_out = {one["name"] for one in plan["left_out"] if one["reason"] == "rule"}
    assert kept_out == {name for name, _ in chosen(free)} - {name for name, _ in chosen(plan)}


def test_conditions_on_one_creator_are_told_as_reasons(scorer):
    rules = {"exclude": ["creator1"], "max_fee": 250, "least_evidence": "profile"}
    plan = make_plan(scorer, listed(rows((90, 500, 100, 260))), settings(400.0, rules), AS_OF)
    reasons = {one["name"]: one["reason"] for one in plan["left_out"]}
    assert reasons["@Creator1"] == "excluded"
    assert reasons["@Creator2"] == reasons["@Creator4"] == "over_max_fee"
    over = make_plan(scorer, listed(rows((90, 500))), settings(400.0), AS_OF)
    assert over["left_out"][0]["text"] == "@Creator2: 500 USD is more than the budget of 400 USD."


def test_what_more_money_would_bring_is_the_difference_of_two_plans(scorer):
    exact = settings(500.0, gap=0.0)
    plan = make_plan(scorer, listed(rows()), exact, AS_OF)
    more = make_plan(scorer, listed(rows()), replace(exact, budget=550.0), AS_OF)
    assert plan["next_1000"]["amount"] == 50
    values = [one["objective"]["value"] for one in (plan, more)]
    assert plan["next_1000"]["adds"] == pytest.approx(values[1] - values[0])
    points = plan["frontier"]
    means = [point["engagements"]["mean"] for point in points]
    assert means == sorted(means)
    assert [point["spend"] <= point["budget"] for point in points] == [True] * len(points)
    assert next(one for one in points if one["budget"] == 500)["spend"] == plan["spend"]


def test_a_close_plan_is_compared_on_the_same_draws(scorer):
    twins = [*rows((100.0,)), {**rows((100.0,))[0], "creator_id": "@twin"}]
    plan = make_plan(scorer, listed(twins), settings(150.0, max_deliverables=1), AS_OF)
    (other,) = plan["close_plans"]
    assert len(other["roster"]) == 1
    assert 0.4 < other["probability_better"] < 0.6
    assert any(one.startswith("another plan is about as good: ") for one in plan["warnings"])


def test_a_goal_with_a_least_probability_is_held_or_refused(scorer):
    candidates = listed(rows())
    free = make_plan(scorer, candidates, settings(goal=1.0), AS_OF)
    assert free["total"]["probability_goal"] == 1
    goal = free["total"]["engagements"]["p50"]
    with pytest.raises(NoPlan, match="no plan was found that reaches"):
        make_plan(scorer, candidates, settings(goal=goal, rules={"least_probability": 0.99}), AS_OF)
    held = settings(goal=goal * 0.7, rules={"least_probability": 0.6})
    assert make_plan(scorer, candidates, held, AS_OF)["total"]["probability_goal"] >= 0.6


@pytest.mark.parametrize("kind", ["cvar", "quantile", "probability"])
def test_no_objective_does_worse_than_the_plan_by_mean_by_its_own_measure(scorer, kind):
    random = np.random.default_rng(5)
    candidates = listed(rows(np.round(random.lognormal(5, 0.6, 14), 2)))
    by_mean = make_plan(scorer, candidates, settings(900.0, goal=1.0, details=False), AS_OF)
    goal = by_mean["total"]["engagements"]["p50"]
    aim = Objective(kind, 0.1, goal if kind == "probability" else None)
    asked = settings(900.0, goal=goal, objective=aim, scenarios=50, details=False)
    plan = make_plan(scorer, candidates, asked, AS_OF)
    same = make_plan(scorer, candidates, replace(asked, objective=Objective()), AS_OF)
    assert plan["objective"]["kind"] == {"probability": "goal"}.get(kind, kind)
    if kind == "quantile":
        assert plan["total"]["engagements"]["p10"] >= same["total"]["engagements"]["p10"] * 0.999
    if kind == "probability":
        reached = [one["total"]["probability_goal"] for one in (plan, same)]
        assert reached[0] >= reached[1] - 0.005
    if kind == "cvar":
        assert plan["objective"]["value"] <= plan["total"]["engagements"]["p10"]


def test_a_goal_out_of_reach_gives_the_plan_by_mean_with_a_warning_and_an_easy_one_the_same(scorer):
    by_mean = make_plan(scorer, listed(rows()), settings(details=False), AS_OF)
    for goal, told in ((1e9, "is out of reach within the budget"), (1.0, "most expected, too")):
        aim = Objective("probability", goal=goal)
        plan = make_plan(scorer, listed(rows()), settings(objective=aim, goal=goal), AS_OF)
        assert chosen(plan) == chosen(by_mean)
        assert any(told in warning for warning in plan["warnings"])


def test_a_plan_adding_up_different_days_or_with_rejected_rows_says_so(scorer):
    given = rows((90.0, 95.0, 100.0, 90.0))
    given[0]["horizon_days"] = 7
    given[3].pop("platform")
    plan = make_plan(scorer, listed(given), settings(2000.0), AS_OF)
    days = {one["name"]: one["horizon_days"] for one in plan["roster"]}
    assert days["@Creator1"] == 7 != days["@Creator2"]
    assert any("days after posting, which adds up" in warning for warning in plan["warnings"])
    assert any("1 of 4 rows were rejected" in warning for warning in plan["warnings"])


@pytest.mark.parametrize(
    ("given", "asked", "told"),
    [
        ([], {}, "there are no candidates"),
        (rows(), {"budget": 0.0}, "the budget is 0: give an amount above 0"),
        (rows(), {"budget": float("nan")}, "the budget is nan"),
        (rows(), {"budget": 1e30}, "the budget is 1e+30"),
        (rows(), {"currency": "CHF"}, "'CHF', which has no rate to USD, known is USD"),
        (rows(), {"budget": 70.0}, "no candidate is affordable: the cheapest, @Creator5, costs 75 USD, the budget is 70 USD"),
        (rows(), {"rules": {"must_have": ["@creater1"]}}, "must have '@creater1': no candidate has that name: did you mean 'creator1'?"),
        (rows(), {"rules": {"min_creators": 3, "max_fee": 100}}, "no plan holds these rules together: at least 3 creators (the cheapest cost 325 USD); a fee of at most 100 USD a creator: relax one"),
        (rows(), {"rules": {"min_creators": 6}}, "no plan holds these rules together: at least 6 creators (the cheapest cost 1,125 USD); the budget of 500 USD"),
        (rows(), {"rules": {"must_have": ["creator1"], "exclude": ["row 1"]}}, "must have creator1; without row 1"),
        (rows(), {"rules": {"max_fee": 1}}, "no plan holds these rules together: a fee of at most 1 USD a creator; at least 1 creator"),
        (rows(), {"rules": {"least_evidence": "history"}}, "at least the evidence history; at least 1 creator"),
        (rows(), {"rules": {"platform": {"instagram": {"max_creators": 0}}}}, "at most 0 creators on instagram; at least 1 creator"),
        (rows(), {"rules": {"must_have": ["creator4"], "max_share": 0.5}, "budget": 400.0}, "must have creator4 (330 USD); at most 50 % of the budget on one creator (200 USD of 400 USD)"),
        (rows(), {"rules": {"least_probability": 0.5}}, "least_probability is of reaching a goal"),
        (rows(format="image", platform="x"), {"measure": "views"}, "no candidate has a forecast of views"),
        ([{**rows()[0], "fee_usd": None, "fee": 5.0, "currency": "CHF"}], {}, "none of 1 candidates can be forecast: currency 'CHF' has no rate"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_is_one_clear_sentence(scorer, given, asked, told):
    with pytest.raises(PlanError) as raised:
        make_plan(scorer, listed(given), settings(**asked), AS_OF)
    assert told in str(raised.value)


def test_without_fees_and_market_fees_there_is_no_plan(scorer):
    bundle = replace(scorer.bundle, market_fee=None, benchmarks=None)
    given = [{**row, "fee_usd": None} for row in rows()]
    with pytest.raises(PlanError, match="no candidate has a fee, and the model has no market fees"):
        make_plan(Scorer(bundle), listed(given), settings(), AS_OF)
    one = make_plan(Scorer(bundle), listed([*given, rows()[0]]), settings(), AS_OF)
    assert chosen(one) == [("@Creator1", 3)]
    assert {one["reason"] for one in one["left_out"]} == {"no_fee"}


LIST = """Creator,Platform,Followers,Niche,Format,Fee (EUR),Max Deliverables,Usage Rights,Agency
Anna Bakes,instagram,42000,food,Reel,600,2,10 %,
Ben,tiktok,150000,food,video,900,1,,200 EUR
Cleo,instagram,9000,food,image,120,,,
Dan,instagram,25000,food,image,300,many,,
Eve,instagram,30000,food,image,350,,20,
"""


@pytest.fixture
def run(tmp_path, monkeypatch, home):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    Path("list.csv").write_text(LIST)
    Path("rates.csv").write_text("currency,usd_per_unit\nEUR,1.25\n")

    def invoke(*arguments):
        given = ["plan", "list.csv", "--currency", "EUR", "--rates", "rates.csv"]
        given += ["--as-of", "2026-07-01", *map(str, arguments)]
        result = CliRunner().invoke(main, given, prog_name="creatorcast")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return invoke


def test_a_list_as_people_keep_it_becomes_a_plan_in_files(run):
    result = run("--budget", 1500, "--out", "plan.json", "--picture", "plan.svg")
    assert result.exit_code == 3, result.output
    plan = json.loads(Path("plan.json").read_text())
    check_shape(plan, answer.Plan)
    assert plan["sentence"] in result.output
    assert "rejected line 5: max_deliverables 'many' is not a whole number" in result.output
    assert "rejected line 6: usage_rights '20' may be a percentage or an amount" in result.output
    assert "5 read = " in result.output
    names = {one["name"] for one in (*plan["roster"], *plan["left_out"])}
    assert names == {"Anna Bakes", "Ben", "Cleo"}
    for one in plan["roster"]:
        if one["name"] == "Anna Bakes":
            assert one["fee"]["for_engagement"] == 600 * one["deliverables"] <= 1200
            assert one["fee"]["parts"][0]["amount"] == pytest.approx(60 * one["deliverables"])
    assert Path("plan.svg").read_text().startswith("<?xml")
    assert run("--budget", 1500, "--out", "plan.xlsx").exit_code == 3
    check_plan_workbook("plan.xlsx", plan)


def check_plan_workbook(path, plan):
    """Check a workbook against the plan as JSON: made of the same list, budget and seed."""
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Plan", "Left out", "Rejected", "Other budgets", "About"]
    rows = [[cell.value for cell in row] for row in book["Plan"].iter_rows()]
    assert rows[0][0] == plan["sentence"]
    head = next(row for row in rows if row[0] == "Creator")
    table = rows[rows.index(head) + 1 :]
    assert [row[0] for row in table[:-1]] == [one["name"] for one in plan["roster"]]
    fee = head.index("Fee")
    assert [row[fee] for row in table[:-1]] == [
        pytest.approx(one["fee"]["total"], rel=0.01) for one in plan["roster"]
    ]
    assert table[-1][fee] == pytest.approx(plan["spend"], rel=0.01)
    cell = book["Plan"].cell(rows.index(head) + 2, fee + 1)
    assert cell.number_format == '#,##0 "EUR"'
    assert book["Plan"].freeze_panes == f"B{rows.index(head) + 2}"
    assert [row[0].value for row in book["Left out"].iter_rows(min_row=2)] == [
        one["name"] for one in plan["left_out"]
    ]
    assert book["Rejected"].max_row == 1 + plan["counts"]["rejected"]


def test_a_word_in_place_of_a_fee_is_never_planned_at_a_market_fee_without_a_word(run):
    more = (
        "Fay,instagram,31000,food,image,gifted,,,\nGus,instagram,32000,food,image,on request,,,\n"
    )
    Path("list.csv").write_text(LIST + more + "Hal,instagram,33000,food,image,,,,\n")
    assert run("--budget", 90000, "--out", "plan.json").exit_code == 3
    plan = json.loads(Path("plan.json").read_text())
    reasons = {one["name"]: (one["reason"], one["text"]) for one in plan["left_out"]}
    assert reasons["Fay"][0] == "gift"
    assert "the fee 'gifted' is no amount" in reasons["Fay"][1]
    assert {"Gus", "Hal"} <= {one["name"] for one in plan["roster"]}
    (told,) = [one for one in plan["warnings"] if one.startswith("planned at the usual fee")]
    assert "Gus 'on request'" in told
    assert "Hal" not in told


def test_a_saved_plan_is_told_at_new_fees_and_compared(run):
    assert run("--budget", 1500, "--out", "a.json").exit_code == 3
    same = run("--saved", "a.json", "--out", "same.json")
    compared = json.loads(Path("same.json").read_text())
    assert compared["probability_better"] == 0.5
    assert compared["saved"]["spend_now"] == pytest.approx(compared["saved"]["spend_then"])
    assert "The saved plan cost" in same.output
    Path("list.csv").write_text(LIST.replace("Reel,600", "Reel,700").replace("Cleo", "Cleopatra"))
    assert run("--saved", "a.json", "--budget", 2500, "--out", "dearer.json").exit_code == 3
    dearer = json.loads(Path("dearer.json").read_text())
    changes = {one["name"]: one for one in dearer["saved"]["changes"]}
    if "Cleo" in changes:
        assert changes["Cleo"]["reason"] == "is not in the list"
    assert dearer["best"]["budget"] == 2500
    assert run("--budget", 900, "--out", "b.json").exit_code == 3
    assert run("--saved", "a.json", "--against", "b.json", "--out", "ab.json").exit_code == 3
    assert json.loads(Path("ab.json").read_text())["best"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--by", "mean"], "--budget is missing"),
        (["--budget", "1500", "--against", "a.json"], "--against compares with --saved"),
        (["--budget", "nan"], "creatorcast: the budget is nan"),
        (["--budget", "-5"], "creatorcast: the budget is -5"),
        (["--budget", "10"], "creatorcast: no candidate is affordable: the cheapest, Cleo, costs 120 EUR"),
        (["--budget", "1500", "--by", "goal"], "a plan by goal needs the goal"),
        (["--budget", "1500", "--level", "0.2"], "a level is for cvar and quantile"),
        (["--budget", "1500", "--out", "plan.txt"], "has an unknown ending"),
        (["--budget", "1500", "--out", "list.csv"], "is the list itself"),
        (["--budget", "1500", "--rules", "none.toml"], "none.toml: the file cannot be read: No such file"),
        (["--budget", "1500", "--max-share", "40"], "write '40 %' or 0.4"),
        (["--budget", "10.000"], "'10.000' can be read in two ways: write 10000"),
        (["--budget", "ten"], "'ten' is no number"),
        (["--budget", "1500", "--min-creators", "9"], "at least 9 creators"),
        (["--budget", "1500", "--rates", "rates.csv"], "--rates is given twice"),
        (["--saved", "list.csv"], "cannot be read as a plan"),
    ],
)  # fmt: skip
def test_the_command_says_in_one_sentence_what_is_wrong(run, arguments, told):
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert told in result.output


@pytest.mark.parametrize("budget", ["1,500", "1 500", "1.5k"])
def test_amounts_are_read_as_people_type_them(run, budget):
    assert run("--budget", budget, "--out", "plan.json").exit_code == 3
    assert json.loads(Path("plan.json").read_text())["budget"] == 1500


def test_the_files_are_written_though_nobody_reads_what_is_printed(run, monkeypatch):
    def closed(*_):
        raise BrokenPipeError

    monkeypatch.setattr("serving.plan.terminal.print_plan", closed)
    monkeypatch.setattr("os.dup2", lambda *_: None)
    run("--budget", 1500, "--out", "plan.json", "--picture", "plan.svg", "--report", "p.html")
    assert all(Path(name).stat().st_size > 1000 for name in ("plan.json", "plan.svg", "p.html"))


def test_the_transcript_of_the_document_is_what_the_command_prints(tmp_path, monkeypatch):
    text = DOCUMENT.read_text()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREATORCAST_HOME", str(tmp_path))  # the starter answers
    for kind, name in (("text", "creators.csv"), ("toml", "plan.toml")):
        Path(name).write_text(re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL)[1])
    Path("rates.csv").write_text("currency,usd_per_unit\nEUR,1.16\n")
    command, *lines = re.search(r"```console\n\$ (.*?)```", text, re.DOTALL)[1].splitlines()
    result = CliRunner().invoke(main, command.split()[1:], prog_name="creatorcast")
    assert result.exit_code == 3
    printed = [line.rstrip() for line in result.output.splitlines()]
    told = [line for line in lines if line != "..."]
    assert [line for line in told if line not in printed] == []
    order = [printed.index(line) for line in told if not line.startswith(("rejected", "┏", "┡", "├", "└"))]  # fmt: skip
    assert order == sorted(order)


def test_the_document_names_every_rule_reason_and_objective():
    text = DOCUMENT.read_text()
    names = {*RULE_NAMES} - {"platform", "niche", "band", "fee_parts"}
    assert {name for name in (*names, *OBJECTIVES) if f"`{name}`" not in text} == set()
