"""Queries about accounts, and the second step of derive: from the features of an account to those
of a query.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.derive.account_features import AccountFeatures
from features.derive.averages import AVERAGE_NAMES, summarise_averages
from features.derive.catalog import COLUMNS
from features.derive.effects import planned_format_columns
from features.derive.feature_matrix import (
    FORMAT_COUNT_COLUMNS,
    FORMAT_EFFECT_COLUMNS,
    ColumnBlock,
    column_indexes,
    write_blocks,
)
from features.derive.level_offset import PROFILE_ONLY, SUMMARY, offset_from_average
from features.derive.planned_post import planned_post_columns, scale_content
from features.derive.reference import Reference
from features.history.arrays import DAY_US, encode_categories, positions_in, text_array, to_us
from features.history.history import History
from features.history.post_readings import CONTENT_FIELDS
from features.niche.text import brand_fit
from features.tables.vocabulary import EVIDENCE, FORMATS, NICHES

_CATEGORIES = {"format": FORMATS, "brand_niche": NICHES, "evidence_limit": EVIDENCE}


@dataclass(frozen=True)
class Queries:
    """Queries as arrays of shape (n,): times in microseconds UTC, categories as codes, NaN where
    unknown.

    `evidence_limit`: the best evidence that may be used, a position in EVIDENCE; `planned`: format,
    topic, sponsored and content on the scale of `features.derive.planned_post.scale_content`;
    `averages`: any of AVERAGE_NAMES.
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
        columns: dict[str, np.ndarray],
        topics: tuple[str, ...] = (),
    ) -> "Queries":
        """Build queries from plain arrays (n,), without a frame.

        `columns`: any of `format`, `brand_niche` and `evidence_limit` as codes (positions in
        FORMATS, NICHES, EVIDENCE), `sponsored` 0 or 1, `topic` as texts or None with the `topics`
        of the history or snapshot, the counts of CONTENT_FIELDS as they are, and AVERAGE_NAMES;
        float64 with NaN where unknown. A column that is left out is unknown.
        """
        unknown = np.full(len(account), np.nan)
        planned = {name: columns.get(name, unknown) for name in ("format", "topic", "sponsored")}
        if "topic" in columns:
            planned["topic"] = topic_codes(columns["topic"], topics)
        for name in CONTENT_FIELDS:
            planned[name] = scale_content(name, columns[name]) if name in columns else unknown
        limit = np.zeros(len(account))
        if "evidence_limit" in columns:
            limit = np.nan_to_num(columns["evidence_limit"])
        averages = {name: columns[name] for name in AVERAGE_NAMES if name in columns}
        brand_niche = columns.get("brand_niche", unknown)
        return cls(account, as_of, start, limit, brand_niche, planned, averages)

    @classmethod
    def from_frame(cls, history: History, frame: pd.DataFrame) -> "Queries":
        """Read queries from a frame; a column that is absent is unknown."""
        columns = {}
        for name, names in _CATEGORIES.items():
            if name in frame:
                columns[name] = encode_categories(frame[name], names)
        for name in ("sponsored", *CONTENT_FIELDS, *AVERAGE_NAMES):
            if name in frame:
                columns[name] = frame[name].to_numpy(float, na_value=np.nan)
        if "topic" in frame:
            topic = frame["topic"]
            columns["topic"] = topic.astype(object).where(topic.notna(), None).to_numpy()
        as_of, start = to_us(frame["as_of"]), to_us(frame["start_at"])
        account = history.account_indexes(frame)
        return cls.from_arrays(account, as_of, start, columns, history.topics)

    def __len__(self) -> int:
        return len(self.account)

    def __getitem__(self, rows: np.ndarray | slice) -> "Queries":
        planned = {name: values[rows] for name, values in self.planned.items()}
        averages = {name: values[rows] for name, values in self.averages.items()}
        return Queries(
            self.account[rows],
            self.as_of[rows],
            self.start_at[rows],
            self.evidence_limit[rows],
            self.brand_niche[rows],
            planned,
            averages,
        )


def query_features(accounts: AccountFeatures, queries: Queries, reference: Reference) -> np.ndarray:
    """Return the columns of each query, (n, len(COLUMNS)) float64.

    Row i of `accounts` describes the account of query i at its as_of.
    """
    values = np.empty((len(queries), len(COLUMNS)))
    values[:] = accounts.values[:, : len(COLUMNS)]
    blocks = [
        ColumnBlock(_query_columns(accounts, queries)),
        *_average_blocks(accounts, queries, reference),
        *_plan_blocks(accounts, queries),
    ]
    write_blocks(values.T, blocks)
    return values


def _query_columns(accounts: AccountFeatures, queries: Queries) -> dict[str, np.ndarray]:
    """Return what a query says by itself, (n,) each: format, payment, start, brand and content."""
    lead_days = (queries.start_at - queries.as_of) / DAY_US
    days = queries.start_at // DAY_US
    declared = accounts["niche_declared_flag"] == 1
    return {
        "format_code": queries.planned["format"],
        "sponsored_flag": queries.planned["sponsored"],
        "lead_days": lead_days,
        "start_weekday": (days + 3) % 7,  # 1 January 1970 was a Thursday
        "start_hour": (queries.start_at - days * DAY_US) // (DAY_US // 24),
        "brand_fit": brand_fit(
            declared, accounts["niche_code"], accounts.niches, queries.brand_niche
        ),
        "start_gap_days": accounts["last_post_age_days"] + lead_days,
        **{f"{name}_planned": queries.planned[name] for name in CONTENT_FIELDS},
    }


def _average_blocks(
    accounts: AccountFeatures, queries: Queries, reference: Reference
) -> list[ColumnBlock]:
    """Return the offsets by a vendor's averages, where the account itself has no posts."""
    if not queries.averages:
        return []
    summary = summarise_averages(
        queries.averages,
        accounts["platform_code"],
        accounts["followers"],
        reference.platform_posts.part_tables,
    )
    averages = {"engagements": summary.engagements, "views": queries.averages.get("avg_views")}
    blocks = []
    for target, average in averages.items():
        market = reference.markets.get(target)
        if market is None or average is None:
            continue
        average_log = np.log1p(average)
        # nobody tells at what age a vendor read the posts: they count as grown up
        growth = reference.grown_up_growth(target, accounts["platform_code"])
        average_log = average_log + growth
        has_no_posts = accounts[f"{target}_evidence_code"] == PROFILE_ONLY
        is_allowed = queries.evidence_limit <= SUMMARY
        rows = np.flatnonzero(has_no_posts & is_allowed & ~np.isnan(average_log))
        if not len(rows):
            continue
        platform = accounts["platform_code"][rows]
        prior = accounts[f"{target}_log_prior"][rows]
        columns = offset_from_average(platform, prior, average_log[rows], market)
        by_followers = columns["log_offset"] - accounts["followers_log"][rows]
        columns["log_offset_by_followers"] = by_followers
        columns["log_growth"] = growth[rows]
        of_target = {f"{target}_{name}": values for name, values in columns.items()}
        blocks.append(ColumnBlock(of_target, rows))
    return blocks


def _plan_blocks(accounts: AccountFeatures, queries: Queries) -> list[ColumnBlock]:
    """Return how the plan compares with the account's own posts, where it has any."""
    if accounts.posts is None:
        return []
    rows = accounts.posts.rows
    planned = {name: of_queries[rows] for name, of_queries in queries.planned.items()}
    effects, counts = (
        accounts.values[rows[:, None], column_indexes(names)]
        for names in (FORMAT_EFFECT_COLUMNS, FORMAT_COUNT_COLUMNS)
    )
    columns = {
        **planned_format_columns(effects, counts, planned["format"]),
        **planned_post_columns(accounts.posts, planned),
    }
    for name in CONTENT_FIELDS:
        usual = accounts[f"{name}_own_mean"][rows]
        columns[f"{name}_planned_by_own_mean"] = planned[name] - usual
    return [ColumnBlock(columns, rows)]


def topic_codes(names: np.ndarray, topics: tuple[str, ...]) -> np.ndarray:
    """Return the position of each name (n,) in `topics`: NaN for None, -1 for a topic of no post.

    A topic of no post is known but equals none, so that a later post on it changes nothing.
    """
    texts = text_array(names)
    codes = positions_in(texts, text_array(topics)).astype(float)
    codes[texts.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return codes
