"""The folder that holds the tables of one data set: Parquet or CSV files, dataset.json and
rates.csv.
"""

import json
from pathlib import Path

import pandas as pd

from features.files.change_guard import require_unchanged
from features.files.regular import check_regular, read_regular
from features.tables.frames import DataFolderError, read_frame
from features.tables.model import Tables
from features.tables.rates_file import read_rates
from features.tables.schema import TABLE_SPECS

#: The tables of a data folder.
FOLDER_TABLES = ("creators", "followers", "posts", "partnerships")


#: Bytes of a dataset.json.
MAX_DATASET_JSON_BYTES = 1 << 20


#: The rates file of a data folder.
RATES_FILE = "rates.csv"


def read_tables(folder: Path | str) -> Tables:
    """Read creators, followers, posts and partnerships (.parquet or .csv), dataset.json and
    rates.csv from a folder.

    Only creators must be there. CSV is read as text, to be parsed strictly by
    `features.tables.validate.validate`; the result is not validated yet. Raises DataFolderError
    where a file is missing, double or unreadable, features.files.change_guard.FileChangedError
    where one is changed meanwhile.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataFolderError(
            f"{str(folder)!r} is no folder: expected one with creators.parquet or creators.csv"
        )
    with require_unchanged(*folder_places(folder)):
        frames = {name: _read_table(folder, name) for name in FOLDER_TABLES}
        if frames["creators"] is None:
            raise DataFolderError(f"{str(folder)!r} holds no creators.parquet or creators.csv")
        meta = read_dataset_json(folder)
        if (folder / RATES_FILE).exists():
            meta["usd_per_unit"] = read_rates(folder / RATES_FILE).usd_per_unit
    return Tables(**{name: frame for name, frame in frames.items() if frame is not None}, meta=meta)


def write_tables(tables: Tables, folder: Path | str) -> None:
    """Write the tables as Parquet, and `meta` as dataset.json, into a folder, which is made."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.frames().items():
        if len(frame) or name == "creators":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "dataset.json").write_text(json.dumps(tables.meta, indent=2, sort_keys=True) + "\n")


def find_table_file(folder: Path, name: str) -> Path | None:
    """Return the file of a table, None where there is none. Raises DataFolderError where there are
    two.
    """
    candidates = [folder / f"{name}{ending}" for ending in (".parquet", ".csv")]
    files = [path for path in candidates if path.exists()]
    if len(files) == 2:
        raise DataFolderError(
            f"{str(folder)!r} holds both {name}.parquet and {name}.csv: remove one"
        )
    return files[0] if files else None


def _read_table(folder: Path, name: str) -> pd.DataFrame | None:
    file = find_table_file(folder, name)
    return None if file is None else read_frame(file, TABLE_SPECS[name].names)


def folder_places(folder: Path) -> list[Path]:
    """Return where files of a data folder may be."""
    tables = (f"{name}{ending}" for name in FOLDER_TABLES for ending in (".parquet", ".csv"))
    return [folder / name for name in (*tables, "dataset.json", RATES_FILE)]


def read_dataset_json(folder: Path) -> dict:
    """Read dataset.json of a folder, {} where there is none. Raises DataFolderError where it is no
    JSON object.
    """
    path = folder / "dataset.json"
    if not path.exists():
        return {}
    try:
        check_regular(path)
        meta = json.loads(read_regular(path, MAX_DATASET_JSON_BYTES))
    except OSError as error:
        raise DataFolderError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataFolderError(f"{str(path)!r} is no JSON: {error}") from error
    if not isinstance(meta, dict):
        raise DataFolderError(f"{str(path)!r} must hold a JSON object, not {type(meta).__name__}")
    return meta
