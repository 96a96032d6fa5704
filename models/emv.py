"""Earned media value: the value of engagements and views in USD, at the user's value of one like,
comment, share or view.

The platform's usual shares of likes, comments and shares split the engagements. A part without a
value counts nothing; there are no default values. But: a quantile of the value is made of the same
quantile of engagements and of views, as if both always went together.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.history.arrays import code_positions
from features.tables.frames import read_frame
from features.tables.schema import EMV_PARTS, Column, TableSpec
from features.tables.validate import validate_table
from features.tables.vocabulary import PLATFORMS

ANY = "any"
VALUE_TABLE_SCHEMA = TableSpec(
    "values",
    (
        Column("platform", "text", "platform, or any", required=True, allowed=(*PLATFORMS, ANY)),
        Column("part", "text", "what is valued", required=True, allowed=EMV_PARTS),
        Column("usd", "real", "USD that one is worth", required=True, minimum=0, maximum=1e6),
        Column("source", "text", "where the figure comes from", required=True),
    ),
    key=("platform", "part"),
)
EMV_QUANTILES = ("p10", "p50", "p90")
#: The count in the reference that each part is a share of.
COUNT_OF_PART = {"like": "likes", "comment": "comments", "share": "shares"}


@dataclass(frozen=True)
class ValueTable:
    """The value of one, in USD, by (platform or any, part), and the `name` of the file with it."""

    name: str
    usd: dict[tuple[str, str], float]

    def of(self, platform_code: np.ndarray, part: str) -> np.ndarray:
        """Return the value of a part in USD, (n,), NaN where the table has none.

        `platform_code`: positions in PLATFORMS, (n,), NaN where unknown.
        """
        on_any = self.usd.get((ANY, part), np.nan)
        by_platform = [self.usd.get((name, part), on_any) for name in PLATFORMS]
        position = code_positions(platform_code)
        return np.array([*by_platform, np.nan])[position]


def read_value_table(path: Path) -> ValueTable:
    """Read a table of values. Raises DataFolderError or InvalidTables with every fault."""
    frame = validate_table(read_frame(Path(path), VALUE_TABLE_SCHEMA.names), VALUE_TABLE_SCHEMA)
    return ValueTable(Path(path).name, frame.set_index(["platform", "part"])["usd"].to_dict())


def earned_media_value(
    values: dict[str, np.ndarray],
    platform_code: np.ndarray,
    shares: dict[str, dict[str, float]],
    engagements: dict[str, np.ndarray],
    views: dict[str, np.ndarray] | None,
    shown: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return quantiles of the value in USD, (n,) each, NaN for rows without any value of one.

    `values`: the value of one in USD by EMV_PARTS, (n,), NaN where the user gives none; `shares`:
    by platform, the share of each count in the engagements; `engagements` and `views`: quantiles by
    name, (n,); `shown`: where the platform shows views, elsewhere they count nothing.
    """
    has_value = {part: ~np.isnan(values[part]) for part in EMV_PARTS}
    has_any_value = np.any(list(has_value.values()), axis=0)
    usd_per_engagement = _usd_per_engagement(values, platform_code, shares)
    worth = {name: engagements[name] * usd_per_engagement for name in EMV_QUANTILES}
    if views is not None:
        usd_per_view = np.where(shown, np.nan_to_num(values["view"]), 0.0)
        for name in EMV_QUANTILES:
            worth[name] = worth[name] + np.where(shown, views[name], 0.0) * usd_per_view
    return {name: np.where(has_any_value, value, np.nan) for name, value in worth.items()}


def _usd_per_engagement(
    values: dict[str, np.ndarray],
    platform_code: np.ndarray,
    shares: dict[str, dict[str, float]],
) -> np.ndarray:
    """Return the mean value of an engagement in USD, (n,): NaN on a platform without shares, unless
    no part of the engagements has a value.
    """
    has_value = np.any([~np.isnan(values[part]) for part in COUNT_OF_PART], axis=0)
    usd = np.where(has_value, np.nan, 0.0)
    for name, share_of_count in shares.items():
        rows = platform_code == PLATFORMS.index(name)
        parts = (
            np.nan_to_num(values[part][rows]) * share_of_count.get(count, 0.0)
            for part, count in COUNT_OF_PART.items()
        )
        usd[rows] = sum(parts) / (sum(share_of_count.values()) or 1.0)
    return usd
