"""Creators without a single post: `python benchmarks/cold_start.py [--seeds N]`, on the TikTok profiles.

Target ln(likes / videos / followers) of creators with 5 or more videos and some likes; folds over creators; what the
profile shows is all that is known (the number of videos is not: it is the target's denominator). The forecaster is the
product's own. Needs the real data: CREATORCAST_REAL_DATA names its folder.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from features.tables.vocabulary import band_codes
from models.boosting import Boosting
from models.conformal import GRID
from models.forecast import Forecaster
from training.backtest.metrics import bootstrap_means, interval

CATEGORIES = ["continent", "region", "language", "category", "tier"]
WORDS = 100
LEVELS = {"80 %": (0.1, 0.9), "90 %": (0.05, 0.95)}


def read(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Give the profiles that have a target, and the target (n,)."""
    rows = pd.read_csv(folder / "tiktok_creators" / "creators.csv.gz")
    rows = rows[(rows["total_videos"] >= 5) & (rows["total_likes"] > 0)].reset_index(drop=True)
    y = np.log(rows["total_likes"] / rows["total_videos"] / rows["followers"]).to_numpy()
    return rows.drop(columns=["total_likes", "total_videos"]), y


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Give what a profile tells in numbers."""
    followers, following, bio = (
        np.log1p(rows["followers"]),
        np.log1p(rows["following"]),
        rows["bio"].fillna(""),
    )
    told = {
        "followers_log": followers,
        "followers_log_above_100k": np.maximum(followers - np.log1p(1e5), 0),
        "following_log": following,
        "following_ratio_log": following - followers,
        "bio_characters": bio.str.len(),
        "bio_words": bio.str.split().str.len(),
        "category_told": rows["category"].notna(),
    }
    flags = {name: rows[name] for name in ("has_link", "verified", "is_business")}
    return pd.DataFrame({**told, **flags}).astype(float)


def features(
    train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Give columns of both and ridge's forecast of the test; the first column is ridge, out of fold for the train."""
    words = CountVectorizer(binary=True, min_df=5, token_pattern=r"\S+")
    one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=5)
    scale = StandardScaler()
    said = words.fit_transform(train["bio"].fillna("")), words.transform(test["bio"].fillna(""))
    named = (
        one_hot.fit_transform(train[CATEGORIES].astype(str)),
        one_hot.transform(test[CATEGORIES].astype(str)),
    )
    scaled = scale.fit_transform(numbers(train)), scale.transform(numbers(test))
    own, other = (sparse.hstack([0.7 * said[at], named[at], scaled[at]]).tocsr() for at in (0, 1))
    ridge = Ridge(alpha=40)
    line = cross_val_predict(ridge, own, y, cv=KFold(5, shuffle=True, random_state=1))
    forecast = ridge.fit(own, y).predict(other)
    frequent = np.argsort(-np.asarray(said[0].sum(axis=0)).ravel(), kind="stable")[:WORDS]
    frames = []
    for at, (rows, first) in enumerate(((train, line), (test, forecast))):
        columns = {
            "ridge": first,
            **numbers(rows).to_dict("series"),
            **_usual(train, rows, y, at == 0),
        }
        seen = pd.DataFrame(
            said[at][:, frequent].toarray(), columns=[f"word_{word}" for word in range(WORDS)]
        )
        frames.append(pd.concat([pd.DataFrame(columns).reset_index(drop=True), seen], axis=1))
    return *frames, forecast


def _usual(
    train: pd.DataFrame, rows: pd.DataFrame, y: np.ndarray, out_of_fold: bool
) -> dict[str, np.ndarray]:
    """Give the shrunk mean target of each category's own value, out of fold for the training rows themselves."""
    usual = {}
    for name in CATEGORIES:
        given, asked = train[name].astype(str).to_numpy(), rows[name].astype(str).to_numpy()
        if not out_of_fold:
            usual[f"usual_by_{name}"] = _means(given, y, asked)
            continue
        found = np.empty(len(asked))
        for some, left in KFold(5, shuffle=True, random_state=2).split(asked):
            found[left] = _means(given[some], y[some], asked[left])
        usual[f"usual_by_{name}"] = found
    return usual


def _means(given: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    grouped = pd.Series(y).groupby(given).agg(["sum", "size"])
    shrunk = (grouped["sum"] + 10 * y.mean()) / (grouped["size"] + 10)
    return pd.Series(asked).map(shrunk).fillna(y.mean()).to_numpy()


def measure(rows: pd.DataFrame, y: np.ndarray, seeds: int) -> pd.DataFrame:
    """Give one row a creator: the target, each forecast, and our quantiles; folds do not see their creators."""
    found = pd.DataFrame({"y": y})
    band = np.nan_to_num(band_codes(rows["followers"].to_numpy()), nan=-1)
    for train, test in KFold(5, shuffle=True, random_state=0).split(y):
        own, other, ridge = features(rows.iloc[train], rows.iloc[test], y[train])
        medians = pd.Series(y[train]).groupby(band[train]).median()
        found.loc[test, "band median"] = pd.Series(band[test]).map(medians).to_numpy()
        found.loc[test, "ridge"] = ridge
        size = {"location": Boosting(300, 15, 0.03, min_child=20, colsample=0.4), "threads": 1}
        models = [
            Forecaster(offset="ridge", seed=seed, folds=5, **size).fit(own, y[train])
            for seed in range(seeds)
        ]
        parts = [model.parts(other) for model in models]
        location, scale, table = (np.mean([part[at] for part in parts], axis=0) for at in range(3))
        found.loc[test, "creatorcast"] = location
        for p in sorted({p for ends in LEVELS.values() for p in ends}):
            found.loc[test, f"q{p:g}"] = location + scale * table[:, np.searchsorted(GRID, p)]
    return found.assign(band=band)


def report(found: pd.DataFrame) -> None:
    """Print the table: error with its interval over creators, rank and coverage."""
    y = found["y"].to_numpy()
    for name in ("band median", "ridge", "creatorcast"):
        error = np.abs(found[name].to_numpy() - y)
        low, high = interval(bootstrap_means(error, np.arange(len(y))))
        rank = spearmanr(found[name], y).statistic
        print(f"{name:14} MAE {error.mean():.3f} ({low:.3f} to {high:.3f})  Spearman {rank:.2f}")
    for level, (low, high) in LEVELS.items():
        inside = (found["y"] >= found[f"q{low:g}"]) & (found["y"] <= found[f"q{high:g}"])
        bands = ", ".join(f"{name} {own.mean():.2f}" for name, own in inside.groupby(found["band"]))
        print(f"{level} interval held {inside.mean():.1%} ({bands})")
    print(f"n = {len(y)} creators, target MAE <= 0.84")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seeds", type=int, default=1, help="forecasters averaged, each with its own seed"
    )
    folder = Path(os.environ.get("CREATORCAST_REAL_DATA", "absent"))
    if not (folder / "tiktok_creators").is_dir():
        sys.exit(
            "needs the real data: CREATORCAST_REAL_DATA must name the folder that holds tiktok_creators/"
        )
    report(measure(*read(folder), parser.parse_args().seeds))
