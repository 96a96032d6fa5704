"""Tests of claims about creators on the user's own data, with intervals, numbers and "not shown".

Creators are the units. A result holds between the creators of these tables and explains nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.fit_reference import fit_reference
from features.fit_segments import describe_accounts
from features.history.deals import completed_deals
from features.history.history import History
from features.maturation.curve_text import curves_text, describe_curves
from features.number_text import format_money
from features.segments import MIN_SEGMENT_CREATORS
from features.tables.folder import read_tables
from features.tables.validate import validate
from features.tables.vocabulary import BAND_EDGES, HORIZON_DAYS, TARGETS
from training.backtest.metrics import interval
from training.platform_times import timestamps_by_platform, to_timestamp
from training.train import mature_end

#: Creators that a claim takes to be tested, and draws behind an interval.
ENOUGH_CREATORS, ROUNDS = 30, 1000


@dataclass(frozen=True)
class Claim:
    """A claim in words, and how it is tested.

    - `outcome`: what is compared
    - `contrast`: the step of the explaining variable
    - `expects_increase`: whether the outcome should be higher after that step
    - `no_data_text`: why the tables cannot test it
    """

    statement: str
    outcome: str
    contrast: str
    expects_increase: bool
    no_data_text: str


RATE_CLAIM = Claim(
    "small creators have higher engagement rates",
    "engagement rate by followers",
    "ten times the followers",
    expects_increase=False,
    no_data_text="no creator has followers and posts with known engagements",
)
FOCUS_CLAIM = Claim(
    "a niche focus goes with more engagement",
    "engagements beside what followers and niche suggest",
    "one standard deviation more focus of what it writes about",
    expects_increase=True,
    no_data_text="no creator's text tells how focused it is",
)
COST_CLAIM = Claim(
    "small creators cost less per engagement",
    "cost per engagement",
    "ten times the followers",
    expects_increase=True,
    no_data_text="no partnership has both a fee and engagements",
)


@dataclass(frozen=True)
class Finding:
    """The test of a claim on one platform.

    - `effect`, `low`, `high`: ln of the outcome's ratio with its 95 % interval, NaN for too few
      creators
    - `is_shown`: True where the interval lies on the claim's side of 0, False on the other side,
      None where neither is shown
    """

    platform: str
    creators: int
    effect: float
    low: float
    high: float
    is_shown: bool | None


def claims_report(
    data: Path, say: Callable[[str], None] = lambda text: None, horizon_days: int = HORIZON_DAYS
) -> str:
    """Test the claims on the tables in `data` and return the report as text.

    Raises features.tables.frames.DataFolderError, features.tables.validate.InvalidTables or
    features.derive.reference.TooLittleData.
    """
    say(f"reading {data}")
    tables = validate(read_tables(data))
    history = History.from_tables(tables)
    ends = mature_end(history)
    until = int(ends.max())
    reference = fit_reference(history, ends, horizon_days=horizon_days)
    accounts = describe_accounts(history, reference, to_timestamp(until))
    deals = completed_deals(reference.at_horizon(history), tables.partnerships, until)
    accounts["cpe_usd"] = np.log(deals.groupby("account")["cpe_usd"].median()).reindex(
        accounts.index
    )
    lines = [
        (
            f"claims tested on {tables.trained_on} data: {len(accounts):,} accounts as of "
            f"{to_timestamp(until):%Y-%m-%d}"
        ),
        curves_text(
            describe_curves(reference.maturation, timestamps_by_platform(history, ends)),
            TARGETS[0],
            horizon_days,
        ),
        "creators are the units; intervals are 95 %, over creators drawn with replacement",
        *_section(RATE_CLAIM, size_findings(accounts, "engagement_rate_by_followers", RATE_CLAIM)),
        *_band_lines(accounts, "engagement_rate_by_followers", "{:.2%}".format),
        *_section(FOCUS_CLAIM, focus_findings(accounts)),
        *_section(COST_CLAIM, size_findings(accounts, "cpe_usd", COST_CLAIM)),
        *_band_lines(accounts, "cpe_usd", format_money),
    ]
    if tables.trained_on == "simulated":
        lines += [
            "",
            "simulated data: a demo and a test bench; nothing about real creators follows from it",
        ]
    return "\n".join(lines)


def size_findings(accounts: pd.DataFrame, outcome: str, claim: Claim) -> list[Finding]:
    """Test on each platform whether `outcome` (ln) depends on size: its slope on log10 of
    followers.

    `accounts`: as features.fit_segments.describe_accounts returns, with cpe_usd.
    """
    tested = accounts[accounts[outcome].notna() & (accounts["followers"] > 0)]
    return [
        _finding(
            platform,
            np.log10(group["followers"].to_numpy()),
            group[outcome].to_numpy(),
            claim.expects_increase,
        )
        for platform, group in tested.groupby("platform")
    ]


def focus_findings(accounts: pd.DataFrame) -> list[Finding]:
    """Test on each platform whether engagements depend on niche focus, given size and niche."""
    tested = accounts[
        accounts[["engagements", "niche_focus"]].notna().all(axis=1) & (accounts["followers"] > 0)
    ]
    findings = []
    for platform, group in tested.groupby("platform"):
        size = np.log(group["followers"].to_numpy())
        niches = pd.get_dummies(group["niche"].fillna("unknown"), dtype=float).to_numpy()
        # the niches add up to one, so they include the constant; with few creators they would
        # explain almost everything
        suggested = niches if len(group) > 5 * niches.shape[1] else np.ones((len(group), 1))
        suggested = np.column_stack([suggested, size, size**2])
        focus, remainder = (
            _residuals(suggested, group[name].to_numpy()) for name in ("niche_focus", "engagements")
        )
        findings.append(
            _finding(
                platform, focus / max(focus.std(), 1e-9), remainder, FOCUS_CLAIM.expects_increase
            )
        )
    return findings


def _residuals(suggested: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return what a least-squares fit on the columns `suggested` (n, k) leaves of values (n,)."""
    return values - suggested @ np.linalg.lstsq(suggested, values, rcond=None)[0]


def _finding(platform: str, x: np.ndarray, y: np.ndarray, more: bool) -> Finding:
    if len(y) < ENOUGH_CREATORS or np.ptp(x) < 1e-6:
        return Finding(platform, len(y), np.nan, np.nan, np.nan, None)
    draws = np.random.default_rng(0).multinomial(len(y), np.full(len(y), 1 / len(y)), size=ROUNDS)
    low, high = interval(_slopes(x, y, draws))
    effect = float(_slopes(x, y, np.ones((1, len(y))))[0])
    return Finding(
        platform, len(y), effect, low, high, None if low <= 0 <= high else (low > 0) == more
    )


def _slopes(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the least-squares slope of y on x under each row of weights, (rounds,)."""
    total = weights.sum(axis=1)
    mean_x, mean_y, mean_xy, mean_xx = (weights @ values / total for values in (x, y, x * y, x * x))
    return (mean_xy - mean_x * mean_y) / (mean_xx - mean_x**2)


_SAYS = {
    True: "shown by this data",
    False: "the opposite is shown by this data",
    None: "not shown by this data",
}


def _section(claim: Claim, findings: list[Finding]) -> list[str]:
    lines = ["", f'"{claim.statement}"', f"  {claim.outcome}, for {claim.contrast}:"]
    if not findings:
        return [*lines[:2], f"  this data cannot show it: {claim.no_data_text}"]
    for one in findings:
        extent = f"{one.creators:,} creators"
        if np.isnan(one.effect):
            lines.append(
                f"    {one.platform:<10} this data cannot show it: {extent}, {ENOUGH_CREATORS} "
                f"are needed"
            )
            continue
        times = f"x{np.exp(one.effect):.2f} ({np.exp(one.low):.2f} to {np.exp(one.high):.2f})"
        lines.append(f"    {one.platform:<10} {times:<23} {extent}: {_SAYS[one.is_shown]}")
    return lines


def _band_lines(accounts: pd.DataFrame, outcome: str, words: Callable[[float], str]) -> list[str]:
    """Return the median of each platform and band with its interval, for enough creators."""
    tested = accounts[accounts[outcome].notna() & accounts["band"].notna()]
    values_by_band = {
        key: np.exp(group.to_numpy())
        for key, group in tested.groupby(["platform", "band"])[outcome]
    }
    lines = []
    bands = list(BAND_EDGES)
    for platform, band in sorted(values_by_band, key=lambda key: (key[0], bands.index(key[1]))):
        values = values_by_band[platform, band]
        if len(values) < MIN_SEGMENT_CREATORS:
            continue
        draws = np.median(np.random.default_rng(0).choice(values, (ROUNDS, len(values))), axis=1)
        low, high = (words(value) for value in interval(draws))
        middle = words(np.median(values))
        lines.append(
            f"    {platform:<10} {band:<9} {middle:>9} ({low} to {high}), {len(values):,} creators"
        )
    return ["  medians:", *lines] if lines else []
