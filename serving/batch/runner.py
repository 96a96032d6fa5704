"""A run over a list: lots in order through both cores, into files that are there whole or not at
all.
"""

import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.files.atomic import move_file
from features.files.change_guard import FileChangedError, FileFingerprint
from models.cluster import ClusterError
from serving.batch.answer_summary import AnswerSummary
from serving.batch.arrow_answers import answer_schema
from serving.batch.checkpoint import Checkpoint
from serving.batch.chunks import Chunk, ProspectList
from serving.batch.duplicate_ids import DuplicateIds, ids_or_row_numbers
from serving.batch.errors import BatchError
from serving.batch.executors import (
    WORKERS,
    ChunkTask,
    dask_executor,
    encode_csv_rows,
    thread_executor,
)
from serving.batch.open_list import content_digest, open_list, spool_input
from serving.batch.options import STDIO, BatchOptions, check_measure, check_paths, check_quantiles
from serving.batch.score_chunk import ChunkScorer
from serving.batch.writers import AnswerWriter, TopAnswerWriter, writer_for
from serving.scoring.measures import measure_columns
from serving.scoring.scorer import Scorer

#: Rows scored at a time.
CHUNK_ROWS = 1 << 14
#: Marks columns that rejected rows have of an earlier run.
_BEFORE = " (before)"
#: What is said of a list that is no longer what it was when the run began.
LIST_CHANGED = "was changed while it was scored: no answers were written; run it again when nothing writes to it"
#: Of what a run's folder keeps; another one cannot be taken up.
CHECKPOINT_FORMAT = 1


@dataclass(frozen=True)
class RunCounts:
    """What became of the rows read: scored + rejected = read. `rejected_path`: None where there are
    none.
    """

    read: int = 0
    scored: int = 0
    rejected: int = 0
    blank: int = 0
    rejected_path: Path | None = None
    summary: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProgressReporter:
    """Who is told how far a run is, and what there is to say of the list.

    `progress` is called with rows done, those of them rejected, and rows in all, None where that is
    not known.
    """

    progress: Callable[[int, int, int | None], None] = lambda done, rejected, total: None
    notify: Callable[[str], None] = lambda line: None


def score_file(
    source: Path,
    out: Path,
    scorer: Scorer,
    as_of: pd.Timestamp | None = None,
    options: BatchOptions | None = None,
    watcher: ProgressReporter | None = None,
) -> RunCounts:
    """Score a list into `out`, and into `out`.rejected.csv what could not be scored.

    `source`: CSV, XLSX, Parquet, a folder of Parquet files, or "-" for standard input; `out`: .csv,
    .parquet, .xlsx, or "-" for standard output; `as_of` None is now, or that of the run taken up.
    Rejected rows stand in the order of the list with their text, their line or row, and every
    reason. Raises BatchError, or ingest.sheets.SheetError, where the list cannot be used; the files
    of an earlier run are then as they were.
    """
    options, watcher = options or BatchOptions(), watcher or ProgressReporter()
    check_quantiles(options.extras.quantiles)
    columns = options.answer_columns()
    check_measure(options.rank_by, options.top)
    rejected = Path("scored.rejected.csv") if str(out) == STDIO else Path(f"{out}.rejected.csv")
    check_paths(source, rejected if str(out) == STDIO else out, rejected)
    if str(out) == STDIO and options.resume:
        raise BatchError(
            "answers that go to standard output cannot be taken up again: name a file by --out"
        )
    with _working(out) as work:
        held = spool_input(sys.stdin.buffer, work.folder) if str(source) == STDIO else source
        identity = FileFingerprint.take([held])
        listed = open_list(held, options.sheet)
        for note in listed.notes:
            watcher.notify(note)
        size = held.stat().st_size if held.is_file() else 0
        engine = scorer.bundle.use_engine(
            options.engine_for(listed.total, size), threads=_threads()
        )
        as_of = _started(work, held, scorer, as_of, options, watcher, engine, named=held is source)
        crew = (
            dask_executor(options.dask, options.dask_minutes) if options.dask else thread_executor
        )
        run = _Run(
            work,
            listed,
            ChunkScorer(scorer, as_of, _needed(columns, options), options.extras),
            crew,
            watcher,
            identity,
        )
        tally = run.score_remaining(_output(out, columns, options))
        _check_content(work, held, named=held is source)
        return _put(run.answers_file, work, out, rejected, tally)


def _check_content(work: Checkpoint, source: Path, named: bool) -> None:
    """Raise BatchError where the list holds something else than at the beginning, in spite of all
    its times.
    """
    if content_digest(source, named) != work.manifest["input"]:
        raise BatchError(f"{str(source)!r} {LIST_CHANGED}")


def _threads() -> int:
    """Give the threads of a lot's trees, so that lots side by side wait for no core."""
    return max(1, (os.cpu_count() or 1) // WORKERS)


@contextmanager
def _working(out: Path) -> Iterator[Checkpoint]:
    """Give the folder of a run; it stays where the run can be taken up, and goes where it cannot."""
    if str(out) == STDIO:
        with tempfile.TemporaryDirectory() as folder, Checkpoint(out, Path(folder)) as work:
            yield work
        return
    folder = out.with_name(f".{out.name}.work")
    try:
        with Checkpoint(out, folder) as work:
            try:
                yield work
            except BaseException as error:
                stopped = (
                    isinstance(error, KeyboardInterrupt | OSError | ClusterError)
                    and len(work.lines) > 1
                )
                if work.is_owned and not stopped:
                    work.discard()
                if stopped and isinstance(error, ClusterError):
                    raise ClusterError(
                        f"{error}; what was done is kept: run it again with --resume"
                    ) from error
                raise
            work.discard()
    except OSError as error:
        kept = (
            "; what was done is kept: make room and run it again with --resume"
            if folder.exists()
            else ""
        )
        raise BatchError(
            f"{str(out)!r} cannot be written: {error.strerror or error}{kept}"
        ) from error


def _started(
    work: Checkpoint,
    source: Path,
    scorer: Scorer,
    as_of: pd.Timestamp | None,
    options: BatchOptions,
    watcher: ProgressReporter,
    engine: str,
    named: bool,
) -> pd.Timestamp:
    """Start a run, or take it up; give the moment that it is as of."""
    held = work.manifest
    taken_up = options.resume and not work.is_owned
    if as_of is None:
        as_of = pd.Timestamp(held["as_of"]) if taken_up else pd.Timestamp.now(tz="UTC")
    manifest = {
        "format": CHECKPOINT_FORMAT,
        "input": content_digest(source, named),
        "options": {**options.as_json(), "lot": CHUNK_ROWS},
        "model": f"{scorer.bundle.version} by {engine}",
        "tables": options.inputs_digest,
        "as_of": as_of.isoformat(),
    }
    if taken_up:
        work.resume(manifest)
        watcher.notify(
            f"taken up after {sum(line.figures['read'] for line in work.lines[1:]):,} rows, as of {as_of}"
        )
    else:
        if not work.is_owned:
            watcher.notify(
                "an unfinished run of these answers is started anew; --resume would have taken it up"
            )
        elif options.resume:
            watcher.notify("there is no unfinished run to take up: it starts from the beginning")
        work.begin(manifest)
    return as_of


def _needed(columns: tuple[str, ...], options: BatchOptions) -> tuple[str, ...]:
    """Give the columns of the answers, and besides what they are ranked by."""
    return tuple(
        dict.fromkeys(
            [*columns, *(name for by in options.rank_measures() for name in measure_columns(by))]
        )
    )


def _output(out: Path, columns: tuple[str, ...], options: BatchOptions) -> AnswerWriter:
    whole = writer_for(".csv" if str(out) == STDIO else out.suffix, answer_schema(columns))
    if not options.top:
        return whole
    return TopAnswerWriter(
        answer_schema(_needed(columns, options)), whole, options.rank_measures(), options.top
    )


class _Run:
    """One run: lots are read in order, scored side by side, and written in order."""

    def __init__(
        self,
        work: Checkpoint,
        listed: ProspectList,
        asking: ChunkScorer,
        crew,
        watcher: ProgressReporter,
        identity: FileFingerprint,
    ):
        self.work, self.listed, self.chunk_scorer, self.executor, self.watcher = (
            work,
            listed,
            asking,
            crew,
            watcher,
        )
        self.identity = identity
        self.read, self.reported_notes, self.answers_file = 0, set(), work.folder

    def score_remaining(self, output: AnswerWriter) -> RunCounts:
        """Score all lots that are not done yet; give what became of all."""
        tally, summary = RunCounts(), AnswerSummary()
        for line in self.work.lines:
            tally = _added(tally, line.figures)
            summary.add(line.figures)
        if not self.work.lines:
            self.work.append("answers", output.start())
            self.work.append(
                "rejected", encode_csv_rows([[*self._header(), self._place(), "reasons"]])
            )
            self.work.commit({"read": 0, "scored": 0, "rejected": 0, "blank": 0})
        try:
            for figures in self._score_chunks(output):
                tally = _added(tally, figures)
                summary.add(figures)
                self.watcher.progress(tally.read, tally.rejected, self.listed.total)
        except Exception:
            self._check_list()  # a list that changes may break its readers in any way
            raise
        self._check_list()
        if not self.read == tally.read == tally.scored + tally.rejected:
            raise BatchError(
                f"{self.read:,} rows were read but {tally.scored:,} scored and {tally.rejected:,} rejected; nothing "
                f"was written"
            )
        self.answers_file = output.finish(self.work)
        return replace(tally, summary=(*summary.lines(), *output.notes))

    def _score_chunks(self, output: AnswerWriter) -> Iterator[dict]:
        """Have lots scored and write them down in their order."""
        waiting: deque = deque()
        with self.executor(
            ChunkTask(self.chunk_scorer, output, len(self.listed.header)), self.listed
        ) as crew:
            for lot in self._lots(crew.chunks, len(self.work.lines) - 1):
                waiting.append(crew.submit(*lot))
                if len(waiting) > crew.max_pending:
                    yield self._record_chunk(*waiting.popleft().result())
            while waiting:
                yield self._record_chunk(*waiting.popleft().result())

    def _lots(
        self, lots: Callable[[int], Iterator[Chunk]], done: int
    ) -> Iterator[tuple[Chunk, int, np.ndarray]]:
        """Give the lots after those that are done, with the rows before each and which ids came
        before.
        """
        seen, first = DuplicateIds(), 0
        for number, lot in enumerate(lots(CHUNK_ROWS)):
            self.read += len(lot.rows) + len(lot.invalid_lines)
            ids = lot.rows.get("partnership_id")
            repeats = (
                np.zeros(len(lot.rows), dtype=bool)
                if ids is None
                else seen.find_repeats(ids_or_row_numbers(ids, first))
            )
            if number >= done:
                yield lot, first, repeats
            first += len(lot.rows)

    def _record_chunk(self, figures: dict, notes: list[str], content: list[bytes]) -> dict:
        self._check_list()
        for name, part in zip(("answers", "footers", "rejected"), content, strict=True):
            self.work.append(name, part)
        self.work.commit(figures)
        for note in set(notes) - self.reported_notes:
            self.watcher.notify(note)
        self.reported_notes |= set(notes)
        return figures

    def _check_list(self) -> None:
        """Raise BatchError where the list is no longer what it was: what was read of it may be of
        either.
        """
        try:
            self.identity.check()
        except FileChangedError as error:
            raise BatchError(f"{error.file!r} {LIST_CHANGED}") from error

    def _header(self) -> list[str]:
        """Give the columns of the list; those that rejected rows have of an earlier run are told as
        such.
        """
        added, kept = (self._place(), "reasons"), set(self.listed.header)
        names = []
        for name in self.listed.header:
            if name in added:
                while name in kept:
                    name += _BEFORE
            names.append(name)
        return names

    def _place(self) -> str:
        return self.listed.position_name


def _added(tally: RunCounts, figures: dict) -> RunCounts:
    counts = {
        name: getattr(tally, name) + figures[name]
        for name in ("read", "scored", "rejected", "blank")
    }
    return replace(tally, **counts)


def _put(
    finished: Path, work: Checkpoint, out: Path, rejected: Path, tally: RunCounts
) -> RunCounts:
    """Put the files where they belong: rejected rows first, so that they are there when the answers
    are.
    """
    if tally.rejected:
        move_file(work.folder / "rejected", rejected)
        tally = replace(tally, rejected_path=rejected)
    else:
        rejected.unlink(missing_ok=True)
    if str(out) == STDIO:
        with open(finished, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
    else:
        os.replace(finished, out)
    return tally
