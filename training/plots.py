"""Pictures of the record, as matplotlib figures; nothing is shown or written here."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from training.backtest import OURS, Backtest

_OURS, _OTHER = "#1b6f8a", "#b9c4c9"


def figures(record: Backtest) -> dict[str, Figure]:
    """Give the pictures of a backtest by file name."""
    return {
        "error_by_forecaster.png": error_by_forecaster(record.table),
        "coverage_by_band.png": coverage_by_band(record.coverage),
        "pit.png": pit(record.scores),
    }


def error_by_forecaster(table: pd.DataFrame) -> Figure:
    """Draw the MAE of every forecaster with its interval, seen creators beside unseen."""
    splits = list(table["split"].unique())
    figure = Figure(figsize=(5 * len(splits), 4.2), layout="constrained")
    for axes, split in zip(np.atleast_1d(figure.subplots(1, len(splits))), splits, strict=True):
        rows = table[table["split"] == split].sort_values("mae", ascending=False)
        error = np.abs(rows[["mae_low", "mae_high"]].to_numpy().T - rows["mae"].to_numpy())
        colors = [_OURS if name.startswith(OURS) else _OTHER for name in rows["forecaster"]]
        axes.barh(rows["forecaster"], rows["mae"], xerr=error, color=colors, error_kw={"lw": 1, "ecolor": "#444"})
        axes.set_title(f"{split} creators: {rows['creators'].iloc[0]:,}, {rows['rows'].iloc[0]:,} posts", fontsize=10)
        axes.set_xlabel("MAE of ln(1 + engagements)")
    return figure


def coverage_by_band(coverage: pd.DataFrame) -> Figure:
    """Draw how often the 80 % interval held, a cell, with its interval; cells under 50 creators are pale."""
    rows = coverage[coverage["creators"] >= 10].sort_values(["split", "platform", "band", "evidence"], ascending=False)
    figure = Figure(figsize=(7, 1.5 + 0.28 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows.itertuples()):
        color = _OURS if row.judged else _OTHER
        axes.plot([row.coverage_80_low, row.coverage_80_high], [place, place], color=color)
        axes.plot(row.coverage_80, place, "o", color=color)
    names = [f"{r.split} {r.platform} {r.band} {r.evidence} (n={r.rows:,})" for r in rows.itertuples()]
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.axvline(0.8, color="#444", lw=1, ls="--")
    axes.set_xlabel("share of posts inside the 80 % interval")
    return figure


def pit(scores: pd.DataFrame) -> Figure:
    """Draw how the outcomes spread over the forecast's quantiles: level bars are calibrated."""
    levels = [0.0, 0.05, 0.1, 0.5, 0.9, 0.95, 1.0]
    inner = scores[[f"q{p:g}" for p in levels[1:-1]]].to_numpy()
    place = (scores["y"].to_numpy()[:, None] > inner).sum(axis=1)
    share = np.bincount(place, minlength=len(levels) - 1) / max(len(scores), 1)
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.bar(levels[:-1], share / np.diff(levels), width=np.diff(levels), align="edge", color=_OURS, edgecolor="white")
    axes.axhline(1, color="#444", lw=1, ls="--")
    axes.set_xlabel("quantile of the forecast")
    axes.set_ylabel("outcomes, relative to expected")
    axes.set_title(f"{len(scores):,} posts; level bars: calibrated; more on the left: forecasts were high", fontsize=9)
    return figure
