"""The chunks of one run: read in order, scored side by side, written down in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from features.files.change_guard import FileChangedError, FileFingerprint
from ledger.list_keeper import ListKeeper
from serving.batch.answer_summary import AnswerSummary
from serving.batch.best_answers import BEST_FILE, BestKeeper
from serving.batch.checkpoint import Checkpoint
from serving.batch.chunk_task import ChunkResult, ChunkTask, encode_csv_rows
from serving.batch.chunks import Chunk, ProspectList
from serving.batch.duplicate_ids import DuplicateIds, ids_or_row_numbers, offer_keys
from serving.batch.errors import BatchError
from serving.batch.executors import ExecutorFactory, PendingChunk
from serving.batch.run_checkpoint import LIST_CHANGED
from serving.batch.run_report import ProgressReporter, RunCounts
from serving.batch.score_chunk import ChunkScorer
from serving.batch.writers import AnswerFile, AnswerWriter

#: Marks columns that rejected rows have of an earlier run.
_BEFORE = " (before)"
#: The warning of a row whose offer came before.
SAME_OFFER = "same_offer_again"


def with_repeats(
    chunks: Iterable[Chunk], tells_offers: bool
) -> Iterator[tuple[Chunk, int, np.ndarray]]:
    """Yield the chunks of a list in order, each with the rows before it and which of its rows (n,)
    have an id that came before; where `tells_offers`, rows whose offer came before are marked.
    """
    seen, seen_offers, first = DuplicateIds(), DuplicateIds(), 0
    for chunk in chunks:
        repeats = np.zeros(len(chunk.rows), dtype=bool)
        if "partnership_id" in chunk.rows:
            ids = ids_or_row_numbers(chunk.rows["partnership_id"], first)
            repeats = seen.find_repeats(ids)
        if tells_offers and "creator_id" in chunk.rows:
            again = seen_offers.find_repeats(offer_keys(chunk.rows))
            chunk = replace(chunk, remarks={**chunk.remarks, SAME_OFFER: again})
        yield chunk, first, repeats
        first += len(chunk.rows)


def rejected_header(prospects: ProspectList) -> list[str]:
    """Return the header of the file of rejected rows: the columns of the list, those marked that
    they got in an earlier run, and two of our own.
    """
    added = (prospects.position_name, "reasons")
    names = []
    for name in prospects.header:
        if name in added:
            while name in prospects.header:
                name += _BEFORE
        names.append(name)
    return [*names, *added]


@dataclass
class ChunkRun:
    """Scores the chunks of a list that a checkpoint does not have yet.

    `executor`: makes who scores them; `fingerprint`: of the list's files as the run began;
    `chunk_rows`: rows of a chunk; `ledger`: keeps the forecasts, None where none are kept.
    """

    checkpoint: Checkpoint
    prospects: ProspectList
    chunk_scorer: ChunkScorer
    executor: ExecutorFactory
    reporter: ProgressReporter
    fingerprint: FileFingerprint
    chunk_rows: int
    best: BestKeeper | None = None
    ledger: ListKeeper | None = None
    rows_read: int = field(default=0, init=False)
    reported_notes: set[str] = field(default_factory=set, init=False)

    def score_remaining(self, writer: AnswerWriter) -> tuple[RunCounts, Path]:
        """Score all chunks that are not done; return the counts of all chunks, and the file of
        their answers.

        Raises BatchError where the list changes meanwhile, or rows were lost.
        """
        counts, summary = RunCounts(), AnswerSummary()
        for line in self.checkpoint.lines:
            counts = counts.plus(line.figures)
            summary.add(line.figures)
        if not self.checkpoint.lines:
            self._write_starts(writer)
        with writer.open(self.checkpoint.folder / "answers") as file:
            try:
                for figures in self._score_chunks(writer, file):
                    counts = counts.plus(figures)
                    summary.add(figures)
                    self.reporter.progress(counts.read, counts.rejected, self.prospects.total)
            except Exception:
                self._check_list()  # a list that changes may break its readers in any way
                raise
            self._check_list()
            if not self.rows_read == counts.read == counts.scored + counts.rejected:
                raise BatchError(
                    f"{self.rows_read:,} rows were read but {counts.scored:,} scored and "
                    f"{counts.rejected:,} rejected; nothing was written"
                )
            self.checkpoint.close()
            answers = file.finish(counts)
        counts = replace(
            counts,
            summary=(*summary.lines(), *writer.notes),
            verdicts=dict(summary.counts.get("verdict", {})),
            best=None if self.best is None else self.best.finish(self.checkpoint.folder),
        )
        return counts, answers

    def _write_starts(self, writer: AnswerWriter) -> None:
        """Write what stands before the first chunk in each file."""
        self.checkpoint.append("answers", writer.encode_start())
        self.checkpoint.append("rejected", encode_csv_rows([rejected_header(self.prospects)]))
        self.checkpoint.commit({"read": 0, "scored": 0, "rejected": 0, "blank": 0})

    def _score_chunks(self, writer: AnswerWriter, file: AnswerFile) -> Iterator[dict]:
        """Have chunks scored and write them down in their order; yield the counts of each."""
        task = ChunkTask(self.chunk_scorer, writer, len(self.prospects.header), self.best)
        pending: deque[PendingChunk] = deque()
        with self.executor(task, self.prospects) as executor:
            chunks_done = len(self.checkpoint.lines) - 1
            for chunk, first, repeats in self._chunks_to_score(executor.chunks, chunks_done):
                pending.append(executor.submit(chunk, first, repeats))
                if len(pending) > executor.max_pending:
                    yield self._record(pending.popleft().result(), file)
            while pending:
                yield self._record(pending.popleft().result(), file)

    def _chunks_to_score(
        self, read_chunks: Callable[[int], Iterator[Chunk]], chunks_done: int
    ) -> Iterator[tuple[Chunk, int, np.ndarray]]:
        """Yield each chunk that is not done, the rows before it, and which of its rows (n,) have an
        id that came before.
        """
        chunks = with_repeats(read_chunks(self.chunk_rows), self.prospects.tells_offers)
        for number, (chunk, first, repeats) in enumerate(chunks):
            self.reporter.check()
            self.rows_read += len(chunk.rows) + len(chunk.invalid_lines)
            if number >= chunks_done:
                yield chunk, first, repeats

    def _record(self, result: ChunkResult, file: AnswerFile) -> dict:
        """Write down what came of a chunk; return its counts."""
        self.reporter.check()
        self._check_list()
        if self.ledger is not None and (made := result.forecasts) is not None:
            # before the chunk counts as done: a chunk that is scored again has the same ids
            self.ledger.keep(made.batches, made.lost, made.fault)
        self.checkpoint.append("answers", result.answers)
        self.checkpoint.append("rejected", result.rejected)
        self.checkpoint.append(BEST_FILE, result.best)
        self.checkpoint.commit(result.figures)
        file.add(result.answers)
        new_notes = set(result.notes) - self.reported_notes
        for note in new_notes:
            self.reporter.notify(note)
        self.reported_notes |= new_notes
        return result.figures

    def _check_list(self) -> None:
        """Raise BatchError where the files of the list changed: what was read may be of both."""
        try:
            self.fingerprint.check()
        except FileChangedError as error:
            raise BatchError(f"{error.file!r} {LIST_CHANGED}") from error
