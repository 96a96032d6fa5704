"""The tables of a training, in one order whatever the order of their rows in the files."""

import hashlib
from pathlib import Path

import pandas as pd

from features.tables.folder import RATES_FILE, read_tables
from features.tables.model import Tables
from features.tables.schema import TABLE_SPECS
from features.tables.validate import validate
from training.fit_pricing import RATE_CARD_FILE


def read_training_tables(data: Path) -> Tables:
    """Read and check the tables of a data folder, the rows of each in the order of its key: sums
    of the same rows in another order differ in their last digits.

    Raises features.tables.frames.DataFolderError or features.tables.validate.InvalidTables.
    """
    tables = validate(read_tables(data))
    frames = {name: _in_key_order(frame, name) for name, frame in tables.frames().items()}
    return Tables(**frames, meta=tables.meta)


def data_digest(tables: Tables) -> str:
    """Return a sha256 of the tables' content, the same whatever the order of rows."""
    digest = hashlib.sha256()
    for name, frame in tables.frames().items():
        rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
        digest.update(f"{name} {len(rows)} {rows.sum()} {(rows >> 7).sum()}".encode())
    return digest.hexdigest()


def digests_beside_tables(data: Path) -> dict[str, str]:
    """Return a sha256 of each file beside the tables that prices rest on, by name."""
    files = [Path(data) / name for name in (RATE_CARD_FILE, RATES_FILE)]
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.exists()
    }


def _in_key_order(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    key = [column for column in TABLE_SPECS[name].key if column in frame]
    return frame.sort_values(key, kind="stable", ignore_index=True)
