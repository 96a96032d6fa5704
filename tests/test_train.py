import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import warnings

import numpy as np
import pandas as pd
import pytest

from features.columns import COLUMNS
from features.derive import derive
from features.history import History
from features.tables import read_tables
from features.validate import validate
from models.bundle import BundleError, champion_file, load_bundle, save_bundle
from models.pyfunc import BundleModel
from training.promote import PromotionRefused, compare, promote
from training.train import backtest_file, data_digest

RULES = {"creator's median", "mean of last 12", "followers x trailing rate", "ridge", "mean of the band"}


def test_the_record_has_the_usual_rules_for_seen_and_unseen_creators(trained):
    table = trained.backtest.table
    for split in ("seen", "unseen"):
        assert set(table[table["split"] == split]["forecaster"]) >= RULES
    assert trained.bundle.manifest["trained_on"] == "simulated"
    assert (pd.to_datetime(trained.backtest.scores["posted"], unit="us", utc=True) > trained.backtest.cut).all()


def test_the_digest_of_the_data_ignores_the_order_of_rows_and_sees_a_value(market_folder):
    tables = validate(read_tables(market_folder))
    shuffled = type(tables)(tables.creators[::-1], tables.followers, tables.posts, tables.partnerships)
    assert data_digest(shuffled) == data_digest(tables)
    grown = tables.creators.assign(followers=tables.creators["followers"] + 1)
    changed = type(tables)(grown, tables.followers, tables.posts, tables.partnerships)
    assert data_digest(changed) != data_digest(tables)


@pytest.fixture
def copied(home, tmp_path):
    shutil.copytree(home, tmp_path / "home", dirs_exist_ok=True)
    return tmp_path / "home"


def second(copied, trained, factor):
    """Add a bundle whose backtest errs `factor` times as much on the same rows."""
    bundle = load_bundle(trained.folder)
    bundle.manifest["version"] = "29990101-000000-worse"
    save_bundle(bundle, copied / "artifacts" / "bundles" / bundle.version)
    scores = pd.read_parquet(backtest_file(copied, trained.bundle.version))
    scores.assign(crps=scores["crps"] * factor).to_parquet(backtest_file(copied, bundle.version))
    return bundle


def test_a_worse_bundle_needs_force(copied, trained):
    worse = second(copied, trained, 1.5)
    with pytest.raises(PromotionRefused, match=r"is worse than the champion .* --force"):
        promote(copied)
    assert champion_file(copied).read_text().strip() == trained.bundle.version
    promoted, comparison = promote(copied, force=True)
    assert comparison.worse
    assert champion_file(copied).read_text().strip() == promoted.version == worse.version


def test_a_better_bundle_is_promoted(copied, trained):
    better = second(copied, trained, 0.8)
    assert compare(copied, better).table["change"][0] == pytest.approx(-0.2)
    assert promote(copied)[0].version == better.version


def test_bundles_that_cannot_be_compared_need_force(copied, trained):
    bundle = second(copied, trained, 1.0)
    backtest_file(copied, bundle.version).unlink()
    with pytest.raises(PromotionRefused, match="no backtest row in common"):
        promote(copied)


def test_a_tampered_bundle_is_refused_and_the_champion_stays(copied, trained):
    bundle = second(copied, trained, 0.8)
    path = copied / "artifacts" / "bundles" / bundle.version / "engagements_location.txt"
    path.write_text(path.read_text().replace("leaf_value=", "leaf_value=9", 1))
    with pytest.raises(BundleError, match="differs from what the manifest says"):
        promote(copied)
    assert champion_file(copied).read_text().strip() == trained.bundle.version


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


def _ready(address, server, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2).close()
            return address
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the tracking server did not start")


@pytest.mark.filterwarnings("ignore")
def test_a_real_tracking_server_gets_run_and_model_and_gives_the_champion_back(
    trained, market_folder, tracking_server, tmp_path
):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from training import tracking

        logged = tracking.log(trained, tmp_path, tracking_server)
        assert tracking.promote(trained.bundle.version, tmp_path, tracking_server) == logged.model_version
        run = tracking.mlflow.get_run(logged.run_id)
        model = tracking.mlflow.pyfunc.load_model("models:/creatorcast@champion")
    assert run.data.tags["trained_on"] == "simulated"
    assert run.data.metrics["seen_mae"] == pytest.approx(trained.backtest.table["mae"][0])
    names = {item.path for item in tracking.mlflow.MlflowClient().list_artifacts(logged.run_id)}
    assert names >= {"pit.png", "coverage_by_band.png", "error_by_forecaster.png", "backtest.json"}
    tables = validate(read_tables(market_folder))
    as_of = pd.Timestamp("2026-06-01", tz="UTC")
    asked = tables.creators[["creator_id", "platform"]].head(20).assign(as_of=as_of, start_at=as_of)
    x = derive(History.of(tables), asked, trained.bundle.reference).reset_index(drop=True)
    assert list(x) == list(COLUMNS)
    np.testing.assert_allclose(model.predict(x), BundleModel(trained.bundle).predict(x), rtol=1e-9)
