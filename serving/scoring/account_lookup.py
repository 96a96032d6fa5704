"""Which known account or which profile each row is scored by, and why a row has neither."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from features.derive.averages import AVERAGE_NAMES
from features.history.arrays import NAT_US, code_positions
from features.tables.creator_ids import (
    MAX_ID_LENGTH,
    add_lookalike_hint,
    find_faulty_ids,
    find_lookalikes,
)
from features.tables.currency import CurrencyRates
from features.tables.vocabulary import (
    FORMATS,
    PLATFORM_FORMATS,
    PLATFORMS,
    UNCOUNTED_FORMATS,
)
from serving.scoring.breaches import Breach
from serving.scoring.deal_terms import term_breaches
from serving.scoring.package_breaches import package_rules, uncounted_breach
from serving.scoring.prospect_batch import ProspectBatch, moment_text

# the last row and column are those of an unknown platform and format, of which nothing is wrong
_LACKS_FORMAT = np.zeros((len(PLATFORMS) + 1, len(FORMATS) + 1), dtype=bool)
_LACKS_FORMAT[:-1, :-1] = [
    [name not in PLATFORM_FORMATS[platform] for name in FORMATS] for platform in PLATFORMS
]
#: By format code, the last for an unknown one, whether the format shows no public counts.
_IS_UNCOUNTED = np.array([*(name in UNCOUNTED_FORMATS for name in FORMATS), False])
#: Makes the breach of a row from its position, and the rows (n,) that have one.
_Rule = tuple[Callable[[int], Breach], np.ndarray]


@dataclass(frozen=True)
class AccountLookup:
    """What each of n rows is scored by.

    `account` (n,): position among the known creators, -1 for rows with a profile of their own;
    `platform` (n,): position in PLATFORMS, NaN where unknown; `breaches`: those of rows that cannot
    be scored, by the position of the row.
    """

    account: np.ndarray
    platform: np.ndarray
    breaches: dict[int, list[Breach]]

    @classmethod
    def of(
        cls,
        prospects: ProspectBatch,
        accounts: np.ndarray,
        as_of: int,
        has_posts: np.ndarray,
        rates: CurrencyRates,
        is_known_creator: Callable[[str], bool] = lambda creator_id: False,
    ) -> "AccountLookup":
        """Look rows up in `accounts` (n, platforms), that of their creator_id, -1 where none is.

        `as_of`: microseconds UTC; `has_posts` (n,): rows that bring recent posts;
        `is_known_creator`: whether an id is known, to name it where the id of a row looks alike.
        """
        named_platform = prospects.code("platform")
        is_named = ~np.isnan(named_platform)
        first_platform = (accounts >= 0).argmax(axis=1)
        code = np.where(is_named, named_platform, first_platform).astype(int)
        account = accounts[np.arange(prospects.n), code]
        is_known = account >= 0
        platform = np.where(is_named | is_known, code, np.nan)
        id_faults = _find_id_faults(prospects, is_known_creator)
        has_id_fault = _has_id_fault(prospects, id_faults)
        rules = dict(_time_and_name_rules(prospects, accounts, as_of, is_known | has_id_fault))
        if "format" in prospects.codes:
            lacks_format = _lacks_format(platform, prospects.codes["format"])
            rules[partial(_format_breach, prospects, code)] = lacks_format
            rules[partial(_uncounted_breach, prospects)] = _is_uncounted(prospects) & ~lacks_format
        if "package" in prospects.texts:
            rules |= package_rules(prospects, platform)
        has_profile = _has_profile(prospects) | has_posts
        no_profile = is_named & ~is_known & ~has_profile & ~has_id_fault
        rules[partial(_no_profile_breach, prospects)] = no_profile
        rules[partial(_id_breach, prospects, id_faults, is_known_creator)] = has_id_fault
        rules |= term_breaches(prospects, rates)
        return cls(account, platform, _breaches_by_row(rules))


def _breaches_by_row(
    rules: dict[Callable[[int], Breach], np.ndarray],
) -> dict[int, list[Breach]]:
    breaches: dict[int, list[Breach]] = {}
    for breach, rows in rules.items():
        for row in rows.nonzero()[0].tolist():
            breaches.setdefault(row, []).append(breach(row))
    return breaches


def _time_and_name_rules(
    prospects: ProspectBatch, accounts: np.ndarray, as_of: int, has_name: np.ndarray
) -> Iterator[_Rule]:
    """Yield the rules on start times and on names; `has_name` (n,): rows whose name is judged."""
    if "start_at" in prospects.times:
        start_at = prospects.times["start_at"]
        yield partial(_start_breach, prospects, as_of), (start_at < as_of) & (start_at != NAT_US)
    no_platform = np.isnan(prospects.code("platform"))
    if no_platform.any():
        is_ambiguous = (accounts >= 0).sum(axis=1) > 1
        yield partial(_ambiguous_breach, prospects, accounts), no_platform & is_ambiguous
        yield partial(_no_platform_breach, prospects), no_platform & ~has_name


def _find_id_faults(
    prospects: ProspectBatch, is_known_creator: Callable[[str], bool]
) -> dict[str, str]:
    """Return by creator_id why it cannot be told from another one."""
    if "creator_id" not in prospects.texts:
        return {}
    creator_ids = prospects.texts["creator_id"].tolist()
    return find_lookalikes(creator_ids, is_known_creator) | find_faulty_ids(creator_ids)


def _has_id_fault(prospects: ProspectBatch, id_faults: dict[str, str]) -> np.ndarray:
    if not id_faults:
        return np.zeros(prospects.n, dtype=bool)
    return np.array([name in id_faults for name in prospects.texts["creator_id"].tolist()])


def _has_profile(prospects: ProspectBatch) -> np.ndarray:
    """Return which rows (n,) have followers or an average."""
    numbers = prospects.numbers
    has_profile = np.zeros(prospects.n, dtype=bool)
    if "followers" in numbers:
        has_profile |= numbers["followers"] > 0  # 0 is taken as unknown
    for name in AVERAGE_NAMES:
        if name in numbers:
            has_profile |= ~np.isnan(numbers[name])
    return has_profile


def _lacks_format(platform: np.ndarray, formats: np.ndarray) -> np.ndarray:
    """Return which rows, (n,), name a format that their platform does not have."""
    return _LACKS_FORMAT[code_positions(platform), code_positions(formats)]


def _id_breach(
    prospects: ProspectBatch,
    id_faults: dict[str, str],
    is_known_creator: Callable[[str], bool],
    row: int,
) -> Breach:
    name = prospects.text("creator_id")[row]
    what = add_lookalike_hint(id_faults[name], name, is_known_creator)
    expected = f"an id of up to {MAX_ID_LENGTH} characters that can all be seen, of one alphabet"
    text = f"creator_id {name!r} {what}"
    return Breach("confusable_id", "creator_id", what, expected, name, text)


def _format_breach(prospects: ProspectBatch, platform: np.ndarray, row: int) -> Breach:
    name = FORMATS[int(prospects.codes["format"][row])]
    platform_name = PLATFORMS[int(platform[row])]
    what = f"is no format of {platform_name}"
    expected = f"one of {', '.join(PLATFORM_FORMATS[platform_name])}"
    text = f"format {name!r} {what}: give {expected}"
    return Breach("format_not_on_platform", "format", what, expected, name, text)


def _is_uncounted(prospects: ProspectBatch) -> np.ndarray:
    """Return which rows, (n,), are of a format that shows no public counts."""
    return _IS_UNCOUNTED[code_positions(prospects.codes["format"])]


def _uncounted_breach(prospects: ProspectBatch, row: int) -> Breach:
    return uncounted_breach("format", FORMATS[int(prospects.codes["format"][row])])


def _start_breach(prospects: ProspectBatch, as_of: int, row: int) -> Breach:
    start = moment_text(int(prospects.times["start_at"][row]))
    what = f"lies before as_of {moment_text(as_of)}"
    text = f"start_at {start} {what}: ask about what is to come"
    return Breach("start_before_as_of", "start_at", what, "a time at or after as_of", start, text)


def _ambiguous_breach(prospects: ProspectBatch, accounts: np.ndarray, row: int) -> Breach:
    name = prospects.text("creator_id")[row]
    what = "is missing, and the creator_id stands on several"
    platforms = [PLATFORMS[code] for code in np.flatnonzero(accounts[row] >= 0)]
    text = f"creator_id {name!r} stands on several platforms: name the platform"
    expected = f"one of {', '.join(platforms)}"
    return Breach("which_platform", "platform", what, expected, None, text)


def _no_platform_breach(prospects: ProspectBatch, row: int) -> Breach:
    name = prospects.text("creator_id")[row]
    expected = "a creator of the tables, or a profile with its platform"
    text = f"{_id_text(name)} and the row names no platform: give {expected}"
    if name is None:
        what = "is missing, and so is creator_id"
        return Breach("missing", "platform", what, expected, None, text)
    what = "is unknown, and no platform is named"
    return Breach("unknown_creator", "creator_id", what, expected, name, text)


def _no_profile_breach(prospects: ProspectBatch, row: int) -> Breach:
    name = prospects.text("creator_id")[row]
    platform = PLATFORMS[int(prospects.code("platform")[row])]
    expected = "followers, averages or recent posts"
    zero = " (0 followers count as unknown)" if prospects.number("followers")[row] == 0 else ""
    text = f"{_id_text(name)} on {platform} and the row has nothing to go by{zero}: give {expected}"
    if name is None:
        what = "is missing, and so is all else to go by"
        return Breach("no_profile", "followers", what, expected, None, text)
    what = f"is unknown on {platform}, and nothing else to go by is given"
    return Breach("unknown_creator", "creator_id", what, expected, name, text)


def _id_text(creator_id: str | None) -> str:
    if creator_id is None:
        return "no creator_id is given"
    if creator_id.startswith("@"):
        return f"handle {creator_id!r} is unknown or not unique"
    return f"creator_id {creator_id!r} is unknown"
