"""POST /v1/lists/score and /v1/lists/file: one model for all rows, the files of the command, and an
end where the client goes away.
"""

import base64
import json
import warnings
from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from serving.batch import BatchOptions, score_file
from serving.http.errors import RequestRefused
from serving.http.lists import read_lists, score_stream
from serving.http.lists.score_file import answer_list_file
from serving.http.lists.score_stream import stream_list_scores
from serving.http.load_shedding import Unwanted
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
    made = answer_list_file(loaded, body(answer="csv"), NOW)
    assert made.content_type.startswith("text/csv")
    assert made.name == "mine.scored.csv"
    assert made.content == by_command.read_bytes()
    rejected = by_command.with_name("out.csv.rejected.csv").read_bytes()
    assert answer_list_file(loaded, body(answer="rejected"), NOW).content == rejected


def test_where_no_row_is_rejected_the_file_has_its_header(loaded):
    good = {"name": "a.csv", "text": "handle,platform,followers\nc1,x,1000\n"}
    sent = json.dumps({"file": good, "answer": "rejected"}).encode()
    assert (
        answer_list_file(loaded, sent, NOW).content == b"handle,platform,followers,line,reasons\n"
    )


def test_a_report_hides_fees_where_it_is_asked_to(loaded):
    page = answer_list_file(loaded, body(answer="report"), NOW).content.decode()
    hidden = answer_list_file(loaded, body(answer="report", hide_fees=True), NOW).content.decode()
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
    [folder] = tmp_path.iterdir()
    [file] = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    lines.close()
    assert list(tmp_path.iterdir()) == []


def stopped_at(calls):
    """Give a check that raises when it is called so often, and its count of calls."""
    count = []

    def check():
        count.append(1)
        if len(count) == calls:
            raise Unwanted

    return check, count


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5, 6])
def test_a_file_that_nobody_waits_for_is_not_made_to_its_end(loaded, calls, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    check, count = stopped_at(calls)
    with pytest.raises(Unwanted):
        answer_list_file(loaded, body(answer="xlsx"), NOW, check)
    assert len(count) == calls
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("path", "more"), [("score", {}), ("file", {"answer": "csv"})])
def test_a_list_that_is_too_long_is_refused_before_a_row_is_scored(loaded, path, more):
    app = build_app(SimpleNamespace(current=loaded))
    rows = "".join(f"c{number},x,1000\n" for number in range(20_001))
    given = {"file": {"name": "a", "text": "handle,platform,followers\n" + rows}, **more}
    answer = TestClient(app).post(f"/v1/lists/{path}", json=given)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_list")


def test_lines_of_the_text_that_are_no_rows_make_no_list_too_long(loaded, monkeypatch):
    monkeypatch.setattr(read_lists, "MOST_ROWS", 2)
    text = "handle,platform,followers,bio\n" + 'c1,x,1000,"a\nb\nc"\n' * 2
    sent = json.dumps({"file": {"name": "a", "text": text}}).encode()
    *_, end = stream_list_scores(loaded, sent, NOW, RequestLedger())
    assert json.loads(end)["counts"]["read"] == 2


def test_lines_of_base64_may_be_broken(loaded):
    packed = base64.encodebytes(LIST.encode()).decode()
    sent = json.dumps({"file": {"name": "a.csv", "base64": packed}, "answer": "csv"}).encode()
    assert answer_list_file(loaded, sent, NOW).content


@pytest.mark.parametrize("name", ["mine.xlsx", "mine.csv"])
@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0", b"PAR1"])
def test_what_is_no_list_is_told_by_its_own_name(tmp_path, monkeypatch, name, start):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    given = {"name": name, "base64": base64.b64encode(start + b"junk" * 9).decode()}
    sent, model = json.dumps({"file": given}).encode(), LoadedModel({"version": "one"}, None)
    with pytest.raises(RequestRefused) as refused:
        next(stream_list_scores(model, sent, NOW, RequestLedger()))
    assert str(tmp_path) not in str(refused.value.faults)


def test_a_file_has_the_name_of_its_list(loaded):
    app = build_app(SimpleNamespace(current=loaded))
    given = json.loads(body(answer="csv")) | {"file": {"name": 'Größe".csv', "text": LIST}}
    told = TestClient(app).post("/v1/lists/file", json=given).headers["content-disposition"]
    assert told == (
        "attachment; filename=\"Gr__e_.scored.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%22.scored.csv"
    )


def test_forecasts_are_kept_for_a_campaign_alone(loaded):
    kept = []
    keeper = SimpleNamespace(
        keep=lambda batches: kept.extend(batches) or "", lose=lambda number, why: why
    )
    assert "ledger" not in lines_of(loaded, RequestLedger(keeper))[-1]
    assert kept == []
    end = lines_of(loaded, RequestLedger(keeper), campaign="spring")[-1]
    assert end["ledger"] == "kept"
    assert sum(batch.n for batch in kept) == 1200


def test_unknown_measures_are_refused(loaded):
    with pytest.raises(RequestRefused):
        lines_of(loaded, rank_by="luck")
