"""Training over a Dask cluster of two processes, one of which is killed at some step, against training here."""

import os
import signal
from dataclasses import dataclass
from functools import partial

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from conftest import SMALL_RECIPE

from features.history.history import History
from features.out_of_core import partition_folder
from features.tables.folder import read_tables
from features.tables.validate import validate
from models.boosting import Boosting
from models.cluster import ClusterError, ClusterSession
from training.backend import LOCAL
from training.dataset import sample_training_rows
from training.fit import fit_uncalibrated
from training.train import mature_end

pytest.importorskip("distributed")
from lost_workers import is_first, lose_a_worker, slowly

from training.distributed.dask_boosters import (
    ArrayDataset,
    DaskBoosterFitter,
    DaskForecaster,
    early_stopping_trees,
    mean_absolute_errors,
)
from training.distributed.dask_fit import DaskBackend, dask_backend, submit_part_histories

#: Steps at which a worker is lost: a method of Client with the moment of the kill, or a function of a task.
DERIVING = ["training.distributed.dask_fit.derive_arrays"]
MORE_DERIVING = [("submit", "after"), ("gather", "before")]
READING = [("submit", "before")]
MORE_READING = [
    "training.distributed.dask_fit.partition_history",
    ("__init__", "before"),
    ("wait_for_workers", "after"),
    ("run", "before"),
    "training.distributed.dask_fit._part_index",
]
FITTING = [("__init__", "before"), ("run", "before"), ("scatter", "after")]
MORE_FITTING = [
    "lightgbm.dask._train_part",
    "lightgbm.dask._acquire_port",
    ("wait_for_workers", "after"),
    ("gather", "before"),
    ("scatter", "before"),
    ("who_has", "after"),
]


@dataclass(frozen=True)
class DeadlyTrees:
    """A callback that kills the first worker which makes its third tree."""

    marker: str
    topic: str

    def __call__(self, environment):
        if environment.iteration == 2 and is_first(self.marker):
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def history(market_folder):
    return History.from_tables(validate(read_tables(market_folder)))


@pytest.fixture(scope="module")
def here(history):
    """Give a fit of this process, with the rows that it learned from and their columns."""
    until = mature_end(history)
    fitted = fit_uncalibrated(history, until, SMALL_RECIPE, targets=("engagements",))
    at_horizon = fitted.at_horizon(history)
    rows = sample_training_rows(at_horizon, "engagements", until, SMALL_RECIPE.sampling)
    return fitted, rows, LOCAL.derive(history, rows.queries, fitted.reference)


def test_training_is_as_here_though_a_worker_dies(
    cluster, market_folder, history, here, tmp_path, monkeypatch
):
    fitted, rows, x = here
    marker = tmp_path / "killed"
    monkeypatch.setattr(
        "training.distributed.dask_boosters.TreeEvents", partial(DeadlyTrees, str(marker))
    )
    until = mature_end(history)
    with dask_backend(cluster.scheduler_address, market_folder, tmp_path) as backend:
        there = fit_uncalibrated(
            history, until, SMALL_RECIPE, targets=("engagements",), backend=backend
        )
        after = backend.derive(history, rows.queries, fitted.reference)
    assert marker.exists()
    pd.testing.assert_frame_equal(after, x, check_exact=True)
    ours, theirs = (one.forecasters["engagements"] for one in (fitted, there))
    # the shares of the corrections are tenths: trees that differ by little may choose another one
    theirs.correction_ = ours.correction_
    apart = np.abs(theirs.predict(x) - ours.predict(x))
    errors = [np.abs(one.predict(x) - rows.y).mean() for one in (ours, theirs)]
    assert apart.mean() < 0.03
    assert errors[1] == pytest.approx(errors[0], rel=0.02)
    assert type(ours.from_state(*theirs.state())) is type(ours)


@pytest.fixture(scope="module")
def histories(market_folder, tmp_path_factory):
    """Give what has the workers read the histories of the market in four parts."""
    split = partition_folder(market_folder, tmp_path_factory.mktemp("parts"), 4)
    return partial(submit_part_histories, split)


@pytest.mark.parametrize(
    "step", [*READING, *DERIVING, *slowly([*MORE_READING, *MORE_DERIVING])], ids=str
)
def test_columns_are_as_here_though_a_worker_is_lost(
    two_workers, histories, history, here, tmp_path, monkeypatch, step
):
    fitted, rows, x = here
    lost = (
        None
        if step in [*DERIVING, *MORE_DERIVING]
        else lose_a_worker(two_workers, monkeypatch, tmp_path, step)
    )
    with ClusterSession(two_workers.scheduler_address, histories) as session:
        backend = DaskBackend(session)
        lost = lost or lose_a_worker(two_workers, monkeypatch, tmp_path, step)
        columns = backend.derive(history, rows[:300].queries, fitted.reference)
    assert lost()
    pd.testing.assert_frame_equal(columns, x[:300], check_exact=True)


def small_fit(session):
    """Fit five trees to 400 rows."""
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 2)).astype(np.float32)
    forecaster = DaskForecaster()
    forecaster.booster_fitter = DaskBoosterFitter(session)
    return forecaster._boost(
        ArrayDataset(x, x[:, 0].astype(float), np.ones(400)), Boosting(5, 4), "l2"
    )


@pytest.mark.filterwarnings(
    "ignore:Parameter n_jobs will be ignored"
)  # training has a logger for it
@pytest.mark.parametrize("step", [*FITTING, *slowly(MORE_FITTING)], ids=str)
def test_a_booster_is_fitted_though_a_worker_is_lost(two_workers, tmp_path, monkeypatch, step):
    with ClusterSession(two_workers.scheduler_address) as session:
        lost = lose_a_worker(two_workers, monkeypatch, tmp_path, step)
        assert small_fit(session).num_trees() == 5
    assert lost()


@pytest.mark.filterwarnings("ignore:Parameter n_jobs will be ignored")
@pytest.mark.parametrize(
    "error",
    [ValueError("no rows"), lgb.basic.LightGBMError("no rows")],
    ids=lambda e: type(e).__name__,
)
def test_a_fit_that_fails_again_and_again_is_one_sentence(two_workers, monkeypatch, error):
    """A fault of the fit itself is raised as it is; what looks like the loss of a worker is tried so often."""

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr("models.cluster.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(lgb.DaskLGBMRegressor, "fit", fail)
    message = (
        "no rows"
        if isinstance(error, ValueError)
        else "failed 6 times while fitting a booster, .*no rows; see the logs"
    )
    with (
        ClusterSession(two_workers.scheduler_address) as session,
        pytest.raises(ValueError, match=message) as raised,
    ):
        small_fit(session)
    assert isinstance(raised.value, ClusterError) == (type(error) is not ValueError)


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
    errors = mean_absolute_errors(whole, ArrayDataset(x[200:], y[200:], weight[200:]))
    kept, made = early_stopping_trees(errors, 5)
    assert (kept, made) == (stopped.best_iteration, len(curve["valid_0"]["l1"]))
    np.testing.assert_allclose(errors[:made], curve["valid_0"]["l1"], rtol=1e-6)
