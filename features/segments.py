"""Benchmarks by segment: what creators of one platform, band and niche do, and of one format where
there are enough of them.

A creator counts once in a segment, with its typical post or deal. The quantiles of a cell are shrunk
toward those of its parent, in ln: by n / (n + k), where k is how much creators of a cell vary over
how much cells of the same parents do. A cell of fewer than MIN_SEGMENT_CREATORS creators is listed
as such and answers nothing: its parent does.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.derive import window_stats
from features.derive.derive import derive
from features.derive.reference import Reference
from features.derive.signals import post_window
from features.history.account_keys import split_account_names
from features.history.arrays import decode_categories, to_us
from features.history.history import History
from features.tables.vocabulary import FORMATS, NICHES, PLATFORMS, TARGETS

SEGMENT_KEYS = ("platform", "band", "niche", "format")
#: What a cell tells of its creators: per deliverable, rates as fractions, costs of the user's own
#: deals in USD.
MEASURES = (
    "engagements",
    "views",
    "engagement_rate_by_followers",
    "engagement_rate_by_views",
    "cpe_usd",
    "cpm_usd",
)
#: Probabilities at which a cell's quantiles are kept.
QUANTILE_LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
#: Creators that a cell needs to be used.
MIN_SEGMENT_CREATORS = 10
#: Creators that a cell is shrunk toward its parent by: where cells are too few to tell, and the
#: range.
DEFAULT_SHRINKAGE, SHRINKAGE_RANGE, MIN_SEGMENTS = 20.0, (1.0, 200.0), 5
#: Posts of a format that make a creator count in a cell of that format.
MIN_FORMAT_POSTS = 3
#: What stands for a typical post without one engagement or view, whose logarithm does not exist.
MIN_TYPICAL_COUNT = 0.5


@dataclass(frozen=True)
class SegmentBenchmarks:
    """Cells in order, coarse before fine; a part that a cell pools over is "".

    `segments`: (platform, band, niche, format) each; `creators`: by measure (cells,); `quantiles`:
    by measure (cells, len(QUANTILE_LEVELS)); `followers`: least and most followers of the creators
    behind it, by platform.
    """

    segments: tuple[tuple[str, str, str, str], ...]
    creators: dict[str, np.ndarray]
    quantiles: dict[str, np.ndarray]
    bands: tuple[str, ...]
    followers: dict[str, tuple[float, float]]

    def find_segment(self, measure: str, places: dict[str, np.ndarray]) -> np.ndarray:
        """Return the finest cell with enough creators for each row, shape (n,), -1 where not even the
        platform has.

        `places`: of each of SEGMENT_KEYS, as `features.tables.vocabulary.lookup_indexes` gives them
        from codes; a part that is left out is not looked for.
        """
        return self._places[measure][tuple(places.get(part, 0) for part in SEGMENT_KEYS)]

    def quantiles_at(self, measure: str, cell: np.ndarray) -> np.ndarray:
        """Return a measure's quantiles at QUANTILE_LEVELS of each cell found, shape (n,
        len(QUANTILE_LEVELS)), NaN where there is none.
        """
        return self._known[measure][0][cell]

    def creator_counts(self, measure: str, cell: np.ndarray) -> np.ndarray:
        """Return the creators behind a measure in each cell found, (n,), NaN where there is none."""
        return self._known[measure][1][cell]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a cell and measure with known creators: quartiles, their number, and whether
        they are enough.
        """
        quartiles = [int(np.searchsorted(QUANTILE_LEVELS, p)) for p in (0.25, 0.5, 0.75)]
        parts = []
        for measure in MEASURES:
            named = pd.DataFrame(self.segments, columns=list(SEGMENT_KEYS)).assign(measure=measure)
            values = pd.DataFrame(
                self.quantiles[measure][:, quartiles], columns=["p25", "p50", "p75"]
            )
            named = pd.concat([named, values], axis=1).assign(creators=self.creators[measure])
            parts.append(named[self.creators[measure] > 0])
        return pd.concat(parts, ignore_index=True).assign(
            enough=lambda found: found["creators"] >= MIN_SEGMENT_CREATORS
        )

    def to_json(self) -> dict:
        """Return the benchmarks as plain JSON values."""
        return {
            "cells": [list(cell) for cell in self.segments],
            "creators": {name: values.tolist() for name, values in self.creators.items()},
            "quantiles": {name: _plain(values) for name, values in self.quantiles.items()},
            "bands": list(self.bands),
            "followers": {name: list(pair) for name, pair in self.followers.items()},
        }

    @classmethod
    def from_json(cls, value: dict) -> "SegmentBenchmarks":
        """Read what `to_json` gave."""
        return cls(
            tuple(tuple(cell) for cell in value["cells"]),
            {name: np.array(values, dtype=int) for name, values in value["creators"].items()},
            {
                name: np.array(rows, dtype=float).reshape(-1, len(QUANTILE_LEVELS))
                for name, rows in value["quantiles"].items()
            },
            tuple(value["bands"]),
            {name: tuple(pair) for name, pair in value["followers"].items()},
        )

    def _lists(self) -> dict[str, tuple[str, ...]]:
        return {"platform": PLATFORMS, "band": self.bands, "niche": NICHES, "format": FORMATS}

    @cached_property
    def _known(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By measure, quantiles and creators of the cells, and last NaN for none."""
        return {
            name: (
                np.vstack([self.quantiles[name], np.full(len(QUANTILE_LEVELS), np.nan)]),
                np.append(creators, np.nan),
            )
            for name, creators in self.creators.items()
        }

    @cached_property
    def _places(self) -> dict[str, np.ndarray]:
        """By measure, the cell to use for each combination of codes + 1, 0 for unknown."""
        lists = self._lists()
        found = {}
        for measure, creators in self.creators.items():
            places = np.full([len(names) + 1 for names in lists.values()], -1)
            for number, cell in enumerate(self.segments):
                if cell[0] and creators[number] >= MIN_SEGMENT_CREATORS:
                    own = zip(lists.values(), cell, strict=True)
                    places[
                        tuple(names.index(part) + 1 if part else slice(None) for names, part in own)
                    ] = number
            found[measure] = places
        return found


def fit_benchmarks(
    history: History, reference: Reference, until: pd.Timestamp, deals: pd.DataFrame | None = None
) -> SegmentBenchmarks:
    """Fit the cells to what was known of every account at `until`; `deals`: as
    `features.history.deals.completed_deals` gives.
    """
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
    cells = [(*key, *[""] * (4 - len(key))) for level in shrunk for key in level["quantiles"].index]
    has = people[people["engagements"].notna() & people["followers"].notna()].groupby("platform")[
        "followers"
    ]
    return SegmentBenchmarks(
        tuple(cells),
        {name: np.concatenate([level["creators"][name] for level in shrunk]) for name in MEASURES},
        {
            name: np.exp(np.concatenate([_matrix(level["quantiles"][name]) for level in shrunk]))
            for name in MEASURES
        },
        tuple(reference.band_edges),
        {name: (float(own.min()), float(own.max())) for name, own in has},
    )


def describe_accounts(history: History, reference: Reference, until: pd.Timestamp) -> pd.DataFrame:
    """Describe every account at `until`, numbered as in the history: where it belongs, and ln of
    its typical post.

    Typical is the recency-weighted median of the last 96 known posts.
    """
    account = np.arange(len(history.accounts))
    moment = np.full(len(account), to_us(pd.Series([until]))[0])
    x = derive(history, account_queries(history, account, until), reference)
    typical = {
        target: _typical(
            post_window(
                history.panel(target), f"{target}_log", account, moment, history.horizon_days
            ).median
        )
        for target in TARGETS
    }
    followers = np.expm1(x["followers_log"].to_numpy())
    with np.errstate(divide="ignore"):
        followers_log = np.where(followers > 0, np.log(followers), np.nan)
    lists = {"platform": PLATFORMS, "band": tuple(reference.band_edges), "niche": NICHES}
    return pd.DataFrame(
        {
            **{
                name: decode_categories(names, x[f"{name}_code"].to_numpy())
                for name, names in lists.items()
            },
            "followers": followers,
            **typical,
            "engagement_rate_by_followers": typical["engagements"] - followers_log,
            "engagement_rate_by_views": x["engagement_rate_log_median_by_views"].to_numpy(),
            "niche_focus": x["niche_focus"].to_numpy(),
        }
    )


def account_queries(history: History, account: np.ndarray, until: pd.Timestamp) -> pd.DataFrame:
    """Ask about accounts (positions) at one moment, and nothing planned."""
    moment = pd.Timestamp(until).as_unit("us")
    names = split_account_names(history.accounts[account])
    return names.assign(as_of=moment, start_at=moment)


def _typical(level: np.ndarray) -> np.ndarray:
    return np.log(np.where(np.isnan(level), np.nan, np.maximum(np.expm1(level), MIN_TYPICAL_COUNT)))


def _by_format(history: History, people: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Return a row an account and format that it posted often enough; what deals cost is not told
    apart by format.
    """
    moment = np.full(len(people), to_us(pd.Series([until]))[0])
    followers_log = np.log(people["followers"].where(people["followers"] > 0))
    past = {}
    for target in TARGETS:
        panel = history.panel(target)
        own = post_window(
            panel, f"{target}_log", people.index.to_numpy(), moment, history.horizon_days
        )
        past[target] = own.values, panel.take_or_nan("format", own.rows)
    rows = []
    for code, name in enumerate(FORMATS):
        found = people.assign(
            format=name, engagement_rate_by_views=np.nan, cpe_usd=np.nan, cpm_usd=np.nan
        )
        for target, (values, formats) in past.items():
            own = np.where(formats == code, values, np.nan)
            often = window_stats.count_known(own) >= MIN_FORMAT_POSTS
            found[target] = _typical(np.where(often, window_stats.quantile(own, 0.5), np.nan))
        found["engagement_rate_by_followers"] = found["engagements"] - followers_log
        rows.append(found[found[["engagements", "views"]].notna().any(axis=1)])
    return pd.concat(rows)


def _summary(people: pd.DataFrame, parts: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """Return number and quantiles of each cell by measure, as lists; those of all creators where
    `parts` is empty.
    """
    groups = people.groupby(list(parts)) if parts else people.groupby(np.zeros(len(people)))
    quantiles = groups[list(MEASURES)].quantile(QUANTILE_LEVELS)
    creators = groups[list(MEASURES)].count()
    keys = [key if isinstance(key, tuple) else (key,) for key in creators.index] if parts else [()]
    index = pd.Index(keys, tupleize_cols=False)
    lists = {
        name: list(quantiles[name].to_numpy().reshape(-1, len(QUANTILE_LEVELS)))
        for name in MEASURES
    }
    return {"creators": creators.set_axis(index), "quantiles": pd.DataFrame(lists, index=index)}


def _shrink(
    own: dict[str, pd.DataFrame], parent: dict[str, pd.DataFrame], depth: int
) -> dict[str, pd.DataFrame]:
    above = pd.Index([key[: depth - 1] for key in own["creators"].index], tupleize_cols=False)
    quantiles = {}
    for name in MEASURES:
        n = own["creators"][name].to_numpy(float)[:, None]
        values, prior = map(_matrix, (own["quantiles"][name], parent["quantiles"][name][above]))
        k = _trust(n[:, 0], values, prior)
        mixed = (n * np.nan_to_num(values) + k * prior) / (n + k)
        # nothing is known of what no parent knows either
        quantiles[name] = list(np.where(n > 0, np.where(np.isnan(prior), values, mixed), prior))
    return {
        "creators": own["creators"],
        "quantiles": pd.DataFrame(quantiles, index=own["quantiles"].index),
    }


def _matrix(quantiles: pd.Series) -> np.ndarray:
    """Return a column of lists as an array (cells, len(QUANTILE_LEVELS)); there may be no cell."""
    return np.array(quantiles.tolist(), dtype=float).reshape(-1, len(QUANTILE_LEVELS))


def _trust(n: np.ndarray, own: np.ndarray, parent: np.ndarray) -> float:
    """Return the creators by which cells are shrunk: the variance of a median of one over that
    between cells.

    A median of n normal values has variance pi/2 s^2 / n about its cell's; what medians lie off
    their parents' beyond that is the variance between cells (method of moments, cells weighing by
    n).
    """
    judged = (
        (n >= MIN_SEGMENT_CREATORS) & np.isfinite(own).all(axis=1) & np.isfinite(parent).all(axis=1)
    )
    if judged.sum() < MIN_SEGMENTS:
        return DEFAULT_SHRINKAGE
    n, own, parent = n[judged], own[judged], parent[judged]
    low, middle, high = (int(np.searchsorted(QUANTILE_LEVELS, p)) for p in (0.25, 0.5, 0.75))
    within = np.pi / 2 * np.average(((own[:, high] - own[:, low]) / 1.349) ** 2, weights=n)
    between = (np.sum(n * (own[:, middle] - parent[:, middle]) ** 2) - len(n) * within) / n.sum()
    return float(np.clip(within / max(between, 1e-9), *SHRINKAGE_RANGE))


def _plain(values: np.ndarray) -> list:
    """Return figures to six digits; what is unknown as null."""
    return [[float(f"{v:.6g}") if np.isfinite(v) else None for v in row] for row in values.tolist()]
