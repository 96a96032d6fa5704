"""A frame into one file, CSV or Parquet, which is there whole or not at all."""

import os
from pathlib import Path

import pandas as pd

ENDINGS = (".csv", ".parquet")


class FileError(ValueError):
    """A file cannot be written."""


def check_ending(path: Path) -> None:
    """Raise FileError where the file's ending is none that is written."""
    if path.suffix not in ENDINGS:
        raise FileError(f"{str(path)!r} has an unknown ending: expected .csv or .parquet")


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as its ending says. Raises FileError where the disk does not let it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.suffix == ".parquet":
            frame.to_parquet(beside, index=False)
        else:
            frame.to_csv(beside, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise FileError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error
