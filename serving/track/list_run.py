"""A list of readings to its answers: read, grouped, tracked, written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pandas as pd

from features.files.atomic import replace_file
from features.files.formula_escape import escape_formula_frame
from features.files.output_paths import output_fault
from features.tables.currency import CurrencyRates
from features.tables.model import Tables
from ingest.sheets.sheet_types import SheetOptions
from serving.frame_file import FileError, write_frame
from serving.scoring.prospect_batch import microseconds
from serving.track.answer_json import answers_json
from serving.track.answer_rows import answer_frame
from serving.track.answers import PartnershipAnswer, Rejection
from serving.track.kept_posts import KeepPosts
from serving.track.known_creators import name_known_creators
from serving.track.known_posts import KnownPosts
from serving.track.list_groups import group_list
from serving.track.list_reader import ReadingList, RejectedLine, read_list
from serving.track.tracker import Tracker

ENDINGS = (".csv", ".parquet", ".json")


@dataclass(frozen=True)
class TrackedList:
    """What became of a list: read = used + rejected. `answers`: of its partnerships, in order."""

    answers: list[PartnershipAnswer]
    read: int
    rejected: list[RejectedLine]
    header: list[str]
    notes: list[str]


def track_list(
    path: Path,
    options: SheetOptions,
    tracker: Tracker,
    tables: Tables | None,
    as_of: pd.Timestamp,
    rates: CurrencyRates | None = None,
    keep: KeepPosts | None = None,
) -> TrackedList:
    """Track the posts of a list; `rates`: of fees in other currencies than USD; `keep`: is given
    the forecasts of the posts. Raises CreatorcastError for a file that is no list.
    """
    readings = read_list(path, options, rates)
    if tables is not None:
        rows = name_known_creators(readings.rows, tables.creators)
        readings = replace(readings, rows=rows)
    post_ids = set(readings.rows["post_id"].dropna())
    known = KnownPosts(None if tables is None else tables.posts, post_ids)
    grouped = group_list(readings, known, as_of)
    reasons = grouped.reasons
    answers = []
    found = tracker.track(grouped.partnerships, microseconds(as_of), keep)
    for answer, rows in zip(found, grouped.rows, strict=True):
        if isinstance(answer, Rejection):
            reasons |= {row: list(answer.reasons) for row in rows}
        else:
            answers.append(answer)
    return TrackedList(
        answers,
        len(readings.rows) + len(readings.left_out),
        _rejected_lines(readings, reasons),
        readings.header,
        readings.notes,
    )


def _rejected_lines(readings: ReadingList, reasons: dict[int, list[str]]) -> list[RejectedLine]:
    rows = [
        RejectedLine(int(readings.lines[row]), [str(cell) for cell in readings.cells[row]], why)
        for row, why in reasons.items()
    ]
    return sorted([*rows, *readings.left_out], key=lambda one: one.line)


def rejected_path(out: Path) -> Path:
    """Return the file of the rejected rows of answers."""
    return Path(f"{out}.rejected.csv")


def check_out(out: Path, inputs: Mapping[str, Path]) -> None:
    """Raise FileError where answers cannot be written to a file of that ending, or to that place;
    `inputs`: what is read -> its path.
    """
    if out.suffix not in ENDINGS:
        raise FileError(f"{str(out)!r} has an unknown ending: expected one of {', '.join(ENDINGS)}")
    outputs = {"the answers": out, "the rejected rows": rejected_path(out)}
    if fault := output_fault(outputs, inputs):
        raise FileError(fault)


def write_answers(answers: list[PartnershipAnswer], path: Path) -> None:
    """Write answers: as rows, or as JSON of the shape of POST /v1/track. Raises FileError."""
    if path.suffix != ".json":
        write_frame(answer_frame(answers), path)
        return
    content = orjson.dumps(answers_json(answers), option=orjson.OPT_INDENT_2)
    _replace(path, lambda beside: beside.write_bytes(content))


def write_rejected(tracked: TrackedList, path: Path) -> None:
    """Write the rejected lines as they stand in the list, each with its place and reasons; remove
    the file where there are none. Raises FileError.
    """
    if not tracked.rejected:
        path.unlink(missing_ok=True)
        return
    width = len(tracked.header)
    rows = [
        [*[*one.cells, *[""] * width][:width], one.line, "; ".join(one.reasons)]
        for one in tracked.rejected
    ]
    frame = pd.DataFrame(rows)
    frame.columns = [*tracked.header, "line", "reasons"]
    _replace(path, lambda beside: escape_formula_frame(frame).to_csv(beside, index=False))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    try:
        replace_file(path, write)  # type: ignore[arg-type]
    except OSError as error:
        raise FileError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error
