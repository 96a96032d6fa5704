"""The table of a review as a file: a workbook or CSV, whole or not at all."""

from pathlib import Path

from features.files.atomic import replace_file
from features.files.formula_escape import escape_formula
from monitoring.review import Review, ReviewError
from serving.review.rows import review_frame
from serving.review.workbook import write_review_workbook

ENDINGS = (".xlsx", ".csv")


def check_out(path: Path | None) -> None:
    """Raise ReviewError, before any work, where a table cannot be written to `path`."""
    if path is None:
        return
    if path.suffix not in ENDINGS:
        raise ReviewError(
            f"--out {str(path)!r} has an unknown ending: name a file that ends in .xlsx or .csv"
        )
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise ReviewError(f"--out {str(path)!r} cannot be written: name a file in a folder")


def write_review(review: Review, path: Path, hide_fees: bool = False) -> None:
    """Write the table of a review in place of what was there. Raises ReviewError; `path` is then as
    it was.
    """

    def write(beside: Path) -> None:
        if path.suffix == ".xlsx":
            write_review_workbook(review, beside, hide_fees)
            return
        frame = review_frame(review, hide_fees)
        texts = frame.select_dtypes(include=["object", "str"]).columns
        for name in texts:
            frame[name] = [
                escape_formula(value) if isinstance(value, str) else value for value in frame[name]
            ]
        frame.to_csv(beside, index=False)

    try:
        replace_file(path, write)
    except OSError as error:
        raise ReviewError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error
