import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.columns import COLUMNS
from features.derive import derive
from features.history import DAY_US, History
from features.reference import TooLittleData
from features.tables import Tables, read_tables, write_tables
from features.validate import validate
from features.version import FEATURES_VERSION
from models.bundle import BundleError, save_bundle
from models.pyfunc import BundleModel
from training.fit import Recipe
from training.moments import moment
from training.registry import RegistryError, registered_bundles
from training.train import backtest_file, data_digest, data_end, headline, train

RULES = {"creator's median", "mean of last 12", "followers x trailing rate", "ridge", "mean of the band"}


def test_the_record_has_the_usual_rules_for_seen_and_unseen_creators(trained):
    table = trained.backtest.table
    for split in ("seen", "unseen"):
        assert set(table[table["split"] == split]["forecaster"]) >= RULES
    assert trained.bundle.manifest["trained_on"] == "simulated"
    scores = trained.backtest.scores
    assert (pd.to_datetime(scores["posted"], unit="us", utc=True) > scores["cut"]).all()


def test_the_manifest_says_what_the_bundle_is_and_what_it_rests_on(trained, market_folder):
    manifest, tables = trained.bundle.manifest, validate(read_tables(market_folder))
    assert manifest["version"] == trained.folder.name
    assert manifest["version"].endswith(f"-{manifest['data_digest'][:6]}")
    assert manifest["data_digest"] == data_digest(tables)
    assert (manifest["source"], manifest["horizon_days"]) == ("creatorcast demo market", 7)
    history = History.of(tables)
    assert (manifest["accounts"], manifest["posts"]) == (150, len(history.engaged.time))
    assert manifest["until"] == moment(data_end(history).max()).isoformat()
    assert manifest["targets"] == list(manifest["rows"]) == ["engagements", "views"]
    assert manifest["recipe"]["sampling"]["per_post"] == 1
    assert manifest["backtest"]["cut"] == trained.backtest.cut.isoformat()
    kept = pd.DataFrame(manifest["backtest"]["table"])
    np.testing.assert_allclose(kept["mae"], trained.backtest.table["mae"], atol=1e-6)


def test_scores_are_kept_by_the_name_of_the_account(trained, home, market_folder):
    kept = pd.read_parquet(backtest_file(home, trained.bundle.version))
    creators = validate(read_tables(market_folder)).creators
    assert len(kept) == len(trained.backtest.scores)
    assert set(kept["creator"]) <= set(creators["platform"] + "/" + creators["creator_id"])


def test_the_headline_is_that_of_the_table(trained):
    found, ours = headline(trained.backtest), trained.backtest.table.iloc[0]
    assert len(found) == 14
    assert (found["seen_mae"], found["seen_crps"]) == (ours["mae"], ours["crps"])
    assert all(np.isfinite(value) for value in found.values())


def test_nothing_is_left_where_there_is_too_little_to_learn_from(tmp_path):
    creators = pd.DataFrame({"creator_id": ["a"], "platform": ["instagram"], "followers": [100.0]})
    write_tables(validate(Tables(creators=creators)), tmp_path / "data")
    with pytest.raises(TooLittleData, match="no post has known engagements"):
        train(tmp_path / "data", tmp_path / "home", Recipe())
    assert not (tmp_path / "home").exists()


def test_data_end_is_never_later_than_now(market_folder):
    history = History.of(validate(read_tables(market_folder)))
    early = replace(history, engaged=replace(history.engaged, time=history.engaged.time - 3000 * DAY_US))
    assert data_end(early).max() == early.engaged.time.max() + 7 * DAY_US
    late = replace(history, engaged=replace(history.engaged, time=history.engaged.time + 10_000 * DAY_US))
    assert data_end(late).max() <= time.time() * 1e6


def test_the_digest_of_the_data_ignores_the_order_of_rows_and_sees_a_value(market_folder):
    tables = validate(read_tables(market_folder))
    shuffled = type(tables)(tables.creators[::-1], tables.followers, tables.posts, tables.partnerships)
    assert data_digest(shuffled) == data_digest(tables)
    grown = tables.creators.assign(followers=tables.creators["followers"] + 1)
    changed = type(tables)(grown, tables.followers, tables.posts, tables.partnerships)
    assert data_digest(changed) != data_digest(tables)


def test_a_bundle_is_never_overwritten(trained):
    with pytest.raises(BundleError, match="exists already"):
        save_bundle(trained.bundle, trained.folder)


@pytest.fixture
def tracking_server(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{tmp_path / 'mlflow.db'}", "--artifacts-destination", str(tmp_path / "runs"),
    ]  # fmt: skip
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with open(tmp_path / "server.log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=tmp_path)
        try:
            yield _ready(f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()
            server.wait(timeout=20)


def _ready(address, server, seconds=180):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2).close()
            return address
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the tracking server did not start")


def mlflow_warnings(test):
    """Let pass what mlflow says of itself, and where it uses what its own dependencies deprecate."""
    for message in (
        "The ``noload`` loader strategy",
        ".*type hint is inferred as AnyType",
        ".*'str' dtypes are included by select_dtypes",
    ):
        test = pytest.mark.filterwarnings(f"ignore:{message}")(test)
    return test


@pytest.fixture
def tracking():
    from training import tracking  # takes seconds, so no other test pays for it

    yield tracking
    tracking.mlflow.set_tracking_uri(None)


@mlflow_warnings
def test_a_real_tracking_server_gets_run_and_model_and_gives_the_champion_back(
    trained, market_folder, tracking_server, tmp_path, tracking
):
    logged = tracking.log(trained, tmp_path, tracking_server)
    assert tracking.promote(trained.bundle.version, tmp_path, tracking_server) == logged.model_version
    file = f"sqlite:///{tmp_path / 'mlflow.db'}"
    bundles = {int(logged.model_version): trained.bundle.version}
    assert registered_bundles(tmp_path, tracking_server) == registered_bundles(tmp_path, file) == bundles
    run = tracking.mlflow.get_run(logged.run_id)
    model = tracking.mlflow.pyfunc.load_model("models:/creatorcast@champion")
    registered = tracking.mlflow.MlflowClient().get_model_version_by_alias("creatorcast", "champion")
    assert registered.run_id == logged.run_id
    assert registered.tags["bundle_version"] == run.data.params["version"] == trained.bundle.version
    assert registered.tags["features_version"] == str(FEATURES_VERSION)
    assert run.data.params["sampling.per_post"] == "1"
    assert {*run.data.metrics} == {*headline(trained.backtest)}
    assert run.data.tags["trained_on"] == "simulated"
    assert run.data.metrics["seen_mae"] == pytest.approx(trained.backtest.table["mae"][0])
    names = {item.path for item in tracking.mlflow.MlflowClient().list_artifacts(logged.run_id)}
    assert names >= {"pit.png", "coverage_by_cell.png", "error_by_forecaster.png", "backtest.json"}
    tables = validate(read_tables(market_folder))
    as_of = pd.Timestamp("2026-06-01", tz="UTC")
    asked = tables.creators[["creator_id", "platform"]].head(20).assign(as_of=as_of, start_at=as_of)
    x = derive(History.of(tables), asked, trained.bundle.reference).reset_index(drop=True)
    assert list(x) == list(COLUMNS)
    np.testing.assert_allclose(model.predict(x), BundleModel(trained.bundle).predict(x), rtol=1e-9)
    tracking.mlflow.MlflowClient().delete_model_version("creatorcast", logged.model_version)
    assert registered_bundles(tmp_path, tracking_server) == registered_bundles(tmp_path, file) == {}


@mlflow_warnings
def test_a_store_that_cannot_be_read_is_told_in_one_line(tmp_path, tracking):
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "mlflow.db").write_text("no database" * 100)
    with pytest.raises(RegistryError, match=r"^the MLflow store 'sqlite:///.*mlflow.db' cannot be asked: .*$"):
        tracking.promote("29990101-000000-absent", tmp_path, None)


@mlflow_warnings
def test_without_an_address_the_store_lies_under_home(tmp_path, tracking):
    assert tracking.promote("29990101-000000-absent", tmp_path, None) is None
    assert tracking.mlflow.get_tracking_uri() == f"sqlite:///{tmp_path / 'artifacts' / 'mlflow.db'}"
    experiment = tracking.mlflow.get_experiment_by_name("creatorcast")
    assert experiment.artifact_location == (tmp_path / "artifacts" / "mlruns").as_uri()
    assert [path.name for path in tmp_path.iterdir()] == ["artifacts"]
