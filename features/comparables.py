"""The known creators most similar to one of a query, with the results of their posts and deals.

Similar is the same platform, a near number of followers and a near niche. Results play no part in
the choice, so that they are evidence and no echo of the forecast.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.derive import window_stats
from features.derive.reference import Reference
from features.derive.signals import post_window
from features.history.account_keys import split_account_names
from features.history.arrays import decode_categories
from features.history.deals import completed_deals
from features.history.history import History
from features.history.profiles import profile_at
from features.niche.relatedness import relatedness
from features.niche.text import likeliest_niche, niche_distribution
from features.tables.vocabulary import NICHES, TARGETS

MAX_COMPARABLES = 5
#: Posts whose results are returned.
MAX_RESULT_POSTS = 12
#: A niche that is not related at all counts as much as ten times the followers; an unknown one as
#: half of that.
NICHE_WEIGHT = 1.0


@dataclass(frozen=True)
class Comparables:
    """Every account with known posts by `as_of`: where it belongs, and its results as records."""

    as_of: pd.Timestamp
    account: np.ndarray
    platform: np.ndarray
    followers_log: np.ndarray
    niche: np.ndarray
    results: list[dict]

    @classmethod
    def from_history(
        cls, history: History, reference: Reference, partnerships: pd.DataFrame, as_of: pd.Timestamp
    ) -> "Comparables":
        """Describe the accounts of a history at `as_of`, a UTC time; costs some seconds for 100,000
        accounts.
        """
        history = reference.at_horizon(history)
        until = int(as_of.timestamp() * 1e6)
        account = np.arange(len(history.accounts))
        moment = np.full(len(account), until)
        profile = profile_at(history, account, moment)
        posts_shown = np.ones(len(account), bool)
        text = niche_distribution(history, account, moment, posts_shown, reference.niche_classifier)
        niche = likeliest_niche(profile["niche"], text)
        windows = {target: post_window(history, target, account, moment) for target in TARGETS}
        posts = windows["engagements"].n
        results = pd.DataFrame(
            {
                "creator_id": split_account_names(history.accounts)["creator_id"],
                "followers": profile["followers"],
                "niche": decode_categories(NICHES, niche),
                "posts": np.minimum(posts, MAX_RESULT_POSTS),
                **{f"{target}_p50": _median(window.values) for target, window in windows.items()},
            }
        )
        by_account = completed_deals(history, partnerships, until).groupby("account")["cpe_usd"]
        deals = by_account.agg(["count", "median"]).reindex(account)
        results[["deals", "cpe_usd"]] = deals.to_numpy()
        results["deals"] = results["deals"].fillna(0)
        has_posts = posts > 0
        known = results[has_posts]
        records = known.astype(object).where(known.notna(), None).to_dict("records")
        return cls(
            as_of,
            account[has_posts],
            profile["platform"][has_posts],
            np.log1p(profile["followers"])[has_posts],
            niche[has_posts],
            records,
        )

    def nearest(self, x: pd.DataFrame, account: np.ndarray) -> list[list[dict]]:
        """Return the MAX_COMPARABLES most similar accounts of each row, most similar first, with
        their results.

        `x`: derived columns; `account` (n,): position of the account of the query, -1 where it
        is not known: it is no comparable of itself. `similarity` is 1 for the same followers and
        niche and falls to 0.
        """
        related = np.pad(relatedness(), (0, 1), constant_values=0.5)
        codes = np.where(np.isnan(self.niche), len(NICHES), self.niche).astype(int)
        columns = (x[name].to_numpy() for name in ("platform_code", "followers_log", "niche_code"))
        return [
            self._nearest_to(related, codes, *row) for row in zip(*columns, account, strict=True)
        ]

    def _nearest_to(
        self,
        related: np.ndarray,
        codes: np.ndarray,
        platform: float,
        followers_log: float,
        niche: float,
        account: int,
    ) -> list[dict]:
        rows = np.flatnonzero((self.platform == platform) & (self.account != account))
        relatedness_to = related[len(NICHES) if np.isnan(niche) else int(niche), codes[rows]]
        size = np.abs(self.followers_log[rows] - followers_log) / np.log(10)
        # without known followers on either side, accounts are similar by niche alone
        distance = np.where(np.isnan(size), 1.0, size) + NICHE_WEIGHT * (1 - relatedness_to)
        best = np.argsort(distance, kind="stable")[:MAX_COMPARABLES]
        return [
            {**self.results[rows[at]], "similarity": round(float(np.exp(-distance[at])), 3)}
            for at in best
        ]


def _median(values: np.ndarray) -> np.ndarray:
    """Return the median count of the last MAX_RESULT_POSTS posts, (n,), from ln(1 + count) newest
    first.
    """
    return np.round(np.expm1(window_stats.quantile(values[:, :MAX_RESULT_POSTS], 0.5)), 1)
