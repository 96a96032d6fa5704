"""The picture of the curves by which counts grow."""

from itertools import zip_longest

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from features.maturation.curve import GROWN_UP_DAYS, YOUNGEST_DAYS
from features.maturation.maturation import FITTED
from features.maturation.share_intervals import read_shares, share_of_horizon
from training.curves_report import CurveReport

_FITTED, _PUBLISHED, _READ = "#1b6f8a", "#c2622d", "#444"
_TICKS = {"1 h": 1 / 24, "6 h": 0.25, "1 d": 1, "3 d": 3, "7 d": 7, "30 d": 30, "90 d": 90}
_COLUMNS = 3
_AGES = np.geomspace(YOUNGEST_DAYS, GROWN_UP_DAYS, 60)


def curves_figure(reports: list[CurveReport], trained_on: str) -> Figure | None:
    """Draw each curve with its 95 % interval, what the readings alone tell, and the published
    curve; None where there is no curve. `trained_on`: real or simulated data, which it says.
    """
    drawn = [one for one in reports if one.curve is not None]
    if not drawn:
        return None
    columns = min(len(drawn), _COLUMNS)
    rows = -(-len(drawn) // columns)
    figure = Figure(figsize=(3.4 * columns + 0.4, 2.7 * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for one, one_axes in zip_longest(drawn, axes.flat):
        if one is None:
            one_axes.set_axis_off()
        else:
            _draw(one, one_axes)
    handles: dict[str, Artist] = {}
    for one_axes in axes.flat:
        handles |= dict(zip(*reversed(one_axes.get_legend_handles_labels()), strict=True))
    figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=4, frameon=False
    )
    figure.supxlabel(f"age of the post ({trained_on} data)", fontsize=9)
    figure.supylabel("share of the count of 30 days", fontsize=9)
    return figure


def _draw(one: CurveReport, axes: Axes) -> None:
    """Draw one curve."""
    assert one.curve is not None
    if one.published is not None:
        shares = share_of_horizon(one.published.curve, _AGES)
        axes.plot(_AGES, shares, color=_PUBLISHED, lw=1.2, ls="--", zorder=3, label="published")
    title = f"{one.platform}: {one.measure}"
    if one.basis == FITTED and one.pairs is not None:
        low, high = one.intervals(_AGES).T
        label = "95 % interval" if one.drawn else None
        axes.fill_between(_AGES, low, high, color=_FITTED, alpha=0.2, lw=0, label=label)
        axes.plot(_AGES, one.shares(_AGES), color=_FITTED, label="fitted")
        axes.plot(
            *read_shares(one.pairs, one.curve.curve), "o", color=_READ, ms=3, label="readings alone"
        )
        title += f" ({one.curve.posts:,} posts)"
    axes.set_title(title, fontsize=9)
    axes.set_xscale("log")
    axes.set_xticks(list(_TICKS.values()), list(_TICKS), fontsize=7)
    axes.minorticks_off()
    axes.axhline(1, color="#444", lw=0.8, ls=":")
    axes.set_ylim(0, max(1.45, 1.05 * float(one.shares(_AGES).max())))
    axes.tick_params(axis="y", labelsize=7)
