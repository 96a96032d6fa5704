"""POST /v1/lists/score and /v1/lists/file: one model for all rows, the files of the command, and an
end where the client goes away.
"""

import json
import warnings
from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from serving.batch import BatchOptions, score_file
from serving.http.errors import RequestRefused
from serving.http.lists import score_stream
from serving.http.lists.score_file import answer_list_file
from serving.http.lists.score_stream import stream_list_scores
from serving.http.model_store import LoadedModel
from serving.http.request_ledger import RequestLedger
from serving.http.routes import build_app

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = "".join(f"c{number},x,{1000 + number},{50 + number} USD\n" for number in range(1200))
LIST = "handle,platform,followers,fee\n" + ROWS + "bad,myspace,x,\n"
FILE = {"name": "mine.csv", "text": LIST}


@pytest.fixture(scope="module")
def loaded(scorer):
    return LoadedModel(scorer.bundle.manifest, scorer)


def body(**more):
    return json.dumps({"file": FILE, "as_of": NOW.isoformat(), **more}).encode()


def lines_of(loaded, ledger=None, **more):
    lines = stream_list_scores(loaded, body(**more), NOW, ledger or RequestLedger())
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def by_command(scorer, tmp_path_factory):
    """Give the answers of `creatorcast score` to the list."""
    folder = tmp_path_factory.mktemp("scored")
    (folder / "mine.csv").write_text(LIST)
    score_file(folder / "mine.csv", folder / "out.csv", scorer, pd.Timestamp(NOW), BatchOptions())
    return folder / "out.csv"


def test_lines_have_the_figures_of_the_command_and_its_order(loaded, by_command):
    begin, *parts, end = lines_of(loaded)
    rows = [row for part in parts for row in part["rows"]]
    assert [begin["kind"], end["kind"]] == ["begin", "end"]
    assert end["counts"] == {"read": 1201, "scored": 1200, "rejected": 1, "blank": 0}
    frame = pd.read_csv(by_command)
    assert [row["line"] for row in rows] == list(range(2, 1202))
    for name in ("engagements_p50", "cpe_usd_p50", "probability_benchmark"):
        told = pd.Series([row[name] for row in rows], dtype=float)
        pd.testing.assert_series_equal(told, frame[name], check_names=False)
    order = frame["cpe_usd_p50"].sort_values(kind="stable").index.tolist()
    assert end["ranking"]["order"] == order
    [rejected] = [row for part in parts for row in part["rejected"]]
    assert {fault["column"] for fault in rejected["faults"]} >= {"followers"}


def test_the_file_is_that_of_the_command(loaded, by_command):
    content_type, content = answer_list_file(loaded, body(answer="csv"), NOW)
    assert content_type.startswith("text/csv")
    assert content == by_command.read_bytes()
    rejected = by_command.with_name("out.csv.rejected.csv").read_bytes()
    assert answer_list_file(loaded, body(answer="rejected"), NOW)[1] == rejected


def test_a_report_hides_fees_where_it_is_asked_to(loaded):
    page = answer_list_file(loaded, body(answer="report"), NOW)[1].decode()
    hidden = answer_list_file(loaded, body(answer="report", hide_fees=True), NOW)[1].decode()
    assert "USD" in page
    assert "USD" not in hidden


def test_a_list_keeps_its_model_while_another_takes_its_place(loaded, monkeypatch):
    app = build_app(SimpleNamespace(current=loaded))
    scored = score_stream._ListScores.add

    def swap(*arguments):
        app.state.champion.current = LoadedModel({"version": "other"}, None)
        return scored(*arguments)

    monkeypatch.setattr(score_stream._ListScores, "add", swap)
    answer = TestClient(app).post("/v1/lists/score", json=json.loads(body()))
    begin, *_, end = map(json.loads, answer.text.splitlines())
    assert begin["model_version"] == loaded.manifest["version"]
    assert end["counts"]["scored"] == 1200


def test_what_fails_meanwhile_is_told_in_the_last_line(loaded, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(score_stream._ListScores, "end", fail)
    app = build_app(SimpleNamespace(current=loaded))
    answer = TestClient(app).post("/v1/lists/score", json=json.loads(body()))
    last = json.loads(answer.text.splitlines()[-1])
    assert (last["kind"], last["code"]) == ("error", "internal")
    assert "secret" not in answer.text


def test_what_is_no_list_is_refused_before_the_first_line(loaded):
    app = build_app(SimpleNamespace(current=loaded))
    given = {"file": {"name": "a", "text": "nothing\nof it"}}
    for path, more in (("score", {}), ("file", {"answer": "csv"})):
        answer = TestClient(app).post(f"/v1/lists/{path}", json={**given, **more})
        assert (answer.status_code, answer.json()["code"]) == (422, "no_list")


def test_the_work_ends_and_the_file_goes_where_nobody_reads(loaded, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    lines = stream_list_scores(loaded, body(), NOW, RequestLedger())
    next(lines)
    assert len(list(tmp_path.iterdir())) == 1
    lines.close()
    assert list(tmp_path.iterdir()) == []


def test_forecasts_are_kept_for_a_campaign_alone(loaded):
    kept = []
    keeper = SimpleNamespace(
        keep=lambda batches: kept.extend(batches) or "", lose=lambda number, why: why
    )
    lines_of(loaded, RequestLedger(keeper))
    assert kept == []
    end = lines_of(loaded, RequestLedger(keeper), campaign="spring")[-1]
    assert end["ledger"] == "kept"
    assert sum(batch.n for batch in kept) == 1200


def test_unknown_measures_are_refused(loaded):
    with pytest.raises(RequestRefused):
        lines_of(loaded, rank_by="luck")
