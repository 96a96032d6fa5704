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
from scipy.stats import binom

from features.errors import CreatorcastError
from ledger.forecast_entry import LEVELS
from ledger.matched_forecasts import MATURED, STATUSES, Match
from models.correlation import DEFAULT_CORRELATION
from models.joint_draws import draw_uniforms
from models.shared_shock import SharedShock

BELOW, WITHIN, ABOVE = "below", "within", "above"
#: The range that is told: in 8 of 10 cases the outcome lies inside.
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
#: Joint draws behind the range of a sum.
DRAWS = 4000
#: Verdicts that say that a fee pays, and that it does not; `even` says neither.
PAYS, DOES_NOT = ("worth_it", "probably_worth_it"), ("probably_overpriced", "overpriced")


class ReviewError(CreatorcastError):
    """A campaign cannot be reviewed."""


@dataclass(frozen=True)
class Outcome:
    """Where what came lies in what was forecast.

    - `engagements`: what came, at the horizon of the forecast; `low`, `middle`, `high`: quantiles
      of the forecast; `chance`: its probability of as many or fewer
    """

    engagements: float
    low: float
    middle: float
    high: float
    chance: float

    @property
    def place(self) -> str:
        """BELOW, WITHIN or ABOVE the range."""
        if self.engagements < self.low:
            return BELOW
        return ABOVE if self.engagements > self.high else WITHIN

    @property
    def one_in(self) -> float:
        """In one of how many cases as many or more, or as few or fewer, were expected; at most 200,
        as the ledger keeps no quantiles beyond.
        """
        tail = min(self.chance, 1 - self.chance)
        return 1 / max(tail, LEVELS[0])


@dataclass(frozen=True)
class ReviewRow:
    """One partnership: `forecast` as the ledger has it, with its outcome columns.

    - `range`: low, middle and high of the forecast; `outcome`: None unless it is matured
    - `cost`: fee over what came, USD; `yardstick`: the cost that the verdict was about, the target
      of who asked, else the benchmark; `is_right`: whether the verdict was, None where it says
      neither or something is unknown; `rule_is_right`: whether the verdict by the average of the
      last 12 posts would have been
    """

    forecast: Mapping[str, Any]
    range: tuple[float, float, float]
    outcome: Outcome | None
    cost: float | None
    yardstick: float | None
    is_right: bool | None
    rule_is_right: bool | None

    @property
    def status(self) -> str:
        return str(self.forecast["status"])


@dataclass(frozen=True)
class Review:
    """A campaign: its partnerships, those with an outcome first, and what they came to.

    - `statuses`: partnerships by status; `after`: forecasts made of posts that were online, which
      are no part of it
    - `total`: of the partnerships with an outcome together, None where there are fewer than 2;
      `independent`: the same range if nothing were shared between creators
    - `outside`: outcomes below, within and above; `usual_outside`: how many of them outside are
      usual, in 19 of 20 campaigns of this size
    - `fees`, `engagements_paid`, `at_yardstick`: of those with an outcome, a fee and a yardstick:
      what was paid, what came, what as much costs at the yardstick
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
    fees: float
    engagements_paid: float
    at_yardstick: float
    paid: int
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
    rows = [_row(forecast) for forecast in own.to_dict("records")]
    rows.sort(key=_order)
    done = [row for row in rows if row.outcome is not None]
    outside = {
        place: sum(row.outcome is not None and row.outcome.place == place for row in rows)
        for place in (BELOW, WITHIN, ABOVE)
    }
    paid = [row for row in done if row.cost is not None and row.yardstick is not None]
    total, independent = _total(done, shock)
    return Review(
        campaign,
        tuple(rows),
        {name: sum(row.status == name for row in rows) for name in STATUSES},
        int(is_after.sum()),
        total,
        independent,
        outside,
        _usual_outside(len(done)),
        sum(float(row.forecast["fee_usd"]) for row in paid),
        sum(_came(row) for row in paid),
        sum(_came(row) * float(row.yardstick or 0) for row in paid),
        len(paid),
        _nearer(done),
    )


def forecast_quantile(row: ReviewRow, probability: np.ndarray) -> np.ndarray:
    """Return quantiles of the total of a forecast, linear in ln(1 + count) between the LEVELS that
    the ledger keeps; beyond them the outermost.
    """
    logs = np.log1p(np.asarray(row.forecast["engagements"], dtype=float))
    return np.expm1(np.interp(probability, LEVELS, logs))


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


def _row(forecast: dict[str, Any]) -> ReviewRow:
    quantiles = np.log1p(np.asarray(forecast["engagements"], dtype=float))
    low, middle, high = np.expm1(np.interp([LOW, MIDDLE, HIGH], LEVELS, quantiles)).tolist()
    outcome = None
    if forecast["status"] == MATURED:
        came = float(np.expm1(forecast["outcome_ln"]))
        outcome = Outcome(came, low, middle, high, _chance(quantiles, forecast["outcome_ln"]))
    yardstick = _yardstick(forecast)
    fee, alternative = forecast["fee_usd"], forecast["alternative_engagements"]
    cost = None
    if outcome is not None and fee > 0:
        cost = fee / outcome.engagements if outcome.engagements > 0 else np.inf
    pays = None if cost is None or yardstick is None else cost <= yardstick
    verdict = forecast["verdict"]
    says = True if verdict in PAYS else False if verdict in DOES_NOT else None
    rule_says = None
    if yardstick is not None and fee > 0 and alternative == alternative and alternative is not None:
        rule_says = bool(alternative > 0 and fee / alternative <= yardstick)
    return ReviewRow(
        forecast,
        (low, middle, high),
        outcome,
        cost,
        yardstick,
        None if pays is None or says is None else bool(says == pays),
        None if pays is None or rule_says is None else bool(rule_says == pays),
    )


def _chance(log_quantiles: np.ndarray, outcome_ln: float) -> float:
    """Return the probability that the forecast gave to an outcome or less; one beyond the quantiles
    that are kept has the probability of the outermost.
    """
    rising = np.maximum.accumulate(log_quantiles) + np.arange(len(LEVELS)) * 1e-12
    return float(np.interp(outcome_ln, rising, LEVELS))


def _yardstick(forecast: Mapping[str, Any]) -> float | None:
    """Return the cost that the verdict was about, USD an engagement: the target of who asked, else
    the benchmark.
    """
    question = forecast.get("question") or {}
    target = question.get("target_cpe_usd")
    value = target if isinstance(target, int | float) else forecast["benchmark_cpe_usd"]
    return None if value is None or value != value else float(value)


def _came(row: ReviewRow) -> float:
    return 0.0 if row.outcome is None else row.outcome.engagements


def _usual_outside(outcomes: int) -> tuple[int, int]:
    """Return how many of so many outcomes lie outside of ranges of 80 %, in 19 of 20 cases."""
    low, high = binom.ppf([0.025, 0.975], outcomes, 1 - (HIGH - LOW)) if outcomes else (0, 0)
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
        came = np.log1p(_came(row))
        own, other = (abs(np.log1p(value) - came) for value in (row.range[1], average))
        forecast, rule = forecast + int(own < other), rule + int(other < own)
    return forecast, rule


def _total(
    rows: Sequence[ReviewRow], shock: SharedShock
) -> tuple[Outcome | None, tuple[float, float] | None]:
    """Return where the sum of the outcomes lies in its joint forecast, and the range of the sum if
    creators shared nothing.
    """
    if len(rows) < 2:
        return None, None
    deliverables = np.array([float(row.forecast["deliverables"]) for row in rows])
    shares = shock.shares(np.full(len(rows), DEFAULT_CORRELATION), deliverables)
    drawn = _draw_sums(rows, shares)
    alone = _draw_sums(rows, (0 * shares[0], 0 * shares[1]))
    came = sum(map(_came, rows))
    low, middle, high = np.quantile(drawn, [LOW, MIDDLE, HIGH]).tolist()
    chance = float((drawn <= came).mean())
    first, last = np.quantile(alone, [LOW, HIGH]).tolist()
    return Outcome(came, low, middle, high, chance), (first, last)


def _draw_sums(rows: Sequence[ReviewRow], shares: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return drawn sums of the totals, (DRAWS,); `shares`: of their variance that is shared."""
    names = [
        str(row.forecast["creator_id"] or row.forecast["handle"] or row.forecast["forecast_id"])
        for row in rows
    ]
    platforms = [str(row.forecast["platform"]) for row in rows]
    niches = [str(row.forecast["niche"] or "") for row in rows]
    u = draw_uniforms(names, platforms, niches, shares, DRAWS)
    return sum(forecast_quantile(row, u[:, place]) for place, row in enumerate(rows))  # type: ignore[return-value]
