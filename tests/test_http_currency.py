"""Answers over HTTP keep the currency of the fee beside USD, at every address."""

import warnings

import pytest

from serving.http.model_store import ModelStore
from serving.http.ranking import Ranking
from serving.http.response_schema import Answer, Result
from serving.http.routes import build_app
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = "2026-06-15T00:00:00Z"
DEAL = {
    "platform": "instagram",
    "followers": 20_000,
    "niche": "food",
    "format": "video",
    "deliverables": 2,
}
POSTS = [
    {
        "posted_at": "2026-05-01T00:00:00Z",
        "likes": 500,
        "comments": 9,
        "views": 9000,
        "format": "video",
    }
]
EURO, DOLLAR = {"fee": 400, "currency": "EUR"}, {"fee_usd": 500}
#: Of an answer: what it holds in the currency of the fee -> in USD.
PARTS = {"cpe": "cpe_usd", "cpm": "cpm_usd", "offer": "offer_usd", "market_fee": "market_fee_usd"}


@pytest.fixture(scope="module")
def client(home, tmp_path_factory):
    rates = tmp_path_factory.mktemp("rates") / "rates.csv"
    rates.write_text("currency,usd_per_unit\nEUR,1.25\n")
    champion = ModelStore(Settings(home, rates=rates))
    champion.start()
    yield TestClient(build_app(champion))
    champion.stop()


def ask(client, path, *partnerships, **rest):
    response = client.post(path, json={"as_of": AS_OF, "partnerships": list(partnerships), **rest})
    assert response.status_code == 200
    (Ranking if path == "/v1/rank" else Answer).model_validate(response.json())
    return sorted(response.json()["results"], key=lambda one: one["partnership_id"])


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/rank", "/v1/explain"])
@pytest.mark.parametrize("creator", [DEAL, {**DEAL, "recent_posts": POSTS}])
def test_every_answer_has_the_amounts_of_its_fee_beside_those_in_usd(client, path, creator):
    euro, dollar, free = ask(client, path, {**creator, **EURO}, {**creator, **DOLLAR}, creator)
    assert [euro[name] for name in ("fee_usd", "fee", "currency", "usd_per_unit")] == [
        500,
        400,
        "EUR",
        1.25,
    ]
    for own, usd in PARTS.items():
        assert euro[usd] == dollar[usd]
        assert euro[own] == pytest.approx(
            {name: value / 1.25 for name, value in euro[usd].items()}, rel=1e-12
        )
    assert euro["benchmark"]["cpe"] == pytest.approx(euro["benchmark"]["cpe_usd"] / 1.25, rel=1e-12)
    assert euro["break_even_fee"] == pytest.approx(euro["break_even_fee_usd"] / 1.25, rel=1e-12)
    assert "at 400 EUR that is " in euro["sentence"]
    for one in (dollar, free):
        assert [
            one[name] for name in ("fee", "currency", "usd_per_unit", "break_even_fee", *PARTS)
        ] == [None] * 8
        assert one["benchmark"]["cpe"] is None


def test_answers_in_usd_say_what_they_would_say_alone(client):
    alone = ask(client, "/v1/predict", {**DEAL, **DOLLAR, "partnership_id": "a"})
    beside = ask(client, "/v1/predict", {**DEAL, **DOLLAR, "partnership_id": "a"}, {**DEAL, **EURO})
    assert alone == [one for one in beside if one["partnership_id"] == "a"]


def test_the_document_describes_every_field_of_an_answer(client):
    (one,) = ask(client, "/v1/predict", {**DEAL, **EURO})
    assert set(one) <= set(Result.model_fields)
    described = client.get("/v1/openapi.json").json()["components"]["schemas"]
    assert set(one["benchmark"]) == set(described["Benchmark"]["properties"])
