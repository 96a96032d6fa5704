"""POST /v1/track over the champion of the small market, in process."""

import json
import warnings
from datetime import UTC, datetime

import pandas as pd
import pytest

from serving.client import Client
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.http.track_examples import TRACK_EXAMPLES
from serving.http.track_response import TrackAnswer
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = "2026-07-01T00:00:00Z"
READING = {"observed_at": "2026-06-22T10:00:00Z", "likes": 500, "comments": 20}
POST = {"posted_at": "2026-06-20T10:00:00Z", "readings": [READING]}
DEAL = {"platform": "instagram", "published": [POST]}
PROFILE = {"followers": 20_000, "niche": "food"}


@pytest.fixture(scope="module")
def client(home, market_folder):
    app = build_app()
    champion = ModelStore(Settings(home, market_folder), on_change=app.state.metrics.model)
    champion.start()
    app.state.champion = champion
    yield TestClient(app)
    champion.stop()


def track(client, *partnerships, as_of=AS_OF):
    return client.post("/v1/track", json={"as_of": as_of, "partnerships": list(partnerships)})


def with_reading(**change):
    return {**DEAL, "published": [{**POST, "readings": [{**READING, **change}]}]}


def test_the_examples_are_answered_as_the_document_says(client):
    for example in TRACK_EXAMPLES.values():
        response = client.post("/v1/track", json=example["value"])
        assert response.status_code == 200
        answer = TrackAnswer.model_validate_json(response.content)
        fields = {name for result in answer.results for name in result.model_dump()}
        assert set(response.json()["results"][0]) <= fields
        assert answer.results[0].errors is None


def test_each_partnership_has_its_answer_or_its_errors(client):
    asked = [{**DEAL, **PROFILE}, {"platform": "instagram"}, DEAL]
    response = track(client, *asked)
    results = response.json()["results"]
    assert (response.status_code, [one["partnership_id"] for one in results]) == (200, ["1", "2", "3"])  # fmt: skip
    (error,) = results[1]["errors"]
    assert (error["code"], error["where"]) == ("too_few", "partnerships[1].published")
    alone = track(client, asked[0]).json()["results"]
    assert alone == results[:1]
    assert (results[0]["forecast_source"], results[2]["forecast_source"]) == ("model", None)
    assert results[2]["posts"][0]["sentence"].startswith("After 2 days 520 engagements; ")
    assert results[0]["probability_make_good"] < 0.1
    assert results[2]["probability_make_good"] is None
    assert results[2]["posts"][0]["engagements"]["readings"] == [{"age_days": 2.0, "count": 520.0}]
    assert "no forecast to take half of" in results[2]["make_good_reason"]


def test_a_creator_that_the_service_knows_needs_no_profile(client, market_folder):
    posts = pd.read_parquet(market_folder / "posts.parquet", columns=["creator_id", "platform"])
    creator = posts[posts["platform"] == "instagram"].iloc[0]["creator_id"]
    (result,) = track(client, {"creator_id": creator, "published": [POST]}).json()["results"]
    assert (result["platform"], result["forecast_evidence"]) == ("instagram", "history")
    assert result["posts"][0]["engagements"]["pace"] is not None


def test_a_given_forecast_takes_the_place_of_the_models(client):
    forecast = {"p10": 400, "p50": 520, "p90": 700}
    asked = {**DEAL, **PROFILE, "forecast": forecast, "deliverables": 4, "horizon_days": 7}
    (result,) = track(client, asked).json()["results"]
    told = result["posts"][0]["engagements"]["forecast"]
    assert {name: told[name] for name in forecast} == pytest.approx(forecast)
    assert result["forecast_source"] == "given"
    assert result["make_good_engagements"] == pytest.approx(result["engagements"]["forecast"]["p50"] / 2)  # fmt: skip
    longer = track(client, {**asked, "horizon_days": 90}).json()["results"][0]
    first, second = (one["posts"][0]["engagements"]["horizon"]["p50"] for one in (result, longer))
    assert 520 < first < second


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"horizon_days": 0}, "below_minimum", "horizon_days"),
        ({"horizon_days": 1000}, "above_maximum", "horizon_days"),
        ({"horizon_days": 2.5}, "not_whole", "horizon_days"),
        ({"fee": 5}, "unknown_field", "fee"),
        ({"published": {}}, "wrong_type", "published"),
        ({"published": ["x"]}, "wrong_type", "published[0]"),
        ({"published": [{**POST, "readings": []}]}, "too_few", "published[0].readings"),
        ({"published": [{**POST, "posted_at": None}]}, "missing", "published[0].posted_at"),
        ({"published": [{**POST, "post_id": "a"}] * 2}, "repeated_post", "published[1].post_id"),
        ({"forecast": [1, 2, 3]}, "wrong_type", "forecast"),
        ({"forecast": {"p10": 1, "p50": None, "p90": 3}}, "missing", "forecast.p50"),
        ({"forecast": {"p10": 3, "p50": 2, "p90": 3}}, "not_ascending", "forecast"),
        ({"platform": None}, "missing", "platform"),
    ],
)
def test_what_cannot_be_answered_is_an_error_at_its_place(client, change, code, where):
    response = track(client, {**DEAL, **change})
    assert response.status_code == 422
    errors = {one["code"]: one for one in response.json()["errors"]}
    assert errors[code]["where"] == f"partnerships[0].{where}"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"observed_at": "2026-06-19T10:00:00Z"}, "before_posted_at", ".readings[0].observed_at"),
        ({"observed_at": "2031-06-19T10:00:00Z"}, "in_future", ".readings[0].observed_at"),
        ({"observed_at": None}, "missing", ".readings[0].observed_at"),
        ({"likes": -1}, "below_minimum", ".readings[0].likes"),
        ({"comments": 1.5}, "not_whole", ".readings[0].comments"),
        ({"likes": None}, "no_usable_reading", ""),
        ({"likes_hidden": True}, "no_usable_reading", ""),
        ({"observed_at": "2026-06-20T10:30:00Z"}, "no_usable_reading", ""),
        ({"observed_at": "2026-07-02T10:30:00Z"}, "no_usable_reading", ""),
    ],
)
def test_a_reading_that_tells_nothing_is_an_error_at_its_place(client, change, code, field):
    response = track(client, with_reading(**change))
    (error,) = response.json()["errors"]
    assert (error["code"], error["where"]) == (code, f"partnerships[0].published[0]{field}")


def test_views_of_a_platform_without_a_curve_are_left_out_and_told(client):
    asked = {**with_reading(views=900, shares=3), "platform": "x"}
    (post,) = track(client, asked).json()["results"][0]["posts"]
    assert (post["views"], post["warnings"]) == (None, ["no_curve_of_views"])
    alone = track(client, {**with_reading(views=900, likes=None), "platform": "x"})
    assert "there is no curve of x" in alone.json()["errors"][0]["what"]


def test_ids_that_repeat_are_refused(client):
    twins = track(client, {**DEAL, "partnership_id": "a"}, {**DEAL, "partnership_id": "a"})
    assert {one["code"] for one in twins.json()["errors"]} == {"repeated_id"}


def test_nothing_read_after_as_of_changes_an_answer(client):
    later = {"observed_at": "2026-07-03T10:00:00Z", "likes": 90_000, "comments": 7}
    with_later = {**DEAL, **PROFILE, "published": [{**POST, "readings": [READING, later]}]}
    (plain,), (told,) = (
        track(client, asked).json()["results"] for asked in ({**DEAL, **PROFILE}, with_later)
    )
    assert told["posts"][0].pop("warnings") == ["readings_after_as_of_not_used"]
    assert plain["posts"][0].pop("warnings") == []
    assert told == plain


def test_the_client_asks_with_times_as_they_are(client):
    import httpx

    def answer(request):
        response = client.post(request.url.path, json=json.loads(request.content))
        return httpx.Response(response.status_code, content=response.content)

    moment = datetime(2026, 6, 22, 10, tzinfo=UTC)
    with Client(transport=httpx.MockTransport(answer)) as asking:
        answered = asking.track([with_reading(observed_at=moment)], as_of=AS_OF)
    assert answered["results"] == track(client, DEAL).json()["results"]
