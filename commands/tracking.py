"""The command that follows deliverables that are online: track."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.campaign import CAMPAIGN, campaign_keeper, tell_kept
from commands.command_group import Command
from commands.options import add_sheet_options, build_sheet_options
from commands.parameter_types import FILE, FOLDER, Moment
from commands.reports import ReportRequest, add_report_options

if TYPE_CHECKING:
    import pandas as pd

    from features.tables.model import Tables
    from ledger.list_keeper import ListKeeper
    from serving.scoring.scorer import Scorer
    from serving.track.kept_posts import KeepPosts
    from serving.track.list_run import TrackedList

#: Rejected lines that are printed where they are written to no file.
MAX_PRINTED = 20


@click.command(cls=Command)
@click.argument("readings", type=FILE)
@click.option(
    "--data",
    type=FOLDER,
    help="Tables: rows that name a post_id of theirs take its readings, and creators are known by "
    "id or handle.",
)
@click.option(
    "--rates", type=FILE, help="File of currencies and usd_per_unit, for fees that are not in USD."
)
@click.option(
    "--out", type=FILE, help="Write the answers there, .csv, .parquet or .json; default: print."
)
@click.option(
    "--as-of", type=Moment(), help="Readings after this moment are not used. Default: now."
)
@click.option(
    "--platform", help="Platform of rows that name none: instagram, tiktok, youtube or x."
)
@CAMPAIGN
@add_report_options
@add_sheet_options
@click.pass_context
def track(
    ctx: click.Context,
    readings: Path,
    data: Path | None,
    rates: Path | None,
    out: Path | None,
    as_of: pd.Timestamp | None,
    platform: str | None,
    campaign: str | None,
    report: ReportRequest,
    **sheet: Any,
) -> None:
    """Forecast deliverables that are online, from the list READINGS of their counts.

    READINGS is CSV, XLSX or Parquet with a row for each reading of a post: partnership_id,
    platform, post_id, posted_at, observed_at, likes, comments, shares, views; if known
    horizon_days, deliverables, goal_engagements, make_good_engagements (the make-good line,
    below which the creator owes another post), fee_usd (or fee and currency), forecast_p10,
    forecast_p50, forecast_p90 of one deliverable. OUT has a row for each partnership, with the
    totals, and below it one for each post. Without a champion the starter model forecasts, by
    published figures and curves of growth (docs/starter.md). Exit code 0: all used; 3: some rows
    rejected, see OUT.rejected.csv; 2: unusable. See docs/track.md.
    """
    import pandas as pd

    from commands.scorer_inputs import input_files
    from features.files.change_guard import require_unchanged
    from features.tables.rates_file import read_rates
    from serving.track.list_reader import check_list
    from serving.track.list_run import track_list
    from serving.track.tracker import Tracker

    check_list(readings)  # before the model is loaded, which takes seconds
    inputs = {"the list": readings, **input_files(data, sheet["columns"], rates=rates)}
    _check_out(out, inputs)
    report.check(inputs, _outputs(out))
    keeper = campaign_keeper(campaign)
    with require_unchanged(data, rates):
        scorer, tables = _scorer_and_tables(data)
        moment = as_of if as_of is not None else pd.Timestamp.now(tz="UTC")
        options = build_sheet_options(platform, **sheet)
        usd_rates = read_rates(rates) if rates else None
        tracked = track_list(
            readings, options, Tracker(scorer), tables, moment, usd_rates, _keep(keeper)
        )
    for note in tracked.notes:
        click.echo(note, err=True)
    _hand_over(tracked, out)
    report.write_tracked(tracked, scorer.bundle.manifest)
    _print_counts(tracked, out)
    tell_kept(keeper)
    if tracked.rejected:
        ctx.exit(3)


def _keep(keeper: ListKeeper | None) -> KeepPosts | None:
    """Return what keeps the forecasts of posts, None where none are kept."""
    from serving.ledger_entries import AskedBy, ForecastCollector
    from serving.scoring.prospect_batch import now_us
    from serving.track.kept_posts import ONLY_VIEWS, PostForecasts, post_batch

    if keeper is None:
        return None

    def keep(made: PostForecasts) -> None:
        collected = ForecastCollector(AskedBy("track", now_us(), keeper.campaign))
        if made.kept:
            collected.add(lambda: post_batch(made, collected.asked), len(made.kept))
        keeper.leave_out(made.left_out, ONLY_VIEWS)
        keeper.keep(collected.batches, collected.lost, collected.fault)

    return keep


def _check_out(out: Path | None, inputs: dict[str, Path]) -> None:
    """Raise FileError, before any work, where the answers cannot be written."""
    from serving.track.list_run import check_out

    if out is not None:
        check_out(out, inputs)


def _outputs(out: Path | None) -> dict[str, Path]:
    """Return what is written beside a report -> its file."""
    from serving.track.list_run import rejected_path

    return {} if out is None else {"the answers": out, "the rejected rows": rejected_path(out)}


def _hand_over(tracked: TrackedList, out: Path | None) -> None:
    """Print the answers, or write them and the rejected rows."""
    from rich.console import Console

    from serving.track.list_run import rejected_path, write_answers, write_rejected
    from serving.track.terminal import print_answers

    if out is None:
        print_answers(tracked.answers, Console(width=140))
    else:
        write_answers(tracked.answers, out)
        write_rejected(tracked, rejected_path(out))


def _scorer_and_tables(data: Path | None) -> tuple[Scorer, Tables | None]:
    """Return the scorer of the bundle that answers, and the tables of --data."""
    from commands.scorer_inputs import load_answering_bundle, read_known_tables
    from serving.scoring.scorer import Scorer

    tables = read_known_tables(data) if data else None
    return Scorer(load_answering_bundle(), tables), tables


def _print_counts(tracked: TrackedList, out: Path | None) -> None:
    """Print what became of the list, and the rejected rows where no file has them."""
    from features.number_text import pluralize

    used = tracked.read - len(tracked.rejected)
    posts = sum(len(answer.posts) for answer in tracked.answers)
    place = f"; answers in {out}" if out is not None else ""
    click.echo(
        f"{tracked.read:,} read = {used:,} used + {len(tracked.rejected):,} rejected: "
        f"{pluralize(f'{len(tracked.answers):,}', 'partnership')} with "
        f"{pluralize(f'{posts:,}', 'post')}{place}"
    )
    if not tracked.rejected:
        return
    if out is not None:
        click.echo(f"rejected rows, with the reasons: {out}.rejected.csv", err=True)
        return
    for one in tracked.rejected[:MAX_PRINTED]:
        click.echo(f"rejected line {one.line}: {'; '.join(one.reasons)}", err=True)
    if len(tracked.rejected) > MAX_PRINTED:
        more = len(tracked.rejected) - MAX_PRINTED
        click.echo(f"{more:,} more rejected rows: name a file by --out", err=True)
