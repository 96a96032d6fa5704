"""Campaigns of the ledger over HTTP: their list, and the review that the command makes."""

import warnings
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner
from review_example import HOSTILE, fill_ledger

from creatorcast import main
from ledger.settings import LEDGER, ledger_settings
from serving.http import campaigns as campaigns_module
from serving.http.campaign_response import CampaignReview, Campaigns
from serving.http.openapi import openapi
from serving.http.routes import build_app
from serving.review import answer_json

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


def client_of(home, address="on"):
    """Return a client of a service that has no model, and the ledger of a home."""
    app = build_app()
    app.state.ledger = SimpleNamespace(settings=ledger_settings(home, {LEDGER: address}))
    return TestClient(app)


@pytest.fixture
def client(tmp_path):
    """Give a client of a service with the ledger that `fill_ledger` fills."""
    fill_ledger(tmp_path)
    return client_of(tmp_path)


def test_campaigns_are_listed_with_how_far_they_are(client):
    body = client.get("/v1/campaigns").json()
    Campaigns.model_validate(body)
    assert [one["name"] for one in body["campaigns"]] == ["autumn / 2026", "spring"]
    spring = body["campaigns"][1]
    assert (spring["forecasts"], spring["after"], spring["partnerships"]) == (10, 1, 9)
    assert spring["outcomes"] == {
        "matured": 5, "young": 0, "partial": 0, "waiting": 2, "not_scored": 2,
    }  # fmt: skip
    assert spring["first_forecast_at"] == "2026-03-01T00:00:00Z"
    assert body["waiting"] == 0


def test_a_review_is_the_one_of_the_command(client, tmp_path, monkeypatch):
    body = client.get("/v1/campaigns/spring").json()
    CampaignReview.model_validate(body)
    counts = next(
        one["outcomes"]
        for one in client.get("/v1/campaigns").json()["campaigns"]
        if one["name"] == "spring"
    )
    assert body["outcomes"] == counts
    assert body["places"] == {"above": 1, "within": 3, "below": 1}
    assert HOSTILE in [one["name"] for one in body["partnerships"]]
    monkeypatch.setenv("CREATORCAST_HOME", str(tmp_path))
    out = tmp_path / "review.csv"
    result = CliRunner().invoke(main, ["review", "spring", "--out", str(out)])
    assert result.exit_code == 0, result.output
    printed = " ".join(result.output.split())  # a terminal breaks the lines
    for sentence in body["sentences"]:
        assert sentence in printed
    table = pd.read_csv(out, keep_default_na=False)
    assert table["partnership_id"].tolist() == [
        one["partnership_id"] for one in body["partnerships"]
    ]
    came = ["" if one["outcome"] is None else str(one["outcome"]["engagements"])
            for one in body["partnerships"]]  # fmt: skip
    assert table["outcome_engagements"].astype(str).tolist() == came
    assert table["verdict_was"].tolist() == [one["was_right_text"] for one in body["partnerships"]]


def test_names_may_have_any_character(client):
    assert client.get("/v1/campaigns/autumn%20%2F%202026").json()["campaign"] == "autumn / 2026"


def test_every_field_is_explained():
    schemas = openapi()["components"]["schemas"]
    names = [name for name in schemas if name.startswith(("Campaign", "Reviewed"))]
    assert len(names) >= 8
    for name in [*names, "OutcomeCounts", "PlaceCounts"]:
        assert schemas[name].get("description"), name
        for field, schema in schemas[name]["properties"].items():
            assert schema.get("description"), f"{name}.{field}"


def test_a_long_review_tells_how_many_it_leaves_out(client, monkeypatch):
    monkeypatch.setattr(answer_json, "MOST_LISTED", 4)
    body = client.get("/v1/campaigns/spring").json()
    assert len(body["partnerships"]) + body["not_listed"] == 9
    assert sum(body["outcomes"].values()) == 9


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/campaigns/winter", 404, "unknown_campaign"),
        ("/v1/campaigns?limit=3", 400, "malformed"),
    ],
)
def test_what_there_is_not_is_refused(client, path, status, code):
    got = client.get(path)
    assert (got.status_code, got.json()["code"]) == (status, code)


def test_a_service_without_a_ledger_says_how_to_have_one():
    for path in ("/v1/campaigns", "/v1/campaigns/spring"):
        got = TestClient(build_app()).get(path)
        assert got.status_code == 404
        (error,) = got.json()["errors"]
        assert (error["code"], error["what"]) == ("no_ledger", "has no ledger")
        assert "CREATORCAST_LEDGER=on" in error["expected"]


def test_an_empty_ledger_has_no_campaigns(tmp_path):
    assert client_of(tmp_path).get("/v1/campaigns").json() == {"waiting": 0, "campaigns": []}


def test_a_ledger_that_is_too_large_or_fails_is_told(client, tmp_path, monkeypatch):
    failing = client_of(tmp_path, f"sqlite:///{tmp_path}/none/ledger.db").get("/v1/campaigns")
    assert (failing.status_code, failing.json()["code"]) == (503, "ledger_unavailable")
    assert str(tmp_path) not in failing.text
    monkeypatch.setattr(campaigns_module, "MOST_ROWS", 5)
    large = client.get("/v1/campaigns")
    assert (large.status_code, large.json()["code"]) == (422, "ledger_too_large")


def test_campaigns_of_postgres_are_those_of_sqlite(client, tmp_path, postgres):
    address = postgres.new_database()
    fill_ledger(tmp_path, address)
    of_postgres = client_of(tmp_path, address)
    for path in ("/v1/campaigns", "/v1/campaigns/spring"):
        assert of_postgres.get(path).json() == client.get(path).json()
