"""Answers as rows: one for each partnership, and below it one for each of its posts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from serving.scoring.prospect_batch import moment_text
from serving.track.answers import (
    QUANTILES,
    MaturationSource,
    PartnershipAnswer,
    PostAnswer,
    PostMeasure,
    TotalMeasure,
)
from serving.track.post_counts import MEASURES

_NUMBERS = (
    *("horizon_days", "deliverables", "booked", "published", "read"),
    *("goal_engagements", "probability_goal", "make_good_engagements", "probability_make_good"),
    *("fee_usd", "cpe_usd_p10", "cpe_usd_p50", "cpe_usd_p90"),
    *("fee", "cpe_p10", "cpe_p50", "cpe_p90"),
)
_OF_MEASURE = (
    *("now", "age_days", *QUANTILES, "share_reached", "day_90", "pace"),
    *("forecast_p10", "forecast_p50", "forecast_p90"),
)
NUMBER_COLUMNS = (*_NUMBERS, *(f"{m}_{name}" for m in MEASURES for name in _OF_MEASURE))
#: The columns of the answers, in order. `row`: partnership or post.
COLUMNS = (
    *("row", "partnership_id", "post_id", "creator_id", "platform", "format", "posted_at"),
    "sentence",
    *NUMBER_COLUMNS,
    "currency",
    *("make_good_source", "make_good_reason"),
    *("forecast_source", "forecast_evidence", "forecast_reason"),
    *("maturation_source", "definition", "as_of", "model_version", "trained_on", "warnings"),
)


def answer_frame(answers: Sequence[PartnershipAnswer]) -> pd.DataFrame:
    """Return the rows of answers in COLUMNS; what a row does not have is missing."""
    rows = [row for answer in answers for row in _rows(answer)]
    frame = pd.DataFrame([{name: row.get(name) for name in COLUMNS} for row in rows])
    frame = frame.reindex(columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(NUMBER_COLUMNS, float))


def maturation_text(source: MaturationSource) -> str:
    """Word the curve that was used.

    >>> maturation_text(MaturationSource("fitted", 1204, "as views"))
    'fitted to 1,204 posts'
    """
    if source.posts:
        return f"fitted to {source.posts:,} posts"
    return f"published figures: {source.source}"


def _rows(answer: PartnershipAnswer) -> Iterable[dict[str, Any]]:
    row: dict[str, Any] = {
        name: getattr(answer, name)
        for name in (*COLUMNS, "partnership_id")
        if hasattr(answer, name) and name != "warnings"
    }
    row |= asdict(answer.model) | {"as_of": moment_text(answer.model.as_of)}
    row |= {"row": "partnership", "warnings": "; ".join(answer.warnings) or None}
    row |= {f"cpe_usd_{name}": cost for name, cost in (answer.cpe_usd or {}).items()}
    row |= {f"cpe_{name}": cost for name, cost in (answer.cpe or {}).items()}
    for measure, total in answer.totals.items():
        row |= _total_columns(measure, total)
    yield row
    shared = {
        name: row[name]
        for name in (
            *("partnership_id", "creator_id", "platform", "horizon_days", "definition"),
            *("as_of", "model_version", "trained_on"),
        )
    }
    yield from (shared | _post_row(post) for post in answer.posts)


def _post_row(post: PostAnswer) -> dict[str, Any]:
    row: dict[str, Any] = {
        "row": "post",
        "post_id": post.post_id,
        "format": post.format,
        "posted_at": moment_text(post.posted_at),
        "sentence": post.sentence,
        "warnings": "; ".join(post.warnings) or None,
    }
    sources: dict[str, str] = {}
    for measure, told in post.measures.items():
        if told is not None:
            row |= _measure_columns(measure, told)
            sources[measure] = maturation_text(told.maturation_source)
    texts = [f"{measure}: {text}" for measure, text in sources.items()]
    return row | {"maturation_source": "; ".join(texts) or None}


def _measure_columns(measure: str, told: PostMeasure) -> dict[str, Any]:
    columns = {
        "now": told.count,
        "age_days": told.age_days,
        "share_reached": told.share_reached,
        "day_90": told.day_90,
        "pace": told.pace,
        **told.horizon,
        **_forecast_columns(told.forecast),
    }
    return {f"{measure}_{name}": value for name, value in columns.items()}


def _total_columns(measure: str, total: TotalMeasure) -> dict[str, Any]:
    columns = {
        "now": total.count,
        "share_reached": total.share_reached,
        **(total.horizon or {}),
        **_forecast_columns(total.forecast),
    }
    return {f"{measure}_{name}": value for name, value in columns.items()}


def _forecast_columns(forecast: Mapping[str, float] | None) -> dict[str, float]:
    if forecast is None:
        return {}
    return {f"forecast_{name}": forecast[name] for name in ("p10", "p50", "p90")}
