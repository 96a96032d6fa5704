"""One table of a file as a frame: Parquet, or CSV, every field of which is read as text."""

import warnings
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from features.errors import CreatorcastError
from features.files.formula_escape import unescape_formula_frame
from features.files.parquet import ParquetError, open_parquet, readable_columns
from features.files.regular import check_regular

#: How CSV is read: every field as text, an empty one as missing.
CSV_OPTIONS = {
    "dtype": "str",
    "keep_default_na": False,
    "na_values": [""],
    "encoding": "utf-8-sig",
    "index_col": False,
}


#: What is said of CSV that pandas would shift or cut.
TOO_MANY_FIELDS = "{!r} has rows with more fields than its header: quote fields that hold commas"


class DataFolderError(CreatorcastError):
    """A data folder, or a file in it, cannot be read."""


def read_frame(path: Path, names: Collection[str] | None = None) -> pd.DataFrame:
    """Read one Parquet or CSV file; CSV comes as text, an empty field as missing.

    `names`: the columns that are wanted of Parquet, all by default; days in it come as moments
    without a zone. Raises DataFolderError, also for Parquet that holds no plain values or unpacks
    to too much.
    """
    try:
        check_regular(path)
        if path.suffix == ".parquet":
            return _read_parquet(path, names)
        with warnings.catch_warnings():
            # rows longer than the header would lose their surplus, or shift by a column, with no
            # more than a warning
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return unescape_formula_frame(pd.read_csv(path, **CSV_OPTIONS))
    except pd.errors.ParserWarning as error:
        raise DataFolderError(TOO_MANY_FIELDS.format(str(path))) from error
    except ParquetError as error:
        raise DataFolderError(str(error)) from error
    except (OSError, ValueError, KeyError, OverflowError, pd.errors.ParserError) as error:
        raise unreadable_file_error(path, error) from error


def unreadable_file_error(path: Path, error: Exception) -> DataFolderError:
    """Return an error that says why a file cannot be read."""
    return DataFolderError(
        f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}"
    )


def _read_parquet(path: Path, names: Collection[str] | None) -> pd.DataFrame:
    with open_parquet(path) as parquet:
        wanted = readable_columns(path, parquet, names)
    return pd.read_parquet(path, columns=wanted, to_pandas_kwargs={"date_as_object": False})
