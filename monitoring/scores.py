"""Scores of forecasts whose outcomes matured, by cell, beside what the forecasts expected of
themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ledger.matched_forecasts import MATURED
from monitoring import money
from monitoring.quantile_scores import (
    LEVEL,
    MEDIAN,
    crps,
    expected_crps,
    log_quantiles,
    probability_transform,
    width,
)

#: Cells with fewer outcomes or creators are told as few, without intervals.
ENOUGH_OUTCOMES, ENOUGH_CREATORS = 30, 10
#: Draws of the bootstrap over creators behind the intervals of 95 %.
DRAWS = 400
COVERAGES = (0.8, 0.9)
PIT_CLASSES = 10
#: Columns of forecasts by whose values scores are told beside "all".
CELLS = ("month", "platform", "band", "evidence", "model_version")
Row = dict[str, Any]


def outcome_rows(matched: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are scored: matured, the latest forecast of their partnership, and a
    known outcome; in the order in which they matured.
    """
    is_scored = (
        (matched["status"] == MATURED)
        & matched["is_latest"].astype(bool)
        & np.isfinite(matched["outcome_ln"].astype(float))
    )
    return matched[is_scored].sort_values(["matured_at", "forecast_id"], ignore_index=True)


def latest_rows(matched: pd.DataFrame) -> pd.DataFrame:
    """Return the latest forecast of each partnership, whether its outcome is known or not."""
    return matched[matched["is_latest"].astype(bool)].reset_index(drop=True)


def creator_codes(rows: pd.DataFrame) -> np.ndarray:
    """Return a code of each row's creator, (n,): a forecast that names none is its own."""
    name = rows["creator_id"].fillna(rows["handle"])
    account = rows["platform"] + " " + name.astype("string")
    return pd.factorize(account.fillna("forecast " + rows["forecast_id"]))[0]


def month_of(moments: pd.Series) -> pd.Series:
    """Return the months of moments in microseconds UTC, as texts such as 2026-07."""
    return pd.to_datetime(moments.astype("Int64"), unit="us").dt.strftime("%Y-%m")


@dataclass(frozen=True)
class Scores:
    """Scores of n forecasts, and what identifies them; all arrays (n,).

    - `rows`: their rows of the matched frame, with `month`, that of posting
    - `creator`: codes; `pit`: probability integral transforms
    - `values`: by name, what is averaged: crps and expected_crps of ln(1 + engagements),
      coverage_80, coverage_90, width_80 (in ln), bias (outcome less median, in ln), saved_usd and
      expected_saved_usd (see monitoring.money), 0 where forecast and rule agree
    - `sign`: of monitoring.money
    """

    rows: pd.DataFrame
    creator: np.ndarray
    quantiles: np.ndarray
    pit: np.ndarray
    sign: np.ndarray
    values: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: np.ndarray) -> "Scores":
        """Return the scores at a mask or at positions."""
        return Scores(
            self.rows[chosen] if chosen.dtype == bool else self.rows.iloc[chosen],
            self.creator[chosen],
            self.quantiles[chosen],
            self.pit[chosen],
            self.sign[chosen],
            {name: values[chosen] for name, values in self.values.items()},
        )


def score(rows: pd.DataFrame) -> Scores:
    """Return the scores of `outcome_rows`."""
    quantiles = _quantiles(rows)
    y = rows["outcome_ln"].astype(float).to_numpy()
    pit = probability_transform(quantiles, y) if len(rows) else np.zeros(0)
    sign = money.signs(rows, np.expm1(quantiles[:, MEDIAN]))
    values = {
        "crps": crps(quantiles, y),
        "expected_crps": expected_crps(quantiles),
        "width_80": width(quantiles, 0.8),
        "bias": y - quantiles[:, MEDIAN],
        "saved_usd": _saved(rows, sign, np.expm1(y)),
        "expected_saved_usd": _expected_saved(rows, sign),
    }
    for coverage in COVERAGES:
        inside = (pit >= (1 - coverage) / 2) & (pit <= (1 + coverage) / 2)
        values[f"coverage_{coverage:.0%}".rstrip("%")] = inside.astype(float)
    month = month_of(rows["posted_at"].fillna(rows["matured_at"]))
    return Scores(rows.assign(month=month), creator_codes(rows), quantiles, pit, sign, values)


def expected(rows: pd.DataFrame) -> Row:
    """Return what forecasts expect of themselves before any outcome is known.

    Expected coverage is that of the intervals: 80 and 90 %.
    """
    if not len(rows):
        return {"forecasts": 0}
    quantiles = _quantiles(rows)
    sign = money.signs(rows, np.expm1(quantiles[:, MEDIAN]))
    return {
        "forecasts": len(rows),
        "creators": int(creator_codes(rows).max()) + 1,
        "crps": float(expected_crps(quantiles).mean()),
        "coverage_80": 0.8,
        "coverage_90": 0.9,
        "width_80": float(width(quantiles, 0.8).mean()),
        "width_80_factor": float(np.exp(np.median(width(quantiles, 0.8)))),
        "with_money": int(money.has_money(rows).sum()),
        "differ_from_rule": int(np.count_nonzero(sign)),
        "saved_usd": float(_expected_saved(rows, sign).sum()),
    }


def score_table(scores: Scores, seed: int = 0) -> list[Row]:
    """Return the scores of all rows, then those by each of CELLS, one dict for each cell."""
    if not len(scores):
        return []
    table = [{"by": "all", "cell": "all", **summarise(scores, seed)}]
    for column in CELLS:
        names = scores.rows[column].astype("string").fillna("unknown").to_numpy()
        for name in sorted(set(names)):
            table.append(
                {"by": column, "cell": str(name), **summarise(scores[names == name], seed)}
            )
    return table


def summarise(scores: Scores, seed: int = 0) -> Row:
    """Return the scores of a cell.

    Each figure has `_low` and `_high`, the ends of its 95 % interval (bootstrap over creators),
    which are None where outcomes or creators are few. `crps_ratio`: observed over expected CRPS.
    """
    _, creator = np.unique(scores.creator, return_inverse=True)
    creators = int(creator.max()) + 1
    few = len(scores) < ENOUGH_OUTCOMES or creators < ENOUGH_CREATORS
    known = money.has_money(scores.rows)
    row: Row = {
        "outcomes": len(scores),
        "creators": creators,
        "few": few,
        "bias_median": float(np.median(scores.values["bias"])),
        "with_money": int(known.sum()),
        "differ_from_rule": int(np.count_nonzero(scores.sign)),
        **money.kinds(scores.sign, scores.values["saved_usd"]),
        "expected_saved_usd": float(scores.values["expected_saved_usd"].sum()),
        "pit": np.histogram(scores.pit, PIT_CLASSES, (0, 1))[0].tolist(),
    }
    by_creator = _sums_by_creator(scores, creator)
    figures = _figures(by_creator.sum(axis=0)[None])
    draws = None if few else _figures(_drawn_sums(by_creator, seed))
    for name, values in figures.items():
        row[name] = float(values[0])
        ends: tuple[float | None, ...] = (None, None)
        if draws is not None:
            ends = tuple(float(end) for end in np.quantile(draws[name], [0.025, 0.975]))
        row[f"{name}_low"], row[f"{name}_high"] = ends
    return row


#: What is told with an interval as a mean over outcomes.
MEANS = ("coverage_80", "coverage_90", "crps", "expected_crps", "bias", "width_80")


def _sums_by_creator(scores: Scores, creator: np.ndarray) -> np.ndarray:
    """Return outcomes, sums of MEANS, and money by creator, (creators, 2 + len(MEANS))."""
    columns = [np.ones(len(scores)), *(scores.values[name] for name in (*MEANS, "saved_usd"))]
    return np.column_stack([np.bincount(creator, values) for values in columns])


def _drawn_sums(by_creator: np.ndarray, seed: int) -> np.ndarray:
    """Return the sums over as many creators drawn with replacement, (DRAWS, columns)."""
    random, n = np.random.default_rng(seed), len(by_creator)
    return np.array(
        [np.bincount(random.integers(0, n, n), minlength=n) @ by_creator for _ in range(DRAWS)]
    )


def _figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures of sums (draws, columns) by name, (draws,) each."""
    figures = {name: sums[:, 1 + place] / sums[:, 0] for place, name in enumerate(MEANS)}
    ratio = figures["crps"] / np.maximum(figures["expected_crps"], 1e-12)
    return {**figures, "crps_ratio": ratio, "saved_usd": sums[:, -1]}


def _quantiles(rows: pd.DataFrame) -> np.ndarray:
    """Return quantiles of ln(1 + engagements), (n, len(LEVELS))."""
    totals = [np.asarray(one, dtype=float) for one in rows["engagements"]]
    return log_quantiles(np.array(totals).reshape(len(rows), -1) if totals else _NONE)


def _saved(rows: pd.DataFrame, sign: np.ndarray, engagements: np.ndarray) -> np.ndarray:
    return np.where(sign != 0, sign * np.nan_to_num(money.surplus(rows, engagements)), 0.0)


def _expected_saved(rows: pd.DataFrame, sign: np.ndarray) -> np.ndarray:
    """Return what is expected of `saved_usd` by the forecasts' own means, (n,)."""
    return _saved(rows, sign, rows["engagements_mean"].astype(float).to_numpy())


_NONE = np.zeros((0, len(LEVEL)))
