"""How well the niche of a creator is told from text, on real creators: `python benchmarks/niche_accuracy.py`.

Reads the folder that CREATORCAST_REAL_DATA names and prints a table; nothing of the data is kept. Two tests:

- TikTok: bios against TikTok's own category. The bios are cut to the few words and emoji that ten bios share, and a
  dancer's category may well be "Media & Entertainment", so both sides of the comparison are coarse.
- Instagram: the topics of a creator's posts, as text, against the topic of the account. Labels from labels of one topic
  model: it tests the crosswalk and the learning, not the reading of captions.

The defaults of NicheClassifier were chosen on the creators whose crc32(creator_id) % 5 is 0 or 1. Those are trained on
but never scored; the others are scored, the fitted model in 5 folds over creators.
"""

import os
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import KFold

from features.niche.category_labels import niche_for_label
from features.niche.classifier import NicheClassifier
from features.niche.relatedness import relatedness
from features.tables.vocabulary import NICHES

RESAMPLES = 1_000


def tiktok(folder: Path) -> pd.DataFrame:
    """Give creator_id, text (the bio) and niche (from the category) of the TikTok creators that have a category."""
    rows = pd.read_csv(folder / "tiktok_creators" / "creators.csv.gz", keep_default_na=False)
    niche = [niche_for_label(category, "tiktok") for category in rows["category"]]
    return _with_niche(rows["creator_id"], rows["bio"], niche)


def instagram(folder: Path) -> pd.DataFrame:
    """Give creator_id, text (the topics of the posts) and niche (from the account's topic) of the panel's creators."""
    posts = pd.read_csv(folder / "instagram_panel" / "posts.csv.gz")
    rows = posts.groupby("creator_id").agg(
        text=("topic_post", " | ".join), topic=("topic_account", "first")
    )
    return _with_niche(
        rows.index, rows["text"], [niche_for_label(topic, "panel") for topic in rows["topic"]]
    )


def _with_niche(creators, texts, niches) -> pd.DataFrame:
    rows = pd.DataFrame({"creator_id": list(creators), "text": list(texts), "niche": niches})
    return rows[rows["niche"].notna()].reset_index(drop=True)


def predictions(rows: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Give the true column of NICHES of each scored creator, shape (n,), and by model its distribution, (n, 29)."""
    chosen_on = np.array([zlib.crc32(creator.encode()) % 5 < 2 for creator in rows["creator_id"]])
    scored = np.flatnonzero(~chosen_on)
    truth = np.array([NICHES.index(niche) for niche in rows["niche"]])
    models = {
        name: np.zeros((len(scored), len(NICHES) + 1)) for name in ("majority", "seeds", "fitted")
    }
    for _, fold in KFold(5, shuffle=True, random_state=0).split(scored):
        train = np.setdiff1d(np.arange(len(rows)), scored[fold])
        texts = rows["text"].iloc[scored[fold]]
        models["majority"][fold, np.bincount(truth[train]).argmax()] = 1
        models["seeds"][fold] = NicheClassifier().fit().predict_proba(texts)
        fitted = NicheClassifier().fit(rows["text"].iloc[train], rows["niche"].iloc[train])
        models["fitted"][fold] = fitted.predict_proba(texts)
    return truth[scored], models


def figures(truth: np.ndarray, share: np.ndarray, majority: np.ndarray) -> dict[str, float]:
    """Score one model: an unknown counts as wrong in accuracy and macro F1, `guess` gives it the majority instead."""
    named = share.argmax(axis=1)
    known = named < len(NICHES)
    guess = np.where(share[:, -1] < 1, share[:, :-1].argmax(axis=1), majority.argmax(axis=1))
    right = named == truth
    related = relatedness()[truth[known], named[known]] >= 0.4
    some = known.any()
    return {
        "accuracy": right.mean(),
        "macro F1": f1_score(
            truth, named, labels=np.unique(truth), average="macro", zero_division=0
        ),
        "coverage": known.mean(),
        "right where known": right[known].mean() if some else np.nan,
        "said to be": share.max(axis=1)[known].mean() if some else np.nan,
        "right or related": related.mean() if some else np.nan,
        "best guess": (guess == truth).mean(),
    }


def intervals(truth: np.ndarray, share: np.ndarray, majority: np.ndarray) -> pd.Series:
    """Word each figure with its 95 % bootstrap interval over creators."""
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(truth), len(truth)) for _ in range(RESAMPLES)]
    spread = pd.DataFrame([figures(truth[at], share[at], majority[at]) for at in draws])
    low, high = spread.quantile(0.025), spread.quantile(0.975)
    return pd.Series(
        {
            name: f"{v:.2f} ({low[name]:.2f}-{high[name]:.2f})"
            for name, v in figures(truth, share, majority).items()
        }
    )


def report(folder: Path) -> str:
    """Run both tests; give the tables as text."""
    parts = []
    for name, read in {
        "TikTok bios": tiktok,
        "Instagram post topics (labels from labels)": instagram,
    }.items():
        rows = read(folder)
        truth, models = predictions(rows)
        table = pd.DataFrame(
            {model: intervals(truth, share, models["majority"]) for model, share in models.items()}
        )
        niches = rows["niche"].nunique()
        parts.append(
            f"{name}: n = {len(truth)} scored of {len(rows)} creators, {niches} niches\n{table.to_string()}"
        )
    return "\n\n".join(parts)


if __name__ == "__main__":
    named = os.environ.get("CREATORCAST_REAL_DATA")
    if (
        named
        and (Path(named) / "tiktok_creators").is_dir()
        and (Path(named) / "instagram_panel").is_dir()
    ):
        print(report(Path(named)))
    else:
        print(
            "skipped: CREATORCAST_REAL_DATA must name the folder that holds tiktok_creators/ and instagram_panel/"
        )
