"""Errors of partnerships: a code, a place down to the field, what was expected and what came, whoever finds them."""

import re
import warnings
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
from conftest import answers_of

from features.tables.vocabulary import FORMATS, PLATFORM_FORMATS, PLATFORMS, UNCOUNTED_FORMATS
from serving.client.types import Error
from serving.http.errors import CODES, ErrorDetail
from serving.http.model_store import ModelStore
from serving.http.openapi import openapi
from serving.http.response_schema import Answer, FaultMessage
from serving.http.routes import build_app
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = "2026-06-15T00:00:00Z"
PROFILE = {"platform": "instagram", "followers": 20_000}
WITH_POSTS = {**PROFILE, "recent_posts": [{"posted_at": "2026-01-01T00:00:00Z", "likes": 3}]}
EARLY = {**PROFILE, "start_at": "2026-06-01T00:00:00Z"}


@pytest.fixture(scope="module")
def client(home, market_folder, tmp_path_factory):
    rates = tmp_path_factory.mktemp("rates") / "rates.csv"
    rates.write_text("currency,usd_per_unit\nEUR,1.1\n")
    champion = ModelStore(Settings(home, market_folder, rates=rates))
    champion.start()
    yield TestClient(build_app(champion))
    champion.stop()


def errors_of(client, *partnerships, path="/v1/predict", **rest):
    """Give the errors of each partnership, None for one that has a forecast."""
    body = client.post(
        path, json={"as_of": AS_OF, "partnerships": list(partnerships), **rest}
    ).json()
    Answer.model_validate(body)
    return [one.get("errors") for one in body["results"]]


def error(code, where, what, expected=None, got=None):
    return {
        "code": code,
        "where": f"partnerships[0].{where}",
        "what": what,
        "expected": expected,
        "got": got,
    }


BROKEN = [
    (
        {"platform": "youtube", "followers": 5, "format": "story"},
        error("format_not_on_platform", "format", "is no format of youtube", "one of video, short, live", "story"),
    ),
    (
        EARLY,
        error("start_before_as_of", "start_at", f"lies before as_of {AS_OF}", "a time at or after as_of")
        | {"got": "2026-06-01T00:00:00Z"},
    ),
    (
        {"creator_id": "nobody"},
        error("unknown_creator", "creator_id", "is unknown, and no platform is named")
        | {"expected": "a creator of the tables, or a profile with its platform", "got": "nobody"},
    ),
    (
        {"creator_id": "n" * 500, "platform": "x"},
        error("unknown_creator", "creator_id", "is unknown on x, and nothing else to go by is given")
        | {"expected": "followers, averages or recent posts", "got": "n" * 77 + "..."},
    ),
    (
        {"platform": "x"},
        error("no_profile", "followers", "is missing, and so is all else to go by")
        | {"expected": "followers, averages or recent posts"},
    ),
    (
        {**PROFILE, "fee_usd": 5, "fee": 4, "currency": "EUR"},
        error("two_fees", "fee", "is given beside fee_usd", "one of fee and fee_usd", 4.0),
    ),
    (
        {**PROFILE, "fee": 4},
        error("fee_without_currency", "fee", "has no currency", "currency beside it, or fee_usd in its place", 4.0),
    ),
    (
        {**PROFILE, "currency": "EUR"},
        error("currency_without_fee", "currency", "stands without a fee in it", "fee beside it; fee_usd is always USD")
        | {"got": "EUR"},
    ),
    (
        {**PROFILE, "fee": 4, "currency": "CHF"},
        error("currency_without_rate", "currency", "has no rate to USD", "one of USD, EUR", "CHF"),
    ),
    (
        {**PROFILE, "target_cpe_usd": 0.2},
        error("target_without_fee", "target_cpe_usd", "stands without a fee", "fee_usd beside it, or fee and currency")
        | {"got": 0.2},
    ),
    (
        {**PROFILE, "fee_usd": -1},
        error("below_minimum", "fee_usd", "is below 0.01, the least possible")
        | {"expected": "a number from 0.01 to 1,000,000,000", "got": -1},
    ),
    (
        {**PROFILE, "format": "reel"},
        error("not_accepted", "format", "is not one of the accepted values", f"one of {', '.join(FORMATS)}", "reel"),
    ),
    (
        {**PROFILE, "recent_posts": [{"posted_at": AS_OF, "likes": 1}, {"posted_at": AS_OF, "likes": "7" * 99}]},
        error("wrong_type", "recent_posts[1].likes", "is not a number", "a whole number from 0 to 1,000,000,000,000")
        | {"got": "7" * 77 + "..."},
    ),
    ({}, error("missing", "platform", "is missing, and so is creator_id")
     | {"expected": "a creator_id that the service knows, or a platform and the creator's profile"}),
]  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/rank", "/v1/explain"])
@pytest.mark.parametrize(
    ("partnership", "wanted"), BROKEN, ids=[wanted["code"] for _, wanted in BROKEN]
)
def test_an_error_says_what_where_and_what_was_expected(client, partnership, wanted, path):
    alone = client.post(path, json={"as_of": AS_OF, "partnerships": [partnership]})
    assert (alone.status_code, alone.json()["code"], alone.json()["errors"]) == (
        422,
        "none_scored",
        [wanted],
    )
    assert alone.json()["results"][0]["errors"] == [wanted]
    beside = errors_of(client, partnership, WITH_POSTS, path=path)  # which are read one by one
    assert [wanted] in beside
    assert None in beside


def test_all_errors_of_a_partnership_are_told(client):
    asked = {
        **EARLY,
        "platform": "youtube",
        "format": "story",
        "fee": 4,
        "target_cpe_usd": 1,
        "currency": "CHF",
    }
    (errors,) = errors_of(client, asked)
    assert {one["code"] for one in errors} == {
        *("format_not_on_platform", "start_before_as_of", "currency_without_rate"),
    }


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/rank", "/v1/explain"])
@pytest.mark.parametrize("other", [PROFILE, WITH_POSTS])
def test_partnerships_of_one_id_are_both_refused(client, path, other):
    twins = [{**PROFILE, "partnership_id": "a"}, {**other, "partnership_id": " a "}]
    alone = client.post(path, json={"as_of": AS_OF, "partnerships": twins})
    wanted = [
        {
            "code": "repeated_id",
            "where": f"partnerships[{one}].partnership_id",
            "what": f"is that of partnerships[{another}] too",
            "expected": "each id once",
            "got": "a",
        }
        for one, another in ((0, 1), (1, 0))
    ]
    assert (alone.status_code, alone.json()["errors"]) == (422, wanted)
    results = client.post(path, json={"as_of": AS_OF, "partnerships": [*twins, PROFILE]}).json()[
        "results"
    ]
    assert sorted((one["partnership_id"], "errors" in one) for one in results) == [
        ("3", False),
        ("a", True),
        ("a", True),
    ]


def test_a_partnership_without_an_id_takes_none_of_another(client):
    body = {
        "partnerships": [
            PROFILE,
            {**PROFILE, "partnership_id": "1"},
            {**PROFILE, "partnership_id": "row-1"},
        ]
    }
    results = client.post("/v1/predict", json=body).json()["results"]
    assert [(one["partnership_id"], "errors" in one) for one in results] == [
        *(("row-row-1", False), ("1", False), ("row-1", False)),
    ]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_format_is_scored_where_the_platform_has_it(scorer, platform, name):
    _, (reasons,) = answers_of(
        scorer, [{"platform": platform, "followers": 5000, "format": name}], pd.Timestamp(AS_OF)
    )
    has = PLATFORM_FORMATS[platform]
    wanted = (
        []
        if name in has
        else [f"format {name!r} is no format of {platform}: give one of {', '.join(has)}"]
    )
    if name in has and name in UNCOUNTED_FORMATS:
        what = "format 'story' shows no public counts to forecast: give a format with public counts"
        wanted = [f"{what} (image, carousel, video, short, live), alone or in a package"]
    assert reasons == wanted


def test_a_format_is_held_against_the_platform_that_the_creator_is_known_on(client, tables):
    posts = tables.posts
    creator = posts.loc[posts["platform"] == "youtube", "creator_id"].iloc[0]
    (errors,) = errors_of(client, {"creator_id": creator, "format": "carousel"})
    assert errors == [
        error(
            "format_not_on_platform",
            "format",
            "is no format of youtube",
            "one of video, short, live",
            "carousel",
        )
    ]


def test_what_the_market_and_the_readers_of_exports_make_is_never_refused(tables):
    made = {
        ("youtube", "live"),
        ("youtube", "short"),
        ("youtube", "video"),
    }  # ingest.exports, by platform
    made |= {("instagram", name) for name in ("image", "video", "carousel", "short", "story")}
    made |= {("tiktok", name) for name in ("carousel", "video")} | {
        ("x", name) for name in ("image", "video", "carousel")
    }
    for name in ("posts", "partnerships"):
        frame = getattr(tables, name).dropna(subset=["format", "platform"])
        made |= set(zip(frame["platform"], frame["format"], strict=True))
    assert [one for one in made if one[1] not in PLATFORM_FORMATS[one[0]]] == []


def test_every_code_is_listed_in_the_document_and_the_docs():
    schema = openapi()["components"]["schemas"]["FaultMessage"]
    assert schema["properties"]["code"]["enum"] == list(CODES)
    docs = Path(__file__).parents[1] / "docs" / "service.md"
    rows = re.findall(
        r"^\| `([a-z_]+)` \| (.+) \|$",
        docs.read_text().split("## Codes")[1].split("\n## ")[0],
        re.M,
    )
    assert dict(rows) == CODES


def test_every_code_in_the_source_is_a_code():
    sources = "".join(
        path.read_text() for path in (Path(__file__).parents[1] / "serving").rglob("*.py")
    )
    used = set(
        re.findall(
            r'\b(?:ErrorDetail|Breach|FeeRule|PydanticCustomError|_refused|_error)\(\s*"([a-z_]+)"',
            sources,
        )
    )
    assert used - set(CODES) == {"unreachable", "no_answer"}  # which the client says


def test_an_error_is_the_same_in_python_in_the_document_and_in_the_client():
    names = [one.name for one in fields(ErrorDetail)]
    assert names == list(FaultMessage.model_fields) == list(Error.__annotations__)
