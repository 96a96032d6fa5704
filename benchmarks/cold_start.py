"""Forecasts of creators without a post: `python benchmarks/cold_start.py [--seeds N]`, on the TikTok profiles.

The target is ln(likes / videos / followers) of creators with 5 or more videos and some likes. Folds are over creators.
Models see the profile alone, without the number of videos, which is the target's denominator. The forecaster is the
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
    """Return the profiles that have a target, and the target (n,)."""
    rows = pd.read_csv(folder / "tiktok_creators" / "creators.csv.gz")
    rows = rows[(rows["total_videos"] >= 5) & (rows["total_likes"] > 0)].reset_index(drop=True)
    y = np.log(rows["total_likes"] / rows["total_videos"] / rows["followers"]).to_numpy()
    return rows.drop(columns=["total_likes", "total_videos"]), y


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the numeric features of profiles."""
    followers = np.log1p(rows["followers"])
    following = np.log1p(rows["following"])
    bio = rows["bio"].fillna("")
    columns = {
        "followers_log": followers,
        "followers_log_above_100k": np.maximum(followers - np.log1p(1e5), 0),
        "following_log": following,
        "following_ratio_log": following - followers,
        "bio_characters": bio.str.len(),
        "bio_words": bio.str.split().str.len(),
        "category_known": rows["category"].notna(),
    }
    flags = {name: rows[name] for name in ("has_link", "verified", "is_business")}
    return pd.DataFrame({**columns, **flags}).astype(float)


def features(
    train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return the columns of both and ridge's forecast of the test rows.

    The first column is ridge's forecast, out of fold for the training rows.
    """
    bag_of_words = CountVectorizer(binary=True, min_df=5, token_pattern=r"\S+")
    one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=5)
    scaler = StandardScaler()
    train_words = bag_of_words.fit_transform(train["bio"].fillna(""))
    test_words = bag_of_words.transform(test["bio"].fillna(""))
    train_categories = one_hot.fit_transform(train[CATEGORIES].astype(str))
    test_categories = one_hot.transform(test[CATEGORIES].astype(str))
    train_numbers = scaler.fit_transform(numbers(train))
    test_numbers = scaler.transform(numbers(test))
    train_x = sparse.hstack([0.7 * train_words, train_categories, train_numbers]).tocsr()
    test_x = sparse.hstack([0.7 * test_words, test_categories, test_numbers]).tocsr()
    ridge = Ridge(alpha=40)
    out_of_fold = cross_val_predict(ridge, train_x, y, cv=KFold(5, shuffle=True, random_state=1))
    forecast = ridge.fit(train_x, y).predict(test_x)
    uses = np.asarray(train_words.sum(axis=0)).ravel()
    frequent = np.argsort(-uses, kind="stable")[:WORDS]
    train_columns = {
        "ridge": out_of_fold,
        **numbers(train).to_dict("series"),
        **_means_out_of_fold(train, y),
    }
    test_columns = {
        "ridge": forecast,
        **numbers(test).to_dict("series"),
        **_means_of_categories(train, test, y),
    }
    return (
        _with_words(train_columns, train_words[:, frequent]),
        _with_words(test_columns, test_words[:, frequent]),
        forecast,
    )


def _with_words(columns: dict, words: sparse.csr_matrix) -> pd.DataFrame:
    """Return columns and a column for each word, as one frame."""
    names = [f"word_{word}" for word in range(WORDS)]
    frame = pd.DataFrame(columns).reset_index(drop=True)
    return pd.concat([frame, pd.DataFrame(words.toarray(), columns=names)], axis=1)


def _means_of_categories(
    train: pd.DataFrame, rows: pd.DataFrame, y: np.ndarray
) -> dict[str, np.ndarray]:
    """Return for each row the shrunk mean target of its value of each category."""
    return {
        f"usual_by_{name}": _shrunk_means(
            train[name].astype(str).to_numpy(), y, rows[name].astype(str).to_numpy()
        )
        for name in CATEGORIES
    }


def _means_out_of_fold(train: pd.DataFrame, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return `_means_of_categories` of the training rows, each by the rows of other folds."""
    means = {f"usual_by_{name}": np.empty(len(train)) for name in CATEGORIES}
    for rest, fold in KFold(5, shuffle=True, random_state=2).split(train):
        of_fold = _means_of_categories(train.iloc[rest], train.iloc[fold], y[rest])
        for name, values in of_fold.items():
            means[name][fold] = values
    return means


def _shrunk_means(values: np.ndarray, y: np.ndarray, new_values: np.ndarray) -> np.ndarray:
    """Return the shrunk mean y of each new value, by the rows `values` and `y`."""
    grouped = pd.Series(y).groupby(values).agg(["sum", "size"])
    shrunk = (grouped["sum"] + 10 * y.mean()) / (grouped["size"] + 10)
    return pd.Series(new_values).map(shrunk).fillna(y.mean()).to_numpy()


def measure(rows: pd.DataFrame, y: np.ndarray, seeds: int) -> pd.DataFrame:
    """Return a row for each creator: the target, each forecast, and our quantiles, all out of fold."""
    forecasts = pd.DataFrame({"y": y})
    band = np.nan_to_num(band_codes(rows["followers"].to_numpy()), nan=-1)
    for train, test in KFold(5, shuffle=True, random_state=0).split(y):
        train_x, test_x, ridge = features(rows.iloc[train], rows.iloc[test], y[train])
        medians = pd.Series(y[train]).groupby(band[train]).median()
        forecasts.loc[test, "band median"] = pd.Series(band[test]).map(medians).to_numpy()
        forecasts.loc[test, "ridge"] = ridge
        location, scale, table = mean_distribution(train_x, y[train], test_x, seeds)
        forecasts.loc[test, "creatorcast"] = location
        for p in sorted({p for ends in LEVELS.values() for p in ends}):
            quantile = location + scale * table[:, np.searchsorted(GRID, p)]
            forecasts.loc[test, f"q{p:g}"] = quantile
    return forecasts.assign(band=band)


def mean_distribution(
    x: pd.DataFrame, y: np.ndarray, test_x: pd.DataFrame, seeds: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return location (n,), scale (n,) and conformal quantiles (n, len(GRID)) of the test rows, each
    the mean over forecasters with different seeds.
    """
    boosting = Boosting(300, 15, 0.03, min_child=20, colsample=0.4)
    parts = []
    for seed in range(seeds):
        forecaster = Forecaster(offset="ridge", location=boosting, folds=5, seed=seed, threads=1)
        parts.append(forecaster.fit(x, y).distribution_parts(test_x))
    location, scale, table = (np.mean([part[at] for part in parts], axis=0) for at in range(3))
    return location, scale, table


def report(forecasts: pd.DataFrame) -> None:
    """Print the table: error with its interval over creators, rank and coverage."""
    y = forecasts["y"].to_numpy()
    for name in ("band median", "ridge", "creatorcast"):
        error = np.abs(forecasts[name].to_numpy() - y)
        low, high = interval(bootstrap_means(error, np.arange(len(y))))
        rank = spearmanr(forecasts[name], y).statistic
        print(f"{name:14} MAE {error.mean():.3f} ({low:.3f} to {high:.3f})  Spearman {rank:.2f}")
    for level, (low, high) in LEVELS.items():
        is_inside = (y >= forecasts[f"q{low:g}"]) & (y <= forecasts[f"q{high:g}"])
        shares = is_inside.groupby(forecasts["band"]).mean()
        by_band = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
        print(f"{level} interval held {is_inside.mean():.1%} ({by_band})")
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
