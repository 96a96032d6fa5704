"""Write a frame to one file, CSV or Parquet, whole or not at all."""

from pathlib import Path

import pandas as pd

from features.errors import CreatorcastError
from features.files.atomic import replace_file
from features.files.formula_escape import escape_formula_frame

ENDINGS = (".csv", ".parquet")


class FileError(CreatorcastError):
    """A file cannot be written."""


def check_ending(path: Path) -> None:
    """Raise FileError where the ending of the file is not one of ENDINGS."""
    if path.suffix not in ENDINGS:
        raise FileError(f"{str(path)!r} has an unknown ending: expected .csv or .parquet")


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame in the format of the ending. Raises FileError where the disk refuses."""
    try:
        replace_file(path, lambda beside: _write(frame, beside, path.suffix))
    except OSError as error:
        raise FileError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error


def _write(frame: pd.DataFrame, path: Path, ending: str) -> None:
    if ending == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        escape_formula_frame(frame).to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
