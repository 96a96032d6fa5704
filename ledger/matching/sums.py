"""The outcome of each forecast: its posts added up, or the totals that a file tells."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ledger.matching.asked import Asked
from ledger.matching.read_posts import ReadPosts

#: Columns of pairs of which a forecast has the sum.
_ADDED = (
    *("engagements", "views", "at_horizon", "known", "unknown", "unseen", "unmatured"),
    *("readings", "corrections", "fell"),
)


@dataclass(frozen=True)
class Sums:
    """Of each forecast, arrays (n,); NaN where unknown.

    - `engagements`, `views`: added up as read; `at_horizon`: engagements at the horizon
    - `age_days`: of the youngest reading used; `posted_at`: of the first post; `matured_at`
    - `posts_read`: deliverables with a reading; `unknown`: posts that were read without
      known engagements; `readings`, `corrections`; `fell`
    - `is_total`: the totals are used; `stated`: the deliverables that they say; `other_total`: told
      totals that are not used and differ from the posts
    - `first_post`: position, -1 where none was found; `matched_by`: None where none was found
    """

    engagements: np.ndarray
    views: np.ndarray
    at_horizon: np.ndarray
    age_days: np.ndarray
    posted_at: np.ndarray
    matured_at: np.ndarray
    posts_read: np.ndarray
    unknown: np.ndarray
    readings: np.ndarray
    corrections: np.ndarray
    fell: np.ndarray
    is_total: np.ndarray
    stated: np.ndarray
    other_total: np.ndarray
    first_post: np.ndarray
    matched_by: np.ndarray


def sum_pairs(asked: Asked, pairs: pd.DataFrame, read: ReadPosts) -> Sums:
    """Add up the posts of each forecast. `pairs`: as judged.

    The totals of a partnership are used where not all of its posts have known engagements.
    """
    n, rows = len(asked.rows), asked.rows
    every = pairs.join(read.posts[["readings", "corrections", "deliverables"]], on="post")
    every = every[(every["reads"] > 0) | every["posted_at"].isna()]
    every = every.assign(
        known=every["engagements"].notna(),
        unknown=(every["reads"] > 0) & every["engagements"].isna(),
        unseen=every["views"].isna(),
        unmatured=every["matured_at"].isna(),
    )
    posts, totals = every[~every["is_total"]], every[every["is_total"]]
    totals = totals.sort_values(["known", "post"]).drop_duplicates("forecast", keep="last")
    known_posts = np.bincount(posts.loc[posts["known"], "forecast"], minlength=n)
    too_few = known_posts < rows["needed"].to_numpy()
    by_total = (too_few & _has(totals[totals["known"]], n)) | ~_has(posts, n)
    used = pd.concat([posts[~by_total[posts["forecast"]]], totals[by_total[totals["forecast"]]]])
    stated, told = (_spread(totals, name, n) for name in ("deliverables", "engagements"))
    added = used.groupby("forecast")[list(_ADDED)].sum().reindex(range(n), fill_value=0)
    some = added["known"].to_numpy() > 0
    engagements = np.where(some, added["engagements"], np.nan)
    by_forecast = used.groupby("forecast")
    first = used.sort_values(["posted_at", "post"]).drop_duplicates("forecast")
    matured_at = by_forecast["matured_at"].max().reindex(range(n)).to_numpy()
    fewer = np.minimum(np.fmin(stated, rows["deliverables"]), rows["needed"])
    fewer = np.where(stated < rows["deliverables"], fewer, rows["needed"])
    return Sums(
        engagements=engagements,
        views=np.where(some & (added["unseen"] == 0), added["views"], np.nan),
        at_horizon=np.where(some, added["at_horizon"], np.nan),
        age_days=by_forecast["age_days"].min().reindex(range(n)).to_numpy(),
        posted_at=_spread(first, "posted_at", n),
        matured_at=np.where(added["unmatured"] == 0, matured_at, np.nan),
        posts_read=np.where(by_total & some, fewer, added["known"]).astype(int),
        unknown=added["unknown"].to_numpy(dtype=int),
        readings=added["readings"].to_numpy(dtype=int),
        corrections=added["corrections"].to_numpy(dtype=int),
        fell=added["fell"].to_numpy() > 0,
        is_total=by_total & some,
        stated=np.where(by_total, stated, np.nan),
        other_total=np.where(by_total | (told == engagements), np.nan, told),
        first_post=np.nan_to_num(_spread(first, "post", n), nan=-1).astype(int),
        matched_by=_texts(first, "how", n),
    )


def _has(pairs: pd.DataFrame, n: int) -> np.ndarray:
    """Mark the forecasts (n,) that have one of the pairs."""
    return np.bincount(pairs["forecast"], minlength=n) > 0


def _spread(pairs: pd.DataFrame, name: str, n: int) -> np.ndarray:
    """Return a column of pairs, at most one a forecast, as numbers of each forecast (n,)."""
    values = np.full(n, np.nan)
    values[pairs["forecast"].to_numpy()] = pairs[name].to_numpy(dtype=float)
    return values


def _texts(pairs: pd.DataFrame, name: str, n: int) -> np.ndarray:
    """Return a column of pairs, at most one a forecast, as texts of each forecast (n,), or None."""
    texts = np.full(n, None, dtype=object)
    texts[pairs["forecast"].to_numpy()] = pairs[name].to_numpy(dtype=object)
    return texts
