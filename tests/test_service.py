import asyncio
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.history.arrays import NAT_US, decode_categories
from features.tables.frames import DataFolderError
from features.tables.schema import PROSPECTS
from models.distribution import QUANTILES
from serving.http.model_store import LoadedModel, ModelStore
from serving.http.openapi import EXAMPLES
from serving.http.response_schema import Answer
from serving.http.routes import build_app
from serving.scoring.answer_table import ANSWER_COLUMNS, AnswerTable
from serving.scoring.breaches import Breach
from serving.scoring.prospect_batch import ALLOWED_VALUES
from serving.settings import ENVIRONMENT, Limits, Settings

with (
    warnings.catch_warnings()
):  # starlette would rather have httpx2, bentoml uses a renamed pattern of pathspec
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

    import serving.service
    import serving.worker

JSON = {"content-type": "application/json"}
#: Answers predict and explain by the champion of a home; prints the status, and what it imported of the fits.
ANSWER_ONCE = """
import sys, warnings
from pathlib import Path
from types import SimpleNamespace
warnings.simplefilter("ignore")
from starlette.testclient import TestClient
from serving.http.model_store import find_champion, load_champion
from serving.http.openapi import EXAMPLES
from serving.http.routes import build_app
loaded = load_champion(find_champion(Path(sys.argv[1])), None)
client = TestClient(build_app(SimpleNamespace(current=loaded, reason="")))
for path in ("/v1/predict", "/v1/explain"):
    print(client.post(path, json=EXAMPLES["averages"]["value"]).status_code)
fits = ("sklearn", "scipy.stats", "scipy.optimize", "lightgbm")
print([name for name in fits if name in sys.modules])
"""
PROFILE = {"platform": "instagram", "followers": 1000, "niche": "food"}


def nobody_known(name):
    return Breach(
        "unknown_creator",
        "creator_id",
        "is not known",
        "a profile",
        name,
        f"creator_id {name!r} is unknown",
    )


class FakeScorer:
    """Engagements are followers / 10; a creator_id that starts with "nobody" is unknown; the handle "bug" raises."""

    bundle = None

    def __init__(self, version="v1"):
        self.version = version

    def score(self, asked, as_of, posts=None, extras=None, columns=ANSWER_COLUMNS, keep=None):
        ids, likely = asked.text("creator_id"), asked.number("followers") / 10
        if "bug" in asked.text("handle"):
            raise ValueError(f"cannot score {ids}")
        start, fee = asked.time("start_at"), asked.number("fee_usd")
        texts = {
            "evidence": "profile" if posts is None else "history",
            "model_version": self.version,
        }
        found = {
            **{name: asked.text(name) for name in ("partnership_id", "creator_id")},
            **{
                name: decode_categories(ALLOWED_VALUES[name], asked.code(name))
                for name in ("platform", "niche")
            },
            **{name: asked.number(name) for name in ("deliverables", "fee_usd")},
            "as_of": np.full(asked.n, as_of).view("datetime64[us]"),
            "start_at": np.where(start == NAT_US, as_of, start).view("datetime64[us]"),
            "horizon_days": np.full(asked.n, 7),
            **{f"engagements_{name}": likely for name in (*QUANTILES, "mean")},
            **{f"cpe_usd_{name}": fee / likely for name in ("p10", "p50", "p90")},
            **{name: np.full(asked.n, text, dtype=object) for name, text in texts.items()},
            "trained_on": np.full(asked.n, "simulated", dtype=object),
            "warnings": np.array([*[("a warning",)] * asked.n, None], dtype=object)[:-1],
        }
        nobody = [row for row, name in enumerate(ids) if (name or "").startswith("nobody")]
        found = {name: values for name, values in found.items() if name in columns}
        return AnswerTable(asked.n, found, {row: [nobody_known(ids[row])] for row in nobody})


def fake_find(home: Path) -> Path:
    return home / (home / "artifacts" / "champion").read_text()


def fake_load(folder: Path, tables, rates=None) -> LoadedModel:
    version = (folder / "version").read_text()
    return LoadedModel(
        {"version": version, "trained_on": "simulated", "horizon_days": 7}, FakeScorer(version)
    )


def promote(home: Path, version: str, broken: bool = False) -> None:
    """Write a bundle that the fakes can load, and replace the champion as `creatorcast promote` does: atomically."""
    folder = home / version
    folder.mkdir(parents=True, exist_ok=True)
    if not broken:
        (folder / "version").write_text(version)
    (home / "artifacts").mkdir(exist_ok=True)
    (home / "artifacts" / "new").write_text(version)
    (home / "artifacts" / "new").replace(home / "artifacts" / "champion")


def champion_at(home: Path, **changes) -> ModelStore:
    return ModelStore(Settings(home), **{"find": fake_find, "load": fake_load, **changes})


def test_a_worker_answers_without_what_only_fits_need(home):
    done = subprocess.run(
        [sys.executable, "-c", ANSWER_ONCE, str(home)], capture_output=True, text=True
    )
    assert done.stdout == "200\n200\n[]\n", done.stderr


@pytest.fixture(scope="session")
def client(tmp_path_factory):
    """The whole BentoML service in process, over the fakes."""
    home = tmp_path_factory.mktemp("home")
    promote(home, "v1")
    fake = functools.partial(ModelStore, find=fake_find, load=fake_load)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving.worker, "ModelStore", fake)
        patch.setenv("CREATORCAST_HOME", str(home))
        whole = serving.service.front(serving.service.Creatorcast.to_asgi())
        with TestClient(whole, base_url="http://127.0.0.1") as found:
            yield found


@pytest.fixture
def small(tmp_path):
    """The app alone, with limits that a test can reach."""
    promote(tmp_path, "v1")
    champion = champion_at(tmp_path)
    champion.refresh()
    return TestClient(build_app(champion, Limits(body_bytes=500)))


def ask(client, *partnerships, **rest):
    return client.post("/v1/predict", json={"partnerships": list(partnerships), **rest})


def test_one_partnership_is_answered_whole(client):
    response = ask(
        client,
        {**PROFILE, "partnership_id": "p", "creator_id": "a", "fee_usd": 50, "deliverables": 1},
        as_of="2026-03-01T00:00:00Z",
    )
    assert response.status_code == 200
    assert response.json() == {
        "model_version": "v1",
        "trained_on": "simulated",
        "results": [
            {
                "partnership_id": "p",
                "creator_id": "a",
                "platform": "instagram",
                "niche": "food",
                "deliverables": 1.0,
                "fee_usd": 50.0,
                "evidence": "profile",
                "as_of": "2026-03-01T00:00:00Z",
                "start_at": "2026-03-01T00:00:00Z",
                "horizon_days": 7,
                "engagements": dict.fromkeys(
                    ("p05", "p10", "p25", "p50", "p75", "p90", "p95", "mean"), 100.0
                ),
                "cpe_usd": {"p10": 0.5, "p50": 0.5, "p90": 0.5},
                "warnings": ["a warning"],
            }
        ],
    }


# The parity test (training matrix = batch = HTTP) belongs here as soon as the real bundle is in the tree.


def test_one_bad_partnership_does_not_sink_the_others(client):
    response = ask(client, {**PROFILE, "followers": -1}, PROFILE, {"creator_id": "nobody"}, PROFILE)
    bad, good, unknown, last = response.json()["results"]
    assert response.status_code == 200
    assert [bad, unknown] == [
        {
            "partnership_id": "1",
            "errors": [
                {
                    "code": "below_minimum",
                    "where": "partnerships[0].followers",
                    "what": "is below 0, the least possible",
                    "expected": "a whole number from 0 to 1,000,000,000,000",
                    "got": -1,
                }
            ],
        },
        {
            "partnership_id": "3",
            "errors": [
                {
                    "code": "unknown_creator",
                    "where": "partnerships[2].creator_id",
                    "what": "is not known",
                    "expected": "a profile",
                    "got": "nobody",
                }
            ],
        },
    ]
    assert [good["partnership_id"], last["partnership_id"]] == ["2", "4"]


def test_when_none_can_be_scored_the_status_says_so_and_each_has_its_errors(client):
    response = ask(client, {"creator_id": "nobody"}, 7)
    body = response.json()
    assert response.status_code == 422
    assert body["code"] == "none_scored"
    assert [e["where"] for e in body["errors"]] == ["partnerships[0].creator_id", "partnerships[1]"]
    assert [len(result["errors"]) for result in body["results"]] == [1, 1]


def test_a_thousand_are_answered_in_order_and_one_more_is_refused(client):
    many = [{**PROFILE, "partnership_id": f"n{n}", "followers": n} for n in range(1000)]
    results = ask(client, *many).json()["results"]
    assert [r["partnership_id"] for r in results] == [f"n{n}" for n in range(1000)]
    assert [r["engagements"]["p50"] for r in results] == [n / 10 for n in range(1000)]
    assert ask(client, *many, PROFILE).status_code == 400


def test_recent_posts_are_history_and_the_creators_name_comes_back(client):
    posts = [{"posted_at": "2026-01-01T00:00:00Z", "likes": 5}]
    (result,) = ask(client, {**PROFILE, "creator_id": "nobody", "recent_posts": posts}).json()[
        "results"
    ]
    assert result["errors"][0]["where"] == "partnerships[0].creator_id"
    (result,) = ask(client, {**PROFILE, "creator_id": "a", "recent_posts": posts}).json()["results"]
    assert (result["evidence"], result["creator_id"]) == ("history", "a")


def test_unicode_goes_through(client):
    (result,) = ask(client, {**PROFILE, "partnership_id": "Ünï🍓\u0000", "handle": "名前"}).json()[
        "results"
    ]
    assert result["partnership_id"] == "Ünï🍓\u0000"


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_document_work(client, name):
    document = client.get("/v1/openapi.json").json()
    examples = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"][
        "application/json"
    ]["examples"]
    response = client.post("/v1/predict", json=examples[name]["value"])
    assert response.status_code == 200
    Answer.model_validate(response.json())


def test_health_and_model(client):
    assert client.get("/livez").status_code == client.get("/readyz").status_code == 200
    assert client.get("/schema.json").json()["name"] == "creatorcast"
    refused = client.post("/livez")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_path")
    told = client.get("/v1/model").json()
    assert len(told.pop("limits")) == 2
    assert told.pop("record")["coverage"] == []
    assert told == {"version": "v1", "trained_on": "simulated", "horizon_days": 7}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "unknown_path"),
        ("GET", "/page/nothing.js", {}, 404, "unknown_path"),
        ("POST", "/v1/predict/", JSON, 404, "unknown_path"),
        ("GET", "/v1/predict", {}, 405, "wrong_method"),
        ("DELETE", "/v1/model", {}, 405, "wrong_method"),
        ("POST", "/v1/predict", {}, 415, "not_json_type"),
        ("POST", "/v1/predict", {"content-type": "text/plain"}, 415, "not_json_type"),
        (
            "POST",
            "/v1/predict",
            {"content-type": "application/vnd.bentoml+pickle"},
            415,
            "not_json_type",
        ),
        (
            "POST",
            "/v1/predict",
            {"content-type": "application/json; charset=utf-8"},
            400,
            "not_json",
        ),
        ("POST", "/v1/predict", {**JSON, "content-length": "99999999"}, 413, "too_large"),
    ],
)
def test_every_refusal_has_the_one_shape(client, method, path, headers, status, code):
    response = client.request(
        method, path, headers=headers, content=b"{" if method == "POST" else None
    )
    assert response.status_code == status
    assert set(response.json()) == {"code", "errors"}
    assert response.json()["code"] == code
    assert [list(error) for error in response.json()["errors"]] == [
        ["code", "where", "what", "expected", "got"]
    ]
    assert response.json()["errors"][0]["code"] == code


@pytest.mark.parametrize(
    "body",
    [
        b'{"partnerships": [{"followers": NaN}]}',
        b'{"partnerships": [{"followers": Infinity}]}',
        b'{"partnerships": [{"followers": 1e400}]}',
        b'{"partnerships": [{"followers": ' + b"9" * 5000 + b"}]}",
        b'{"partnerships": ' + b"[" * 100_000,
        b'{"partnerships": [' + b'{"recent_posts":' * 600 + b"1" + b"}" * 600 + b"]}",
        b'[{"partnerships": []}]',
        b'{"partnerships": ["\\ud800"]}',
        b"\xff\xfe{}",
    ],
)
def test_hostile_bodies_are_refused_and_leave_no_trace(client, body, caplog):
    response = client.post("/v1/predict", content=body, headers=JSON)
    assert 400 <= response.status_code < 500
    assert caplog.text == ""


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
)
NAMES = st.sampled_from([*PROSPECTS.names, "recent_posts", "likes", "posted_at"]) | st.text(
    max_size=4
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
)


@settings(max_examples=150)
@given(rows=st.lists(st.dictionaries(NAMES, ANYTHING, max_size=5) | ANYTHING, max_size=3))
def test_whatever_is_sent_is_answered(client, rows):
    body = json.dumps({"partnerships": rows}).encode()
    assert client.post("/v1/predict", content=body, headers=JSON).status_code in (200, 400, 422)


def test_a_body_over_the_limit_is_refused_also_when_it_comes_in_chunks(small):
    body = json.dumps({"partnerships": [PROFILE] * 10}).encode()
    for content in (body, iter([body[:300], body[300:]])):
        response = small.post("/v1/predict", content=content, headers=JSON)
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert ask(small, PROFILE).status_code == 200


def test_when_too_many_are_waiting_the_next_is_told_to_come_back(tmp_path):
    promote(tmp_path, "v1")
    champion = champion_at(tmp_path)
    champion.refresh()
    response = ask(TestClient(build_app(champion, Limits(waiting=0))), PROFILE)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


def test_a_body_that_does_not_arrive_is_given_up(tmp_path):
    promote(tmp_path, "v1")
    champion = champion_at(tmp_path)
    champion.refresh()
    headers = [(b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/predict",
        "headers": headers,
        "query_string": b"",
    }
    sent = []

    async def send(message):
        sent.append(message)

    app = build_app(champion, Limits(body_seconds=0.05))
    asyncio.run(app(scope, functools.partial(asyncio.sleep, 60), send))
    assert sent[0]["status"] == 408


def test_a_fault_of_ours_is_a_500_without_the_request_in_answer_or_log(client, caplog):
    response = ask(client, {**PROFILE, "handle": "bug", "bio": "secret"})
    assert response.status_code == 500
    assert response.json()["code"] == "internal"
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text + response.text
    assert "Traceback" not in caplog.text


def test_without_a_champion_the_service_says_what_to_do(tmp_path):
    champion = champion_at(tmp_path)
    champion.refresh()
    app = TestClient(build_app(champion))
    response = ask(app, PROFILE)
    assert response.status_code == app.get("/v1/model").status_code == 503
    assert "`creatorcast promote`" in response.json()["errors"][0]["expected"]
    assert str(tmp_path) not in response.text


def test_a_new_champion_is_taken_and_a_broken_one_refused(tmp_path, caplog):
    promote(tmp_path, "v1")
    champion = champion_at(tmp_path)
    champion.refresh()
    first = champion.current
    champion.refresh()
    assert champion.current is first
    promote(tmp_path, "v2", broken=True)
    champion.refresh()
    champion.refresh()
    assert champion.current is first
    assert (
        len(
            [
                r
                for r in caplog.records
                if "no new champion" in r.message and "v1 stays" in r.message
            ]
        )
        == 1
    )
    promote(tmp_path, "v3")
    champion.refresh()
    assert champion.current.manifest["version"] == "v3"
    assert champion.reason == ""


def test_tables_that_cannot_be_read_keep_the_service_from_being_ready(tmp_path):
    def unreadable(folder):
        raise DataFolderError("is no folder")

    promote(tmp_path, "v1")
    champion = champion_at(tmp_path, tables=unreadable)
    champion.start()
    champion.stop()
    assert champion.current is None
    assert champion.reason.endswith("cannot be used: is no folder")


def test_rates_that_cannot_be_read_keep_the_service_from_being_ready(tmp_path):
    promote(tmp_path, "v1")
    (tmp_path / "rates.csv").write_text("currency,usd_per_unit\nEUR,-1\n")
    champion = ModelStore(
        Settings(tmp_path, rates=tmp_path / "rates.csv", poll_seconds=0.05),
        find=fake_find,
        load=fake_load,
    )
    champion.start()
    assert champion.current is None
    assert "rates.csv' cannot be used: 1 fault(s)" in champion.reason
    (tmp_path / "rates.csv").write_text("currency,usd_per_unit\nEUR,1.08\n")
    until(lambda: champion.current is not None, 20)
    champion.stop()
    assert champion.reason == ""


def test_known_creators_that_cannot_be_read_are_read_again_once_they_are_others(tmp_path):
    read = []

    def tables(folder):
        read.append(folder)
        if not (folder / "creators.csv").exists():
            raise DataFolderError("is no folder")

    promote(tmp_path, "v1")
    (tmp_path / "data").mkdir()
    settings = Settings(tmp_path, tmp_path / "data", poll_seconds=0.05)
    champion = ModelStore(settings, find=fake_find, load=fake_load, tables=tables)
    champion.start()
    time.sleep(0.3)
    assert (champion.current, len(read)) == (None, 1)
    (tmp_path / "data" / "creators.csv").write_text("")
    until(lambda: champion.current is not None, 20)
    (tmp_path / "data" / "creators.csv").unlink()
    time.sleep(0.3)
    champion.stop()
    assert (champion.current.manifest["version"], len(read)) == ("v1", 2)


def test_known_creators_are_read_once_and_given_to_every_bundle(tmp_path):
    given, read = [], []

    def load(folder, tables, rates):
        given.append(tables)
        return fake_load(folder, tables)

    promote(tmp_path, "v1")
    champion = champion_at(
        tmp_path, load=load, tables=lambda folder: read.append(folder) or "tables"
    )
    champion.start()
    promote(tmp_path, "v2")
    champion.refresh()
    champion.stop()
    assert (read, given) == ([None], ["tables", "tables"])


def test_the_service_imports_nothing_heavy():
    heavy = {"pandera", "mlflow", "matplotlib", "fastapi"}
    check = (
        f"import sys, serving.service, serving.worker; print(sorted({heavy} & set(sys.modules)))"
    )
    assert (
        subprocess.check_output([sys.executable, "-W", "ignore", "-c", check], text=True).strip()
        == "[]"
    )


def test_the_process_that_starts_the_workers_does_not_load_what_answers():
    heavy = {"lightgbm", "pandas", "pyarrow", "scipy", "sklearn", "sqlalchemy"}
    for module in ("serving.service", "serving.http.start_check"):
        check = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
        command = [sys.executable, "-W", "ignore", "-c", check]
        assert subprocess.check_output(command, text=True).strip() == "[]", module


FAKE_SERVICE = """
import functools, serving.service, serving.worker
from serving.http.model_store import ModelStore
from test_service import fake_find, fake_load
serving.worker.ModelStore = functools.partial(ModelStore, find=fake_find, load=fake_load)
Creatorcast = serving.service.Creatorcast
"""


def http(port, path, body=None, headers=JSON):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the service did not get there in time"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A `bentoml serve` process over the fakes: its port, its home, and the file of its output."""
    home = tmp_path_factory.mktemp("server")
    (home / "fake_service.py").write_text(FAKE_SERVICE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        Path(sys.executable).with_name("bentoml"),
        "serve",
        "fake_service:Creatorcast",
        "--port",
        str(port),
    ]
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    environment = {**os.environ, **ENVIRONMENT, "CREATORCAST_HOME": str(home), "PYTHONPATH": paths}
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=output, stderr=output)
    try:
        yield port, home, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def test_a_real_process_from_no_champion_to_the_second_one(server):
    port, home, _ = server
    question = json.dumps({"partnerships": [PROFILE]}).encode()
    until(lambda: http(port, "/livez")[0] == 200)
    assert http(port, "/readyz")[0] == http(port, "/v1/predict", question)[0] == 503
    promote(home, "v1")
    until(lambda: http(port, "/readyz")[0] == 200)
    until(lambda: (home / "output").read_text().count("champion is now v1") == 2)
    assert '"v1"' in http(port, "/v1/predict", question)[1]
    promote(home, "v2", broken=True)
    assert http(port, "/v1/predict", b'{"partnerships": "secret"')[0] == 400
    assert http(port, "/v1/secret%0A")[0] == 404
    assert http(port, "/v1/predict", b" " * 9_000_000)[0] == 413
    promote(home, "v3")
    until(lambda: (home / "output").read_text().count("champion is now v3") == 2)  # each worker
    assert all('"v3"' in http(port, "/v1/predict", question)[1] for _ in range(20))
    assert (
        'creatorcast_requests_total{code="503",endpoint="/v1/predict"}' in http(port, "/metrics")[1]
    )
    output = (home / "output").read_text()
    assert "Traceback" not in output
    assert "secret" not in output
    assert output.count("champion is now v3") == 2


def test_a_real_process_listens_on_loopback_only(server):
    port, _, process = server
    until(lambda: http(port, "/livez")[0] == 200)
    lines = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
    listening = [line.split()[1] for line in lines if line.split()[1].endswith(f":{port:04X}")]
    assert "00000000" not in {address.split(":")[0] for address in listening}
