"""Commands about the ledger, which keeps forecasts and what came of them."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.command_group import Command
from commands.ledger_access import command_settings, open_command_ledger
from commands.parameter_types import FILE, CampaignName, Moment, Name
from commands.scorer_inputs import input_files

if TYPE_CHECKING:
    import pandas as pd

    from ledger.store import Ledger

#: The setting that --older-than stands for where it is not given.
RETENTION = "CREATORCAST_LEDGER_RETENTION"
_SPAN = re.compile(r"(\d{1,4})\s*(d|w|m|y)", re.IGNORECASE)
_UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}
#: Seconds that an erasure waits until running processes have moved what they hold.
_WAIT_SECONDS = 10.0


def _add_filters(command: Any) -> Any:
    """Add the options by which forecasts are chosen."""
    for option in (
        click.option("--campaign", type=CampaignName(), help="Only of this campaign."),
        click.option(
            "--creator",
            type=Name("a creator"),
            help="Only of this creator: an id or a handle.",
        ),
        click.option("--since", type=Moment(), help="Only those made since then."),
        click.option("--model", type=Name("a version"), help="Only of this model's version."),
    ):
        command = option(command)
    return command


@click.group()
def ledger() -> None:
    """Forecasts that were kept: list, export, status; prune and erase remove.

    The ledger is where CREATORCAST_LEDGER says, else in artifacts/ledger.db. See docs/ledger.md.
    """


@ledger.command("list", cls=Command)
@_add_filters
@click.option("--limit", type=click.IntRange(1), default=50, help="The most to show. Default: 50.")
def list_forecasts(
    campaign: str | None,
    creator: str | None,
    since: pd.Timestamp | None,
    model: str | None,
    limit: int,
) -> None:
    """List forecasts, those made last first."""
    from rich.console import Console

    found = _found(campaign, creator, since, model)
    shown = found.iloc[::-1].head(limit)
    if len(shown):
        Console(width=140).print(_table(shown))
    click.echo(f"{len(shown):,} of {len(found):,} forecasts")


@ledger.command(cls=Command)
@click.argument("out", type=FILE)
@_add_filters
def export(
    out: Path,
    campaign: str | None,
    creator: str | None,
    since: pd.Timestamp | None,
    model: str | None,
) -> None:
    """Write forecasts to OUT: .csv, .parquet or .xlsx, a row for each, with all that is kept.

    A file that is there is replaced only where it is such an export.
    """
    from features.files.output_paths import output_fault
    from features.files.own_files import foreign_file_fault
    from ledger.summary import EXPORT_COLUMNS, EXPORT_TITLE, export_frame
    from serving.frame_file import TABLE_ENDINGS, FileError, check_ending, write_frame

    check_ending(out, TABLE_ENDINGS)
    fault = output_fault({"the forecasts": out}, input_files())
    if fault := fault or foreign_file_fault(
        out, "such an export", EXPORT_COLUMNS[:3], EXPORT_TITLE
    ):
        raise FileError(fault)
    frame = export_frame(_found(campaign, creator, since, model))
    write_frame(frame, out, EXPORT_TITLE)
    click.echo(f"{len(frame):,} forecasts in {out}")


@ledger.command(cls=Command)
def status() -> None:
    """Tell where the ledger is, what it holds, what waits in its journal, what was lost."""
    folder = command_settings().journal
    try:
        with open_command_ledger(reads=True) as store:
            _print_counts(store)
    finally:  # what waits matters most where the database fails
        _print_journal(folder)


@ledger.command(cls=Command)
@click.option("--older-than", help=f"Such as 24m, 90d or 2y. Default: {RETENTION}.")
@click.option("--dry-run", is_flag=True, help="Tell what would be removed; remove nothing.")
def prune(older_than: str | None, dry_run: bool) -> None:
    """Remove forecasts and readings that are older than the retention."""
    from ledger.upkeep import prune as prune_ledger

    before = _before(older_than)
    with open_command_ledger() as store:
        counts = prune_ledger(store, before, dry_run)
    word = "would be removed" if dry_run else "removed"
    click.echo(
        f"{counts['forecasts']:,} forecasts, {counts['readings']:,} readings and "
        f"{counts['watch_results']:,} results of watching from before {_day(before)} {word}"
    )


@ledger.command(cls=Command)
@click.option(
    "--creator", type=Name("a creator"), required=True, help="The creator's id or handle."
)
@click.option("--platform", help="Only on this platform. Default: on all.")
@click.pass_context
def erase(ctx: click.Context, creator: str, platform: str | None) -> None:
    """Remove all that is kept of one creator, from the database, its files and the journal.

    Exit code 0: nothing of the creator is left; 3: running processes still hold forecasts of the
    creator in their journal: run it again. Copies and backups are yours to erase.
    """
    from ledger.journal import Journal
    from ledger.move import move_journal
    from ledger.upkeep import erase as erase_creator
    from ledger.upkeep import erase_damaged, holds_name

    settings = command_settings()
    _check_platform(platform)
    end = time.monotonic() + _WAIT_SECONDS
    with open_command_ledger() as store:
        counts = erase_creator(store, creator, platform)
        lines = erase_damaged(settings.journal, creator)
        while (held := holds_name(settings.journal, creator)) and time.monotonic() < end:
            time.sleep(0.2)
            move_journal(Journal(settings.journal), store)
        if more := erase_creator(store, creator, platform):
            counts = {name: counts[name] + more[name] for name in counts}
    click.echo(
        f"{counts['forecasts']:,} forecasts, {counts['readings']:,} readings and {lines:,} damaged "
        f"lines of {creator} removed"
    )
    if held:
        click.echo(
            f"{len(held)} file(s) of the journal still name {creator}: run it again", err=True
        )
        ctx.exit(3)


def _print_counts(store: Ledger) -> None:
    from ledger.summary import count_ledger

    counts = count_ledger(store)
    click.echo(f"ledger {store.place}")
    period = f", made {_day(counts.first)} to {_day(counts.last)}" if counts.forecasts else ""
    click.echo(f"{counts.forecasts:,} forecasts{period}; {counts.readings:,} readings of outcomes")
    for name, number in counts.campaigns.items():
        click.echo(f"  {name or 'without a campaign'}: {number:,}")


def _print_journal(folder: Path) -> None:
    """Tell what waits in the journal, what was set aside, and what was lost."""
    from ledger.losses import read_losses
    from ledger.move import damaged_bytes, waiting_forecasts

    click.echo(f"journal {str(folder)!r}: {waiting_forecasts(folder):,} forecasts wait")
    if damaged := damaged_bytes(folder):
        click.echo(f"{damaged:,} bytes of damaged lines were set aside there", err=True)
    lost = read_losses(folder)
    if lost.number:
        last = f"the last on {_day(lost.last_at)}: {lost.reason}"
        click.echo(f"{lost.number:,} forecasts were lost, {last}", err=True)


def _found(
    campaign: str | None, creator: str | None, since: pd.Timestamp | None, model: str | None
) -> pd.DataFrame:
    from ledger.summary import require_campaign
    from serving.scoring.prospect_batch import microseconds

    with open_command_ledger(reads=True) as store:
        if campaign is not None:
            require_campaign(store, campaign)
        start = None if since is None else microseconds(since)
        found = store.forecasts(campaign, start, None, model)
    if creator is None:
        return found
    name = creator.strip().removeprefix("@").lower()
    columns = (found[column].fillna("").str.lower() for column in ("creator_id", "handle"))
    by_id, by_handle = (texts.str.removeprefix("@") == name for texts in columns)
    return found[by_id | by_handle]


def _table(shown: pd.DataFrame) -> object:
    """Return forecasts as a table for a terminal."""
    from rich.table import Table

    from ledger.summary import shown_quantile

    table = Table()
    for name in ("made", "campaign", "door", "partnership", "creator", "platform", "rests on"):
        table.add_column(name, overflow="fold")
    for name in ("engagements", "80 % interval", "fee USD"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    for row in shown.itertuples():
        low, middle, high = (shown_quantile(row.engagements, p) for p in (0.1, 0.5, 0.9))
        texts = (row.campaign, row.door, row.partnership_id, row.creator_id or row.handle)
        table.add_row(
            _day(row.made_at),
            *map(_plain, texts),
            *(_plain(row.platform), _plain(row.evidence)),
            *(f"{middle:,.0f}", f"{low:,.0f} - {high:,.0f}"),
            "" if row.fee_usd != row.fee_usd else f"{row.fee_usd:,.2f}",
            _plain(row.verdict),
        )
    return table


def _plain(text: str | None) -> str:
    """Return a text that a terminal shows as it is."""
    from rich.markup import escape

    return escape("".join(one if one.isprintable() else "?" for one in text or ""))


def _day(moment: int | None) -> str:
    from serving.scoring.prospect_batch import moment_text

    return "" if moment is None else moment_text(int(moment))[:16].replace("T", " ")


def _before(older_than: str | None) -> int:
    """Return the moment before which all is to be removed, microseconds UTC."""
    import pandas as pd

    from serving.scoring.prospect_batch import microseconds

    text = older_than or os.environ.get(RETENTION)
    if not text:
        raise click.UsageError(f"say how old: --older-than 24m, or set {RETENTION}")
    match = _SPAN.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise click.UsageError(f"{text!r} is no age: give one such as 24m, 90d or 2y")
    span = pd.DateOffset(**{_UNITS[match[2].lower()]: int(match[1])})
    return microseconds(pd.Timestamp.now(tz="UTC") - span)


def _check_platform(platform: str | None) -> None:
    from features.tables.vocabulary import PLATFORMS

    if platform is not None and platform not in PLATFORMS:
        raise click.UsageError(f"--platform {platform!r}: expected one of {', '.join(PLATFORMS)}")
