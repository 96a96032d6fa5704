"""Lists read for an answer, each by the reader of the command that uses it: `creatorcast score`,
`plan` or `track`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ingest.sheets.guess_lines import column_lines
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.sheet_source import open_sheet
from ingest.sheets.sheet_types import Guess, SheetError, SheetOptions
from serving.batch.chunk_run import with_repeats
from serving.batch.chunks import Chunk, ProspectList
from serving.batch.list_names import name_column, names_of_rows
from serving.batch.open_list import open_list
from serving.batch.score_chunk import RejectedRow, unread_reasons, validate_chunk
from serving.batch.sheet_list import SheetList
from serving.http.lists.partnership_json import prospects_json, tracked_json
from serving.http.lists.request_schema import MOST_ROWS
from serving.plan.list_reader import CandidateRows, read_candidate_rows
from serving.scoring.answer_table import AnswerTable
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer
from serving.track.known_posts import KnownPosts
from serving.track.list_groups import group_list
from serving.track.list_reader import read_list

_CHUNK_ROWS = 1 << 14
#: Rows whose values are shown, and how many of each column.
_SAMPLE_ROWS, _SAMPLES = 100, 3
LONGEST_SAMPLE = 60


@dataclass(frozen=True)
class ListRows:
    """The rows of a list: read = usable + rejected.

    `source`: the file as a sheet; `platform`: of rows that name none; `partnerships`: as requests
    bring them, with the line and the name of the creator of each; `faulty_names`: what reasons call
    a column -> its place in `header`; `past_starts`: starts before the moment of the forecast.
    """

    source: SheetSource
    platform: str | None
    header: list[str]
    guesses: list[Guess]
    samples: list[list[str]]
    notes: list[str]
    read: int
    blank: int
    rejected: list[RejectedRow]
    faulty_names: Mapping[str, int]
    lines: list[int]
    names: list[str | None]
    partnerships: list[dict[str, Any]]
    past_starts: list[str] = field(default_factory=list)


def check_length(use: str, rows: int) -> None:
    """Raise SheetError for a list with more rows than are read over HTTP."""
    if rows > MOST_ROWS:
        raise SheetError(
            f"the list has more than {MOST_ROWS:,} rows, the most that are read here: use the "
            f"command `creatorcast {use} LIST`"
        )


def check_list_length(use: str, prospects: SheetList) -> None:
    """Raise SheetError for such a list before any row of it is used; the total is about, so that
    rows are counted only where it may be too large.
    """
    if prospects.total is not None and prospects.total <= MOST_ROWS:
        return
    rows = 0
    for chunk in prospects.chunks(_CHUNK_ROWS):
        rows += len(chunk.rows)
        check_length(use, rows)


def read_rows(
    use: str, path: Path, options: SheetOptions, scorer: Scorer, as_of: pd.Timestamp
) -> ListRows:
    """Read a list for a use. Raises CreatorcastError for what is none, or is too long."""
    readers: dict[str, Callable[..., ListRows]] = {
        "score": _read_prospects,
        "plan": _read_candidates,
        "track": _read_posts,
    }
    return readers[use](path, options, scorer, as_of)


def _read_prospects(
    path: Path, options: SheetOptions, scorer: Scorer, as_of: pd.Timestamp
) -> ListRows:
    prospects = open_sheet_list(path, options)
    rows = _ProspectRows(prospects, scorer, microseconds(as_of))
    chunks = prospects.chunks(_CHUNK_ROWS)
    for chunk, first, repeats in with_repeats(chunks, prospects.tells_offers):
        rows.add(chunk, first, repeats)
    return rows.list_rows()


class _ProspectRows:
    """What was read so far of a list to score."""

    def __init__(self, prospects: SheetList, scorer: Scorer, as_of: int):
        self._list, self._scorer, self._as_of = prospects, scorer, as_of
        self._read = self._blank = 0
        self._samples: list[list[str]] = []
        self._rejected: list[RejectedRow] = []
        self._lines: list[int] = []
        self._names: list[str | None] = []
        self._partnerships: list[dict[str, Any]] = []
        self._past_starts: list[str] = []
        self._notes = _notes_on_rows(prospects.notes, prospects.plan.guesses)

    def add(self, chunk: Chunk, first: int, repeats: np.ndarray) -> None:
        """Add the rows of a chunk: those that can be scored, and the others with their reasons.

        `first`: rows before it; `repeats` (n,): rows whose id came before.
        """
        n = len(chunk.rows)
        check_length("score", first + n)
        clean, reasons = validate_chunk(chunk, first, repeats)
        valid = np.array([row for row in range(n) if row not in reasons], dtype=int)
        batch = ProspectBatch.from_frame(clean.iloc[valid] if reasons else clean)
        checked = self._scorer.check(batch, self._as_of)
        for row, why in checked.reasons.items():
            place = int(valid[row])
            unread = unread_reasons(chunk, place) if checked.lacks_profile(row) else []
            reasons[place] = [*unread, *why]
        self._past_starts += _past_starts(checked)
        usable = valid[checked.is_scored].tolist()
        self._lines += [int(chunk.positions[row]) for row in usable]
        self._names += names_of_rows(chunk, name_column(self._list), usable)
        self._partnerships += prospects_json(batch[checked.is_scored])
        self._reject(chunk, reasons)
        self._samples = self._samples or sample_values(
            chunk.text(list(range(min(n, _SAMPLE_ROWS))))
        )
        self._notes += [note for note in chunk.notes if note not in self._notes]
        self._read += n + len(chunk.invalid_lines)
        self._blank += chunk.blank

    def _reject(self, chunk: Chunk, reasons: Mapping[int, list[str]]) -> None:
        rows = sorted(reasons)
        texts = chunk.text(rows) if rows else []
        for row, cells in zip(rows, texts, strict=True):
            self._rejected.append(RejectedRow(int(chunk.positions[row]), cells, reasons[row]))
        for line in chunk.invalid_lines:
            self._rejected.append(RejectedRow(line.position, line.cells, [line.reason]))

    def list_rows(self) -> ListRows:
        """Return all that was read."""
        return ListRows(
            self._list.plan.source,
            self._list.plan.platform,
            self._list.header,
            self._list.plan.guesses,
            self._samples,
            self._notes,
            self._read,
            self._blank,
            sorted(self._rejected, key=lambda one: one.position),
            self._list.faulty_names,
            self._lines,
            self._names,
            self._partnerships,
            self._past_starts,
        )


def _read_candidates(
    path: Path, options: SheetOptions, scorer: Scorer, as_of: pd.Timestamp
) -> ListRows:
    rows = read_candidate_rows(path, options)
    prospects = as_sheet_list(rows.prospects)
    candidates = rows.candidates()
    checked = scorer.check(candidates.prospects, microseconds(as_of))
    texts = _texts_by_line(rows, list(checked.breaches), candidates.places)
    rejected = [
        RejectedRow(one["row"], rows.cells[one["row"]], one["reasons"])
        for one in candidates.rejected
    ]
    for row, why in checked.reasons.items():
        unread = candidates.unread.get(row, []) if checked.lacks_profile(row) else []
        line = candidates.places[row]
        rejected.append(RejectedRow(line, texts[line], [*unread, *why]))
    partnerships = prospects_json(candidates.prospects)
    for row, told in enumerate(partnerships):
        if candidates.max_deliverables[row] is not None:
            told["max_deliverables"] = candidates.max_deliverables[row]
        told |= {part.name: part.as_text() for part in candidates.fee_parts[row]}
    usable = np.flatnonzero(checked.is_scored).tolist()
    names: Sequence[str | None] = rows.names
    return ListRows(
        prospects.plan.source,
        prospects.plan.platform,
        prospects.header,
        _plan_guesses(prospects.plan.guesses, rows.own),
        sample_values(_first_cells(prospects)),
        _notes_on_rows(candidates.notes, prospects.plan.guesses),
        candidates.read,
        rows.blank,
        sorted(rejected, key=lambda one: one.position),
        {**prospects.faulty_names, **_places_of(rows)},
        [candidates.places[row] for row in usable],
        [names[row] for row in usable],
        [partnerships[row] for row in usable],
        _past_starts(checked),
    )


def _past_starts(checked: AnswerTable) -> list[str]:
    """Return the starts of rows that lie before the moment of the forecast."""
    broken = [one for breaches in checked.breaches.values() for one in breaches]
    return [str(one.got) for one in broken if one.code == "start_before_as_of"]


def _notes_on_rows(notes: Iterable[str], guesses: list[Guess]) -> list[str]:
    """Return the notes that are on no column: the answer tells each column by itself."""
    told = column_lines(guesses)
    return [note for note in notes if note and note not in told]


def _texts_by_line(
    rows: CandidateRows, wanted: Sequence[int], places: Sequence[int]
) -> dict[int, list[str]]:
    """Return line -> cells of candidates that were usable when they were read."""
    lines = {places[row] for row in wanted}
    texts: dict[int, list[str]] = {}
    for chunk in rows.prospects.chunks(_CHUNK_ROWS) if lines else ():
        found = [row for row, line in enumerate(chunk.positions.tolist()) if line in lines]
        for row, cells in zip(found, chunk.text(found), strict=True):
            texts[int(chunk.positions[row])] = cells
    return texts


def _first_cells(prospects: ProspectList) -> list[list[str]]:
    chunk = next(iter(prospects.chunks(_SAMPLE_ROWS)), None)
    return [] if chunk is None else chunk.text(list(range(len(chunk.rows))))


def _places_of(rows: CandidateRows) -> dict[str, int]:
    header = list(rows.prospects.header)
    return {word: header.index(name) for name, word in rows.own.items()}


def _plan_guesses(guesses: list[Guess], own: Mapping[str, str]) -> list[Guess]:
    """Return what columns were read as, with those that only a plan has."""
    return [
        Guess(one.source, own[one.source], "text", "column of a plan") if one.source in own else one
        for one in guesses
    ]


def _read_posts(path: Path, options: SheetOptions, scorer: Scorer, as_of: pd.Timestamp) -> ListRows:
    readings = read_list(path, options, scorer.rates)
    read = len(readings.rows) + len(readings.left_out)
    check_length("track", read)
    grouped = group_list(readings, KnownPosts(None, set()), as_of)
    rejected = [
        RejectedRow(int(readings.lines[row]), list(map(str, readings.cells[row])), why)
        for row, why in grouped.reasons.items()
    ]
    rejected += [RejectedRow(one.line, one.cells, one.reasons) for one in readings.left_out]
    places = {name: place for place, name in enumerate(readings.header)}
    read_as = {
        guess.column: places[guess.source]
        for guess in readings.guesses
        if guess.column and guess.source in places
    }
    return ListRows(
        open_sheet(path, options),
        options.platform,
        readings.header,
        readings.guesses,
        sample_values(readings.cells[:_SAMPLE_ROWS]),
        _notes_on_rows(readings.notes, readings.guesses),
        read,
        readings.blank,
        sorted(rejected, key=lambda one: one.position),
        read_as | places,
        [int(readings.lines[rows[0]]) for rows in grouped.rows],
        [None] * len(grouped.rows),
        [tracked_json(one) for one in grouped.partnerships],
    )


def open_sheet_list(path: Path, options: SheetOptions) -> SheetList:
    """Return a list to score. Raises CreatorcastError for what is none."""
    return as_sheet_list(open_list(path, options))


def as_sheet_list(prospects: ProspectList) -> SheetList:
    """Return a list that is a sheet. Raises SheetError for one that is not."""
    if not isinstance(prospects, SheetList):
        raise SheetError("the list is a Parquet file: write it as CSV or XLSX")
    return prospects


def sample_values(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return of each column its most frequent values among rows of cells, as they are written.

    >>> sample_values([["a", "1"], ["a", ""], ["b", ""]])
    [['a', 'b'], ['1']]
    """
    columns = [Counter[str]() for _ in rows[0]] if rows else []
    for cells in rows:
        for counter, text in zip(columns, cells, strict=False):
            if text and text.strip():
                counter[text.strip()[:LONGEST_SAMPLE]] += 1
    return [[text for text, _ in counter.most_common(_SAMPLES)] for counter in columns]
