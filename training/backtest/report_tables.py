"""Tables of a backtest: errors with intervals over creators, coverage, and breakdowns."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.maturation.curve_text import CurveEntries
from features.tables.vocabulary import EVIDENCE
from training.backtest.evaluate import OUR_MODEL, REFERENCE_BASELINE
from training.backtest.metrics import bootstrap_means, interval, spearman, spearman_within

#: Known posts that a creator must have at the cut to stand in the headline table.
ENOUGH_POSTS = 5
#: Creators and rows that a cell of coverage needs to be judged, and how far from 80 % it may lie.
MIN_GROUP_CREATORS, MIN_GROUP_ROWS, COVERAGE_TOLERANCE = 50, 200, 0.06
#: Quantiles of the forecast whose reliability is recorded.
RELIABILITY_LEVELS = np.arange(1, 20) / 20
#: Breakdowns: column, edges of its classes where it is a number.
BREAKDOWNS = {
    "platform": None,
    "band": None,
    "niche": None,
    "asked": None,
    "posts_before": (0, 1, 5, 10, 15, 20, 50, np.inf),
    "age_read_days": (0, 7, 14, 30, 90, np.inf),
    "lead_days": (0, 7, 30, 60, 90, np.inf),
}


@dataclass(frozen=True)
class BacktestResult:
    """The results of a backtest.

    - `platforms`: all of the data, with later posts or not
    - `scores`, `totals`: as training.backtest.evaluate.Evaluation, with the split; `totals` has no
      rows where they were not asked for
    - `learning`: the error on unseen creators by the number of creators that trained
    - `curves`: those of the last fit, as features.maturation.curve_text.describe_curves has them
    """

    platforms: tuple[str, ...]
    scores: pd.DataFrame
    totals: pd.DataFrame
    learning: pd.DataFrame
    curves: CurveEntries = field(default_factory=dict)

    @property
    def cuts(self) -> dict[str, list[pd.Timestamp]]:
        """Return the moments of the forecasts, in order, by platform."""
        pairs = self.scores[["platform", "cut"]].drop_duplicates().sort_values("cut")
        return {name: group["cut"].tolist() for name, group in pairs.groupby("platform")}

    @property
    def cut(self) -> pd.Timestamp:
        """Return the last cut of any platform."""
        return self.scores["cut"].max()

    @property
    def by_platform(self) -> pd.DataFrame:
        """Return our row for each split and platform; 0 rows where it has no later posts."""
        return platform_table(self.scores, self.platforms)

    @property
    def table(self) -> pd.DataFrame:
        """Return a row for each split and forecaster."""
        return forecaster_table(self.scores)

    @property
    def by_cut(self) -> pd.DataFrame:
        """Return our row for each split, cut and platform: platforms have cuts of their own."""
        rows = [
            {"cut": cut, "platform": platform, **row}
            for (cut, platform), scores in self.scores.groupby(["cut", "platform"])
            for row in forecaster_table(scores, (OUR_MODEL,)).to_dict("records")
        ]
        return pd.DataFrame(rows)

    @property
    def coverage(self) -> pd.DataFrame:
        """Return a row for each split, platform, band and evidence."""
        return coverage_by_group(self.scores)

    @property
    def reliability(self) -> pd.DataFrame:
        """Return a row for each split and quantile of RELIABILITY_LEVELS."""
        return reliability_by_split(self.scores)


def headline_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the best evidence, of creators with ENOUGH_POSTS posts before."""
    return scores[(scores["asked"] == EVIDENCE[0]) & (scores["posts_before"] >= ENOUGH_POSTS)]


def forecaster_table(scores: pd.DataFrame, names: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Return a row for each split and forecaster (default all), over the headline rows.

    mae: of ln(1 + count); mae_low, mae_high: its 95 % interval; vs_median: its relative difference
    from the creator's median on the same rows, with interval; spearman_within: within platform x
    band.
    """
    forecasts = [name for name in scores if name.startswith("forecast: ")]
    names = names or tuple(name.removeprefix("forecast: ") for name in forecasts)
    parts = headline_rows(scores).groupby("split", sort=False)
    rows = [_row(split, name, part) for split, part in parts for name in names]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["split", "forecaster"])


def platform_table(scores: pd.DataFrame, platforms: tuple[str, ...]) -> pd.DataFrame:
    """Return our error and coverage over the headline rows, a row for each split and platform.

    `rows` is 0 where a platform has no headline rows.
    """
    rows = []
    for split in scores["split"].unique():
        for platform in platforms:
            group = scores[(scores["split"] == split) & (scores["platform"] == platform)]
            table = forecaster_table(group, (OUR_MODEL,))
            extent = {"split": split, "platform": platform, "rows": 0, "creators": 0}
            rows.append(extent | (table.iloc[0].to_dict() if len(table) else {}))
    return pd.DataFrame(rows)


def _row(split: str, name: str, rows: pd.DataFrame) -> dict:
    y, forecast, creator = (rows[c].to_numpy() for c in ("y", f"forecast: {name}", "creator"))
    segment = (rows["platform"] + rows["band"]).to_numpy()
    row = {
        "split": split,
        "forecaster": name,
        "rows": len(rows),
        "creators": len(np.unique(creator)),
        **_errors(rows, f"forecast: {name}"),
        "spearman": spearman(forecast, y),
        "spearman_within": spearman_within(forecast, y, segment),
    }
    return row | (_distribution_scores(rows) if name == OUR_MODEL else {})


def _errors(rows: pd.DataFrame, forecast: str) -> dict[str, float]:
    """Return MAE and its relative difference from the creator's median, each with an interval."""
    y, creator = rows["y"].to_numpy(), rows["creator"].to_numpy()
    error, rule = (
        np.abs(rows[name].to_numpy() - y) for name in (forecast, f"forecast: {REFERENCE_BASELINE}")
    )
    draws = bootstrap_means(np.column_stack([error, rule]), creator)
    mae_low, mae_high = interval(draws[:, 0])
    low, high = interval(relative_difference(draws[:, 0], draws[:, 1]))
    return {
        "mae": error.mean(),
        "mae_low": mae_low,
        "mae_high": mae_high,
        "vs_median": float(relative_difference(error.mean(), rule.mean())),
        "vs_median_low": low,
        "vs_median_high": high,
    }


def relative_difference(error: np.ndarray, rule: np.ndarray) -> np.ndarray:
    """Return error / rule - 1; NaN where the error of the rule is 0."""
    return (
        np.divide(error, rule, out=np.full(np.shape(error), np.nan), where=np.asarray(rule) > 0) - 1
    )


def _distribution_scores(rows: pd.DataFrame) -> dict:
    scores = {
        "crps": rows["crps"].mean(),
        "coverage_80": rows["y"].between(rows["q0.1"], rows["q0.9"]).mean(),
        "coverage_90": rows["y"].between(rows["q0.05"], rows["q0.95"]).mean(),
        "width_80": (rows["q0.9"] - rows["q0.1"]).mean(),
    }
    return scores | ({"crps_oracle": rows["crps_oracle"].mean()} if "crps_oracle" in rows else {})


def coverage_by_group(scores: pd.DataFrame) -> pd.DataFrame:
    """Return coverage with a 95 % interval, a row for each split, platform, band and evidence.

    `judged`: the group has enough creators and rows; `fails`: its interval lies outside of 80 % +-
    6 points.
    """
    coverages = []
    for key, rows in scores.groupby(["split", "platform", "band", "evidence"], sort=False):
        inside = rows["y"].between(rows["q0.1"], rows["q0.9"]).to_numpy(float)
        low, high = interval(bootstrap_means(inside, rows["creator"].to_numpy()))
        names = dict(zip(("split", "platform", "band", "evidence"), key, strict=True))
        creators = rows["creator"].nunique()
        judged = creators >= MIN_GROUP_CREATORS and len(rows) >= MIN_GROUP_ROWS
        extent = {"rows": len(rows), "creators": creators, "judged": judged}
        fails = judged and (low > 0.8 + COVERAGE_TOLERANCE or high < 0.8 - COVERAGE_TOLERANCE)
        around = {"coverage_80_low": low, "coverage_80_high": high, "fails": fails}
        coverages.append({**names, **extent, **_distribution_scores(rows), **around})
    return pd.DataFrame(coverages)


def reliability_by_split(scores: pd.DataFrame) -> pd.DataFrame:
    """Return which share of the outcomes lay below each quantile of their forecasts, over the
    headline rows: `level`, the share that should, `below`, and its 95 % interval over creators.
    """
    rows = []
    for split, group in headline_rows(scores).groupby("split", sort=False):
        is_below = (group["pit"].to_numpy()[:, None] <= RELIABILITY_LEVELS).astype(float)
        draws = bootstrap_means(is_below, group["creator"].to_numpy())
        extent = {"rows": len(group), "creators": group["creator"].nunique()}
        for place, level in enumerate(RELIABILITY_LEVELS):
            low, high = interval(draws[:, place])
            share = {"level": level, "below": is_below[:, place].mean()}
            around = {"below_low": low, "below_high": high}
            rows.append({"split": split, **extent, **share, **around})
    return pd.DataFrame(rows)


def breakdowns(scores: pd.DataFrame) -> pd.DataFrame:
    """Return our figures for each split and class of every breakdown.

    They are of the headline rows, but `asked` has all evidences and `posts_before` all creators.
    bias: mean of y - forecast. Where the creator's posts are hidden, the baseline is the offset
    alone, and vs_offset stands in place of vs_median.
    """
    rows = []
    for by, edges in BREAKDOWNS.items():
        if by == "asked":
            chosen = scores[scores["posts_before"] >= ENOUGH_POSTS]
        elif by == "posts_before":
            chosen = scores[scores["asked"] == EVIDENCE[0]]
        else:
            chosen = headline_rows(scores)
        classes = chosen[by]
        if edges is not None:
            classes = pd.cut(classes, edges, right=False).astype(str)
        for (split, name), group in chosen.groupby(["split", classes], sort=True):
            rows.append({"by": by, "split": split, "class": name, **_breakdown(group)})
    return pd.DataFrame(rows)


def _breakdown(rows: pd.DataFrame) -> dict:
    y, ours = rows["y"].to_numpy(), rows[f"forecast: {OUR_MODEL}"].to_numpy()
    draws = bootstrap_means(np.abs(ours - y), rows["creator"].to_numpy())
    low, high = interval(draws)
    against = {
        f"vs_{name}": float(
            relative_difference(
                np.abs(ours - y).mean(), np.abs(rows[f"forecast: {rule}"].to_numpy() - y).mean()
            )
        )
        for name, rule in (("median", REFERENCE_BASELINE), ("offset", "offset alone"))
        if rows[f"forecast: {rule}"].notna().all()
    }
    extent = {
        "rows": len(rows),
        "creators": rows["creator"].nunique(),
        "mae": np.abs(ours - y).mean(),
    }
    return {
        **extent,
        "mae_low": low,
        "mae_high": high,
        **against,
        "bias": (y - ours).mean(),
        **_distribution_scores(rows),
    }


def totals_table(totals: pd.DataFrame) -> pd.DataFrame:
    """Return coverage and error of totals, by split and number of deliverables."""
    rows = []
    for (split, k), group in totals.groupby(["split", "deliverables"]):
        inside = {
            level: group["pit"].between(0.5 - level / 2, 0.5 + level / 2).to_numpy(float)
            for level in (0.8, 0.9)
        }
        low, high = interval(bootstrap_means(inside[0.8], group["creator"].to_numpy()))
        extent = {
            "split": split,
            "deliverables": k,
            "rows": len(group),
            "creators": group["creator"].nunique(),
        }
        held = {"coverage_80": inside[0.8].mean(), "coverage_80_low": low, "coverage_80_high": high}
        rows.append(
            {**extent, "mae": group["error"].mean(), **held, "coverage_90": inside[0.9].mean()}
        )
    return pd.DataFrame(rows)
