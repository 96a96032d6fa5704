"""Write a frame to one file, CSV, Parquet or XLSX, whole or not at all."""

from pathlib import Path

import pandas as pd

from features.errors import CreatorcastError
from features.files.atomic import replace_file
from features.files.formula_escape import escape_formula_frame
from serving.workbook.file_errors import disk_errors

ENDINGS = (".csv", ".parquet")
TABLE_ENDINGS = (*ENDINGS, ".xlsx")
#: Rows that a sheet holds below its header.
_SHEET_ROWS = 2**20 - 1
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class FileError(CreatorcastError):
    """A file cannot be written."""


def check_ending(path: Path, endings: tuple[str, ...] = ENDINGS) -> None:
    """Raise FileError where the ending of the file is not one of `endings`."""
    if path.suffix not in endings:
        known = f"{', '.join(endings[:-1])} or {endings[-1]}"
        raise FileError(f"{str(path)!r} has an unknown ending: expected {known}")


def write_frame(frame: pd.DataFrame, path: Path, title: str = "") -> None:
    """Write a frame in the format of the ending; `title`: of a workbook.

    Raises FileError where the disk refuses."""
    try:
        replace_file(path, lambda beside: _write(frame, beside, path.suffix, title))
    except OSError as error:
        raise FileError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error


def _write(frame: pd.DataFrame, path: Path, ending: str, title: str) -> None:
    if ending == ".parquet":
        frame.to_parquet(path, index=False)
    elif ending == ".xlsx":
        _write_sheet(frame, path, title)
    else:
        escape_formula_frame(frame).to_csv(path, index=False, date_format=_MOMENT)


def _write_sheet(frame: pd.DataFrame, path: Path, title: str) -> None:
    if len(frame) > _SHEET_ROWS:
        raise FileError(f"a sheet holds {_SHEET_ROWS:,} rows, not {len(frame):,}: write .parquet")
    texts = {
        name: frame[name].dt.strftime(_MOMENT) for name in frame.select_dtypes("datetimetz").columns
    }
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with (
        disk_errors(),
        pd.ExcelWriter(path, "xlsxwriter", engine_kwargs={"options": options}) as writer,
    ):
        writer.book.set_properties({"title": title})
        frame.assign(**texts).to_excel(writer, index=False)
