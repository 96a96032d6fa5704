"""The command that adjusts the champion's intervals by outcomes of the ledger: recalibrate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from commands.command_group import Command
from commands.environment import home_folder, report_progress, tracking_address
from commands.ledger_access import open_command_ledger
from commands.parameter_types import Moment
from commands.registry import log_to_mlflow

if TYPE_CHECKING:
    import pandas as pd

    from training.recalibrate import Recalibration


@click.command(cls=Command)
@click.option(
    "--since",
    type=Moment(),
    help="Only outcomes of posts from then on. Default: all; one 15 days older weighs half.",
)
@click.option("--no-log", is_flag=True, help="Write the bundle only, nothing to MLflow.")
@click.pass_context
def recalibrate(ctx: click.Context, since: pd.Timestamp | None, no_log: bool) -> None:
    """Adjust the champion's intervals by the matured outcomes of the ledger, in a new bundle.

    The boosters stay as they are: centre and spread of the conformal tables are moved as far as
    recent outcomes ask for it beyond chance. The bundle is a challenger like any, which promote
    compares with the champion. Exit code 0: written; 3: nothing written, since nothing is to be
    adjusted, or retraining is due; 2: too few outcomes, or unusable. See docs/recalibrate.md.
    """
    from training.recalibrate import NothingToRecalibrate, RetrainingDue
    from training.registry import check_store

    if not no_log:
        check_store(home_folder(), tracking_address())
    try:
        found = _recalibrate(None if since is None else since.value // 1000)
    except (NothingToRecalibrate, RetrainingDue) as reason:
        click.echo(str(reason))
        ctx.exit(3)
    for line in _lines(found):
        click.echo(line)
    if not no_log:
        log_to_mlflow(found.trained)
    click.echo(f"bundle {found.trained.bundle.version}; creatorcast promote makes it the champion")


def _recalibrate(since: int | None) -> Recalibration:
    import time

    from ledger.growth import growth_of_home
    from ledger.matched_forecasts import match_forecasts
    from ledger.readings import read_readings
    from models.champion import champion_folder
    from training.recalibrate import recalibrate as recalibrate_champion

    home, now = home_folder(), time.time_ns() // 1000
    champion_folder(home)  # without a champion there is nothing to adjust
    with open_command_ledger(reads=True) as ledger:
        forecasts, readings = ledger.forecasts(), read_readings(ledger)
    matched = match_forecasts(forecasts, readings, now, growth_of_home(home))
    return recalibrate_champion(home, matched, now, since, report_progress)


def _lines(found: Recalibration) -> list[str]:
    """Return what was done, in lines."""
    entry = found.trained.bundle.manifest["recalibrated"]
    held = f"held {found.coverage_before:.1%} of them, now {found.coverage_after:.1%}"
    heads = ("platform", "evidence", "outcomes", "creators", "forecasts", "width")
    lines = [
        (
            f"recalibrated {found.champion} by {entry['outcomes']:,} outcomes of "
            f"{entry['creators']:,} creators, posted from {entry['since'][:10]}"
        ),
        f"  80 % interval: {held}; {found.width_ratio:.2f} times as wide as it was trained",
        "  {:<10} {:<8} {:>8} {:>8} {:>10} {:>6}".format(*heads),
    ]
    for row in entry["tables"]:
        lines.append(
            f"  {row['platform']:<10} {row['evidence']:<8} {row['outcomes']:>8,} "
            f"{row['creators']:>8,} {math.expm1(row['moved']):>+10.1%} x{row['stretched']:>5.2f}"
        )
    return lines + [f"  not used: {n:,}, {reason}" for reason, n in entry["left_out"].items()]
