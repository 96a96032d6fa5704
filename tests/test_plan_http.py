"""POST /v1/plan over the champion of the small market, in process."""

import json
import warnings

import pandas as pd
import pytest
from click.testing import CliRunner

from creatorcast import main
from serving.client import Client
from serving.client import Plan as ClientPlan
from serving.client import PlanPartnership as ClientPartnership
from serving.http.model_store import ModelStore
from serving.http.plan_examples import PLAN_EXAMPLES
from serving.http.plan_response import PlanAnswer
from serving.http.plan_schema import PlanPartnership
from serving.http.routes import build_app
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = "2026-07-01T00:00:00Z"
PROFILE = {"platform": "instagram", "followers": 20_000, "niche": "food", "format": "image"}


@pytest.fixture(scope="module")
def client(home, market_folder, tmp_path_factory):
    rates = tmp_path_factory.mktemp("rates") / "rates.csv"
    rates.write_text("currency,usd_per_unit\nEUR,1.25\n")
    app = build_app()
    champion = ModelStore(
        Settings(home, market_folder, rates=rates), on_change=app.state.metrics.model
    )
    champion.start()
    app.state.champion = champion
    yield TestClient(app)
    champion.stop()


def candidates(count=6, **more):
    return [
        {**PROFILE, "partnership_id": f"c{n}", "followers": 8_000 * n, "fee_usd": 90.0 * n, **more}
        for n in range(1, count + 1)
    ]


def ask(client, partnerships, budget=600, **settings):
    body = {"as_of": AS_OF, "budget": budget, "partnerships": partnerships, **settings}
    return client.post("/v1/plan", json=body)


def test_the_examples_are_answered_as_the_document_says(client):
    for example in PLAN_EXAMPLES.values():
        response = client.post("/v1/plan", json=example["value"])
        assert response.status_code == 200, response.text
        answer = PlanAnswer.model_validate_json(response.content)
        not_asked = ("report", "ledger")
        told = [name for name in PlanAnswer.model_fields if name not in not_asked]
        assert list(response.json()) == told
        assert answer.roster
        assert answer.spend <= answer.budget


def test_counts_agree_and_what_is_wrong_is_told_with_its_place(client):
    asked = [*candidates(), {**PROFILE, "agency": "20"}, {**PROFILE, "folowers": 3}]
    plan = ask(client, asked).json()
    counts = plan["counts"]
    assert counts["read"] == 8 == counts["candidates"] + counts["rejected"]
    assert counts["candidates"] == counts["in_plan"] + counts["left_out"] == 6
    assert [one["row"] for one in plan["rejected"]] == [7, 8]
    assert plan["rejected"][0]["reasons"][0].startswith("partnerships[6].agency '20' may be a")
    assert "did you mean followers?" in plan["rejected"][1]["reasons"][0]


@pytest.mark.parametrize(
    ("settings", "status", "code", "where", "words"),
    [
        ({"budget": 0}, 400, "malformed", "budget", "is below 0.01"),
        ({"budget": 1e30}, 400, "malformed", "budget", "is above 1,000,000,000,000"),
        ({"budget": "10"}, 400, "malformed", "budget", "is not a number"),
        ({"budget": 10}, 422, "no_plan", "body", "no candidate is affordable"),
        ({"currency": "CHF"}, 400, "malformed", "currency", "has no rate to USD"),
        ({"by": "best"}, 400, "malformed", "by", "is not one of"),
        ({"by": "goal"}, 422, "no_plan", "body", "needs the goal"),
        ({"rules": {"max_creaters": 2}}, 400, "malformed", "rules.max_creaters", "is no known"),
        ({"rules": [1]}, 400, "malformed", "rules", "is not an object"),
        ({"rules": {"must_have": ["nobody"]}}, 422, "no_plan", "body", "no candidate has that"),
        ({"time_limit": 31}, 400, "malformed", "time_limit", "is above 30"),
        ({"bugdet": 3}, 400, "malformed", "bugdet", "is no known field"),
        ({"partnerships": []}, 400, "malformed", "partnerships", "is too short"),
    ],
)
def test_what_cannot_be_planned_is_one_clear_error(client, settings, status, code, where, words):
    body = {"as_of": AS_OF, "budget": 600, "partnerships": candidates(), **settings}
    response = client.post("/v1/plan", json=body)
    error = response.json()["errors"][0]
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert error["where"] == where
    assert words in error["what"]


def test_a_rule_that_cannot_be_read_does_not_hide_what_is_wrong_of_partnerships(client):
    asked = [*candidates(), {**PROFILE, "agency": "20"}]
    errors = ask(client, asked, rules={"max_share": "half"}).json()["errors"]
    assert [one["where"] for one in errors] == ["rules.max_share", "partnerships[6]"]
    assert [one["code"] for one in errors] == ["not_accepted", "not_planned"]


@pytest.mark.parametrize("kind", ["with_fees", "without_fees"])
def test_a_report_comes_with_the_plan_that_it_is_of(client, kind):
    plan = ask(client, candidates(), report=kind).json()
    assert plan["report"].startswith("<!DOCTYPE html>")
    assert all(one["name"] in plan["report"] for one in plan["roster"])
    assert ("USD" in plan["report"]) == (kind == "with_fees")


def test_rules_that_conflict_are_named(client):
    rules = {"min_creators": 5, "max_fee": 200}
    response = ask(client, candidates(), rules=rules)
    what = response.json()["errors"][0]["what"]
    assert response.status_code == 422
    assert (
        "at least 5 creators (the cheapest cost 1,350 USD); a fee of at most 200 USD a creator"
        in what
    )


def test_amounts_are_in_the_currency_of_the_plan(client):
    in_usd = ask(client, candidates(), 600).json()
    in_eur = ask(client, candidates(), 480, currency="EUR").json()
    chosen = [[(one["partnership_id"], one["deliverables"]) for one in p["roster"]]
              for p in (in_usd, in_eur)]  # fmt: skip
    assert chosen[0] == chosen[1]
    assert in_eur["spend"] == pytest.approx(in_usd["spend"] / 1.25)


def test_parts_of_a_fee_are_read_as_numbers_too(client):
    asked = [{**candidates(1)[0], "agency": 0.2, "exclusivity": 150}]
    (one,) = ask(client, asked).json()["roster"]
    times = one["fee"]["for_engagement"] / 90
    parts = {part["name"]: part["amount"] for part in one["fee"]["parts"]}
    assert parts["agency"] == pytest.approx(18 * times)
    assert parts["exclusivity"] == pytest.approx(150 * times)
    wrong = ask(client, [*asked, {**PROFILE, "agency": {"share": 1}}]).json()["rejected"]
    assert "is no part of a fee" in wrong[0]["reasons"][0]


def test_the_client_asks_for_a_plan(client):
    transport = client._transport
    with Client("http://testserver", transport=transport) as asking:
        plan = asking.plan(candidates(3), budget=400, as_of=AS_OF, by="cvar", level=0.2)
    assert plan["objective"]["kind"] == "cvar"
    assert set(ClientPlan.__annotations__) - {"report", "ledger"} <= set(plan)
    assert set(ClientPartnership.__annotations__) <= set(PlanPartnership.model_fields)


def test_the_figures_count_the_partnerships(client):
    ask(client, [*candidates(2), {**PROFILE, "agency": "20"}])
    text = client.get("/metrics").text
    assert 'creatorcast_partnerships_total{endpoint="/v1/plan",evidence="profile"}' in text
    assert 'creatorcast_partnerships_rejected_total{endpoint="/v1/plan"}' in text


def test_the_same_list_gives_the_same_plan_on_the_command_line_and_over_http(
    client, home, market_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    listed = pd.read_csv(market_folder / "prospects.csv").head(40)
    listed.drop(columns="partnership_id").to_csv(tmp_path / "list.csv", index=False)
    given = ["plan", str(tmp_path / "list.csv"), "--budget", "3000", "--as-of", "2026-07-01"]
    given += ["--data", str(market_folder), "--by", "cvar", "--out", str(tmp_path / "plan.json")]
    result = CliRunner().invoke(main, [*given, "--scenarios", "100"], prog_name="creatorcast")
    assert result.exit_code == 0, result.output
    printed = json.loads((tmp_path / "plan.json").read_text())
    rows = [
        {name: value for name, value in row.items() if value == value}
        for row in listed.drop(columns="partnership_id").to_dict("records")
    ]
    answer = ask(client, rows, 3000, by="cvar", scenarios=100, time_limit=10).json()
    assert len(answer["roster"]) == len(printed["roster"]) > 0
    for one, other in zip(answer["roster"], printed["roster"], strict=True):
        assert f"row {one['partnership_id']}" == other["partnership_id"]
        assert one["deliverables"] == other["deliverables"]
        assert one["engagements"] == pytest.approx(other["engagements"])
    assert answer["total"]["engagements"] == pytest.approx(printed["total"]["engagements"])
    assert answer["spend"] == pytest.approx(printed["spend"])
