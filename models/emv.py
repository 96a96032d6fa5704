"""Earned media value: what engagements and views would be worth at a value a piece that the caller
names.

A platform's usual share of likes, comments and shares splits the engagements. Parts without a value
count nothing, and no value is supposed. But: engagements and views are taken to go together, so
that a quantile of the value is made of the same quantile of both.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
#: How the reference names what is valued.
COUNT_OF_PART = {"like": "likes", "comment": "comments", "share": "shares"}


@dataclass(frozen=True)
class ValueTable:
    """USD a piece by (platform or any, part), and the file that says so."""

    name: str
    usd: dict[tuple[str, str], float]

    def of(self, platform_code: np.ndarray, part: str) -> np.ndarray:
        """Give the value of a part on each platform (n,), a position in PLATFORMS; NaN where the
        table has none.
        """
        each = [self.usd.get((name, part), self.usd.get((ANY, part), np.nan)) for name in PLATFORMS]
        return np.array([*each, np.nan])[
            np.where(np.isnan(platform_code), -1, platform_code).astype(int)
        ]


def read_value_table(path: Path) -> ValueTable:
    """Read a table of values; raises DataFolderError or InvalidTables with every fault."""
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
    """Give quantiles of the value in USD, (n,) each, NaN for rows that name no value.

    `values`: USD a piece by EMV_PARTS, (n,), NaN where not named; `shares`: by platform, of each
    count in the engagements; `engagements` and `views`: quantiles by name, (n,); `shown`: where
    views are shown, elsewhere they count nothing.
    """
    named = {part: ~np.isnan(values[part]) for part in EMV_PARTS}
    asked = np.any(list(named.values()), axis=0)
    # of a platform that `shares` leave out nothing is known
    each = np.where(np.any([named[part] for part in COUNT_OF_PART], axis=0), np.nan, 0.0)
    for name, own in shares.items():
        at = platform_code == PLATFORMS.index(name)
        parts = (
            np.nan_to_num(values[part][at]) * own.get(count, 0.0)
            for part, count in COUNT_OF_PART.items()
        )
        each[at] = sum(parts) / (sum(own.values()) or 1.0)
    worth = {name: engagements[name] * each for name in EMV_QUANTILES}
    if views is not None:
        a_view = np.where(shown, np.nan_to_num(values["view"]), 0.0)
        worth = {
            name: value + np.where(shown, views[name], 0.0) * a_view
            for name, value in worth.items()
        }
    return {name: np.where(asked, value, np.nan) for name, value in worth.items()}
