"""The watch over one model: its forecasts in the ledger, matched to what came.

From matched forecasts to scores, alarm, drift of inputs and the verdict; the result is plain values
that ledger.tables.WATCH_RESULTS keeps as JSON.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from ledger.matched_forecasts import MATURED, NOT_SCORED, PARTIAL, WAITING, YOUNG
from monitoring import scores as scoring
from monitoring.adjustable import adjustable_by
from monitoring.alarm import Alarm, allowed_risks, check_alarm, outcome_risks
from monitoring.backtest_record import backtest_row, coverage_bounds
from monitoring.drift import input_drift, new_platforms
from monitoring.scores import Scores
from monitoring.verdict import Findings, decide

#: The door of forecasts of posts that are online, which are scored apart: they are conditional on
#: the readings until then.
RUNNING = "track"
_ONCE = (WAITING, PARTIAL, YOUNG, MATURED, NOT_SCORED)


def watch(matched: pd.DataFrame, manifest: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return what is known of a model in use, as JSON values.

    - `model_version`, `trained_on`, `until`, `made_at` (microseconds UTC, `now`)
    - `verdict`, `reasons`, `notes`: see monitoring.verdict; `recalibration_lacks`: what creatorcast
      recalibrate would need first, "" where nothing
    - `first_forecast`: when the first one that the ledger still has was made
    - `counts`: forecasts of the model by status; matured ones that are not the latest of their
      partnership apart (`repeated`); they add up to `forecasts`
    - `scores`: rows of monitoring.scores.score_table; `running`: the same of posts that were online
    - `versions`: scores of every model of the ledger, for comparison
    - `expected`: what the forecasts that have no outcome yet expect of themselves, `expected_all`
      all of the model
    - `alarm`, `drift`, `new_platforms`, `backtest`

    `matched`: of ledger.matched_forecasts, of all models; `manifest`: of the model that is watched.
    """
    version = manifest["version"]
    ours = matched[matched["model_version"] == version]
    is_running = (ours["door"] == RUNNING).to_numpy(dtype=bool)
    asked, online = ours[~is_running], ours[is_running]
    scored = scoring.score(in_order(scoring.outcome_rows(asked)))
    alarm = alarm_of(scored, manifest)
    latest = scoring.latest_rows(asked)
    reference = manifest.get("input_reference") or {}
    table = scoring.score_table(scored)
    adjustable = adjustable_by(matched, _same_boosters(manifest))
    findings = Findings(
        scored,
        table,
        alarm,
        adjustable,
        input_drift(latest, reference),
        new_platforms(latest, reference) if reference.get("platforms") else {},
        len(latest),
        _age_days(manifest, now),
    )
    verdict = decide(findings)
    return {
        "made_at": now,
        "model_version": version,
        "trained_on": manifest["trained_on"],
        "until": manifest["until"],
        "verdict": verdict.verdict,
        "recalibration_lacks": adjustable.missing,
        "reasons": list(verdict.reasons),
        "notes": [*verdict.notes, *_unused(reference)],
        "forecasts": len(ours),
        "first_forecast": int(ours["made_at"].min()) if len(ours) else None,
        "counts": _counts(ours),
        "scores": table,
        "running": scoring.score_table(scoring.score(in_order(scoring.outcome_rows(online)))),
        "versions": _versions(matched),
        "expected": scoring.expected(latest[latest["status"] != MATURED]),
        "expected_all": scoring.expected(latest),
        "alarm": _alarm_entry(alarm, scored),
        "drift": [one.to_json() for one in findings.drift],
        "new_platforms": findings.new_platforms,
        "backtest": _backtest(manifest),
    }


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in the order in which they matured, those of one reading by when they were
    posted.
    """
    return rows.sort_values(["matured_at", "posted_at", "forecast_id"], ignore_index=True)


def alarm_of(scored: Scores, manifest: Mapping[str, Any]) -> Alarm:
    """Return what the alarm says of a model's outcomes, in their order.

    Their month is that of posting, in which they share a shock; it never goes back.
    """
    posted = scored.rows["posted_at"].fillna(scored.rows["matured_at"]).astype("Int64")
    moments = pd.to_datetime(posted, unit="us")
    month = (moments.dt.year * 12 + moments.dt.month).to_numpy(dtype=int)
    return check_alarm(
        outcome_risks(scored.pit),
        scored.creator,
        np.maximum.accumulate(month) if len(month) else month,
        allowed_risks(coverage_bounds(manifest)),
    )


def _counts(ours: pd.DataFrame) -> dict[str, int]:
    """Return the number of forecasts by status; they add up to all."""
    is_repeated = (ours["status"] == MATURED) & ~ours["is_latest"].astype(bool)
    counts = ours.loc[~is_repeated, "status"].value_counts()
    return {name: int(counts.get(name, 0)) for name in _ONCE} | {"repeated": int(is_repeated.sum())}


def _versions(matched: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the scores of every model, without what was asked of posts that were online."""
    rows = scoring.outcome_rows(matched[matched["door"] != RUNNING])
    scored = scoring.score(rows)
    versions = scored.rows["model_version"].to_numpy(dtype=str)
    return [
        {"by": "model_version", "cell": str(name), **scoring.summarise(scored[versions == name])}
        for name in sorted(set(versions))
    ]


def _alarm_entry(alarm: Alarm, scored: Scores) -> dict[str, Any]:
    """Return the alarm as JSON values, with the moments of its positions."""
    entry = asdict(alarm) | {"is_raised": alarm.is_raised}
    entry["observed"] = {
        name: None if np.isnan(value) else value for name, value in alarm.observed.items()
    }
    for name in ("raised_at", "began_at"):
        position = getattr(alarm, name)
        column = "matured_at" if name == "raised_at" else "posted_at"
        moment = None if position is None else scored.rows[column].iloc[position]
        entry[f"{name}_moment"] = None if moment is None or pd.isna(moment) else int(moment)
    return entry


def _same_boosters(manifest: Mapping[str, Any]) -> set[str]:
    """Return the model's version, and those of the models that it was recalibrated from."""
    adjusted = manifest.get("recalibrated", {})
    return {manifest["version"], *(adjusted[name] for name in ("from", "trained") if adjusted)}


def _age_days(manifest: Mapping[str, Any], now: int) -> float | None:
    """Return days since the newest data of the training; None for published figures."""
    if manifest["trained_on"] == "published figures":
        return None
    return (now - datetime.fromisoformat(manifest["until"]).timestamp() * 1e6) / DAY_US


def _backtest(manifest: Mapping[str, Any]) -> dict[str, Any]:
    names = ("rows", "creators", "coverage_80", "coverage_90", "crps", "width_80")
    row = backtest_row(manifest)
    return {name: row[name] for name in names if name in row}


def _unused(reference: Mapping[str, Any]) -> list[str]:
    if reference.get("platforms"):
        return []
    unused = (
        "drift of inputs is not told: this bundle was made before creatorcast kept how the inputs "
        "of its training were distributed; a training anew keeps it"
    )
    return [unused]
