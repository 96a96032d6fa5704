"""A remote tracking server: real processes, over Postgres, reached by its address alone; and what a
run says.
"""

import contextlib
import http.server
import shutil
import threading
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner
from tracking_server import free_port, mlflow_warnings, tracking_server

from creatorcast import main
from features.derive.catalog import COLUMNS
from features.derive.derive import derive
from features.derive.version import FEATURES_VERSION
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.validate import validate
from models.bundle import save_bundle
from models.bundle_folders import bundles_folder
from serving.registered_model.model import PartnershipModel
from training.registry import registered_bundles
from training.train import headline_metrics

OTHER = "20250101-000000-second"


@pytest.fixture(scope="module")
def server(postgres, tmp_path_factory):
    """Give a server over Postgres: its address, and the folder of its files."""
    folder = tmp_path_factory.mktemp("tracking")
    with tracking_server(folder, postgres.new_database(), folder / "files") as address:
        yield SimpleNamespace(address=address, files=folder / "files")


@pytest.fixture
def client_home(home, trained, tmp_path):
    """Give a home with two bundles and no store: the second has another recipe."""
    copied = tmp_path / "home"
    ignored = shutil.ignore_patterns("ml*", "champion*")
    shutil.copytree(home / "artifacts", copied / "artifacts", ignore=ignored)
    manifest = trained.bundle.manifest
    location = {**manifest["recipe"]["location"], "trees": 31}
    recipe = {**manifest["recipe"], "location": location}
    other = {**manifest, "version": OTHER, "recipe": recipe}
    save_bundle(replace(trained.bundle, manifest=other), bundles_folder(copied) / OTHER)
    for kind in (".json", ".parquet"):
        files = copied / "artifacts" / "backtests"
        shutil.copy(files / f"{manifest['version']}{kind}", files / f"{OTHER}{kind}")
    return copied


@pytest.fixture
def run(client_home, monkeypatch, tmp_path):
    """Run a command of the home against a tracking address; give the result."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREATORCAST_HOME", str(client_home))

    def invoke(address, *arguments):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        result = CliRunner().invoke(main, list(arguments), prog_name="creatorcast")
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    yield invoke
    import mlflow

    mlflow.set_tracking_uri(None)


@mlflow_warnings
def test_a_server_over_postgres_by_its_address_alone(
    server, run, client_home, trained, market_folder, pictures_drawn_once
):
    address, first = server.address, trained.bundle.version
    logged = run(address, "log", first)
    assert (logged.exit_code, logged.stdout) == (
        0,
        f"logged to {address}, registered as version 1\n",
    )
    promoted = run(address, "promote", OTHER, "--force", *reason_of_force())
    assert promoted.exit_code == 0, promoted.stderr
    assert registered_bundles(client_home, address) == {1: first, 2: OTHER}
    assert run(address, "promote", first, "--force", *reason_of_force()).exit_code == 0
    assert f"champion is again {OTHER}" in run(address, "rollback").stdout
    assert f"{OTHER}" in run(address, "bundles").stdout
    assert run(address, "ui").stdout.startswith(f"the runs are on {address}/#/experiments?")
    left = {path.name for path in (client_home / "artifacts").iterdir()}
    assert not left & {"mlflow.db", "mlruns"}  # all is with the server
    import mlflow

    client = mlflow.MlflowClient(address)
    champion = client.get_model_version_by_alias("creatorcast", "champion")
    assert champion.tags["bundle_version"] == OTHER
    assert champion.tags["features_version"] == str(FEATURES_VERSION)
    assert champion.description == client.get_run(champion.run_id).data.tags["mlflow.note.content"]
    before, after = (
        client.get_run(client.get_model_version("creatorcast", n).run_id) for n in "12"
    )
    check_first_run(before, trained, client)
    check_second_run(after, before)
    check_model(trained, market_folder, client_home)


def reason_of_force():
    """Give the options that `promote --force` needs beside it."""
    from commands.champion import promote

    return ("--reason", "a test") if any(p.name == "reason" for p in promote.params) else ()


def check_first_run(run, trained, client):
    """Check what the first run of an experiment says."""
    manifest, record = trained.bundle.manifest, trained.backtest
    experiment = client.get_experiment(run.info.experiment_id)
    assert experiment.name.startswith("creatorcast demo market (simulated) ")
    assert run.info.run_name.startswith(f"first run | until {manifest['until'][:10]}, 150 accounts")
    note = run.data.tags["mlflow.note.content"]
    row = record.table.iloc[0]
    assert f"MAE of ln {row['mae']:.3f} (95 % interval {row['mae_low']:.3f} to" in note
    assert f"n = {row['rows']:,} posts of {row['creators']:,} creators" in note
    tiktok = manifest["platforms"]["tiktok"]
    period = f"{tiktok['first_post'][:10]} | {tiktok['until'][:10]} |"
    assert f"| TikTok | {tiktok['accounts']} | {tiktok['posts']:,} | {period}" in note
    parameters = run.data.params
    assert parameters["version"] == run.data.tags["bundle_version"] == manifest["version"]
    assert (parameters["sampling.per_post"], parameters["location.trees"]) == ("1", "30")
    assert parameters["made_with.lightgbm"] == manifest["made_with"]["lightgbm"]
    metrics = run.data.metrics
    told = headline_metrics(pd.DataFrame(manifest["backtest"]["table"]))
    assert metrics.items() >= told.items()
    assert metrics["seen_rows"] == row["rows"]
    tiktok = record.by_platform.set_index(["split", "platform"]).loc[("seen", "tiktok")]
    assert metrics["crps/seen/platform/tiktok"] == pytest.approx(tiktok["crps"])
    assert metrics["rows/seen/platform/tiktok"] == tiktok["rows"]
    rule = record.table.set_index(["split", "forecaster"]).loc[("seen", "creator's median")]
    assert metrics["mae/seen/baseline/creators_median"] == pytest.approx(rule["mae"], rel=1e-4)
    assert {"coverage_80/seen/evidence/profile", "mae/seen/band/nano"} <= {*metrics}
    stages = {name for name in metrics if name.startswith("seconds/")}
    assert stages >= {"seconds/read", "seconds/backtest", "seconds/fit", "seconds/log"}
    (data,) = run.inputs.dataset_inputs
    assert data.dataset.digest == manifest["data_digest"][:36]
    assert data.dataset.name == experiment.name
    assert [(tag.key, tag.value) for tag in data.tags] == [("mlflow.data.context", "training")]
    names = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert names >= {"pit.png", "reliability.png", "coverage_by_cell.png", "width_by_cell.png"}
    assert names >= {"error_by_followers.png", "error_by_history.png", "learning_curve.png"}
    assert names >= {"importance_engagements.png", "effects_views.png", "columns.md"}
    assert names >= {"model_card.md", "model_card.html", "backtest.json", "maturation.json"}


def check_second_run(run, before):
    """Check that a run says what differs from the one before."""
    assert run.info.experiment_id == before.info.experiment_id
    assert run.info.run_name.startswith("location.trees=31 | ")
    note = run.data.tags["mlflow.note.content"]
    assert (
        f"**Changed** against *{before.info.run_name}*:\n\n- location.trees: 31, before 30" in note
    )
    assert note.count("\n- location") == 1


def check_model(trained, market_folder, client_home):
    """Check that the model that the server gives back predicts as the bundle does."""
    import mlflow

    model = mlflow.pyfunc.load_model("models:/creatorcast/1")
    tables = validate(read_tables(market_folder))
    as_of = pd.Timestamp("2026-06-01", tz="UTC")
    asked = tables.creators[["creator_id", "platform"]].head(20).assign(as_of=as_of, start_at=as_of)
    x = derive(History.from_tables(tables), asked, trained.bundle.reference).reset_index(drop=True)
    assert list(x) == list(COLUMNS)
    pd.testing.assert_frame_equal(
        model.predict(x), PartnershipModel(trained.bundle).predict(x), check_frame_type=False
    )


@pytest.mark.slow
@mlflow_warnings
def test_files_that_the_server_cannot_take_lose_nothing_and_log_mends_it(
    server, run, client_home, trained
):
    version = trained.bundle.version
    before = registered_bundles(client_home, server.address)
    kept = server.files.rename(server.files.with_name("kept"))
    server.files.write_text("no folder")
    try:
        if version in before.values():
            forget(server.address, version)
        result = run(server.address, "log", version)
    finally:
        server.files.unlink()
        kept.rename(server.files)
    assert result.exit_code == 2
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("creatorcast: ")]
    assert line.startswith(f"creatorcast: the bundle {version} is kept in '")
    assert f"the MLflow store '{server.address}' cannot be used: " in line
    assert line.endswith(f"; once that is mended: creatorcast log {version}")
    assert version not in registered_bundles(client_home, server.address).values()
    assert run(server.address, "log", version).exit_code == 0
    assert version in registered_bundles(client_home, server.address).values()


def forget(address, version):
    """Delete the versions of a bundle from the registry."""
    import mlflow

    client = mlflow.MlflowClient(address)
    for found in client.search_model_versions("name = 'creatorcast'"):
        if found.tags.get("bundle_version") == version:
            client.delete_model_version("creatorcast", found.version)


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers as a proxy before a server does that asks for a password."""

    def do_GET(self):
        body = b"<html><body><h1>401 Authorization Required</h1></body></html>"
        self.send_response(401)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def refusing():
    """Give the address of a server that refuses everybody."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@mlflow_warnings
@pytest.mark.parametrize("fault", ["nobody answers", "access is refused"])
def test_a_server_that_cannot_be_used_is_one_sentence_and_loses_no_bundle(
    run, client_home, trained, monkeypatch, fault
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    version = trained.bundle.version
    nobody = contextlib.nullcontext(f"http://127.0.0.1:{free_port()}")
    with nobody if fault == "nobody answers" else refusing() as address:
        result = run(address, "log", version)
        assert (result.exit_code, result.stdout) == (2, "")
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("creatorcast: ")]
        assert line.startswith(f"creatorcast: the bundle {version} is kept in '")
        assert f"the MLflow store '{address}' cannot be used: " in line
        assert line.endswith(f"; once that is mended: creatorcast log {version}")
        reason = "Connection refused" if fault == "nobody answers" else "401"
        assert reason in line
        assert run(address, "bundles").exit_code in (0, 2)
    assert (bundles_folder(client_home) / version / "manifest.json").is_file()
