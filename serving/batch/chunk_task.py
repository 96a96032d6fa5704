"""What is done with every chunk, in a thread or on a worker of a cluster."""

import csv
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from features.files.formula_escape import escape_formula
from serving.batch.answer_summary import WITHOUT_RATE, count_answers
from serving.batch.best_answers import BestKeeper
from serving.batch.chunks import Chunk
from serving.batch.score_chunk import ChunkScorer, fit_to_width
from serving.batch.writers import AnswerWriter
from serving.ledger_entries import ForecastCollector


@dataclass(frozen=True)
class ChunkResult:
    """What came of a chunk: its counts, notes for the user, what to append to the files, and its
    forecasts for the ledger.
    """

    figures: dict
    notes: list[str]
    answers: bytes
    rejected: bytes
    best: bytes = b""
    forecasts: ForecastCollector | None = None


@dataclass(frozen=True)
class ChunkTask:
    """Scores a chunk and encodes what came of it. `width`: columns of the source; `best`: keeps
    the best answers for a report.
    """

    chunk_scorer: ChunkScorer
    writer: AnswerWriter
    width: int
    best: BestKeeper | None = None

    def __call__(self, chunk: Chunk, first: int, repeats: np.ndarray) -> ChunkResult:
        """Score a chunk. `first`: rows of the list before it; `repeats` (n,): rows whose id came
        before.
        """
        scored = self.chunk_scorer.score_chunk(chunk, first, repeats)
        figures = {
            "read": scored.read,
            "scored": len(scored.answers),
            "rejected": len(scored.rejected),
            "blank": scored.blank,
            "notes": scored.value_notes,
            WITHOUT_RATE: scored.without_rate,
            **count_answers(scored.answers),
        }
        rejected = []
        for row in scored.rejected:
            fitted = fit_to_width(row, self.width)
            rejected.append([*fitted.cells, fitted.position, "; ".join(fitted.reasons)])
        best = b"" if self.best is None else self.best.encode(scored.answers)
        answers = self.writer.encode(scored.answers.select(self.writer.schema.names))
        return ChunkResult(
            figures, scored.notes, answers, encode_csv_rows(rejected), best, scored.forecasts
        )


def encode_csv_rows(rows: list[list]) -> bytes:
    """Return rows as CSV, with texts guarded against being run as formulas."""
    lines: list[str] = []
    # a writer quotes what its own line end is made of, and readers end a row at \r as well
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    for row in rows:
        writer.writerow([escape_formula(cell) if isinstance(cell, str) else cell for cell in row])
    text = "".join(f"{line[:-2]}\n" for line in lines)
    return text.encode("utf-8", "surrogatepass")
