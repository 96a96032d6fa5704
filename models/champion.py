"""The champion, the bundle that answers: `artifacts/champion` names it, replaced atomically."""

import re
import shutil
from pathlib import Path

from features.files.atomic import replace_text
from features.files.regular import read_regular
from models.bundle_files import BundleError
from models.bundle_folders import bundles_folder
from models.champion_history import (
    ForcedPromotion,
    append_champion,
    champions_until,
    lines_until,
    mark_rolled_back,
    write_champions,
)
from models.champion_pointer import champion_file
from models.manifest_schema import VERSION_PATTERN

#: What a bundle is called while it is written: its version and the process.
UNFINISHED = re.compile(r"\.\d{8}-\d{6}-[0-9a-f]{6,}(-\d+)?\.\d+")
#: Bytes of the file that names the champion.
POINTER_LIMIT = 4096


def champion_history_file(home: Path) -> Path:
    """Return the file with the champions in their order (models.champion_history)."""
    return champion_file(home).with_name("champions.jsonl")


def champion_folder(home: Path) -> Path:
    """Return the folder of the champion. Raises BundleError where none was promoted."""
    path, version = champion_file(home), champion_version(home)
    if version is None:
        raise BundleError(
            f"no champion in {str(path.parent)!r}: run creatorcast train DATA, then creatorcast "
            "promote"
        )
    if not VERSION_PATTERN.fullmatch(version):
        raise BundleError(
            f"{str(path)!r} names {version!r}, expected the version of a bundle: run creatorcast "
            "promote"
        )
    return bundles_folder(home) / version


def champion_version(home: Path) -> str | None:
    """Return the version of the champion, None where none was promoted. Raises BundleError for a
    pointer that cannot be read.
    """
    path = champion_file(home)
    try:
        return read_regular(path, POINTER_LIMIT).decode().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BundleError(
            f"{str(path)!r} cannot be read: {reason}: run creatorcast promote"
        ) from error


def set_champion(home: Path, version: str, forced: ForcedPromotion | None = None) -> None:
    """Make a version the champion, and add it to the history, with why it was forced.

    The history is written first, here and in `restore_champion`: if the process ends between the
    two, the champion is still the one before, and the history is read up to it.
    """
    history = champion_history_file(home)
    lines = lines_until(history, champion_version(home))
    write_champions(history, append_champion(lines, version, forced))
    replace_text(champion_file(home), version + "\n")


def previous_champion(home: Path) -> str | None:
    """Return the version of the champion before the current one, None where there is none.

    Raises models.champion_history.ChampionHistoryError.
    """
    champions = champions_until(champion_history_file(home), champion_version(home))
    return champions[-2]["version"] if len(champions) > 1 else None


def restore_champion(home: Path) -> None:
    """Make the champion before the current one, which must exist, champion again."""
    history = champion_history_file(home)
    current = champion_version(home)
    earlier = champions_until(history, current)[-2]["version"]
    write_champions(history, mark_rolled_back(lines_until(history, current)))
    replace_text(champion_file(home), earlier + "\n")


def forced_promotions(home: Path) -> list[dict]:
    """Return the lines of the history with a promotion by force, oldest first, rolled back or not.

    Raises models.champion_history.ChampionHistoryError.
    """
    lines = lines_until(champion_history_file(home), champion_version(home))
    return [line for line in lines if isinstance(line.get("forced"), dict)]


def remove_unfinished(home: Path) -> None:
    """Remove what a killed process left: unfinished bundles, and unfinished files of the champion.

    The caller holds the lock of the home (training.home_lock).
    """
    for path in bundles_folder(home).glob(".*"):
        if UNFINISHED.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
    for name in (champion_file(home).name, champion_history_file(home).name):
        for path in champion_file(home).parent.glob(f".{name}.*"):
            path.unlink(missing_ok=True)
