"""How derive scales, against a plain pandas implementation of the same signals of posts.

    python benchmarks/features_scale.py [--posts 10000000] [--creators 100000] [--questions 200000] [--repeats 3]
    python benchmarks/features_scale.py --question-per-post

Both are run in turns, each run in a fresh process that first reads the same tables from Parquet. Timed is what follows:
ours is `History.from_tables` and `derive`, pandas is merge, filter and groupby as an analyst writes them. The memory is the peak
resident size during the timed part minus the resident size just before it, so that the tables count for neither. The
kernel keeps the peak (VmHWM, reset through /proc/self/clear_refs), so no short one escapes between two samples; this
needs Linux. The reference is fitted beforehand on a subsample, and what pandas would not compute (priors of the market,
usual effects of formats) it takes from there as well. Before all that, both must agree on a small sample.

The posts are invented: lognormal activity, four platforms, several readings of a post, reposts, hidden likes, unknown
views, shares and formats. Posts of one creator at the same microsecond do not occur; their order is left to ours.
Nobody writes a word in the timed runs, for derive would read niches from it, which pandas is not asked for (`--topics`
gives posts topics); the scores of authenticity are derive's alone as well, and stay inside its time.
"""

import argparse
import ctypes
import gc
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.derive.catalog import FEATURES
from features.derive.derive import derive
from features.derive.market_priors import MarketPriors, Reference, fit_reference
from features.history.history import History
from features.tables.folder import read_tables, write_tables
from features.tables.model import Tables
from features.tables.schema import CREATORS, DTYPES, POSTS, TableSpec
from features.tables.vocabulary import ENGAGEMENT_PARTS, FORMATS, HORIZON_DAYS, NICHES, PLATFORMS

START, DAYS = pd.Timestamp("2024-01-01", tz="UTC"), 730
DAY = pd.Timedelta(days=1)
HORIZON = HORIZON_DAYS * DAY
TOPICS = tuple(f"topic {number}" for number in range(12))
POSTS_A_CREATOR = 100
REFERENCE_CREATORS = 2_000
FASTER, MEMORY_SHARE = 4.0, 2 / 3
RTOL, ATOL = 1e-6, 1e-9
EACH_POST = (100_000, 1_000_000)
#: Measured bytes, to estimate what pandas needs: tables and cleaned readings a post, and a row of the merge.
TABLE_BYTES, READING_BYTES, MERGED_BYTES = 250, 250, 100
PEAK_RESET = Path("/proc/self/clear_refs")
WINDOW = 96
CONTENT = ("caption_words", "hashtags_count", "mentions_count", "has_location")
SHARES = ("like_share", "comment_share", "share_share", "save_share")
ENGAGED = ("read_at", "by_views", "format", "topic", "sponsored", *SHARES, *CONTENT)


def pandas_signals(tables: Tables, questions: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Give the signals of posts that `derive` gives, one row a question, by pandas alone."""
    accounts = tables.creators[["platform", "creator_id"]].drop_duplicates(ignore_index=True)
    accounts["account"] = accounts.index.astype("int32")
    asked = ask(questions, tables, accounts, reference)
    posts = first_readings(tables.posts, accounts)
    engaged = with_level(last_posts(posts, asked, "engagements_log", ENGAGED))
    found = target_signals("engagements", engaged, asked, reference.engagements)
    found = pd.concat(
        [
            found,
            cadence_signals(engaged, asked),
            ratio_signals(engaged),
            format_signals(engaged, asked, reference),
            sponsored_signals(engaged, asked, reference, found["engagements_log_offset"]),
            plan_signals(engaged, asked),
        ],
        axis=1,
    )
    del engaged
    viewed = with_level(last_posts(posts, asked, "views_log"))
    found = pd.concat([found, target_signals("views", viewed, asked, reference.views)], axis=1)
    return found.set_axis(questions.index)


def account_of(frame: pd.DataFrame, accounts: pd.DataFrame) -> np.ndarray:
    return frame[["platform", "creator_id"]].merge(accounts, how="left")["account"].to_numpy()


def code_of(values: pd.Series, names: tuple[str, ...]) -> np.ndarray:
    """Give the position of each value in `names` as int8, -1 where it is not told."""
    return pd.Categorical(values, categories=names).codes


def ask(
    questions: pd.DataFrame, tables: Tables, accounts: pd.DataFrame, reference: Reference
) -> pd.DataFrame:
    """Number the questions and set the plan's codes and the market's priors beside each."""
    profile = tables.creators[["platform", "creator_id", "followers", "niche"]]
    asked = questions.reset_index(drop=True).merge(
        profile, how="left", on=["platform", "creator_id"]
    )
    asked["account"] = account_of(asked, accounts)
    asked["question"] = asked.index.astype("int32")
    asked["format"] = code_of(asked["format"], FORMATS)
    asked["topic"] = code_of(asked["topic"], TOPICS)
    for name in ("caption_words", "hashtags_count", "mentions_count"):
        asked[name] = np.log1p(asked[name])
    asked["has_location"] = asked["has_location"].astype("float64")
    asked["followers_log"] = np.log1p(asked["followers"])
    code, niche = (
        code_of(asked[n], names) for n, names in (("platform", PLATFORMS), ("niche", NICHES))
    )
    code, niche = code.astype(float), np.where(niche < 0, np.nan, niche)
    for what, market in (("engagements", reference.engagements), ("views", reference.views)):
        asked[f"{what}_log_prior"] = market.prior_for(
            code, asked["followers_log"].to_numpy(), niche
        )
    asked["platform_code"] = code
    return asked


def first_readings(posts: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """Keep the first mature reading of each post but reposts, newest post first, with what is counted of it."""
    mature_at = posts["posted_at"] + HORIZON
    read_at = posts["observed_at"].fillna(mature_at)
    read_at = read_at.where((read_at >= mature_at) & ~posts["repost"].fillna(False).astype(bool))
    first = read_at == read_at.groupby([posts["platform"], posts["post_id"]], sort=False).transform(
        "min"
    )
    likes = posts["likes"].mask(posts["likes_hidden"].fillna(False))
    shared = posts["platform"].isin(
        [name for name, parts in ENGAGEMENT_PARTS.items() if "shares" in parts]
    )
    engagements = likes + posts["comments"] + posts["shares"].where(shared, 0.0)
    parts = dict(
        zip(SHARES, (likes, posts["comments"], posts["shares"], posts["saves"]), strict=True)
    )
    readings = pd.DataFrame(
        {
            "account": account_of(posts, accounts),
            "posted_at": posts["posted_at"],
            "read_at": read_at,
            "engagements_log": np.log1p(engagements),
            "views_log": np.log1p(posts["views"]),
            "by_views": np.log1p(engagements) - np.log1p(posts["views"]),
            **{
                name: (values / engagements.clip(lower=1)).astype("float32")
                for name, values in parts.items()
            },
            "format": code_of(posts["format"], FORMATS),
            "topic": code_of(posts["topic"], TOPICS),
            "sponsored": posts["sponsored"].astype("Int8").fillna(-1).astype("int8"),
            **{name: posts[name].astype("float32") for name in CONTENT},
        }
    )
    return readings[first].sort_values("posted_at", ascending=False)


def last_posts(
    posts: pd.DataFrame, asked: pd.DataFrame, name: str, others: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Merge each question with its account's posts and keep the newest 96 known at as_of whose `name` is known."""
    known = posts.loc[posts[name].notna(), ["account", "posted_at", name, *others]].rename(
        columns={name: "value"}
    )
    rows = (
        asked[["question", "account", "as_of"]].merge(known, on="account").drop(columns="account")
    )
    rows = rows[rows["posted_at"] + HORIZON <= rows["as_of"]]
    place = rows.groupby("question").cumcount()
    rows = rows.assign(place=place.astype("int16"))[place < WINDOW]
    rows = rows.reset_index(drop=True)
    rows["age"] = (rows["as_of"] - rows["posted_at"]) / DAY
    if "read_at" in rows:
        rows["late"] = rows["read_at"] > rows["as_of"]
    return rows.drop(columns=["as_of", "posted_at", "read_at"], errors="ignore")


def weighted_mean(rows: pd.DataFrame, values: pd.Series, weights: pd.Series) -> pd.Series:
    """Give the weighted mean of each question's known values."""
    total = (values * weights).groupby(rows["question"]).sum()
    return total / weights.where(values.notna()).groupby(rows["question"]).sum()


def weighted_median(rows: pd.DataFrame) -> pd.Series:
    """Give the least value of each question that has half of the weight at or below it."""
    ordered = rows[["question", "value", "weight"]].sort_values("value")
    by = ordered.groupby("question")["weight"]
    half = by.cumsum() >= by.transform("sum") / 2
    return ordered[half].groupby("question")["value"].first()


def with_level(rows: pd.DataFrame) -> pd.DataFrame:
    """Add each post's days before the newest, its recency weight, and its question's weighted median and level."""
    rows["since"] = rows["age"] - rows.groupby("question")["age"].transform("min")
    rows["weight"] = 0.5 ** (rows["since"] / 60)
    median = weighted_median(rows)
    level = (median + weighted_mean(rows, rows["value"], np.exp(-rows["place"] / 20))) / 2
    rows["median"], rows["level"] = rows["question"].map(median), rows["question"].map(level)
    return rows


def level_signals(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the levels of one count that derive gives minus the offset."""
    value = rows["value"]
    by = rows.groupby("question")["value"]
    posts = rows[["question", "value", "age", "place"]]
    levels = {
        f"median_{d}d": posts[posts["age"] <= d].groupby("question")["value"].median()
        for d in (30, 90, 365)
    }
    levels |= {
        f"median_{k}": posts[posts["place"] < k].groupby("question")["value"].median()
        for k in (3, 5, 12, 20)
    }
    levels |= {f"ewm_{k}": weighted_mean(rows, value, np.exp(-rows["place"] / k)) for k in (3, 10)}
    levels["ewm_30d"] = weighted_mean(rows, value, rows["weight"] ** 2)
    quantiles = by.quantile([0.1, 0.25, 0.75, 0.9])
    levels |= {f"p{round(100 * q)}": quantiles.xs(q, level=1) for q in (0.1, 0.25, 0.75, 0.9)}
    levels["max"] = by.max()
    newest = posts[posts["place"] < 12]
    levels["mean_12"] = np.log1p(np.expm1(newest["value"]).groupby(newest["question"]).mean())
    return pd.DataFrame(levels)


def spread_signals(rows: pd.DataFrame) -> pd.DataFrame:
    """Give count, effective count, spread, autocorrelation and slope of one count."""
    by = rows.groupby("question")
    count, centred = by["value"].count(), rows["value"] - rows["median"]
    pairs = (centred * centred.groupby(rows["question"]).shift(-1)).groupby(rows["question"]).sum()
    squares = (centred**2).groupby(rows["question"]).sum()
    days = by["age"].transform("mean") - rows["age"]
    value = rows["value"] - by["value"].transform("mean")
    together = (days * value).groupby(rows["question"]).sum()
    return pd.DataFrame(
        {
            "known_count": count,
            "effective_count": by["weight"].sum() ** 2
            / (rows["weight"] ** 2).groupby(rows["question"]).sum(),
            "log_sd": by["value"].std(),
            "log_mad": centred.abs().groupby(rows["question"]).median(),
            "log_autocorrelation": pairs / squares * count / (count + 4),
            "log_slope": 30 * together / ((days**2).groupby(rows["question"]).sum() + 60.0**2),
        }
    )


def target_signals(
    what: str, rows: pd.DataFrame, asked: pd.DataFrame, market: MarketPriors
) -> pd.DataFrame:
    """Give the offset and all columns of one count."""
    level = rows.groupby("question")["level"].first().reindex(asked.index)
    spread = spread_signals(rows).reindex(asked.index)
    spread[["known_count", "effective_count"]] = spread[["known_count", "effective_count"]].fillna(
        0
    )
    prior = asked[f"{what}_log_prior"]
    offset = (prior + market.weight(spread["effective_count"]) * (level - prior)).fillna(prior)
    return pd.DataFrame(
        {
            f"{what}_evidence_code": level.isna() * 2.0,
            f"{what}_log_offset": offset,
            f"{what}_log_offset_by_prior": offset - prior,
            f"{what}_log_offset_by_followers": offset - asked["followers_log"],
        }
    ).join(
        [
            level_signals(rows).rsub(offset, axis=0).mul(-1).add_prefix(f"{what}_dev_"),
            spread.add_prefix(f"{what}_"),
        ]
    )


def cadence_signals(rows: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    by = rows.groupby("question")
    newest = by["age"].min().reindex(asked.index)
    return pd.DataFrame(
        {
            "readings_late_share": by["late"].mean(),
            "posts_gap_days_median": by["age"].diff().groupby(rows["question"]).median(),
            "last_post_age_days": newest,
            "start_gap_days": newest + (asked["start_at"] - asked["as_of"]) / DAY,
            "posts_count_30d": (rows["since"] <= 30).groupby(rows["question"]).sum(),
        },
        index=asked.index,
    )


def ratio_signals(rows: pd.DataFrame) -> pd.DataFrame:
    hits = rows["value"] > rows["median"] + np.log(2)
    by = rows.groupby("question")
    medians = (
        by[[*SHARES, "by_views"]]
        .median()
        .rename(columns={name: f"{name}_median" for name in SHARES})
    )
    medians = medians.rename(columns={"by_views": "engagement_rate_log_median_by_views"})
    return medians.assign(hit_share=hits.groupby(rows["question"]).mean())


def format_signals(rows: pd.DataFrame, asked: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Give the own effect of each format, shrunk by three posts to the usual; a format not told is one of its own."""
    told = rows[["question", "format"]].assign(residual=rows["value"] - rows["level"])
    codes = [*range(len(FORMATS)), -1]
    found = told.pivot_table(
        index="question", columns="format", values="residual", aggfunc=["sum", "count"]
    )
    total, count = (found[name].reindex(asked.index, columns=codes) for name in ("sum", "count"))
    known = count.notna().any(axis=1)
    usual = reference.effects.format_effects(asked["platform_code"].to_numpy())
    own = ((total.fillna(0) + 3 * usual) / (count.fillna(0) + 3)).where(known)
    share = count.fillna(0).div(count.sum(axis=1), axis=0).where(known)
    effects = own[codes[:-1]].set_axis([f"{name}_effect" for name in FORMATS], axis=1)
    # code -1, not told, takes the last column, as in `codes`
    planned = {"engagements_dev_mean_by_format": own, "format_share": share}
    return effects.assign(
        **{k: values.to_numpy()[asked.index, asked["format"]] for k, values in planned.items()}
    )


def sponsored_signals(
    rows: pd.DataFrame, asked: pd.DataFrame, reference: Reference, offset: pd.Series
) -> pd.DataFrame:
    told = rows.loc[rows["sponsored"] >= 0, ["question", "sponsored", "value", "level", "since"]]
    told["residual"] = told["value"] - told["level"]
    by = {"index": "question", "columns": "sponsored"}
    mean, median = (
        told.pivot_table(values=v, aggfunc=f, **by)
        for v, f in (("residual", "mean"), ("value", "median"))
    )
    pairs = (
        told.pivot_table(values="value", aggfunc="count", **by)
        .reindex(columns=[0, 1])
        .fillna(0)
        .min(axis=1)
    )
    mean, median = mean.reindex(columns=[0, 1]), median.reindex(asked.index, columns=[0, 1])
    usual = pd.Series(
        reference.effects.sponsored_effects(asked["platform_code"].to_numpy()), asked.index
    )
    recent = told[told["since"] <= 30].groupby("question")["sponsored"]
    return pd.DataFrame(
        {
            "sponsored_share": told.groupby("question")["sponsored"].mean(),
            "sponsored_count_30d": recent.sum().reindex(pairs.index, fill_value=0),
            "sponsored_share_30d": recent.mean(),
            "sponsored_effect": ((mean[1] - mean[0]).fillna(0) * pairs + 3 * usual) / (pairs + 3),
            "sponsored_dev_median": median[1] - offset,
            "organic_dev_median": median[0] - offset,
        },
        index=asked.index,
    )


def plan_signals(rows: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Set the plan beside the creator's own content: minus the own mean, by topic, and the kernel mean of the like."""
    residual, weight = rows["value"] - rows["level"], rows["weight"]
    distance = pd.Series(0.0, rows.index)
    result = {}
    for name in CONTENT:
        own = rows[name] if name == "has_location" else np.log1p(rows[name].astype("float64"))
        distance += ((own - rows["question"].map(asked[name])) ** 2).fillna(0)
        result[f"{name}_planned_by_own_mean"] = asked[name] - weighted_mean(rows, own, weight)
    same = {name: rows[name] == rows["question"].map(asked[name]) for name in ("format", "topic")}
    kernel = weight * np.exp(-distance / 2) * same["format"].map({True: 1.0, False: 0.5})
    kernel *= (same["topic"] | (rows["question"].map(asked["topic"]) < 0)).map(
        {True: 1.0, False: 0.5}
    )
    by = residual[same["topic"]].groupby(rows["question"])
    total, count = (found.reindex(asked.index, fill_value=0) for found in (by.sum(), by.count()))
    known = asked.index.isin(rows["question"]) & (asked["topic"] >= 0)
    result["engagements_dev_mean_by_topic"] = (total / (count + 3)).where(known)
    near = (kernel * residual).groupby(rows["question"]).sum()
    result["engagements_dev_similar"] = near / (kernel.groupby(rows["question"]).sum() + 1)
    return pd.DataFrame(result, index=asked.index)


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


def make_questions(tables: Tables, questions: int, seed: int = 1) -> pd.DataFrame:
    """Ask about creators at random, at any time of the posts, for up to 120 days ahead."""
    random = np.random.default_rng(seed)
    creators = tables.creators.iloc[random.integers(0, len(tables.creators), questions)]
    days = pd.to_timedelta(random.uniform(0, DAYS + 30, questions) * 86400, unit="s").as_unit("us")
    return _planned(creators[["creator_id", "platform"]], START.as_unit("us") + days, random)


def ask_each_post(tables: Tables, seed: int = 1) -> pd.DataFrame:
    """Ask about each reading of a post as of up to 60 days before it was posted."""
    random = np.random.default_rng(seed)
    days = pd.to_timedelta(random.uniform(0, 60, len(tables.posts)) * 86400, unit="s").as_unit("us")
    posts = tables.posts[["creator_id", "platform"]]
    return _planned(posts, pd.DatetimeIndex(tables.posts["posted_at"]) - days, random)


def _planned(
    accounts: pd.DataFrame, as_of: pd.DatetimeIndex, random: np.random.Generator
) -> pd.DataFrame:
    """Set as_of and, for part of the questions, the planned post beside each account."""
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


def compare(
    tables: Tables, questions: pd.DataFrame, reference: Reference
) -> tuple[list[str], list[str], list[str]]:
    """Name the columns that both give, those of them that differ, and those from posts that only derive gives."""
    ours, theirs = (
        derive(tables, questions, reference),
        pandas_signals(tables, questions, reference),
    )
    both = [name for name in theirs if name in ours]
    same = {
        n: np.isclose(ours[n], theirs[n].astype(float), rtol=RTOL, atol=ATOL, equal_nan=True)
        for n in both
    }
    from_posts = [f.name for f in FEATURES if "posts" in f.source or f.source.startswith("all")]
    return (
        both,
        [name for name in both if not same[name].all()],
        [name for name in from_posts if name not in both],
    )


def check() -> int:
    """Compare both on a small sample; give the number of columns compared. Exits where any differs."""
    tables = make_tables(30_000, 400, topics=True, seed=2)
    questions = make_questions(tables, 2_000)
    both, different, missing = compare(tables, questions, fit_small(tables))
    if different:
        raise SystemExit(
            f"pandas and derive differ in {', '.join(different)}: one of them is wrong"
        )
    tell(f"{len(both)} columns agree (rtol {RTOL}, atol {ATOL}) over {len(questions)} questions")
    tell(f"from posts in part or whole, and not compared: {', '.join(missing) or 'none'}")
    return len(both)


def fit_small(tables: Tables) -> Reference:
    """Fit the reference to the first creators alone."""
    creators = tables.creators.head(REFERENCE_CREATORS)
    names = [frame["platform"] + "/" + frame["creator_id"] for frame in (tables.posts, creators)]
    some = Tables(creators=creators, posts=tables.posts[names[0].isin(names[1])])
    return fit_reference(History.from_tables(some), START + DAYS * DAY)


def write_data(
    folder: Path, posts: int, creators: int, questions: int, topics: bool, each_post: bool
) -> None:
    """Write tables, questions and reference; tell on stdout how many rows the merge of pandas will have."""
    tables = make_tables(posts, creators, topics)
    asked = ask_each_post(tables) if each_post else make_questions(tables, questions)
    account = ["platform", "creator_id"]
    merged = (
        asked[account]
        .merge(tables.posts.groupby(account).size().rename("posts"), on=account)["posts"]
        .sum()
    )
    write_tables(tables, folder)
    asked.to_parquet(folder / "questions.parquet")
    (folder / "reference.json").write_text(json.dumps(fit_small(tables).to_json()))
    print(json.dumps({"merged": int(merged)}))


SIDES = {
    "ours": lambda tables, questions, reference: derive(
        History.from_tables(tables), questions, reference
    ),
    "pandas": pandas_signals,
}


def run_once(side: str, folder: Path) -> dict:
    """Run one side on the data in `folder`, in this process; seconds, and the memory in MB at its peak and before."""
    tables, questions = read_tables(folder), pd.read_parquet(folder / "questions.parquet")
    reference = Reference.from_json(json.loads((folder / "reference.json").read_text()))
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
    PEAK_RESET.write_text("5")
    before, began, worked = resident("VmRSS"), time.perf_counter(), time.process_time()
    result = SIDES[side](tables, questions, reference)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resident("VmHWM") - before
    size = {"rows": len(result), "columns": result.shape[1]}
    return {"seconds": seconds, "cpu": cpu, "peak": peak, "loaded": before, **size}


def resident(field: str) -> float:
    """Give VmRSS (resident now) or VmHWM (its peak) of this process in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def free_mb() -> float:
    return int(re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())[1]) / 1024


def in_fresh_process(*arguments) -> dict:
    """Run this script with `arguments`; give the JSON that it prints last."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]
    )


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def in_turns(folder: Path, sides: list[str], repeats: int) -> dict[str, list[dict]]:
    """Run each side once a round, each in a fresh process."""
    runs = {side: [] for side in sides}
    for number in range(repeats):
        for side in sides:
            run = in_fresh_process("--side", side, "--folder", folder)
            runs[side].append(run)
            took = f"{run['seconds']:.1f} s, {run['cpu']:.1f} of them CPU"
            tell(
                f"round {number + 1}: {side} {took}; {run['peak']:.0f} MB above {run['loaded']:.0f}"
            )
    return runs


def middle(runs: list[dict], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def row(title: str, runs: list[dict]) -> str:
    seconds = f"{middle(runs, 'seconds'):>11.2f}{min(run['seconds'] for run in runs):>9.2f}"
    return f"{title:<26}{seconds}{middle(runs, 'cpu'):>9.2f}{middle(runs, 'peak'):>10.0f}{runs[0]['columns']:>9}"


HEAD = f"{'':<26}{'median s':>11}{'min s':>9}{'cpu s':>9}{'peak MB':>10}{'columns':>9}"


def verdict(runs: dict[str, list[dict]]) -> list[str]:
    """Set both sides' medians against each other, and say whether the targets are met."""
    met = {True: "met", False: "missed"}
    faster = middle(runs["pandas"], "seconds") / middle(runs["ours"], "seconds")
    share = middle(runs["ours"], "peak") / middle(runs["pandas"], "peak")
    return [
        f"time, pandas / ours    {faster:.2f}   target {FASTER:g} or more: {met[faster >= FASTER]}",
        f"memory, ours / pandas  {share:.2f}   target {MEMORY_SHARE:.2f} or less: {met[share <= MEMORY_SHARE]}",
    ]


def spare_questions(folder: Path, posts: int, merged: int) -> None:
    """Take questions away where the merge of pandas would not fit into the free memory, and say so."""
    asked = pd.read_parquet(folder / "questions.parquet")
    fixed = posts * (TABLE_BYTES + READING_BYTES) / 2**20
    needed, free = merged * MERGED_BYTES / 2**20, 0.9 * free_mb() - fixed
    tell(
        f"the merge has {merged} rows: pandas needs about {fixed + needed:.0f} MB, tables included"
    )
    if needed > free:
        kept = max(1, int(len(asked) * free / needed))
        tell(
            f"this machine has too little memory for it: BOTH SIDES ARE ASKED {kept} OF {len(asked)} QUESTIONS"
        )
        asked.head(kept).to_parquet(folder / "questions.parquet")


def side_by_side(posts: int, creators: int, questions: int, repeats: int, topics: bool) -> str:
    """Give the table of both sides in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tell(f"making {posts} posts of {creators} creators and {questions} questions")
        sizes = ("--posts", posts, "--creators", creators, "--questions", questions)
        made = in_fresh_process("--make", "--folder", folder, *sizes, *["--topics"] * topics)
        spare_questions(folder, posts, made["merged"])
        runs = in_turns(folder, ["ours", "pandas"], repeats)
    asked = runs["ours"][0]["rows"]
    title = f"{posts} posts, {creators} creators, {asked} questions, {repeats} round(s)"
    return "\n".join(
        [title, HEAD, *(row(side, found) for side, found in runs.items()), *verdict(runs)]
    )


def question_per_post(repeats: int) -> str:
    """Give the table of as many questions as posts, 100 posts a creator: pandas at the smaller size only."""
    lines, ours = [HEAD], {}
    for posts in EACH_POST:
        with tempfile.TemporaryDirectory() as name:
            tell(f"making {posts} posts and a question for each")
            sizes = ("--posts", posts, "--creators", posts // POSTS_A_CREATOR)
            made = in_fresh_process("--make", "--folder", name, *sizes, "--question-per-post")
            sides = ["ours", "pandas"] if posts == EACH_POST[0] else ["ours"]
            runs = in_turns(Path(name), sides, repeats)
        ours[posts] = runs["ours"]
        lines += [row(f"{side}, {posts} posts", found) for side, found in runs.items()]
        lines += [f"{'':<4}the merge of pandas: {made['merged']} rows"]
    slower, larger = (
        middle(ours[EACH_POST[1]], w) / middle(ours[EACH_POST[0]], w) for w in ("seconds", "peak")
    )
    return "\n".join(
        [
            *lines,
            f"ten times the posts and questions: {slower:.1f} times the time, {larger:.1f} the memory",
        ]
    )


def machine() -> str:
    versions = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, pandas {pd.__version__}"
    )
    return f"{os.cpu_count()} cores, {platform.machine()}, {versions}, pyarrow {pa.__version__}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=10_000_000)
    parser.add_argument("--creators", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--topics",
        action="store_true",
        help="give posts topics, from which derive reads niches too",
    )
    parser.add_argument(
        "--question-per-post", action="store_true", help="as many questions as posts, two sizes"
    )
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if not PEAK_RESET.exists():
        parser.error(
            f"peak memory is read from {PEAK_RESET.parent}, which this system lacks: run it on Linux"
        )
    if a.make:
        write_data(a.folder, a.posts, a.creators, a.questions, a.topics, a.question_per_post)
    elif a.side:
        print(json.dumps(run_once(a.side, a.folder)))
    else:
        compared = check()
        if a.question_per_post:
            table = question_per_post(a.repeats)
        else:
            table = side_by_side(a.posts, a.creators, a.questions, a.repeats, a.topics)
        print(f"{table}\n{compared} columns compared and equal on a small sample\n{machine()}")


if __name__ == "__main__":
    main()
