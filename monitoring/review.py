"""What was forecast of the partnerships of a campaign, and what came: for those who paid.

Outcomes above and below their ranges are told alike: neither is praise or blame of anyone. One
outcome does not tell luck from misjudgement; how many outcomes lie outside of their ranges does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtr

from features.errors import CreatorcastError
from ledger.forecast_entry import LEVELS
from ledger.matched_forecasts import STATUSES, Match
from models.shared_shock import SharedShock
from monitoring.review_currency import review_currency
from monitoring.review_rows import (
    ABOVE,
    BELOW,
    HIGH,
    LOW,
    WITHIN,
    Outcome,
    ReviewRow,
    engagements_of,
    review_row,
)
from monitoring.review_total import total_outcome

#: Campaigns in which as many outcomes outside as are called usual are so, if every range is right.
USUAL_SHARE = 0.95
#: Outcomes from which on so many of them inside tell that ranges are about right: of ranges that
#: hold 6 of 10 outcomes in place of 8, 7 of 10 campaigns of this size have more outside than usual.
ENOUGH = 30
#: Outcomes below which nothing is said of the ranges, however far outside they lie.
FEWEST = 5


class ReviewError(CreatorcastError):
    """A campaign cannot be reviewed."""


@dataclass(frozen=True)
class Review:
    """A campaign: its partnerships, those with an outcome first, and what they came to.

    - `statuses`: partnerships by status; `after`: forecasts made of posts that were online, which
      are no part of it
    - `total`: of the partnerships with an outcome together, None where there are fewer than 2;
      `independent`: the same range if nothing were shared between creators
    - `outside`: outcomes below, within and above; `usual_outside`: how many of them outside are
      usual, in USUAL_SHARE of the campaigns of this size; `extreme`: those beyond the outermost
      quantiles, `usual_extreme`: the most that are usual
    - `currency`: of all amounts, that of the fees, USD where `currencies` of fees are several
    - `paid`, `fees`, `engagements_paid`: of those with an outcome and a fee: how many, what was
      paid, what came
    - `compared`, `compared_fees`, `at_yardstick`: of those of them with a yardstick: how many, what
      was paid, what came costs at the yardstick
    - `nearer`: by whom the outcome was told more nearly, the forecast or the average of the last 12
      posts, of those that have both
    """

    campaign: str
    rows: tuple[ReviewRow, ...]
    statuses: Mapping[str, int]
    after: int
    total: Outcome | None
    independent: tuple[float, float] | None
    outside: Mapping[str, int]
    usual_outside: tuple[int, int]
    extreme: int
    usual_extreme: int
    currency: str
    currencies: tuple[str, ...]
    paid: int
    fees: float
    engagements_paid: float
    compared: int
    compared_fees: float
    at_yardstick: float
    nearer: tuple[int, int]

    @property
    def verdicts(self) -> tuple[int, int]:
        """The verdicts that were right, and all that can be judged."""
        judged = [row.is_right for row in self.rows if row.is_right is not None]
        return sum(judged), len(judged)

    @property
    def rule_verdicts(self) -> tuple[int, int]:
        """The same by the average of the last 12 posts, of partnerships that have both."""
        judged = [
            row.rule_is_right
            for row in self.rows
            if row.rule_is_right is not None and row.is_right is not None
        ]
        return sum(judged), len(judged)


def review_campaign(match: Match, campaign: str, shock: SharedShock) -> Review:
    """Return the review of a campaign.

    `match`: of all forecasts of the ledger, since a post may be that of another campaign's too;
    `shock`: what creators have in common, of the bundle that answers. Raises ReviewError for a
    campaign without forecasts, with the names of those that have some.
    """
    forecasts = match.forecasts
    is_own = (forecasts["campaign"] == campaign).to_numpy(dtype=bool)
    if not is_own.any():
        raise ReviewError(_unknown_campaign(campaign, forecasts["campaign"]))
    is_after = is_own & (forecasts["door"] == "track").to_numpy()
    own = forecasts[match.latest_of(is_own & ~is_after)]
    records = own.to_dict("records")
    currency, currencies = review_currency(records)
    rows = [review_row(forecast, currency) for forecast in records]
    rows.sort(key=_order)
    done = [row for row in rows if row.outcome is not None]
    outside = {
        place: sum(row.outcome is not None and row.outcome.place == place for row in rows)
        for place in (BELOW, WITHIN, ABOVE)
    }
    paid = [row for row in done if row.fee is not None]
    compared = [row for row in paid if row.yardstick is not None]
    total, independent = total_outcome(done, shock)
    return Review(
        campaign,
        tuple(rows),
        {name: sum(row.status == name for row in rows) for name in STATUSES},
        int(is_after.sum()),
        total,
        independent,
        outside,
        _usual(len(done), 1 - (HIGH - LOW)),
        sum(row.outcome is not None and row.outcome.is_extreme for row in done),
        _usual(len(done), 2 * LEVELS[0])[1],
        currency,
        currencies,
        len(paid),
        sum(row.fee or 0.0 for row in paid),
        sum(engagements_of(row) for row in paid),
        len(compared),
        sum(row.fee or 0.0 for row in compared),
        sum(engagements_of(row) * float(row.yardstick or 0) for row in compared),
        _nearer(done),
    )


def _unknown_campaign(campaign: str, campaigns: pd.Series) -> str:
    names = sorted(campaigns.dropna().unique().tolist())
    if not names:
        return (
            f"the ledger has no campaign {campaign!r}, nor any other: score a list with "
            "--campaign NAME to begin one"
        )
    return f"the ledger has no campaign {campaign!r}: it has {', '.join(map(repr, names[:20]))}"


def _order(row: ReviewRow) -> tuple[Any, ...]:
    """Return by what rows are sorted: the matured first, by the size of the fee."""
    fee = row.forecast["fee_usd"]
    return (STATUSES.index(row.status), 0.0 if fee != fee else -fee, str(row.forecast["handle"]))


def _usual(outcomes: int, probability: float) -> tuple[int, int]:
    """Return how many of so many outcomes with a probability each are so, in USUAL_SHARE of
    campaigns.
    """
    tails = [(1 - USUAL_SHARE) / 2, (1 + USUAL_SHARE) / 2]
    low, high = np.searchsorted(bdtr(np.arange(outcomes + 1), outcomes, probability), tails)
    return int(low), int(high)


def _nearer(rows: Sequence[ReviewRow]) -> tuple[int, int]:
    """Return how many outcomes the middle of the forecast told more nearly than the average of the
    last 12 posts, as a ratio, and how many the average did.
    """
    forecast = rule = 0
    for row in rows:
        average = row.forecast["alternative_engagements"]
        if average is None or average != average:
            continue
        came = np.log1p(engagements_of(row))
        own, other = (abs(np.log1p(value) - came) for value in (row.range[1], average))
        forecast, rule = forecast + int(own < other), rule + int(other < own)
    return forecast, rule
