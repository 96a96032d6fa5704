"""Checks before the service starts to listen, so that no worker answers 503 for ever.

Without a champion the starter model answers. But: a service over a snapshot needs a champion; it
may be started without one and wait for it, where its caller says so.
"""

import errno
import ipaddress
import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import click

from features.errors import CreatorcastError
from features.snapshot.reader import Snapshot
from features.tables.rates_file import read_rates
from features.tables.validate import InvalidTables
from models.bundle_trial import share_tried_digest, try_bundle
from models.champion import champion_file
from serving.http.keys import check_address
from serving.http.model_store import find_champion, load_champion, read_creator_tables
from serving.settings import DATA, RATES, SNAPSHOT, Settings

_PORT_ERRORS = {
    errno.EADDRINUSE: "port {port} of {host!r} is in use: "
    "stop what listens there, or name another by --port",
    errno.EACCES: "port {port} of {host!r} may not be opened by this user: "
    "name one from 1024 on by --port",
    errno.EADDRNOTAVAIL: "{host!r} is no address of this machine: "
    "name one that is by --host, such as 127.0.0.1",
}


class StartError(CreatorcastError):
    """The service cannot start with these settings; the message is one line."""


def check_start(host: str, port: int, settings: Settings, waits: bool = False) -> None:
    """Raise StartError, or serving.http.keys.AccessError, where the service could not answer.

    Checked are address and port, keys, champion, known creators, rates and snapshot; `waits`: the
    service may wait for its first champion.
    """
    check_listening(host, port, settings)
    reason = startup_problem(settings, waits)
    if reason:
        raise StartError(reason)


def check_listening(host: str, port: int, settings: Settings) -> None:
    """Raise StartError where the service cannot listen, serving.http.keys.AccessError where it may
    not.
    """
    check_address(host, settings)
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # a service that has just ended does not block its port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
        if _answers(address):  # some systems let two listen: one at all addresses and one at this
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    except socket.gaierror:
        raise StartError(
            f"{host!r} is no address that is known: name one by --host, such as 127.0.0.1"
        ) from None
    except OSError as error:
        raise StartError(_port_error(error, host, port)) from None
    if not _is_number(host):
        raise StartError(
            f"{host!r} is a name: the service listens at addresses, give --host {address[0]}"
        )


def exit_on_lost_port(host: str, port: int) -> None:
    """End the process that is to listen as `check_listening` would, where another process has taken
    the port meanwhile.
    """
    from circus import logger
    from circus.sockets import CircusSocket

    listen = CircusSocket.bind_and_listen

    def bind_and_listen(self: CircusSocket) -> None:
        logger.disabled = True  # its own message would be a second one
        try:
            listen(self)
        except OSError as error:
            raise _NoStart(_port_error(error, host, port)) from None
        finally:
            logger.disabled = False

    CircusSocket.bind_and_listen = bind_and_listen


class _NoStart(click.ClickException):
    """What ends the command line of BentoML as it ends ours: one line and exit code 2."""

    exit_code = 2

    def show(self, file: IO | None = None) -> None:
        click.echo(f"creatorcast: {self.message}", file, err=True)


def _port_error(error: OSError, host: str, port: int) -> str:
    words = _PORT_ERRORS.get(error.errno or 0, "port {port} of {host!r} cannot be opened: {reason}")
    return words.format(host=host, port=port, reason=error.strerror)


def _answers(address: tuple) -> bool:
    """Return whether a process takes connections at an address of this machine."""
    try:
        with socket.create_connection(address[:2], timeout=1) as connection:
            # a port may happen to connect to itself
            return connection.getsockname() != connection.getpeername()
    except OSError:
        return False


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def startup_problem(settings: Settings, waits: bool = False) -> str | None:
    """Return which file cannot be used and why, in one line; None where all can. `waits` as in
    `check_start`.
    """
    rates, data, snapshot = settings.rates, settings.data, settings.snapshot
    waits = waits and not champion_file(settings.home).exists()
    checks: list[tuple[str, Path | None, Callable[[], object]]] = []
    if rates:
        checks.append((f"--rates ({RATES})", rates, partial(read_rates, rates)))
    if data:
        checks.append((f"--data ({DATA})", data, partial(read_creator_tables, data)))
    if not waits:
        checks.append(("the champion", None, partial(_try_champion, settings.home)))
    if snapshot:
        home = None if waits else settings.home
        checks.append(
            (f"--snapshot ({SNAPSHOT})", snapshot, partial(_read_snapshot, snapshot, home))
        )
    return next(filter(None, (_reason(*check) for check in checks)), None)


def _try_champion(home: Path) -> None:
    """Check and load the champion, and tell the workers that it was checked; the starter where
    there is none.
    """
    folder = find_champion(home)
    if folder is not None:
        share_tried_digest(try_bundle(folder))
    load_champion(folder, None)


def _read_snapshot(snapshot: Path, home: Path | None) -> None:
    """Read the snapshot through, and hold it against the champion of `home` where there is one."""
    if home is None:
        Snapshot.open(snapshot)
    else:
        load_champion(find_champion(home), None, snapshot=snapshot)


def _reason(name: str, path: Path | None, check: Callable[[], object]) -> str | None:
    try:
        check()
    except InvalidTables as error:
        words = f"has {len(error.faults):,} fault(s), the first: {error.faults[0]}"
    except Exception as error:  # whatever is wrong must be told before anything listens
        words = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    else:
        return None
    place = "" if path is None or repr(str(path)) in words else f" {str(path)!r}"
    return f"{name}{place}: {' '.join(words.split())}"
