"""Reports for the client that commands write beside their answers: `--report FILE.html`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.parameter_types import FILE

if TYPE_CHECKING:
    from serving.batch import RunCounts
    from serving.plan.answer import Plan
    from serving.track.list_run import TrackedList

# fmt: off
_OPTIONS = (
    click.option(
        "--report", type=FILE,
        help="Write a page for the client there, .html: one file, to read, print and forward "
        "(docs/report.md).",
    ),
    click.option(
        "--hide-fees", is_flag=True,
        help="No fee, cost or budget is in the file of --report.",
    ),
)
# fmt: on


def add_report_options(command: Callable) -> Callable:
    """Add --report and --hide-fees to a command, as `report` and `hide_fees`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def check_report(
    report: Path | None,
    hide_fees: bool,
    inputs: Mapping[str, Path | None],
    outputs: Mapping[str, Path | None],
) -> None:
    """Raise ReportError, before any work, where the report cannot be written.

    `inputs`: what is read -> its file or folder; `outputs`: what else is written; None where there
    is none, - for standard input and output. Raises click.UsageError for --hide-fees without --report.
    """
    from serving.report.report_file import check_report_path

    if report is None:
        if hide_fees:
            raise click.UsageError("--hide-fees is about the report: name its file by --report")
        return
    check_report_path(report, _named(inputs), _named(outputs))


def _named(files: Mapping[str, Path | None]) -> dict[str, Path]:
    return {what: path for what, path in files.items() if path is not None and str(path) != "-"}


def report_options(
    report: Path | None, top: int | None, quantiles: Sequence[float]
) -> dict[str, Any]:
    """Return the options of a run over a list that keep what its report is made of.

    Raises ReportError where the quantiles that are asked for lack those of a report.
    """
    from serving.report.report_file import ReportError
    from serving.report.score_report import MAX_SHOWN, REPORT_COLUMNS

    if report is None:
        return {}
    lacking = [f"{one:g}" for one in (0.1, 0.5, 0.9) if quantiles and one not in quantiles]
    if lacking:
        raise ReportError(f"--report shows the quantiles {', '.join(lacking)}: add to --quantiles")
    rows = min(top, MAX_SHOWN) if top else MAX_SHOWN
    return {"report_rows": rows, "report_columns": REPORT_COLUMNS}


def write_plan_report(plan: Plan, manifest: Mapping[str, Any], path: Path, hide_fees: bool) -> None:
    """Write the report of a plan; `manifest`: of the bundle that made its forecasts. Raises
    ReportError.
    """
    from serving.report.plan_report import plan_report
    from serving.report.report_file import write_report
    from serving.scoring.model_record import model_record

    write_report(plan_report(plan, model_record(manifest), hide_fees), path)
    click.echo(f"report in {path}")


def write_score_report(
    counts: RunCounts, manifest: Mapping[str, Any], out: Path, path: Path, hide_fees: bool
) -> None:
    """Write the report of a run that kept its best answers (BatchOptions.report_rows).

    `manifest`: of the bundle; `out`: the file of the answers, - for standard output. Raises
    ReportError.
    """
    from serving.report.report_file import write_report
    from serving.report.score_report import ScoredList, score_report
    from serving.scoring.model_record import model_record

    if counts.best is None:
        raise ValueError("the run kept no answers for a report")
    scored = ScoredList(
        best=counts.best.rows,
        measure=counts.best.measure,
        scored=counts.scored,
        rejected=counts.rejected,
        written=counts.written,
        verdicts=counts.verdicts,
        as_of=str(counts.as_of),
        answers_file=None if str(out) == "-" else out.name,
        rejected_file=None if counts.rejected_path is None else counts.rejected_path.name,
    )
    write_report(score_report(scored, model_record(manifest), hide_fees), path)
    click.echo(f"report in {path}", err=str(out) == "-")


def write_track_report(
    tracked: TrackedList, manifest: Mapping[str, Any] | None, path: Path, hide_fees: bool
) -> None:
    """Write the report of a tracked list; `manifest`: of the bundle, None where there was none.
    Raises ReportError.
    """
    from serving.report.report_file import write_report
    from serving.report.track_report import track_report
    from serving.scoring.model_record import model_record

    record = None if manifest is None else model_record(manifest)
    report = track_report(tracked.answers, record, len(tracked.rejected), hide_fees)
    write_report(report, path)
    click.echo(f"report in {path}")
