"""The warnings of an answer: why a forecast is less to be trusted, by name."""

import numpy as np

from features.derive.catalog import feature_column
from features.derive.level_offset import HISTORY
from features.derive.market_priors import MIN_CREATORS
from features.derive.reference import Reference
from features.history.arrays import DAY_US, code_positions
from features.history.post_use import LOSSLESS_USES, PostUse
from features.tables.vocabulary import PLATFORMS
from models.bundle import Bundle
from models.model_record import MODEL_OLD_DAYS
from models.starter import is_starter

#: Part of the level of its posts, in ln, that was not read yet, from which a row has a warning.
LARGE_GROWTH_LOG = 0.25
#: The warning of every answer of the starter model, and those that it stands for: they tell of
#: what a model was trained on.
STARTER_MODEL = "starter_model"
COVERED_BY_STARTER = (
    "model_old",
    "lead_beyond_training",
    "format_not_told",
    "format_not_in_training",
    "niche_not_in_training",
    "no_sponsored_posts_in_training",
    "platform_not_calibrated",
    "platform_not_backtested",
)
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
) -> dict[str, np.ndarray]:
    """Return by warning the rows (n,) of the derived matrix that have it.

    `formats` (n,): positions in FORMATS, NaN where none is given.
    """
    niche = feature_column(x, "niche_code")
    niche_position = code_positions(niche)
    creators = reference.engagements.creator_counts(feature_column(x, "platform_code"))
    is_known_format = np.isnan(formats) | _has_posts_of_format(x, formats, reference)
    return {
        "followers_unknown": np.isnan(feature_column(x, "followers_log")),
        "followers_read_after_as_of": feature_column(x, "followers_late_flag") == 1,
        "posts_read_after_as_of": feature_column(x, "readings_late_share") > 0,
        "posts_still_growing": _rests_on_growth(x),
        "niche_unknown": np.isnan(niche),
        "niche_from_text": (feature_column(x, "niche_declared_flag") == 0) & ~np.isnan(niche),
        "format_not_told": np.isnan(formats),
        "lead_beyond_training": feature_column(x, "lead_days") > longest_lead_days,
        "few_creators_of_platform_in_training": (creators > 0) & (creators < MIN_CREATORS),
        "platform_not_in_training": creators == 0,
        "format_not_in_training": (creators > 0) & ~is_known_format,
        "niche_not_in_training": ~reference.niches_in_training[niche_position],
        "no_sponsored_posts_in_training": np.full(len(x), reference.sponsored_posts == 0),
    }


def _rests_on_growth(x: np.ndarray) -> np.ndarray:
    """Return which rows (n,) rest on posts that grew by LARGE_GROWTH_LOG or more after they were
    read, by the curve.
    """
    has_posts = feature_column(x, "engagements_evidence_code") == HISTORY
    return has_posts & (feature_column(x, "engagements_log_growth") >= LARGE_GROWTH_LOG)


def model_age_warnings(
    platform: np.ndarray, as_of: np.ndarray, reference: Reference
) -> dict[str, np.ndarray]:
    """Return by warning the rows (n,) as of moments, (n,) in microseconds UTC, that are late.

    The training of a row's platform, a position in PLATFORMS, (n,), ended more than MODEL_OLD_DAYS
    before.
    """
    training_end = reference.training_end_us[platform]
    return {"model_old": as_of - training_end > MODEL_OLD_DAYS * DAY_US}


def unvalidated_platforms(bundle: Bundle) -> dict[str, np.ndarray]:
    """Return by warning which of PLATFORMS are trained, and their forecasts not validated.

    `platform_not_calibrated`: no later post set its intervals; `platform_not_backtested`: the
    record of the backtest has no post of it.
    """
    is_trained = bundle.reference.engagements.has_creators(np.arange(len(PLATFORMS)))
    is_calibrated = bundle.forecasters["engagements"].conformal_.n.sum(axis=1) > 0
    platforms = bundle.manifest.get("platforms", {})
    is_backtested = np.array([platforms.get(name, {}).get("backtest", 0) > 0 for name in PLATFORMS])
    return {
        "platform_not_calibrated": is_trained & ~is_calibrated,
        "platform_not_backtested": is_trained & ~is_backtested,
    }


def views_warnings(
    x: np.ndarray, has_views: np.ndarray, reference: Reference
) -> dict[str, np.ndarray]:
    """Return by warning the rows (n,) that have it; `has_views` (n,): whose views are forecast."""
    if reference.views is None:
        return {}
    is_trained = reference.views.has_creators(feature_column(x, "platform_code"))
    return {"views_of_platform_not_in_training": has_views & ~is_trained}


def with_starter_warning(flags: dict[str, np.ndarray], bundle: Bundle) -> dict[str, np.ndarray]:
    """Return the flags (n,) of all warnings; those of the starter bundle begin with STARTER_MODEL
    and leave out what it stands for.
    """
    if not is_starter(bundle.manifest):
        return flags
    others = {name: rows for name, rows in flags.items() if name not in COVERED_BY_STARTER}
    n = len(next(iter(flags.values())))
    return {STARTER_MODEL: np.ones(n, dtype=bool), **others}


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


def warning_names(flags: dict[str, np.ndarray]) -> np.ndarray:
    """Return for each row the names of its flags as a tuple, (n,) objects.

    Rows with the same flags share one tuple: the flags of a row are the bits of its key.
    """
    matrix = np.array(list(flags.values()))
    present = np.flatnonzero(matrix.any(axis=1))
    all_names = list(flags)
    names = [all_names[position] for position in present.tolist()]
    keys = [0] * matrix.shape[1]
    if names:
        keys = ((1 << np.arange(len(names))) @ matrix[present]).tolist()
    tuples = {key: _names_of(key, names) for key in set(keys)}
    return np.fromiter((tuples[key] for key in keys), dtype=object, count=len(keys))


def _names_of(key: int, names: list[str]) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(names) if key >> bit & 1)


def _has_posts_of_format(x: np.ndarray, formats: np.ndarray, reference: Reference) -> np.ndarray:
    """Return for which rows (n,) the training platform or the creator has posts of the format."""
    platform = feature_column(x, "platform_code")
    in_training = reference.platform_posts.has_posts(platform, formats)
    return in_training | (feature_column(x, "format_share") > 0)
