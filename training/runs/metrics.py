"""The metrics of a run.

Names follow one rule: the headline figures are `SPLIT_FIGURE` (`seen_mae`), all others
`FIGURE/SPLIT/GROUP/CLASS` (`crps/seen/platform/instagram`), so that MLflow draws the classes of a
group side by side. SPLIT: `seen`, creators that trained the model, or `unseen`. `rows` and
`creators` say how many posts and creators a figure is of.
"""

import math
import re
from collections.abc import Iterator, Mapping

import pandas as pd

from training.backtest.evaluate import OUR_MODEL
from training.backtest.report_tables import BacktestResult, breakdowns
from training.train import headline_metrics

#: Figures of each class of a breakdown, and of each baseline.
CLASS_FIGURES = ("mae", "bias", "crps", "coverage_80", "coverage_90", "width_80")
BASELINE_FIGURES = ("mae", "vs_median", "spearman_within")
EXTENT = ("rows", "creators")
#: Headline figures beside those that bundles are compared by.
HEADLINE_DETAILS = (*EXTENT, "mae_low", "mae_high", "vs_median_low", "vs_median_high")
#: Column of the breakdowns -> name of the group.
GROUPS = {"platform": "platform", "band": "band", "asked": "evidence", "posts_before": "history"}


def run_metrics(table: pd.DataFrame, record: BacktestResult | None) -> dict[str, float]:
    """Return all metrics that have a value, by name.

    `table`: the backtest's row of each split and forecaster; `record`: the whole backtest, None
    where its scores were not kept.
    """
    named = dict(headline_metrics(table))
    if len(table):
        ours = table[table["forecaster"] == OUR_MODEL]
        for row in ours.to_dict("records"):
            named |= {f"{row['split']}_{name}": row.get(name) for name in HEADLINE_DETAILS}
        named |= dict(_baseline_metrics(table))
    if record is not None and len(record.scores):
        named |= dict(_class_metrics(breakdowns(record.scores)))
    return {
        name: float(value)
        for name, value in named.items()
        if value is not None and not math.isnan(value)
    }


def duration_metrics(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of each stage and of all."""
    if not seconds:
        return {}
    return {f"seconds/{name}": value for name, value in seconds.items()} | {
        "seconds_total": sum(seconds.values())
    }


def metric_name(text: str) -> str:
    """Return a text as a part of a metric's name.

    >>> metric_name("creator's median"), metric_name("[0.0, 1.0)"), metric_name("[50.0, inf)")
    ('creators_median', '0', '50_or_more')
    """
    edges = re.fullmatch(r"\[([\d.]+), ([\d.]+|inf)\)", text)
    if edges:
        low, high = (float(edge) for edge in edges.groups())
        if math.isinf(high):
            return f"{low:.0f}_or_more"
        return f"{low:.0f}" if high == low + 1 else f"{low:.0f}_to_{high - 1:.0f}"
    return re.sub(r"[^a-z0-9]+", "_", text.lower().replace("'", "")).strip("_")


def _baseline_metrics(table: pd.DataFrame) -> Iterator[tuple[str, float]]:
    for row in table.to_dict("records"):
        name = f"{row['split']}/baseline/{metric_name(row['forecaster'])}"
        if row["forecaster"] != OUR_MODEL:
            yield from ((f"{figure}/{name}", row[figure]) for figure in BASELINE_FIGURES)


def _class_metrics(classes: pd.DataFrame) -> Iterator[tuple[str, float]]:
    for row in classes[classes["by"].isin(GROUPS)].to_dict("records"):
        name = f"{row['split']}/{GROUPS[row['by']]}/{metric_name(str(row['class']))}"
        yield from ((f"{figure}/{name}", row[figure]) for figure in (*CLASS_FIGURES, *EXTENT))
