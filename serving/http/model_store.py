"""The bundle of the service: the champion, or the starter where there is none. It is loaded at
start, checked every few seconds, and swapped in one step.

A bundle that cannot be loaded, or does not answer, is refused with one line in the log; the bundle
before it stays. The starter never takes the place of a broken champion, nor of one that is gone. A
refused bundle is tried again when any of its files has changed, and every AGAIN_SECONDS.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.snapshot.reader import Snapshot
from features.snapshot.snapshot_file import SnapshotError
from features.tables.currency import CurrencyRates
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.rates_file import read_rates
from features.tables.validate import validate
from models.bundle import load_bundle
from models.bundle_trial import try_bundle
from models.champion import champion_folder, champion_version
from models.champion_pointer import champion_file
from models.starter import is_starter, starter_bundle, starter_notice
from serving.http.errors import ErrorDetail
from serving.http.sample_answers import check_sample_answers
from serving.scoring.scorer import Scorer
from serving.settings import DATA, RATES, STALE_DAYS, Settings

#: Seconds after which a refused bundle is tried again though no file has changed: the reason may
#: have been the machine.
AGAIN_SECONDS = 60.0

# below `bentoml`, which the server gives its handler
log = logging.getLogger("bentoml.creatorcast")

#: What clients are told while `current` is None; the reason, which may name folders, is for the
#: log.
NO_CHAMPION = ErrorDetail(
    "no_champion",
    "service",
    "has no model that it can use; its log has the reason",
    "one that `creatorcast train DATA` made and `creatorcast promote` made champion",
)


@dataclass(frozen=True)
class LoadedModel:
    """A bundle's manifest and the scorer over it: one answer uses one LoadedModel from beginning to
    end.
    """

    manifest: dict
    scorer: Scorer


def find_champion(home: Path) -> Path | None:
    """Return the folder of the champion, None where none was promoted. Raises BundleError."""
    return None if champion_version(home) is None else champion_folder(home)


def load_champion(
    folder: Path | None,
    tables: Tables | None,
    rates: CurrencyRates | None = None,
    snapshot: Path | None = None,
    stale_days: float = STALE_DAYS,
) -> LoadedModel:
    """Check and load a bundle, and return it with a scorer over tables or over a snapshot, whose
    copy is read through once. `folder`: None for the starter bundle.

    Raises models.bundle.BundleError where the bundle is broken, SnapshotError where the snapshot is
    or does not fit, and any error of the sample answers.
    """
    bundle = starter_bundle() if folder is None else load_bundle(folder, try_bundle(folder))
    if snapshot is not None and folder is None:
        raise SnapshotError(
            f"the snapshot {str(snapshot)!r} belongs to a trained bundle, and there is no "
            "champion: promote the bundle that it was written for (creatorcast promote), or start "
            "without a snapshot"
        )
    if snapshot is None:
        scorer = Scorer(bundle, tables, rates)
    else:
        mapped = Snapshot.open(snapshot, bundle.reference, bundle.version)
        scorer = Scorer(bundle, rates=rates, snapshot=mapped, stale_days=stale_days)
    check_sample_answers(bundle.manifest, scorer)
    return LoadedModel(bundle.manifest, scorer)


def read_creator_tables(data: Path | None) -> Tables | None:
    """Read and check the tables of the creators that the service knows, None where no folder is
    set.
    """
    if data is None:
        return None
    return validate(read_tables(data))


class ModelStore:
    """The bundle in use: `current` is None as long as none could be loaded; `reason` says why the
    last try failed.

    `on_change` is called with the manifest of every bundle that is put to use; `find` and `load`
    are replaced in tests.
    """

    def __init__(
        self,
        settings: Settings,
        find: Callable[[Path], Path | None] = find_champion,
        load: Callable[..., LoadedModel] = load_champion,
        tables: Callable[[Path | None], Tables | None] = read_creator_tables,
        on_change: Callable[[dict], None] = lambda manifest: None,
    ):
        self.settings = settings
        self.current: LoadedModel | None = None
        self.reason = ""
        self._find, self._load, self._read = find, load, tables
        self._on_change = on_change
        self._tables: Tables | None = None
        self._rates: CurrencyRates | None = None
        self._has_read = False
        self._unread_stamp: tuple = ()
        self._stamp: tuple | None = None
        self._refused_stamp: tuple | None = None
        self._again_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="champion", daemon=True)

    def start(self) -> None:
        """Read the known creators and the rates, load the champion, and check for a new one until
        `stop`.

        Where a file cannot be read no champion is loaded until the file changes; files are read
        successfully once.
        """
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """Stop looking for a new champion."""
        self._stop.set()

    def refresh(self) -> None:
        """Load champion and snapshot if one of them has changed; keep the old ones where the new
        ones cannot be used.

        A snapshot belongs to a bundle: the two are swapped together, once they fit.
        """
        stamp, snapshot = None, self.settings.snapshot
        try:
            folder = self._find(self.settings.home)
            if folder is None and self._has_champion():
                folder = champion_folder(self.settings.home)  # which tells that it is gone
            paths = (champion_file(self.settings.home), folder, snapshot)
            stamp = (folder, *map(_identities, paths))
            waits = stamp == self._refused_stamp and time.monotonic() < self._again_at
            if stamp == self._stamp or waits:
                return
            options: dict[str, Any] = {}
            if snapshot:
                options = {"snapshot": snapshot, "stale_days": self.settings.stale_days}
            loaded = self._load(folder, self._tables, self._rates, **options)
            version = loaded.manifest["version"]
        except Exception as error:  # whatever is wrong with a bundle must not end the service
            self._refuse(f"{type(error).__name__}: {error}")
            self._refused_stamp, self._again_at = stamp, time.monotonic() + AGAIN_SECONDS
            return
        self.current, self._stamp, self.reason = loaded, stamp, ""
        if is_starter(loaded.manifest):
            log.info(starter_notice(self.settings.home))
        else:
            log.info("champion is now %s", version)
        self._announce(loaded.manifest)

    def _has_champion(self) -> bool:
        """Return whether a champion is in use."""
        return self.current is not None and not is_starter(self.current.manifest)

    def _announce(self, manifest: dict) -> None:
        try:
            self._on_change(manifest)
        except Exception as error:  # nor must an error of the listener
            log.error("figures do not tell the champion: %s: %s", type(error).__name__, error)

    def _look(self) -> None:
        if self._has_read or self._read_files():
            self.refresh()

    def _read_files(self) -> bool:
        """Read the known creators and the rates, unless they are still the files that could not be
        read; return whether they were read.
        """
        data, rates = self.settings.data, self.settings.rates
        stamp = (_identities(data), _identities(rates))
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
        reason = " ".join(reason.split())
        if reason != self.reason:
            current = f"; {self.current.manifest['version']} stays" if self.current else ""
            log.error("no new champion: %s%s", reason, current)
        self.reason = reason

    def _poll(self) -> None:
        while not self._stop.wait(self.settings.poll_seconds):
            try:
                self._look()
            except Exception as error:  # it must go on looking, whatever comes
                self._refuse(f"{type(error).__name__}: {error}")


def _identities(path: Path | None) -> tuple:
    """Return what changes when a file, or any file of a folder, changes; () where there is none.

    Among it is the moment of change (ctime), which cannot be set as that of writing can.
    """
    if path is None:
        return ()
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        states = [(file.name, file.stat()) for file in files]
    except OSError:  # it is missing, or is just being replaced
        return ()
    return tuple((name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in states)
