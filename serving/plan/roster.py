"""The partnerships of a plan, each with its fee, its forecast and what it adds."""

from dataclasses import replace
from typing import Any

import numpy as np

from serving.plan.answer import Figures, PlannedFee, RosterEntry
from serving.plan.candidates import CandidateList, posts_of_rows
from serving.plan.offers import Offers, with_deliverables
from serving.plan.options import Options
from serving.plan.outcomes import Outcomes
from serving.plan.settings import PlanSettings
from serving.scoring.forecast_rows import KeepForecasts
from serving.scoring.prospect_batch import ALLOWED_VALUES, ProspectBatch
from serving.scoring.scorer import Scorer


def roster_entries(
    scorer: Scorer,
    candidates: CandidateList,
    settings: PlanSettings,
    as_of: int,
    offers: Offers,
    outcomes: Outcomes,
    chosen: np.ndarray,
    keep: KeepForecasts | None = None,
) -> list[RosterEntry]:
    """Return the partnerships at the positions `chosen` of the options, those that add most first.

    They are scored again at the planned fee for engagement, so that sentence, cost and break-even
    are about it; `keep`: is given these forecasts.
    """
    if not len(chosen):
        return []
    options = offers.options[chosen]
    batch = _at_planned_fee(candidates, options, settings.currency)
    posts = posts_of_rows(candidates.posts, options.row.tolist())
    columns = scorer.score(batch, as_of, posts, keep=keep).columns
    value = outcomes.value(chosen)
    adds = [value - outcomes.value(np.delete(chosen, place)) for place in range(len(chosen))]
    entries = [
        _entry(candidates, offers, options, columns, batch, place, chosen[place], adds[place])
        for place in range(len(chosen))
    ]
    order = sorted(range(len(entries)), key=lambda place: (-adds[place], int(options.row[place])))
    return [entries[place] for place in order]


def _at_planned_fee(candidates: CandidateList, options: Options, currency: str) -> ProspectBatch:
    batch = with_deliverables(candidates, options.row, options.deliverables.astype(float))
    numbers = {name: values for name, values in batch.numbers.items() if name != "fee_usd"}
    numbers["fee"] = options.fee_for_engagement
    texts = {**batch.texts, "currency": np.full(options.n, currency, dtype=object)}
    return replace(batch, numbers=numbers, texts=texts)


def _entry(
    candidates: CandidateList,
    offers: Offers,
    options: Options,
    columns: dict[str, np.ndarray],
    batch: ProspectBatch,
    place: int,
    position: int,
    adds: float,
) -> RosterEntry:
    """Return one entry; `place`: in the roster, `position`: among all options."""

    def text(name: str) -> Any:
        return columns[name][place] if name in columns else None

    row = int(options.row[place])
    at = np.array([position])
    views = _figures(offers, "views", at) if offers.has_views(at)[0] else None
    engagements = _figures(offers, "engagements", at)
    cost, middle = float(options.fee_for_engagement[place]), engagements["p50"]
    warnings = dict.fromkeys([*(text("warnings") or ()), *candidates.warnings[row]])
    return {
        "partnership_id": candidates.ids[row],
        "creator_id": text("creator_id"),
        "name": candidates.names[row],
        "platform": text("platform"),
        "band": text("band"),
        "niche": text("niche"),
        "evidence": text("evidence"),
        "format": _format_of(batch, place),
        "package": text("package"),
        "deliverables": int(options.deliverables[place]),
        "horizon_days": float(text("horizon_days")),
        "completion_rate": float(np.nan_to_num(batch.number("completion_rate")[place], nan=1.0)),
        "fee": _fee(options, place),
        "engagements": engagements,
        "views": views,
        "cpe": cost / middle if middle > 0 else None,
        "break_even_fee": _or_none(text("break_even_fee")),
        "adds": adds,
        "sentence": text("sentence"),
        "warnings": list(warnings),
    }


def _figures(offers: Offers, measure: str, at: np.ndarray) -> Figures:
    _, totals = next(offers.totals(measure, at))
    p10, p50, p90 = totals.quantile([0.1, 0.5, 0.9])[0].tolist()
    return {"p10": p10, "p50": p50, "p90": p90, "mean": float(offers.expected(measure)[at][0])}


def _fee(options: Options, place: int) -> PlannedFee:
    low, typical, high = map(_or_none, options.market_fee[place].tolist())
    return {
        "total": float(options.fee[place]),
        "for_engagement": float(options.fee_for_engagement[place]),
        "source": options.fee_source[place],
        "times": int(options.times[place]),
        "each": float(options.fee_for_engagement[place] / options.times[place]),
        "low": low,
        "typical": typical,
        "high": high,
        "parts": [{"name": name, "amount": amount} for name, amount in options.parts[place]],
    }


def _format_of(batch: ProspectBatch, place: int) -> str | None:
    code = batch.code("format")[place]
    return None if np.isnan(code) else ALLOWED_VALUES["format"][int(code)]


def _or_none(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
