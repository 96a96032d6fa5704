"""The published and measured figures that the starter model is made of, read from the CSV files
beside this module. Every row names its source; none is a row of a data set.
"""

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
#: The files, in the order in which their digest is made.
FILES = ("published_rates.csv", "post_spreads.csv", "creator_spreads.csv", "niche_rates.csv")
#: Rates of published_rates.csv.
BY_FOLLOWERS, BY_VIEWS, VIEWS_RATE = (
    "engagements_by_followers",
    "engagements_by_views",
    "views_by_followers",
)


@dataclass(frozen=True)
class PublishedRates:
    """Published rates of one platform: ln of the rate at ln followers, (n,) each.

    They are of the mean post of a creator.
    """

    followers_log: np.ndarray
    rate_log: np.ndarray


@dataclass(frozen=True)
class PostSpread:
    """How single posts of a creator spread about its own median, in ln(1 + count).

    `levels` and `residuals` (7,): probabilities and quantiles; `mean_over_median`: ln of the
    creator's mean post over its median post; `robust_sd` of the median creator; `posts`: of one
    creator in the panel.
    """

    levels: np.ndarray
    residuals: np.ndarray
    mean_over_median: float
    robust_sd: float
    posts: float


@cache
def published_rates() -> dict[tuple[str, str], PublishedRates]:
    """Return the published rates by platform and rate."""
    rows: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in _rows("published_rates.csv"):
        pair = float(row["followers"]), float(row["value"])
        rows.setdefault((row["platform"], row["rate"]), []).append(pair)
    return {key: PublishedRates(*np.log(np.array(pairs)).T) for key, pairs in rows.items()}


@cache
def post_spreads() -> dict[tuple[str, str], PostSpread]:
    """Return the spread of single posts by platform and target."""
    return {(row["platform"], row["target"]): _post_spread(row) for row in _rows(FILES[1])}


@cache
def creator_spreads() -> dict[str, float]:
    """Return the sd of ln level between creators of a platform and size, by platform."""
    return {row["platform"]: float(row["sd_log"]) for row in _rows(FILES[2])}


@cache
def measured_platforms() -> frozenset[str]:
    """Return the platforms whose level was measured on creators; those of others are published
    rates, of which sources disagree.
    """
    rows = _rows(FILES[2])
    return frozenset(row["platform"] for row in rows if row["level_from"] == "measured")


@cache
def niche_rates() -> dict[str, dict[str, float]]:
    """Return the published engagement rates of niches by platform; their definitions differ."""
    rates: dict[str, dict[str, float]] = {}
    for row in _rows(FILES[3]):
        rates.setdefault(row["platform"], {})[row["niche"]] = float(row["value"])
    return rates


def figures_digest() -> str:
    """Return a sha256 of the files."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()


def _post_spread(row: dict[str, str]) -> PostSpread:
    names = ("q05", "q10", "q25", "q75", "q90", "q95")
    levels = np.array([0.05, 0.10, 0.25, 0.5, 0.75, 0.90, 0.95])
    residuals = np.insert([float(row[name]) for name in names], 3, 0.0)
    return PostSpread(
        levels,
        residuals,
        float(row["mean_over_median"]),
        float(row["robust_sd"]),
        float(row["posts_of_creator"]),
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def figure_sources() -> list[tuple[str, str, str]]:
    """Return the platform, the figure and the source of every row, each once, in their order."""
    names = {
        "published_rates.csv": lambda row: row["rate"].replace("_", " "),
        "post_spreads.csv": lambda row: f"spread of posts, {row['target']}",
        "creator_spreads.csv": lambda row: "spread of creators of one size",
        "niche_rates.csv": lambda row: "rates of niches",
    }
    found = (
        (row["platform"], name(row), row["source"])
        for file, name in names.items()
        for row in _rows(file)
    )
    return list(dict.fromkeys(found))
