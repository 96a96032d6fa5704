"""The client: against a real service, and against one that refuses."""

import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pandas as pd
import pytest

from features.tables.schema import POSTS, PROSPECTS
from serving.client import Client, Creator, Error, Partnership, RecentPost, Retries, ServiceError
from serving.client import Result as ResultType
from serving.http.response_schema import FaultMessage, Result

PROFILE = {"platform": "instagram", "followers": 20_000, "niche": "food", "fee_usd": 90}


@pytest.fixture(scope="module")
def client(served):
    with Client(served, timeout=60) as found:
        yield found


def test_a_real_service_is_asked_for_everything(client, market_folder):
    known = (
        pd.read_parquet(market_folder / "posts.parquet", columns=["creator_id", "platform"])
        .iloc[0]
        .to_dict()
    )
    as_of = datetime(2026, 6, 15, tzinfo=UTC)
    posts = [{"posted_at": datetime(2026, 6, 1, tzinfo=UTC), "likes": 900, "comments": 30}]
    answer = client.predict([known, {**PROFILE, "recent_posts": posts}, {"followers": -1}], as_of)
    assert [one.get("evidence") for one in answer["results"]] == ["history", "history", None]
    assert answer["results"][2]["errors"][0]["where"] == "partnerships[2].followers"
    ranking = client.rank([{**PROFILE, "fee_usd": 900}, PROFILE], by="cpe_usd_p50", limit=1)
    assert [(one["partnership_id"], one["rank"]) for one in ranking["results"]] == [("2", 1)]
    assert client.explain([known])["results"][0]["reasons"]["factors"]
    creator = client.creator(known["creator_id"])
    assert set(creator) == set(Creator.__annotations__)
    assert creator["platform"] == known["platform"]
    found = client.creators(known["creator_id"], known["platform"], limit=1)
    assert found["creators"][0]["creator_id"] == known["creator_id"]
    assert len(client.creator(known["creator_id"], posts=2)["posts"]) == 2
    more = client.explain([known], quantiles=(0.01, 0.5))["results"][0]["engagements"]
    assert more["p01"] < more["p05"]
    assert client.benchmarks(platform="tiktok", measure="engagements")["cells"]
    assert client.model()["version"] == answer["model_version"]


def test_what_the_service_refuses_is_one_exception_with_its_errors(client):
    with pytest.raises(
        ServiceError, match=r"unknown_creator: path.creator_id is not known; expected: a creator"
    ) as caught:
        client.creator("no/body ü")
    assert (caught.value.status, caught.value.errors[0]["got"]) == (404, "no/body ü")
    with pytest.raises(
        ServiceError, match=r"none_scored: partnerships\[0\].followers .*\(and 1 more\)"
    ) as caught:
        client.predict([{"followers": -1}, {"folowers": 1}])
    assert [len(one["errors"]) for one in caught.value.results] == [1, 1]
    with pytest.raises(
        ServiceError, match="malformed: partnerships is too short; expected: at least 1"
    ):
        client.predict([])


def test_a_service_that_is_not_there_is_the_same_exception():
    with (
        Client("http://127.0.0.1:9", timeout=2) as client,
        pytest.raises(ServiceError, match="unreachable: http") as caught,
    ):
        client.model()
    assert (caught.value.status, caught.value.code) == (None, "unreachable")


def refusing(*answers):
    """Give a client of a service that answers so in turn, and the requests that it got."""
    asked, left = [], list(answers)

    def answer(request):
        asked.append(request)
        status, headers = left.pop(0) if len(left) > 1 else left[0]
        error = {
            "code": "busy",
            "where": "service",
            "what": "is busy",
            "expected": None,
            "got": None,
        }
        body = {"version": "v1"} if status == 200 else {"code": "busy", "errors": [error]}
        return httpx.Response(status, json=body, headers=headers)

    quick = Retries(times=2, first_seconds=0.001, longest_seconds=1.0)
    return Client(api_key="secret", retries=quick, transport=httpx.MockTransport(answer)), asked


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again(status, monkeypatch):
    waited = []
    monkeypatch.setattr("time.sleep", waited.append)
    client, asked = refusing((status, {"retry-after": "1"}), (status, {}), (200, {}))
    assert client.model() == {"version": "v1"}
    assert len(asked) == 3
    assert waited[0] == 1.0  # as asked; the random part would be longer than the longest wait
    assert 0 <= waited[1] <= 0.002
    assert {request.headers["authorization"] for request in asked} == {"Bearer secret"}


@pytest.mark.parametrize(
    ("answers", "times"),
    [
        ([(503, {})], 3),
        ([(503, {"retry-after": "60"})], 1),
        ([(500, {})], 1),
        ([(408, {})], 1),
        ([(422, {})], 1),
    ],
)
def test_tries_end_and_nothing_else_is_sent_twice(answers, times, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    client, asked = refusing(*answers)
    with pytest.raises(ServiceError, match="busy: service is busy") as caught:
        client.predict([PROFILE])
    assert (len(asked), caught.value.status) == (times, answers[0][0])


def test_what_a_proxy_says_is_told_too():
    transport = httpx.MockTransport(lambda request: httpx.Response(502, text="<html>"))
    with (
        Client(transport=transport) as client,
        pytest.raises(ServiceError, match="no_answer: service answered 502"),
    ):
        client.model()


def test_the_types_are_those_of_the_service():
    assert set(Partnership.__annotations__) <= {*PROSPECTS.names, "recent_posts"}
    assert set(RecentPost.__annotations__) <= set(POSTS.names)
    assert set(ResultType.__annotations__) <= set(Result.model_fields)
    assert set(Error.__annotations__) == set(FaultMessage.model_fields)


def test_the_client_needs_httpx_alone():
    heavy = {"bentoml", "pandas", "numpy", "lightgbm", "pydantic", "starlette"}
    check = f"import sys, serving.client; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.check_output([sys.executable, "-W", "ignore", "-c", check], text=True).strip()
        == "[]"
    )
