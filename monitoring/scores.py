"""Scores of forecasts whose outcomes matured, by cell, beside what the forecasts expected of
themselves.
"""

from collections.abc import Callable, Mapping
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
    for name, figure in FIGURES.items():
        ones = np.ones((1, creators))
        row[name] = float(figure(scores, creator, ones)[0])
        ends: tuple[float | None, ...] = (None, None)
        if not few:
            draws = figure(scores, creator, _weights(creators, seed))
            ends = tuple(float(end) for end in np.quantile(draws, [0.025, 0.975]))
        row[f"{name}_low"], row[f"{name}_high"] = ends
    return row


def _weights(creators: int, seed: int) -> np.ndarray:
    """Return how often each creator is drawn, (DRAWS, creators)."""
    random = np.random.default_rng(seed)
    return random.multinomial(creators, np.full(creators, 1 / creators), DRAWS).astype(float)


def _mean(name: str) -> Callable[[Scores, np.ndarray, np.ndarray], np.ndarray]:
    def figure(scores: Scores, creator: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return _sums(scores.values[name], creator, weights) / _sums(
            np.ones(len(scores)), creator, weights
        )

    return figure


def _crps_ratio(scores: Scores, creator: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = _sums(scores.values["crps"], creator, weights)
    return total / np.maximum(_sums(scores.values["expected_crps"], creator, weights), 1e-12)


def _saved_total(scores: Scores, creator: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _sums(scores.values["saved_usd"], creator, weights)


def _sums(values: np.ndarray, creator: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ np.bincount(creator, values, weights.shape[1])


#: What is told with an interval of each cell.
FIGURES = {
    "coverage_80": _mean("coverage_80"),
    "coverage_90": _mean("coverage_90"),
    "crps": _mean("crps"),
    "expected_crps": _mean("expected_crps"),
    "crps_ratio": _crps_ratio,
    "bias": _mean("bias"),
    "width_80": _mean("width_80"),
    "saved_usd": _saved_total,
}


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
