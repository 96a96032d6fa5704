"""Candidates from a list as `score` reads it, and the columns that only a plan has."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ingest.sheets.sheet_types import SheetOptions
from serving.batch.chunks import Chunk, ProspectList
from serving.batch.duplicate_ids import DuplicateIds, ids_or_row_numbers
from serving.batch.list_names import name_column, names_of_rows
from serving.batch.open_list import check_list, open_list
from serving.batch.parquet_list import ParquetList
from serving.batch.score_chunk import unread_reasons, unread_warnings, validate_chunk
from serving.plan.answer import RejectedCandidate
from serving.plan.candidates import CandidateList, row_names
from serving.plan.fees import PART_NAMES, FeePart, FeePartError, parse_fee_part
from serving.plan.problem import PlanError
from serving.plan.settings import MOST_DELIVERABLES
from serving.scoring.prospect_batch import ProspectBatch

#: Rows of a list that can be planned.
MOST_CANDIDATES = 20_000
_CHUNK_ROWS = 1 << 14
MAX_DELIVERABLES = "max_deliverables"
#: Other headers of the columns that only a plan has.
_SYNONYMS = {
    "max_posts": MAX_DELIVERABLES,
    "usage": "usage_rights",
    "content_usage_rights": "usage_rights",
    "agency_fee": "agency",
    "agency_share": "agency",
}
#: What stands for nothing in the place of a fee.
_NO_WORDS = {"", "-", "–", "?", "n/a", "N/A", "na", "nan", "none", "None"}


def read_candidates(path: Path, options: SheetOptions) -> CandidateList:
    """Return the candidates of a CSV, XLSX or Parquet list. Raises CreatorcastError for what is
    none, or has more than MOST_CANDIDATES rows.
    """
    return read_candidate_rows(path, options).candidates()


def read_candidate_rows(path: Path, options: SheetOptions) -> "CandidateRows":
    """Return all that was read of a list of candidates. Raises as `read_candidates` does."""
    check_list(path)
    prospects = open_list(path, options)
    own = _own_columns(prospects)
    if own and not isinstance(prospects, ParquetList):
        # left out, lest one of them is taken for deliverables or for the fee
        left_out = {name: "" for name in own if name not in options.columns}
        prospects = open_list(path, replace(options, columns={**left_out, **options.columns}))
    reading = CandidateRows(prospects, own)
    for chunk in prospects.chunks(_CHUNK_ROWS):
        reading.add(chunk)
    return reading


def _own_columns(prospects: ProspectList) -> dict[str, str]:
    """Return header -> what it means, of the columns that only a plan has, and of names."""
    header = list(prospects.header)
    if isinstance(prospects, ParquetList):
        header = list(pq.read_schema(prospects.files[0]).names)
    found: dict[str, str] = {}
    for name in header:
        word = "_".join(name.lower().replace("-", " ").replace("_", " ").split())
        word = _SYNONYMS.get(word, word)
        if word in (MAX_DELIVERABLES, *PART_NAMES):
            if word in found.values():
                raise PlanError(f"the list has two columns for {word}: keep one")
            found[name] = word
    return found


@dataclass
class CandidateRows:
    """What was read so far of a list.

    `own`: header -> what it means, of the columns that only a plan has; `cells`: line or row ->
    cells of the rejected ones as they were written; `blank`: blank lines.
    """

    prospects: ProspectList
    own: dict[str, str]
    frames: list[pd.DataFrame] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    most: list[int | None] = field(default_factory=list)
    parts: list[tuple[FeePart, ...]] = field(default_factory=list)
    warnings: list[tuple[str, ...]] = field(default_factory=list)
    unread: dict[int, list[str]] = field(default_factory=dict)
    fee_words: list[str | None] = field(default_factory=list)
    rejected: list[RejectedCandidate] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cells: dict[int, list[str]] = field(default_factory=dict)
    blank: int = 0
    first: int = 0
    seen: DuplicateIds = field(default_factory=DuplicateIds)

    def add(self, chunk: Chunk) -> None:
        """Add the rows of a chunk: those that can be used, and the others with the reasons."""
        n = len(chunk.rows)
        if self.first + n > MOST_CANDIDATES:
            raise PlanError(
                f"the list has more than {MOST_CANDIDATES:,} rows, the most that are planned: "
                "shorten it, for example by `creatorcast score --top`"
            )
        repeats = np.zeros(n, dtype=bool)
        if "partnership_id" in chunk.rows:
            ids = ids_or_row_numbers(chunk.rows["partnership_id"], self.first)
            repeats = self.seen.find_repeats(ids)
        clean, reasons = validate_chunk(chunk, self.first, repeats)
        terms = self._terms(chunk, _currencies(clean), reasons)
        marks = unread_warnings(chunk)
        valid = [row for row in range(n) if row not in reasons]
        words = self._fee_words(chunk, clean)
        for row in valid:
            if unread := unread_reasons(chunk, row):
                self.unread[len(self.most)] = unread
            self.fee_words.append(words[row])
            self.most.append(terms[row][0])
            self.parts.append(terms[row][1])
            self.warnings.append(tuple(name for name, rows in marks.items() if rows[row]))
        self.names += self._given_names(chunk, valid)
        self.places += [int(chunk.positions[row]) for row in valid]
        self.frames.append(clean.iloc[valid])
        texts = chunk.text(sorted(reasons)) if reasons else []
        for row, cells in zip(sorted(reasons), texts, strict=True):
            place = int(chunk.positions[row])
            self._reject(place, clean["partnership_id"].iloc[row], reasons[row])
            self.cells[place] = cells
        for line in chunk.invalid_lines:
            self._reject(line.position, None, [line.reason])
            self.cells[line.position] = line.cells
        self.blank += chunk.blank
        self.notes += [note for note in chunk.notes if note not in self.notes]
        self.first += n

    def candidates(self) -> CandidateList:
        """Return all that was read."""
        frame = pd.concat(self.frames, ignore_index=True) if self.frames else pd.DataFrame()
        prospects = ProspectBatch.from_frame(frame)
        names = row_names(prospects)
        named = [given or name for given, name in zip(self.names, names, strict=True)]
        own = [repr(name) for name in self.own]
        notes = [note for note in self.prospects.notes if not any(name in note for name in own)]
        return CandidateList(
            prospects,
            named,
            self.places,
            self.most,
            self.parts,
            self.warnings,
            self.rejected,
            place_word=self.prospects.position_name,
            unread=self.unread,
            notes=tuple(note for note in [*notes, *self.notes] if note),
            fee_words=self.fee_words,
        )

    def _reject(self, place: int, name: object, reasons: list[str]) -> None:
        named = name if isinstance(name, str) else None
        self.rejected.append({"row": place, "partnership_id": named, "reasons": reasons})

    def _terms(
        self, chunk: Chunk, currencies: list[str | None], reasons: dict[int, list[str]]
    ) -> list[tuple[int | None, tuple[FeePart, ...]]]:
        """Return max_deliverables and the parts of the fee of each row; add why one cannot be
        read.
        """
        columns = self._texts(chunk, len(currencies))
        found = []
        for row, currency in enumerate(currencies):
            most, parts = None, []
            for name, texts in columns.items():
                try:
                    if name == MAX_DELIVERABLES:
                        most = parse_max_deliverables(texts[row])
                    elif part := parse_fee_part(name, texts[row], currency):
                        parts.append(part)
                except FeePartError as error:
                    reasons.setdefault(row, []).append(str(error))
            found.append((most, tuple(parts)))
        return found

    def _fee_words(self, chunk: Chunk, clean: pd.DataFrame) -> list[str | None]:
        """Return what stands in place of a fee in rows that have none, None where nothing does."""
        n = len(clean)
        plan = getattr(self.prospects, "plan", None)
        if plan is None or not n:
            return [None] * n
        header = list(self.prospects.header)
        sources = [guess.source for guess in plan.guesses if guess.column in ("fee", "fee_usd")]
        places = [header.index(source) for source in sources if source in header]
        has_fee = np.zeros(n, dtype=bool)
        for name in ("fee", "fee_usd"):
            has_fee |= clean[name].notna().to_numpy() if name in clean else False
        rows = chunk.text(list(range(n))) if places else []
        texts = [[str(cells[place] or "").strip() for place in places] for cells in rows]
        found = [next((text for text in one if text not in _NO_WORDS), None) for one in texts]
        return [
            None if known else text
            for text, known in zip(found or [None] * n, has_fee.tolist(), strict=True)
        ]

    def _texts(self, chunk: Chunk, n: int) -> dict[str, Sequence[str]]:
        if not self.own or not n:
            return {}
        if isinstance(self.prospects, ParquetList):
            return self._parquet_texts(self.prospects, n)
        rows = chunk.text(list(range(n)))
        places = {word: self.prospects.header.index(name) for name, word in self.own.items()}
        return {word: [cells[place] for cells in rows] for word, place in places.items()}

    def _parquet_texts(self, prospects: ParquetList, n: int) -> dict[str, Sequence[str]]:
        tables = [pq.read_table(file, columns=list(self.own)) for file in prospects.files]
        texts: dict[str, Sequence[str]] = {}
        for name, word in self.own.items():
            values = [value for table in tables for value in table[name].to_pylist()]
            own = values[self.first : self.first + n]
            texts[word] = ["" if value is None else str(value) for value in own]
        return texts

    def _given_names(self, chunk: Chunk, rows: list[int]) -> list[str | None]:
        """Return the names that the list has for rows, None where it has none."""
        return names_of_rows(chunk, name_column(self.prospects), rows)


def _currencies(rows: pd.DataFrame) -> list[str | None]:
    """Return the currency of the fee of each row, None where it names none."""
    if "currency" not in rows:
        return [None] * len(rows)
    return [code if isinstance(code, str) else None for code in rows["currency"]]


def parse_max_deliverables(value: object) -> int | None:
    """Return how often a fee may be bought, None where nothing is written. Raises FeePartError."""
    text = "" if value is None else str(value).strip()
    if text.lower() in ("", "-", "nan"):
        return None
    text = text.removesuffix(".0")
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_DELIVERABLES:
        raise FeePartError(
            f"{MAX_DELIVERABLES} {text[:40]!r} is not a whole number from 1 to {MOST_DELIVERABLES}"
        )
    return int(text)
