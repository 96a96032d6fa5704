"""The best answers of a list alone, best first, in memory of a few chunks."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa

from serving.batch.answer_streams import AnswerStreams, encode_stream
from serving.batch.run_report import RunCounts
from serving.batch.writers import AnswerFile, FileAtEnd, FileWriter
from serving.scoring.measures import RANKING_MEASURES, best_first, measure_columns, measure_values


class TopAnswerWriter:
    """Keeps the `count` best answers of each chunk, and at the end the best of those.

    Of several measures the first counts that any answer of the list has; which one that is shows
    at the end, so the best by each are kept.
    """

    def __init__(self, schema: pa.Schema, file: FileWriter, measures: Sequence[str], count: int):
        """`schema`: of the answers, with the columns of all measures; `file`: what is written."""
        self.schema, self.file = schema, file
        self.measures, self.count = measures, count
        self.notes: list[str] = []

    def encode_start(self) -> bytes:
        """Return nothing: streams need no header."""
        return b""

    def encode(self, answers: pa.Table) -> bytes:
        """Return the best answers of a chunk by each measure, in their order, as a stream."""
        return encode_stream(best_of_each(self.measures, answers, self.count))

    def open(self, kept: Path) -> AbstractContextManager[AnswerFile]:
        """Open the file, which is made at the end: its rows are the best of all chunks."""
        return nullcontext(FileAtEnd(self, kept))

    def finish(self, kept: Path, counts: RunCounts) -> Path:
        """Write the file of the best answers beside `kept`, and note by what they are best."""
        chunks = AnswerStreams(kept)
        measure, best = best_of_list(self.measures, chunks, self.schema, self.count)
        self.notes.append(self._ranking_note(measure))
        return self.file.write([best.select(self.file.schema.names)], kept.parent, counts)

    def _ranking_note(self, measure: str) -> str:
        note = f"the best by {measure}, {RANKING_MEASURES[measure].order}"
        if len(self.measures) == 1:
            return note
        return f"{note} (the first that any row has of {', '.join(self.measures)})"


def best_of_each(measures: Sequence[str], answers: pa.Table, count: int) -> pa.Table:
    """Return the best answers of a chunk by each measure, `count` at most of each, in the order of
    the chunk.
    """
    best = np.unique(np.concatenate([_best(by, answers, count) for by in measures]))
    return answers.take(pa.array(best))


def best_of_list(
    measures: Sequence[str], chunks: AnswerStreams, schema: pa.Schema, count: int
) -> tuple[str, pa.Table]:
    """Return the first measure that any answer has, and the best answers by it, best first,
    `count` at most.
    """
    measure = _first_known_measure(measures, chunks)
    best = schema.empty_table()
    for answers in chunks:
        candidates = pa.concat_tables([best, answers])
        best = candidates.take(pa.array(_best(measure, candidates, count)))
    return measure, best


def _first_known_measure(measures: Sequence[str], chunks: AnswerStreams) -> str:
    """Return the first measure that any answer has, the last one where none has any."""
    *first, last = measures
    for measure in first:
        if any(np.isfinite(_measure(measure, answers)).any() for answers in chunks):
            return measure
    return last


def _best(measure: str, answers: pa.Table, count: int) -> np.ndarray:
    """Return the rows of the best answers by a measure, best first, `count` at most."""
    return best_first(measure, _measure(measure, answers))[:count]


def _measure(measure: str, answers: pa.Table) -> np.ndarray:
    """Return the values of a measure, (n,), NaN where unknown."""
    columns = {name: answers[name].to_numpy() for name in measure_columns(measure)}
    return measure_values(measure, columns)
