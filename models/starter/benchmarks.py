"""Benchmarks of published rates: platform by band, and by niche where rates of niches are
published. Engagements, views and rates by followers alone: no deals are published.
"""

import numpy as np
from scipy.special import ndtri

from features.segments import MEASURES, QUANTILE_LEVELS, SegmentBenchmarks
from features.tables.vocabulary import BAND_EDGES, PLATFORMS
from models.starter.figures import creator_spreads
from models.starter.levels import LEAST_FOLLOWERS, niche_effects, starter_market

#: Followers up to which the largest band reaches; the middle of the band is then 2 million.
MOST_FOLLOWERS = 4e6


def starter_benchmarks() -> SegmentBenchmarks:
    """Return the segments, coarse before fine."""
    bands = [
        (name, low, high)
        for (name, low), high in zip(
            BAND_EDGES.items(), [*list(BAND_EDGES.values())[1:], MOST_FOLLOWERS], strict=True
        )
        if low >= LEAST_FOLLOWERS
    ]
    places = [(platform, band, "") for platform in PLATFORMS for band in bands]
    places += [
        (platform, band, niche)
        for platform in PLATFORMS
        for band in bands
        for niche in niche_effects(platform)
    ]
    logs = [
        _log_quantiles(platform, low, high, niche) for platform, (_, low, high), niche in places
    ]
    unknown = np.full(len(QUANTILE_LEVELS), np.nan)
    made = SegmentBenchmarks(
        segments=tuple((platform, band[0], niche, "") for platform, band, niche in places),
        creators={name: np.zeros(len(places), dtype=int) for name in MEASURES},
        quantiles={
            name: np.exp([one.get(name, unknown) for one in logs]).reshape(len(places), -1)
            for name in MEASURES
        },
        bands=tuple(BAND_EDGES),
        followers={},
        is_counted=False,
    )
    # figures have as many digits as in a saved bundle
    return SegmentBenchmarks.from_json(made.to_json())


def _log_quantiles(platform: str, low: float, high: float, niche: str) -> dict[str, np.ndarray]:
    """Return ln of the quantiles at QUANTILE_LEVELS of creators of `low` to `high` followers, by
    measure.

    Creators of one size are lognormal; sizes are even in ln followers over the band.
    """
    middle, half_width = np.log([low, high]).mean(), np.log(high / low) / np.sqrt(12)
    quantiles = {}
    for target in ("engagements", "views"):
        prior = starter_market(target).priors[platform]
        above = middle >= prior.knot if prior.knot is not None else False
        slope = prior.slope + prior.bend * above
        level = prior.intercept + prior.slope * middle + prior.niche_effects.get(niche, 0.0)
        level += prior.bend * above * (middle - (prior.knot or 0.0))
        spread = creator_spreads()[platform]
        z = ndtri(QUANTILE_LEVELS)
        quantiles[target] = level + float(np.hypot(spread, slope * half_width)) * z
        if target == "engagements":
            rate_sd = float(np.hypot(spread, (slope - 1) * half_width))
            quantiles["engagement_rate_by_followers"] = level - middle + rate_sd * z
    return quantiles
