"""derive: the one call that turns tables and questions into the columns that models read.

Training, batch scoring, the service and the backtest all call it; there is no second way to a feature.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.authenticity import score, signs
from features.columns import COLUMNS
from features.effects import format_columns, sponsored_columns
from features.history import CONTENT, DAY_US, History, codes_of, to_us
from features.niche_text import niche_columns, text_distribution
from features.profiles import profile_at
from features.reference import SUMMARY_POSTS, Market, Reference
from features.schema import AVERAGE_COLUMNS
from features.signals import (
    Level,
    cadence_columns,
    content_scale,
    level_columns,
    look_back,
    plan_columns,
    ratio_columns,
    summarise,
)
from features.tables import Tables
from features.vocabulary import ENGAGEMENT_PARTS, EVIDENCE, FORMATS, NICHES, PLATFORMS, band_codes

#: Questions answered at a time, by each thread: their matrices fit the processor's cache.
CHUNK = 2048
AVERAGES = tuple(column.name for column in AVERAGE_COLUMNS)
_NAMES = pd.Index(COLUMNS)
HISTORY, SUMMARY, PROFILE_ONLY = range(len(EVIDENCE))


@dataclass(frozen=True)
class Questions:
    """Questions as arrays of shape (n,): times in microseconds UTC, categories as codes, NaN where not told."""

    account: np.ndarray
    as_of: np.ndarray
    start: np.ndarray
    limit: np.ndarray
    brand: np.ndarray
    planned: dict[str, np.ndarray]
    averages: dict[str, np.ndarray]

    @classmethod
    def of(cls, history: History, frame: pd.DataFrame) -> "Questions":
        """Read questions from a frame; columns that are absent are not told."""
        planned = {
            "format": _codes(frame, "format", FORMATS),
            "topic": _topic_codes(frame, history.topics),
            "sponsored": _numbers(frame, "sponsored"),
            **{name: content_scale(name, _numbers(frame, name)) for name in CONTENT},
        }
        return cls(
            history.account_of(frame),
            to_us(frame["as_of"]),
            to_us(frame["start_at"]),
            np.nan_to_num(_codes(frame, "evidence_limit", EVIDENCE)),
            _codes(frame, "brand_niche", NICHES),
            planned,
            {name: _numbers(frame, name) for name in AVERAGES},
        )

    def __getitem__(self, rows: np.ndarray) -> "Questions":
        planned = {name: values[rows] for name, values in self.planned.items()}
        averages = {name: values[rows] for name, values in self.averages.items()}
        told = (values[rows] for values in (self.account, self.as_of, self.start, self.limit, self.brand))
        return Questions(*told, planned, averages)


def derive(tables: Tables | History, questions: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Derive one row of features for each question, in the order given.

    - `tables`: validated tables, or the History of them where it is asked more than once
    - `questions`: creator_id, platform, as_of, start_at; where known format, sponsored, topic, planned content
      (`features.schema.CONTENT_COLUMNS`) and a vendor's averages (`AVERAGE_COLUMNS`). `evidence_limit` (`summary` or
      `profile`) hides a creator's posts, or all but their averages, as training and the backtest need it
    - returns float64 columns `features.columns.COLUMNS`, NaN where unknown, with the index of `questions`

    Only what was known at as_of is used: posts with posted_at + horizon <= as_of, followers observed by as_of (else
    the first snapshot after it, flagged). Raises KeyError for a creator without a row in the tables.
    """
    history = tables if isinstance(tables, History) else History.of(tables, reference.horizon_days)
    asked = Questions.of(history, questions)
    out = np.empty((len(questions), len(COLUMNS)))
    if len(questions) <= CHUNK:
        out[:] = derive_arrays(history, asked, reference)
        return pd.DataFrame(out, index=questions.index, columns=_NAMES)
    # questions with about as many posts go together, so that their matrices are no wider than they need
    start = history.posts.start[asked.account]
    order = np.argsort(history.posts.until(asked.account, asked.as_of) - start, kind="stable")

    def fill(rows: np.ndarray) -> None:
        out[rows] = derive_arrays(history, asked[rows], reference)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, np.array_split(order, -(-len(order) // CHUNK))))
    return pd.DataFrame(out, index=questions.index, columns=_NAMES)


def derive_arrays(history: History, asked: Questions, reference: Reference) -> np.ndarray:
    """As `derive`, from arrays to an array (n, len(COLUMNS)), for a few thousand questions at a time."""
    profile = profile_at(history, asked.account, asked.as_of)
    text = text_distribution(history, asked.account, asked.as_of, asked.limit == HISTORY, reference.niche_classifier)
    lead_days = (asked.start - asked.as_of) / DAY_US
    columns = niche_columns(profile["niche"], text, asked.brand)
    profile["niche"] = columns["niche_code"]
    columns |= {**_question_columns(asked, lead_days), **_profile_columns(profile, reference)}
    engaged, mean = _known(history, asked, "engagements")
    columns |= _target_columns("engagements", engaged, mean, asked, columns, profile, reference)
    viewed, mean = _known(history, asked, "views")
    columns |= _target_columns("views", viewed, mean, asked, columns, profile, reference)
    columns |= cadence_columns(history.engaged, engaged, lead_days)
    columns |= _post_columns(history.engaged, engaged, asked, columns["engagements_log_offset"], profile, reference)
    gap = np.where(engaged.n > 0, engaged.level - columns["engagements_log_prior"], np.nan)
    found = signs(history, engaged, gap, profile, columns, asked.account, asked.as_of)
    columns |= score(found, reference.norms, profile["platform"])
    return np.column_stack([columns[name] for name in COLUMNS])


def _question_columns(asked: Questions, lead_days: np.ndarray) -> dict[str, np.ndarray]:
    days = asked.start // DAY_US
    return {
        "format_code": asked.planned["format"],
        "sponsored_flag": asked.planned["sponsored"],
        "lead_days": lead_days,
        "start_weekday": (days + 3) % 7,  # 1 January 1970 was a Thursday
        "start_hour": (asked.start - days * DAY_US) // (DAY_US // 24),
        **{f"{name}_planned": asked.planned[name] for name in CONTENT},
    }


def _profile_columns(profile: dict[str, np.ndarray], reference: Reference) -> dict[str, np.ndarray]:
    followers_log = np.log1p(profile["followers"])
    return {
        "platform_code": profile["platform"],
        "band_code": band_codes(profile["followers"], reference.band_edges),
        "followers_log": followers_log,
        "followers_late_flag": profile["followers_late"],
        "followers_growth_90d": profile["followers_growth"],
        "following_ratio_log": np.log1p(profile["following"]) - followers_log,
        "posts_count_log": np.log1p(profile["posts_count"]),
        "account_age_days": profile["age_days"],
        "verified_flag": profile["verified"],
        "business_flag": profile["business"],
    }


def _post_columns(track, past: Level, asked: Questions, offset, profile, reference: Reference) -> dict[str, np.ndarray]:
    residual = past.values - past.level[:, None]
    formats, sponsored = (track.window(name, past.rows) for name in ("format", "sponsored"))
    usual, platform = reference.effects, profile["platform"]
    return {
        **ratio_columns(track, past),
        **format_columns(residual, formats, asked.planned["format"], usual.of_formats(platform)),
        **sponsored_columns(past, residual, sponsored, offset, usual.of_sponsored(platform)),
        **plan_columns(track, past, residual, asked.planned),
    }


def _known(history: History, asked: Questions, what: str) -> tuple[Level, np.ndarray]:
    """Give the past that the question may rest on, and ln(1 + the last twelve's mean), which a limit leaves in."""
    track = history.track(what)
    past = look_back(track, f"{what}_log", asked.account, asked.as_of, history.horizon_days)
    mean = np.where(asked.limit <= SUMMARY, past.mean_12, np.nan)
    if (asked.limit > HISTORY).any():
        shown = (asked.limit == HISTORY)[:, None]
        past = summarise(
            np.where(shown, past.values, np.nan), np.where(shown, past.age, np.nan), np.where(shown, past.rows, -1)
        )
    return past, mean


def _target_columns(what, past: Level, mean, asked: Questions, columns, profile, reference) -> dict[str, np.ndarray]:
    market: Market | None = getattr(reference, what)
    if market is None:
        names = [name for name in COLUMNS if name.startswith(f"{what}_")]
        return {name: np.full(len(asked.account), np.nan) for name in names}
    given = _given_views(asked) if what == "views" else _given_engagements(asked, profile, reference)
    mean = np.where(np.isnan(mean) & (asked.limit <= SUMMARY), given, mean)
    evidence = np.where(past.n > 0, HISTORY, np.where(np.isnan(mean), PROFILE_ONLY, SUMMARY))
    prior = market.prior(profile["platform"], columns["followers_log"], profile["niche"])
    level = np.where(evidence == HISTORY, past.level, mean + market.summary_shift)
    posts = np.where(evidence == HISTORY, past.n_effective, SUMMARY_POSTS)
    offset = np.where(evidence == PROFILE_ONLY, prior, prior + market.weight(posts) * (level - prior))
    return {
        f"{what}_evidence_code": evidence,
        f"{what}_log_offset": offset,
        f"{what}_log_prior": prior,
        f"{what}_log_offset_by_prior": offset - prior,
        f"{what}_log_offset_by_followers": offset - columns["followers_log"],
        **level_columns(what, past, offset, mean),
    }


def _given_engagements(asked: Questions, profile: dict[str, np.ndarray], reference: Reference) -> np.ndarray:
    """ln(1 + mean engagements a post) from a vendor's averages: the parts, else a rate times what it is a rate of."""
    total = np.full(len(asked.account), np.nan)
    if all(np.isnan(values).all() for values in asked.averages.values()):
        return total
    for code, name in enumerate(PLATFORMS):
        at = profile["platform"] == code
        parts = {part: asked.averages[f"avg_{part}"][at] for part in ENGAGEMENT_PARTS[name]}
        total[at] = _complete(parts, reference.part_shares.get(name, {}))
    by_followers = asked.averages["engagement_rate_by_followers"] * profile["followers"]
    by_views = asked.averages["engagement_rate_by_views"] * asked.averages["avg_views"]
    total = np.where(np.isnan(total), np.where(np.isnan(by_followers), by_views, by_followers), total)
    return np.log1p(total)


def _complete(parts: dict[str, np.ndarray], shares: dict[str, float]) -> np.ndarray:
    """Add up the parts given; where comments or shares lack, scale by their usual share. Without likes: NaN."""
    known = sum(np.nan_to_num(values) for values in parts.values())
    lacking = sum(np.isnan(values) * shares.get(part, np.nan) for part, values in parts.items() if part in shares)
    complete = ~np.any([np.isnan(values) for values in parts.values()], axis=0)
    scaled = np.where(complete, known, known / np.maximum(1 - lacking, 0.05) if shares else np.nan)
    return np.where(np.isnan(parts["likes"]), np.nan, scaled)


def _given_views(asked: Questions) -> np.ndarray:
    return np.log1p(asked.averages["avg_views"])


def _topic_codes(frame: pd.DataFrame, topics: tuple[str, ...]) -> np.ndarray:
    """Give -1 to a topic of no post: told and alike none, so that a later post on it changes nothing."""
    codes = _codes(frame, "topic", topics)
    told = frame["topic"].notna().to_numpy() if "topic" in frame else False
    return np.where(np.isnan(codes) & told, -1.0, codes)


def _codes(frame: pd.DataFrame, name: str, names: tuple[str, ...]) -> np.ndarray:
    return codes_of(frame[name], names) if name in frame else np.full(len(frame), np.nan)


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].to_numpy(float, na_value=np.nan) if name in frame else np.full(len(frame), np.nan)
