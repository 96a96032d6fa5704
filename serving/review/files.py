"""The table of a review as a file: a workbook or CSV, whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

from features.files.atomic import replace_file
from features.files.formula_escape import escape_formula_frame
from features.files.output_paths import output_fault
from features.files.own_files import foreign_file_fault
from monitoring.review import Review, ReviewError
from serving.review.rows import CSV_COLUMNS, review_frame
from serving.review.workbook import TITLE, write_review_workbook

ENDINGS = (".xlsx", ".csv")


def check_out(path: Path | None, inputs: Mapping[str, Path]) -> None:
    """Raise ReviewError, before any work, where a table cannot be written to `path`, or would
    replace a file that is no such table; `inputs`: what is read -> its file or folder.
    """
    if path is None:
        return
    if path.suffix not in ENDINGS:
        raise ReviewError(
            f"--out {str(path)!r} has an unknown ending: name a file that ends in .xlsx or .csv"
        )
    fault = output_fault({"the table": path}, inputs)
    if fault := fault or foreign_file_fault(path, "a review", CSV_COLUMNS[:5], TITLE):
        raise ReviewError(fault)


def write_review(review: Review, path: Path, hide_fees: bool = False) -> None:
    """Write the table of a review in place of what was there. Raises ReviewError; `path` is then as
    it was.
    """

    def write(beside: Path) -> None:
        if path.suffix == ".xlsx":
            write_review_workbook(review, beside, hide_fees)
            return
        escape_formula_frame(review_frame(review, hide_fees)).to_csv(beside, index=False)

    try:
        replace_file(path, write)
    except OSError as error:
        raise ReviewError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error
