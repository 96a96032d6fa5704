"""Queries about accounts, and the second step of derive: from the state of an account to a
question's columns.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from features.derive.account_features import (
    COLUMN_INDEX,
    FORMAT_COUNT_INDEXES,
    FORMAT_EFFECT_INDEXES,
    PROFILE_ONLY,
    SUMMARY,
    AccountFeatures,
    offset_columns,
    write_columns,
)
from features.derive.averages import AVERAGE_NAMES, summarise_averages
from features.derive.catalog import COLUMNS
from features.derive.effects import planned_format_columns
from features.derive.market_priors import Reference
from features.derive.planned_post import planned_post_columns, scale_content
from features.history.arrays import DAY_US, encode_categories, positions_in, to_us
from features.history.history import History
from features.history.post_readings import CONTENT_FIELDS
from features.niche.text import brand_fit
from features.tables.vocabulary import EVIDENCE, FORMATS, NICHES


@dataclass(frozen=True)
class Queries:
    """Queries as arrays of shape (n,): times in microseconds UTC, categories as codes, NaN where
    not told.

    `evidence_limit`: the best evidence that may be used, a position in EVIDENCE; `planned`: format,
    topic, sponsored and content on the scale of `features.derive.planned_post.scale_content`;
    `averages`: by those of AVERAGE_NAMES that any question tells.
    """

    account: np.ndarray
    as_of: np.ndarray
    start_at: np.ndarray
    evidence_limit: np.ndarray
    brand_niche: np.ndarray
    planned: dict[str, np.ndarray]
    averages: dict[str, np.ndarray]

    @classmethod
    def from_arrays(
        cls,
        account: np.ndarray,
        as_of: np.ndarray,
        start: np.ndarray,
        told: dict[str, np.ndarray],
        topics: tuple[str, ...] = (),
    ) -> "Queries":
        """Take questions from plain arrays (n,), without a frame.

        `from_arrays`: any of `format`, `brand_niche` and `evidence_limit` as codes (positions in
        FORMATS, NICHES, EVIDENCE), `sponsored` 0 or 1, `topic` as texts or None with the `topics`
        of the history or snapshot, the counts of CONTENT_FIELDS as they are, and AVERAGE_NAMES;
        float64 with NaN where not told, what is left out is not told.
        """
        nothing = np.full(len(account), np.nan)
        planned = {
            "format": told.get("format", nothing),
            "topic": topic_codes(told["topic"], topics) if "topic" in told else nothing,
            "sponsored": told.get("sponsored", nothing),
            **{
                name: scale_content(name, told[name]) if name in told else nothing
                for name in CONTENT_FIELDS
            },
        }
        limit = (
            np.nan_to_num(told["evidence_limit"])
            if "evidence_limit" in told
            else np.zeros(len(account))
        )
        averages = {name: told[name] for name in AVERAGE_NAMES if name in told}
        return cls(
            account, as_of, start, limit, told.get("brand_niche", nothing), planned, averages
        )

    @classmethod
    def from_frame(cls, history: History, frame: pd.DataFrame) -> "Queries":
        """Read questions from a frame; columns that are absent are not told."""
        codes = {"format": FORMATS, "brand_niche": NICHES, "evidence_limit": EVIDENCE}
        told = {
            name: encode_categories(frame[name], names)
            for name, names in codes.items()
            if name in frame
        }
        numbers = (name for name in ("sponsored", *CONTENT_FIELDS, *AVERAGE_NAMES) if name in frame)
        told |= {name: frame[name].to_numpy(float, na_value=np.nan) for name in numbers}
        if "topic" in frame:
            told["topic"] = (
                frame["topic"].astype(object).where(frame["topic"].notna(), None).to_numpy()
            )
        account = history.account_indexes(frame)
        return cls.from_arrays(
            account, to_us(frame["as_of"]), to_us(frame["start_at"]), told, history.topics
        )

    def __len__(self) -> int:
        return len(self.account)

    def __getitem__(self, rows: np.ndarray | slice) -> "Queries":
        planned = {name: values[rows] for name, values in self.planned.items()}
        averages = {name: values[rows] for name, values in self.averages.items()}
        told = (
            values[rows]
            for values in (
                self.account,
                self.as_of,
                self.start_at,
                self.evidence_limit,
                self.brand_niche,
            )
        )
        return Queries(*told, planned, averages)


def query_features(state: AccountFeatures, asked: Queries, reference: Reference) -> np.ndarray:
    """Give the columns of each question, (n, len(COLUMNS)) float64, from the state of its account
    at its as_of.
    """
    out = np.empty((len(asked), len(COLUMNS)))
    out[:] = state.values[:, : len(COLUMNS)]
    lead_days = (asked.start_at - asked.as_of) / DAY_US
    days = asked.start_at // DAY_US
    columns = {
        "format_code": asked.planned["format"],
        "sponsored_flag": asked.planned["sponsored"],
        "lead_days": lead_days,
        "start_weekday": (days + 3) % 7,  # 1 January 1970 was a Thursday
        "start_hour": (asked.start_at - days * DAY_US) // (DAY_US // 24),
        "brand_fit": brand_fit(
            state["niche_declared_flag"] == 1, state["niche_code"], state.niches, asked.brand_niche
        ),
        "start_gap_days": state["last_post_age_days"] + lead_days,
        **{f"{name}_planned": asked.planned[name] for name in CONTENT_FIELDS},
    }
    write_columns(out.T, columns)
    _put_averages(out, state, asked, reference)
    _put_plan(out, state, asked)
    return out


def _put_averages(
    out: np.ndarray, state: AccountFeatures, asked: Queries, reference: Reference
) -> None:
    """Put a vendor's averages in the place of posts where there are none."""
    if not asked.averages:
        return
    platform = state["platform_code"]
    summary = summarise_averages(
        asked.averages, platform, state["followers"], reference.platform_posts.part_tables
    )
    means = {"engagements": summary.engagements, "views": asked.averages.get("avg_views")}
    for what, values in means.items():
        market = getattr(reference, what)
        if market is None or values is None:
            continue
        mean = np.log1p(values)
        lacking = (
            (state[f"{what}_evidence_code"] == PROFILE_ONLY)
            & (asked.evidence_limit <= SUMMARY)
            & ~np.isnan(mean)
        )
        rows = np.flatnonzero(lacking)
        if not len(rows):
            continue
        prior, nothing = out[rows, COLUMN_INDEX[f"{what}_log_prior"]], np.full(len(rows), np.nan)
        evidence = np.full(len(rows), SUMMARY)
        columns = offset_columns(
            evidence, platform[rows], prior, (nothing, nothing), mean[rows], market
        )
        columns["log_offset_by_followers"] = (
            columns["log_offset"] - out[rows, COLUMN_INDEX["followers_log"]]
        )
        write_columns(out.T, {f"{what}_{name}": values for name, values in columns.items()}, rows)


def _put_plan(out: np.ndarray, state: AccountFeatures, asked: Queries) -> None:
    """Set what is planned beside the account's own posts, where it has any."""
    if state.posts is None:
        return
    rows = state.posts.rows
    known = state.values[rows]
    planned = {name: values[rows] for name, values in asked.planned.items()}
    columns = {
        **planned_format_columns(
            known[:, FORMAT_EFFECT_INDEXES], known[:, FORMAT_COUNT_INDEXES], planned["format"]
        ),
        **planned_post_columns(state.posts, planned),
        **{
            f"{name}_planned_by_own_mean": planned[name]
            - known[:, COLUMN_INDEX[f"{name}_own_mean"]]
            for name in CONTENT_FIELDS
        },
    }
    write_columns(out.T, columns, rows)


def topic_codes(told: np.ndarray, topics: tuple[str, ...]) -> np.ndarray:
    """Give the position of each text (n,) in `topics`: NaN for None, -1 for a topic of no post.

    Told and alike none, so that a later post on it changes nothing.
    """
    texts = pa.array(told, pa.large_string())
    codes = positions_in(texts, pa.array(topics, pa.large_string())).astype(float)
    codes[texts.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return codes
