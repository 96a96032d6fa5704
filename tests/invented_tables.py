"""Invented tables of posts and creators, and queries about them, for comparisons at any size.

Lognormal activity, four platforms, several readings of a post, reposts, hidden likes, unknown
views, shares and formats. No two posts of a creator have the same microsecond.
"""

import numpy as np
import pandas as pd

from features.derive.fit_reference import fit_reference
from features.derive.reference import Reference
from features.history.history import History
from features.tables.model import Tables
from features.tables.schema import CREATORS, DTYPES, POSTS, TableSpec
from features.tables.vocabulary import FORMATS, NICHES, PLATFORMS

START, DAYS = pd.Timestamp("2024-01-01", tz="UTC"), 730
DAY = pd.Timedelta(days=1)
TOPICS = tuple(f"topic {number}" for number in range(12))
REFERENCE_CREATORS = 2_000
CONTENT = ("caption_words", "hashtags_count", "mentions_count", "has_location")


def make_tables(posts: int, creators: int, topics: bool = False, seed: int = 0) -> Tables:
    """Invent tables of `posts` readings, one in twenty of them a second one, and `creators`."""
    random = np.random.default_rng(seed)
    identifier = np.array([f"c{number}" for number in range(creators)])
    service = np.array(PLATFORMS)[random.choice(len(PLATFORMS), creators, p=[0.4, 0.3, 0.2, 0.1])]
    level = random.normal(5, 1.5, creators)
    followers = np.round(np.exp(level + random.normal(4, 0.5, creators)))
    profile = {
        "creator_id": identifier,
        "platform": service,
        "observed_at": np.full(creators, START.tz_localize(None), dtype="datetime64[us]"),
        "followers": np.where(random.random(creators) < 0.02, np.nan, followers),
        "niche": np.array(NICHES)[random.integers(0, len(NICHES), creators)],
    }
    activity = np.cumsum(random.lognormal(0, 0.7, creators))
    again = posts // 20
    who = np.searchsorted(activity, random.random(posts - again) * activity[-1])
    values = _post_values(random, level[who])
    values |= {
        "platform": service[who],
        "creator_id": identifier[who],
        "post_id": np.arange(len(who)).astype(str),
    }
    row = np.concatenate([np.arange(len(who)), random.permutation(len(who))[:again]])
    values = {name: value[row] for name, value in values.items() if topics or name != "topic"}
    second = row.size - again
    values["observed_at"][second:] = values["posted_at"][second:] + np.timedelta64(60, "D")
    values["likes"][second:] = np.round(1.1 * values["likes"][second:])
    return Tables(creators=_table(CREATORS, profile, creators), posts=_table(POSTS, values, posts))


def make_queries(tables: Tables, queries: int, seed: int = 1) -> pd.DataFrame:
    """Ask about creators at random, at any time of the posts, for up to 120 days ahead."""
    random = np.random.default_rng(seed)
    creators = tables.creators.iloc[random.integers(0, len(tables.creators), queries)]
    days = pd.to_timedelta(random.uniform(0, DAYS + 30, queries) * 86400, unit="s").as_unit("us")
    return _planned(creators[["creator_id", "platform"]], START.as_unit("us") + days, random)


def query_each_post(tables: Tables, seed: int = 1) -> pd.DataFrame:
    """Ask about each reading of a post as of up to 60 days before it was posted."""
    random = np.random.default_rng(seed)
    days = pd.to_timedelta(random.uniform(0, 60, len(tables.posts)) * 86400, unit="s").as_unit("us")
    posts = tables.posts[["creator_id", "platform"]]
    return _planned(posts, pd.DatetimeIndex(tables.posts["posted_at"]) - days, random)


def _planned(
    accounts: pd.DataFrame, as_of: pd.DatetimeIndex, random: np.random.Generator
) -> pd.DataFrame:
    """Set as_of and, for part of the queries, the planned post beside each account."""
    n = len(accounts)
    plan = _post_values(random, np.zeros(n))
    names = ("format", "topic", "sponsored", *CONTENT)
    told = {
        c.name: pd.Series(plan[c.name], dtype=DTYPES[c.kind])
        for c in POSTS.columns
        if c.name in names
    }
    lead = pd.to_timedelta(random.integers(0, 121, n), unit="D").as_unit("us")
    return accounts.reset_index(drop=True).assign(as_of=as_of, start_at=as_of + lead, **told)


def _table(spec: TableSpec, values: dict[str, np.ndarray], rows: int) -> pd.DataFrame:
    columns = {}
    for column in spec.columns:
        dtype, value = DTYPES[column.kind], values.get(column.name)
        if column.kind == "time" and value is not None:
            columns[column.name] = pd.Series(value).dt.tz_localize("UTC")
        else:
            columns[column.name] = pd.Series(value, index=range(rows), dtype=dtype)
    return pd.DataFrame(columns)


def _post_values(random: np.random.Generator, level: np.ndarray) -> dict[str, np.ndarray]:
    """Invent one reading of a post for each level, ln(1 + engagements) of its creator."""
    n = len(level)

    def unknown(values: np.ndarray, share: float) -> np.ndarray:
        return np.where(
            random.random(n) < share, None if values.dtype == object else np.nan, values
        )

    def count(usual: np.ndarray) -> np.ndarray:
        return np.round(usual * random.lognormal(0, 0.4, n))

    engagements = np.expm1(level + random.normal(0, 0.6, n)).clip(0)
    posted = START.to_datetime64().astype("datetime64[us]") + random.integers(
        0, DAYS * 86_400_000_000, n
    )
    read = posted + random.choice([3, 8, 20, 45], n, p=[0.05, 0.35, 0.3, 0.3]) * np.timedelta64(
        1, "D"
    )
    return {
        "posted_at": posted,
        "observed_at": np.where(random.random(n) < 0.2, np.datetime64("NaT"), read),
        "likes": count(0.9 * engagements),
        "comments": count(0.05 * engagements),
        "shares": unknown(count(0.05 * engagements), 0.15),
        "saves": unknown(count(0.03 * engagements), 0.4),
        "views": unknown(count(12 * engagements + 1), 0.25),
        "likes_hidden": random.random(n) < 0.03,
        "repost": random.random(n) < 0.03,
        "sponsored": unknown((random.random(n) < 0.1).astype(object), 0.2),
        "has_location": unknown((random.random(n) < 0.3).astype(object), 0.1),
        "format": unknown(
            np.array(FORMATS, dtype=object)[random.integers(0, len(FORMATS), n)], 0.05
        ),
        "topic": unknown(np.array(TOPICS, dtype=object)[random.integers(0, len(TOPICS), n)], 0.3),
        "caption_words": unknown(random.integers(0, 60, n).astype(float), 0.1),
        "hashtags_count": random.integers(0, 15, n).astype(float),
        "mentions_count": random.integers(0, 4, n).astype(float),
    }


def fit_small(tables: Tables) -> Reference:
    """Fit the reference to the first creators alone."""
    creators = tables.creators.head(REFERENCE_CREATORS)
    names = [frame["platform"] + "/" + frame["creator_id"] for frame in (tables.posts, creators)]
    some = Tables(creators=creators, posts=tables.posts[names[0].isin(names[1])])
    return fit_reference(History.from_tables(some), START + DAYS * DAY)
