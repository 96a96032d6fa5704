"""The champions of a home in their order, so that the one before can be made champion again.

A file beside the pointer (`artifacts/champion`), one JSON object a line, oldest first. It is
written before the pointer, and the pointer alone says which bundle is champion: the last line that
names it. Lines after that one do not count: a promotion that was not finished, which the next
change drops, or a champion that was rolled back, whose line is kept for its reason.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from features.errors import CreatorcastError
from features.files.atomic import replace_text
from features.files.regular import read_regular

#: Bytes of the file: some hundred thousand champions.
MAX_HISTORY_BYTES = 2**24


class ChampionHistoryError(CreatorcastError):
    """The file with the earlier champions cannot be read."""


@dataclass(frozen=True)
class ForcedPromotion:
    """Why a bundle was promoted though it failed criteria, and which."""

    reason: str
    failed: tuple[str, ...]


def champions_until(path: Path, current: str | None) -> list[dict]:
    """Return the champions up to `current`, as {"version", "since"}; [] where there is none.

    Those that were promoted by force have `forced`: {"reason", "failed"}. `since` (ISO, UTC) is
    None where a champion was named by hand. Raises ChampionHistoryError.
    """
    return [line for line in lines_until(path, current) if "rolled_back" not in line]


def lines_until(path: Path, current: str | None) -> list[dict]:
    """Return the lines that are true: the champions up to `current`, and those rolled back, which
    have `rolled_back`, the moment.
    """
    if current is None:
        return []
    lines = read_lines(path)
    places = [place for place, line in enumerate(lines) if line["version"] == current]
    if not places:
        unmarked = [{"version": current, "since": None}]
        return [*lines, *unmarked]
    current_line = {k: v for k, v in lines[places[-1]].items() if k != "rolled_back"}
    after = [line for line in lines[places[-1] + 1 :] if "rolled_back" in line]
    return [*lines[: places[-1]], current_line, *after]


def append_champion(
    lines: list[dict], version: str, forced: ForcedPromotion | None = None
) -> list[dict]:
    """Return the lines followed by `version`; unchanged where it is the champion already."""
    champions = [line for line in lines if "rolled_back" not in line]
    if champions and champions[-1]["version"] == version:
        return lines
    line = {"version": version, "since": _now()}
    return [*lines, line if forced is None else {**line, "forced": asdict(forced)}]


def mark_rolled_back(lines: list[dict]) -> list[dict]:
    """Return the lines with the champion, the last one that is not, marked as rolled back."""
    current = max(n for n, line in enumerate(lines) if "rolled_back" not in line)
    marked = {**lines[current], "rolled_back": _now()}
    return [*lines[:current], marked, *lines[current + 1 :]]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_champions(path: Path, champions: Sequence[dict]) -> None:
    """Write the file, whole or not at all."""
    replace_text(path, "".join(json.dumps(champion) + "\n" for champion in champions))


def read_lines(path: Path) -> list[dict]:
    """Return all lines of the file; [] where there is none. Raises ChampionHistoryError."""
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
