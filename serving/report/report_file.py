"""The file of a report: checked before the work, written whole or not at all.

How a command uses it:

    check_report_path(path, inputs={"the list": prospects}, outputs={"the answers": out})
    ...
    report = plan_report(plan, model_record(bundle.manifest), hide_fees)
    write_report(report, path)
"""

from collections.abc import Mapping
from pathlib import Path

from features.errors import CreatorcastError
from features.files.atomic import replace_file
from features.files.output_paths import output_fault
from serving.report.content import Report
from serving.report.render import render_report

ENDING = ".html"


class ReportError(CreatorcastError):
    """A report cannot be written; the message says why and what to do."""


def check_report_path(
    path: Path, inputs: Mapping[str, Path], outputs: Mapping[str, Path] | None = None
) -> None:
    """Raise ReportError where a report cannot be written to `path`.

    `inputs`: what is read -> its file or folder; `outputs`: what else is written -> its file.
    """
    if path.suffix != ENDING:
        raise ReportError(
            f"--report {str(path)!r} has an unknown ending: name a file that ends in {ENDING}"
        )
    for what, other in (outputs or {}).items():
        if path.resolve() == other.resolve() or _is_same_file(path, other):
            raise ReportError(f"{str(path)!r} is {what} too: name another file for the report")
    if fault := output_fault({"the report": path}, inputs):
        raise ReportError(fault)


def _is_same_file(path: Path, other: Path) -> bool:
    return path.exists() and other.exists() and path.samefile(other)


def write_report(report: Report, path: Path) -> None:
    """Write a report in place of what was there. Raises ReportError; `path` is then as it was."""
    page = render_report(report).encode("utf-8", "replace")
    try:
        replace_file(path, lambda beside: beside.write_bytes(page))
    except OSError as error:
        raise ReportError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error
