"""The option --campaign of commands that forecast: their forecasts go to the ledger."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from commands.environment import home_folder
from commands.ledger_access import command_settings
from commands.parameter_types import CampaignName

if TYPE_CHECKING:
    from ledger.list_keeper import ListKeeper

CAMPAIGN = click.option(
    "--campaign",
    type=CampaignName(),
    help="Keep the forecasts in the ledger under this name, to compare them with their outcomes "
    "(docs/ledger.md).",
)


def campaign_keeper(campaign: str | None) -> ListKeeper | None:
    """Return what keeps the forecasts of a command: in the ledger of CREATORCAST_LEDGER; else,
    where a campaign is named, in that of the home. None where neither is.
    """
    from ledger.list_keeper import ListKeeper
    from ledger.settings import ledger_settings

    settings = ledger_settings(home_folder(), os.environ)
    if campaign is None:
        return None if settings is None else ListKeeper(settings)
    return ListKeeper(command_settings(), campaign)


def tell_kept(keeper: ListKeeper | None) -> None:
    """Print to standard error what became of the forecasts of a command."""
    for line in [] if keeper is None else keeper.finish():
        click.echo(line, err=True)
