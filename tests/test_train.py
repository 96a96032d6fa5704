import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL_RECIPE

from features.derive.fit_reference import TooLittleData
from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.folder import read_tables, write_tables
from features.tables.model import Tables
from features.tables.validate import validate
from models.bundle import content_version, save_bundle
from models.bundle_files import BundleError
from training.artifacts import backtest_file
from training.backend import LOCAL
from training.fit import Recipe
from training.platform_times import to_timestamp
from training.stopwatch import Stopwatch
from training.train import _backtest_and_fit, data_digest, headline_metrics, mature_end, train

RULES = {
    "creator's median",
    "mean of last 12",
    "followers x trailing rate",
    "ridge",
    "mean of the band",
}


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
    assert manifest["version"] == content_version(trained.bundle)
    assert manifest["version"].startswith(f"{pd.Timestamp(manifest['until']):%Y%m%d-%H%M%S}-")
    assert manifest["data_digest"] == data_digest(tables)
    assert (manifest["source"], manifest["horizon_days"]) == ("creatorcast demo market", 30)
    history = History.from_tables(tables)
    assert (manifest["accounts"], manifest["posts"]) == (
        150,
        len(history.posts_with_engagements.time),
    )
    assert manifest["until"] == to_timestamp(mature_end(history).max()).isoformat()
    assert manifest["targets"] == list(manifest["rows"]) == ["engagements", "views"]
    assert manifest["recipe"]["sampling"]["per_post"] == 1
    assert manifest["recipe"]["horizon_days"] == 30
    curves, kept = manifest["maturation"], trained.bundle.reference.maturation
    assert set(curves) == set(manifest["platforms"])
    for platform, measures in curves.items():
        assert set(measures) == set(kept.curves[platform])
        for measure, curve in measures.items():
            known = kept.find(platform, measure)
            assert (curve["basis"], curve["posts"]) == (known.basis, known.posts)
            assert (curve["tau_days"], curve["gamma"]) == (known.tau_days, known.gamma)
            assert curve["source"] == known.source
    assert manifest["backtest"]["cut"] == trained.backtest.cut.isoformat()
    kept = pd.DataFrame(manifest["backtest"]["table"])
    np.testing.assert_allclose(kept["mae"], trained.backtest.table["mae"], atol=1e-6)


def test_scores_are_kept_by_the_name_of_the_account(trained, home, market_folder):
    kept = pd.read_parquet(backtest_file(home, trained.bundle.version))
    assert set(kept["horizon_days"]) == {30}
    creators = validate(read_tables(market_folder)).creators
    assert len(kept) == len(trained.backtest.scores)
    assert set(kept["creator"]) <= set(creators["platform"] + "/" + creators["creator_id"])


def test_the_headline_is_that_of_the_table(trained):
    found, ours = headline_metrics(trained.backtest.table), trained.backtest.table.iloc[0]
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
    history = History.from_tables(validate(read_tables(market_folder)))
    early = replace(
        history,
        posts_with_engagements=replace(
            history.posts_with_engagements, time=history.posts_with_engagements.time - 3000 * DAY_US
        ),
    )
    panel = early.posts_with_engagements
    last = panel.time[panel.has_outcome].max()
    assert mature_end(early).max() == last + 7 * DAY_US
    late = replace(
        history,
        posts_with_engagements=replace(
            history.posts_with_engagements,
            time=history.posts_with_engagements.time + 10_000 * DAY_US,
        ),
    )
    assert mature_end(late).max() <= time.time() * 1e6


def test_the_digest_of_the_data_ignores_the_order_of_rows_and_sees_a_value(market_folder):
    tables = validate(read_tables(market_folder))
    shuffled = type(tables)(
        tables.creators[::-1], tables.followers, tables.posts, tables.partnerships
    )
    assert data_digest(shuffled) == data_digest(tables)
    grown = tables.creators.assign(followers=tables.creators["followers"] + 1)
    changed = type(tables)(grown, tables.followers, tables.posts, tables.partnerships)
    assert data_digest(changed) != data_digest(tables)


def test_a_bundle_is_never_overwritten(trained):
    with pytest.raises(BundleError, match="exists already"):
        save_bundle(trained.bundle, trained.folder)


def test_the_fit_is_reported_after_the_backtest_beside_which_it_runs(monkeypatch):
    fit_reported, lines = threading.Event(), []

    def slow_backtest(history, until, recipe, report, **options):
        report("backtest begins")
        assert fit_reported.wait(10)
        report("backtest ends")
        return "record", "calibration"

    def quick_fit(report):
        report("rows learned from")
        fit_reported.set()

    def submit(pool, *arguments):
        pool.submit(quick_fit, arguments[-2])
        return "fits"

    def calibrate(fits, history, recipe, sets, report, backend):
        report("calibrated")
        return fits, sets

    monkeypatch.setattr("training.train.backtest", slow_backtest)
    monkeypatch.setattr("training.train.submit_fits", submit)
    monkeypatch.setattr("training.train.calibrate_fits", calibrate)
    monkeypatch.setattr("training.train.timestamps_by_platform", lambda history, until: {})
    monkeypatch.setattr("training.train.days_text", lambda moments: "a day")
    watch = Stopwatch()
    made = _backtest_and_fit(None, None, SMALL_RECIPE, lines.append, LOCAL, watch)
    assert made == ("record", ("fits", {"engagements": "calibration"}))
    assert lines == [
        "backtest begins",
        "backtest ends",
        "the model: what is known on a day",
        "rows learned from",
        "calibrated",
    ]
    assert list(watch.seconds) == ["backtest", "fit"]
