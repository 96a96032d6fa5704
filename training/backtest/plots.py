"""Pictures of a backtest, as matplotlib figures; nothing is shown or written here."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from features.maturation.curve import GROWN_UP_DAYS, YOUNGEST_DAYS, Curve
from features.maturation.curve_text import CurveEntries
from features.number_text import format_number
from features.tables.vocabulary import BAND_EDGES, HORIZON_DAYS, TARGETS, UNKNOWN
from training.backtest.age_table import BIAS_TOLERANCE, age_table
from training.backtest.evaluate import OUR_MODEL
from training.backtest.report_tables import BacktestResult, breakdowns, headline_rows

#: Of a group that is drawn.
FEWEST_CREATORS = 10
_OURS, _OTHER = "#1b6f8a", "#b9c4c9"
#: Colours, shapes and lines: no picture is read by its colours alone.
_COLORS = {"seen": _OURS, "unseen": "#c2622d"}
_SHAPES = {"seen": "o", "unseen": "s"}
_LINES = {"seen": "-", "unseen": "--"}


def backtest_figures(record: BacktestResult) -> dict[str, Figure]:
    """Return the figures of a backtest by file name; none without headline rows."""
    headline = headline_rows(record.scores)
    if not len(headline):
        return {}
    classes, coverage = breakdowns(record.scores), record.coverage
    figures = {
        "error_by_forecaster.png": error_by_forecaster(record.table),
        "error_by_history.png": error_by_class(
            classes, "posts_before", "posts known before the forecast"
        ),
        "error_by_followers.png": error_by_class(classes, "band", "band by followers"),
        "coverage_by_cell.png": coverage_by_cell(coverage),
        "width_by_cell.png": width_by_cell(coverage),
        "reliability.png": reliability(headline),
        "pit.png": pit(headline),
    }
    ages = age_table(record.scores)
    for split in ages["split"].unique():
        figures[f"bias_by_age_{split}.png"] = bias_by_age(ages[ages["split"] == split])
    if any(record.curves.values()):
        figures["curves.png"] = growth_curves(record.curves)
    if len(record.learning):
        figures["learning_curve.png"] = learning_curve(record.learning, record.by_cut)
    return figures


def error_by_forecaster(table: pd.DataFrame) -> Figure:
    """Draw the MAE of every forecaster with its interval, seen creators beside unseen."""
    splits = list(table["split"].unique())
    figure = Figure(figsize=(5 * len(splits), 4.2), layout="constrained")
    for axes, split in zip(np.atleast_1d(figure.subplots(1, len(splits))), splits, strict=True):
        rows = table[table["split"] == split].sort_values("mae", ascending=False)
        error = np.abs(rows[["mae_low", "mae_high"]].to_numpy().T - rows["mae"].to_numpy())
        colors = [_OURS if name.startswith(OUR_MODEL) else _OTHER for name in rows["forecaster"]]
        axes.barh(
            rows["forecaster"],
            rows["mae"],
            xerr=error,
            color=colors,
            error_kw={"lw": 1, "ecolor": "#444"},
        )
        axes.set_title(
            f"{split} creators: {rows['creators'].iloc[0]:,}, {rows['rows'].iloc[0]:,} posts",
            fontsize=10,
        )
        axes.set_xlabel("MAE of ln(1 + count)")
    return figure


def coverage_by_cell(coverage: pd.DataFrame) -> Figure:
    """Draw how often the 80 % interval held in each group, with its interval.

    Groups that are too small to be judged are pale.
    """
    rows = _cells(coverage)
    figure = Figure(figsize=(7, 1.5 + 0.2 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows.itertuples()):
        color = _OURS if row.judged else _OTHER
        axes.plot([row.coverage_80_low, row.coverage_80_high], [place, place], color=color)
        axes.plot(row.coverage_80, place, "o", color=color, ms=4.5)
    _name_cells(axes, rows)
    axes.axvline(0.8, color="#444", lw=1, ls="--")
    axes.set_xlabel("share of posts inside the 80 % interval; pale: fewer than 50 creators")
    return figure


def error_by_class(rows: pd.DataFrame, by: str, axis: str) -> Figure:
    """Draw our MAE by the classes of a breakdown, with its interval over creators.

    `rows`: of training.backtest.report_tables.breakdowns; `axis`: what the classes are.
    """
    rows = rows[rows["by"] == by]
    figure = Figure(figsize=(6.4, 3.5), layout="constrained")
    axes = figure.subplots()
    classes = _ordered(rows["class"].unique())
    for shift, (split, group) in enumerate(rows.groupby("split")):
        place = np.array([classes.index(name) for name in group["class"]]) + 0.15 * shift
        error = np.abs(group[["mae_low", "mae_high"]].to_numpy().T - group["mae"].to_numpy())
        color, shape = _COLORS[split], _SHAPES[split]
        axes.errorbar(
            place, group["mae"], yerr=error, fmt=shape, color=color, label=f"{split} creators"
        )
    posts = rows.groupby("class")["rows"].sum()
    names = [f"{_class_name(name)}\n{posts[name]:,}" for name in classes]
    axes.set_xticks(range(len(classes)), names, fontsize=8)
    axes.set_xlabel(f"{axis}; below: forecasts")
    axes.set_ylabel("MAE of ln(1 + count)")
    axes.legend(frameon=False)
    return figure


def width_by_cell(coverage: pd.DataFrame) -> Figure:
    """Draw how wide the 80 % interval is in each group, as the factor between its ends."""
    rows = _cells(coverage)
    figure = Figure(figsize=(7, 1.5 + 0.2 * len(rows)), layout="constrained")
    axes = figure.subplots()
    colors = [_OURS if judged else _OTHER for judged in rows["judged"]]
    axes.scatter(np.exp(rows["width_80"]), range(len(rows)), c=colors, s=22)
    _name_cells(axes, rows)
    if rows.empty:
        axes.set_xlim(1, 10)  # a log scale has no limits of nothing
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: format_number(value)))
    axes.tick_params(axis="x", which="both", labelsize=8)
    axes.grid(axis="x", which="both", color="#eee")
    axes.set_axisbelow(True)
    axes.set_xlabel("factor between the ends of the interval; pale: fewer than 50 creators")
    return figure


def bias_by_age(table: pd.DataFrame) -> Figure:
    """Draw the bias by age at reading, as read and at that age, a panel for each platform.

    `table`: rows of training.backtest.age_table.age_table of one split.
    """
    platforms = list(table["platform"].unique())
    figure = Figure(figsize=(1.5 + 4.2 * len(platforms), 3.8), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(platforms), sharey=True))
    for axes, platform in zip(panels, platforms, strict=True):
        rows = table[table["platform"] == platform]
        axes.axhspan(-BIAS_TOLERANCE, BIAS_TOLERANCE, color="#e9eef0")
        axes.axhline(0, color="#444", lw=1, ls="--")
        for shift, (name, color, label) in enumerate(
            [("bias_as_read", _OTHER, "as read"), ("bias", _OURS, "at its age")]
        ):
            ends = rows[[f"{name}_low", f"{name}_high"]].to_numpy().T
            error = np.nan_to_num(np.abs(ends - rows[name].to_numpy()))
            place = np.arange(len(rows)) + 0.15 * shift
            axes.errorbar(place, rows[name], yerr=error, fmt="o", color=color, label=label)
        axes.set_xticks(range(len(rows)), rows["age_read"], fontsize=8)
        axes.set_title(f"{platform}, curve: {' and '.join(rows['curve'].unique())}", fontsize=9)
        axes.set_xlabel("age at reading, days")
    panels[0].set_ylabel(f"outcome - forecast, ln; {table['split'].iloc[0]} creators")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def growth_curves(curves: CurveEntries) -> Figure:
    """Draw the share of the count of HORIZON_DAYS by age, by the curves of both targets."""
    ages = np.geomspace(YOUNGEST_DAYS, GROWN_UP_DAYS, 60)
    figure = Figure(figsize=(4.4 * len(TARGETS), 3.8), layout="constrained")
    for axes, target in zip(figure.subplots(1, len(TARGETS), sharey=True), TARGETS, strict=True):
        for platform, measures in curves.items():
            if target in measures:
                entry = measures[target]
                growth = Curve(entry["tau_days"], entry["gamma"]).growth(HORIZON_DAYS, ages)
                axes.plot(ages, np.exp(growth), label=f"{platform}, {entry['basis']}")
        axes.set_xscale("log")
        axes.set_title(target, fontsize=9)
        axes.set_xlabel("age, days")
        if axes.lines:
            axes.legend(frameon=False, fontsize=8)
    figure.axes[0].set_ylabel(f"share of the count of {HORIZON_DAYS} days")
    return figure


def reliability(scores: pd.DataFrame) -> Figure:
    """Draw how often outcomes fell below each quantile of the forecast, and inside of each interval
    about its median: on the diagonal it is calibrated.
    """
    levels = np.linspace(0.02, 0.98, 49)
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    quantiles, intervals = figure.subplots(1, 2)
    for axes in (quantiles, intervals):
        axes.plot([0, 1], [0, 1], color="#444", lw=1, ls="--")
        axes.set_aspect("equal")
    for split, group in scores.groupby("split"):
        position = group["pit"].to_numpy()[:, None]
        look = {"color": _COLORS[split], "ls": _LINES[split]}
        name = f"{split} creators ({len(group):,} posts)"
        quantiles.plot(levels, (position <= levels).mean(axis=0), **look, label=name)
        inside = (np.abs(position - 0.5) <= levels / 2).mean(axis=0)
        intervals.plot(levels, inside, **look, label=name)
    quantiles.set_xlabel("quantile of the forecast")
    quantiles.set_ylabel("share of outcomes below it")
    intervals.set_xlabel("nominal coverage of the interval about the median")
    intervals.set_ylabel("share of outcomes inside it")
    quantiles.legend(frameon=False, fontsize=8)
    return figure


def pit(scores: pd.DataFrame) -> Figure:
    """Draw how the outcomes spread over the forecast's quantiles: level bars are calibrated."""
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    weights = np.full(len(scores), 20 / max(len(scores), 1))
    axes.hist(scores["pit"], bins=20, range=(0, 1), weights=weights, color=_OURS, edgecolor="white")
    axes.axhline(1, color="#444", lw=1, ls="--")
    axes.set_xlabel("quantile of the forecast")
    axes.set_ylabel("outcomes, relative to expected")
    axes.set_title(
        f"{len(scores):,} posts; level bars: calibrated; more on the left: forecasts were high",
        fontsize=9,
    )
    return figure


def learning_curve(learning: pd.DataFrame, by_cut: pd.DataFrame) -> Figure:
    """Draw the error on creators held out at the last cut, by the number that trained."""
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(learning["creators"], learning["mae"], "o-", color=_OURS)
    unseen = by_cut[by_cut["split"] == "unseen"]
    if len(unseen):
        last = unseen.groupby("platform").tail(1)
        axes.axhline(
            np.average(last["mae"], weights=last["rows"]),
            color="#444",
            lw=1,
            ls="--",
            label="all creators but those left out",
        )
        axes.legend(frameon=False)
    axes.set_xlabel("creators that trained")
    axes.set_ylabel("MAE of ln(1 + count), creators left out")
    return figure


def _cells(coverage: pd.DataFrame) -> pd.DataFrame:
    """Return the groups with enough creators to be drawn, in the order of the axis, upwards."""
    return coverage[coverage["creators"] >= FEWEST_CREATORS].sort_values(
        ["split", "platform", "band", "evidence"], ascending=False
    )


def _name_cells(axes: Axes, rows: pd.DataFrame) -> None:
    """Name the groups on the vertical axis, or say that there is none."""
    names = [
        f"{r.split} {r.platform} {r.band} {r.evidence} (n={r.rows:,})" for r in rows.itertuples()
    ]
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_ylim(-1, len(rows))
    if rows.empty:
        axes.set_title(f"no group has {FEWEST_CREATORS} creators or more", fontsize=9)


def _ordered(classes: np.ndarray) -> list[str]:
    """Return classes in the order of their edges, or of the follower bands."""
    bands = list(BAND_EDGES)
    if set(classes) <= {*bands, UNKNOWN}:
        return sorted(classes, key=[*bands, UNKNOWN].index)
    return sorted(classes, key=lambda name: float(name.strip("[").split(",")[0]))


def _class_name(name: str) -> str:
    return _range(name) if name.startswith("[") else name


def _range(name: str) -> str:
    low, high = (float(edge) for edge in name.strip("[)").split(","))
    return (
        format_number(low)
        if high == low + 1
        else f"{format_number(low)}+"
        if np.isinf(high)
        else f"{format_number(low)}-{format_number(high - 1)}"
    )
