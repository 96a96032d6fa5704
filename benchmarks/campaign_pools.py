"""Candidates for simulated campaigns, with a model of what was known before them and with what their
posts got afterwards. Used by ranking_spend.py and plan_proof.py.

- simulated: creators of the demo market as of the end of its data. A fifth of them is kept out of
  the training and is asked for by averages or by the profile alone, as creators that a user has no
  posts of. Later posts are drawn from the market's truth.
- panel: creators of a real panel of posts as of several moments, the model fitted to what was known
  at each. Later posts are those that the creators published.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US, to_us
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.schema import DTYPES, PROSPECTS
from features.tables.validate import validate
from features.tables.vocabulary import BAND_EDGES, PLATFORMS, lookup_indexes
from models.boosting import Boosting
from models.bundle import Bundle
from models.rate_card import read_rate_card
from serving.scoring.answer_table import AnswerTable
from serving.scoring.prospect_batch import ProspectBatch
from serving.scoring.scorer import Scorer
from training.dataset import Sampling
from training.fit import FittedModels, Recipe, fit
from training.fit_pricing import fit_pricing
from training.platform_times import to_timestamp
from training.simulate.oracle import Oracle
from training.simulate.parameters import MarketParameters
from training.simulate.simulate import simulate
from training.simulate.truth import MarketTruth

TARGET = "engagements"
#: Posts of a candidate that a plan may book at most, days between them, and days to the first.
MOST_POSTS, GAP_DAYS, LEAD_DAYS = 5, 7, 14
#: Posts that the averages of rules of thumb are taken over.
RECENT_POSTS, COUNTS = 12, ("likes", "comments", "shares")
#: Share of the simulated creators kept out of the training, and of these asked by averages.
UNSEEN_SHARE, AVERAGES_SHARE = 0.25, 0.6
#: Probabilities at which the truth of one post is kept.
LEVELS = (np.arange(256) + 0.5) / 256
#: Spreads of posts: of the demo market, and one that reaches those measured on TikTok.
POST_SD, WIDE_POST_SD = (0.4, 0.8), (0.4, 1.5)
#: Spread of quoted fees about the rate card, sd of ln: what the market's fee scenario has.
FEE_SPREAD = 0.55


@dataclass(frozen=True)
class Pool:
    """Candidates at one moment, n of them.

    - `rows`: a list in PROSPECTS columns without fees
    - `creator` (n,): names; `platform`, `band`: names (n,); `niche` (n,): None where unknown
    - `followers`, `recent` (n,): followers, and what rules of thumb know of the engagements of a
      post: the mean of the last ones; where the list gives none, followers x the median rate of the
      platform
    - `usual_fee` (n,): of one post in USD, before a creator's own deviation
    - `posts` (n, MOST_POSTS, draws): engagements of single later posts; where draws is 1, what
      happened
    """

    name: str
    scorer: Scorer
    as_of: int
    rows: pd.DataFrame
    creator: np.ndarray
    platform: np.ndarray
    band: np.ndarray
    niche: np.ndarray
    followers: np.ndarray
    recent: np.ndarray
    usual_fee: np.ndarray
    posts: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def fees(self, rng: np.random.Generator) -> np.ndarray:
        """Draw what each candidate asks for one post, (n,), whole USD."""
        spread = np.exp(FEE_SPREAD * rng.normal(size=len(self)))
        return np.maximum(np.rint(self.usual_fee * spread), 1.0)

    def score(self, deliverables: np.ndarray, fee: np.ndarray | None = None) -> AnswerTable:
        """Score all candidates, each with its number of deliverables at a fee in USD for all."""
        rows = self.rows.assign(deliverables=deliverables.astype(float))
        if fee is not None:
            rows = rows.assign(fee_usd=fee)
        frame = pd.DataFrame(
            {c.name: pd.Series(rows.get(c.name), dtype=DTYPES[c.kind]) for c in PROSPECTS.columns
             if c.name in rows}
        )  # fmt: skip
        return self.scorer.score(ProspectBatch.from_frame(frame), self.as_of)

    def expected(self, deliverables: np.ndarray) -> np.ndarray:
        """Return the mean of the true totals, (n,); of the panel, what happened."""
        totals = self.posts.mean(axis=2).cumsum(axis=1)
        return totals[np.arange(len(self)), deliverables.astype(int) - 1]

    def happened(self, rng: np.random.Generator) -> np.ndarray:
        """Draw one outcome: totals of 1 to MOST_POSTS posts of each candidate, (n, MOST_POSTS)."""
        place = rng.integers(0, self.posts.shape[2], self.posts.shape[:2])
        return np.take_along_axis(self.posts, place[:, :, None], axis=2)[:, :, 0].cumsum(axis=1)


def recipe_of(trees: int, seed: int) -> Recipe:
    """Return a recipe that is fitted within a minute."""
    return Recipe(
        sampling=Sampling(per_post=1, seed=seed),
        location=Boosting(trees=trees, leaves=7, learning_rate=0.1),
        scale=Boosting(trees=trees // 3, leaves=7, learning_rate=0.1),
        folds=2,
        seed=seed,
    )


def bundle_of(tables: Tables, history: History, fitted: FittedModels, recipe: Recipe) -> Bundle:
    """Return a bundle in memory, with benchmarks and fees of what was known at its moment."""
    until = int(fitted.until.max())
    priced = fit_pricing(
        tables, fitted.at_horizon(history), fitted.reference, until, read_rate_card()
    )
    manifest = {"version": "benchmark", "trained_on": "benchmark", "recipe": recipe.parameters()}
    return Bundle(manifest, fitted.reference, fitted.forecasters, *priced)


def simulated_pools(
    creators: int,
    seed: int,
    exponents: tuple[float, ...],
    post_sd: tuple[float, float] = POST_SD,
    trees: int = 100,
) -> Iterator[Pool]:
    """Yield the candidates of one market at each fee exponent: the fees alone differ.

    `post_sd`: least and largest spread of a creator's posts, sd of ln.
    """
    market = replace(MarketParameters(), deals_per_creator=0.5, post_sd=post_sd)
    tables, truth = simulate(creators, seed, market)
    history = History.from_tables(tables)
    as_of = int(to_us(pd.Series([pd.Timestamp(market.end, tz="UTC")]))[0])
    rng = np.random.default_rng(seed)
    is_trained = rng.random(len(history.accounts)) >= UNSEEN_SHARE
    recipe = recipe_of(trees, seed)
    fitted = fit(history, as_of, recipe, is_trained, targets=(TARGET,))
    for exponent in exponents:
        own = replace(market, fee_exponent=exponent)
        priced_tables = (
            tables if exponent == market.fee_exponent else simulate(creators, seed, own)[0]
        )
        bundle = bundle_of(priced_tables, History.from_tables(priced_tables), fitted, recipe)
        scorer = Scorer(bundle, priced_tables)
        yield _simulated_pool(scorer, history, fitted, truth, own, is_trained, as_of, seed)


def _simulated_pool(
    scorer: Scorer,
    history: History,
    fitted: FittedModels,
    truth: MarketTruth,
    market: MarketParameters,
    is_trained: np.ndarray,
    as_of: int,
    seed: int,
) -> Pool:
    rng = np.random.default_rng([seed, 1])
    creators = truth.creators
    names = _creator_names(history)
    place = pd.Index(creators["creator_id"]).get_indexer(names)
    known = fitted.at_horizon(history)
    followers, recent, counts = _known(known, as_of)
    usable = np.flatnonzero(np.isfinite(recent) & np.isfinite(followers))
    truth_of = creators.iloc[place[usable]].reset_index(drop=True)
    rows = _rows_of(truth_of, as_of)
    asked_by_name = is_trained[usable]
    has_averages = ~asked_by_name & (rng.random(len(usable)) < AVERAGES_SHARE)
    rows["creator_id"] = rows["creator_id"].where(asked_by_name)
    rows["followers"] = np.where(asked_by_name, np.nan, followers[usable])
    rows["niche"] = truth_of["niche"].where(~asked_by_name)
    for name, values in counts.items():
        rows[f"avg_{name}"] = np.where(has_averages, values[usable], np.nan)
    rows["brand_niche"] = truth_of["niche"]
    platform = truth_of["platform"].to_numpy()
    is_told = asked_by_name | has_averages
    average = _with_segment_rate(recent[usable], followers[usable], platform, is_told)
    factor = np.array([market.platforms[name].fee_factor for name in truth_of["platform"]])
    ln_size = np.log(followers[usable]) - np.log(10_000)
    usual = (
        market.fee_usd_at_10k
        * factor
        * np.exp(
            market.fee_exponent * ln_size + market.fee_level_share * truth_of["creator_effect"]
        )
    )
    return Pool(
        f"simulated, seed {seed}, fee exponent {market.fee_exponent:g}",
        scorer, as_of, rows, truth_of["creator_id"].to_numpy(),
        truth_of["platform"].to_numpy(), _bands(followers[usable]),
        truth_of["niche"].to_numpy(), followers[usable], average,
        usual.to_numpy(), _true_posts(truth, rows.assign(creator_id=truth_of["creator_id"])),
    )  # fmt: skip


def _with_segment_rate(
    recent: np.ndarray, followers: np.ndarray, platform: np.ndarray, is_told: np.ndarray
) -> np.ndarray:
    """Return the average of a post, (n,): `recent`, or where it is not told the median rate of
    those of the platform times the followers.
    """
    average = recent.copy()
    for name in np.unique(platform):
        told, untold = (platform == name) & is_told, (platform == name) & ~is_told
        average[untold] = followers[untold] * np.median(recent[told] / followers[told])
    return average


def _true_posts(truth: MarketTruth, rows: pd.DataFrame) -> np.ndarray:
    """Return engagements of the next posts at LEVELS, (n, MOST_POSTS, len(LEVELS))."""
    oracle = Oracle(truth, draws=512)
    posts = []
    for nth in range(MOST_POSTS):
        queries = rows[["creator_id", "brand_niche"]].assign(
            start_at=rows["start_at"] + pd.Timedelta(days=nth * GAP_DAYS), sponsored=1.0
        )
        posts.append(np.expm1(oracle.quantiles(queries, LEVELS.tolist())))
    return np.stack(posts, axis=1)


def panel_pools(data: Path, moments: tuple[str, ...], trees: int = 100) -> Iterator[Pool]:
    """Yield the candidates of a panel of posts at each moment: creators of 1,000 followers or more
    with posts before it and MOST_POSTS posts after it.
    """
    tables = validate(read_tables(data))
    history = History.from_tables(tables)
    for moment in moments:
        as_of = int(to_us(pd.Series([pd.Timestamp(moment, tz="UTC")]))[0])
        recipe = recipe_of(trees, 0)
        fitted = fit(history, as_of, recipe, targets=(TARGET,))
        scorer = Scorer(bundle_of(tables, history, fitted, recipe), tables)
        yield _panel_pool(scorer, history, fitted, tables, as_of, moment)


def _panel_pool(
    scorer: Scorer,
    history: History,
    fitted: FittedModels,
    tables: Tables,
    as_of: int,
    moment: str,
) -> Pool:
    known = fitted.at_horizon(history)
    followers, recent, _ = _known(known, as_of)
    later = _later_posts(known, as_of + LEAD_DAYS * DAY_US)
    has_price = followers >= BAND_EDGES["nano"]  # the rate card begins there
    usable = np.flatnonzero(np.isfinite(recent) & has_price & np.isfinite(later).all(axis=1))
    names = _creator_names(history)[usable]
    profiles = tables.creators.drop_duplicates("creator_id").set_index("creator_id").loc[names]
    frame = pd.DataFrame({"creator_id": names, "platform": profiles["platform"].to_numpy()})
    niche = profiles["niche"].astype(object).to_numpy()
    band = _bands(followers[usable])
    codes = {
        "platform": np.array([float(PLATFORMS.index(name)) for name in frame["platform"]]),
        "band": np.array([float(list(BAND_EDGES).index(name)) for name in band]),
        "format": np.full(len(usable), np.nan),
    }  # fmt: skip
    usual = read_rate_card().fees_of_post(lookup_indexes(codes))[:, 1]
    return Pool(
        f"panel as of {moment}", scorer, as_of, _rows_of(frame, as_of), names,
        frame["platform"].to_numpy(), band, niche, followers[usable], recent[usable], usual,
        later[usable][:, :, None],
    )  # fmt: skip


def _rows_of(creators: pd.DataFrame, as_of: int) -> pd.DataFrame:
    start = to_timestamp(as_of) + pd.Timedelta(days=LEAD_DAYS)
    rows = creators[["creator_id", "platform"]].assign(start_at=start)
    return rows.assign(partnership_id=[str(number) for number in range(len(rows))])


def _creator_names(history: History) -> np.ndarray:
    return np.array([name.split("/", 1)[1] for name in history.accounts], dtype=object)


def _bands(followers: np.ndarray) -> np.ndarray:
    names = np.array(list(BAND_EDGES), dtype=object)
    edges = np.array(list(BAND_EDGES.values()), dtype=float)
    return names[np.searchsorted(edges, followers, "right") - 1]


def _known(history: History, as_of: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return followers, the mean engagements of the last posts, and the means of their counts."""
    n = len(history.accounts)
    account, moments = np.arange(n), np.full(n, as_of)
    row = history.followers.end_row(account, moments) - 1
    followers = history.followers.at(np.where(row >= history.followers.start[:-1], row, -1))[
        "followers"
    ]
    profile = history.profile_row(account, np.full(n, np.iinfo(np.int64).max))
    shown = history.profiles.at(profile)["followers"]
    followers = np.where(np.isfinite(followers), followers, shown)
    posts = history.panel(TARGET)
    end = posts.end_row(account, moments - 7 * DAY_US)
    rows = end[:, None] - 1 - np.arange(RECENT_POSTS)
    rows = np.where(rows >= posts.start[:-1, None], rows, -1)
    recent = posts.at(rows)
    counts = {name: recent[name] for name in COUNTS}
    total = np.expm1(recent[f"{TARGET}_log"])
    with np.errstate(all="ignore"):
        means = {name: _mean(values) for name, values in counts.items()}
    return followers, _mean(total), means


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the means of the known values of each row, NaN where there is none."""
    count = np.isfinite(values).sum(axis=1)
    return np.divide(
        np.nansum(values, axis=1), count, out=np.full(len(values), np.nan), where=count > 0
    )


def _later_posts(history: History, start: int) -> np.ndarray:
    """Return the engagements of the first posts from `start`, (accounts, MOST_POSTS), NaN where
    there is none.
    """
    posts = history.panel(TARGET)
    n = len(history.accounts)
    rows = posts.end_row(np.arange(n), np.full(n, start))[:, None] + np.arange(MOST_POSTS)
    rows = np.where(rows < posts.start[1:, None], rows, -1)
    return np.expm1(posts.at(rows)[f"{TARGET}_log"])
