"""What each door keeps: over HTTP, by score, plan and track; and that the ledger never costs an answer."""

import json
import os
import signal
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from click.testing import CliRunner
from test_running_service import running, two_bundles, until  # noqa: F401

from creatorcast import main
from ledger.forecast_entry import DOORS, LEVELS
from ledger.journal import journal_files
from ledger.keeper import ForecastKeeper
from ledger.settings import ledger_settings
from ledger.store import open_ledger
from models.champion import champion_version
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = "2026-06-15T00:00:00Z"
PROFILE = {"platform": "tiktok", "followers": 20_000, "niche": "food", "format": "video", "bio": "secret words",
           "avg_likes": 900, "avg_views": 30_000, "deliverables": 2, "fee_usd": 500.0, "handle": "@Anna"}  # fmt: skip
POSTS = [{"posted_at": "2026-06-01T00:00:00Z", "likes": 900, "comments": 30}]
TRACKED = {"platform": "tiktok", "followers": 20_000, "published": [
    {"post_id": "t1", "posted_at": "2026-06-01T00:00:00Z", "format": "video",
     "readings": [{"observed_at": "2026-06-04T00:00:00Z", "likes": 90, "comments": 3, "shares": 1, "views": 900}]},
    {"post_id": "t2", "posted_at": "2026-06-02T00:00:00Z",
     "readings": [{"observed_at": "2026-06-04T00:00:00Z", "views": 900}]}]}  # fmt: skip
FIGURES = ("p05", "p10", "p25", "p50", "p75", "p90", "p95")


@pytest.fixture(scope="module")
def app(home, market_folder):
    app = build_app()
    champion = ModelStore(Settings(home, market_folder))
    champion.start()
    app.state.champion = champion
    yield app
    champion.stop()


@pytest.fixture
def client(app, tmp_path):
    """Give a client of the app with a ledger, and without the thread that moves."""
    settings = ledger_settings(tmp_path, {"CREATORCAST_LEDGER": "on"})
    app.state.ledger = ForecastKeeper(settings, app.state.metrics.ledger)
    yield TestClient(app)
    app.state.ledger.stop()
    app.state.ledger = None


def post(client, door, *partnerships, **rest):
    body = {"as_of": AS_OF, "campaign": "spring", "partnerships": list(partnerships), **rest}
    answer = client.post(f"/v1/{door}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def kept(client, home):
    assert client.app.state.ledger.move() == ""
    with open_ledger(home) as ledger:
        return ledger.forecasts()


@pytest.mark.parametrize("door", ["predict", "rank", "explain", "track", "plan"])
def test_a_question_that_only_tries_something_out_is_not_kept(client, tmp_path, door):
    asked = TRACKED if door == "track" else PROFILE
    rest = {"budget": 1000} if door == "plan" else {}
    answer = post(client, door, asked, keep=False, **rest)
    assert answer["ledger"] == "not kept: the request asked for that"
    assert len(kept(client, tmp_path)) == 0


def test_what_is_kept_is_what_was_answered(client, tmp_path, market_folder, home):
    known = pd.read_parquet(market_folder / "posts.parquet").iloc[0]
    creator = {"creator_id": known["creator_id"], "platform": known["platform"]}
    asked = [PROFILE, {**PROFILE, "recent_posts": POSTS, "completion_rate": 0.5}, creator,
             {"followers": -1}, {"platform": "instagram", "followers": 900, "package": "1 short and 2 stories"}]  # fmt: skip
    asked = [{**one, "partnership_id": str(number)} for number, one in enumerate(asked, 1)]
    asked[0].pop("partnership_id")
    asked[2]["start_at"] = "2026-07-01T00:00:00Z"
    answer = post(client, "predict", *asked)
    assert answer["ledger"] == "kept"
    results = {one["partnership_id"]: one for one in answer["results"] if "errors" not in one}
    found = kept(client, tmp_path)
    names = ["1" if name is None else name for name in found["partnership_id"]]
    assert found["partnership_id"].isna().sum() == 1  # an answer has the row's number, no forecast
    assert "partnership_id" not in found["question"][names.index("1")]
    start = pd.Timestamp("2026-07-01", tz="UTC").value // 1000
    assert found["start_at"].notna().tolist() == [name == "3" for name in names]
    assert found["start_at"][names.index("3")] == start
    found = found.set_index(pd.Index(names))
    assert set(found.index) == set(results) == {"1", "2", "3", "5"}
    for name, row in found.iterrows():
        one = results[name]
        for measure in ("engagements", "views"):
            if one[measure] is None:
                assert row[measure] is None
                continue
            quantiles = [row[measure][LEVELS.index(int(level[1:]) / 100)] for level in FIGURES]
            np.testing.assert_allclose(quantiles, [one[measure][level] for level in FIGURES])
            assert row[f"{measure}_mean"] == pytest.approx(one[measure]["mean"])
            assert np.all(np.diff(row[measure]) >= 0)
        for column in ("platform", "evidence", "band", "niche", "verdict", "package", "creator_id"):
            assert row[column] == one[column]
        for column in ("fee_usd", "break_even_fee_usd", "probability_benchmark", "horizon_days"):
            assert row[column] == one[column] or (np.isnan(row[column]) and one[column] is None)
        assert list(row["warnings"]) == one["warnings"]
        assert row["model_version"] == champion_version(home)
    assert found.loc["2", "question"]["recent_posts"] == 1
    assert found.loc["1", "question"]["fee_usd"] == 500.0
    assert "secret words" not in json.dumps(found["question"].tolist())
    has_location = found["location"].notna()
    assert has_location.to_dict() == {"1": True, "2": False, "3": True, "5": False}
    assert found.loc["3", "alternative_engagements"] > 0
    assert set(found.loc["1", "inputs"]) > {"followers_log", "lead_days", "platform", "evidence"}


def test_every_endpoint_keeps_its_forecasts(client, tmp_path):
    for door in ("predict", "rank", "explain"):
        post(client, door, PROFILE)
    offers = [{**PROFILE, "partnership_id": "a"}, {"platform": "x", "followers": 500, "partnership_id": "b"}]  # fmt: skip
    plan = post(client, "plan", *offers, budget=4000)
    tracked = post(client, "track", TRACKED)
    assert tracked["ledger"] == "kept; 1 not kept: only their views were read"
    found = kept(client, tmp_path)
    assert set(found["campaign"]) == {"spring"}
    doors = found["door"].value_counts().to_dict()
    assert doors == {
        "predict": 1, "rank": 1, "explain": 1, "track": 1, "plan": len(plan["roster"]),
    }  # fmt: skip
    by_plan = found[found["door"] == "plan"].set_index("partnership_id")
    for one in plan["roster"]:
        quantiles = by_plan.loc[one["partnership_id"], "engagements"]
        assert quantiles[LEVELS.index(0.9)] == pytest.approx(one["engagements"]["p90"])
    [post_row] = found[found["door"] == "track"].itertuples()
    assert (post_row.post_id, post_row.deliverables) == ("t1", 1.0)
    assert post_row.partnership_id is None
    told = tracked["results"][0]["posts"][0]["engagements"]["horizon"]
    assert post_row.engagements[LEVELS.index(0.1)] == pytest.approx(told["p10"])
    assert set(found["door"]) < set(DOORS)
    without_id = [{**one, "post_id": None} for one in TRACKED["published"]]
    post(client, "track", {**TRACKED, "published": without_id})
    found = kept(client, tmp_path)
    assert found.loc[found["door"] == "track", "post_id"].tolist() == ["t1", None]


def test_an_answer_is_given_whatever_becomes_of_its_forecast(app, client, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("a fault")

    monkeypatch.setattr("serving.ledger_entries.quantiles_at_levels", fail)
    told = post(client, "predict", PROFILE)["ledger"]
    assert told == "not kept: they could not be described (RuntimeError)"
    monkeypatch.undo()
    settings = ledger_settings(
        tmp_path, {"CREATORCAST_LEDGER": "on", "CREATORCAST_LEDGER_JOURNAL": "/dev/null/x"}
    )
    kept_before = app.state.ledger
    app.state.ledger = ForecastKeeper(settings)
    told = [post(client, door, PROFILE)["ledger"] for door in ("predict", "rank", "explain")]
    assert told == ["not kept: the journal cannot be written: Not a directory"] * 3
    app.state.ledger = None
    assert post(client, "predict", PROFILE)["ledger"].startswith("not kept: the service has no led")
    assert "ledger" not in post(client, "predict", PROFILE, campaign=None)
    app.state.ledger = kept_before
    [lost] = [
        line for line in client.get("/metrics").text.splitlines()
        if line.startswith("creatorcast_ledger_lost_total ")
    ]  # fmt: skip
    assert float(lost.split()[1]) >= 1


@pytest.mark.parametrize("door", ["predict", "plan", "track"])
def test_a_campaign_has_one_name_however_it_is_written(client, tmp_path, door):
    rest = {"budget": 4000} if door == "plan" else {}
    asked = TRACKED if door == "track" else PROFILE
    post(client, door, asked, campaign="  spring ", **rest)
    assert set(kept(client, tmp_path)["campaign"]) == {"spring"}
    for name, told in {
        "two\nlines": "holds U+000A", " ": "is blank", "x" * 201: "has 201 characters",
        "spring\u200b": "holds U+200B ZERO WIDTH SPACE at position 7, which cannot be seen",
    }.items():  # fmt: skip
        body = {"campaign": name, "partnerships": [asked], **rest}
        [error] = client.post(f"/v1/{door}", json=body).json()["errors"]
        assert (error["where"], error["code"]) == ("campaign", "bad_name")
        assert told in error["what"]


def run(home, *args, code=0, **environment):
    told = CliRunner().invoke(
        main, [str(arg) for arg in args], env={"CREATORCAST_HOME": str(home), **environment}
    )
    assert told.exit_code == code, told.output
    return told.output


@pytest.fixture
def own_home(home, tmp_path):
    """Give a home with the champion of the market and a ledger of its own."""
    (tmp_path / "home" / "artifacts").mkdir(parents=True)
    for name in ("bundles", "champion"):
        (tmp_path / "home" / "artifacts" / name).symlink_to(home / "artifacts" / name)
    return tmp_path / "home"


def test_a_campaign_is_scored_kept_listed_exported_and_erased(own_home, tmp_path):
    people = ["@Anna", "Berta", "Carla"]
    lines = [f"{name},{name},tiktok,{20_000 + n},100" for n, name in enumerate(people)]
    source, out = tmp_path / "list.csv", tmp_path / "out.csv"
    source.write_text(
        "\n".join(["partnership_id,handle,platform,followers,fee_usd", *lines, "x,,,,"])
    )
    command = ("score", source, "--out", out, "--as-of", AS_OF, "--campaign", "spring")
    told = run(own_home, *command, code=3)
    assert "4 read = 3 scored + 1 rejected" in told
    assert "3 forecasts kept in the ledger (campaign spring)" in told
    first = out.read_bytes()
    told = run(own_home, *command, code=3)  # the same list at the same moment
    assert "0 new forecasts kept in the ledger (campaign spring), 3 were there already" in told
    plan = ("plan", source, "--budget", 400, "--max-deliverables", 1, "--as-of", AS_OF)
    told = run(own_home, *plan, "--campaign", "plan", code=3)
    assert "3 forecasts kept in the ledger (campaign plan)" in told
    assert out.read_bytes() == first
    assert "3 forecasts" in run(own_home, "ledger", "list", "--campaign", "spring")
    assert "1 of 2 forecasts" in run(
        own_home, "ledger", "list", "--creator", "@berta", "--limit", 1
    )
    for ending in ("csv", "xlsx", "parquet"):
        run(own_home, "ledger", "export", tmp_path / f"all.{ending}", "--campaign", "spring")
    tables = [pd.read_csv(tmp_path / "all.csv"), pd.read_excel(tmp_path / "all.xlsx"),
              pd.read_parquet(tmp_path / "all.parquet")]  # fmt: skip
    for table in tables:
        assert table["forecast_id"].tolist() == tables[2]["forecast_id"].tolist()
        assert table["engagements"].tolist() == tables[2]["engagements"].tolist()
        assert set(table["partnership_id"].str.removeprefix("'")) == set(people)
    assert "'@Anna" in (tmp_path / "all.csv").read_text()
    assert "6 forecasts" in run(own_home, "ledger", "status")
    for blank in ("", " ", "@"):
        told = run(own_home, "ledger", "erase", "--creator", blank, code=2)
        assert "names nothing: name a creator" in told
    told = run(own_home, "ledger", "list", "--campaign", "sprung", code=2)
    assert "no campaign 'sprung': it has 'plan', 'spring'" in told
    told = run(own_home, "ledger", "export", tmp_path / "no" / "all.csv", code=2)
    assert "the folder" in told
    told = run(own_home, "ledger", "erase", "--creator", "@BERTA", "--platform", "tiktok")
    assert told.startswith("2 forecasts, 0 readings and 0 damaged lines")
    folder = own_home / "artifacts"
    files = [*folder.glob("ledger.db*"), *journal_files(folder / "ledger-journal")]
    assert [file for file in files if b"berta" in file.read_bytes().lower()] == []
    assert any(b"Carla" in file.read_bytes() for file in files)
    told = run(own_home, "ledger", "prune", "--older-than", "1d")
    assert told.startswith("0 forecasts")
    assert "no age" in run(own_home, "ledger", "prune", "--older-than", "soon", code=2)


def test_a_command_that_reads_makes_no_ledger(own_home, tmp_path):
    out = tmp_path / "out.csv"
    for command in (
        ("ledger", "list"), ("ledger", "status"), ("ledger", "export", out), ("watch",),
        ("review", "spring"), ("outcomes", "--history", "x"), ("ledger", "erase", "--creator", "x"),
    ):  # fmt: skip
        assert "there is no ledger at" in run(own_home, *command, code=2)
    assert list((own_home / "artifacts").glob("ledger*")) == []


def test_a_ledger_that_cannot_be_opened_costs_no_answer_of_a_list(own_home, tmp_path):
    source, out = tmp_path / "list.csv", tmp_path / "out.csv"
    source.write_text("platform,followers\ntiktok,20000\n")
    command = ("score", source, "--out", out, "--as-of", AS_OF)
    down = {"CREATORCAST_LEDGER": "postgresql://me:secret@127.0.0.1:9/db"}
    told = run(own_home, *command, **down)
    assert "1 forecast NOT yet in the ledger: ledger '127.0.0.1:9/db' cannot be opened" in told
    assert "secret" not in told
    told = run(own_home, *command, CREATORCAST_LEDGER="on", CREATORCAST_LEDGER_JOURNAL="/dev/null")
    assert "1 forecast NOT kept: the journal cannot be written" in told
    assert out.read_text().count("\n") == 2
    assert ": 1 forecasts wait" in run(own_home, "ledger", "status", code=2, **down)
    told = run(own_home, "outcomes", "--history", "p")  # as any command that opens the ledger
    assert "1 forecast was taken from the journal" in told
    told = run(own_home, *command, CREATORCAST_LEDGER="on", CREATORCAST_LEDGER_JOURNAL_MB="0.0001")
    assert "1 forecast NOT kept: the journal is full" in told
    told = run(own_home, "ledger", "status")
    assert ": 0 forecasts wait" in told
    assert "1 forecasts were lost, the last on" in told
    assert "expected on, off" in run(own_home, *command, code=2, CREATORCAST_LEDGER="yes")


def confirmed(service, answers, stop):
    """Ask until told to stop; note every id whose answer says that it is kept."""
    number = 0
    name = threading.current_thread().name
    while not stop.is_set():
        ids = [f"{name}-{number}-{part}" for part in range(3)]
        partnerships = [{"partnership_id": one, "platform": "x", "followers": 900} for one in ids]
        number += 1
        try:
            _, _, content = service.ask(json.dumps({"partnerships": partnerships}).encode())
            if json.loads(content).get("ledger") == "kept":
                answers += ids
        except (OSError, ValueError):
            stop.wait(0.05)


@pytest.mark.slow
def test_a_service_that_is_killed_under_load_loses_nothing_that_it_confirmed(
    two_bundles,  # noqa: F811
    tmp_path,
):
    home, answers, stop = tmp_path / "home", [], threading.Event()
    (home / "artifacts").mkdir(parents=True)
    for name in ("bundles", "champion"):
        (home / "artifacts" / name).symlink_to(two_bundles / "artifacts" / name)
    with running(tmp_path / "first", home, CREATORCAST_LEDGER="on") as service:
        clients = [
            threading.Thread(target=confirmed, args=(service, answers, stop)) for _ in range(3)
        ]
        for client in clients:
            client.start()
        time.sleep(3)
        [victim, _] = service.workers()
        victim.kill()  # one worker: its sibling moves what it left
        until(lambda: service.logged("champion is now") == 3, 120)
        time.sleep(2)
        family = [service.process, *psutil.Process(service.process.pid).children(recursive=True)]
        for process in family:  # all at once
            os.kill(process.pid, signal.SIGKILL)
        stop.set()
        for client in clients:
            client.join()
    with running(tmp_path / "second", home, CREATORCAST_LEDGER="on") as service:
        until(lambda: not any(path.stat().st_size for path in left(home)), 60)
        figures = service.ask(None, "/metrics")[2].decode()
    assert "creatorcast_ledger_waiting 0.0" in figures
    with open_ledger(home) as ledger:
        found = ledger.forecasts()["partnership_id"].value_counts()
    assert len(answers) > 300
    assert set(answers) <= set(found.index)
    assert found.max() == 1
    print(f"{len(answers):,} confirmed, {len(found):,} in the ledger, none twice")


def left(home):
    return journal_files(Path(home) / "artifacts" / "ledger-journal")
