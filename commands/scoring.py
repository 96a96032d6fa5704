"""Commands that ask the bundle that answers: score, benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.campaign import CAMPAIGN, campaign_keeper, tell_kept
from commands.command_group import Command
from commands.options import DASK, DASK_MINUTES, ENGINE, add_sheet_options, build_sheet_options
from commands.parameter_types import FILE, FILE_OR_STDIO, FOLDER, Moment
from commands.reports import ReportRequest, add_report_options
from commands.scorer_inputs import (
    build_scorer,
    input_files,
    inputs_digest,
    load_answering_bundle,
)

if TYPE_CHECKING:
    import pandas as pd

    from serving.batch import RunCounts

#: Options of `score` that say how it runs; what else it is given says how a sheet is read.
_RUN_NAMES = ("rank_by", "engine", "dask", "dask_minutes", "resume")


@click.command(cls=Command)
@click.option("--platform", help="Only of this platform.")
@click.option("--band", help="Only of this follower band.")
@click.option("--niche", help="Only of this niche.")
@click.option("--measure", help="Only this measure, such as cpe_usd.")
@click.option(
    "--out", type=FILE, help="Write the cells there, .csv or .parquet, instead of printing them."
)
def benchmarks(out: Path | None, **only: str | None) -> None:
    """List what creators do by platform, band, niche and format: quartiles and how many.

    As the champion knows it; by published rates where there is no champion.
    """
    from features.files.output_paths import output_fault
    from serving.frame_file import FileError, check_ending, write_frame
    from serving.http.benchmark_listing import benchmarks_text, filter_benchmarks

    if out is not None:
        check_ending(out)
        if fault := output_fault({"the cells": out}, input_files()):
            raise FileError(fault)
    segments = filter_benchmarks(load_answering_bundle(), **only)
    if out is None:
        click.echo(benchmarks_text(segments))
    else:
        write_frame(segments, out)
        click.echo(f"{len(segments):,} cells in {out}")


@click.command(cls=Command)
@click.argument("prospects", type=FILE_OR_STDIO)
@click.option(
    "--out",
    type=FILE_OR_STDIO,
    required=True,
    help="Where the answers go: .xlsx (a workbook to forward), .csv or .parquet; - is standard "
    "output.",
)
@click.option("--data", type=FOLDER, help="Tables of the creators that rows name by creator_id.")
@click.option(
    "--rates", type=FILE, help="File of currencies and usd_per_unit, for fees that are not in USD."
)
@click.option(
    "--emv",
    type=FILE,
    help="Table of values a like, comment, share and view: gives earned media value.",
)
@click.option(
    "--as-of",
    type=Moment(),
    help="The moment of the forecast; nothing later is used. Default: now.",
)
@click.option(
    "--columns",
    "chosen",
    help="Columns of the answers or of the list, with commas between. Default: all.",
)
@click.option(
    "--top", type=click.IntRange(1), default=None, help="Only so many of the best, best first."
)
@click.option(
    "--rank-by",
    help="What the best are chosen by. Default: cpe_usd_p50, the most for the money; "
    "engagements_p50 where no row has a fee.",
)
@click.option(
    "--quantiles",
    help="Of engagements and views, in place of the usual seven: 0.025,0.5,0.975 gives p02_5, "
    "p50, p97_5.",
)
@click.option("--explain", is_flag=True, help="Give the reasons of each forecast.")
@click.option(
    "--comparables",
    is_flag=True,
    help="Give the known creators most like each, with what they got.",
)
@ENGINE
@DASK
@DASK_MINUTES
@click.option("--resume", is_flag=True, help="Take up a run that was stopped.")
@click.option(
    "--platform", help="Platform of rows that name none: instagram, tiktok, youtube or x."
)
@CAMPAIGN
@add_report_options
@add_sheet_options
@click.pass_context
def score(
    ctx: click.Context,
    prospects: Path,
    out: Path,
    data: Path | None,
    rates: Path | None,
    emv: Path | None,
    as_of: pd.Timestamp | None,
    chosen: str | None,
    top: int | None,
    quantiles: str | None,
    explain: bool,
    comparables: bool,
    platform: str | None,
    report: ReportRequest,
    **given: Any,
) -> None:
    """Score the list PROSPECTS: every row back, scored or rejected with the reason.

    PROSPECTS is CSV or XLSX as people keep them, Parquet, a folder of Parquet files, or - for
    standard input. Exit code 0: all scored; 3: some rejected, see OUT.rejected.csv; 2: unusable.
    See docs/batch.md.
    """
    from rich.console import Console

    from features.files.change_guard import require_unchanged
    from serving.batch import STDIO, BatchOptions, parse_column_names, parse_quantiles, score_file
    from serving.batch.open_list import check_list
    from serving.batch.options import check_paths
    from serving.batch.progress import console_reporter
    from serving.scoring.deal_terms import AnswerOptions

    columns = () if chosen is None else parse_column_names(chosen)
    asked = () if quantiles is None else parse_quantiles(quantiles)
    inputs = input_files(data, given["columns"], rates=rates, emv=emv)
    report.check({"the list": prospects, **inputs}, {"the answers": out})
    if str(prospects) != STDIO:
        check_list(prospects)  # before the model is loaded, which takes seconds
    check_paths(prospects, out, inputs)
    keeper = campaign_keeper(given.pop("campaign"))
    with require_unchanged(data, rates, emv):
        options = BatchOptions(
            columns=columns,
            top=top or 0,
            extras=AnswerOptions(explain, comparables, asked),
            inputs=inputs,
            inputs_digest=inputs_digest(data, rates, emv),
            **{name: given.pop(name) for name in _RUN_NAMES},
            **report.batch_options(top, asked),
            sheet=build_sheet_options(platform, **given),
            ledger=keeper,
        )
        scorer = build_scorer(data, rates, emv)
    with console_reporter(Console(stderr=True)) as reporter:
        counts = score_file(prospects, out, scorer, as_of, options, reporter)
    report.write_scored(counts, scorer.bundle.manifest, out)
    print_counts(counts, out)
    tell_kept(keeper)
    if counts.rejected:
        ctx.exit(3)


def print_counts(counts: RunCounts, out: Path) -> None:
    """Print what became of a list, to standard error where the answers go to standard output."""
    is_streamed = str(out) == "-"
    blank = f" ({counts.blank:,} blank lines besides)" if counts.blank else ""
    place = "" if is_streamed else f"; answers in {out}"
    click.echo(
        f"{counts.read:,} read = {counts.scored:,} scored + {counts.rejected:,} rejected{blank}"
        f"{place}",
        err=is_streamed,
    )
    for line in counts.summary:
        click.echo(line, err=is_streamed)
    if counts.rejected:
        click.echo(f"rejected rows, with the reasons: {counts.rejected_path}", err=True)
