"""The champions of a home in their order, so that the one before can be made champion again.

A file beside the pointer (`artifacts/champion`), one JSON object a line, oldest first. The pointer
alone says which bundle is champion: lines after the last one that names it were never or are no
longer true, and do not count.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from features.errors import CreatorcastError
from features.files.atomic import replace_text
from features.files.regular import read_regular

#: Bytes of the file: some hundred thousand champions.
MAX_HISTORY_BYTES = 2**24


class ChampionHistoryError(CreatorcastError):
    """The file with the earlier champions cannot be read."""


def champions_until(path: Path, current: str | None) -> list[dict]:
    """Return the champions up to `current`, as {"version", "since"}; [] where there is none.

    `since` (ISO, UTC) is None where a champion was named by hand. Raises ChampionHistoryError.
    """
    if current is None:
        return []
    champions = _read(path)
    places = [place for place, champion in enumerate(champions) if champion["version"] == current]
    if places:
        return champions[: places[-1] + 1]
    return [*champions, {"version": current, "since": None}]


def append_champion(champions: list[dict], version: str) -> list[dict]:
    """Return the champions followed by `version`; unchanged where it is already the last."""
    if champions and champions[-1]["version"] == version:
        return champions
    return [
        *champions,
        {"version": version, "since": datetime.now(UTC).isoformat(timespec="seconds")},
    ]


def write_champions(path: Path, champions: list[dict]) -> None:
    """Write the file, whole or not at all."""
    replace_text(path, "".join(json.dumps(champion) + "\n" for champion in champions))


def _read(path: Path) -> list[dict]:
    try:
        lines = read_regular(path, MAX_HISTORY_BYTES).decode().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ChampionHistoryError(
            f"{str(path)!r} cannot be read: {reason}: correct or remove it"
        ) from error
    return [_champion(path, number, line) for number, line in enumerate(lines, 1)]


def _champion(path: Path, number: int, line: str) -> dict:
    try:
        champion = json.loads(line)
    except ValueError:
        champion = None
    if not isinstance(champion, dict) or not isinstance(champion.get("version"), str):
        expected = '{"version": ..., "since": ...}'
        raise ChampionHistoryError(
            f"{str(path)!r}, line {number}: {line!r} names no champion, expected {expected}: "
            "correct or remove the line"
        )
    return champion
