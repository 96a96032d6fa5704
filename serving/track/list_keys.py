"""Which rows of a list are of one partnership, and which may be of one post or of several."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping
from typing import Any

from features.history.post_readings import COUNT_FIELDS
from serving.track.list_rules import Told, worded

#: What tells partnerships apart: their id; else the platform and id of the one post; else its
#: creator, platform and moment.
Key = tuple[Hashable, ...]


def partnership_keys(rows: Mapping[int, Told]) -> dict[int, Key]:
    """Return the key of the partnership of each row."""
    platforms: dict[str, set[str]] = defaultdict(set)
    for told in rows.values():
        if "partnership_id" not in told and "post_id" in told and "platform" in told:
            platforms[told["post_id"]].add(told["platform"])
    return {row: _key(told, platforms) for row, told in rows.items()}


def _key(told: Told, platforms: Mapping[str, Collection[str]]) -> Key:
    if "partnership_id" in told:
        return ("partnership", told["partnership_id"])
    platform, post_id = told.get("platform"), told.get("post_id")
    if post_id is None:
        return ("moment", platform, told.get("creator_id", "post"), told["posted_at"])
    on = platforms.get(post_id, ())
    return ("post", next(iter(on)) if platform is None and len(on) == 1 else platform, post_id)


def partnership_names(keys: Collection[Key]) -> dict[Key, str]:
    """Return the partnership_id of each key: the given one, else that of the post, with its
    platform where others have the same.

    >>> list(partnership_names([("post", "x", "1"), ("post", "tiktok", "1")]).values())
    ['x 1', 'tiktok 1']
    """
    short = {key: _short_name(key) for key in keys}
    times = Counter(short.values())
    return {
        key: name if key[0] == "partnership" or times[name] == 1 else f"{key[1]} {name}"
        for key, name in short.items()
    }


def _short_name(key: Key) -> str:
    if key[0] == "moment":
        return f"{key[2]} {worded(key[3])}"
    return str(key[-1])


def ambiguous_rows(
    rows: Mapping[int, Told],
    keys: Mapping[int, Key],
    dates_alone: Mapping[int, Collection[str]],
) -> dict[int, str]:
    """Return the rows without post_id that may be of one post or of several, and why: row ->
    reason. `dates_alone`: the moments without a time of day of each row.
    """
    groups: dict[Key, list[int]] = defaultdict(list)
    for row, told in rows.items():
        if "post_id" not in told:
            whose = (told.get("platform"), told.get("creator_id"), told["posted_at"])
            groups[*keys[row], *whose].append(row)
    reasons: dict[int, str] = {}
    for group in groups.values():
        reason = _ambiguity([rows[row] for row in group], [dates_alone[row] for row in group])
        if reason:
            reasons |= dict.fromkeys(group, reason)
    return reasons


def _ambiguity(group: list[Told], dates_alone: list[Collection[str]]) -> str | None:
    """Return why rows of one moment of posting may be of several posts, None where they are not."""
    if len(group) > 1 and any("posted_at" in names for names in dates_alone):
        return (
            f"post_id is missing, and {len(group):,} rows have this day of posting, which may be "
            "readings of one post or of several: give post_id, or the time of posting"
        )
    counts: dict[Any, set[tuple]] = defaultdict(set)
    for told in group:
        if "observed_at" in told:
            counts[told["observed_at"]].add(tuple(told.get(name) for name in COUNT_FIELDS))
    if any(len(different) > 1 for different in counts.values()):
        return (
            "post_id is missing, and rows with this posted_at have different counts of one moment, "
            "so that they may be of several posts: give post_id, or the time of posting"
        )
    return None
