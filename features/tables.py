"""The canonical tables of one data set in memory, and the folder of Parquet or CSV files that holds them."""

import json
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

import pandas as pd

from features.parquet_file import ParquetError, known_columns, open_parquet
from features.regular_file import check_regular, read_regular
from features.schema import CREATORS, DTYPES, FOLLOWERS, PARTNERSHIPS, POSTS, TABLES, TableSpec
from features.spreadsheet_text import unguarded_frame
from features.unchanged import unchanged

#: How CSV is read: every field as text, an empty one as missing.
CSV = {"dtype": "str", "keep_default_na": False, "na_values": [""], "encoding": "utf-8-sig", "index_col": False}


#: What is said of CSV that pandas would shift or cut.
TOO_MANY_FIELDS = "{!r} has rows with more fields than its header: quote fields that hold commas"
#: The tables of a data folder.
TABLE_FILES = ("creators", "followers", "posts", "partnerships")
#: Bytes of a dataset.json.
LARGEST_META = 1 << 20
#: The rates file of a data folder.
RATES = "rates.csv"


class DataFolderError(ValueError):
    """A data folder, or a file in it, cannot be read."""


def empty(spec: TableSpec) -> pd.DataFrame:
    """Give the table with its columns and dtypes and no rows."""
    return _empty(spec).copy(deep=False)


@cache
def _empty(spec: TableSpec) -> pd.DataFrame:
    return pd.DataFrame({c.name: pd.Series(dtype=DTYPES[c.kind]) for c in spec.columns})


@dataclass(frozen=True)
class Tables:
    """The tables of one data set, and `meta`, what dataset.json says of them (`simulated`, `timezone`, `source`).

    `meta["usd_per_unit"]` holds the rates of currencies, where the folder has a rates file.
    """

    creators: pd.DataFrame = field(default_factory=lambda: empty(CREATORS))
    followers: pd.DataFrame = field(default_factory=lambda: empty(FOLLOWERS))
    posts: pd.DataFrame = field(default_factory=lambda: empty(POSTS))
    partnerships: pd.DataFrame = field(default_factory=lambda: empty(PARTNERSHIPS))
    meta: dict = field(default_factory=dict)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the tables by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "meta"}

    @property
    def trained_on(self) -> str:
        """What a model trained on these tables must say of itself: `simulated` or `real`."""
        return "simulated" if self.meta.get("simulated") else "real"


def read_tables(folder: Path | str) -> Tables:
    """Read creators, followers, posts and partnerships (.parquet or .csv), dataset.json and rates.csv from a folder.

    Only creators must be there. CSV is read as text, to be parsed strictly by `features.validate.validate`; the
    result is not validated yet. Raises DataFolderError where a file is missing, double or unreadable,
    features.unchanged.ChangedError where one is changed meanwhile.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataFolderError(f"{str(folder)!r} is no folder: expected one with creators.parquet or creators.csv")
    with unchanged(*_places(folder)):
        frames = {name: _read_table(folder, name) for name in TABLE_FILES}
        if frames["creators"] is None:
            raise DataFolderError(f"{str(folder)!r} holds no creators.parquet or creators.csv")
        meta = read_meta(folder)
        if (folder / RATES).exists():
            from features.currency import read_rates  # which reads tables itself

            meta["usd_per_unit"] = read_rates(folder / RATES).usd_per_unit
    return Tables(**{name: frame for name, frame in frames.items() if frame is not None}, meta=meta)


def write_tables(tables: Tables, folder: Path | str) -> None:
    """Write the tables as Parquet, and `meta` as dataset.json, into a folder, which is made."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.frames().items():
        if len(frame) or name == "creators":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "dataset.json").write_text(json.dumps(tables.meta, indent=2, sort_keys=True) + "\n")


def read_frame(path: Path, names: Collection[str] | None = None) -> pd.DataFrame:
    """Read one Parquet or CSV file; CSV comes as text, an empty field as missing.

    `names`: the columns that are wanted of Parquet, all by default; days in it come as moments without a zone. Raises
    DataFolderError, also for Parquet that holds no plain values or unpacks to too much.
    """
    try:
        check_regular(path)
        if path.suffix == ".parquet":
            return _read_parquet(path, names)
        with warnings.catch_warnings():
            # rows longer than the header would lose their surplus, or shift by a column, with no more than a warning
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return unguarded_frame(pd.read_csv(path, **CSV))
    except pd.errors.ParserWarning as error:
        raise DataFolderError(TOO_MANY_FIELDS.format(str(path))) from error
    except ParquetError as error:
        raise DataFolderError(str(error)) from error
    except (OSError, ValueError, KeyError, OverflowError, pd.errors.ParserError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> DataFolderError:
    """Say that a file cannot be read, and why."""
    return DataFolderError(f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}")


def _read_parquet(path: Path, names: Collection[str] | None) -> pd.DataFrame:
    with open_parquet(path) as parquet:
        wanted = known_columns(path, parquet, names)
    return pd.read_parquet(path, columns=wanted, to_pandas_kwargs={"date_as_object": False})


def _places(folder: Path) -> list[Path]:
    """Give where files of a data folder may be."""
    tables = (f"{name}{ending}" for name in TABLE_FILES for ending in (".parquet", ".csv"))
    return [folder / name for name in (*tables, "dataset.json", RATES)]


def table_file(folder: Path, name: str) -> Path | None:
    """Give the file of a table, None where there is none. Raises DataFolderError where there are two."""
    found = [folder / f"{name}{ending}" for ending in (".parquet", ".csv") if (folder / f"{name}{ending}").exists()]
    if len(found) == 2:
        raise DataFolderError(f"{str(folder)!r} holds both {name}.parquet and {name}.csv: remove one")
    return found[0] if found else None


def _read_table(folder: Path, name: str) -> pd.DataFrame | None:
    file = table_file(folder, name)
    return None if file is None else read_frame(file, TABLES[name].names)


def read_meta(folder: Path) -> dict:
    """Read dataset.json of a folder, {} where there is none. Raises DataFolderError where it is no JSON object."""
    path = folder / "dataset.json"
    if not path.exists():
        return {}
    try:
        check_regular(path)
        meta = json.loads(read_regular(path, LARGEST_META))
    except OSError as error:
        raise DataFolderError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataFolderError(f"{str(path)!r} is no JSON: {error}") from error
    if not isinstance(meta, dict):
        raise DataFolderError(f"{str(path)!r} must hold a JSON object, not {type(meta).__name__}")
    return meta
