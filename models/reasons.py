"""Why a forecast is what it is: the model's own contributions, grouped to what a person
understands, as factors.

Accounts of the platform, size and niche get so much a post (the prior); this creator's own level,
then every group of columns that the corrections weigh, multiplies it. Their product is
exp(location) exactly.
"""

import re

import numpy as np
import pandas as pd

from features.derive.catalog import feature_column
from features.number_text import format_amount
from features.tables.vocabulary import FORMATS
from models.forecast import Forecaster

#: Words where a group multiplies by more than 1, and by less; the first pattern that a column
#: matches takes it.
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
#: Factors told at most, and the least that is told on its own; the others are multiplied into one.
MAX_REASONS, LEAST = 5, 0.02


def contributions(
    forecaster: Forecaster,
    x: np.ndarray | pd.DataFrame,
    what: str,
    besides: dict[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Give ln factors (n,): `start` (the prior), OWN_LEVEL, `all creators` and one a group; `x`:
    derived columns.

    A row's sum is its location, of ln(1 + count) of one deliverable, and `besides`, by words, what
    else moves it.
    """
    shares, start = forecaster.contributions(x), feature_column(x, f"{what}_log_prior")
    own = feature_column(x, forecaster.offset) - start
    found = {"start": start, OWN_LEVEL: own, "all creators": shares[:, -1]}
    group = np.array([_group(name) for name in forecaster.columns_])
    for number, (words, *_) in enumerate(COLUMN_GROUPS):
        found[words] = shares[:, :-1][:, group == number].sum(axis=1)
    for words, logs in (besides or {}).items():
        found[words] = found[words] + logs if words in found else logs
    return found


def reasons(
    forecaster: Forecaster,
    x: np.ndarray | pd.DataFrame,
    what: str = "engagements",
    besides: dict[str, np.ndarray] | None = None,
) -> list[dict]:
    """Give for each row where the forecast starts and the factors that lead to it, the strongest
    first.

    {"per_post": about what accounts like it get, "factors": [{"reason", "factor"}, ...]}; factors
    that are not told on their own are one, "all else", so that per_post + 1 times all factors is
    the forecast of a post + 1. `besides`: as `contributions` takes it.
    """
    found = contributions(forecaster, x, what, besides)
    starts = np.expm1(found.pop("start"))
    names, logs = np.array(list(found), dtype=object), np.column_stack(list(found.values()))
    formats = np.append(np.array(FORMATS, dtype=object), "of a format not told")
    code = feature_column(x, "format_code")
    asked = formats[np.where(np.isnan(code), -1, code).astype(int)]
    return [_reasons_of(*row, names) for row in zip(starts.tolist(), logs, asked, strict=True)]


def reasons_text(reason: dict | None) -> str | None:
    """Word the reasons of one row.

    >>> reasons_text({"per_post": 1203.4, "factors": [{"reason": "posts video", "factor": 1.3}]})
    'about 1,203 a post for accounts like it; posts video x1.30'
    """
    if reason is None:
        return None
    told = [f"{found['reason']} x{format_amount(found['factor'])}" for found in reason["factors"]]
    return "; ".join([f"about {reason['per_post']:,.0f} a post for accounts like it", *told])


def _reasons_of(start: float, logs: np.ndarray, shape: str, names: np.ndarray) -> dict:
    order = np.argsort(-np.abs(logs), kind="stable")
    told = [
        at
        for at in order[: MAX_REASONS + 1]
        if abs(logs[at]) >= LEAST and names[at] != "all creators"
    ][:MAX_REASONS]
    factors = [
        {"reason": _worded(names[at], logs[at], shape), "factor": float(np.exp(logs[at]))}
        for at in told
    ]
    rest = float(np.exp(logs.sum() - logs[told].sum()))
    return {"per_post": start, "factors": [*factors, {"reason": "all else", "factor": rest}]}


def _group(column: str) -> int:
    return next(
        number for number, (*_, pattern) in enumerate(COLUMN_GROUPS) if re.match(pattern, column)
    )


def _worded(name: str, log: float, shape: str) -> str:
    less = next((less for more, less, _ in COLUMN_GROUPS if more == name), name)
    return (name if log >= 0 else less).format(format=shape)
