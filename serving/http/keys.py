"""The API keys of clients, and where the service may listen without any. Light: no pandas.

The key file has one key a line, alone or as name:key; blank lines and lines that begin with # do
not count. Each worker looks at it every few seconds, so that keys are added and withdrawn by
replacing the file. Kept are the keys' sha256 alone, and no key or name is ever logged.
"""

import hashlib
import hmac
import ipaddress
import logging
import re
import stat
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from features.errors import CreatorcastError
from features.files.regular import read_regular
from serving.settings import Settings

log = logging.getLogger("bentoml.creatorcast")

#: What a bearer token may hold (RFC 6750), and enough of it that none is guessed.
_KEY = re.compile(r"[A-Za-z0-9\-._~+/]{16,256}=*")
#: Bytes of a key file: some thousands of keys.
FILE_LIMIT = 2**20
#: Seconds that a request waits for the file to be read; where a disk takes longer, the next one
#: finds it read.
PATIENCE = 0.2
REMEDY = (
    "name a file of keys in CREATORCAST_API_KEYS_FILE, "
    "or set CREATORCAST_INSECURE=1 to answer whoever reaches it"
)


class AccessError(CreatorcastError):
    """The service may not start: its key file cannot be used, or it would answer strangers."""


class NamedKey(NamedTuple):
    """The sha256 of a key, and its name, None where it has none."""

    digest: bytes
    name: str | None


def read_keys(path: Path) -> tuple[NamedKey, ...]:
    """Return every key of a file, which may be a link.

    Raises AccessError, which never quotes a line.
    """
    try:
        lines = read_regular(path, FILE_LIMIT).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise AccessError(f"key file {str(path)!r} cannot be read: {reason}") from None
    keys = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, key = (part.strip() for part in line.rpartition(":"))
        if not _KEY.fullmatch(key):
            raise AccessError(
                f"key file {str(path)!r} line {number} holds no key: "
                "expected 16 to 256 letters, digits or -._~+/, alone or after a name and a colon"
            )
        keys.append(NamedKey(_digest(key.encode()), name or None))
    if not keys:
        raise AccessError(f"key file {str(path)!r} is empty: write one key a line")
    return tuple(keys)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


class Keys:
    """The keys in use, read again when their file has changed; a file that cannot be used changes
    nothing.

    The file is read in a thread, so that a slow disk does not stop the event loop. Raises
    AccessError where the first file cannot be used.
    """

    def __init__(
        self, path: Path, poll_seconds: float = 2.0, clock: Callable[[], float] = time.monotonic
    ):
        self.path, self.poll_seconds, self._clock = path, poll_seconds, clock
        self._stamp, self._due, self._reason = self._file_stamp(), clock() + poll_seconds, ""
        self._keys = read_keys(path)
        self._reading: threading.Thread | None = None
        self._log_keys()

    def find(self, key: bytes) -> NamedKey | None:
        """Return a key that is in use, None for any other; it is compared with every key, each time
        in full.
        """
        self._refresh()
        digest, found = _digest(key), None
        for known in self._keys:
            found = known if hmac.compare_digest(digest, known.digest) else found
        return found

    def _refresh(self) -> None:
        now = self._clock()
        if now < self._due:
            return
        self._due = now + self.poll_seconds
        if self._reading is not None and self._reading.is_alive():
            return
        self._reading = threading.Thread(target=self._read, name="keys", daemon=True)
        self._reading.start()
        self._reading.join(PATIENCE)

    def _read(self) -> None:
        stamp = self._file_stamp()
        if stamp == self._stamp:
            return
        try:
            self._keys = read_keys(self.path)
        except AccessError as error:
            if str(error) != self._reason:
                log.error("keys stay as they were: %s", error)
            self._reason = str(error)
            return
        self._stamp, self._reason = stamp, ""
        self._log_keys()

    def _file_stamp(self) -> tuple | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode

    def _log_keys(self) -> None:
        log.info("%d key(s) in use", len(self._keys))
        if self._stamp and self._stamp[3] & stat.S_IROTH:
            log.warning(
                "key file %r can be read by everybody on this machine: chmod 600 it", str(self.path)
            )


@lru_cache(64)
def is_loopback(host: str) -> bool:
    """Return whether an address reaches this machine alone.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.com")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def check_address(host: str, settings: Settings) -> None:
    """Raise AccessError where listening on `host` would answer strangers, or where the key file
    cannot be used.
    """
    if settings.api_keys_file is not None:
        read_keys(settings.api_keys_file)
    elif not settings.insecure and not is_loopback(host):
        raise AccessError(
            f"{host!r} can be reached from other machines and the service has no keys: {REMEDY}"
        )
