"""The command that answers over HTTP: serve."""

import os
from pathlib import Path

import click

from commands.command_group import Command
from commands.parameter_types import FILE_OR_FOLDER


@click.command(cls=Command)
@click.option(
    "--data",
    type=FILE_OR_FOLDER,
    help="Folder of tables of the creators that callers name by creator_id.",
)
@click.option(
    "--snapshot",
    type=FILE_OR_FOLDER,
    help="The same as a snapshot, for many creators: creatorcast snapshot.",
)
@click.option(
    "--rates",
    type=FILE_OR_FOLDER,
    help="File of currencies and usd_per_unit, for fees that are not in USD.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=3000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option("--insecure", is_flag=True, help="Answer whoever reaches HOST, without keys.")
def serve(
    data: Path | None,
    snapshot: Path | None,
    rates: Path | None,
    host: str,
    port: int,
    insecure: bool,
) -> None:
    """Answer in a page for people, and over HTTP for programs, until interrupted.

    The champion answers; the starter model does where there is none. What keeps the service from
    answering (unusable tables, --snapshot without a champion, a port in use) is told before it
    starts. Another HOST than this machine's own needs a file of keys, which
    CREATORCAST_API_KEYS_FILE names (docs/deploy.md).
    """
    from serving.http.start_check import check_start
    from serving.settings import (
        CHECKED,
        DATA,
        ENVIRONMENT,
        HOST,
        RATES,
        SNAPSHOT,
        serve_command,
    )

    os.environ.update(ENVIRONMENT)
    if insecure:
        os.environ["CREATORCAST_INSECURE"] = "1"
    for name, path in ((DATA, data), (SNAPSHOT, snapshot), (RATES, rates)):
        if path is not None:
            os.environ[name] = str(path.resolve())
    host = HOST if host == "localhost" else host
    check_start(host, port, os.environ)
    os.environ[CHECKED] = "1"
    address = f"[{host}]" if ":" in host else host
    click.echo(f"the page will be at http://{address}:{port}/ in some seconds", err=True)
    command = serve_command(host, port)
    os.execv(command[0], command)
