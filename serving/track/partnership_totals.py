"""The whole partnership: deliverables that were read by their counts, the others by the forecast,
and what follows for goal, make-good line and cost.
"""

from dataclasses import dataclass, replace

import numpy as np

from features.tables.vocabulary import ENGAGEMENT_DEFINITION
from models.conformal import GRID
from models.running_total import RunningTotal, running_total
from serving.track.answers import (
    QUANTILES,
    ModelOfAnswer,
    PartnershipAnswer,
    PostAnswer,
    TotalMeasure,
)
from serving.track.forecasts import BY_MODEL, DeliverableForecasts
from serving.track.post_counts import MEASURES
from serving.track.sentences import partnership_sentence
from serving.track.tracked import TrackedPartnership

GIVEN, HALF_MEDIAN = "given", "half of the forecast's median"
BY_FORECAST = "posts_without_reading_by_forecast"
MORE_ONLINE = "more_online_than_deliverables"
NO_LINE = "no make_good_engagements were given, and there is no forecast to take half of"


@dataclass(frozen=True)
class PublishedCurves:
    """A post's position, and by measure the quantiles of its ln(1 + count) at GRID."""

    number: int
    curves: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Totals:
    """One measure of all deliverables: at the horizon as of now, and as it was forecast before."""

    running: RunningTotal | None
    before: RunningTotal | None
    reason: str | None


def partnership_answer(
    partnership: TrackedPartnership,
    posts: tuple[PostAnswer, ...],
    published: list[PublishedCurves],
    forecasts: DeliverableForecasts,
    model: ModelOfAnswer,
) -> PartnershipAnswer:
    """Return the answer of a partnership from its posts, which are in order in both lists."""
    booked = int(partnership.deliverables or 0)
    count = max(booked, len(posts))
    ordered = sorted(range(len(posts)), key=lambda number: posts[number].posted_at)
    deals = _deliverables(ordered, booked or count)
    totals = {name: _total(name, published, forecasts, deals, count) for name in MEASURES}
    engagements = totals["engagements"]
    line, line_source = partnership.make_good_engagements, GIVEN
    if line is None and engagements.before is not None:
        line, line_source = float(engagements.before.quantile(0.5)) / 2, HALF_MEDIAN
    answer = PartnershipAnswer(
        partnership_id=partnership.partnership_id,
        creator_id=partnership.prospect.get("creator_id"),
        platform=partnership.platform or "",
        horizon_days=partnership.horizon_days,
        deliverables=count,
        booked=booked or None,
        published=len(posts),
        read=_read(posts),
        posts=posts,
        totals={name: _told(name, posts, total) for name, total in totals.items()},
        definition=ENGAGEMENT_DEFINITION[partnership.platform or ""],
        forecast_source=forecasts.sources["engagements"],
        forecast_evidence=forecasts.evidence
        if forecasts.sources["engagements"] == "model"
        else None,
        forecast_reason=forecasts.reason,
        goal_engagements=partnership.goal_engagements,
        probability_goal=_goal(partnership, engagements),
        make_good_engagements=line,
        make_good_source=None if line is None else line_source,
        probability_make_good=_below(line, engagements),
        make_good_reason=NO_LINE if line is None else engagements.reason,
        fee_usd=partnership.fee_usd,
        cpe_usd=_costs(partnership.fee_usd, engagements),
        fee=partnership.fee,
        currency=partnership.currency,
        cpe=_costs(partnership.fee, engagements),
        sentence="",
        model=model,
        warnings=_warnings(partnership, posts, booked, forecasts),
    )
    return replace(answer, sentence=partnership_sentence(answer))


def _total(
    measure: str,
    published: list[PublishedCurves],
    forecasts: DeliverableForecasts,
    booked: list[int],
    count: int,
) -> _Totals:
    """Return the totals over `count` deliverables, and the forecast of those that were booked."""
    curves = forecasts.curves[measure]
    correlation = forecasts.correlation[measure]
    read = [one for one in published if measure in one.curves]
    unread = [one.number for one in published if measure not in one.curves]
    to_come = [*unread, *[-1] * (count - len(published))]
    nothing = np.empty((0, len(GRID)))
    before = None
    if forecasts.has(measure):
        before = running_total(nothing, nothing, curves[booked], correlation)
    if not read and measure == "engagements" and forecasts.has(measure):
        return _Totals(running_total(nothing, nothing, curves[to_come], correlation), before, None)
    if not read:
        return _Totals(None, before, f"{measure} were read of no post")
    if to_come and not forecasts.has(measure):
        have = "has" if len(to_come) == 1 else "have"
        reason = (
            f"{len(to_come)} of {count} deliverables {have} no {measure} yet, and there is no "
            "forecast"
        )
        return _Totals(None, before, reason)
    running = running_total(
        np.array([one.curves[measure] for one in read]),
        curves[[one.number for one in read]],
        curves[to_come] if to_come else nothing,
        correlation,
    )
    return _Totals(running, before, None)


def _deliverables(posts: list[int], booked: int) -> list[int]:
    """Return the forecasts of what was booked: those of the first posts, then those to come."""
    return [*posts[:booked], *[-1] * max(booked - len(posts), 0)]


def _read(posts: tuple[PostAnswer, ...]) -> int:
    """Return of how many posts the measure was read that is told."""
    by_measure = [sum(post.measures[name] is not None for post in posts) for name in MEASURES]
    return next((number for number in by_measure if number), 0)


def _told(measure: str, posts: tuple[PostAnswer, ...], total: _Totals) -> TotalMeasure:
    known = [one for post in posts if (one := post.measures[measure]) is not None]
    count = sum(one.count for one in known) if known else None
    horizon = _quantiles(total.running)
    median = None if horizon is None else horizon["p50"]
    return TotalMeasure(
        count=count,
        horizon=horizon,
        share_reached=min(count / median, 1.0) if count is not None and median else None,
        mean=None if total.running is None else total.running.mean(),
        forecast=_quantiles(total.before),
        reason=total.reason,
    )


def _quantiles(total: RunningTotal | None) -> dict[str, float] | None:
    if total is None:
        return None
    values = total.quantile(list(QUANTILES.values()))
    return dict(zip(QUANTILES, values.tolist(), strict=True))


def _goal(partnership: TrackedPartnership, total: _Totals) -> float | None:
    goal = partnership.goal_engagements
    if goal is None or total.running is None:
        return None
    return total.running.probability_of(goal)


def _below(line: float | None, total: _Totals) -> float | None:
    if line is None or total.running is None:
        return None
    return total.running.probability_below(line)


def _costs(fee: float | None, total: _Totals) -> dict[str, float | None] | None:
    """Return the fee over the quantiles of the total, None for one that is 0."""
    if fee is None or total.running is None:
        return None
    few, middle, many = total.running.quantile([0.1, 0.5, 0.9]).tolist()
    parts = {"p10": many, "p50": middle, "p90": few}
    return {name: fee / count if count > 0 else None for name, count in parts.items()}


def _warnings(
    partnership: TrackedPartnership,
    posts: tuple[PostAnswer, ...],
    booked: int,
    forecasts: DeliverableForecasts,
) -> tuple[str, ...]:
    warnings = list(partnership.warnings)
    if forecasts.has("engagements") and any(post.measures["engagements"] is None for post in posts):
        warnings.append(BY_FORECAST)
    if booked and booked < len(posts):
        warnings.append(MORE_ONLINE)
    has_views = any(post.measures["views"] is not None for post in posts)
    if BY_MODEL in (
        forecasts.sources["engagements"],
        forecasts.sources["views"] if has_views else None,
    ):
        warnings += forecasts.warnings
    return tuple(dict.fromkeys(warnings))
