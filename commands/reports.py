"""Reports for the client that commands write beside their answers: `--report FILE.html`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.parameter_types import FILE

if TYPE_CHECKING:
    from monitoring.review import Review
    from serving.batch import RunCounts
    from serving.plan.answer import Plan
    from serving.report.content import Report
    from serving.track.list_run import TrackedList

#: A path that is standard input or output.
STDIO = "-"

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


@dataclass(frozen=True)
class ReportRequest:
    """The report that a command was asked for: its file, None where none was, and whether amounts
    of money are left out of it.

    The methods do nothing where none was asked for. Those that write raise ReportError.
    """

    path: Path | None
    hide_fees: bool

    def check(self, inputs: Mapping[str, Path | None], outputs: Mapping[str, Path | None]) -> None:
        """Raise ReportError, before any work, where the report cannot be written.

        `inputs`: what is read -> its file or folder; `outputs`: what else is written; None where
        there is none, - for standard input and output. Raises click.UsageError where fees are to
        be hidden in no report.
        """
        from serving.report.report_file import check_report_path

        if self.path is not None:
            check_report_path(self.path, _files(inputs), _files(outputs))
        elif self.hide_fees:
            raise click.UsageError("--hide-fees is about the report: name its file by --report")

    def batch_options(self, top: int | None, quantiles: Sequence[float]) -> dict[str, Any]:
        """Return the options of a run over a list that keep what its report is made of.

        Raises ReportError where the quantiles that are asked for lack those of a report.
        """
        from serving.report.report_file import ReportError
        from serving.report.score_report import MAX_SHOWN, REPORT_COLUMNS

        if self.path is None:
            return {}
        lacking = [f"{one:g}" for one in (0.1, 0.5, 0.9) if quantiles and one not in quantiles]
        if lacking:
            raise ReportError(
                f"--report shows the quantiles {', '.join(lacking)} too: add them to --quantiles"
            )
        rows = min(top, MAX_SHOWN) if top else MAX_SHOWN
        return {"report_rows": rows, "report_columns": REPORT_COLUMNS}

    def write_scored(self, counts: RunCounts, manifest: Mapping[str, Any], out: Path) -> None:
        """Write the report of a run over a list that had `batch_options`.

        `manifest`: of the bundle; `out`: the file of the answers.
        """
        from models.model_record import model_record
        from serving.report.score_report import ScoredList, score_report
        from serving.report.unused_rows import read_unused_rows

        if counts.best is None:
            return
        is_streamed = str(out) == STDIO
        scored = ScoredList(
            best=counts.best.rows,
            measure=counts.best.measure,
            scored=counts.scored,
            rejected=counts.rejected,
            written=counts.written,
            verdicts=counts.verdicts,
            as_of=str(counts.as_of),
            answers_file=None if is_streamed else out.name,
            rejected_file=None if counts.rejected_path is None else counts.rejected_path.name,
            unused=read_unused_rows(counts.rejected_path),
        )
        report = score_report(scored, model_record(manifest), self.hide_fees)
        self._write(report, to_error_output=is_streamed)

    def write_planned(self, plan: Plan, manifest: Mapping[str, Any]) -> None:
        """Write the report of a plan; `manifest`: of the bundle that made its forecasts."""
        from models.model_record import model_record
        from serving.report.plan_report import plan_report

        if self.path is not None:
            self._write(plan_report(plan, model_record(manifest), self.hide_fees))

    def write_tracked(self, tracked: TrackedList, manifest: Mapping[str, Any]) -> None:
        """Write the report of a tracked list; `manifest`: of the bundle."""
        from models.model_record import model_record
        from serving.report.track_report import track_report
        from serving.report.unused_rows import MAX_NAMED, unused_row

        if self.path is None:
            return
        record, rejected = model_record(manifest), len(tracked.rejected)
        unused = [
            unused_row(one.line, tracked.header, one.cells, one.reasons)
            for one in tracked.rejected[:MAX_NAMED]
        ]
        self._write(track_report(tracked.answers, record, rejected, self.hide_fees, unused))

    def write_reviewed(self, review: Review) -> None:
        """Write the report of a campaign's review."""
        from serving.report.review_report import review_report

        if self.path is not None:
            self._write(review_report(review, self.hide_fees))

    def _write(self, report: Report, to_error_output: bool = False) -> None:
        from serving.report.report_file import write_report

        if self.path is not None:
            write_report(report, self.path)
            click.echo(f"report in {self.path}", err=to_error_output)


def add_report_options(command: Callable) -> Callable:
    """Add --report and --hide-fees to a command, which gets both as one `report`."""

    @wraps(command)
    def with_report(*arguments: Any, report: Path | None, hide_fees: bool, **others: Any) -> Any:
        return command(*arguments, report=ReportRequest(report, hide_fees), **others)

    decorated: Callable = with_report
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _files(files: Mapping[str, Path | None]) -> dict[str, Path]:
    return {what: path for what, path in files.items() if path is not None and str(path) != STDIO}
