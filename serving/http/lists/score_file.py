"""The answer to POST /v1/lists/file: the file that `creatorcast score` makes of a list."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from models.model_record import model_record
from serving.batch.chunk_run import rejected_header
from serving.batch.chunk_task import encode_csv_rows
from serving.batch.options import BatchOptions
from serving.batch.run_report import ProgressReporter, RunCounts
from serving.batch.runner import score_file
from serving.batch.sheet_list import SheetList
from serving.http.lists.list_file import list_file, sheet_options
from serving.http.lists.read_lists import check_length, check_list_length, open_sheet_list
from serving.http.lists.request_schema import EXPECTED_LIST_VALUES, ListFileQuestion
from serving.http.model_store import LoadedModel
from serving.http.request_schema import read_request
from serving.scoring.scorer import Scorer

#: Kind of a file -> its ending and content type.
FILES = {
    "xlsx": (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (".csv", "text/csv; charset=utf-8"),
    "report": (".html", "text/html; charset=utf-8"),
    "rejected": (".csv", "text/csv; charset=utf-8"),
}


class ListAnswerFile(NamedTuple):
    """A file that is made of a list."""

    content_type: str
    name: str
    content: bytes


def answer_list_file(
    loaded: LoadedModel, body: bytes, now: datetime, check: Callable[[], None] = lambda: None
) -> ListAnswerFile:
    """Return the file that is asked for. Raises RequestRefused where the body is no such request,
    or the file is no list.

    `check`: called meanwhile; what it raises ends the work.
    """
    check()
    envelope = read_request(body, ListFileQuestion, EXPECTED_LIST_VALUES)
    options, as_of = sheet_options(envelope.sheet), pd.Timestamp(envelope.as_of or now)
    with list_file(envelope.file) as path:
        prospects = open_sheet_list(path, options)
        check_list_length("score", prospects)
        out = path.with_name(f"scored{'.xlsx' if envelope.answer == 'xlsx' else '.csv'}")
        scorer = own_scorer(loaded.scorer)
        batch = BatchOptions(
            sheet=options,
            rank_by=envelope.rank_by if envelope.answer in ("xlsx", "report") else None,
            list_name=envelope.file.name,
            **_report_options(envelope.answer),
        )
        counts = score_file(path, out, scorer, as_of, batch, ProgressReporter(check=check))
        check_length("score", counts.read)
        if envelope.answer == "rejected":
            content = _rejected(counts, prospects)
        elif envelope.answer == "report":
            content = _report(counts, loaded, envelope.hide_fees)
        else:
            content = out.read_bytes()
    ending, content_type = FILES[envelope.answer]
    kind = "scored" if envelope.answer in ("xlsx", "csv") else envelope.answer
    return ListAnswerFile(content_type, f"{Path(envelope.file.name).stem}.{kind}{ending}", content)


def own_scorer(scorer: Scorer) -> Scorer:
    """Return a scorer whose engine can be set without setting that of others."""
    forecasters = {name: copy.copy(one) for name, one in scorer.bundle.forecasters.items()}
    own = copy.copy(scorer)
    own.bundle = replace(scorer.bundle, forecasters=forecasters)
    return own


def _report_options(answer: str) -> dict[str, Any]:
    if answer != "report":
        return {}
    from serving.report.score_report import MAX_SHOWN, REPORT_COLUMNS

    return {"report_rows": MAX_SHOWN, "report_columns": REPORT_COLUMNS}


def _rejected(counts: RunCounts, prospects: SheetList) -> bytes:
    """Return the rejected rows as CSV, the header alone where there are none."""
    if counts.rejected_path is None:
        return encode_csv_rows([rejected_header(prospects)])
    return counts.rejected_path.read_bytes()


def _report(counts: RunCounts, loaded: LoadedModel, hides_fees: bool) -> bytes:
    """Return the page for the client of a run that kept its best answers."""
    from serving.report.render import render_report
    from serving.report.score_report import ScoredList, score_report
    from serving.report.unused_rows import read_unused_rows

    best = counts.best
    scored = ScoredList(
        best=() if best is None else best.rows,
        measure="" if best is None else best.measure,
        scored=counts.scored,
        rejected=counts.rejected,
        written=counts.written,
        verdicts=counts.verdicts,
        as_of=str(counts.as_of),
        answers_file=None,
        rejected_file=None,
        unused=read_unused_rows(counts.rejected_path),
    )
    report = score_report(scored, model_record(loaded.manifest), hides_fees)
    return render_report(report).encode("utf-8", "replace")
