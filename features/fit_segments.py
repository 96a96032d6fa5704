"""The fit of benchmarks by segment.

A creator counts once in a segment, with its typical post or deal. The quantiles of a segment are
shrunk toward those of its parent, in ln: by n / (n + k), where k is how much creators of a segment
vary over how much segments of the same parents do.
"""

import numpy as np
import pandas as pd

from features.derive import window_stats
from features.derive.derive import derive
from features.derive.reference import Reference
from features.derive.signals import post_window
from features.history.account_keys import split_account_names
from features.history.arrays import decode_categories, to_us
from features.history.history import History
from features.segments import (
    MEASURES,
    MIN_SEGMENT_CREATORS,
    QUANTILE_LEVELS,
    SEGMENT_KEYS,
    SegmentBenchmarks,
)
from features.tables.vocabulary import FORMATS, NICHES, PLATFORMS, TARGETS

#: Creators that a segment is shrunk toward its parent by: where segments are too few to fit it, and
#: the range.
DEFAULT_SHRINKAGE, SHRINKAGE_RANGE, MIN_SEGMENTS = 20.0, (1.0, 200.0), 5
#: Posts of a format that make a creator count in a segment of that format.
MIN_FORMAT_POSTS = 3
#: Value of a typical post without any engagement or view, whose logarithm does not exist.
MIN_TYPICAL_COUNT = 0.5


def fit_benchmarks(
    history: History, reference: Reference, until: pd.Timestamp, deals: pd.DataFrame | None = None
) -> SegmentBenchmarks:
    """Fit the segments to what was known of every account at `until`.

    `deals`: as `features.history.deals.completed_deals` returns them.
    """
    history = reference.at_horizon(history)
    people = describe_accounts(history, reference, until)
    if deals is not None:
        for name in ("cpe_usd", "cpm_usd"):
            people[name] = np.log(deals.groupby("account")[name].median()).reindex(people.index)
    people = people.reindex(columns=[*SEGMENT_KEYS[:3], "followers", *MEASURES])
    levels = [_summary(people, SEGMENT_KEYS[:depth]) for depth in range(4)]
    levels.append(_summary(_by_format(history, people, until), SEGMENT_KEYS))
    shrunk = [levels[0]]
    for depth in range(1, len(levels)):
        shrunk.append(_shrink(levels[depth], shrunk[-1], depth))
    keys = [key for level in shrunk for key in level["quantiles"].index]
    creators, quantiles = {}, {}
    for name in MEASURES:
        creators[name] = np.concatenate([level["creators"][name] for level in shrunk])
        logs = np.concatenate([_matrix(level["quantiles"][name]) for level in shrunk])
        quantiles[name] = np.exp(logs)
    return SegmentBenchmarks(
        tuple((*key, *[""] * (4 - len(key))) for key in keys),
        creators,
        quantiles,
        tuple(reference.band_edges),
        _follower_ranges(people),
    )


def _follower_ranges(people: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the least and the most followers of the accounts with posts, by platform."""
    known = people[people["engagements"].notna() & people["followers"].notna()]
    by_platform = known.groupby("platform")["followers"]
    return {name: (float(of.min()), float(of.max())) for name, of in by_platform}


def describe_accounts(history: History, reference: Reference, until: pd.Timestamp) -> pd.DataFrame:
    """Return a row an account at `until`, numbered as in the history: where it belongs, and ln of
    its typical post.

    Typical is the recency-weighted median of the last 96 known posts.
    """
    history = reference.at_horizon(history)
    account = np.arange(len(history.accounts))
    moment = np.full(len(account), to_us(pd.Series([until]))[0])
    x = derive(history, account_queries(history, account, until), reference)
    lists = {"platform": PLATFORMS, "band": tuple(reference.band_edges), "niche": NICHES}
    columns: dict[str, np.ndarray] = {}
    for name, names in lists.items():
        columns[name] = decode_categories(names, x[f"{name}_code"].to_numpy())
    columns["followers"] = followers = np.expm1(x["followers_log"].to_numpy())
    for target in TARGETS:
        window = post_window(history, target, account, moment)
        columns[target] = _typical(window.median)
    with np.errstate(divide="ignore"):
        followers_log = np.where(followers > 0, np.log(followers), np.nan)
    columns["engagement_rate_by_followers"] = columns["engagements"] - followers_log
    columns["engagement_rate_by_views"] = x["engagement_rate_log_median_by_views"].to_numpy()
    columns["niche_focus"] = x["niche_focus"].to_numpy()
    return pd.DataFrame(columns)


def account_queries(history: History, account: np.ndarray, until: pd.Timestamp) -> pd.DataFrame:
    """Return queries about accounts (positions) at one moment, without a plan."""
    moment = pd.Timestamp(until).as_unit("us")
    names = split_account_names(history.accounts[account])
    return names.assign(as_of=moment, start_at=moment)


def _typical(level: np.ndarray) -> np.ndarray:
    return np.log(np.where(np.isnan(level), np.nan, np.maximum(np.expm1(level), MIN_TYPICAL_COUNT)))


def _by_format(history: History, people: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Return a row an account and format that it posted often enough; costs are not known by
    format.
    """
    account = people.index.to_numpy()
    moment = np.full(len(people), to_us(pd.Series([until]))[0])
    followers_log = np.log(people["followers"].where(people["followers"] > 0))
    values, formats = {}, {}
    for target in TARGETS:
        window = post_window(history, target, account, moment)
        values[target] = window.values
        formats[target] = history.panel(target).at(window.rows)["format"]
    tables = []
    for code, name in enumerate(FORMATS):
        table = people.assign(
            format=name, engagement_rate_by_views=np.nan, cpe_usd=np.nan, cpm_usd=np.nan
        )
        for target in TARGETS:
            of_format = np.where(formats[target] == code, values[target], np.nan)
            has_enough = window_stats.count_known(of_format) >= MIN_FORMAT_POSTS
            median = window_stats.quantile(of_format, 0.5)
            table[target] = _typical(np.where(has_enough, median, np.nan))
        table["engagement_rate_by_followers"] = table["engagements"] - followers_log
        tables.append(table[table[list(TARGETS)].notna().any(axis=1)])
    return pd.concat(tables)


def _summary(people: pd.DataFrame, parts: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """Return number and quantiles of each segment by measure, as lists; of all creators where
    `parts` is empty.
    """
    groups = people.groupby(list(parts)) if parts else people.groupby(np.zeros(len(people)))
    quantiles = groups[list(MEASURES)].quantile(QUANTILE_LEVELS)
    creators = groups[list(MEASURES)].count()
    keys: list[tuple] = [()]
    if parts:
        keys = [key if isinstance(key, tuple) else (key,) for key in creators.index]
    index = pd.Index(keys, tupleize_cols=False)
    lists = {
        name: list(quantiles[name].to_numpy().reshape(-1, len(QUANTILE_LEVELS)))
        for name in MEASURES
    }
    return {"creators": creators.set_axis(index), "quantiles": pd.DataFrame(lists, index=index)}


def _shrink(
    level: dict[str, pd.DataFrame], parent: dict[str, pd.DataFrame], depth: int
) -> dict[str, pd.DataFrame]:
    """Return the segments of a level with their quantiles shrunk to those of their parents."""
    segments = level["creators"].index
    above = pd.Index([key[: depth - 1] for key in segments], tupleize_cols=False)
    quantiles = {}
    for name in MEASURES:
        n = level["creators"][name].to_numpy(float)[:, None]
        values = _matrix(level["quantiles"][name])
        prior = _matrix(parent["quantiles"][name][above])
        k = _trust(n[:, 0], values, prior)
        mixed = (n * np.nan_to_num(values) + k * prior) / (n + k)
        # nothing is known of what no parent knows either
        quantiles[name] = list(np.where(n > 0, np.where(np.isnan(prior), values, mixed), prior))
    return {
        "creators": level["creators"],
        "quantiles": pd.DataFrame(quantiles, index=level["quantiles"].index),
    }


def _matrix(quantiles: pd.Series) -> np.ndarray:
    """Return a column of lists as an array (segments, len(QUANTILE_LEVELS)), which may be empty."""
    return np.array(quantiles.tolist(), dtype=float).reshape(-1, len(QUANTILE_LEVELS))


def _trust(n: np.ndarray, values: np.ndarray, parent: np.ndarray) -> float:
    """Return k, the creators by which segments are shrunk: the variance of one creator's value,
    times pi / 2, over the variance between segments.

    A median of n normal values has variance pi/2 s^2 / n about that of its segment; how far medians
    lie from their parents beyond that is the variance between segments (method of moments, segments
    weighing by n).
    """
    is_known = np.isfinite(values).all(axis=1) & np.isfinite(parent).all(axis=1)
    is_used = (n >= MIN_SEGMENT_CREATORS) & is_known
    if is_used.sum() < MIN_SEGMENTS:
        return DEFAULT_SHRINKAGE
    n, values, parent = n[is_used], values[is_used], parent[is_used]
    low, middle, high = (int(np.searchsorted(QUANTILE_LEVELS, p)) for p in (0.25, 0.5, 0.75))
    spread = (values[:, high] - values[:, low]) / 1.349
    distance = values[:, middle] - parent[:, middle]
    within = np.pi / 2 * np.average(spread**2, weights=n)
    between = (np.sum(n * distance**2) - len(n) * within) / n.sum()
    return float(np.clip(within / max(between, 1e-9), *SHRINKAGE_RANGE))
