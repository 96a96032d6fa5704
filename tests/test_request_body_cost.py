"""What a body may cost: values that are read, faults worded and names compared, by bodies that ask for more."""

import importlib.util
import json
import warnings
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

import serving.http.errors
import serving.http.json_columns
import serving.http.request_schema
import serving.http.strict_json
from serving.http.errors import MAX_FAULTS, MAX_REQUEST_FAULTS, RequestRefused
from serving.http.model_store import LoadedModel
from serving.http.routes import build_app
from serving.http.strict_json import read_strict_json
from serving.settings import Limits

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks" / "request_body_cost.py"
JSON = {"content-type": "application/json"}


def benchmark():
    """Import the benchmark, which has the bodies, as a module."""
    spec = importlib.util.spec_from_file_location("request_body_cost", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BODIES = benchmark().BODIES
#: Bodies by name: the status, the code, and the code of the first fault.
EXPECTED = {
    "1,000 plain": (200, None, None),
    "700,000 unknown keys": (413, "too_large", "too_large"),
    "350,000 unknown keys": (422, "none_scored", "unknown_field"),
    "350,000 unknown keys of the envelope": (400, "malformed", "unknown_field"),
    "350,000 unknown keys of a post": (422, "none_scored", "unknown_field"),
    "350,000 unknown keys in a value": (422, "none_scored", "wrong_type"),
    "350,000 unknown keys over 1,000 rows": (422, "none_scored", "unknown_field"),
    "1,000 rows, 50 keys that differ each": (422, "none_scored", "unknown_field"),
    "1,000 rows that are faulty all over": (422, "none_scored", "not_accepted"),
    "1,000 rows of one id": (422, "none_scored", "repeated_id"),
    "60,000 posts": (413, "too_large", "too_large"),
    "30,000 posts, faulty all over": (422, "none_scored", "no_date"),
    "30,000 posts to come": (422, "none_scored", "in_future"),
    "30,000 readings of posts": (422, "none_scored", "repeated_post"),
    "8 MiB of [": (413, "too_large", "too_large"),
    "lists in lists": (422, "none_scored", "wrong_type"),
    "4,000,000 numbers": (413, "too_large", "too_large"),
    "a number of 8,000,000 digits": (400, "not_json", "not_json"),
    "1e400": (400, "not_json", "not_json"),
    "150,000 repeated keys": (400, "repeated_key", "repeated_key"),
    "1,000,000 repeated keys": (413, "too_large", "too_large"),
    "colons written as escapes": (200, None, None),
    "quotes in a text": (200, None, None),
    "commas in a text": (200, None, None),
    "a text of 8 MiB and one emoji": (200, None, None),
    "a time of 8 MiB": (422, "none_scored", "no_time_zone"),
    "an unknown key of 8 MiB": (422, "none_scored", "unknown_field"),
    "a Cyrillic creator_id of 8 MiB": (422, "none_scored", "confusable_id"),
    "1,000 creator_ids of emoji": (422, "none_scored", "confusable_id"),
    "1,000 rows with 8 faults of terms": (422, "none_scored", None),
}


@pytest.fixture(scope="module")
def client(scorer):
    app = build_app(SimpleNamespace(current=LoadedModel(scorer.bundle.manifest, scorer)))
    with TestClient(app) as client:
        yield client


@pytest.fixture
def work(monkeypatch):
    """Give the counts of what is done for a body: errors that pydantic makes or that are worded, names compared, documents read twice."""
    count = Counter()

    def counted(module, name):
        do = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *given, **told: count.update([name]) or do(*given, **told)
        )

    counted(serving.http.json_columns, "ErrorDetail")
    counted(serving.http.json_columns, "unknown_field")
    counted(serving.http.errors, "get_close_matches")
    counted(serving.http.strict_json, "_repeat_in")
    add = serving.http.errors.ErrorCollector.add_errors

    def errors_added(self, error, *given):
        count["most errors"] = max(count["most errors"], error.error_count())
        add(self, error, *given)

    monkeypatch.setattr(serving.http.errors.ErrorCollector, "add_errors", errors_added)
    serving.http.errors._nearest.cache_clear()
    return count


#: What costs most to make, and is like another one.
SLOW = {
    f"350,000 unknown keys{where}" for where in (" of a post", " in a value", " over 1,000 rows")
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in EXPECTED],
)
def test_what_a_body_costs_is_bounded(client, work, name):
    body, (status, code, first) = BODIES[name](), EXPECTED[name]
    assert len(body) <= Limits.body_bytes
    response = client.post("/v1/predict", content=body, headers=JSON)
    answer = response.json()
    assert (response.status_code, answer.get("code")) == (status, code)
    assert first in (None, (answer.get("errors") or [{}])[0].get("code"))
    assert work["ErrorDetail"] + work["unknown_field"] <= MAX_REQUEST_FAULTS
    assert work["get_close_matches"] <= MAX_REQUEST_FAULTS
    assert (
        work["most errors"]
        <= len(serving.http.request_schema.Partnership.model_fields) + MAX_FAULTS
    )
    assert work["_repeat_in"] == 0 or code == "repeated_key"
    assert len(response.content) <= Limits.held_bytes / 2


@pytest.mark.parametrize(
    "name", ["1,000 rows, 50 keys that differ each", "30,000 posts, faulty all over"]
)
def test_every_fault_is_counted_where_not_all_are_worded(client, name):
    body = BODIES[name]()
    asked = json.loads(body)["partnerships"]
    results = client.post("/v1/predict", content=body, headers=JSON).json()["results"]
    worded = [
        fault for result in results for fault in result["errors"] if fault["code"] != "more_faults"
    ]
    rest = [
        fault for result in results for fault in result["errors"] if fault["code"] == "more_faults"
    ]
    assert len(worded) == MAX_REQUEST_FAULTS
    assert len(results) == len(asked)
    counted = sum(int(fault["what"].split()[1].replace(",", "")) for fault in rest)
    each = 50 if "keys" in name else 4 * 500
    assert len(worded) + counted == each * len(asked)


def document(values, text="a"):
    """Give a body of exactly so many values, one of them a text."""
    return b'["%s"%s]' % (text.encode(), b",1" * (values - 2))


@pytest.mark.parametrize(
    "text", ["a", ",[{" * 99, '\\",', "\\\\", '\\\\\\",[[', "\\u0022,[", ",\\u005c"]
)
def test_values_are_counted_whatever_texts_hold(text, monkeypatch):
    monkeypatch.setattr(Limits, "values", 50)
    monkeypatch.setattr(serving.http.strict_json, "_PIECE", 3)
    assert len(read_strict_json(document(50, text))) == 49
    with pytest.raises(RequestRefused) as refused:
        read_strict_json(document(51, text))
    assert refused.value.status == 413
    assert refused.value.faults[0].what == "holds 51 values"


@pytest.mark.parametrize("body", [b"[[[[[1]]]]]", b'{"a":{"b":[{}, 1]}}', b"[1, 2, 3, 4, 5, 6]"])
def test_what_holds_values_is_one_too(body, monkeypatch):
    monkeypatch.setattr(Limits, "values", 4)
    with pytest.raises(RequestRefused, match="too_large"):
        read_strict_json(body)


def test_posts_are_counted_over_all_partnerships(client, monkeypatch):
    monkeypatch.setattr(Limits, "recent_posts", 3)
    posts = [
        {"posted_at": f"2026-05-0{day}T00:00:00Z", "likes": 3, "comments": 1} for day in range(1, 5)
    ]
    rows = [{"platform": "instagram", "recent_posts": posts[start : start + 2]} for start in (0, 2)]
    ask = {"as_of": "2026-06-10T00:00:00Z", "partnerships": rows}
    response = client.post("/v1/predict", json=ask)
    (fault,) = response.json()["errors"]
    assert (response.status_code, fault["where"], fault["what"]) == (
        413,
        "partnerships",
        "bring 4 recent_posts",
    )
    assert client.post("/v1/predict", json={**ask, "partnerships": rows[:1]}).status_code == 200


def test_a_query_of_many_unknown_names_compares_few_of_them(client, work):
    response = client.get("/v1/benchmarks?" + "&".join(f"band{number}=1" for number in range(2000)))
    errors = response.json()["errors"]
    assert [fault["code"] for fault in errors] == ["unknown_field"] * MAX_FAULTS + ["more_faults"]
    assert errors[-1]["what"] == "has 1,950 more faults"
    assert work["get_close_matches"] == MAX_FAULTS
