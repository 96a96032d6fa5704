"""The command that compares a campaign's forecasts with what came: review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.command_group import Command
from commands.environment import home_folder
from commands.ledger_access import open_command_ledger
from commands.parameter_types import FILE, CampaignName
from commands.reports import ReportRequest, add_report_options
from commands.scorer_inputs import input_files

if TYPE_CHECKING:
    from monitoring.review import Review


@click.command(cls=Command)
@click.argument("campaign", type=CampaignName())
@click.option(
    "--out",
    type=FILE,
    help="Write the table there, .xlsx or .csv, beside printing it; it replaces only a review.",
)
@add_report_options
def review(campaign: str, out: Path | None, report: ReportRequest) -> None:
    """Compare what was forecast of the partnerships of CAMPAIGN with what came.

    Forecasts are in the ledger since score, plan or track had --campaign CAMPAIGN, or a request of
    the service named it; outcomes since creatorcast outcomes. Of each partnership the last forecast
    counts that was made before its first post. See docs/review.md.
    """
    from rich.console import Console

    from serving.review.files import check_out, write_review
    from serving.review.terminal import print_review

    outputs = {} if out is None else {"the table": out}
    inputs = input_files()
    check_out(out, inputs)
    report.check(inputs, outputs)
    found = _review(campaign)
    print_review(found, Console(width=160))
    if out is not None:
        write_review(found, out, report.hide_fees)
        click.echo(f"table in {out}")
    report.write_reviewed(found)


def _review(campaign: str) -> Review:
    """Return the review of a campaign of the ledger."""
    from monitoring.home_review import review_of_home

    with open_command_ledger(reads=True) as ledger:
        return review_of_home(home_folder(), ledger, campaign)
