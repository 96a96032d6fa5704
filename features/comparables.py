"""The known creators most like one asked about, with what their posts and deals really brought by a
moment.

Alike is the same platform, a near number of followers and a near niche. Results play no part in the
choice, so that they are evidence and no echo of the forecast.
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
from features.niche.classifier import relatedness
from features.niche.text import likeliest_niche, niche_distribution
from features.tables.vocabulary import NICHES, TARGETS

MAX_COMPARABLES = 5
#: Posts whose results are told.
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
    ):
        """Describe the accounts of a history at `as_of`, a UTC time; costs some seconds for 100,000
        accounts.
        """
        until = int(as_of.timestamp() * 1e6)
        account = np.arange(len(history.accounts))
        moment = np.full(len(account), until)
        past = {
            target: post_window(
                history.panel(target), f"{target}_log", account, moment, history.horizon_days
            )
            for target in TARGETS
        }
        has = past["engagements"].n > 0
        profile = profile_at(history, account, moment)
        text = niche_distribution(
            history, account, moment, np.ones(len(account), bool), reference.niche_classifier
        )
        niche = likeliest_niche(profile["niche"], text)
        frame = pd.DataFrame(
            {
                "creator_id": split_account_names(history.accounts)["creator_id"],
                "followers": profile["followers"],
                "niche": decode_categories(NICHES, niche),
                "posts": np.minimum(past["engagements"].n, MAX_RESULT_POSTS),
                **{f"{target}_p50": _usual(own.values) for target, own in past.items()},
            }
        )
        deals = (
            completed_deals(history, partnerships, until)
            .groupby("account")["cpe_usd"]
            .agg(["count", "median"])
        )
        frame[["deals", "cpe_usd"]] = deals.reindex(account).to_numpy()
        frame["deals"] = frame["deals"].fillna(0)
        records = frame[has].astype(object).where(frame[has].notna(), None).to_dict("records")
        log = np.log1p(profile["followers"])
        return cls(as_of, account[has], profile["platform"][has], log[has], niche[has], records)

    def nearest(self, x: pd.DataFrame, account: np.ndarray) -> list[list[dict]]:
        """Return the MAX_COMPARABLES most similar accounts of each row, most similar first, with
        their results.

        `x`: derived columns; `account` (n,): position of the account asked about, -1 where it is
        not known: it is no comparable of itself. `similarity` is 1 for the same followers and niche
        and falls to 0.
        """
        related = np.pad(relatedness(), (0, 1), constant_values=0.5)
        codes = np.where(np.isnan(self.niche), len(NICHES), self.niche).astype(int)
        columns = (x[name].to_numpy() for name in ("platform_code", "followers_log", "niche_code"))
        return [self._of_one(related, codes, *row) for row in zip(*columns, account, strict=True)]

    def _of_one(
        self, related, codes, platform: float, followers_log: float, niche: float, account: int
    ) -> list[dict]:
        rows = np.flatnonzero((self.platform == platform) & (self.account != account))
        kin = related[len(NICHES) if np.isnan(niche) else int(niche), codes[rows]]
        size = np.abs(self.followers_log[rows] - followers_log) / np.log(10)
        # who has no known followers, or is asked about without, is alike by niche alone
        distance = np.where(np.isnan(size), 1.0, size) + NICHE_WEIGHT * (1 - kin)
        best = np.argsort(distance, kind="stable")[:MAX_COMPARABLES]
        return [
            {**self.results[rows[at]], "similarity": round(float(np.exp(-distance[at])), 3)}
            for at in best
        ]


def _usual(values: np.ndarray) -> np.ndarray:
    """Return the median count of the last MAX_RESULT_POSTS posts, (n,), from ln(1 + count) newest
    first.
    """
    return np.round(np.expm1(window_stats.quantile(values[:, :MAX_RESULT_POSTS], 0.5)), 1)
