"""How commands open the ledger: one way, so that none overlooks what waits in the journal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from commands.environment import home_folder

if TYPE_CHECKING:
    from ledger.settings import LedgerSettings
    from ledger.store import Ledger


def command_settings() -> LedgerSettings:
    """Return where the ledger of commands is: where CREATORCAST_LEDGER says, else in the home.

    Raises LedgerError.
    """
    from ledger.settings import LEDGER, home_address, ledger_settings

    home = home_folder()
    settings = ledger_settings(home, os.environ)
    if settings is None:
        settings = ledger_settings(home, {**os.environ, LEDGER: home_address(home)})
    assert settings is not None
    return settings


def open_command_ledger(makes: bool = False, reads: bool = False) -> Ledger:
    """Open the ledger, with all that processes that have ended left in the journal moved into it,
    which is told.

    `makes`: whether a ledger that is not there is made, as it is for forecasts that wait. `reads`:
    whether it is only read: what waits is then told where it cannot be moved. Raises LedgerError.
    """
    from ledger.errors import LedgerError
    from ledger.move import waiting_forecasts
    from ledger.store import open_ledger

    settings = command_settings()
    waiting = waiting_forecasts(settings.journal)
    store = open_ledger(settings.home, settings.address, makes or waiting > 0)
    try:
        _settle(settings, store)
    except LedgerError as error:
        if not reads:
            store.close()
            raise
        click.echo(f"{waiting:,} forecasts wait in the journal and are not read: {error}", err=True)
    return store


def _settle(settings: LedgerSettings, store: Ledger) -> None:
    from features.number_text import pluralize
    from ledger.journal import Journal
    from ledger.move import move_journal

    moved = move_journal(Journal(settings.journal), store)
    if count := moved.own + moved.adopted:
        were = "was" if count == 1 else "were"
        told = f"{pluralize(f'{count:,}', 'forecast')} {were} taken from the journal"
        click.echo(told, err=True)
    if moved.damaged:
        folder = str(settings.journal)
        click.echo(f"{moved.damaged:,} damaged lines were set aside in {folder!r}", err=True)
