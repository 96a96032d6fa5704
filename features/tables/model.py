"""The canonical tables of one data set in memory."""

from dataclasses import dataclass, field, fields
from functools import cache

import pandas as pd

from features.tables.schema import CREATORS, DTYPES, FOLLOWERS, PARTNERSHIPS, POSTS, TableSpec


def empty_table(spec: TableSpec) -> pd.DataFrame:
    """Return the table with its columns and dtypes and no rows."""
    return _empty(spec).copy(deep=False)


@cache
def _empty(spec: TableSpec) -> pd.DataFrame:
    return pd.DataFrame({c.name: pd.Series(dtype=DTYPES[c.kind]) for c in spec.columns})


@dataclass(frozen=True)
class Tables:
    """The tables of one data set, and `meta`, what dataset.json says of them (`simulated`,
    `timezone`, `source`).

    `meta["usd_per_unit"]` holds the rates of currencies, where the folder has a rates file.
    """

    creators: pd.DataFrame = field(default_factory=lambda: empty_table(CREATORS))
    followers: pd.DataFrame = field(default_factory=lambda: empty_table(FOLLOWERS))
    posts: pd.DataFrame = field(default_factory=lambda: empty_table(POSTS))
    partnerships: pd.DataFrame = field(default_factory=lambda: empty_table(PARTNERSHIPS))
    meta: dict = field(default_factory=dict)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "meta"}

    @property
    def trained_on(self) -> str:
        """What a model trained on these tables must say of itself: `simulated` or `real`."""
        return "simulated" if self.meta.get("simulated") else "real"
