"""What the tests share: a clean environment, a small simulated market, and a model trained on it."""

import atexit
import fcntl
import gc
import os
import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from page_browser import ARGUMENTS, CHROMIUM, page_service, skip_without_browser
from postgres_server import missing_postgres, postgres_server
from xdist.scheduler import LoadFileScheduling

from features.history.post_readings import PostReadings
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.schema import CREATORS, DTYPES, FOLLOWERS, PARTNERSHIPS, POSTS, PROSPECTS
from features.tables.validate import validate
from models.boosting import Boosting
from models.bundle import load_bundle
from models.champion import champion_folder
from models.totals import TotalsTables
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer
from training.dataset import Sampling
from training.fit import Recipe
from training.promote.promote import promote
from training.simulate.simulate import write_market
from training.train import train

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "True", "DO_NOT_TRACK": "1"}
KEPT = {"CREATORCAST_REAL_DATA", *QUIET}
#: Small enough to train in seconds; one thread, which does not wait for others where the machine is busy.
SMALL_RECIPE = Recipe(
    sampling=Sampling(per_post=1),
    location=Boosting(trees=30, leaves=7, learning_rate=0.1),
    scale=Boosting(trees=10, leaves=7, learning_rate=0.1),
    folds=2,
    threads=1,
)

#: Files that take longest; they come first, so that no process is left with one of them at the end.
LONGEST = (
    "test_running_service.py",
    "test_promote.py",
    "test_edge_case_data.py",
    "test_plan.py",
    "test_distributed_training.py",
    "test_batch_dask.py",
    "test_tracking_server.py",
    "test_tracking.py",
    "test_recalibrate.py",
    "test_startup.py",
    "test_import.py",
    "test_plan_program.py",
    "test_out_of_core.py",
    "test_backtest.py",
    "test_reproduce.py",
    "test_service.py",
    "test_tune.py",
    "test_registered_model.py",
    "test_batch_checkpoint.py",
    "test_recipe.py",
)
#: Files that ask `trained_service`, `starter_service` or `served`, beside those of the page.
ASKING = {"test_client.py", "test_openapi.py", "test_service_docs.py"}

#: What processes are started with, those of xdist too. Threads of LightGBM that wait for each other
#: sleep: where all cores have work, those that spin take it several times as long.
PATIENT = {"OMP_WAIT_POLICY": "passive"}

# packages look at their import, which comes before any fixture
os.environ |= QUIET | PATIENT
# how long an example takes says more about what else runs than about what is tested
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection():
    """Collect no garbage while modules are imported: there is none, and each look goes through all
    of them.
    """
    gc.disable()


def pytest_collection_finish():
    """Leave what was imported out of every later collection of garbage but the last one."""
    gc.enable()
    gc.freeze()
    atexit.register(gc.unfreeze)


def pytest_collection_modifyitems(items):
    """Put the files that take longest first."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(
        key=lambda item: (
            not asks_services(item.path.name),
            rank.get(item.path.name, len(LONGEST)),
        )
    )


def asks_services(name):
    """Say whether a test file asks a service that other files ask too."""
    return name.startswith("test_page_") or name in ASKING


class FileScheduling(LoadFileScheduling):
    """Runs a file in one process, and in one process all files that ask the same services."""

    def _split_scope(self, nodeid):
        path = super()._split_scope(nodeid)
        return "services" if asks_services(path.rpartition("/")[2]) else path


def pytest_xdist_make_scheduler(config, log):
    """Divide the tests by FileScheduling."""
    return FileScheduling(config, log)


def once_a_run(tmp_path_factory, name, make):
    """Give what `make` makes of an empty folder.

    Where tests run in several processes, the first that asks makes it; the others wait for it and
    read a pickled copy.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # the folder of the run, which has one for each process
    with (root / f"{name}.pickle").open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if kept := file.read():
            return pickle.loads(kept)
        (root / name).mkdir()
        made = make(root / name)
        pickle.dump(made, file)
        return made


def table(rows, spec):
    """Give rows as a clean frame of the table; what a row does not tell is missing."""
    return pd.DataFrame(
        {
            c.name: pd.Series([row.get(c.name) for row in rows], dtype=DTYPES[c.kind])
            for c in spec.columns
        }
    )


def build_tables(creators, posts=(), followers=(), partnerships=(), **meta):
    """Build the tables of a data set from rows, dicts of what is known; validated they are not."""
    return Tables(
        creators=table(creators, CREATORS),
        followers=table(followers, FOLLOWERS),
        posts=table(posts, POSTS),
        partnerships=table(partnerships, PARTNERSHIPS),
        meta=meta,
    )


def answers_of(scorer, rows, as_of, posts=None, extras=None):
    """Score rows: the answers as a frame, and the reasons of each row; `posts` go by the creator_id of the rows."""
    rows = [{"partnership_id": f"p{n}", **row} for n, row in enumerate(rows, 1)]
    if posts is not None:
        place = {row.get("creator_id"): n for n, row in enumerate(rows)}
        posts = PostReadings.from_frame(posts, posts["creator_id"].map(place).to_numpy())
    asked = ProspectBatch.from_frame(table(rows, PROSPECTS))
    found = scorer.score(asked, microseconds(as_of), posts, extras)
    return found.frame(), [found.reasons.get(row, []) for row in range(len(rows))]


def read_workbook(path):
    """Give the answers of a workbook: its sheet of all columns, else the first one without ranks."""
    sheets = pd.read_excel(path, sheet_name=None)
    first = next(iter(sheets.values()))
    return sheets.get("All columns", first.drop(columns="Rank"))


def uneven_list(rows):
    """Give a list in which every 50th row cannot be scored and, from the 350th on, every 70th repeats an earlier id."""
    numbers = np.arange(rows)
    ids = np.where((numbers % 70 == 0) & (numbers >= 350), numbers - 350, numbers)
    return pd.DataFrame(
        {
            "partnership_id": [f"p{number}" for number in ids],
            "platform": np.where(numbers % 50 == 7, "myspace", "instagram"),
            "followers": 1000.0 + numbers,
            "fee_usd": 100.0 + numbers % 13,
        }
    )


def simulate_coarse_totals(patch):
    """Simulate totals of several deliverables from 256 points, a thirtieth of the usual."""
    patch.setattr(TotalsTables, "fit", partial(TotalsTables.fit, draws=256))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Take the project's and MLflow's settings out of the environment, and keep telemetry off."""
    for name in [
        name
        for name in os.environ
        if name.startswith(("CREATORCAST_", "MLFLOW_")) and name not in KEPT
    ]:
        monkeypatch.delenv(name)
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def market_folder(tmp_path_factory):
    """Give the data folder of a simulated market of 150 creators."""
    return once_a_run(
        tmp_path_factory,
        "market",
        lambda folder: write_market(folder / "data", creators=150, seed=5),
    )


@pytest.fixture(scope="session")
def trained(market_folder, tmp_path_factory):
    """Give what `training.train.train` makes of the market; its bundle is the champion of `home`."""

    def make(home):
        made = train(market_folder, home, SMALL_RECIPE)
        promote(home)
        return made

    return once_a_run(tmp_path_factory, "home", make)


@pytest.fixture(scope="module")
def coarse_totals(trained):
    """Simulate totals coarsely where a file trains often and asks for no total.

    `trained`, which other files share, is made before, with totals as they are.
    """
    with pytest.MonkeyPatch.context() as patch:
        simulate_coarse_totals(patch)
        yield


@pytest.fixture(scope="session")
def pictures(trained, tmp_path_factory):
    """Give the pictures of the training, by file name."""
    from training.runs.card_file import training_pictures  # which brings Matplotlib

    return once_a_run(tmp_path_factory, "pictures", lambda folder: training_pictures(trained))


@pytest.fixture
def pictures_drawn_once(pictures, monkeypatch):
    """Log the pictures of the training with whatever bundle is logged, for tests that log it, or
    copies of it, often.
    """
    monkeypatch.setattr("training.log_run.training_pictures", lambda trained: pictures)


@pytest.fixture(scope="session")
def home(trained):
    """Give the folder that holds artifacts/ with the trained bundle as champion."""
    return trained.folder.parents[2]


@pytest.fixture(scope="session")
def scorer(home, trained):
    """Give a scorer of the champion, which knows no creators."""
    return Scorer(load_bundle(champion_folder(home)))


@pytest.fixture(scope="module")
def browser():
    """Give a Chromium in a real process; Playwright keeps a running event loop until its end."""
    skip_without_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def trained_service(home, market_folder, tmp_path_factory):
    """Give a service that knows the market's creators, answers by the model trained on it, has
    rates and keeps a ledger.
    """
    skip_without_browser()
    folder = tmp_path_factory.mktemp("page")
    rates = folder / "rates.csv"
    rates.write_text("currency,usd_per_unit\nEUR,1.1\nGBP,1.3\n")
    ledger = {
        "CREATORCAST_LEDGER": f"sqlite:///{folder / 'ledger.db'}",
        "CREATORCAST_LEDGER_JOURNAL": str(folder / "journal"),
    }
    inputs = ("--data", market_folder, "--rates", rates)
    with page_service(folder / "service", home, *inputs, **ledger) as service:
        yield service


@pytest.fixture(scope="session")
def starter_service(tmp_path_factory):
    """Give a service without a trained model and without known creators."""
    skip_without_browser()
    folder = tmp_path_factory.mktemp("page-starter")
    with page_service(folder / "service", folder / "home") as service:
        yield service


@pytest.fixture(scope="session")
def postgres():
    """Give a Postgres server in a real process; `postgres.new_database()` gives an address."""
    reason = missing_postgres()
    if reason is not None:
        pytest.skip(reason)
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def cluster():
    """Give a Dask cluster of two processes of one thread each, which are started anew when they are lost."""
    distributed = pytest.importorskip("distributed")
    import dask

    # a worker that takes longer to come back would be given up for good
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
    ):
        yield cluster


@pytest.fixture
def two_workers(cluster):
    """Give the cluster once it has two workers: one that was lost before is there again."""
    cluster.scale(2)
    with cluster.get_client() as client:
        client.wait_for_workers(2, timeout=60)
    return cluster


@pytest.fixture(scope="session")
def served(home, market_folder, tmp_path_factory):
    """Give the address of a service over the champion and the tables of the market."""
    folder = tmp_path_factory.mktemp("served")
    with page_service(folder, home, "--data", market_folder) as service:
        yield service.address


@pytest.fixture(scope="session")
def bundle(home):
    """Give the champion as it is loaded."""
    return load_bundle(champion_folder(home))


@pytest.fixture(scope="session")
def tables(market_folder):
    """Give the tables of the market."""
    return validate(read_tables(market_folder))
