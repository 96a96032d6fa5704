"""A run over a list: its chunks through all cores, into files that are whole or not there."""

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.files.atomic import move_file
from features.files.change_guard import FileFingerprint
from serving.batch.best_answers import NAME_COLUMN, BestKeeper
from serving.batch.checkpoint import Checkpoint
from serving.batch.chunk_run import ChunkRun
from serving.batch.chunks import ProspectList
from serving.batch.executors import WORKERS, dask_executor, thread_executor
from serving.batch.list_names import name_column
from serving.batch.open_list import content_digest, open_list, spool_input
from serving.batch.options import (
    STDIO,
    BatchOptions,
    check_measure,
    check_paths,
    check_resume,
)
from serving.batch.output_columns import OutputColumns, choose_columns
from serving.batch.run_checkpoint import (
    begin_or_resume,
    check_content,
    open_checkpoint,
    run_manifest,
)
from serving.batch.run_report import ProgressReporter, RunCounts
from serving.batch.score_chunk import ChunkScorer
from serving.batch.top_answers import TopAnswerWriter
from serving.batch.workbook_plan import workbook_plan
from serving.batch.writers import WORKBOOK, AnswerWriter, writer_for
from serving.ledger_entries import AskedBy
from serving.scoring.measures import measure_columns
from serving.scoring.prospect_batch import now_us
from serving.scoring.quantiles import check_quantiles
from serving.scoring.scorer import Scorer
from serving.workbook.contents import WorkbookPlan
from serving.workbook.decision_columns import SOURCE_COLUMNS

#: Rows scored at a time.
CHUNK_ROWS = 1 << 14


def score_file(
    source: Path,
    out: Path,
    scorer: Scorer,
    as_of: pd.Timestamp | None = None,
    options: BatchOptions | None = None,
    reporter: ProgressReporter | None = None,
) -> RunCounts:
    """Score a list into `out`, and into `out`.rejected.csv what could not be scored.

    `source`: CSV, XLSX, Parquet, a folder of Parquet files, or "-" for standard input; `out`: .csv,
    .parquet, .xlsx, or "-" for standard output; `as_of` None is now, or that of the run resumed.
    Rejected rows stand in the order of the list with their text, their line or row, and every
    reason. Raises BatchError, QuantileError, or ingest.sheets.SheetError, where the list cannot be
    used; the files of an earlier run are then as they were.
    """
    options, reporter = options or BatchOptions(), reporter or ProgressReporter()
    check_quantiles(options.extras.quantiles)
    ending = ".csv" if str(out) == STDIO else out.suffix
    is_ranked = bool(options.top or options.report_rows) or ending == WORKBOOK
    check_measure(options.rank_by, is_ranked)
    rejected = check_paths(source, out, options.inputs)
    check_resume(out, options)
    with open_checkpoint(out) as checkpoint:
        is_named = str(source) != STDIO
        file = source if is_named else spool_input(sys.stdin.buffer, checkpoint.folder)
        fingerprint = FileFingerprint.take([file])
        prospects = open_list(file, options.sheet)
        best = BestKeeper.of(options, prospects)
        columns = _choose_columns(prospects, ending, options, best)
        for note in prospects.notes:
            reporter.notify(note)
        size = file.stat().st_size if file.is_file() else 0
        engine = options.engine_for(prospects.total, size)
        engine = scorer.bundle.use_engine(engine, threads=_threads_per_chunk())
        model = f"{scorer.bundle.version} by {engine}"
        manifest = run_manifest(content_digest(file, is_named), model, options, CHUNK_ROWS)
        as_of = begin_or_resume(checkpoint, manifest, as_of, options, reporter)
        workbook, name = None, options.list_name or (file.name if is_named else "standard input")
        if ending == WORKBOOK:
            told = scorer.bundle.manifest, as_of, name
            workbook = workbook_plan(columns, prospects, options, *told, reporter.check)
        writer = _answer_writer(ending, columns, options, workbook)
        schema, own = _scored_columns(writer.schema, columns, best)
        asked = _asked_by(options, checkpoint, scorer)
        run = ChunkRun(
            checkpoint,
            prospects,
            ChunkScorer(scorer, as_of, schema, own, options.extras, asked, name_column(prospects)),
            dask_executor(options.dask, options.dask_minutes) if options.dask else thread_executor,
            reporter,
            fingerprint,
            CHUNK_ROWS,
            best,
            options.ledger,
        )
        counts, answers = run.score_remaining(writer)
        check_content(checkpoint, file, is_named)
        moved = _move_into_place(answers, checkpoint, out, rejected, counts)
        return replace(moved, as_of=as_of, top=options.top)


def _asked_by(options: BatchOptions, checkpoint: Checkpoint, scorer: Scorer) -> AskedBy | None:
    """Return who asks for the forecasts of a run, None where none are kept: the same list at the
    same moment by the same model has the same ids, so that nothing is kept twice.
    """
    if options.ledger is None:
        return None
    manifest = checkpoint.manifest or {}
    run = [manifest.get(name) for name in ("input", "tables", "as_of")]
    name = json.dumps([*run, options.as_json()["sheet"], scorer.bundle.version], default=str)
    return AskedBy("score", now_us(), options.ledger.campaign, run=name)


def _threads_per_chunk() -> int:
    """Return the threads for the trees of one chunk; WORKERS chunks share the cores."""
    return max(1, (os.cpu_count() or 1) // WORKERS)


def _choose_columns(
    prospects: ProspectList, ending: str, options: BatchOptions, best: BestKeeper | None
) -> OutputColumns:
    """Return the columns of the answers, and have the list give its own among them. Without a
    choice, CSV and XLSX have all that the list is read from; Parquet has the answers alone.
    """
    kept = () if ending == ".parquet" else prospects.header
    columns = choose_columns(options, prospects.own_fields, kept)
    names = [field.name for field in columns.own.values()]
    if best is not None and best.own_name is not None:
        names.append(best.own_name)
    prospects.keep_columns(names)
    return columns


def _scored_columns(
    schema: pa.Schema, columns: OutputColumns, best: BestKeeper | None
) -> tuple[pa.Schema, tuple[str, ...]]:
    """Return the schema of all that is needed of an answer, for the file and for a report, and the
    names of those columns that the list gives, in the order in which it gives them.
    """
    own = tuple(columns.own)
    if best is None:
        return schema, own
    more = [field for field in best.schema if field.name not in schema.names]
    is_named = best.own_name is not None
    return pa.schema([*schema, *more]), (*own, NAME_COLUMN) if is_named else own


def _answer_writer(
    ending: str, columns: OutputColumns, options: BatchOptions, workbook: WorkbookPlan | None
) -> AnswerWriter:
    """Return what makes the file. `workbook`: of one in XLSX, whose rows are ranked as those of
    `--top` are.
    """
    is_workbook = workbook is not None
    measured = [name for one in options.rank_measures() for name in measure_columns(one)]
    ranked_by = measured if is_workbook or options.top else []
    besides = SOURCE_COLUMNS if is_workbook and not options.columns else ()
    kept = columns.schema(is_workbook, (*besides, *ranked_by))
    schema = kept if is_workbook else columns.schema(keeps_cells=False)
    writer = writer_for(ending, schema, workbook)
    if not options.top:
        return writer
    return TopAnswerWriter(kept, writer, options.rank_measures(), options.top)


def _move_into_place(
    answers: Path, checkpoint: Checkpoint, out: Path, rejected: Path, counts: RunCounts
) -> RunCounts:
    """Move both files to where they belong: rejected rows first, so that they are there when the
    answers are. Return the counts with the path of the rejected rows.
    """
    if counts.rejected:
        move_file(checkpoint.folder / "rejected", rejected)
        counts = replace(counts, rejected_path=rejected)
    else:
        rejected.unlink(missing_ok=True)
    if str(out) == STDIO:
        with open(answers, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
    else:
        os.replace(answers, out)
    return counts
