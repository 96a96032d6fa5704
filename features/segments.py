"""Benchmarks by segment: what creators of one platform, band and niche do, and of one format where
there are enough of them.

A segment of fewer than MIN_SEGMENT_CREATORS creators is listed as such and answers nothing: its
parent, which pools over the last part, does. `features.fit_segments` fits them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.tables.vocabulary import FORMATS, NICHES, PLATFORMS

SEGMENT_KEYS = ("platform", "band", "niche", "format")
#: What is measured of the creators of a segment: per deliverable, rates as fractions, costs of the
#: user's own deals in USD.
MEASURES = (
    "engagements",
    "views",
    "engagement_rate_by_followers",
    "engagement_rate_by_views",
    "cpe_usd",
    "cpm_usd",
)
#: Probabilities of a segment's quantiles.
QUANTILE_LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
#: Creators that a segment needs to be used.
MIN_SEGMENT_CREATORS = 10


@dataclass(frozen=True)
class SegmentBenchmarks:
    """Segments in order, coarse before fine; a part that a segment pools over is "".

    - `segments`: (platform, band, niche, format) each
    - `creators`: by measure (segments,)
    - `quantiles`: by measure (segments, len(QUANTILE_LEVELS))
    - `bands`: the names of the follower bands
    - `followers`: the least and the most followers of the creators of each platform
    - `is_counted`: False where the quantiles are of published figures: nobody counted the creators,
      every segment is used, and no number of creators is told
    """

    segments: tuple[tuple[str, str, str, str], ...]
    creators: dict[str, np.ndarray]
    quantiles: dict[str, np.ndarray]
    bands: tuple[str, ...]
    followers: dict[str, tuple[float, float]]
    is_counted: bool = True

    def find_segment(self, measure: str, places: dict[str, np.ndarray]) -> np.ndarray:
        """Return the finest segment with enough creators for each row, (n,), -1 where not even the
        platform has.

        `places`: of each of SEGMENT_KEYS, as `features.tables.vocabulary.lookup_indexes` gives them
        from codes; a part that is left out is not looked for.
        """
        return self._places[measure][tuple(places.get(part, 0) for part in SEGMENT_KEYS)]

    def quantiles_at(self, measure: str, segment: np.ndarray) -> np.ndarray:
        """Return a measure's quantiles at QUANTILE_LEVELS of each segment, shape (n,
        len(QUANTILE_LEVELS)), NaN where there is none.
        """
        return self._known[measure][0][segment]

    def creator_counts(self, measure: str, segment: np.ndarray) -> np.ndarray:
        """Return the creators behind a measure in each segment, (n,), NaN where there is none."""
        return self._known[measure][1][segment]

    def to_frame(self) -> pd.DataFrame:
        """Return a row a segment and measure with known creators: SEGMENT_KEYS, measure, quartiles,
        the number of creators, and whether they are enough. Where nobody counted the creators,
        their number is missing.
        """
        quartiles = [int(np.searchsorted(QUANTILE_LEVELS, p)) for p in (0.25, 0.5, 0.75)]
        keys = pd.DataFrame(self.segments, columns=list(SEGMENT_KEYS))
        tables = []
        for measure in MEASURES:
            values = self.quantiles[measure][:, quartiles]
            table = pd.concat(
                [
                    keys.assign(measure=measure),
                    pd.DataFrame(values, columns=["p25", "p50", "p75"]),
                ],
                axis=1,
            ).assign(creators=self.creators[measure])
            tables.append(table[self._has_creators(measure)])
        table = pd.concat(tables, ignore_index=True)
        if not self.is_counted:
            return table.assign(creators=None, enough=True)
        return table.assign(enough=table["creators"] >= MIN_SEGMENT_CREATORS)

    def _has_creators(self, measure: str) -> np.ndarray:
        """Return which segments anything is known of, (segments,)."""
        if self.is_counted:
            return self.creators[measure] > 0
        return np.isfinite(self.quantiles[measure]).all(axis=1)

    def to_json(self) -> dict:
        """Return the benchmarks as plain JSON values."""
        return {
            "cells": [list(segment) for segment in self.segments],
            "creators": {name: values.tolist() for name, values in self.creators.items()},
            "quantiles": {name: _plain(values) for name, values in self.quantiles.items()},
            "bands": list(self.bands),
            "followers": {name: list(pair) for name, pair in self.followers.items()},
            **({} if self.is_counted else {"is_counted": False}),
        }

    @classmethod
    def from_json(cls, value: dict) -> "SegmentBenchmarks":
        """Read what `to_json` returned."""
        quantiles = {
            name: np.array(rows, dtype=float).reshape(-1, len(QUANTILE_LEVELS))
            for name, rows in value["quantiles"].items()
        }
        return cls(
            tuple((platform, band, niche, form) for platform, band, niche, form in value["cells"]),
            {name: np.array(values, dtype=int) for name, values in value["creators"].items()},
            quantiles,
            tuple(value["bands"]),
            {name: (least, most) for name, (least, most) in value["followers"].items()},
            value.get("is_counted", True),
        )

    @cached_property
    def _known(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By measure, quantiles and creators of the segments, and last NaN for none."""
        none = np.full(len(QUANTILE_LEVELS), np.nan)
        known = {}
        for name, counts in self.creators.items():
            creators = counts if self.is_counted else np.full(len(counts), np.nan)
            known[name] = np.vstack([self.quantiles[name], none]), np.append(creators, np.nan)
        return known

    @cached_property
    def _places(self) -> dict[str, np.ndarray]:
        """By measure, the segment to use for each combination of codes + 1, 0 for unknown."""
        return {measure: self._segment_table(self._is_used(measure)) for measure in self.creators}

    def _is_used(self, measure: str) -> np.ndarray:
        """Return which segments answer, (segments,)."""
        if self.is_counted:
            return self.creators[measure] >= MIN_SEGMENT_CREATORS
        return self._has_creators(measure)

    def _segment_table(self, is_used: np.ndarray) -> np.ndarray:
        lists = (PLATFORMS, self.bands, NICHES, FORMATS)
        table = np.full([len(names) + 1 for names in lists], -1)
        for number, segment in enumerate(self.segments):
            if not segment[0] or not is_used[number]:
                continue
            # finer segments come later and overwrite their part of the coarser ones
            place = tuple(
                names.index(part) + 1 if part else slice(None)
                for names, part in zip(lists, segment, strict=True)
            )
            table[place] = number
        return table


def _plain(values: np.ndarray) -> list:
    """Return figures to six digits, None where unknown."""
    return [[_rounded(value) for value in row] for row in values.tolist()]


def _rounded(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
