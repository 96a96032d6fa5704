"""What is read before the service starts, so that no worker answers 503 for ever: the champion, and
the files that the settings name. It runs in a process of its own, which a champion may end.

Without a champion the starter model answers. But: a service over a snapshot needs a champion; it
may be started without one and wait for it, where its caller says so.

    python -m serving.http.startup [--waits]
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from features.snapshot.reader import Snapshot
from features.tables.rates_file import read_rates
from features.tables.validate import InvalidTables
from models.bundle_trial import share_tried, try_in_place
from models.champion_pointer import champion_file
from models.trial_variable import TRIED_VARIABLE
from serving.http.model_store import find_champion, load_champion, read_creator_tables
from serving.http.sample_answers import check_sample_answers
from serving.http.start_check import WAITS
from serving.scoring.scorer import Scorer
from serving.settings import DATA, RATES, SNAPSHOT, Settings, settings_from


def startup_problem(settings: Settings, waits: bool = False) -> str | None:
    """Return which file cannot be used and why, in one line; None where all can. `waits` as in
    serving.http.start_check.check_start.
    """
    rates, data, snapshot = settings.rates, settings.data, settings.snapshot
    waits = waits and not champion_file(settings.home).exists()
    checks: list[tuple[str, Path | None, Callable[[], object]]] = []
    if not waits:  # first: its trial has a limit of memory, which large tables would use up
        checks.append(("the champion", None, partial(_try_champion, settings.home)))
    if rates:
        checks.append((f"--rates ({RATES})", rates, partial(read_rates, rates)))
    if data:
        checks.append((f"--data ({DATA})", data, partial(read_creator_tables, data)))
    if snapshot:
        home = None if waits else settings.home
        checks.append(
            (f"--snapshot ({SNAPSHOT})", snapshot, partial(_read_snapshot, snapshot, home))
        )
    return next(filter(None, (_reason(*check) for check in checks)), None)


def _try_champion(home: Path) -> None:
    """Check and load the champion, if there is one, and tell the workers that it was checked."""
    folder = find_champion(home)
    if folder is not None:
        bundle = try_in_place(folder)
        share_tried(bundle)
        check_sample_answers(bundle.manifest, Scorer(bundle))


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


def main() -> None:
    """Check what the environment names; print the digest of the champion that was tried, or exit
    with the fault.
    """
    reason = startup_problem(settings_from(os.environ), WAITS in sys.argv[1:])
    if reason:
        sys.exit(reason)
    print(os.environ.get(TRIED_VARIABLE, ""))


if __name__ == "__main__":
    main()
