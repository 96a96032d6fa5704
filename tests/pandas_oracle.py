"""The signals of posts by plain pandas, as an analyst would write them: an independent
implementation that derive must equal.

Priors of the market and usual effects of formats come from the reference; niches read from text
and the signs of authenticity are left out.
"""

import numpy as np
import pandas as pd
from invented_tables import CONTENT, TOPICS

from features.derive.catalog import FEATURES
from features.derive.derive import derive
from features.derive.market_priors import MarketPriors
from features.derive.reference import Reference
from features.tables.model import Tables
from features.tables.vocabulary import (
    ENGAGEMENT_PARTS,
    FORMATS,
    MATURE_DAYS,
    NICHES,
    PLATFORMS,
    TARGETS,
)

DAY = pd.Timedelta(days=1)
MATURE = MATURE_DAYS * DAY
LATEST = pd.Timestamp("2100-01-01", tz="UTC")
RTOL, ATOL = 1e-6, 1e-9
WINDOW = 96
SHARES = ("like_share", "comment_share", "share_share", "save_share")
ENGAGED = ("read_at", "by_views", "format", "topic", "sponsored", *SHARES, *CONTENT)


def pandas_signals(tables: Tables, queries: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Return the signals of posts that `derive` gives, one row a query, by pandas alone."""
    accounts = tables.creators[["platform", "creator_id"]].drop_duplicates(ignore_index=True)
    accounts["account"] = accounts.index.astype("int32")
    numbered = number_queries(queries, tables, accounts, reference)
    posts = readings_that_count(tables.posts, accounts, reference)
    engaged = with_level(last_posts(posts, numbered, "engagements", ENGAGED))
    found = target_signals("engagements", engaged, numbered, reference.engagements)
    found = pd.concat(
        [
            found,
            cadence_signals(engaged, numbered),
            ratio_signals(engaged),
            format_signals(engaged, numbered, reference),
            sponsored_signals(engaged, numbered, reference, found["engagements_log_offset"]),
            plan_signals(engaged, numbered),
        ],
        axis=1,
    )
    del engaged
    viewed = with_level(last_posts(posts, numbered, "views"))
    found = pd.concat([found, target_signals("views", viewed, numbered, reference.views)], axis=1)
    return found.set_axis(queries.index)


def account_of(frame: pd.DataFrame, accounts: pd.DataFrame) -> np.ndarray:
    return frame[["platform", "creator_id"]].merge(accounts, how="left")["account"].to_numpy()


def code_of(values: pd.Series, names: tuple[str, ...]) -> np.ndarray:
    """Return the position of each value in `names` as int8, -1 where it is not told."""
    return pd.Categorical(values, categories=names).codes


def number_queries(
    queries: pd.DataFrame, tables: Tables, accounts: pd.DataFrame, reference: Reference
) -> pd.DataFrame:
    """Number the queries and set the plan's codes and the market's priors beside each."""
    profile = tables.creators[["platform", "creator_id", "followers", "niche"]]
    numbered = queries.reset_index(drop=True).merge(
        profile, how="left", on=["platform", "creator_id"]
    )
    numbered["account"] = account_of(numbered, accounts)
    numbered["query"] = numbered.index.astype("int32")
    numbered["format"] = code_of(numbered["format"], FORMATS)
    numbered["topic"] = code_of(numbered["topic"], TOPICS)
    for name in ("caption_words", "hashtags_count", "mentions_count"):
        numbered[name] = np.log1p(numbered[name])
    numbered["has_location"] = numbered["has_location"].astype("float64")
    numbered["followers_log"] = np.log1p(numbered["followers"])
    code, niche = (
        code_of(numbered[n], names) for n, names in (("platform", PLATFORMS), ("niche", NICHES))
    )
    code, niche = code.astype(float), np.where(niche < 0, np.nan, niche)
    for target, market in (("engagements", reference.engagements), ("views", reference.views)):
        numbered[f"{target}_log_prior"] = market.prior_for(
            code, numbered["followers_log"].to_numpy(), niche
        )
    numbered["platform_code"] = code
    return numbered


def readings_that_count(
    posts: pd.DataFrame, accounts: pd.DataFrame, reference: Reference
) -> pd.DataFrame:
    """Keep the readings of posts but reposts from the age of a day on, newest post first, with what is counted of each.

    `settled`: the reading that counts from the age of a week on: the first one at that age, else the last one.
    """
    mature_at = posts["posted_at"] + MATURE
    read_at = posts["observed_at"].fillna(mature_at)
    likes = posts["likes"].mask(posts["likes_hidden"].fillna(False))
    shared = posts["platform"].isin(
        [name for name, parts in ENGAGEMENT_PARTS.items() if "shares" in parts]
    )
    engagements = likes + posts["comments"] + posts["shares"].where(shared, 0.0)
    parts = dict(
        zip(SHARES, (likes, posts["comments"], posts["shares"], posts["saves"]), strict=True)
    )
    age = ((posts["observed_at"] - posts["posted_at"]) / DAY).to_numpy()
    growth = {target: growth_of(posts["platform"], target, age, reference) for target in TARGETS}
    read = {"engagements": np.log1p(engagements), "views": np.log1p(posts["views"])}
    brought = {target: (read[target] + growth[target][0]).clip(lower=0) for target in TARGETS}
    readings = pd.DataFrame(
        {
            "account": account_of(posts, accounts),
            "post": posts.groupby(["platform", "post_id"], sort=False).ngroup(),
            "posted_at": posts["posted_at"],
            "read_at": read_at,
            "early": read_at < mature_at,
            **{f"{target}_log": brought[target] for target in TARGETS},
            **{f"{target}_growth": growth[target][0] for target in TARGETS},
            **{f"{target}_variance": growth[target][1] for target in TARGETS},
            "by_views": brought["engagements"] - brought["views"],
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
    counts = (read_at >= posts["posted_at"] + DAY) & ~posts["repost"].fillna(False).astype(bool)
    readings = readings[counts].sort_values("read_at", kind="stable")
    by = readings.groupby("post")["read_at"]
    first = readings["read_at"].where(~readings["early"]).groupby(readings["post"])
    readings["settled"] = readings["read_at"] == first.transform("min").fillna(by.transform("max"))
    return readings.sort_values("posted_at", ascending=False, kind="stable")


def growth_of(
    platform: pd.Series, target: str, age: np.ndarray, reference: Reference
) -> tuple[np.ndarray, np.ndarray]:
    """Return ln of the growth from the age at reading to the horizon, and its variance, by the formula."""
    growth, variance = np.zeros(len(age)), np.zeros(len(age))
    for name in PLATFORMS:
        curve = reference.maturation.find(name, target)
        if curve is None:
            continue
        at = (platform == name).to_numpy()
        ages = np.nan_to_num(age[at], nan=90.0).clip(1 / 24, 90)
        # in the form that rounds like derive: ties of a post and twice the median stay ties
        days = np.append(ages, reference.horizon_days)
        share = np.log(-np.expm1(-curve.gamma * np.log1p(days / curve.tau_days)))
        growth[at] = share[-1] - share[:-1]
        variance[at] = curve.theta * growth[at].clip(0)
    return growth, variance


def last_posts(
    posts: pd.DataFrame, numbered: pd.DataFrame, target: str, others: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Merge each query with its account's posts and keep the newest 96 known at as_of with counts of the target."""
    names = {f"{target}_{name}": name for name in ("growth", "variance")}
    known = posts.rename(columns={f"{target}_log": "value", **names})
    known = known.loc[known["value"].notna()].assign(when=lambda rows: rows["read_at"])
    columns = ["account", "posted_at", "value", *names.values(), *others]
    mature_at = known["posted_at"] + MATURE
    settled = known.assign(known_from=mature_at, known_until=pd.NaT)[known["settled"]]
    early = known.sort_values(["post", "read_at"])
    newer = early.groupby("post")["read_at"].shift(-1)
    early = early.assign(known_from=early["read_at"], known_until=newer)[early["early"]]
    # where the reading that counts in the end lacks the counts, the last early one does
    last = early[~early["post"].isin(settled["post"])].drop_duplicates("post", keep="last")
    last = last.assign(known_from=last["posted_at"] + MATURE, known_until=pd.NaT)
    known = pd.concat([early, settled, last])
    rows = (
        numbered[["query", "account", "as_of"]]
        .merge(known[[*columns, "post", "when", "known_from", "known_until"]], on="account")
        .drop(columns="account")
    )
    is_known = (rows["known_from"] <= rows["as_of"]) & ~(rows["known_until"] <= rows["as_of"])
    rows = rows[is_known]
    # of the reading that counts in the end and an early one, what was read by then stands first
    rows["unread"] = rows["when"] > rows["as_of"]
    rows = rows.sort_values("unread", kind="stable").drop_duplicates(["query", "post"])
    rows = rows.sort_values(["query", "posted_at"], ascending=[True, False])
    place = rows.groupby("query").cumcount()
    rows = rows.assign(place=place.astype("int16"))[place < WINDOW]
    rows = rows.reset_index(drop=True)
    rows["age"] = (rows["as_of"] - rows["posted_at"]) / DAY
    if "read_at" in rows:
        rows["late"] = rows["read_at"] > rows["as_of"]
    return rows.drop(
        columns=[
            "as_of",
            "posted_at",
            "read_at",
            "post",
            "when",
            "unread",
            "known_from",
            "known_until",
        ],
        errors="ignore",
    )


def weighted_mean(rows: pd.DataFrame, values: pd.Series, weights: pd.Series) -> pd.Series:
    """Return the weighted mean of each query's known values."""
    total = (values * weights).groupby(rows["query"]).sum()
    return total / weights.where(values.notna()).groupby(rows["query"]).sum()


def weighted_median(rows: pd.DataFrame) -> pd.Series:
    """Return the least value of each query that has half of the weight at or below it."""
    ordered = rows[["query", "value", "weight"]].sort_values("value")
    by = ordered.groupby("query")["weight"]
    half = by.cumsum() >= by.transform("sum") / 2
    return ordered[half].groupby("query")["value"].first()


def with_level(rows: pd.DataFrame) -> pd.DataFrame:
    """Add each post's days before the newest, its weight, and its query's weighted median and level.

    The weight is by recency, and less where counts still grew after the reading.
    """
    rows["since"] = rows["age"] - rows.groupby("query")["age"].transform("min")
    by = rows.groupby("query")["value"]
    mad = (rows["value"] - by.transform("median")).abs().groupby(rows["query"]).transform("median")
    posts = by.transform("count")
    spread = (posts * (1.4826 * mad) ** 2 + 5 * 0.5**2) / (posts + 5)
    certainty = spread / (spread + rows["variance"])
    rows["weight"] = 0.5 ** (rows["since"] / 60) * certainty
    median = weighted_median(rows)
    faded = np.exp(-rows["place"] / 20) * certainty
    level = (median + weighted_mean(rows, rows["value"], faded)) / 2
    rows["median"], rows["level"] = rows["query"].map(median), rows["query"].map(level)
    return rows


def level_signals(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the levels of one count that derive gives minus the offset."""
    value = rows["value"]
    by = rows.groupby("query")["value"]
    posts = rows[["query", "value", "age", "place"]]
    levels = {
        f"median_{d}d": posts[posts["age"] <= d].groupby("query")["value"].median()
        for d in (30, 90, 365)
    }
    levels |= {
        f"median_{k}": posts[posts["place"] < k].groupby("query")["value"].median()
        for k in (3, 5, 12, 20)
    }
    levels |= {f"ewm_{k}": weighted_mean(rows, value, np.exp(-rows["place"] / k)) for k in (3, 10)}
    levels["ewm_30d"] = weighted_mean(rows, value, rows["weight"] ** 2)
    quantiles = by.quantile([0.1, 0.25, 0.75, 0.9])
    levels |= {f"p{round(100 * q)}": quantiles.xs(q, level=1) for q in (0.1, 0.25, 0.75, 0.9)}
    levels["max"] = by.max()
    newest = posts[posts["place"] < 12]
    levels["mean_12"] = np.log1p(np.expm1(newest["value"]).groupby(newest["query"]).mean())
    return pd.DataFrame(levels)


def spread_signals(rows: pd.DataFrame) -> pd.DataFrame:
    """Return count, effective count, spread, autocorrelation and slope of one count."""
    by = rows.groupby("query")
    count, centred = by["value"].count(), rows["value"] - rows["median"]
    pairs = (centred * centred.groupby(rows["query"]).shift(-1)).groupby(rows["query"]).sum()
    squares = (centred**2).groupby(rows["query"]).sum()
    days = by["age"].transform("mean") - rows["age"]
    value = rows["value"] - by["value"].transform("mean")
    together = (days * value).groupby(rows["query"]).sum()
    return pd.DataFrame(
        {
            "known_count": count,
            "effective_count": by["weight"].sum() ** 2
            / (rows["weight"] ** 2).groupby(rows["query"]).sum(),
            "log_growth": weighted_mean(rows, rows["growth"], rows["weight"]),
            "log_sd": by["value"].std(),
            "log_mad": centred.abs().groupby(rows["query"]).median(),
            "log_autocorrelation": pairs / squares * count / (count + 4),
            "log_slope": 30 * together / ((days**2).groupby(rows["query"]).sum() + 60.0**2),
        }
    )


def target_signals(
    target: str, rows: pd.DataFrame, numbered: pd.DataFrame, market: MarketPriors
) -> pd.DataFrame:
    """Return the offset and all columns of one count."""
    level = rows.groupby("query")["level"].first().reindex(numbered.index)
    spread = spread_signals(rows).reindex(numbered.index)
    spread[["known_count", "effective_count"]] = spread[["known_count", "effective_count"]].fillna(
        0
    )
    prior = numbered[f"{target}_log_prior"]
    offset = (prior + market.weight(spread["effective_count"]) * (level - prior)).fillna(prior)
    return pd.DataFrame(
        {
            f"{target}_evidence_code": level.isna() * 2.0,
            f"{target}_log_offset": offset,
            f"{target}_log_offset_by_prior": offset - prior,
            f"{target}_log_offset_by_followers": offset - numbered["followers_log"],
        }
    ).join(
        [
            level_signals(rows).rsub(offset, axis=0).mul(-1).add_prefix(f"{target}_dev_"),
            spread.add_prefix(f"{target}_"),
        ]
    )


def cadence_signals(rows: pd.DataFrame, numbered: pd.DataFrame) -> pd.DataFrame:
    by = rows.groupby("query")
    newest = by["age"].min().reindex(numbered.index)
    return pd.DataFrame(
        {
            "readings_late_share": by["late"].mean(),
            "posts_gap_days_median": by["age"].diff().groupby(rows["query"]).median(),
            "last_post_age_days": newest,
            "start_gap_days": newest + (numbered["start_at"] - numbered["as_of"]) / DAY,
            "posts_count_30d": (rows["since"] <= 30).groupby(rows["query"]).sum(),
        },
        index=numbered.index,
    )


def ratio_signals(rows: pd.DataFrame) -> pd.DataFrame:
    hits = rows["value"] > rows["median"] + np.log(2)
    by = rows.groupby("query")
    medians = (
        by[[*SHARES, "by_views"]]
        .median()
        .rename(columns={name: f"{name}_median" for name in SHARES})
    )
    medians = medians.rename(columns={"by_views": "engagement_rate_log_median_by_views"})
    return medians.assign(hit_share=hits.groupby(rows["query"]).mean())


def format_signals(
    rows: pd.DataFrame, numbered: pd.DataFrame, reference: Reference
) -> pd.DataFrame:
    """Return the own effect of each format, shrunk by three posts to the usual; a format not told is one of its own."""
    told = rows[["query", "format"]].assign(residual=rows["value"] - rows["level"])
    codes = [*range(len(FORMATS)), -1]
    found = told.pivot_table(
        index="query", columns="format", values="residual", aggfunc=["sum", "count"]
    )
    total, count = (found[name].reindex(numbered.index, columns=codes) for name in ("sum", "count"))
    known = count.notna().any(axis=1)
    usual = reference.effects.format_effects(numbered["platform_code"].to_numpy())
    own = ((total.fillna(0) + 3 * usual) / (count.fillna(0) + 3)).where(known)
    share = count.fillna(0).div(count.sum(axis=1), axis=0).where(known)
    effects = own[codes[:-1]].set_axis([f"{name}_effect" for name in FORMATS], axis=1)
    # code -1, not told, takes the last column, as in `codes`
    planned = {"engagements_dev_mean_by_format": own, "format_share": share}
    return effects.assign(
        **{
            k: values.to_numpy()[numbered.index, numbered["format"]]
            for k, values in planned.items()
        }
    )


def sponsored_signals(
    rows: pd.DataFrame, numbered: pd.DataFrame, reference: Reference, offset: pd.Series
) -> pd.DataFrame:
    told = rows.loc[rows["sponsored"] >= 0, ["query", "sponsored", "value", "level", "since"]]
    told["residual"] = told["value"] - told["level"]
    by = {"index": "query", "columns": "sponsored"}
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
    mean, median = mean.reindex(columns=[0, 1]), median.reindex(numbered.index, columns=[0, 1])
    usual = pd.Series(
        reference.effects.sponsored_effects(numbered["platform_code"].to_numpy()), numbered.index
    )
    recent = told[told["since"] <= 30].groupby("query")["sponsored"]
    return pd.DataFrame(
        {
            "sponsored_share": told.groupby("query")["sponsored"].mean(),
            "sponsored_count_30d": recent.sum().reindex(pairs.index, fill_value=0),
            "sponsored_share_30d": recent.mean(),
            "sponsored_effect": ((mean[1] - mean[0]).fillna(0) * pairs + 3 * usual) / (pairs + 3),
            "sponsored_dev_median": median[1] - offset,
            "organic_dev_median": median[0] - offset,
        },
        index=numbered.index,
    )


def plan_signals(rows: pd.DataFrame, numbered: pd.DataFrame) -> pd.DataFrame:
    """Set the plan beside the creator's own content: minus the own mean, by topic, and the kernel mean of the like."""
    residual, weight = rows["value"] - rows["level"], rows["weight"]
    distance = pd.Series(0.0, rows.index)
    result = {}
    for name in CONTENT:
        own = rows[name] if name == "has_location" else np.log1p(rows[name].astype("float64"))
        distance += ((own - rows["query"].map(numbered[name])) ** 2).fillna(0)
        result[f"{name}_planned_by_own_mean"] = numbered[name] - weighted_mean(rows, own, weight)
    same = {name: rows[name] == rows["query"].map(numbered[name]) for name in ("format", "topic")}
    kernel = weight * np.exp(-distance / 2) * same["format"].map({True: 1.0, False: 0.5})
    kernel *= (same["topic"] | (rows["query"].map(numbered["topic"]) < 0)).map(
        {True: 1.0, False: 0.5}
    )
    by = residual[same["topic"]].groupby(rows["query"])
    total, count = (found.reindex(numbered.index, fill_value=0) for found in (by.sum(), by.count()))
    known = numbered.index.isin(rows["query"]) & (numbered["topic"] >= 0)
    result["engagements_dev_mean_by_topic"] = (total / (count + 3)).where(known)
    near = (kernel * residual).groupby(rows["query"]).sum()
    result["engagements_dev_similar"] = near / (kernel.groupby(rows["query"]).sum() + 1)
    return pd.DataFrame(result, index=numbered.index)


def compare(
    tables: Tables, queries: pd.DataFrame, reference: Reference
) -> tuple[list[str], list[str], list[str]]:
    """Return the names of the columns that both give, those of them that differ, and those from posts that only derive gives."""
    ours, theirs = (
        derive(tables, queries, reference),
        pandas_signals(tables, queries, reference),
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
