"""Pictures of what a model rests on, as matplotlib figures; nothing is shown or written here."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from features.derive.catalog import FEATURES
from training.runs.explanation import Explanation, value_names

#: Colours that readers without colour vision tell apart too, by their lightness.
_LOCATION, _SCALE = "#1b6f8a", "#d9a15b"
SHOWN_COLUMNS = 20
_UNITS = {feature.name: feature.unit for feature in FEATURES}


def explanation_figures(explanations: Mapping[str, Explanation]) -> dict[str, Figure]:
    """Return the figures by file name: importances and effects of each target."""
    figures = {}
    for target, explanation in explanations.items():
        if any(explanation["contribution"]):
            figures[f"importance_{target}.png"] = importance(target, explanation)
        if explanation["effects"]:
            figures[f"effects_{target}.png"] = effects(target, explanation)
    return figures


def importance(target: str, explanation: Explanation) -> Figure:
    """Draw the columns that contribute most, beside their shares of the gain."""
    names = explanation["columns"][:SHOWN_COLUMNS][::-1]
    place = np.arange(len(names))
    figure = Figure(figsize=(10.5, 1.4 + 0.27 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.barh(place, explanation["contribution"][:SHOWN_COLUMNS][::-1], color=_LOCATION)
    left.set_yticks(place, names, fontsize=8)
    left.set_xlabel("mean absolute contribution to the forecast, ln")
    for shift, part, color, label in (
        (0.2, "gain", _LOCATION, "location"),
        (-0.2, "gain_scale", _SCALE, "scale (how wide the interval is)"),
    ):
        shares = explanation[part][:SHOWN_COLUMNS][::-1]
        right.barh(place + shift, shares, height=0.38, color=color, label=label)
    right.set_xlabel("share of the gain of all splits")
    right.legend(frameon=False, fontsize=8, loc="lower right")
    figure.suptitle(
        f"{target}: what the boosted corrections rest on "
        f"({explanation['rows']:,} training rows; beside the creator's level)",
        fontsize=10,
    )
    return figure


def effects(target: str, explanation: Explanation) -> Figure:
    """Draw the partial effects of the most important columns, as factors of the forecast."""
    drawn = explanation["effects"]
    columns = min(4, len(drawn))
    rows = -(-len(drawn) // columns)
    figure = Figure(figsize=(3.3 * columns, 0.6 + 2.6 * rows), layout="constrained")
    panels = np.atleast_1d(figure.subplots(rows, columns, sharey=True)).ravel()
    for axes, (name, effect) in zip(panels, drawn.items(), strict=False):
        _effect(axes, name, effect)
    for axes in panels[len(drawn) :]:
        axes.set_axis_off()
    figure.supylabel("factor of the mean forecast", fontsize=9)
    figure.suptitle(
        f"{target}: the forecast where one column is changed, the others kept "
        "(describes the model, not causes)",
        fontsize=10,
    )
    return figure


def _effect(axes: Axes, name: str, effect: Mapping[str, Any]) -> None:
    factor, labels = np.exp(effect["ln"]), value_names(name, effect["value"])
    axes.axhline(1, color="#444", lw=1, ls="--")
    if labels is None:
        axes.plot(effect["value"], factor, "o-", color=_LOCATION, ms=3.5)
        axes.set_xlabel(_UNITS.get(name, ""), fontsize=8)
    else:
        axes.plot(range(len(labels)), factor, "o", color=_LOCATION, ms=4)
        turn = 90 if len(labels) > 4 else 0
        axes.set_xticks(range(len(labels)), labels, fontsize=7, rotation=turn)
    axes.tick_params(labelsize=7)
    axes.set_title(name, fontsize=8)
