"""Checks before the service starts to listen, so that no worker answers 503 for ever. Light: the
champion and files are read by a process of their own (serving.http.startup), which they may end.
"""

import errno
import ipaddress
import os
import signal
import socket
import subprocess
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import IO

import click

from features.errors import CreatorcastError
from models.champion_pointer import champion_file
from models.trial_variable import TRIED_VARIABLE
from serving.http.keys import check_address
from serving.settings import DATA, RATES, SNAPSHOT, Settings, settings_from

_ROOT = Path(__file__).parents[2]
#: The module that reads champion and files, and its argument where a champion may be waited for.
_FILE_CHECK, WAITS = "serving.http.startup", "--waits"

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


def check_start(
    host: str, port: int, environment: MutableMapping[str, str], waits: bool = False
) -> None:
    """Raise StartError, or serving.http.keys.AccessError, where the service could not answer; tell
    the processes that get the environment that the champion was tried.

    Checked are address and port, keys, champion, known creators, rates and snapshot; `waits`: the
    service may wait for its first champion.
    """
    settings = settings_from(environment)
    check_listening(host, port, settings)
    if not _names_files(settings):
        return
    process = _read_files(environment, waits)
    if process.returncode != 0:
        raise StartError(_reason(process))
    environment[TRIED_VARIABLE] = process.stdout.strip()


def _names_files(settings: Settings) -> bool:
    """Return whether there is anything to read: where nothing is, the starter model answers."""
    if any((settings.data, settings.snapshot, settings.rates)):
        return True
    try:
        champion_file(settings.home).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # the check tells it
        return True
    return True


def _read_files(environment: MutableMapping[str, str], waits: bool) -> subprocess.CompletedProcess:
    """Run `serving.http.startup.main` with one thread, in this folder: paths may be relative."""
    path = os.pathsep.join(filter(None, (str(_ROOT), environment.get("PYTHONPATH"))))
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-P", "-m", _FILE_CHECK, *([WAITS] if waits else [])],
        env={**environment, **threads, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _reason(process: subprocess.CompletedProcess) -> str:
    """Return why the check of the files failed: its last line."""
    last_line = "".join(process.stderr.strip().splitlines()[-1:])
    if process.returncode > 0:
        return last_line
    name = signal.Signals(-process.returncode).name
    files = f"the champion, or a file that {DATA}, {SNAPSHOT} or {RATES} names"
    return f"{files}, ends the process that reads it ({name}): {last_line or 'it said nothing'}"


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
