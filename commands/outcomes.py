"""The command that tells the ledger what came of forecasts: outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.command_group import Command
from commands.environment import home_folder, progress_bar
from commands.ledger_access import open_command_ledger
from commands.options import add_sheet_options, build_sheet_options
from commands.parameter_types import FILE_OR_FOLDER, Name, ReadingMoment

if TYPE_CHECKING:
    import pandas as pd

    from ingest.exports.outcome_files import OutcomeFiles
    from ledger.outcomes import OutcomeResult
    from ledger.store import Ledger

#: Reasons and notes that are printed.
MOST_LINES = 12
#: Rows, posts and partnerships that a line names.
MOST_NAMES = 5


@click.command(cls=Command)
@click.argument("paths", nargs=-1, metavar="FILE...", type=FILE_OR_FOLDER)
@click.option("--kind", help="What the files are, where it is not recognised: see docs/import.md.")
@click.option(
    "--platform", help="Platform of rows that name none: instagram, tiktok, youtube or x."
)
@click.option(
    "--creator", help="Creator of records that do not say whose they are: an id, or @handle."
)
@click.option(
    "--observed-at",
    type=ReadingMoment(),
    help="When the counts were read. Default: as the file says, else its last change.",
)
@click.option("--dry-run", is_flag=True, help="Tell what would be kept; keep nothing.")
@click.option(
    "--history",
    type=Name("a post or partnership"),
    metavar="ID",
    help="Print every reading that is kept of a post or partnership.",
)
@add_sheet_options
@click.pass_context
def outcomes(
    ctx: click.Context,
    paths: tuple[Path, ...],
    kind: str | None,
    platform: str | None,
    creator: str | None,
    observed_at: pd.Timestamp | None,
    dry_run: bool,
    history: str | None,
    **sheet: Any,
) -> None:
    """Tell the ledger what came of the forecasts that it keeps.

    Each FILE is one that creatorcast import reads, a folder of tables, or a list of a campaign's
    posts: partnership_id, post link or post_id, posted_at, observed_at, likes, comments, views.
    Readings find their forecasts by partnership_id, by post, or by creator and time. All of the
    files are kept, or nothing. Exit code 0: done; 3: done, some rows rejected; 2: nothing done. See
    docs/outcomes.md.
    """
    if bool(paths) == (history is not None):
        raise click.UsageError("name files, or an id by --history: one of both")
    if history is not None:
        with open_command_ledger(reads=True) as ledger:
            _print_history(ledger, history)
        return
    from ingest.exports.import_job import ImportOptions

    moment = observed_at.to_pydatetime() if observed_at is not None else None
    options = ImportOptions(kind, platform, creator, moment, build_sheet_options(platform, **sheet))
    files, result = _record(list(paths), options, dry_run)
    _print_result(files, result, dry_run)
    if files.rejected or result.counts.rejected:
        ctx.exit(3)


def _record(paths: list[Path], options: Any, dry_run: bool) -> tuple[OutcomeFiles, OutcomeResult]:
    """Return what the files hold and what became of it."""
    import pandas as pd

    from features.files.change_guard import require_unchanged
    from ingest.exports.outcome_files import read_outcome_files
    from ledger.growth import growth_of_home
    from ledger.outcomes import record_outcomes

    growth = growth_of_home(home_folder())
    with progress_bar() as bar, require_unchanged(*paths):
        task = bar.add_task("reading", total=None)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total or None)

        files = read_outcome_files(paths, options, show)
        show("recording", 0, 0)
        now = pd.Timestamp.now(tz="UTC").value // 1000
        source = ", ".join(path.name for path in paths)
        with open_command_ledger(makes=True) as ledger:
            result = record_outcomes(ledger, files.tables, source, now, growth, dry_run)
    return files, result


def _print_result(files: OutcomeFiles, result: OutcomeResult, dry_run: bool) -> None:
    """Print what the files hold, the sum of their readings, and how far all outcomes are."""
    from features.number_text import pluralize

    counts = result.counts
    rejected = files.rejected + counts.rejected
    refused = sum(rejected.values())
    rows = counts.rows + files.repeats + sum(files.rejected.values())
    for line in files.lines:
        click.echo(line)
    for note in _first(files.notes):
        click.echo(note, err=True)
    click.echo(
        f"{rows:,} read = {counts.new:,} new readings + {counts.repeats + files.repeats:,} "
        f"repeated + {counts.corrections:,} corrected + {refused:,} rejected"
    )
    places = {**files.places, **counts.places}
    for reason in _first(
        [
            f"{number:,} rejected: {why}{_named(places.get(why, []))}"
            for why, number in rejected.most_common()
        ]
    ):
        click.echo(reason, err=True)
    if counts.open_partnerships:
        click.echo(f"{counts.open_partnerships:,} partnerships without counts: not over yet")
    statuses = " + ".join(f"{number:,} {name}" for name, number in result.statuses.items())
    click.echo(
        f"{result.partnerships:,} forecast partnerships "
        f"({pluralize(f'{result.forecasts:,}', 'forecast')}) = {statuses}"
    )
    told = [
        f"{len(names):,} {kind}: {why}{_named(names)}"
        for kind, group in (("not scored", result.reasons), ("with a note", result.notes))
        for why, names in group.items()
    ]
    for line in _first(told):
        click.echo(line)
    if result.unmatched:
        names = [
            name + (f", is it {near}?" if near else "")
            for name, near in sorted(result.unmatched, key=lambda one: not one[1])
        ]
        click.echo(
            f"{len(names):,} posts and totals belong to no forecast, and are kept for later ones"
            f"{_named(names)}"
        )
    if dry_run:
        click.echo("nothing was kept: leave out --dry-run to keep it")


def _named(names: list[str]) -> str:
    """Return the first names in brackets, "" where there are none."""
    more = f"; and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return f" ({'; '.join(names[:MOST_NAMES])}{more})" if names else ""


def _first(lines: list[str]) -> list[str]:
    """Return the first lines, and how many more there are."""
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"... and {more:,} more"] if more > 0 else [])]


def _print_history(ledger: Ledger, name: str) -> None:
    """Print the readings of a post or partnership in the order in which they were recorded."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ledger.outcomes import reading_history

    rows = reading_history(ledger, name)
    if rows.empty:
        click.echo(f"the ledger has no reading of a post or partnership {name!r}")
        return
    columns = ("recorded", "read", "post", "partnership", "engagements", "views")
    table = Table(title=f"Readings of {escape(name)}", title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in columns[-2:] else "left")
    for row in rows.to_dict("records"):
        moments = (_moment(row[one]) for one in ("recorded_at", "read_at"))
        texts = (escape(row[one] or "-") for one in ("post_id", "partnership_id"))
        counts = ("-" if row[one] != row[one] else f"{row[one]:,.0f}" for one in columns[-2:])
        table.add_row(*moments, *texts, *counts)
    Console(width=140).print(table)


def _moment(microseconds: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(microseconds / 1e6, UTC):%Y-%m-%d %H:%M}"
