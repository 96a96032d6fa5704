"""Which reading of a post is its outcome, and what it is at the horizon of the forecast."""

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.maturation.curve import YOUNGEST_DAYS
from features.maturation.maturation import Maturation
from features.tables.vocabulary import MATURE_DAYS, PLATFORMS
from ledger.matching.asked import Asked
from ledger.matching.read_posts import ReadPosts, number_groups

#: What tells apart the ways in which one post is judged.
_KEYS = ["post", "horizon_days", "posted_at", "read_after"]


def judge_pairs(
    asked: Asked, pairs: pd.DataFrame, read: ReadPosts, growth: Maturation
) -> pd.DataFrame:
    """Return the pairs with what was read of the post, each as its forecast needs it.

    - `posted_at`: of the totals of a partnership the start that is told, else that of the forecast
    - `engagements`, `age_days`, `at_horizon`: of the reading with known engagements whose age is
      nearest to the horizon, by their ratio; NaN where there is none. Of a post that was online the
      readings after the forecast alone count
    - `views`: likewise; `matured_at`: of the first such reading at MATURE_DAYS or later
    - `reads`: readings with counts; `fell`: its engagements were fewer at a later reading
    """
    rows, forecast = asked.rows, pairs["forecast"].to_numpy()
    posted = read.posts["posted_at"].to_numpy()[pairs["post"]]
    is_total = read.posts["is_total"].to_numpy(dtype=bool)[pairs["post"]]
    start = rows["start_at"].to_numpy()[forecast]
    running = rows["is_running"].to_numpy()[forecast]
    pairs = pairs.assign(
        is_total=is_total,
        posted_at=np.where(is_total & np.isnan(posted), start, posted),
        horizon_days=rows["horizon_days"].to_numpy()[forecast],
        read_after=np.where(running, rows["made"].to_numpy()[forecast].astype(float), -np.inf),
    )
    way = number_groups([pairs[name] for name in _KEYS])
    first = np.unique(way, return_index=True)[1]
    judged = _judge(pairs.iloc[first][_KEYS].reset_index(drop=True), read.moments)
    pairs = pd.concat([pairs, judged.iloc[way].reset_index(drop=True)], axis=1)
    platform = pd.Categorical(rows["platform"].to_numpy()[forecast], PLATFORMS).codes.astype(float)
    grown = growth.growth("engagements", platform, pairs["age_days"], pairs["horizon_days"])
    at_horizon = np.expm1(np.log1p(pairs["engagements"].to_numpy()) + grown)
    return pairs.assign(at_horizon=at_horizon)


def _judge(ways: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """Return what is chosen of the moments of each way (n,) in which a post is judged."""
    every = ways.assign(way=ways.index).merge(moments, on="post")
    age = (every["read_at"] - every["posted_at"]) / DAY_US
    used = (age >= 0) & (every["read_at"] > every["read_after"])
    every = every.assign(age_days=age)[used]
    distance = np.log(np.maximum(every["age_days"], YOUNGEST_DAYS) / every["horizon_days"]).abs()
    every = every.assign(distance=distance).sort_values(["way", "read_at"])
    known = every[every["engagements"].notna()]
    seen = every[every["views"].notna()]
    mature = known[known["age_days"] >= MATURE_DAYS]
    fell = known.groupby("way")["engagements"].diff() < 0
    chosen = _nearest(known)[["engagements", "age_days"]]
    return pd.DataFrame(index=ways.index).assign(
        engagements=chosen["engagements"],
        age_days=chosen["age_days"],
        views=_nearest(seen)["views"],
        matured_at=mature.groupby("way")["read_at"].first().astype(float),
        reads=every.groupby("way").size().reindex(ways.index, fill_value=0),
        fell=fell.groupby(known["way"]).any().reindex(ways.index, fill_value=False),
    )


def _nearest(every: pd.DataFrame) -> pd.DataFrame:
    """Return the reading of each way that is nearest to the horizon, the later of two alike; one
    before MATURE_DAYS only where there is no other.
    """
    every = every.assign(is_young=every["age_days"] < MATURE_DAYS)
    order = ["way", "is_young", "distance", "read_at"]
    ordered = every.sort_values(order, ascending=[True, True, True, False])
    return ordered.drop_duplicates("way").set_index("way")
