"""What a forecast suffers from, by name: the warnings of an answer."""

import numpy as np

from features.derive.catalog import feature_column
from features.derive.market_priors import MIN_CREATORS
from features.derive.reference import Reference
from features.history.arrays import DAY_US
from features.history.post_use import LOSSLESS_USES, PostUse
from features.tables.vocabulary import PLATFORMS
from models.bundle import Bundle

#: Days after the end of training from which a model is old: up to there it was measured to hold
#: (docs/method.md).
MODEL_OLD_DAYS = 180
#: The warning of a row none of whose posts counts, by the use of one of them.
_UNUSED_POST_WARNINGS = {
    PostUse.INCOMPLETE: "recent_posts_incomplete",
    PostUse.HIDDEN_LIKES: "recent_posts_hidden_likes",
    PostUse.READ_TOO_EARLY: "recent_posts_read_too_early",
    PostUse.TOO_YOUNG: "recent_posts_too_young",
    PostUse.AFTER_AS_OF: "recent_posts_after_as_of",
    PostUse.REPOST: "recent_posts_are_reposts",
    PostUse.KNOWN_ALREADY: "recent_posts_known_already",
}


def forecast_warnings(
    x: np.ndarray, formats: np.ndarray, reference: Reference, longest_lead_days: float
) -> dict:
    """Say by name which rows of the derived matrix, (n,), have what; `formats`: positions (n,), NaN
    where not told.
    """
    niche = feature_column(x, "niche_code")
    creators = reference.engagements.creator_counts(feature_column(x, "platform_code"))
    return {
        "followers_unknown": np.isnan(feature_column(x, "followers_log")),
        "followers_read_after_as_of": feature_column(x, "followers_late_flag") == 1,
        "posts_read_after_as_of": feature_column(x, "readings_late_share") > 0,
        "niche_unknown": np.isnan(niche),
        "niche_from_text": (feature_column(x, "niche_declared_flag") == 0) & ~np.isnan(niche),
        "format_not_told": np.isnan(formats),
        "lead_beyond_training": feature_column(x, "lead_days") > longest_lead_days,
        "few_creators_of_platform_in_training": (creators > 0) & (creators < MIN_CREATORS),
        "platform_not_in_training": creators == 0,
        "format_not_in_training": (creators > 0)
        & ~np.isnan(formats)
        & ~_posts_of_format(x, formats, reference),
        "niche_not_in_training": ~reference.niches_in_training[
            np.where(np.isnan(niche), -1, niche).astype(int)
        ],
        "no_sponsored_posts_in_training": np.full(len(x), reference.sponsored_posts == 0),
    }


def model_age_warnings(x: np.ndarray, as_of: np.ndarray, reference: Reference) -> dict:
    """Say by name for which rows, asked as of moments (n,) in microseconds UTC, their platform's
    training is old.
    """
    until = reference.training_end_us[feature_column(x, "platform_code").astype(int)]
    return {"model_old": as_of - until > MODEL_OLD_DAYS * DAY_US}


def validation_warnings(x: np.ndarray, bundle: Bundle) -> dict:
    """Say by name which rows, (n,), stand on a platform of training whose forecasts no later post
    has proved.

    `platform_not_calibrated`: none set its intervals; `platform_not_backtested`: none stands in the
    record.
    """
    platform = feature_column(x, "platform_code").astype(int)
    trained = bundle.reference.engagements.has_creators(platform)
    calibrated = bundle.forecasters["engagements"].conformal_.n.sum(axis=1) > 0
    platforms = bundle.manifest.get("platforms", {})
    judged = np.array([platforms.get(name, {}).get("backtest", 0) > 0 for name in PLATFORMS])
    return {
        "platform_not_calibrated": trained & ~calibrated[platform],
        "platform_not_backtested": trained & ~judged[platform],
    }


def views_warnings(x: np.ndarray, has_views: np.ndarray, reference: Reference) -> dict:
    """Say by name what the views of rows suffer from; `has_views` (n,): rows whose views are
    forecast.
    """
    if reference.views is None:
        return {}
    return {
        "views_of_platform_not_in_training": has_views
        & ~reference.views.has_creators(feature_column(x, "platform_code"))
    }


def recent_post_warnings(uses: np.ndarray) -> dict[str, np.ndarray]:
    """Return the flags (n,) of the warnings about posts of the rows, by warning.

    `uses` (n, len(PostUse)): how many posts of each row have each use. A row has
    `recent_posts_partly_used` where some of its posts count and some do not; where none counts, it
    has a warning for each reason.
    """
    some_count = uses[:, PostUse.COUNTS] > 0
    some_lost = np.delete(uses, LOSSLESS_USES, axis=1).any(axis=1)
    flags = {"recent_posts_partly_used": some_count & some_lost}
    for use, name in _UNUSED_POST_WARNINGS.items():
        flags[name] = ~some_count & (uses[:, use] > 0)
    return flags


def _posts_of_format(x: np.ndarray, formats: np.ndarray, reference: Reference) -> np.ndarray:
    """Say of which rows, (n,), posts of the format are known: in training, of the platform, or the
    creator's own.
    """
    return reference.platform_posts.has_posts(feature_column(x, "platform_code"), formats) | (
        feature_column(x, "format_share") > 0
    )


def warning_names(flags: dict[str, np.ndarray]) -> np.ndarray:
    """Give for each row the names of the flags that it has, as a tuple; (n,) objects, rows alike
    share theirs.
    """
    marks = np.array(list(flags.values()))
    present = marks.any(axis=1)
    names = [name for name, is_present in zip(flags, present.tolist(), strict=True) if is_present]
    kinds = (
        ((1 << np.arange(len(names))) @ marks[present]).tolist() if names else [0] * marks.shape[1]
    )
    words = {
        kind: tuple(name for bit, name in enumerate(names) if kind >> bit & 1)
        for kind in set(kinds)
    }
    warnings = np.empty(len(kinds), dtype=object)
    for row, kind in enumerate(kinds):
        warnings[row] = words[kind]
    return warnings
