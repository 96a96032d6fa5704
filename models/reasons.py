"""Why a forecast is as it is: the model's own contributions, as factors of groups that a person
understands.

It starts at what accounts of the same platform, size and niche get for a post (the prior). The
level of this creator, with the part of it apart that came from bringing counts to the horizon, and
then each group of columns multiply it. The product of all is exp(location), exactly.
"""

import re

import numpy as np
import pandas as pd

from features.derive.catalog import feature_column
from features.derive.level_offset import HISTORY, PROFILE_ONLY, level_weight
from features.derive.market_priors import SUMMARY_POSTS
from features.derive.reference import Reference
from features.history.arrays import code_positions
from features.number_text import format_amount
from features.tables.vocabulary import FORMATS
from models.fitted_forecaster import FittedForecaster

#: Of each group its words where it multiplies by more than 1, and by less, and the pattern of its
#: columns; a column belongs to the first group whose pattern it matches.
COLUMN_GROUPS = (
    ("posts {format}", "posts {format}", r"format_|.*_by_format$|.*_effect$"),
    ("a paid post", "a paid post", r"sponsored_|organic_"),
    (
        "what is told of its content",
        "what is told of its content",
        r".*_planned|.*_by_topic$|.*_similar$",
    ),
    ("niche and brand fit", "niche and brand fit", r"niche_|brand_"),
    ("engagement rising", "engagement falling", r"engagements_(dev|log_slope)"),
    ("steady results", "uneven results", r"engagements_log_(sd|mad|autocorrelation)|hit_share"),
    ("its views", "its views", r"views_"),
    ("kind of engagement", "kind of engagement", r".*_share_median$|engagement_rate_"),
    ("posting rhythm", "posting rhythm", r"posts_gap|posts_count_30d|last_post|start_gap"),
    ("time of the post", "time of the post", r"lead_|start_"),
    ("its audience", "its audience", r"followers_|following_|band_|engagements_log_"),
    ("the account", "the account", r"posts_count_log|account_|verified_|business_|platform_"),
    ("authenticity signs", "authenticity signs", r"authenticity_"),
    (
        "how much is known of it",
        "how much is known of it",
        r".*_(evidence_code|known_count|effective_count)",
    ),
    ("other signs", "other signs", r""),
)
OWN_LEVEL = "usual level of this creator"
#: What bringing the counts of the creator's posts to the model's horizon adds to its level; and
#: where it lowers it.
STILL_GROWING = "its posts were still growing when read"
READ_LATER = "its posts were read after day {model_days}"
_NO_FORMAT = "of a format not told"
#: What asking for another day than the model's horizon does.
OTHER_HORIZON = "counted on day {days}"
#: Group, or other words of a factor -> what it means, in a line.
_MEANINGS = {
    OWN_LEVEL: "What its own posts or averages show, beside what is expected of its size.",
    "posts {format}": "How posts of this format do beside its other posts.",
    "a paid post": "How paid posts do beside those that are not.",
    "what is told of its content": "Topics, length and the like of the planned post.",
    "niche and brand fit": "What the creator is about, and how near the brand is to that.",
    "engagement rising": "Its last posts get more than those before, or than is usual for it.",
    "engagement falling": "Its last posts get less than those before, or than is usual for it.",
    "steady results": "Its posts get much the same, so that one outlier counts for little.",
    "uneven results": "Its posts differ much, so that a few good ones raise its level.",
    "its views": "How many views its posts get.",
    "kind of engagement": "How much of its engagement is likes, comments, shares.",
    "posting rhythm": "How often it posts, and how long ago it last did.",
    "time of the post": "Weekday, hour, and how far ahead the post is.",
    "its audience": "Its followers, and how engagement goes with their number.",
    "the account": "Age, verification, and number of posts of the account.",
    "authenticity signs": (
        "How usual its counts look: odd ones can come from bought followers or likes. No proof."
    ),
    "how much is known of it": "On how many posts the forecast can rest.",
    "other signs": "Other columns that the model reads.",
    STILL_GROWING: "Counts that were read early are raised to the day of the forecast.",
    READ_LATER: "Counts that were read later are lowered to that day.",
    "all else": "All smaller effects together.",
}
_WORDS_OF_LESS = {more: less for more, less, _ in COLUMN_GROUPS} | {STILL_GROWING: READ_LATER}
#: Most factors in an answer, and the least |ln| of a factor in it; the others are multiplied into
#: one.
MAX_REASONS, LEAST = 5, 0.02


def contributions(
    forecaster: FittedForecaster,
    x: np.ndarray | pd.DataFrame,
    target: str,
    besides: dict[str, np.ndarray] | None = None,
    reference: Reference | None = None,
) -> dict[str, np.ndarray]:
    """Return ln factors, (n,) each: `start` (the prior), OWN_LEVEL, `all creators` and one for each
    group of columns; `x`: derived columns. With the `reference` STILL_GROWING stands apart from
    OWN_LEVEL.

    A row's sum is the location of its ln(1 + count) of one deliverable, plus the `besides` ln
    factors, by their words.
    """
    shares = forecaster.contributions(x)
    start = feature_column(x, f"{target}_log_prior")
    own_level = feature_column(x, str(forecaster.offset)) - start
    log_factors = {"start": start, OWN_LEVEL: own_level, "all creators": shares[:, -1]}
    if reference is not None:
        growth = level_growth(x, target, reference)
        log_factors[OWN_LEVEL], log_factors[STILL_GROWING] = own_level - growth, growth
    group = np.array([_group(str(name)) for name in forecaster.columns_])
    for number, (words, *_) in enumerate(COLUMN_GROUPS):
        log_factors[words] = shares[:, :-1][:, group == number].sum(axis=1)
    for words, logs in (besides or {}).items():
        log_factors[words] = log_factors[words] + logs if words in log_factors else logs
    return log_factors


def reasons(
    forecaster: FittedForecaster,
    x: np.ndarray | pd.DataFrame,
    target: str = "engagements",
    besides: dict[str, np.ndarray] | None = None,
    reference: Reference | None = None,
    horizon_days: np.ndarray | None = None,
) -> list[dict]:
    """Return for each row where the forecast starts and the factors that lead to it, the strongest
    first.

    {"per_post": about what accounts like it get, "factors": [{"reason", "factor"}, ...]}; the last
    factor, "all else", is the product of all that are not listed, so that (per_post + 1) times all
    factors is the forecast of a post + 1. `besides`, `reference`: as in `contributions`;
    `horizon_days` (n,): the day that each row asks for, which words of `besides` may name.
    """
    log_factors = contributions(forecaster, x, target, besides, reference)
    starts = np.expm1(log_factors.pop("start"))
    names = np.array(list(log_factors), dtype=object)
    logs = np.column_stack(list(log_factors.values()))
    format_words = np.append(np.array(FORMATS, dtype=object), _NO_FORMAT)
    code = feature_column(x, "format_code")
    formats = format_words[code_positions(code)]
    days = np.full(len(logs), np.nan) if horizon_days is None else horizon_days
    known = {"model_days": None if reference is None else reference.horizon_days}
    rows = zip(starts.tolist(), logs, formats, days.tolist(), strict=True)
    return [
        _reasons_of(start, row_logs, names, {"format": format_, "days": f"{day:g}"} | known)
        for start, row_logs, format_, day in rows
    ]


def reasons_text(reason: dict | None) -> str | None:
    """Return the reasons of one row as text.

    >>> reasons_text({"per_post": 1203.4, "factors": [{"reason": "posts video", "factor": 1.3}]})
    'about 1,203 a post for accounts like it; posts video x1.30'
    """
    if reason is None:
        return None
    start = f"about {reason['per_post']:,.0f} a post for accounts like it"
    factors = [
        f"{factor['reason']} x{format_amount(factor['factor'])}" for factor in reason["factors"]
    ]
    return "; ".join([start, *factors])


def reason_meanings(model_days: int) -> dict[str, str]:
    """Return what the words of each factor mean, but those of OTHER_HORIZON.

    >>> reason_meanings(30)["its posts were read after day 30"]
    'Counts that were read later are lowered to that day.'
    """
    formats = (*FORMATS, _NO_FORMAT)
    return {
        words.format(format=name, model_days=model_days): meaning
        for words, meaning in _MEANINGS.items()
        for name in (formats if "{format}" in words else formats[:1])
    }


def level_growth(x: np.ndarray | pd.DataFrame, target: str, reference: Reference) -> np.ndarray:
    """Return the part of the offset of a target that came from bringing counts from their age at
    reading to the horizon, (n,): the mean growth times the weight of the creator's own level.
    """
    market = reference.markets[target]
    evidence, count, growth = (
        feature_column(x, f"{target}_{name}")
        for name in ("evidence_code", "effective_count", "log_growth")
    )
    count = np.where(evidence == HISTORY, count, SUMMARY_POSTS)
    weight = level_weight(feature_column(x, "platform_code"), count, market)
    return np.where(evidence == PROFILE_ONLY, 0.0, weight * np.nan_to_num(growth))


def _reasons_of(start: float, logs: np.ndarray, names: np.ndarray, known: dict) -> dict:
    strongest = np.argsort(-np.abs(logs), kind="stable")[: MAX_REASONS + 1]
    listed = [at for at in strongest if abs(logs[at]) >= LEAST and names[at] != "all creators"]
    listed = listed[:MAX_REASONS]
    factors = []
    for at in listed:
        words = _words(names[at], logs[at], known)
        factors.append({"reason": words, "factor": float(np.exp(logs[at]))})
    rest = float(np.exp(logs.sum() - logs[listed].sum()))
    factors.append({"reason": "all else", "factor": rest})
    return {"per_post": start, "factors": factors}


def _group(column: str) -> int:
    """Return the position in COLUMN_GROUPS of a column's group."""
    return next(
        number for number, (*_, pattern) in enumerate(COLUMN_GROUPS) if re.match(pattern, column)
    )


def _words(name: str, log: float, known: dict) -> str:
    """Return the words of a factor; `known`: what they may name of the row."""
    return (name if log >= 0 else _WORDS_OF_LESS.get(name, name)).format(**known)
