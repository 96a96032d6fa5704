"""The rate card: the usual fee of one post by platform, band and format, for users with too few
deals of their own.

The shipped card (rate_card.csv) has published figures for the middle of each band. docs/cost.md
says how its rows are made and how far their sources disagree. A user's card replaces it as a whole.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import CreatorcastError
from features.tables.currency import CurrencyRates
from features.tables.frames import read_frame
from features.tables.schema import Column, TableSpec
from features.tables.validate import validate_table
from features.tables.vocabulary import BAND_EDGES, FORMATS, PLATFORMS

ANY = "any"
#: The columns that say which posts a row of a card is for.
RATE_CARD_KEY = ("platform", "band", "format")
FEE_RANGE = ("low", "typical", "high")
RATE_CARD_SCHEMA = TableSpec(
    "rate_card",
    (
        Column("platform", "text", "platform, or any", required=True, allowed=(*PLATFORMS, ANY)),
        Column("band", "text", "follower band", required=True, allowed=tuple(BAND_EDGES)),
        Column(
            "format", "text", "format of the post, or any", required=True, allowed=(*FORMATS, ANY)
        ),
        *(
            Column(name, "real", f"{name} fee of one post", True, minimum=0.01, maximum=1e9)
            for name in FEE_RANGE
        ),
        Column("currency", "text", "ISO 4217 code", required=True),
        Column("source", "text", "where the figures come from", required=True),
        Column(
            "year", "count", "year of the newest source", required=True, minimum=2004, maximum=2100
        ),
    ),
    key=RATE_CARD_KEY,
)
SHIPPED = "shipped"


class RateCardError(CreatorcastError):
    """A rate card's figures cannot be used."""


@dataclass(frozen=True)
class RateCard:
    """Fees of one post in USD.

    `figures`: low, typical and high fee, (rows, 3); `places`: (platform, band, format) of each row;
    `sources`: of each row; `name`: SHIPPED, or the name of the user's file.
    """

    name: str
    places: tuple[tuple[str, str, str], ...]
    figures: np.ndarray
    sources: tuple[str, ...]

    def fees_of_post(self, places: dict[str, np.ndarray]) -> np.ndarray:
        """Return the low, typical and high fee of one post, (n, 3), NaN where the card has no row.

        `places`: indexes of platform, band and format, (n,) each, as
        `features.tables.vocabulary.lookup_indexes` returns them. A row of the platform is preferred
        to a row of any platform, and then a row of the format to a row of any format.
        """
        indexes = tuple(places[part] for part in RATE_CARD_KEY)
        return self._figures[self._rows[indexes]]

    def names_format(self, places: dict[str, np.ndarray]) -> np.ndarray:
        """Return for which posts, (n,), `fees_of_post` gives the fee of their own format, not that
        of any format.
        """
        own = np.array([*(place[2] != ANY for place in self.places), False])
        return own[self._rows[tuple(places[part] for part in RATE_CARD_KEY)]]

    def to_json(self) -> dict:
        """Return the card as plain JSON values."""
        return {
            "name": self.name,
            "places": [list(place) for place in self.places],
            "figures": self.figures.tolist(),
            "sources": list(self.sources),
        }

    @classmethod
    def from_json(cls, value: dict) -> "RateCard":
        """Return the card that `to_json` wrote."""
        places = tuple(tuple(place) for place in value["places"])
        return cls(
            value["name"],
            places,
            np.array(value["figures"]).reshape(-1, 3),
            tuple(value["sources"]),
        )

    @cached_property
    def _figures(self) -> np.ndarray:
        """The figures, and last a row of NaN for places that the card does not have."""
        return np.vstack([self.figures, np.full(3, np.nan)])

    @cached_property
    def _rows(self) -> np.ndarray:
        """The row of `_figures` for each (platform, band, format), by code + 1, 0 for unknown."""
        lists = (PLATFORMS, tuple(BAND_EDGES), FORMATS)
        rows = np.full([len(names) + 1 for names in lists], -1)
        # special rows come last, so that they replace general ones
        special = [(place[0] != ANY, place[2] != ANY) for place in self.places]
        for number in sorted(range(len(self.places)), key=special.__getitem__):
            names_and_parts = zip(lists, self.places[number], strict=True)
            index = tuple(
                slice(None) if part == ANY else names.index(part) + 1
                for names, part in names_and_parts
            )
            rows[index] = number
        return rows


def read_rate_card(path: Path | None = None, rates: CurrencyRates | None = None) -> RateCard:
    """Read a rate card, the shipped one for None, and convert its fees to USD by `rates`.

    Raises DataFolderError, InvalidTables, or RateCardError for a row whose figures are out of order
    or whose currency has no rate.
    """
    file = Path(__file__).with_name("rate_card.csv") if path is None else Path(path)
    frame = validate_table(read_frame(file, RATE_CARD_SCHEMA.names), RATE_CARD_SCHEMA)
    rate = (rates or CurrencyRates()).of(frame["currency"])
    _refuse(
        frame, np.isnan(rate), "currency {0.currency!r} has no rate: name a rates file that has it"
    )
    order = (frame["low"] <= frame["typical"]) & (frame["typical"] <= frame["high"])
    _refuse(
        frame,
        ~order.to_numpy(),
        "low {0.low:,.12g}, typical {0.typical:,.12g}, high {0.high:,.12g} are not in that order",
    )
    places = frame[list(RATE_CARD_SCHEMA.key)].itertuples(index=False, name=None)
    sources = tuple(f"{row.source} ({row.year:.0f})" for row in frame.itertuples())
    figures = frame[list(FEE_RANGE)].to_numpy() * rate[:, None]
    name = SHIPPED if path is None else file.name
    return RateCard(name, tuple(places), figures, sources)


def _refuse(frame: pd.DataFrame, wrong: np.ndarray, rule: str) -> None:
    """Raise RateCardError for the first row of the mask `wrong`, by a `rule` with its fields."""
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise RateCardError(
            f"rate card, data row {row + 1}: {rule.format(next(frame.iloc[[row]].itertuples()))}"
        )
