"""Training over a Dask cluster of two processes, one of which is killed half way, against training here."""

import os
import signal
import threading

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from conftest import SMALL_RECIPE

from features.derive import derive
from features.history import History
from features.tables import read_tables
from features.validate import validate
from models.forecast import Boosting
from training.dataset import sample_rows
from training.fit import fit_at
from training.train import data_end

distributed = pytest.importorskip("distributed")
from training.dask_boosters import DaskForecaster, Rows, absolute_errors, stopping  # noqa: E402
from training.dask_fit import running  # noqa: E402


@pytest.fixture(scope="module")
def history(market_folder):
    return History.of(validate(read_tables(market_folder)))


def test_training_is_as_here_though_a_worker_dies(cluster, market_folder, history, tmp_path):
    until = data_end(history)
    here = fit_at(history, until, SMALL_RECIPE, targets=("engagements",))
    rows = sample_rows(history, "engagements", until, SMALL_RECIPE.sampling)
    x = derive(history, rows.questions, here.reference)
    with running(cluster.scheduler_address, market_folder, tmp_path, SMALL_RECIPE, history.horizon_days) as recipe:
        pd.testing.assert_frame_equal(recipe.features(history, rows.questions, here.reference), x, check_exact=True)
        pid = cluster.workers[0].pid
        killer = threading.Timer(1.5, os.kill, (pid, signal.SIGKILL))
        killer.start()
        there = fit_at(history, until, recipe, targets=("engagements",))
        killer.join()
        pd.testing.assert_frame_equal(recipe.features(history, rows.questions, here.reference), x, check_exact=True)
    assert pid not in {worker.pid for worker in cluster.workers.values()}
    ours, theirs = (fitted.forecasters["engagements"] for fitted in (here, there))
    apart = np.abs(theirs.predict(x) - ours.predict(x))
    errors = [np.abs(one.predict(x) - rows.y).mean() for one in (ours, theirs)]
    assert apart.mean() < 0.03
    assert errors[1] == pytest.approx(errors[0], rel=0.02)
    assert type(ours.from_state(*theirs.state())) is type(ours)


@pytest.mark.filterwarnings("ignore:Parameter n_jobs will be ignored")  # training has a logger for it
@pytest.mark.parametrize("lost", ["FutureCancelledError", "FuturesCancelledError", "CommClosedError"])
def test_a_booster_is_fitted_anew_however_a_lost_worker_shows(cluster, monkeypatch, lost):
    """The fit of LightGBM fails once as it does when a worker is killed at one step or another, then it works."""
    from distributed.client import FutureCancelledError, FuturesCancelledError
    from distributed.comm import CommClosedError

    errors = {
        "FutureCancelledError": FutureCancelledError("part", "lost worker"),
        "FuturesCancelledError": FuturesCancelledError([]),
        "CommClosedError": CommClosedError("in <TCP>: Stream is closed"),
    }
    waiting, fit = [errors[lost]], lgb.DaskLGBMRegressor.fit

    def fit_or_lose(self, *args, **kwargs):
        if waiting:
            raise waiting.pop()
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(lgb.DaskLGBMRegressor, "fit", fit_or_lose)
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 2)).astype(np.float32)
    with distributed.Client(cluster, set_as_default=True):
        data = DaskForecaster()._dataset(x, x[:, 0].astype(float), np.ones(400))
        booster = DaskForecaster()._boost(data, Boosting(5, 4), "l2")
    assert (booster.num_trees(), waiting) == (5, [])


def test_errors_after_each_tree_are_those_of_lightgbm():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 4)).astype(np.float32)
    y, weight = x[:, 0] + random.normal(size=400), random.uniform(1, 2, 400)
    curve = {}
    stop = [lgb.early_stopping(5, verbose=False), lgb.record_evaluation(curve)]
    data = lgb.Dataset(x[:200], y[:200], params={"verbosity": -1})
    held_out = lgb.Dataset(x[200:], y[200:], weight=weight[200:], reference=data)
    parameters = {"objective": "l1", "num_threads": 1, "verbosity": -1, "num_leaves": 7}
    stopped = lgb.train(parameters, data, 100, valid_sets=[held_out], callbacks=stop)
    whole = lgb.train(parameters, lgb.Dataset(x[:200], y[:200], params={"verbosity": -1}), 100)
    errors = absolute_errors(whole, Rows(x[200:], y[200:], weight[200:]))
    kept, made = stopping(errors, 5)
    assert (kept, made) == (stopped.best_iteration, len(curve["valid_0"]["l1"]))
    np.testing.assert_allclose(errors[:made], curve["valid_0"]["l1"], rtol=1e-6)
