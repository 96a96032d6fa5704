"""The rate card: what a post usually costs by platform, band and format, where the user's own deals
are too few.

The shipped card (rate_card.csv) puts published figures beside each other at the middle of each
band; how its rows are made, and how far their sources disagree, stands in docs/cost.md. A user's
own card takes its place as a whole.
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
#: What a row of a card is for.
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
    """Fees of one post in USD: `figures` (rows, 3) low, typical, high; `places` (platform, band,
    format) of each row.

    `name`: whose card it is; `sources`: of each row.
    """

    name: str
    places: tuple[tuple[str, str, str], ...]
    figures: np.ndarray
    sources: tuple[str, ...]

    def fees_of_post(self, places: dict[str, np.ndarray]) -> np.ndarray:
        """Give low, typical and high of one post, (n, 3), NaN where the card has no row.

        `places`: of platform, band and format, (n,), as `features.tables.vocabulary.lookup_indexes`
        gives them. The platform's own row stands before one of any platform, and within it the
        format's own before one of any format.
        """
        return self._figures[self._rows[tuple(places[part] for part in RATE_CARD_KEY)]]

    def to_json(self) -> dict:
        """Give the card as plain JSON values."""
        places = [list(place) for place in self.places]
        return {
            "name": self.name,
            "places": places,
            "figures": self.figures.tolist(),
            "sources": list(self.sources),
        }

    @classmethod
    def from_json(cls, value: dict) -> "RateCard":
        """Read what `to_json` gave."""
        places = tuple(tuple(place) for place in value["places"])
        return cls(
            value["name"],
            places,
            np.array(value["figures"]).reshape(-1, 3),
            tuple(value["sources"]),
        )

    @cached_property
    def _figures(self) -> np.ndarray:
        """The figures, and last those of a place that the card has not."""
        return np.vstack([self.figures, np.full(3, np.nan)])

    @cached_property
    def _rows(self) -> np.ndarray:
        """The row for each combination of codes + 1, 0 for unknown, -1 where there is none."""
        lists = (PLATFORMS, tuple(BAND_EDGES), FORMATS)
        rows = np.full([len(names) + 1 for names in lists], -1)
        general = [(place[0] != ANY, place[2] != ANY) for place in self.places]
        for number in sorted(range(len(self.places)), key=general.__getitem__):
            own = zip(lists, self.places[number], strict=True)
            rows[
                tuple(slice(None) if part == ANY else names.index(part) + 1 for names, part in own)
            ] = number
        return rows


def read_rate_card(path: Path | None = None, rates: CurrencyRates | None = None) -> RateCard:
    """Read a rate card, the shipped one where no path is given; other currencies are turned into
    USD by `rates`.

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
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise RateCardError(
            f"rate card, data row {row + 1}: {rule.format(next(frame.iloc[[row]].itertuples()))}"
        )
