"""Every column of `features.derive.derive.derive`, in order: the one list that training, bundles,
service and docs follow.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from features.derive.authenticity import AUTHENTICITY_PARTS, PART_MEANINGS
from features.derive.signals import LEVEL_STATISTICS
from features.tables.vocabulary import FORMATS


@dataclass(frozen=True)
class FeatureSpec:
    """One derived column: name, unit, tables it reads, meaning with its formula, and what makes it
    missing.
    """

    name: str
    unit: str
    source: str
    meaning: str
    missing: str = "never"
    learned: bool = True


def _query_specs() -> list[FeatureSpec]:
    # fmt: off
    return [
        FeatureSpec("platform_code", "code", "creators",
            "position in the bundle's list of platforms"),
        FeatureSpec("format_code", "code", "query",
            "position of the planned format in the list of formats", "not given"),
        FeatureSpec("brand_fit", "0 to 1", "creators, query",
            "mean relatedness of the brand's niche to the creator's: the declared one, else what "
            "the text suggests", "either unknown"),
        FeatureSpec("sponsored_flag", "0 or 1", "query",
            "the planned post is a paid partnership", "not given"),
        FeatureSpec("lead_days", "days", "query", "start_at - as_of"),
        FeatureSpec("start_weekday", "0-6", "query", "weekday of start_at, UTC, Monday 0"),
        FeatureSpec("start_hour", "0-23", "query", "hour of start_at, UTC"),
    ]
    # fmt: on


def _profile_specs() -> list[FeatureSpec]:
    unknown = "followers unknown"
    # fmt: off
    return [
        FeatureSpec("band_code", "code", "creators, followers",
            "position of the follower band, by the bundle's edges", unknown),
        FeatureSpec("followers_log", "ln count", "creators, followers",
            "ln(1 + followers) as of the forecast", unknown),
        FeatureSpec("followers_late_flag", "0 or 1", "creators",
            "the follower count was read after as_of", unknown, learned=False),
        FeatureSpec("followers_growth_90d", "ln ratio", "followers",
            "ln growth per 90 days over the last readings", "one reading"),
        FeatureSpec("niche_code", "code", "creators, posts, reference",
            "position in the list of niches: the declared one, else the likeliest by bio, "
            "captions, hashtags, topics", "none declared, and the text suggests none"),
        FeatureSpec("niche_declared_flag", "0 or 1", "creators",
            "the niche is declared, not read from text", learned=False),
        FeatureSpec("niche_known_share", "fraction", "creators, posts, reference",
            "probability that the niche is one of the list: 1 if declared, else 1 minus what the "
            "text leaves open", learned=False),
        FeatureSpec("niche_focus", "0 to 1", "creators, posts, reference",
            "how clearly the text suggests one niche: 1 - entropy / ln(niches) of the distribution "
            "it suggests", "no text that suggests a niche", learned=False),
        FeatureSpec("following_ratio_log", "ln ratio", "creators",
            "ln((1 + following) / (1 + followers))", "either unknown"),
        FeatureSpec("posts_count_log", "ln count", "creators",
            "ln(1 + posts the account shows)", "not given"),
        FeatureSpec("account_age_days", "days", "creators",
            "as_of - created_at", "created_at unknown"),
        FeatureSpec("verified_flag", "0 or 1", "creators", "verified by the platform", "not given"),
        FeatureSpec("business_flag", "0 or 1", "creators", "business account", "not given"),
    ]
    # fmt: on


def _target_specs(target: str) -> list[FeatureSpec]:
    none = f"no known {target}"
    level = f"ln(1 + {target})"
    # fmt: off
    return [
        FeatureSpec(f"{target}_evidence_code", "code", "all",
            f"what the {target} forecast rests on: 0 history, 1 summary, 2 profile"),
        FeatureSpec(f"{target}_log_offset", "ln count", "all",
            f"shrunk level of {level}: w level + (1 - w) prior, w = n/(n + k), 1 on a platform "
            "never seen in training"),
        FeatureSpec(f"{target}_log_prior", "ln count", "creators, reference",
            f"{level} that followers, platform and niche suggest"),
        FeatureSpec(f"{target}_log_offset_by_prior", "ln ratio", "all", "offset - prior"),
        FeatureSpec(f"{target}_log_offset_by_followers", "ln ratio", "all",
            "offset - ln(1 + followers)", "followers unknown"),
        *(
            FeatureSpec(f"{target}_dev_{s}", "ln ratio", "posts",
                f"{s.replace('_', ' ')} of {level}, minus the offset", none)
            for s in LEVEL_STATISTICS
        ),
        FeatureSpec(f"{target}_dev_mean_12", "ln ratio", "posts, prospects",
            f"ln(1 + mean {target}) of the last 12 posts, or as given, minus the offset", none),
        FeatureSpec(f"{target}_known_count", "posts", "posts",
            f"posts with known {target}, of the last 96"),
        FeatureSpec(f"{target}_effective_count", "posts", "posts",
            "Kish's effective number of these posts under recency weights"),
        FeatureSpec(f"{target}_log_growth", "ln ratio", "posts, prospects, reference",
            f"part of the level that came after the readings: mean growth of {target} from the "
            "age at reading to the horizon, below 0 where readings are older", none,
            learned=False),
        FeatureSpec(f"{target}_log_sd", "ln ratio", "posts",
            f"standard deviation of {level}", "under two posts"),
        FeatureSpec(f"{target}_log_mad", "ln ratio", "posts",
            "median absolute deviation about the weighted median", none),
        FeatureSpec(f"{target}_log_autocorrelation", "-1 to 1", "posts",
            "lag-1 autocorrelation, shrunk by four posts", "all values equal"),
        FeatureSpec(f"{target}_log_slope", "ln per 30 d", "posts",
            f"least-squares slope of {level} on time, shrunk", none),
    ]
    # fmt: on


def _post_specs() -> list[FeatureSpec]:
    none = "no known posts"
    # fmt: off
    return [
        FeatureSpec("posts_gap_days_median", "days", "posts",
            "median days between posts", "under two posts"),
        FeatureSpec("last_post_age_days", "days", "posts",
            "as_of - posted_at of the newest known post", none),
        FeatureSpec("start_gap_days", "days", "posts, query",
            "start_at - posted_at of the newest known post", none),
        FeatureSpec("posts_count_30d", "posts", "posts",
            "known posts in the 30 days up to the newest known one", none),
        FeatureSpec("like_share_median", "fraction", "posts",
            "median likes / engagements", none, learned=False),
        FeatureSpec("comment_share_median", "fraction", "posts",
            "median comments / engagements", none),
        FeatureSpec("engagement_rate_log_median_by_views", "ln ratio", "posts",
            "median ln(engagements / views)", "no views"),
        FeatureSpec("readings_late_share", "fraction", "posts",
            "known posts whose counts were read after as_of", none, learned=False),
        FeatureSpec("share_share_median", "fraction", "posts",
            "median shares / engagements", "no known shares"),
        FeatureSpec("save_share_median", "fraction", "posts",
            "median saves / engagements", "no known saves"),
        FeatureSpec("hit_share", "fraction", "posts",
            "posts above twice the weighted median", none),
    ]
    # fmt: on


def _effect_specs() -> list[FeatureSpec]:
    none = "no known posts"
    mean_residual = "the creator's own mean residual, shrunk by three posts"
    # fmt: off
    return [
        FeatureSpec("sponsored_share", "fraction", "posts",
            "share of paid posts among those known to be paid or unpaid", "known of no post"),
        FeatureSpec("sponsored_count_30d", "posts", "posts",
            "paid posts in the 30 days up to the newest known post", none),
        FeatureSpec("sponsored_effect", "ln ratio", "posts",
            "mean residual of paid posts minus that of unpaid ones, shrunk by three posts to what "
            "is usual on the platform", "known of no post"),
        FeatureSpec("sponsored_share_30d", "fraction", "posts",
            "sponsored_share of the 30 days up to the newest known post", "known of no post"),
        FeatureSpec("sponsored_dev_median", "ln ratio", "posts",
            "median of paid posts, minus the offset", "no paid posts", learned=False),
        FeatureSpec("organic_dev_median", "ln ratio", "posts",
            "median of unpaid posts, minus the offset", "no unpaid posts", learned=False),
        *(
            FeatureSpec(f"{name}_effect", "ln ratio", "posts, reference",
                f"mean residual of {name} posts, shrunk by three posts to what is usual on the "
                f"platform", none, learned=False)
            for name in FORMATS
        ),
        FeatureSpec("format_share", "fraction", "posts, query",
            "share of posts of the planned format among the known posts", none),
        FeatureSpec("engagements_dev_mean_by_format", "ln ratio", "posts, query, reference",
            "the effect of the planned format; an unknown one is a format of its own, usually 0",
            none),
        FeatureSpec("engagements_dev_mean_by_topic", "ln ratio", "posts, query",
            f"{mean_residual}, on the planned topic", none),
        FeatureSpec("engagements_dev_similar", "ln ratio", "posts, query",
            "kernel-weighted residual of similar past posts", none),
    ]
    # fmt: on


def _authenticity_specs() -> list[FeatureSpec]:
    none = "no sign could be read"
    why = "1: nothing odd; towards 0: many odd signs. A reason to look closer, never proof"
    parts = [
        FeatureSpec(
            f"authenticity_{p}",
            "0 to 1",
            "all, reference",
            f"oddness: {PART_MEANINGS[p]}",
            "not readable",
        )
        for p in AUTHENTICITY_PARTS
    ]
    return [FeatureSpec("authenticity_score", "0 to 1", "all, reference", why, none), *parts]


def _content_specs() -> list[FeatureSpec]:
    fields = (
        ("caption_words", "ln count"),
        ("hashtags_count", "ln count"),
        ("mentions_count", "ln count"),
        ("has_location", "0 or 1"),
    )
    planned = [
        FeatureSpec(f"{name}_planned", unit, "query", f"{name} of the planned post", "not given")
        for name, unit in fields
    ]
    compared = [
        FeatureSpec(
            f"{name}_planned_by_own_mean",
            unit,
            "query, posts",
            f"{name}_planned minus the creator's mean",
            "not given",
        )
        for name, unit in fields
    ]
    return planned + compared


FEATURES = (
    *_query_specs(),
    *_profile_specs(),
    *_target_specs("engagements"),
    *_target_specs("views"),
    *_post_specs(),
    *_effect_specs(),
    *_authenticity_specs(),
    *_content_specs(),
)
COLUMNS = tuple(feature.name for feature in FEATURES)
LEARNED_COLUMNS = tuple(feature.name for feature in FEATURES if feature.learned)
#: Columns that do not depend on the query.
QUERY_INDEPENDENT_COLUMNS = tuple(
    feature.name for feature in FEATURES if "query" not in feature.source
)


def columns_markdown() -> str:
    """Return docs/columns.md, which lists every column, so that the page equals the code."""
    lines = [
        "# Derived columns",
        "",
        (
            "For data scientists. Made by `make docs` from `features/derive/catalog.py`. "
            "`dev` is ln(1 + count) minus the offset."
        ),
        "Columns marked * are used in answers, but models do not learn from them.",
        "",
        "| column | unit | from | meaning and formula | missing |",
        "|---|---|---|---|---|",
    ]
    rows = [
        f"| `{f.name}`{'' if f.learned else ' *'} | {f.unit} | {f.source} | {f.meaning} "
        f"| {f.missing} |"
        for f in FEATURES
    ]
    return "\n".join([*lines, *rows]) + "\n"


_POSITION = {name: place for place, name in enumerate(COLUMNS)}


def feature_column(x: np.ndarray | pd.DataFrame, name: str) -> np.ndarray:
    """Return one column, shape (n,)."""
    return x[name].to_numpy() if isinstance(x, pd.DataFrame) else x[:, _POSITION[name]]


def feature_columns(x: np.ndarray | pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """Return columns side by side, shape (n, len(names))."""
    return x[list(names)].to_numpy() if isinstance(x, pd.DataFrame) else x[:, _positions(names)]


@lru_cache(maxsize=16)
def _positions(names: tuple[str, ...]) -> np.ndarray:
    return np.array([_POSITION[name] for name in names])
