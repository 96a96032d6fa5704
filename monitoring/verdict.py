"""What is to be done with a model in use: nothing, recalibrate, retrain; or it is too early to say.

Retraining is due where

- the alarm was raised and recalibrating cannot mend it: with the centre of each platform set right
  and intervals stretched by MOST_STRETCH, the most that creatorcast recalibrate does, the outcomes
  since the drop began would still lie inside of the 80 % interval less often than LEAST_COVERAGE;
- the alarm was raised over the starter model, which cannot be recalibrated;
- the order of the forecasts is lost: their rank correlation with the outcomes, within platform, is
  beyond doubt below ORDER_LOST of what the forecasts themselves expect;
- forecasts are asked for of what training did not have: NEW_SHARE of them on other platforms, or
  OUTSIDE_SHARE on one platform of other niches or formats or beyond the range of an input;
- the newest data of the training is older than OLDEST_DAYS.

Recalibrating is due where the alarm was raised and none of these holds; the reason says where
creatorcast recalibrate needs further outcomes first. It is too early where fewer than
ENOUGH_OUTCOMES outcomes matured, the number that a recalibration needs too, and nothing else is
due. Otherwise all is fine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from models.recalibration import ENOUGH_CREATORS, ENOUGH_OUTCOMES, MOST_STRETCH
from monitoring.adjustable import Adjustable
from monitoring.alarm import RISKS, Alarm
from monitoring.drift import InputDrift
from monitoring.quantile_scores import LEVEL, MEDIAN
from monitoring.scores import Scores

TOO_EARLY, FINE, RECALIBRATE, RETRAIN = "too early", "fine", "recalibrate", "retrain"
VERDICTS = (TOO_EARLY, FINE, RECALIBRATE, RETRAIN)
#: Coverage of the 80 % interval that is as promised.
LEAST_COVERAGE, MOST_COVERAGE = 0.77, 0.83
ORDER_LOST = 0.5
#: Bias in ln that is told, where its interval lies wholly beyond.
NOTED_BIAS = 0.1
#: What a note says where a recalibration is not due and would help all the same.
CLOSER = "creatorcast recalibrate would bring the forecasts closer"
NEW_SHARE, OUTSIDE_SHARE = 0.1, 0.2
OLDEST_DAYS = 365.0
#: Draws of the bootstrap, and of outcomes from the forecasts themselves.
_DRAWS, _EXPECTED_DRAWS = 100, 10


@dataclass(frozen=True)
class Verdict:
    """One of VERDICTS, the sentences that it rests on, and what else should be known."""

    verdict: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Findings:
    """What a verdict rests on.

    - `scores`: in the order in which the outcomes matured; `table`: their score_table, `alarm`:
      over the same rows
    - `adjustable`: the outcomes that creatorcast recalibrate may use
    - `drift`, `new_platforms`: of the inputs, over `forecasts` forecasts
    - `model_age_days`: since the newest data of the training, None where it was trained on none
    """

    scores: Scores
    table: Sequence[Mapping[str, Any]]
    alarm: Alarm
    adjustable: Adjustable
    drift: Sequence[InputDrift]
    new_platforms: dict[str, int]
    forecasts: int
    model_age_days: float | None


def decide(found: Findings) -> Verdict:
    """Return the verdict by the rules above."""
    retrain = [
        *_structure(found),
        *_lost_order(found.scores),
        *_unknown_inputs(found),
        *_age(found.model_age_days),
    ]
    notes = (*_bias_notes(found.table), *_coverage_notes(found.table), *_notes(found))
    if retrain:
        return Verdict(RETRAIN, tuple(retrain), notes)
    if found.alarm.is_raised:
        return Verdict(RECALIBRATE, (_alarm_text(found), *_waits(found.adjustable)), notes)
    missing = ENOUGH_OUTCOMES - len(found.scores)
    if missing > 0:
        return Verdict(TOO_EARLY, (_too_early(found.scores, missing),), notes)
    quiet = (
        f"the alarm is quiet: {len(found.scores):,} outcomes do not show beyond doubt that the "
        "forecasts miss by more than is allowed"
    )
    return Verdict(FINE, (quiet,), notes)


def coverage_when_mended(scores: Scores) -> float:
    """Return which share of outcomes lies inside of the 80 % interval once the centre of each
    platform is set right and the interval is stretched by MOST_STRETCH.
    """
    z = ndtri(np.clip(scores.pit, 1e-4, 1 - 1e-4))
    platform = scores.rows["platform"].to_numpy()
    for name in np.unique(platform):
        z[platform == name] -= np.median(z[platform == name])
    return float((np.abs(z) <= MOST_STRETCH * ndtri(0.9)).mean())


def rank_correlations(scores: Scores, seed: int = 0) -> tuple[float, float, float]:
    """Return the rank correlation of forecasts and outcomes within platform, the upper end of its
    95 % interval (bootstrap over creators), and what it is for outcomes drawn from the forecasts.
    """
    random = np.random.default_rng(seed)
    platform = np.unique(scores.rows["platform"].to_numpy(), return_inverse=True)[1]
    median = scores.quantiles[:, MEDIAN]
    y = median + scores.values["bias"]
    _, creator = np.unique(scores.creator, return_inverse=True)
    rows_of = np.split(np.argsort(creator, kind="stable"), np.cumsum(np.bincount(creator))[:-1])
    draws, expected = [], []
    for _ in range(_DRAWS):
        rows = np.concatenate([rows_of[k] for k in random.integers(0, len(rows_of), len(rows_of))])
        draws.append(_within(median[rows], y[rows], platform[rows]))
    for _ in range(_EXPECTED_DRAWS):
        chance = random.random(len(y))
        drawn = [np.interp(p, LEVEL, q) for p, q in zip(chance, scores.quantiles, strict=True)]
        expected.append(_within(median, np.array(drawn), platform))
    return (
        _within(median, y, platform),
        float(np.quantile(draws, 0.975)),
        float(np.mean(expected)),
    )


def _within(forecast: np.ndarray, y: np.ndarray, group: np.ndarray) -> float:
    """Return the correlation of ranks within groups, pooled."""
    x_all, y_all = np.zeros(len(y)), np.zeros(len(y))
    for code in np.unique(group):
        rows = group == code
        for ranks, values in ((x_all, forecast), (y_all, y)):
            ranked = pd.Series(values[rows]).rank().to_numpy()
            ranks[rows] = (ranked - ranked.mean()) / len(ranked)
    spread = float(np.sqrt((x_all @ x_all) * (y_all @ y_all)))
    return float(x_all @ y_all) / spread if spread > 0 else 0.0


def _alarm_text(found: Findings) -> str:
    scores, alarm = found.scores, found.alarm
    began = alarm.began_at or 0
    since = scores[np.arange(began, len(scores))]
    month = since.rows["month"].iloc[0]
    what = {
        "miss": "lie outside of the intervals more often than the backtest allows",
        "above": "lie above the forecasts too often",
        "below": "lie below the forecasts too often",
    }[alarm.risk or RISKS[0]]
    return (
        f"the alarm was raised: since about {month} outcomes {what}; of these {len(since):,} "
        f"outcomes {since.values['coverage_80'].mean():.0%} lie inside of the 80 % interval, at "
        f"the median {_percent(float(np.median(since.values['bias'])))} the forecast"
    )


def _waits(adjustable: Adjustable) -> list[str]:
    """Tell where a recalibration is due and cannot be made yet."""
    if not adjustable.missing:
        return []
    reason = (
        f"creatorcast recalibrate needs {adjustable.missing} first ({ENOUGH_OUTCOMES} of "
        f"{ENOUGH_CREATORS} are needed): until then do not rely on the ranges"
    )
    return [reason]


def _structure(found: Findings) -> list[str]:
    if not found.alarm.is_raised:
        return []
    since = found.scores[np.arange(found.alarm.began_at or 0, len(found.scores))]
    if found.model_age_days is None:
        starter = "the starter model is made of published figures and cannot be recalibrated"
        return [f"{_alarm_text(found)}; {starter}"]
    mended = coverage_when_mended(since)
    if mended >= LEAST_COVERAGE:
        return []
    reason = (
        f"{_alarm_text(found)}; recalibrating cannot mend it: with the right centre and intervals "
        f"{MOST_STRETCH:g} times as wide they would hold {mended:.0%}"
    )
    return [reason]


def _lost_order(scores: Scores) -> list[str]:
    if len(scores) < ENOUGH_OUTCOMES:
        return []
    observed, high, expected = rank_correlations(scores)
    if high >= ORDER_LOST * expected:
        return []
    reason = (
        f"the order of the forecasts is lost: their rank correlation with the outcomes within "
        f"platform is {observed:.2f} (at most {high:.2f}), the forecasts expect {expected:.2f}"
    )
    return [reason]


def _unknown_inputs(found: Findings) -> list[str]:
    reasons = [
        f"{count:,} of {found.forecasts:,} forecasts were made on {name}, of which training had "
        "nothing"
        for name, count in found.new_platforms.items()
        if count >= NEW_SHARE * found.forecasts
    ]
    for one in found.drift:
        if one.outside < OUTSIDE_SHARE:
            continue
        what = (
            f"with a {one.name} ({', '.join(one.new_words)})"
            if one.new_words
            else (f"with {one.name} beyond the range")
        )
        reasons.append(
            f"{one.outside:.0%} of the {one.forecasts:,} forecasts on {one.platform} are {what} "
            "that training did not have"
        )
    return reasons


def _age(days: float | None) -> list[str]:
    if days is None or days <= OLDEST_DAYS:
        return []
    return [f"the newest data of the training is {days:,.0f} days old, more than {OLDEST_DAYS:.0f}"]


def _too_early(scores: Scores, missing: int) -> str:
    return (
        f"{len(scores):,} outcomes of this model matured, {ENOUGH_OUTCOMES} are needed: "
        f"{missing:,} more; until then the expected scores are what is known"
    )


def _bias_notes(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell where the centre is off beyond doubt, though not by enough to raise the alarm."""
    if not table or table[0]["few"]:
        return []
    low, high = float(table[0]["bias_low"]), float(table[0]["bias_high"])
    if high >= -NOTED_BIAS and low <= NOTED_BIAS:
        return []
    ends = sorted(np.expm1([low, high]), key=abs)
    side = "above" if low > 0 else "below"
    return [f"outcomes lie {abs(ends[0]):.0%} to {abs(ends[1]):.0%} {side} the forecasts: {CLOSER}"]


def _coverage_notes(table: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell of cells whose interval of coverage lies wholly below or above what is promised."""
    notes = []
    for row in table:
        low, high = row["coverage_80_low"], row["coverage_80_high"]
        if row["by"] == "month" or low is None:
            continue
        where = "all outcomes" if row["by"] == "all" else f"{row['by']} {row['cell']}"
        found = f"{where}: {row['coverage_80']:.0%} ({low:.0%} to {high:.0%}) of"
        if high < LEAST_COVERAGE:
            notes.append(f"{found} {row['outcomes']:,} lie inside of the 80 % interval, too few")
        elif low > MOST_COVERAGE:
            notes.append(
                f"{found} {row['outcomes']:,} lie inside of the 80 % interval, wider than it need "
                f"be: {CLOSER}"
            )
    return notes


def _notes(found: Findings) -> list[str]:
    notes = [
        f"{one.name} on {one.platform} has drifted from training: stability index "
        f"{one.index:.2f} ({one.kind}; by chance at most {one.by_chance:.2f})"
        for one in found.drift
        if one.kind in ("small", "large")
    ]
    if found.alarm.waiting:
        notes.append(f"the last {found.alarm.waiting} outcomes wait for the alarm's next batch")
    return notes


def _percent(log_ratio: float) -> str:
    """Return by how much something lies above or below, such as "12 % below"."""
    change = float(np.expm1(log_ratio))
    return f"{abs(change):.0%} {'above' if change >= 0 else 'below'}"
