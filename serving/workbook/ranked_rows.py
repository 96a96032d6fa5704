"""The answers of a list in rank order, in memory of a few chunks: rows are read from a file that is
mapped into memory, by their places; one measure alone is held.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from serving.scoring.measures import best_first, measure_columns, measure_values
from serving.workbook.list_cells import holds_text

#: Rows that are read at a time.
BLOCK_ROWS = 2_048
#: The file beside the answers.
_FILE = "ranked"


@dataclass
class ListFacts:
    """What the answers of a list say in all, as far as its sheets need it.

    `filled`: columns in which any row has a value; `low`, `high`: the least p10 and the largest p90
    of the engagements; `currencies`: those of the fees, with their rates; `fees_in_usd`: how many
    rows have a fee in no other currency; `warnings`: how many rows have each;
    `texts`: the list's own columns with a text that is no number.
    """

    rows: int = 0
    filled: set[str] = field(default_factory=set)
    low: float = np.inf
    high: float = 0.0
    currencies: set[tuple[str, float]] = field(default_factory=set)
    fees_in_usd: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    texts: set[str] = field(default_factory=set)

    def add(self, answers: pa.Table) -> None:
        """Add the answers of a chunk."""
        self.rows += len(answers)
        self.filled |= {
            name for name in answers.column_names if answers[name].null_count < len(answers)
        }
        if {"engagements_p10", "engagements_p90"} <= set(answers.column_names):
            self._add_range(answers)
        if "currency" in answers.column_names and "fee_usd" in answers.column_names:
            self._add_currencies(answers)
        self.texts |= {
            field.name for field in answers.schema if holds_text(answers[field.name], field)
        }
        if "warnings" in answers.column_names:
            counts = Counter(_texts(answers["warnings"]))
            for names, count in counts.items():
                self.warnings.update(dict.fromkeys(split_warnings(names), count))

    def _add_range(self, answers: pa.Table) -> None:
        low, high = (answers[f"engagements_{name}"].to_numpy() for name in ("p10", "p90"))
        self.low = min(self.low, np.nanmin(low, initial=np.inf))
        self.high = max(self.high, np.nanmax(high, initial=0.0))

    def _add_currencies(self, answers: pa.Table) -> None:
        codes = _texts(answers["currency"])
        rates = answers["usd_per_unit"].to_pylist()
        fees = answers["fee_usd"].to_pylist()
        self.currencies |= {
            (code, rate) for code, rate in zip(codes, rates, strict=True) if code and rate
        }
        self.fees_in_usd += sum(
            fee is not None and not code for fee, code in zip(fees, codes, strict=True)
        )

    @property
    def currency(self) -> tuple[str, float] | None:
        """The one currency of all fees, with its rate; None where there are none or several."""
        is_one = len(self.currencies) == 1 and not self.fees_in_usd
        return next(iter(self.currencies)) if is_one else None


def split_warnings(text: str | None) -> tuple[str, ...]:
    """Return the names of warnings as answers have them in one text."""
    return tuple(text.split("; ")) if text else ()


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return column.to_pylist()


class RankedRows:
    """Answers that are written to a file, in the order of the list, and read in that of a measure.

    `facts`: of all rows; `measure`: the first of `measures` that any row has, the last where none
    has any.
    """

    def __init__(self, answers: Iterable[pa.Table], measures: tuple[str, ...], folder: Path):
        self.path, self.facts = folder / _FILE, ListFacts()
        values: dict[str, list[np.ndarray]] = {measure: [] for measure in measures}
        self.starts = [0]
        writer: pa.ipc.RecordBatchFileWriter | None = None
        for table in answers:
            plain = _plain(table)
            if writer is None:
                writer = pa.ipc.new_file(str(self.path), plain.schema)
            self.facts.add(plain)
            for measure, parts in values.items():
                parts.append(_measure(measure, plain))
            for batch in plain.combine_chunks().to_batches():
                writer.write_batch(batch)
                self.starts.append(self.starts[-1] + len(batch))
        if writer is not None:
            writer.close()
        known = {measure: np.concatenate([*parts, []]) for measure, parts in values.items()}
        *first, last = measures
        self.measure = next((one for one in first if np.isfinite(known[one]).any()), last)
        self._order = best_first(self.measure, known[self.measure])
        self._is_known = np.isfinite(known[self.measure])[self._order]

    def blocks(self) -> Iterator[tuple[np.ndarray, pa.Table]]:
        """Yield ranks from 1, (m,), NaN where the measure is unknown, and the rows (m,)."""
        if not self.facts.rows:
            return
        with pa.memory_map(str(self.path)) as source, pa.ipc.open_file(source) as reader:
            for start in range(0, self.facts.rows, BLOCK_ROWS):
                places = self._order[start : start + BLOCK_ROWS]
                ranks = np.arange(start + 1, start + 1 + len(places), dtype=float)
                is_known = self._is_known[start : start + BLOCK_ROWS]
                yield np.where(is_known, ranks, np.nan), self._rows(reader, places)

    def in_list_order(self) -> Iterator[pa.Table]:
        """Yield the rows in the order of the list."""
        if not self.facts.rows:
            return
        with pa.memory_map(str(self.path)) as source, pa.ipc.open_file(source) as reader:
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                for start in range(0, len(batch), BLOCK_ROWS):
                    yield pa.Table.from_batches([batch.slice(start, BLOCK_ROWS)])

    def _rows(self, reader: pa.ipc.RecordBatchFileReader, places: np.ndarray) -> pa.Table:
        """Return the rows at some places, in the order of the places."""
        batch_of = np.searchsorted(self.starts, places, side="right") - 1
        parts, found = [], []
        for number in np.unique(batch_of).tolist():
            inside = np.flatnonzero(batch_of == number)
            local = pa.array(places[inside] - self.starts[number])
            parts.append(reader.get_batch(number).take(local))
            found.append(inside)
        order = np.argsort(np.concatenate(found))
        return pa.Table.from_batches(parts).take(pa.array(order))


def _measure(measure: str, answers: pa.Table) -> np.ndarray:
    """Return the values of a measure, (n,), NaN where unknown."""
    columns = {name: answers[name].to_numpy() for name in measure_columns(measure)}
    return measure_values(measure, columns)


def _plain(table: pa.Table) -> pa.Table:
    """Return the columns without dictionaries, which chunks do not share."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
