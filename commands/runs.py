"""Commands about what was trained: the pages of the runs, and the card of a model."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from commands.command_group import Command
from commands.environment import home_folder, tracking_address
from commands.parameter_types import FILE

PORT = 5000


@click.command(cls=Command)
@click.option(
    "--port", default=PORT, show_default=True, type=click.IntRange(1, 65535), help="Of 127.0.0.1."
)
def ui(port: int) -> None:
    """Show the runs and registered models of this home in MLflow's pages, on 127.0.0.1, until
    Ctrl-C.

    Where MLFLOW_TRACKING_URI names a server, its address is printed: it has the pages already.
    """
    from features.address_login import hide_login
    from training.tracking_pages import ENVIRONMENT, HOST, PAGE, is_server, pages_command

    address = tracking_address()
    if address is not None and is_server(address):
        click.echo(f"the runs are on {hide_login(address).rstrip('/')}{PAGE}: open it in a browser")
        return
    command = pages_command(home_folder(), address, port)
    click.echo(f"the runs are on http://{HOST}:{port}{PAGE} in a moment; Ctrl-C ends it")
    sys.stdout.flush()
    os.execve(command[0], command, {**os.environ, **ENVIRONMENT})  # so that signals reach it


@click.command(cls=Command)
@click.argument("version", required=False)
@click.option(
    "--out", type=FILE, help="Write it there: .html, a page with pictures, or .md. Default: print."
)
def card(version: str | None, out: Path | None) -> None:
    """Tell what the bundle VERSION (default: the last made) is for, what it rests on, how good it
    is, and what it cannot know: its model card.
    """
    from models.bundle_folders import latest_bundle
    from models.model_card.text import card_text
    from training.artifacts import read_artifacts
    from training.runs.card_file import check_card_path, write_card

    if out is not None:
        check_card_path(out)
    home = home_folder()
    trained = read_artifacts(home, version or latest_bundle(home).name)
    if out is None:
        click.echo(card_text(trained.bundle, trained.note), nl=False)
        return
    write_card(trained, out)
    click.echo(f"the model card of {trained.bundle.version} is in {out}")
