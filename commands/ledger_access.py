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


def open_command_ledger() -> Ledger:
    """Open the ledger, with all that processes that have ended left in the journal moved into it,
    which is told. Raises LedgerError.
    """
    from features.number_text import pluralize
    from ledger.move import settle_journal

    settings = command_settings()
    store, moved = settle_journal(settings.home, settings.journal, settings.address)
    if count := moved.own + moved.adopted:
        were = "was" if count == 1 else "were"
        told = f"{pluralize(f'{count:,}', 'forecast')} {were} taken from the journal"
        click.echo(told, err=True)
    if moved.damaged:
        folder = str(settings.journal)
        click.echo(f"{moved.damaged:,} damaged lines were set aside in {folder!r}", err=True)
    return store
