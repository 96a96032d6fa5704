"""Pairs of readings of one post, one after the other: how much its counts grew in between.

Only readings of a known moment after posting are paired. Reposts never enter, nor posts without
an id, because nothing tells their readings from those of another post. A reading that repeats all
counts of one made less than a day before is left out, where one count is at least 1,000: sources
give copies from their stores, or write one reading twice with two time zones (in public TikTok
readings 98 % of the readings made 7 hours after another one are such copies).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from features.history.account_keys import account_names
from features.history.arrays import DAY_US, NAT_US, encode_categories, positions_in
from features.history.post_readings import (
    COUNT_FIELDS,
    PostReadings,
    public_engagements,
    visible_counts,
)
from features.maturation.growth_pairs import GrowthPairs
from features.maturation.maturation import MEASURES
from features.tables.model import Tables
from features.tables.vocabulary import PLATFORMS

#: A reading with the same counts as one made less than REPEAT_US before is a copy of it, where a
#: count is MIN_REPEATED_COUNT or more.
REPEAT_US, MIN_REPEATED_COUNT = DAY_US, 1000
#: Growth is told by counts of so many or more: ln(1 + count) of less grows by less than the count.
MIN_COUNT = 20


@dataclass(frozen=True)
class ReadingPairs:
    """Pairs of consecutive readings, arrays (n,), sorted by account, post and time.

    - `account`: the number of the account; `platform`: its position in PLATFORMS, NaN where unknown
    - `post`: a number that distinguishes posts; `posted_at`, `observed_to`: microseconds UTC of
      posting and of the later reading
    - `age_from_days`, `age_to_days`: the post's age at both readings, above 0 and rising
    - `log_from`, `log_to`: ln(1 + count) at both, by MEASURES; NaN where unknown
    - `copies`: how many readings were left out because they repeat another one
    """

    account: np.ndarray
    platform: np.ndarray
    post: np.ndarray
    posted_at: np.ndarray
    observed_to: np.ndarray
    age_from_days: np.ndarray
    age_to_days: np.ndarray
    log_from: dict[str, np.ndarray]
    log_to: dict[str, np.ndarray]
    copies: int = 0

    @classmethod
    def from_tables(cls, tables: Tables) -> "ReadingPairs":
        """Pair the readings of validated tables; accounts are numbered as they first appear."""
        posts = tables.posts
        names = account_names(posts)
        accounts = pc.unique(names)
        account = positions_in(names, accounts)
        platform = np.full(len(accounts), np.nan)
        platform[account] = encode_categories(posts["platform"], PLATFORMS)
        return cls.from_readings(PostReadings.from_frame(posts, account), platform)

    @classmethod
    def from_readings(cls, readings: PostReadings, platform: np.ndarray) -> "ReadingPairs":
        """Pair the readings; `platform` (accounts,): position in PLATFORMS of each account."""
        rows, post, copies = _rows_by_post(readings)
        times = readings.observed_at[rows]
        first = np.flatnonzero((post[1:] == post[:-1]) & (times[1:] > times[:-1]))
        account, posted = readings.account[rows], readings.posted_at[rows]
        logs = _log_counts(readings, rows, platform[account])
        age = (times - posted) / DAY_US
        return cls(
            account[first],
            platform[account[first]],
            post[first],
            posted[first],
            times[first + 1],
            age[first],
            age[first + 1],
            {name: values[first] for name, values in logs.items()},
            {name: values[first + 1] for name, values in logs.items()},
            copies,
        )

    def known_at(self, moments: np.ndarray, accounts: np.ndarray | None = None) -> "ReadingPairs":
        """Return the pairs whose later reading was made by its platform's moment.

        `moments` (platforms,): microseconds UTC; `accounts`: numbers of the accounts to keep, None
        for all.
        """
        by_platform = np.append(moments, NAT_US)  # no moment where the platform is unknown
        kept = self.observed_to <= by_platform[self._platform_code]
        if accounts is not None:
            kept &= np.isin(self.account, accounts)
        return self.take(np.flatnonzero(kept))

    def take(self, rows: np.ndarray) -> "ReadingPairs":
        """Return the pairs at these positions."""
        return ReadingPairs(
            self.account[rows],
            self.platform[rows],
            self.post[rows],
            self.posted_at[rows],
            self.observed_to[rows],
            self.age_from_days[rows],
            self.age_to_days[rows],
            {name: values[rows] for name, values in self.log_from.items()},
            {name: values[rows] for name, values in self.log_to.items()},
            self.copies,
        )

    def growth_pairs(self) -> dict[str, dict[str, GrowthPairs]]:
        """Return the growth by platform and measure, of pairs whose earlier count is at least
        MIN_COUNT; those without a pair are left out.
        """
        found: dict[str, dict[str, GrowthPairs]] = {}
        for code in np.unique(self._platform_code):
            for measure in MEASURES if code < len(PLATFORMS) else ():
                growth = self.log_to[measure] - self.log_from[measure]
                tells = self.log_from[measure] >= np.log1p(MIN_COUNT)
                tells &= ~np.isnan(growth) & (self._platform_code == code)
                rows = np.flatnonzero(tells)
                if len(rows):
                    found.setdefault(PLATFORMS[code], {})[measure] = GrowthPairs(
                        self.account[rows],
                        self.post[rows],
                        self.age_from_days[rows],
                        self.age_to_days[rows],
                        growth[rows],
                    )
        return found

    def fell(self) -> np.ndarray:
        """Return whether any count of each pair (n,) fell."""
        pairs = zip(self.log_from.values(), self.log_to.values(), strict=True)
        return np.any([after < before for before, after in pairs], axis=0)

    @property
    def _platform_code(self) -> np.ndarray:
        unknown = len(PLATFORMS)
        return np.where(np.isnan(self.platform), unknown, self.platform).astype(int)


def _rows_by_post(readings: PostReadings) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the rows of posts that were read more than once, by account, post and time of
    reading; the number of each row's post; and how many copies were left out.
    """
    by_post = readings.by_post
    usable = (readings.observed_at != NAT_US) & (readings.observed_at > readings.posted_at)
    if readings.has_no_id is not None:
        usable &= ~readings.has_no_id
    usable = usable[by_post.rows]
    rows, post = by_post.rows[usable], by_post.post[usable]
    is_again = post[1:] == post[:-1]
    is_paired = np.zeros(len(post), dtype=bool)
    is_paired[1:] |= is_again
    is_paired[:-1] |= is_again
    rows, post = rows[is_paired], post[is_paired]
    copies = _are_copies(readings, rows, post)
    return rows[~copies], post[~copies], int(copies.sum())


def _are_copies(readings: PostReadings, rows: np.ndarray, post: np.ndarray) -> np.ndarray:
    """Return which rows, sorted by post and time, repeat an earlier reading of their post.

    They are compared with the first of the readings without a change before them, and with the
    last but one: another reading may lie between.
    """
    counts = [readings.columns[name][rows] for name in COUNT_FIELDS if name in readings.columns]
    time = readings.observed_at[rows]
    same = _repeats(counts, post, 1)
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(rows))))
    copies = same & (time - time[first] < REPEAT_US)
    copies[2:] |= (_repeats(counts, post, 2) & ~same)[2:] & (time[2:] - time[:-2] < REPEAT_US)
    large = np.zeros(len(rows), dtype=bool)
    for values in counts:
        large |= values >= MIN_REPEATED_COUNT
    return copies & large


def _repeats(counts: list[np.ndarray], post: np.ndarray, places: int) -> np.ndarray:
    """Return which rows have the post and all counts of the row so many places before."""
    same = np.zeros(len(post), dtype=bool)
    same[places:] = post[places:] == post[:-places]
    for values in counts:
        now, before = values[places:], values[:-places]
        same[places:] &= (now == before) | (np.isnan(now) & np.isnan(before))
    return same


def _log_counts(
    readings: PostReadings, rows: np.ndarray, platform: np.ndarray
) -> dict[str, np.ndarray]:
    """Return ln(1 + count) of each row by MEASURES, NaN where unknown."""
    counts = visible_counts(readings, rows)
    counts["engagements"] = public_engagements(counts, platform)
    return {name: np.log1p(counts[name]) for name in MEASURES}
