"""Where each row's creator stands: an account that is known, or a profile that the row brings; else why neither."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from features.currency import Rates
from features.history import ALWAYS
from features.question import AVERAGES
from features.vocabulary import PLATFORMS
from serving.asked import Asked
from serving.terms import refused_terms

#: What of a profile there must be something of.
_INFORM = ("followers", *AVERAGES)


@dataclass(frozen=True)
class Place:
    """`account` (n,): position among the known, -1 for rows that bring a profile; `platform` (n,): position, or NaN.

    `reasons`: of each row that cannot be scored.
    """

    account: np.ndarray
    platform: np.ndarray
    reasons: dict[int, list[str]]

    @classmethod
    def of(cls, asked: Asked, held: np.ndarray, as_of: int, own_posts: np.ndarray, rates: Rates) -> "Place":
        """Place rows by `held` (n, platforms), the account of each row's creator_id there, -1 where there is none.

        `as_of`: microseconds UTC; `own_posts` (n,): rows that bring posts, whose creator is not looked up.
        """
        given = asked.code("platform")
        told = ~np.isnan(given)
        code = np.where(told, given, (held >= 0).argmax(axis=1)).astype(int)
        found = held[np.arange(asked.n), code]
        here, account = found >= 0, np.where(own_posts, -1, found)
        refused = dict(_rules(asked, held, as_of, told, here))
        refused[partial(_nothing, asked)] = told & (account < 0) & ~_informed(asked, own_posts)
        reasons: dict[int, list[str]] = {}
        for words, rows in (refused | refused_terms(asked, rates)).items():
            for row in np.flatnonzero(rows).tolist():
                reasons.setdefault(row, []).append(words(row))
        return cls(account, np.where(told | here, code, np.nan), reasons)


def _rules(asked: Asked, held, as_of: int, told, here) -> Iterator[tuple[Callable[[int], str], np.ndarray]]:
    """Give the words of each rule on moments and names, made from a row's number, and the rows (n,) that break it."""
    if "start_at" in asked.times:
        start = asked.times["start_at"]
        yield partial(_early, asked, as_of), (start < as_of) & (start != ALWAYS)
    if not told.all():
        yield partial(_ambiguous, asked), ~told & ((held >= 0).sum(axis=1) > 1)
        yield partial(_no_platform, asked), ~told & ~here


def _informed(asked: Asked, own_posts: np.ndarray) -> np.ndarray:
    found = own_posts
    for name in _INFORM:
        if name in asked.numbers:
            found = found | ~np.isnan(asked.numbers[name])
    return found


def _early(asked: Asked, as_of: int, row: int) -> str:
    start, now = (
        f"{pd.Timestamp(int(at), unit='us'):%Y-%m-%dT%H:%M:%SZ}" for at in (asked.times["start_at"][row], as_of)
    )
    return f"start_at {start} lies before as_of {now}: ask about what is to come"


def _ambiguous(asked: Asked, row: int) -> str:
    return f"creator_id {asked.text('creator_id')[row]!r} stands on several platforms: name the platform"


def _no_platform(asked: Asked, row: int) -> str:
    wanted = "give a creator of the tables, or a profile with its platform"
    return f"{_who(asked, row)} and the row names no platform: {wanted}"


def _nothing(asked: Asked, row: int) -> str:
    where = PLATFORMS[int(asked.code("platform")[row])]
    return f"{_who(asked, row)} on {where} and the row has nothing to go by: give followers, averages or recent posts"


def _who(asked: Asked, row: int) -> str:
    name = asked.text("creator_id")[row]
    return "no creator_id is given" if name is None else f"creator_id {name!r} is unknown"
