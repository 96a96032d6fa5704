"""The forecast made before: of every deliverable of a partnership, by the three quantiles that are
given, else by the model as of the day of the first post.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from features.history.arrays import DAY_US
from features.maturation.maturation import Maturation
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from models.conformal import GRID
from models.correlation import DEFAULT_CORRELATION
from models.joint import ENGAGEMENTS, VIEWS
from models.running_post import curve_of_quantiles, move_forecast
from serving.scoring.answer_table import AnswerTable
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.forecast_rows import ForecastRows
from serving.scoring.prospect_batch import EPOCH, MICROSECOND, ProspectBatch
from serving.scoring.scorer import Scorer
from serving.track.post_counts import MEASURES
from serving.track.tracked import TrackedPartnership

GIVEN, BY_MODEL = "given", "model"
NO_MODEL = "no model was asked: none is in use, and no forecast was given"
_KNOTS = np.arange(len(GRID))


@dataclass(frozen=True)
class DeliverableForecasts:
    """The forecasts of a partnership's deliverables at its horizon.

    `curves`: by measure the quantiles of ln(1 + count) at GRID, (d, len(GRID)), first those of the
    posts in their order, then that of the deliverables to come; NaN where there is none.
    `sources`: by measure GIVEN or BY_MODEL, None where there is none, and `reason` why;
    `correlation`: by measure, of the deliverables; `warnings`: those of the model's forecasts.
    """

    curves: dict[str, np.ndarray]
    sources: dict[str, str | None]
    correlation: dict[str, float]
    evidence: str | None = None
    reason: str | None = None
    warnings: tuple[str, ...] = ()

    def has(self, measure: str) -> bool:
        """Return whether there is a forecast of a measure."""
        return self.sources[measure] is not None


def deliverable_forecasts(
    partnerships: Sequence[TrackedPartnership],
    scorer: Scorer | None,
    maturation: Maturation,
) -> list[DeliverableForecasts]:
    """Return the forecasts of partnerships whose platform is known, in order."""
    forecasts = [_no_forecast(partnership, NO_MODEL) for partnership in partnerships]
    if scorer is not None:
        by_day: dict[int, list[int]] = {}
        for row, partnership in enumerate(partnerships):
            day = partnership.first_posted_at // DAY_US * DAY_US
            by_day.setdefault(day, []).append(row)
        for day, rows in by_day.items():
            made = _by_model([partnerships[row] for row in rows], scorer, maturation, day)
            for row, forecast in zip(rows, made, strict=True):
                forecasts[row] = forecast
    return [
        _with_given(forecast, partnership)
        for forecast, partnership in zip(forecasts, partnerships, strict=True)
    ]


def _no_forecast(partnership: TrackedPartnership, reason: str) -> DeliverableForecasts:
    unknown = np.full((len(partnership.posts) + 1, len(GRID)), np.nan)
    return DeliverableForecasts(
        dict.fromkeys(MEASURES, unknown),
        dict.fromkeys(MEASURES, None),
        dict.fromkeys(MEASURES, DEFAULT_CORRELATION),
        reason=reason,
    )


def _with_given(
    forecast: DeliverableForecasts, partnership: TrackedPartnership
) -> DeliverableForecasts:
    """Return the forecasts with the given one of the engagements in place of the model's."""
    given = partnership.forecast
    if given is None:
        return forecast
    curve = curve_of_quantiles(*(np.array([value]) for value in (given.p10, given.p50, given.p90)))
    curves = np.repeat(curve, len(partnership.posts) + 1, axis=0)
    return replace(
        forecast,
        curves=forecast.curves | {"engagements": curves},
        sources=forecast.sources | {"engagements": GIVEN},
        reason=None,
    )


def _by_model(
    partnerships: Sequence[TrackedPartnership], scorer: Scorer, maturation: Maturation, as_of: int
) -> list[DeliverableForecasts]:
    """Return the model's forecasts as of a moment, microseconds UTC, before every post."""
    rows = [row for partnership in partnerships for row in _prospect_rows(partnership)]
    table, scored = scorer.score_with_forecasts(
        ProspectBatch.from_rows(rows),
        as_of,
        extras=AnswerOptions(whole_curve=True),
        columns=("evidence", "warnings"),
    )
    totals = _totals(table, scored)
    forecasts, start = [], 0
    for partnership in partnerships:
        rows_of_it = range(start, start + len(partnership.posts) + 1)
        start = rows_of_it.stop
        reasons = [reason for row in rows_of_it for reason in table.reasons.get(row, [])]
        forecasts.append(
            _no_forecast(partnership, "the model has no forecast: " + reasons[0])
            if reasons
            else _of_table(partnership, table, totals, rows_of_it, scorer, maturation)
        )
    return forecasts


def _totals(table: AnswerTable, scored: ForecastRows | None) -> dict[str, np.ndarray]:
    """Return by measure the totals of n rows at GRID, (n, len(GRID)), NaN where there is none."""
    totals = {measure: np.full((table.n, len(GRID)), np.nan) for measure in MEASURES}
    if scored is not None:
        rows, joint = np.flatnonzero(table.is_scored), scored.joint
        totals[ENGAGEMENTS][rows] = joint.engagements.totals_at(_KNOTS)
        if joint.views is not None:
            totals[VIEWS][rows[joint.has_views]] = joint.views.totals_at(_KNOTS)
    return totals


def _of_table(
    partnership: TrackedPartnership,
    table: AnswerTable,
    totals: dict[str, np.ndarray],
    rows: range,
    scorer: Scorer,
    maturation: Maturation,
) -> DeliverableForecasts:
    """Return the forecasts of one partnership, moved from the model's horizon to its own."""
    platform = PLATFORMS.index(partnership.platform or "")
    evidence = str(table.columns["evidence"][rows[0]])
    curves: dict[str, np.ndarray] = {}
    sources: dict[str, str | None] = {}
    correlation: dict[str, float] = {}
    for measure in MEASURES:
        curves[measure] = move_forecast(
            np.log1p(totals[measure][rows.start : rows.stop]),
            maturation,
            measure,
            np.full(len(rows), float(platform)),
            scorer.bundle.reference.horizon_days,
            partnership.horizon_days,
        )
        sources[measure] = None if np.isnan(curves[measure]).any() else BY_MODEL
        correlation[measure] = _correlation(scorer, measure, platform, evidence)
    warnings = dict.fromkeys(name for row in rows for name in table.columns["warnings"][row])
    return DeliverableForecasts(curves, sources, correlation, evidence, warnings=tuple(warnings))


def _correlation(scorer: Scorer, measure: str, platform: int, evidence: str) -> float:
    forecaster = scorer.bundle.forecasters.get(measure)
    if forecaster is None:
        return DEFAULT_CORRELATION
    place = forecaster.conformal_.place[platform, EVIDENCE.index(evidence)]
    return float(forecaster.totals_.correlation[place])


def _prospect_rows(partnership: TrackedPartnership) -> list[dict[str, Any]]:
    """Return a prospect of one deliverable for each post, and one for those to come."""
    base = {**partnership.prospect, "platform": partnership.platform, "deliverables": 1.0}
    posts = [
        base
        | {"start_at": _moment(post.posted_at)}
        | ({} if post.format is None else {"format": post.format})
        for post in partnership.posts
    ]
    last = _moment(max(post.posted_at for post in partnership.posts))
    start_at = max(base.get("start_at") or last, last)
    return [*posts, base | {"start_at": start_at}]


def _moment(microseconds: int) -> datetime:
    return EPOCH + MICROSECOND * microseconds
