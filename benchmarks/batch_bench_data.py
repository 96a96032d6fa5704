"""The data of batch_bench: a simulated market, two models, and long lists.

The model `ships` is trained with the default settings. The model `reference` is the same but for its forecaster, which
forecasts engagements alone by a location and a scale of 500 trees with 31 leaves each. A list repeats a block of 50,000
prospects without an account in the tables. Four in ten have a vendor's averages, two an engagement rate. In each
repetition their figures are multiplied by log-normal noise with a standard deviation of a third.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from features.derive.derive import derive
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.schema import CREATORS
from features.tables.validate import validate
from models.boosting import Boosting
from models.bundle import Bundle, load_bundle, save_bundle
from models.bundle_folders import bundles_folder
from models.champion import champion_folder, set_champion
from training.fit import Recipe, fit_uncalibrated
from training.simulate.deals import draw_outside_prospects
from training.simulate.parameters import DEMO_MARKET
from training.simulate.simulate import write_market
from training.train import mature_end

BLOCK = 50_000
AS_OF = pd.Timestamp("2026-07-01T00:00:00Z")
SIZE = Boosting(trees=500, leaves=31)
MOVED = ("followers", "avg_likes", "avg_comments", "avg_shares", "avg_views")


@dataclass(frozen=True)
class BenchmarkFiles:
    """The folder of the benchmark and the paths of its files."""

    folder: Path

    def home(self, model: str) -> Path:
        """Return the home whose champion is the model `ships` or `reference`."""
        return self.folder / model

    def listed(self, rows: int, ending: str) -> Path:
        return self.folder / f"list-{rows}.{ending}"

    def matrix(self, model: str, rows: int) -> Path:
        return self.folder / f"matrix-{model}-{rows}.npy"

    def bundle(self, model: str) -> Bundle:
        return load_bundle(champion_folder(self.home(model)))


def prepare(
    files: BenchmarkFiles,
    creators: int,
    report: Callable[[str], None],
    models: tuple[str, ...] = ("ships", "reference"),
) -> None:
    """Make the market and the models, `ships` first, where they do not exist yet; each appears only when it is
    complete.
    """
    data = files.folder / "data"
    files.folder.mkdir(parents=True, exist_ok=True)
    if not data.exists():
        report(f"simulating {creators:,} creators")
        write_market(data, creators, seed=7)
    if not _has_champion(files.home("ships")):
        report("training the model that ships")
        _creatorcast(files.home("ships"), "train", str(data), "--per-post", "1", "--no-log")
        _creatorcast(files.home("ships"), "promote", "--force", "--reason", "benchmark", "--no-log")
    if "reference" in models and not _has_champion(files.home("reference")):
        report("fitting the reference model")
        _save_reference(files, data)


def write_list(
    files: BenchmarkFiles, rows: int, endings: tuple[str, ...], report: Callable[[str], None]
) -> None:
    """Write the list of so many rows in each format, where it does not exist yet."""
    for ending in endings:
        path = files.listed(rows, ending)
        if path.exists():
            continue
        report(f"writing {rows:,} rows as {ending}")
        beside = path.with_name(f".{path.name}")
        writer = None
        for block in blocks(rows):
            table = pa.Table.from_pandas(block, preserve_index=False)
            kind = pq.ParquetWriter if ending == "parquet" else pyarrow.csv.CSVWriter
            writer = writer or kind(beside, table.schema)
            writer.write_table(table)
        writer.close()
        beside.rename(path)


def write_matrix(
    files: BenchmarkFiles, rows: int, model: str, report: Callable[[str], None]
) -> None:
    """Write the input of a model's boosters for a list, (rows, columns) float64, where it does not exist yet."""
    path = files.matrix(model, rows)
    if path.exists():
        return
    report(f"deriving the matrix of {rows:,} rows")
    bundle = files.bundle(model)
    columns = bundle.forecasters["engagements"].columns_
    beside = path.with_name(f".{path.name}.npy")
    matrix = np.lib.format.open_memmap(beside, "w+", dtype=np.float64, shape=(rows, len(columns)))
    done = 0
    for block in blocks(rows):
        matrix[done : done + len(block)] = features_of(block, bundle)[columns].to_numpy()
        done += len(block)
    matrix.flush()
    beside.rename(path)


def blocks(rows: int) -> Iterator[pd.DataFrame]:
    """Yield the list block by block, always the same."""
    block = draw_outside_prospects(np.random.default_rng(11), BLOCK, DEMO_MARKET).drop(
        columns=["creator_id"]
    )
    for first in range(0, rows, BLOCK):
        random = np.random.default_rng([11, first])
        prospects = block.iloc[: rows - first].copy()
        for name in MOVED:
            noise = np.exp(random.normal(0, 1 / 3, len(prospects)))
            prospects[name] = np.maximum((prospects[name] * noise).round(), 1)
        ids = [f"p{number:09d}" for number in range(first, first + len(prospects))]
        prospects.insert(0, "partnership_id", ids)
        yield prospects


def features_of(prospects: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """Return the derived columns of prospects with their profiles; each row is an account of its own."""
    queries = prospects.assign(creator_id=prospects["partnership_id"], as_of=AS_OF, sponsored=1.0)
    creators = queries.reindex(columns=CREATORS.names).assign(observed_at=AS_OF)
    history = History.from_tables(validate(Tables(creators=creators)))
    return derive(history, queries, bundle.reference)


def _save_reference(files: BenchmarkFiles, data: Path) -> None:
    ships = files.bundle("ships")
    history = History.from_tables(validate(read_tables(data)))
    recipe = Recipe(location=SIZE, scale=SIZE, threads=2)
    fitted = fit_uncalibrated(history, mature_end(history), recipe, targets=("engagements",))
    manifest = {
        **ships.manifest,
        "version": f"{ships.version}-reference",
        "targets": ["engagements"],
    }
    bundle = replace(
        ships, manifest=manifest, reference=fitted.reference, forecasters=fitted.forecasters
    )
    home = files.home("reference")
    shutil.rmtree(home, ignore_errors=True)
    save_bundle(bundle, bundles_folder(home) / bundle.version)
    set_champion(home, bundle.version)


def _has_champion(home: Path) -> bool:
    return (home / "artifacts" / "champion").exists()


def _creatorcast(home: Path, *arguments: str) -> None:
    environment = {**os.environ, "CREATORCAST_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "creatorcast", *arguments],
        check=True,
        env=environment,
        capture_output=True,
    )
