"""What a bundle is asked in its trial: accounts of every platform and three sizes, at each evidence and format.

A bundle whose answers are not finite, in order and above 0 must not answer anybody.
"""

from collections.abc import Iterator

import numpy as np

from features.derive import derive_arrays
from features.history import DAY_US, History
from features.question import Questions
from features.readings import Readings
from features.vocabulary import EVIDENCE, FORMATS, PLATFORMS
from models.bundle import Bundle, BundleError
from models.distribution import Predictive
from models.forecast import Forecaster
from models.joint import JointForecast, joint_forecast
from models.linear import Linear
from models.reasons import reasons
from models.trees import reference_rows

FOLLOWERS = (3_000.0, 60_000.0, 2_000_000.0)
POSTS, DAYS_BETWEEN = 12, 4
#: Engagements or views of one partnership that no forecast reaches.
MOST = 1e12
#: What a correction of a logarithm of a count can come to at most.
LARGEST_LOG = 60.0
_SIZES = len(FOLLOWERS)
_ACCOUNTS = len(PLATFORMS) * _SIZES


def check_answers(bundle: Bundle) -> None:
    """Ask a bundle about everything that can be known of an account. Raises BundleError for an answer that is none."""
    with np.errstate(all="ignore"):  # what comes of it is looked at
        for what, forecaster in bundle.forecasters.items():
            _check_corrections(what, forecaster)
        x, deliverables = _questions(bundle)
        for rows in (slice(0, 1), slice(None)):  # few rows take another way than many
            joint = joint_forecast(bundle.forecasters, bundle.reference, x[rows], deliverables[rows])
            for what, forecast, questions in _forecasts(joint, x[rows]):
                _check_forecast(what, forecast, questions)
        _check_reasons(reasons(bundle.forecasters["engagements"], x, besides=joint.reasons()))
        _check_prices(bundle, x, deliverables)


def _check_corrections(what: str, forecaster: Forecaster) -> None:
    """Raise BundleError where boosters or lines give what no account can be off by, whatever is known of it."""
    dumps = [booster.dump_model() for booster in forecaster.trees_.boosters]
    boosted, scale_log = np.abs(forecaster.trees_.predict(reference_rows(dumps))).max(axis=0)
    line = max(_reach(line) for line in forecaster.linear_)
    named = {"boosted correction": boosted, "logarithm of the scale": scale_log, "linear correction": line}
    for name, largest in named.items():
        if not largest <= LARGEST_LOG:
            raise BundleError(f"the {name} of {what} can be {largest:g}, expected at most {LARGEST_LOG:g}")


def _reach(line: Linear) -> float:
    """Give the most that a line adds or takes off."""
    widest = np.maximum(np.abs(line.high - line.middle), np.abs(line.low - line.middle))
    return float(np.abs(line.intercept) + (np.abs(line.slope) * widest / line.scale).sum())


def _questions(bundle: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """Give derived columns and deliverables: accounts x evidences x formats, the last of which is not told."""
    now = int(bundle.reference.until_us.max()) + DAY_US
    history = _history(now, bundle.reference.horizon_days)
    formats = np.append(np.arange(len(FORMATS), dtype=float), np.nan)
    account, limit, shape = (
        grid.ravel() for grid in np.meshgrid(np.arange(_ACCOUNTS), np.arange(len(EVIDENCE)), formats, indexing="ij")
    )
    plan = {"format": shape, "evidence_limit": limit.astype(float), "sponsored": np.ones(len(account))}
    moment = np.full(len(account), now)
    x = derive_arrays(history, Questions.told(account, moment, moment + 7 * DAY_US, plan), bundle.reference)
    return x, 1.0 + np.arange(len(account)) % 3


def _history(now: int, horizon_days: int) -> History:
    """Give accounts, platform by platform, with posts whose counts grow with the followers."""
    platform, followers = np.repeat(np.arange(len(PLATFORMS), dtype=float), _SIZES), np.tile(FOLLOWERS, len(PLATFORMS))
    niche = np.where(np.arange(_ACCOUNTS) % 2, np.nan, 14.0)
    account = np.repeat(np.arange(_ACCOUNTS), POSTS)
    age = horizon_days + 1 + np.tile(np.arange(POSTS), _ACCOUNTS) * DAYS_BETWEEN
    likes = followers[account] * (0.02 + 0.002 * (age % 5))
    posts = {"likes": likes, "comments": likes * 0.03, "shares": likes * 0.02, "views": likes * 15}
    posts |= {"format": (age % len(FORMATS)).astype(float)}
    readings = Readings(account, now - age * DAY_US, np.full(len(account), now), np.arange(len(account)), posts, {})
    bios = ["Vegan recipes and baking"] * _ACCOUNTS
    profile = {"followers": followers, "niche": niche}
    return History.inline(platform, np.full(_ACCOUNTS, now), profile, bios, readings, horizon_days)


def _forecasts(joint: JointForecast, x: np.ndarray) -> Iterator[tuple[str, Predictive, np.ndarray]]:
    yield "engagements", joint.engagements, np.arange(len(x))
    if joint.views is not None:
        yield "views", joint.views, np.flatnonzero(joint.shown)


def _check_forecast(what: str, forecast: Predictive, rows: np.ndarray) -> None:
    """Raise BundleError for totals that are not finite, in order and above 0; `rows`: of the questions."""
    quantiles, mean = np.column_stack(list(forecast.named.values())), forecast.mean()
    sound = np.isfinite(quantiles).all(axis=1) & np.isfinite(mean)
    sound &= (np.diff(quantiles, axis=1) >= 0).all(axis=1) & (quantiles[:, 0] >= 0)
    sound &= (quantiles[:, -1] > 0) & (quantiles[:, -1] <= MOST)
    if not sound.all():
        at = int(np.flatnonzero(~sound)[0])
        account, evidence = divmod(int(rows[at]) // (len(FORMATS) + 1), len(EVIDENCE))
        low, middle, high = quantiles[at, [0, quantiles.shape[1] // 2, -1]]
        raise BundleError(
            f"of a creator with {FOLLOWERS[account % _SIZES]:,.0f} followers on {PLATFORMS[account // _SIZES]} it "
            f"forecasts {what} of {low:g}, {middle:g} and {high:g}, and {mean[at]:g} in the mean, from the "
            f"{EVIDENCE[evidence]}, expected finite numbers above 0 that ascend"
        )


def _check_reasons(answers: list[dict]) -> None:
    factors = np.array([factor["factor"] for row in answers for factor in row["factors"]])
    if not np.isfinite(factors).all():
        raise BundleError("its reasons are not finite")


def _check_prices(bundle: Bundle, x: np.ndarray, deliverables: np.ndarray) -> None:
    if bundle.benchmarks is not None:
        bundle.benchmarks.frame()
    if bundle.market_fee is None:
        return
    fees, source = bundle.market_fee.quote(x, deliverables)
    amounts = fees[np.array([name is not None for name in source])]
    if not np.isfinite(amounts).all() or (amounts <= 0).any() or (np.diff(amounts, axis=1) < 0).any():
        raise BundleError("its market fees are not finite amounts above 0 that ascend")
