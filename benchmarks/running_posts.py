"""How well is a running post forecast? Public readings of TikTok videos, half of the accounts to
fit, the other half to judge.

python benchmarks/running_posts.py: needs the real data, CREATORCAST_REAL_DATA names its folder.

Each reading of a video at the age of 1 to 14 days is asked for the count of the last reading, 10
days or more later. Compared are the curve fitted to the first half, the published one, the current
count, and one ratio for each row (the median growth of the first half). Accounts, in the order of
the file, are in the fitted half where numpy.random.default_rng(19).permutation gives an even
number. All constants were chosen on that half. Copies of a reading (features.history.reading_pairs)
are left out: 2,926 readings of the fitted half were written twice, 7 hours apart. A video that the
file gives to two accounts counts for the first.
"""

import os
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from features.history.reading_pairs import ReadingPairs
from features.maturation.fit_curves import fit_maturation
from features.maturation.maturation import Maturation, published_maturation
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import PLATFORMS
from models.running_post import RunningPosts, choose_readings, running_forecast

SEED = 19
#: Edges of the rows in days of age at the reading that is forecast from, and the least gap to the
#: last reading.
ROW_EDGES, MIN_GAP_DAYS = (1, 2, 3, 7, 14), 10
TIKTOK = float(PLATFORMS.index("tiktok"))
#: MAE of ln that views should reach with the fitted curve, by row; with the published one 10 % more.
VIEWS_TARGETS = (0.33, 0.28, 0.21, 0.16)
MEASURES = ("views", "engagements")


@dataclass(frozen=True)
class Readings:
    """Readings to forecast from, n of them, as the product takes them, and ln(1 + the last count)."""

    posts: RunningPosts
    last_log: np.ndarray

    @property
    def growth(self) -> np.ndarray:
        """ln of the growth that is to be forecast, (n,)."""
        return self.last_log - np.log1p(self.posts.count)


def read_halves(folder: Path) -> tuple[ReadingPairs, ReadingPairs]:
    """Return the pairs of readings of the accounts to fit and to judge."""
    posts = pd.read_csv(folder / "posts.csv.gz", dtype=str)
    names = posts["creator_id"].unique()
    is_fitted = np.random.default_rng(SEED).permutation(len(names)) % 2 == 0
    halves = dict(zip(names, is_fitted, strict=True))
    posts["creator_id"] = posts.groupby("post_id")["creator_id"].transform("first")
    seen = posts.groupby("creator_id", sort=False)["observed_at"].max().reset_index()
    tables = validate(
        Tables(creators=seen.assign(platform="tiktok", handle=seen["creator_id"]), posts=posts)
    )
    pairs = ReadingPairs.from_tables(tables)
    fitted = tables.posts["creator_id"].drop_duplicates().map(halves).to_numpy(bool)
    fits = fitted[pairs.account]
    return pairs.take(np.flatnonzero(fits)), pairs.take(np.flatnonzero(~fits))


def readings_to_forecast(pairs: ReadingPairs, measure: str) -> Readings:
    """Return the readings at ages within the rows whose last reading is late enough."""
    known = ~np.isnan(pairs.log_from[measure] + pairs.log_to[measure])
    pairs = pairs.take(np.flatnonzero(known))
    starts = np.flatnonzero(np.diff(pairs.post, prepend=-1))
    rows = []
    for start, end in pairwise([*starts.tolist(), len(pairs.post)]):
        age = np.append(pairs.age_from_days[start:end], pairs.age_to_days[end - 1])
        log = np.append(pairs.log_from[measure][start:end], pairs.log_to[measure][end - 1])
        asked = (age >= ROW_EDGES[0]) & (age < ROW_EDGES[-1]) & (age <= age[-1] - MIN_GAP_DAYS)
        for at in np.flatnonzero(asked):
            used = choose_readings(age[: at + 1], np.expm1(log[: at + 1]), age[-1])
            counts = (used.count, used.age_days, used.earlier_count, used.earlier_age_days)
            rows.append((*counts, age[-1], log[-1]))
    *columns, last_log = np.array(rows).T
    return Readings(RunningPosts(np.full(len(rows), TIKTOK), *columns), last_log)


def row_of(readings: Readings) -> np.ndarray:
    """Return the row of each reading, (n,)."""
    return np.searchsorted(ROW_EDGES, readings.posts.age_days, "right") - 1


def judge(
    fit: Readings, judged: Readings, curves: dict[str, Maturation], measure: str
) -> pd.DataFrame:
    """Return a row for each class of ages: errors, and the share inside of each interval."""
    growth, row = judged.growth, row_of(judged)
    typical = pd.Series(fit.growth).groupby(row_of(fit)).median().reindex(range(4)).to_numpy()
    table = {
        "n": pd.Series(growth).groupby(row).size(),
        "current": pd.Series(np.abs(growth)).groupby(row).mean(),
        "one ratio": pd.Series(np.abs(growth - typical[row])).groupby(row).mean(),
    }
    for name, maturation in curves.items():
        forecast = running_forecast(judged.posts, maturation, measure)
        logs = np.log1p(forecast.quantile([0.05, 0.1, 0.5, 0.9, 0.95]))
        table[f"{name}: MAE"] = pd.Series(np.abs(judged.last_log - logs[:, 2])).groupby(row).mean()
        for level, (low, high) in ((0.8, (1, 3)), (0.9, (0, 4))):
            above = judged.last_log >= logs[:, low]
            held = pd.Series(above & (judged.last_log <= logs[:, high]))
            table[f"{level:.0%}"[:2] + f" % ({name})"] = held.groupby(row).mean()
    ages = [f"{a}-{b} d" for a, b in pairwise(ROW_EDGES)]
    return pd.DataFrame(table).set_axis([ages[code] for code in sorted(set(row))])


def main() -> None:
    """Print the tables."""
    folder = Path(os.environ.get("CREATORCAST_REAL_DATA", "absent")) / "tiktok_readings"
    if not folder.is_dir():
        sys.exit("CREATORCAST_REAL_DATA names no folder that holds tiktok_readings")
    to_fit, to_judge = read_halves(folder)
    maturation = fit_maturation(to_fit.growth_pairs())
    for measure in MEASURES:
        curves = {"fit": maturation, "default": published_maturation()}
        fit, judged = (readings_to_forecast(pairs, measure) for pairs in (to_fit, to_judge))
        print(f"\n{measure} of {len(np.unique(to_judge.account)):,} accounts not fitted to")
        for name, curves_used in curves.items():
            curve = curves_used.find("tiktok", measure)
            print(f"{name}: tau {curve.tau_days:.3f} days, gamma {curve.gamma:.3f}, theta "
                  f"{curve.theta:.3f}, {curve.posts:,} posts")  # fmt: skip
        table = judge(fit, judged, curves, measure)
        if measure == "views":
            table["target"] = VIEWS_TARGETS
        print(table.round(3).to_string())


if __name__ == "__main__":
    main()
