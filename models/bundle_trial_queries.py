"""The queries of a bundle's trial, and the checks of its forecasts.

Accounts with posts: every platform and size, each evidence and format, several numbers of
deliverables. Accounts without posts: every platform, size and niche, with a vendor's averages and
without. A bundle whose forecasts are not finite, in order and possible must not be used. A wrong
figure that is possible passes.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from features.derive.catalog import feature_column
from features.derive.derive import derive_arrays
from features.derive.queries import Queries
from features.history.arrays import DAY_US
from features.history.history import History
from features.history.post_readings import PostReadings
from features.tables.vocabulary import (
    EVIDENCE,
    FORMATS,
    MATURE_DAYS,
    MOST_HORIZON_DAYS,
    NICHES,
    PLATFORMS,
)
from models.booster_engine import probe_rows
from models.bundle import Bundle
from models.bundle_files import BundleError
from models.conformal import GRID
from models.distribution import PredictiveDistribution
from models.fitted_forecaster import FittedForecaster
from models.joint import JointForecast, joint_forecast, lacks_curve
from models.linear import LinearCorrection
from models.reasons import reasons
from models.totals import SCALE_GRID

#: Sizes of the accounts; NaN for unknown.
FOLLOWERS = (3_000.0, 60_000.0, 2_000_000.0, np.nan)
POSTS, DAYS_BETWEEN = 12, 4
TRIAL_DELIVERABLES = (1.0, 2.0, 3.0, 4.0, 5.0, 30.0, 100.0)
#: Days after posting that are asked for; NaN for the bundle's horizon.
TRIAL_HORIZONS = (np.nan, 1.0, float(MOST_HORIZON_DAYS))
#: Upper bounds of a forecast: engagements or views of one deliverable, and USD of one.
MOST, MOST_USD = 1e12, 1e9
#: Largest factor between the median of one deliverable and the median a deliverable of several.
MOST_APART = 3.0
#: Largest error of a table of totals: a bundle has them to six decimals.
ROUNDED = 1e-5
#: Upper bound of a correction of the logarithm of a count.
LARGEST_LOG = 60.0
_SIZES = len(FOLLOWERS)
_ACCOUNTS = len(PLATFORMS) * _SIZES


def check_answers(bundle: Bundle) -> None:
    """Make forecasts for all queries of the trial and check them. Raises BundleError for the first
    fault.
    """
    with np.errstate(all="ignore"):  # the checks find what an overflow leads to
        for target, forecaster in bundle.forecasters.items():
            _check_corrections(target, forecaster)
        with_posts = np.repeat(_of_posts(bundle), len(TRIAL_DELIVERABLES), axis=0)
        x = np.vstack([with_posts, _of_profiles(bundle)])
        deliverables, horizons = np.resize(TRIAL_DELIVERABLES, len(x)), _horizons(bundle, x)
        for rows in (slice(0, 1), slice(None)):  # one row takes other code than many
            joint = joint_forecast(
                bundle.forecasters,
                bundle.reference,
                x[rows],
                deliverables[rows],
                horizon_days=horizons[rows],
            )
            for target, forecast, forecast_rows in _forecasts(joint, x[rows]):
                _check_forecast(target, forecast, x[forecast_rows])
        for target, forecaster in bundle.forecasters.items():
            _check_totals(target, forecaster)
        some = slice(None, None, len(TRIAL_DELIVERABLES))
        joint_reasons = {name: values[some] for name, values in joint.reasons().items()}
        forecaster = bundle.forecasters["engagements"]
        explained = reasons(
            forecaster,
            x[some],
            besides=joint_reasons,
            reference=bundle.reference,
            horizon_days=horizons[some],
        )
        _check_reasons(explained)
        _check_prices(bundle, x, deliverables)


def _check_corrections(target: str, forecaster: FittedForecaster) -> None:
    """Raise BundleError where the boosters or lines of a forecaster can reach LARGEST_LOG."""
    dumps = [booster.dump() for booster in forecaster.trees_.boosters]
    boosted, scale_log = np.abs(forecaster.trees_.predict(probe_rows(dumps))).max(axis=0)
    linear = max(_largest_correction(line) for line in forecaster.linear_)
    largest_by_name = {
        "boosted correction": boosted,
        "logarithm of the scale": scale_log,
        "linear correction": linear,
    }
    for name, largest in largest_by_name.items():
        if not largest <= LARGEST_LOG:
            raise BundleError(
                f"the {name} of {target} can be {largest:g}, expected at most {LARGEST_LOG:g}"
            )


def _largest_correction(line: LinearCorrection) -> float:
    """Return the largest absolute correction that a line can give."""
    widest = np.maximum(np.abs(line.high - line.middle), np.abs(line.low - line.middle))
    return float(np.abs(line.intercept) + (np.abs(line.slope) * widest / line.scale).sum())


def _horizons(bundle: Bundle, x: np.ndarray) -> np.ndarray:
    """Return the horizon that each row asks for in days, (n,): TRIAL_HORIZONS by turns, NaN where
    its platform has no curve.
    """
    horizons = np.resize(TRIAL_HORIZONS, len(x))
    platform = feature_column(x, "platform_code")
    lacking = lacks_curve("engagements", platform, horizons, bundle.reference)
    return np.where(lacking, np.nan, horizons)


def _of_posts(bundle: Bundle) -> np.ndarray:
    """Return the derived columns of accounts with posts x evidences x formats, (n, columns).

    The last format is unknown.
    """
    now = _now(bundle)
    formats = np.append(np.arange(len(FORMATS), dtype=float), np.nan)
    grids = np.meshgrid(np.arange(_ACCOUNTS), np.arange(len(EVIDENCE)), formats, indexing="ij")
    account, limit, format_code = (grid.ravel() for grid in grids)
    plan = {
        "format": format_code,
        "evidence_limit": limit.astype(float),
        "sponsored": np.ones(len(account)),
    }
    return _derived(bundle, _history(now), account, plan)


def _of_profiles(bundle: Bundle) -> np.ndarray:
    """Return the derived columns of accounts without posts, (n, columns): with a vendor's averages
    and without, in every niche, each for a brand of the same niche.
    """
    platforms = np.arange(len(PLATFORMS), dtype=float)
    niches = np.append(np.arange(len(NICHES), dtype=float), np.nan)
    with_averages = [1.0, np.nan]
    grids = np.meshgrid(platforms, FOLLOWERS, niches, with_averages, indexing="ij")
    platform, followers, niche, has_averages = (grid.ravel() for grid in grids)
    level = np.nan_to_num(followers, nan=FOLLOWERS[0]) * 0.03 * has_averages
    averages = {
        "avg_likes": level,
        "avg_comments": level * 0.03,
        "avg_shares": level * 0.02,
        "avg_views": level * 15,
    }
    account, now = np.arange(len(platform)), _now(bundle)
    profile = {"followers": followers, "niche": niche}
    history = History.from_profiles(platform, np.full(len(account), now), profile)
    formats = (account // 2 % len(FORMATS)).astype(float)
    plan = {"format": formats, "brand_niche": niche, "sponsored": np.ones(len(account))}
    return _derived(bundle, history, account, plan | averages)


def _now(bundle: Bundle) -> int:
    """Return the moment of the queries: a day after the end of the training data, microseconds."""
    return int(bundle.reference.training_end_us.max()) + DAY_US


def _derived(
    bundle: Bundle, history: History, account: np.ndarray, plan: dict[str, np.ndarray]
) -> np.ndarray:
    """Return the derived columns of partnerships that start in a week, (n, columns)."""
    as_of = np.full(len(account), _now(bundle))
    queries = Queries.from_arrays(account, as_of, as_of + 7 * DAY_US, plan)
    return derive_arrays(history, queries, bundle.reference)


def _history(now: int) -> History:
    """Return accounts of each platform and size, whose posts have counts that grow with the
    followers.
    """
    platform = np.repeat(np.arange(len(PLATFORMS), dtype=float), _SIZES)
    followers = np.tile(FOLLOWERS, len(PLATFORMS))
    niche = np.where(np.arange(_ACCOUNTS) % 2, np.nan, 14.0)
    account = np.repeat(np.arange(_ACCOUNTS), POSTS)
    age = MATURE_DAYS + 1 + np.tile(np.arange(POSTS), _ACCOUNTS) * DAYS_BETWEEN
    likes = np.nan_to_num(followers, nan=FOLLOWERS[0])[account] * (0.02 + 0.002 * (age % 5))
    posts = {"likes": likes, "comments": likes * 0.03, "shares": likes * 0.02, "views": likes * 15}
    posts |= {"format": (age % len(FORMATS)).astype(float)}
    readings = PostReadings(
        account, now - age * DAY_US, np.full(len(account), now), np.arange(len(account)), posts, {}
    )
    bios = ["Vegan recipes and baking"] * _ACCOUNTS
    profile = {"followers": followers, "niche": niche}
    return History.from_profiles(platform, np.full(_ACCOUNTS, now), profile, bios, readings)


def _forecasts(
    joint: JointForecast, x: np.ndarray
) -> Iterator[tuple[str, PredictiveDistribution, np.ndarray]]:
    """Yield each target, its forecast, and the rows of x that it is of."""
    yield "engagements", joint.engagements, np.arange(len(x))
    if joint.views is not None:
        yield "views", joint.views, np.flatnonzero(joint.has_views)


def _check_forecast(target: str, forecast: PredictiveDistribution, x: np.ndarray) -> None:
    """Raise BundleError for totals that are not finite, in order, above 0 and possible.

    `x`: the derived columns of the queries, (n, columns).
    """
    quantiles = np.column_stack(list(forecast.quantiles_by_name.values()))
    mean = forecast.mean()
    deliverables = forecast.deliverables
    middle = quantiles.shape[1] // 2
    most = MOST * deliverables
    is_possible = np.isfinite(quantiles).all(axis=1) & (mean > 0) & (mean <= most)
    is_possible &= (np.diff(quantiles, axis=1) >= 0).all(axis=1) & (quantiles[:, 0] >= 0)
    is_possible &= (quantiles[:, -1] > 0) & (quantiles[:, -1] <= most)
    one = replace(forecast, deliverables=np.ones(len(mean))).quantiles_by_name
    median_each = quantiles[:, middle] / deliverables
    # the factor may be larger where single deliverables vary by more than that
    highest = np.maximum((one["p50"] + 1) * MOST_APART, one["p95"] + 1)
    lowest = np.minimum((one["p50"] + 1) / MOST_APART, one["p05"] + 1)
    is_possible &= (median_each + 1 <= highest) & (median_each + 1 >= lowest)
    if not is_possible.all():
        at = int(np.flatnonzero(~is_possible)[0])
        row, (low, typical, high) = x[at : at + 1], quantiles[at, [0, middle, -1]]
        followers = np.expm1(feature_column(row, "followers_log"))[0]
        size = "an unknown number of" if np.isnan(followers) else f"{followers:,.0f}"
        raise BundleError(
            f"of a creator with {size} followers on "
            f"{PLATFORMS[int(feature_column(row, 'platform_code')[0])]} it "
            f"forecasts {target} of {low:g}, {typical:g} and {high:g}, and {mean[at]:g} in the "
            "mean, for "
            f"{deliverables[at]:g} deliverable(s), and {one['p50'][at]:g} for one, from the "
            f"{EVIDENCE[int(feature_column(row, f'{target}_evidence_code')[0])]}, expected finite "
            "numbers above 0 that ascend, "
            f"at most {MOST:g} for each deliverable, whose medians are alike within "
            f"{MOST_APART:g} times"
        )


def _check_totals(target: str, forecaster: FittedForecaster) -> None:
    """Raise BundleError where the tables of totals do not fit the scores of the same forecaster."""
    totals, conformal = forecaster.totals_, forecaster.conformal_
    for number, (z, ceiling) in enumerate(zip(conformal.z, conformal.ceiling, strict=True)):
        ends = SCALE_GRID[:, None, None] * z[[0, -1]]
        quantiles = totals.quantiles[number]
        outside = max(
            (ends[..., :1] - quantiles).max(),
            (quantiles - ends[..., 1:]).max(),
            np.abs(quantiles[:, 0] - SCALE_GRID[:, None] * z).max(),
        )
        fine = np.interp((np.arange(4000) + 0.5) / 4000, GRID, z)
        log_mean = np.log(np.exp(np.minimum(SCALE_GRID[:, None] * fine, ceiling)).mean(axis=1))
        outside = max(outside, np.abs(totals.log_mean[number] - log_mean).max())
        if not outside <= ROUNDED:
            raise BundleError(
                f"the totals or means of {target} can be off their scores by {outside:g}, expected "
                "at most 0"
            )


def _check_reasons(reasons_of_rows: list[dict]) -> None:
    """Raise BundleError for a factor that is not finite."""
    factors = [factor["factor"] for row in reasons_of_rows for factor in row["factors"]]
    if not np.isfinite(factors).all():
        raise BundleError("its reasons are not finite")


def _check_prices(bundle: Bundle, x: np.ndarray, deliverables: np.ndarray) -> None:
    """Raise BundleError for market fees that are not positive, in order and possible.

    The benchmarks are read as well: reading raises where they are damaged.
    """
    if bundle.benchmarks is not None:
        bundle.benchmarks.to_frame()
    if bundle.market_fee is None:
        return
    fees, source = bundle.market_fee.quote(x, deliverables)
    has_fee = np.array([name is not None for name in source])
    amounts = fees[has_fee] / deliverables[has_fee, None]
    if not ((amounts > 0) & (amounts <= MOST_USD)).all() or (np.diff(amounts, axis=1) < 0).any():
        raise BundleError(
            f"its market fees can be {amounts.min():g} to {amounts.max():g} USD a deliverable, "
            "expected amounts "
            f"above 0 that ascend, at most {MOST_USD:g}"
        )
