"""What a bundle is asked in its trial: accounts of every platform, size and niche, at each evidence
and format.

Accounts with posts are asked about from every evidence and for many numbers of deliverables,
accounts without posts with a vendor's averages and without, in every niche. A bundle whose answers
are not finite, in order and possible must not answer anybody; a wrong figure that is possible is
not found here.
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
from features.tables.vocabulary import EVIDENCE, FORMATS, NICHES, PLATFORMS
from models.booster_engine import probe_rows
from models.bundle import Bundle
from models.bundle_files import BundleError
from models.conformal import GRID
from models.distribution import PredictiveDistribution
from models.forecast import Forecaster
from models.joint import JointForecast, joint_forecast
from models.linear import LinearCorrection
from models.reasons import reasons
from models.totals import SCALE_GRID

#: The last is of an account whose followers are not known.
FOLLOWERS = (3_000.0, 60_000.0, 2_000_000.0, np.nan)
POSTS, DAYS_BETWEEN = 12, 4
TRIAL_DELIVERABLES = (1.0, 2.0, 3.0, 4.0, 5.0, 30.0, 100.0)
#: Engagements or views of one deliverable that no forecast reaches, and USD that none costs.
MOST, MOST_USD = 1e12, 1e9
#: How far the median a deliverable of several may lie off that of one: the largest factor.
MOST_APART = 3.0
#: How far tables of totals may lie off what the scores give: they are kept to six decimals.
ROUNDED = 1e-5
#: What a correction of a logarithm of a count can come to at most.
LARGEST_LOG = 60.0
_SIZES = len(FOLLOWERS)
_ACCOUNTS = len(PLATFORMS) * _SIZES


def check_answers(bundle: Bundle) -> None:
    """Ask a bundle about everything that can be known of an account. Raises BundleError for an
    answer that is none.
    """
    with np.errstate(all="ignore"):  # what comes of it is looked at
        for what, forecaster in bundle.forecasters.items():
            _check_corrections(what, forecaster)
        x = np.vstack(
            [np.repeat(_of_posts(bundle), len(TRIAL_DELIVERABLES), axis=0), _of_profiles(bundle)]
        )
        deliverables = np.resize(TRIAL_DELIVERABLES, len(x))
        for rows in (slice(0, 1), slice(None)):  # few rows take another way than many
            joint = joint_forecast(
                bundle.forecasters, bundle.reference, x[rows], deliverables[rows]
            )
            for what, forecast, questions in _forecasts(joint, x[rows]):
                _check_forecast(what, forecast, x[questions])
        for what, forecaster in bundle.forecasters.items():
            _check_totals(what, forecaster)
        some = slice(None, None, len(TRIAL_DELIVERABLES))
        besides = {name: values[some] for name, values in joint.reasons().items()}
        _check_reasons(reasons(bundle.forecasters["engagements"], x[some], besides=besides))
        _check_prices(bundle, x, deliverables)


def _check_corrections(what: str, forecaster: Forecaster) -> None:
    """Raise BundleError where boosters or lines give what no account can be off by, whatever is
    known of it.
    """
    dumps = [booster.dump_model() for booster in forecaster.trees_.boosters]
    boosted, scale_log = np.abs(forecaster.trees_.predict(probe_rows(dumps))).max(axis=0)
    line = max(_reach(line) for line in forecaster.linear_)
    named = {
        "boosted correction": boosted,
        "logarithm of the scale": scale_log,
        "linear correction": line,
    }
    for name, largest in named.items():
        if not largest <= LARGEST_LOG:
            raise BundleError(
                f"the {name} of {what} can be {largest:g}, expected at most {LARGEST_LOG:g}"
            )


def _reach(line: LinearCorrection) -> float:
    """Give the most that a line adds or takes off."""
    widest = np.maximum(np.abs(line.high - line.middle), np.abs(line.low - line.middle))
    return float(np.abs(line.intercept) + (np.abs(line.slope) * widest / line.scale).sum())


def _of_posts(bundle: Bundle) -> np.ndarray:
    """Give derived columns: accounts with posts x evidences x formats, the last of which is not
    told.
    """
    now = _now(bundle)
    formats = np.append(np.arange(len(FORMATS), dtype=float), np.nan)
    account, limit, shape = (
        grid.ravel()
        for grid in np.meshgrid(
            np.arange(_ACCOUNTS), np.arange(len(EVIDENCE)), formats, indexing="ij"
        )
    )
    plan = {
        "format": shape,
        "evidence_limit": limit.astype(float),
        "sponsored": np.ones(len(account)),
    }
    return _derived(bundle, _history(now, bundle.reference.horizon_days), account, plan)


def _of_profiles(bundle: Bundle) -> np.ndarray:
    """Give derived columns: accounts without posts, with averages and without, in every niche, for
    a brand of it.
    """
    niches = np.append(np.arange(len(NICHES), dtype=float), np.nan)
    platform, followers, niche, told = (
        grid.ravel()
        for grid in np.meshgrid(
            np.arange(len(PLATFORMS), dtype=float), FOLLOWERS, niches, [1.0, np.nan], indexing="ij"
        )
    )
    level = np.nan_to_num(followers, nan=FOLLOWERS[0]) * 0.03 * told
    averages = {
        "avg_likes": level,
        "avg_comments": level * 0.03,
        "avg_shares": level * 0.02,
        "avg_views": level * 15,
    }
    account, now = np.arange(len(platform)), _now(bundle)
    profile = {"followers": followers, "niche": niche}
    horizon = bundle.reference.horizon_days
    history = History.from_profiles(
        platform, np.full(len(account), now), profile, horizon_days=horizon
    )
    formats = (account // 2 % len(FORMATS)).astype(float)
    plan = {"format": formats, "brand_niche": niche, "sponsored": np.ones(len(account))}
    return _derived(bundle, history, account, plan | averages)


def _now(bundle: Bundle) -> int:
    return int(bundle.reference.training_end_us.max()) + DAY_US


def _derived(
    bundle: Bundle, history: History, account: np.ndarray, told: dict[str, np.ndarray]
) -> np.ndarray:
    moment = np.full(len(account), _now(bundle))
    return derive_arrays(
        history, Queries.from_arrays(account, moment, moment + 7 * DAY_US, told), bundle.reference
    )


def _history(now: int, horizon_days: int) -> History:
    """Give accounts, platform by platform, with posts whose counts grow with the followers."""
    platform, followers = (
        np.repeat(np.arange(len(PLATFORMS), dtype=float), _SIZES),
        np.tile(FOLLOWERS, len(PLATFORMS)),
    )
    niche = np.where(np.arange(_ACCOUNTS) % 2, np.nan, 14.0)
    account = np.repeat(np.arange(_ACCOUNTS), POSTS)
    age = horizon_days + 1 + np.tile(np.arange(POSTS), _ACCOUNTS) * DAYS_BETWEEN
    likes = np.nan_to_num(followers, nan=FOLLOWERS[0])[account] * (0.02 + 0.002 * (age % 5))
    posts = {"likes": likes, "comments": likes * 0.03, "shares": likes * 0.02, "views": likes * 15}
    posts |= {"format": (age % len(FORMATS)).astype(float)}
    readings = PostReadings(
        account, now - age * DAY_US, np.full(len(account), now), np.arange(len(account)), posts, {}
    )
    bios = ["Vegan recipes and baking"] * _ACCOUNTS
    profile = {"followers": followers, "niche": niche}
    return History.from_profiles(
        platform, np.full(_ACCOUNTS, now), profile, bios, readings, horizon_days
    )


def _forecasts(
    joint: JointForecast, x: np.ndarray
) -> Iterator[tuple[str, PredictiveDistribution, np.ndarray]]:
    yield "engagements", joint.engagements, np.arange(len(x))
    if joint.views is not None:
        yield "views", joint.views, np.flatnonzero(joint.has_views)


def _check_forecast(what: str, forecast: PredictiveDistribution, x: np.ndarray) -> None:
    """Raise BundleError for totals that are not finite, in order, above 0 and possible; `x`: their
    questions.
    """
    quantiles, mean, deliverables = (
        np.column_stack(list(forecast.quantiles_by_name.values())),
        forecast.mean(),
        forecast.deliverables,
    )
    middle = quantiles.shape[1] // 2
    one = replace(forecast, deliverables=np.ones(len(mean))).quantiles_by_name
    each, lowest, highest = quantiles[:, middle] / deliverables, one["p05"], one["p95"]
    most = MOST * deliverables
    sound = np.isfinite(quantiles).all(axis=1) & (mean > 0) & (mean <= most)
    sound &= (np.diff(quantiles, axis=1) >= 0).all(axis=1) & (quantiles[:, 0] >= 0)
    sound &= (quantiles[:, -1] > 0) & (quantiles[:, -1] <= most)
    # where single ones vary by more than that, the median of several lies among them still
    sound &= each + 1 <= np.maximum((one["p50"] + 1) * MOST_APART, highest + 1)
    sound &= each + 1 >= np.minimum((one["p50"] + 1) / MOST_APART, lowest + 1)
    if not sound.all():
        at = int(np.flatnonzero(~sound)[0])
        row, (low, typical, high) = x[at : at + 1], quantiles[at, [0, middle, -1]]
        followers = np.expm1(feature_column(row, "followers_log"))[0]
        size = "an unknown number of" if np.isnan(followers) else f"{followers:,.0f}"
        raise BundleError(
            f"of a creator with {size} followers on "
            f"{PLATFORMS[int(feature_column(row, 'platform_code')[0])]} it "
            f"forecasts {what} of {low:g}, {typical:g} and {high:g}, and {mean[at]:g} in the "
            "mean, for "
            f"{deliverables[at]:g} deliverable(s), and {one['p50'][at]:g} for one, from the "
            f"{EVIDENCE[int(feature_column(row, f'{what}_evidence_code')[0])]}, expected finite "
            "numbers above 0 that ascend, "
            f"at most {MOST:g} for each deliverable, whose medians are alike within "
            f"{MOST_APART:g} times"
        )


def _check_totals(what: str, forecaster: Forecaster) -> None:
    """Raise BundleError where the tables of totals are not what the scores of the same forecaster
    give.
    """
    totals, conformal = forecaster.totals_, forecaster.conformal_
    for number, (z, ceiling) in enumerate(zip(conformal.z, conformal.ceiling, strict=True)):
        ends = SCALE_GRID[:, None, None] * z[[0, -1]]
        own = totals.quantiles[number]
        outside = max(
            (ends[..., :1] - own).max(),
            (own - ends[..., 1:]).max(),
            np.abs(own[:, 0] - SCALE_GRID[:, None] * z).max(),
        )
        fine = np.interp((np.arange(4000) + 0.5) / 4000, GRID, z)
        log_mean = np.log(np.exp(np.minimum(SCALE_GRID[:, None] * fine, ceiling)).mean(axis=1))
        outside = max(outside, np.abs(totals.log_mean[number] - log_mean).max())
        if not outside <= ROUNDED:
            raise BundleError(
                f"the totals or means of {what} can be off their scores by {outside:g}, expected "
                "at most 0"
            )


def _check_reasons(answers: list[dict]) -> None:
    factors = np.array([factor["factor"] for row in answers for factor in row["factors"]])
    if not np.isfinite(factors).all():
        raise BundleError("its reasons are not finite")


def _check_prices(bundle: Bundle, x: np.ndarray, deliverables: np.ndarray) -> None:
    if bundle.benchmarks is not None:
        bundle.benchmarks.to_frame()
    if bundle.market_fee is None:
        return
    fees, source = bundle.market_fee.quote(x, deliverables)
    sold = np.array([name is not None for name in source])
    amounts = fees[sold] / deliverables[sold, None]
    if not ((amounts > 0) & (amounts <= MOST_USD)).all() or (np.diff(amounts, axis=1) < 0).any():
        raise BundleError(
            f"its market fees can be {amounts.min():g} to {amounts.max():g} USD a deliverable, "
            "expected amounts "
            f"above 0 that ascend, at most {MOST_USD:g}"
        )
