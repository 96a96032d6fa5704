"""Where each row's creator stands: an account that is known, or a profile that the row brings; else
why neither.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from features.derive.averages import AVERAGE_NAMES
from features.history.arrays import NAT_US
from features.tables.creator_ids import (
    MAX_ID_LENGTH,
    add_lookalike_hint,
    find_faulty_ids,
    find_lookalikes,
)
from features.tables.currency import CurrencyRates
from features.tables.vocabulary import FORMATS, PLATFORM_FORMATS, PLATFORMS
from serving.scoring.breaches import Breach
from serving.scoring.deal_terms import term_breaches
from serving.scoring.prospect_batch import ProspectBatch, moment_text

#: What of a profile there must be something of.
_INFORM = ("followers", *AVERAGE_NAMES)
_HAS_FORMAT = np.array(
    [[name in PLATFORM_FORMATS[platform] for name in FORMATS] for platform in PLATFORMS]
)


@dataclass(frozen=True)
class AccountLookup:
    """`account` (n,): position among the known, -1 for rows that bring a profile; `platform` (n,):
    position, or NaN.

    `breaches`: of each row that cannot be scored.
    """

    account: np.ndarray
    platform: np.ndarray
    breaches: dict[int, list[Breach]]

    @classmethod
    def of(
        cls,
        asked: ProspectBatch,
        held: np.ndarray,
        as_of: int,
        own_posts: np.ndarray,
        rates: CurrencyRates,
        known: Callable[[str], bool] = lambda creator_id: False,
    ) -> "AccountLookup":
        """Place rows by `held` (n, platforms), the account of each row's creator_id there, -1 where
        there is none.

        `as_of`: microseconds UTC; `own_posts` (n,): rows that bring posts; `known`: says of an id
        whether it is known, to name it where a row's reads like it.
        """
        given = asked.code("platform")
        told = ~np.isnan(given)
        code = np.where(told, given, (held >= 0).argmax(axis=1)).astype(int)
        found = held[np.arange(asked.n), code]
        here, account = found >= 0, found
        platform = np.where(told | here, code, np.nan)
        odd, odd_rows = _odd_ids(asked, known)
        refused = dict(_rules(asked, held, as_of, told, here | odd_rows))
        if "format" in asked.codes:
            refused[partial(_no_format, asked, code)] = _lacks_format(
                platform, asked.codes["format"]
            )
        refused[partial(_nothing, asked)] = (
            told & (account < 0) & ~_informed(asked, own_posts) & ~odd_rows
        )
        refused[partial(_odd, asked, odd, known)] = odd_rows
        breaches: dict[int, list[Breach]] = {}
        for breach, rows in (refused | term_breaches(asked, rates)).items():
            for row in np.flatnonzero(rows).tolist():
                breaches.setdefault(row, []).append(breach(row))
        return cls(account, platform, breaches)


def _rules(
    asked: ProspectBatch, held, as_of: int, told, here
) -> Iterator[tuple[Callable[[int], Breach], np.ndarray]]:
    """Give the breach of each rule on moments and names, made from a row's number, and the rows
    (n,) that break it.
    """
    if "start_at" in asked.times:
        start = asked.times["start_at"]
        yield partial(_early, asked, as_of), (start < as_of) & (start != NAT_US)
    if not told.all():
        yield partial(_ambiguous, asked, held), ~told & ((held >= 0).sum(axis=1) > 1)
        yield partial(_no_platform, asked), ~told & ~here


def _odd_ids(
    asked: ProspectBatch, known: Callable[[str], bool]
) -> tuple[dict[str, str], np.ndarray]:
    """Give what is wrong with each creator_id that reads like another, and the rows (n,) that have
    one.
    """
    ids = asked.texts["creator_id"].tolist() if "creator_id" in asked.texts else ()
    odd = find_lookalikes(ids, known) | find_faulty_ids(ids)
    return odd, np.array([name in odd for name in ids]) if odd else np.zeros(asked.n, dtype=bool)


def _odd(
    asked: ProspectBatch, odd: dict[str, str], known: Callable[[str], bool], row: int
) -> Breach:
    name = asked.text("creator_id")[row]
    what = add_lookalike_hint(odd[name], name, known)
    wanted = f"an id of up to {MAX_ID_LENGTH} characters that can all be seen, of one alphabet"
    return Breach("confusable_id", "creator_id", what, wanted, name, f"creator_id {name!r} {what}")


def _informed(asked: ProspectBatch, own_posts: np.ndarray) -> np.ndarray:
    found = own_posts
    for name in _INFORM:
        if name in asked.numbers:
            found = found | ~np.isnan(asked.numbers[name])
    return found


def _lacks_format(platform: np.ndarray, formats: np.ndarray) -> np.ndarray:
    """Say which rows, (n,), name a format that their platform does not have."""
    known = ~np.isnan(platform) & ~np.isnan(formats)
    lacks = np.zeros(len(platform), dtype=bool)
    lacks[known] = ~_HAS_FORMAT[platform[known].astype(int), formats[known].astype(int)]
    return lacks


def _no_format(asked: ProspectBatch, platform: np.ndarray, row: int) -> Breach:
    name, where = FORMATS[int(asked.codes["format"][row])], PLATFORMS[int(platform[row])]
    what, wanted = f"is no format of {where}", f"one of {', '.join(PLATFORM_FORMATS[where])}"
    return Breach(
        "format_not_on_platform",
        "format",
        what,
        wanted,
        name,
        f"format {name!r} {what}: give {wanted}",
    )


def _early(asked: ProspectBatch, as_of: int, row: int) -> Breach:
    start, now = (moment_text(int(at)) for at in (asked.times["start_at"][row], as_of))
    what = f"lies before as_of {now}"
    text = f"start_at {start} {what}: ask about what is to come"
    return Breach("start_before_as_of", "start_at", what, "a time at or after as_of", start, text)


def _ambiguous(asked: ProspectBatch, held: np.ndarray, row: int) -> Breach:
    name = asked.text("creator_id")[row]
    what = "is missing, and the creator_id stands on several"
    wanted = f"one of {', '.join(PLATFORMS[at] for at in np.flatnonzero(held[row] >= 0))}"
    text = f"creator_id {name!r} stands on several platforms: name the platform"
    return Breach("which_platform", "platform", what, wanted, None, text)


def _no_platform(asked: ProspectBatch, row: int) -> Breach:
    name, wanted = (
        asked.text("creator_id")[row],
        "a creator of the tables, or a profile with its platform",
    )
    text = f"{_who(asked, row)} and the row names no platform: give {wanted}"
    if name is None:
        return Breach("missing", "platform", "is missing, and so is creator_id", wanted, None, text)
    return Breach(
        "unknown_creator", "creator_id", "is unknown, and no platform is named", wanted, name, text
    )


def _nothing(asked: ProspectBatch, row: int) -> Breach:
    name, where = asked.text("creator_id")[row], PLATFORMS[int(asked.code("platform")[row])]
    wanted = "followers, averages or recent posts"
    text = f"{_who(asked, row)} on {where} and the row has nothing to go by: give {wanted}"
    if name is None:
        return Breach(
            "no_profile", "followers", "is missing, and so is all else to go by", wanted, None, text
        )
    what = f"is unknown on {where}, and nothing else to go by is given"
    return Breach("unknown_creator", "creator_id", what, wanted, name, text)


def _who(asked: ProspectBatch, row: int) -> str:
    name = asked.text("creator_id")[row]
    return "no creator_id is given" if name is None else f"creator_id {name!r} is unknown"
