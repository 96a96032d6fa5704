"""The champion bundle as the service holds it: loaded at start, looked at every few seconds, swapped in one step.

A bundle that cannot be loaded is refused and told in the log once; the one before stays.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from features.currency import Rates, read_rates
from features.snapshot import Snapshot
from features.tables import Tables, read_tables
from features.validate import validate
from models.bundle import champion_file, champion_folder, load_bundle
from serving.faults import Fault
from serving.scoring import Scorer
from serving.settings import DATA, RATES, STALE_DAYS, Settings

log = logging.getLogger("bentoml.creatorcast")  # below `bentoml`, which the server gives its handler

#: What clients are told while `current` is None; the reason, which may name folders, is for the log.
NO_CHAMPION = Fault(
    "no_champion",
    "service",
    "has no champion model; its log has the reason",
    "one that `creatorcast train DATA` made and `creatorcast promote` made champion",
)


@dataclass(frozen=True)
class Loaded:
    """A bundle's manifest and the scorer over it: one answer uses one Loaded from beginning to end."""

    manifest: dict
    scorer: Scorer


def load_champion(
    folder: Path,
    tables: Tables | None,
    rates: Rates | None = None,
    snapshot: Path | None = None,
    stale_days: float = STALE_DAYS,
) -> Loaded:
    """Load a bundle and set up its scorer, over tables or over a snapshot, which is read through only where it fits.

    Raises models.bundle.BundleError where the bundle is broken, SnapshotError where the snapshot is or does not fit.
    """
    bundle = load_bundle(folder)
    if snapshot is None:
        return Loaded(bundle.manifest, Scorer(bundle, tables, rates))
    Snapshot.open(snapshot, verify=False).check(bundle.reference, bundle.version)
    mapped = Snapshot.open(snapshot)
    return Loaded(bundle.manifest, Scorer(bundle, rates=rates, snapshot=mapped, stale_days=stale_days))


def read_known(data: Path | None) -> Tables | None:
    """Read and check the tables of the creators that the service knows, None where no folder is set."""
    if data is None:
        return None
    return validate(read_tables(data))


class Champion:
    """The champion in use: `current` is None as long as none could be loaded; `reason` says why the last try failed.

    `told` is given the manifest of every champion taken over; `find` and `load` are replaced in tests.
    """

    def __init__(
        self,
        settings: Settings,
        find: Callable[[Path], Path] = champion_folder,
        load: Callable[..., Loaded] = load_champion,
        tables: Callable[[Path | None], Tables | None] = read_known,
        told: Callable[[dict], None] = lambda manifest: None,
    ):
        self.settings = settings
        self.current: Loaded | None = None
        self.reason = ""
        self._find, self._load, self._read, self._told = find, load, tables, told
        self._tables: Tables | None = None
        self._rates: Rates | None = None
        self._has_read, self._unread_stamp = False, ()
        self._stamp: tuple | None = None
        self._refused_stamp: tuple | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="champion", daemon=True)

    def start(self) -> None:
        """Read the known creators and the rates, load the champion, and keep looking for a new one until `stop`.

        Where a file cannot be read nothing is loaded until it is another one; what was read once stays.
        """
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking for a new champion."""
        self._stop.set()

    def refresh(self) -> None:
        """Take over champion and snapshot if one is another than before; keep those before where they cannot be used.

        A snapshot belongs to a bundle: the two are taken over together, once they fit.
        """
        stamp, snapshot = None, self.settings.snapshot
        try:
            folder = self._find(self.settings.home)
            stamp = (
                folder,
                champion_file(self.settings.home).stat().st_mtime_ns,
                snapshot and snapshot.stat().st_mtime_ns,
            )
            if stamp == self._stamp or (snapshot and stamp == self._refused_stamp):  # reading it through takes seconds
                return
            more = {"snapshot": snapshot, "stale_days": self.settings.stale_days} if snapshot else {}
            loaded = self._load(folder, self._tables, self._rates, **more)
        except Exception as error:  # whatever is wrong with a bundle must not end the service
            self._refuse(f"{type(error).__name__}: {error}")
            self._refused_stamp = stamp
            return
        self.current, self._stamp, self.reason = loaded, stamp, ""
        self._told(loaded.manifest)
        log.info("champion is now %s", loaded.manifest["version"])

    def _look(self) -> None:
        if self._has_read or self._read_files():
            self.refresh()

    def _read_files(self) -> bool:
        """Read the known creators and the rates, unless they are still the ones that could not be; tell whether."""
        data, rates = self.settings.data, self.settings.rates
        stamp = (_files_of(data), _files_of(rates))
        if stamp == self._unread_stamp:
            return False
        place = f"{DATA} {str(data)!r}"
        try:
            self._tables = self._read(data)
            place = f"{RATES} {str(rates)!r}"
            self._rates = read_rates(rates) if rates else None
        except Exception as error:  # whatever is wrong with a file must not end the service
            self._unread_stamp = stamp
            self._refuse(f"{place} cannot be used: {error}")
            return False
        self._has_read = True
        return True

    def _refuse(self, reason: str) -> None:
        if reason != self.reason:
            kept = f"; {self.current.manifest['version']} stays" if self.current else ""
            log.error("no new champion: %s%s", reason, kept)
        self.reason = reason

    def _poll(self) -> None:
        while not self._stop.wait(self.settings.poll_seconds):
            self._look()


def _files_of(path: Path | None) -> tuple:
    """Tell the files of a folder, or a file, from what they were: names, times of change and sizes."""
    if path is None:
        return ()
    try:
        states = [(file.name, file.stat()) for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    except OSError:  # it is missing, or is just being replaced
        return ()
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)
