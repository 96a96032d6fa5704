"""From the journal into the database, in batches; a forecast that is there is left as it is."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from ledger.forecast_batch import batch_rows
from ledger.journal import Journal, journal_files, set_aside
from ledger.segment import DAMAGED, Line, Segment, count_of_line
from ledger.store import Ledger, LedgerError

#: Rows of one transaction.
_ROWS = 2000


@dataclass(frozen=True)
class Moved:
    """`own`: forecasts of this process and of others of its service that were moved, `adopted`:
    of processes before; `refused`: forecasts of this service that the database refuses; `damaged`:
    lines that were set aside, those with refused forecasts too; `doubles`: of `own` those that the
    database had already.
    """

    own: int = 0
    adopted: int = 0
    refused: int = 0
    damaged: int = 0
    doubles: int = 0

    def plus(self, other: Moved) -> Moved:
        """Return the sums."""
        return Moved(
            self.own + other.own,
            self.adopted + other.adopted,
            self.refused + other.refused,
            self.damaged + other.damaged,
            self.doubles + other.doubles,
        )


def move_journal(journal: Journal, ledger: Ledger, parent: int = 0) -> Moved:
    """Move what waits in a journal, of this process and of those that have ended, into the ledger.

    `parent`: the process that started this service. Raises LedgerError where the database fails;
    what was not moved stays in the journal.
    """
    total = Moved()
    for segment in journal.waiting_segments():
        total = total.plus(_move(segment, journal.folder, ledger))
        journal.release(segment)
    for segment in journal.orphans():
        try:
            moved = _move(segment, journal.folder, ledger)
        except BaseException:
            segment.close()
            raise
        segment.close(removes=True)
        is_own = parent and segment.path.name.startswith(f"{parent}-")
        total = total.plus(moved if is_own else Moved(0, moved.own, 0, moved.damaged))
    return total


def waiting_forecasts(folder: Path) -> int:
    """Return how many forecasts the files of a journal have, those of running processes too, of
    which some may be moved already.
    """
    waiting = 0
    for path in journal_files(folder):
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            waiting += sum(count_of_line(line) for line in file)
    return waiting


def damaged_bytes(folder: Path) -> int:
    """Return how many bytes of lines were set aside."""
    return sum(path.stat().st_size for path in journal_files(folder, DAMAGED))


def _move(segment: Segment, folder: Path, ledger: Ledger) -> Moved:
    """Move the lines of a file."""
    total, lines, waiting, at = Moved(), [], 0, segment.moved
    for end, line in segment.lines():
        lines.append(line)
        waiting, at = waiting + line.count, end
        if waiting >= _ROWS:
            total = total.plus(_append(lines, folder, ledger))
            segment.moved, lines, waiting = at, [], 0
    total = total.plus(_append(lines, folder, ledger))
    segment.moved = at
    return total


def _append(lines: list[Line], folder: Path, ledger: Ledger) -> Moved:
    """Append the forecasts of lines; where the database refuses what they hold, those of each line
    by itself. What is refused, or damaged, is set aside.
    """
    made = [(line, _rows(line)) for line in lines]
    rows = [row for _, found in made for row in found or ()]
    damaged = [line for line, found in made if found is None]
    try:
        doubles = len(rows) - ledger.append_rows(rows)
    except LedgerError as error:
        if not error.is_refused:
            raise
        if len(lines) > 1:
            parts = [_append([line], folder, ledger) for line in lines]
            return reduce(Moved.plus, parts)
        rows, damaged, doubles = [], lines, 0
    for line in damaged:
        _set_aside(folder, line)
    refused = sum(line.count for line in damaged)
    return Moved(len(rows), 0, refused, len(damaged), doubles)


def _rows(line: Line) -> list[tuple] | None:
    """Return the rows of a line, None where it is damaged."""
    if line.content is None:
        return None
    try:
        return batch_rows(line.content)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _set_aside(folder: Path, line: Line) -> None:
    try:
        set_aside(folder, line.raw)
    except OSError as error:
        raise LedgerError(f"a damaged line cannot be set aside: {error.strerror}") from None
