"""Bias of forecasts by the age at which outcomes were read: before and after ages are respected."""

import numpy as np
import pandas as pd

from features.maturation.maturation import FITTED
from training.backtest.evaluate import OUR_MODEL
from training.backtest.metrics import bootstrap_means, interval
from training.backtest.report_tables import ENOUGH_POSTS, headline_rows

#: Classes of the age at reading in days, by edges; the last is of ages not told.
AGE_EDGES = (0.0, 7.0, 14.0, 30.0, 90.0, np.inf)
AGE_CLASSES = ("0-7", "7-14", "14-30", "30-90", "90 and more", "not told")
#: The bias of ln that a class may have where its curve was fitted.
BIAS_TOLERANCE = 0.05
#: Creators that an interval and a mark take.
MIN_CREATORS = 10


def age_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each split, platform and age at reading of the headline rows, all in ln.

    - `curve`: what the curves of its forecasts rest on
    - `bias_as_read`: mean of the outcome as it was read minus the forecast at the horizon, as if
      ages did not matter; `bias`: minus the forecast at the age at reading; each with a 95 %
      interval over creators, NaN for fewer than MIN_CREATORS
    - `mae`, `coverage_80`: at the age at reading
    - `exceeds`: the bias is above BIAS_TOLERANCE or below its negative, and the curve was fitted;
      `exceeds_clearly`: so is its whole interval; False for fewer than MIN_CREATORS
    """
    headline = headline_rows(scores)
    place = age_classes(headline["age_read_days"].to_numpy(float))
    rows = []
    for key, group in headline.groupby(["split", "platform", place], sort=True):
        split, platform, number = key
        names = {"split": split, "platform": platform, "age_read": AGE_CLASSES[number]}
        rows.append({**names, **_age_row(group)})
    return pd.DataFrame(rows)


def age_classes(age_days: np.ndarray) -> np.ndarray:
    """Return the position in AGE_CLASSES of each age (n,), NaN where it is not told."""
    place = np.searchsorted(AGE_EDGES, age_days, side="right") - 1
    return np.where(np.isnan(age_days), len(AGE_CLASSES) - 1, np.maximum(place, 0))


def _age_row(rows: pd.DataFrame) -> dict:
    bias = rows["y"].to_numpy() - rows[f"forecast: {OUR_MODEL}"].to_numpy()
    both = np.column_stack([bias - rows["growth"].to_numpy(), bias])
    draws = bootstrap_means(both, rows["creator"].to_numpy())
    (read_low, read_high), (low, high) = (interval(column) for column in draws.T)
    creators = rows["creator"].nunique()
    if creators < MIN_CREATORS:
        read_low = read_high = low = high = np.nan
    curve = " and ".join(sorted(rows["curve"].unique()))
    is_judged = curve == FITTED and creators >= MIN_CREATORS
    return {
        "curve": curve,
        "rows": len(rows),
        "creators": creators,
        "bias_as_read": both[:, 0].mean(),
        "bias_as_read_low": read_low,
        "bias_as_read_high": read_high,
        "bias": bias.mean(),
        "bias_low": low,
        "bias_high": high,
        "mae": np.abs(bias).mean(),
        "coverage_80": rows["y"].between(rows["q0.1"], rows["q0.9"]).mean(),
        "exceeds": is_judged and abs(bias.mean()) > BIAS_TOLERANCE,
        "exceeds_clearly": is_judged and max(low, -high) > BIAS_TOLERANCE,
    }


def age_lines(table: pd.DataFrame, horizon_days: int) -> list[str]:
    """Return the rows of `age_table` as lines of text."""
    if not len(table):
        return []
    lines = [
        "",
        (
            f"by age in days at which the outcome was read, creators with {ENOUGH_POSTS} or more "
            "posts before; bias is outcome minus forecast in ln,"
        ),
        (
            f"as read: against the forecast for {horizon_days} days after posting; at its age: for "
            "the age at reading"
        ),
        (
            f"  {'age':<11} {'platform':<10} {'creators':<8} {'number':>6} {'posts':>7} "
            f"{'bias as read, 95 %':>26} {'bias at its age, 95 %':>26} {'error':>6} {'80 %':>6}  "
            "curve"
        ),
    ]
    lines += [_age_line(row) for row in table.to_dict("records")]
    if table["exceeds"].any():
        lines.append(
            f"  *: the bias is more than {BIAS_TOLERANCE} from 0 although the curve was fitted; "
            "**: so is its whole interval"
        )
    return lines


def _age_line(row: dict) -> str:
    as_read, at_age = (
        f"{row[name]:+.3f} {_interval_text(row[f'{name}_low'], row[f'{name}_high'])}"
        for name in ("bias_as_read", "bias")
    )
    mark = "**" if row["exceeds_clearly"] else "*" if row["exceeds"] else ""
    return (
        f"  {row['age_read']:<11} {row['platform']:<10} {row['split']:<8} {row['creators']:>6,} "
        f"{row['rows']:>7,} {as_read:>26} {at_age + mark:>26} "
        f"{row['mae']:>6.3f} {row['coverage_80']:>6.1%}  {row['curve']}"
    )


def _interval_text(low: float, high: float) -> str:
    return "(too few creators)" if np.isnan(low) else f"({low:+.3f} to {high:+.3f})"
