"""Every address over the champion of the small market, in process."""

import warnings

import pandas as pd
import pytest

from models.model_card.text import card_text
from serving.http.creator_profile import Creator
from serving.http.metrics import MetricsMiddleware
from serving.http.model_response import ModelFacts
from serving.http.model_store import ModelStore
from serving.http.ranking import Ranking
from serving.http.routes import build_app
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = "2026-06-15T00:00:00Z"
PROFILE = {"platform": "instagram", "followers": 20_000, "niche": "food", "format": "video"}


@pytest.fixture(scope="module")
def client(home, market_folder):
    app = build_app()
    champion = ModelStore(Settings(home, market_folder), on_change=app.state.metrics.model)
    champion.start()
    app.state.champion = champion
    yield TestClient(MetricsMiddleware(app, app.state.metrics))
    champion.stop()


@pytest.fixture(scope="module")
def known(market_folder):
    return (
        pd.read_parquet(market_folder / "posts.parquet", columns=["creator_id", "platform"])
        .iloc[0]
        .to_dict()
    )


def post(client, path, *partnerships, **rest):
    return client.post(path, json={"as_of": AS_OF, "partnerships": list(partnerships), **rest})


def test_a_ranking_holds_the_answers_of_predict(client, known):
    asked = [
        {**PROFILE, "fee_usd": 900},
        {"followers": -1},
        {**PROFILE, "fee_usd": 90},
        PROFILE,
        known,
    ]
    ranked = post(client, "/v1/rank", *asked, by="cpe_usd_p50").json()
    Ranking.model_validate(ranked)
    assert [one["partnership_id"] for one in ranked["results"]] == ["3", "1", "2", "4", "5"]
    added = ("rank", "value", "unranked")
    bare = [
        {name: value for name, value in one.items() if name not in added}
        for one in ranked["results"]
    ]
    predicted = post(client, "/v1/predict", *asked).json()["results"]
    assert sorted(bare, key=lambda one: one["partnership_id"]) == predicted


def test_without_a_measure_the_most_for_the_money_comes_first(client):
    ranked = post(
        client, "/v1/rank", {**PROFILE, "fee_usd": 900}, {**PROFILE, "fee_usd": 90}
    ).json()
    assert (ranked["by"], [one["partnership_id"] for one in ranked["results"]]) == (
        "cpe_usd_p50",
        ["2", "1"],
    )


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ({"by": "cpe"}, ("by", "is not one of the accepted values", "cpe")),
        ({"limit": 0}, ("limit", "is below 1, the least possible", 0)),
        ({"limit": 1.5}, ("limit", "is not a whole number", 1.5)),
        ({"order": "up"}, ("order", "is no known field", "up")),
    ],
)
def test_what_is_no_ranking_is_refused(client, rest, fault):
    response = post(client, "/v1/rank", PROFILE, **rest)
    (error,) = response.json()["errors"]
    assert (response.status_code, response.json()["code"]) == (400, "malformed")
    assert (error["where"], error["what"], error["got"]) == fault


def test_nothing_that_can_be_ranked_is_what_predict_would_say(client):
    ranked, predicted = (
        post(client, path, {"followers": -1}) for path in ("/v1/rank", "/v1/predict")
    )
    assert ranked.status_code == 422
    assert ranked.json() == predicted.json()


def test_an_explanation_is_a_prediction_with_its_grounds(client, known):
    (explained,) = post(client, "/v1/explain", known).json()["results"]
    (asked,) = post(client, "/v1/predict", known, explain=True, comparables=True).json()["results"]
    assert explained == asked
    assert explained["reasons"]["factors"]
    assert explained["comparables"]
    (declined,) = post(client, "/v1/explain", known, comparables=False).json()["results"]
    assert "comparables" not in declined


def test_a_creator_is_told_with_units_and_meaning(client, known):
    body = client.get(f"/v1/creators/{known['creator_id']}").json()
    Creator.model_validate(body)
    assert (body["creator_id"], body["platform"], body["evidence"]) == (*known.values(), "history")
    told = {one.pop("name"): one for one in body["features"]}
    assert told["engagements_known_count"]["value"] > 5
    assert told["followers_log"]["unit"] == "ln count"
    assert told["followers_log"]["meaning"] == "ln(1 + followers) as of the forecast"
    assert "lead_days" not in told
    assert (
        client.get(f"/v1/creators/{known['creator_id']}?platform={known['platform']}").status_code
        == 200
    )


@pytest.mark.parametrize(
    ("path", "status", "code", "fault"),
    [
        ("nobody", 404, "unknown_creator", ("path.creator_id", "is not known", "nobody")),
        (
            "a/%20b?platform=x",
            404,
            "unknown_creator",
            ("path.creator_id", "is not known on x", "a/ b"),
        ),
        (
            "a?platform=myspace",
            400,
            "malformed",
            ("query.platform", "is not one of the accepted values", "myspace"),
        ),
        ("a?plattform=x", 400, "malformed", ("query.plattform", "is no known field", None)),
        ("a?platform=x&platform=x", 400, "malformed", ("query.platform", "is given twice", None)),
    ],
)
def test_a_creator_that_cannot_be_told_is_refused_with_the_reason(
    client, path, status, code, fault
):
    response = client.get(f"/v1/creators/{path}")
    (error,) = response.json()["errors"]
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (error["where"], error["what"], error["got"]) == fault
    assert (
        client.get("/v1/creators/a?plattform=x").json()["errors"][0]["expected"]
        == "did you mean platform?"
    )


def test_the_model_tells_its_record_and_its_limits(client, trained):
    body = client.get("/v1/model").json()
    assert body["version"] == trained.bundle.version
    assert set(body["summary"]) == {"seen", "unseen"}
    assert 0 < body["summary"]["unseen"]["coverage_80"] < 1
    assert (
        body["limits"][1]
        == "It was trained on a simulated market: nothing about real creators follows from it."
    )
    assert "starts up to 120 days ahead" in " ".join(body["limits"])
    assert (
        f"Its training ends on {body['until'][:10]}; forecasts made 180 days later carry "
        "model_old." in body["limits"]
    )
    assert any(limit.startswith("No curve tells how views grow on x:") for limit in body["limits"])
    assert {*body["maturation"]} == {"instagram", "tiktok", "youtube", "x"}
    for curves in body["maturation"].values():
        assert {"engagements", "likes", "comments"} <= {*curves}
        for curve in curves.values():
            assert curve["basis"] == ("fitted" if curve["posts"] else "published")
            shares = [curve["share_of_day_30"][f"day_{day}"] for day in (1, 7, 14)]
            assert 0 < shares[0] < shares[1] < shares[2] < 1
    assert {"until", "horizon_days", "definitions", "accounts", "posts"} <= set(body)
    assert not {"sha256", "columns"} & set(body)
    ModelFacts.model_validate(body)
    assert len(body["backtest"]["reliability"]) == 2 * 19
    assert body["record"]["about"][0].startswith(
        f"The forecasts are by the model {body['version']}"
    )


def test_the_model_card_is_that_of_the_command_and_a_file(client, trained):
    markdown, page = client.get("/v1/model/card"), client.get("/v1/model/card?kind=html")
    assert markdown.text == card_text(trained.bundle, {})
    assert markdown.headers["content-disposition"].startswith(
        'attachment; filename="model-card.md"'
    )
    assert page.text.startswith("<!doctype html>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    refused = client.get("/v1/model/card?kind=pdf")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["expected"] == "one of markdown, html"
    assert client.get("/v1/watch").json() == {"has_ledger": False, "found": None}


def test_figures_are_counted_by_address_and_never_by_what_a_client_makes_up(client, known, trained):
    def read():
        lines = [
            line.rpartition(" ")
            for line in client.get("/metrics").text.splitlines()
            if line[0] != "#"
        ]
        return {name: float(value) for name, _, value in lines}

    before = read()
    post(
        client,
        "/v1/predict",
        known,
        {**PROFILE, "avg_likes": 5, "avg_comments": 1},
        {"followers": -1},
        PROFILE,
    )
    post(client, "/v1/rank", {"followers": -1})
    client.get("/v1/creators/secret")
    client.get("/v1/secret")
    after = read()
    grown = {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if value != before.get(name)
    }
    kept = {
        name: value
        for name, value in grown.items()
        if not name.startswith("creatorcast_request_seconds")
    }
    assert {name: value for name, value in kept.items() if "/metrics" not in name} == {
        'creatorcast_requests_total{code="200",endpoint="/v1/predict"}': 1,
        'creatorcast_requests_total{code="422",endpoint="/v1/rank"}': 1,
        'creatorcast_requests_total{code="404",endpoint="/v1/creators/{creator_id}"}': 1,
        'creatorcast_requests_total{code="404",endpoint="other"}': 1,
        'creatorcast_partnerships_total{endpoint="/v1/predict",evidence="history"}': 1,
        'creatorcast_partnerships_total{endpoint="/v1/predict",evidence="summary"}': 1,
        'creatorcast_partnerships_total{endpoint="/v1/predict",evidence="profile"}': 1,
        'creatorcast_partnerships_rejected_total{endpoint="/v1/predict"}': 1,
        'creatorcast_partnerships_rejected_total{endpoint="/v1/rank"}': 1,
    }
    assert grown['creatorcast_request_seconds_count{endpoint="/v1/predict"}'] == 1
    assert (
        after[
            f'creatorcast_model_info{{trained_on="simulated",version="{trained.bundle.version}"}}'
        ]
        == 1
    )
    assert "secret" not in client.get("/metrics").text


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        (
            b'{"partnerships": []}',
            400,
            ("too_few", "partnerships", "is too short", "at least 1", "a list of 0"),
        ),
        (
            b'{"partnerships": [' + b"{}," * 1000 + b"{}]}",
            400,
            ("too_many", "partnerships", "is too long", "at most 1,000", "a list of 1001"),
        ),
        (
            b'{"partnerships": {}}',
            400,
            ("wrong_type", "partnerships", "is not a list", "a list", "an object of 0"),
        ),
        (b"[]", 400, ("wrong_type", "body", "is not an object", "an object", "a list of 0")),
        (
            b'{"partnerships": [{"followers": NaN}]}',
            400,
            (
                "not_json",
                "body",
                "is not JSON: unexpected character, expected a JSON value at character 32",
                "a JSON object",
                None,
            ),
        ),
        (
            b'{"partnerships": [{"followers": 1e400}]}',
            400,
            (
                "not_json",
                "body",
                "is not JSON: number is infinity when parsed as double at character 32",
                "a JSON object",
                None,
            ),
        ),
        (
            b'{"partnerships": [{"platform": "x", "fee_usd": 1, "fee_usd": 2}]}',
            400,
            ("repeated_key", "partnerships[0].fee_usd", "is given twice", "each field once", None),
        ),
        (
            b'{"partnerships": ' + b"[" * 300 + b"]" * 300 + b"}",
            400,
            ("not_json", "body", "is nested too deeply", "a JSON object", None),
        ),
        (
            '{"partnerships": [{"platform": "x", "bränd_niche": "food"}]}'.encode(),
            422,
            (
                "unknown_field",
                "partnerships[0].bränd_niche",
                "is no known field",
                "did you mean brand_niche?",
                "food",
            ),
        ),
        (
            b'{"partnerships": [{"platform": "x", "followers": "10k"}]}',
            422,
            (
                "wrong_type",
                "partnerships[0].followers",
                "is not a number",
                "a whole number from 0 to 1,000,000,000,000",
                "10k",
            ),
        ),
        (
            b'{"partnerships": [null]}',
            422,
            ("wrong_type", "partnerships[0]", "is not an object", "an object", None),
        ),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/rank", "/v1/explain"])
def test_hostile_bodies_get_one_clear_error_each(client, path, body, status, fault):
    response = client.post(path, content=body, headers={"content-type": "application/json"})
    (error,) = response.json()["errors"]
    assert (response.status_code, tuple(error.values())) == (status, fault)
