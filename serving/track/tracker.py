"""From partnerships with deliverables online to their answers: counts, growth, totals."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from features.maturation.maturation import Maturation, published_maturation
from features.tables.vocabulary import HORIZON_DAYS, PLATFORMS
from models.bundle import Bundle
from models.conformal import GRID
from models.nearly_complete import nearly_complete_days
from models.running_post import RunningForecast, RunningPosts, pace, running_forecast
from models.starter import TRAINED_ON
from serving.scoring.scorer import Scorer
from serving.scoring.warning_flags import STARTER_MODEL
from serving.track.answers import (
    NO_MODEL,
    QUANTILES,
    MaturationSource,
    ModelOfAnswer,
    PartnershipAnswer,
    PostAnswer,
    PostMeasure,
    Rejection,
    UsableReading,
)
from serving.track.forecasts import DeliverableForecasts, deliverable_forecasts
from serving.track.kept_posts import KeepPosts, PostForecasts
from serving.track.partnership_totals import PublishedCurves, partnership_answer
from serving.track.post_counts import HIDDEN, MEASURES, PostCounts, post_counts
from serving.track.sentences import post_sentence
from serving.track.tracked import TrackedPartnership

#: Counts below which a post without a forecast tells little.
FEW = 10
FEW_COUNTS = "few_counts_and_no_forecast"
NO_PLATFORM = (
    "is missing, and no creator of that creator_id is known on one platform alone: give the "
    "platform"
)


def maturation_of(bundle: Bundle | None) -> Maturation:
    """Return the curves of a bundle; those of published figures where there is none."""
    return published_maturation() if bundle is None else bundle.reference.maturation


class Tracker:
    """Tracks partnerships: with the curves of a bundle, and the forecasts of its scorer where no
    forecast is given; with published curves where there is none.

    >>> Tracker(None).track([], as_of=0)
    []
    """

    def __init__(self, scorer: Scorer | None):
        self.scorer = scorer
        self.maturation = maturation_of(None if scorer is None else scorer.bundle)
        reference = None if scorer is None else scorer.bundle.reference
        self.horizon_days = HORIZON_DAYS if reference is None else reference.horizon_days

    def track(
        self,
        partnerships: Sequence[TrackedPartnership],
        as_of: int,
        keep: KeepPosts | None = None,
    ) -> list[PartnershipAnswer | Rejection]:
        """Return the answer of each partnership as of a moment, microseconds UTC, or why there is
        none. `keep`: is given the forecasts of the posts, where there are any.
        """
        named = [self._with_platform(self._with_horizon(one)) for one in partnerships]
        answers: dict[int, PartnershipAnswer | Rejection] = {}
        usable: list[tuple[int, TrackedPartnership, list[PostCounts]]] = []
        for row, partnership in enumerate(named):
            if partnership.platform is None:
                answers[row] = Rejection(
                    partnership.partnership_id, "platform", (f"platform {NO_PLATFORM}",)
                )
                continue
            counts = [self._counts(partnership, number, as_of) for number in _posts(partnership)]
            if any(one.chosen for one in counts) or _is_by_forecast(partnership, counts):
                usable.append((row, partnership, counts))
            else:
                answers[row] = _rejection(partnership, counts)
        made = self._answers(
            [one for _, one, _ in usable], [counts for _, _, counts in usable], as_of, keep
        )
        answers |= {row: answer for (row, _, _), answer in zip(usable, made, strict=True)}
        return [answers[row] for row in range(len(named))]

    def _with_horizon(self, partnership: TrackedPartnership) -> TrackedPartnership:
        """Return the partnership with the horizon of the model where it names none."""
        if math.isnan(partnership.horizon_days):
            return replace(partnership, horizon_days=float(self.horizon_days))
        return partnership

    def _with_platform(self, partnership: TrackedPartnership) -> TrackedPartnership:
        """Return the partnership with the platform on which its creator is known."""
        creator_id = partnership.prospect.get("creator_id")
        if partnership.platform is not None or creator_id is None or self.scorer is None:
            return partnership
        store = self.scorer.creator_store
        if not len(store):
            return partnership
        known = [platform for platform in PLATFORMS if store.find(platform, creator_id) >= 0]
        return replace(partnership, platform=known[0] if len(known) == 1 else None)

    def _counts(self, partnership: TrackedPartnership, number: int, as_of: int) -> PostCounts:
        """Return the used counts of a post, those of measures that have a curve."""
        found = post_counts(partnership, partnership.posts[number], as_of)
        platform = partnership.platform or ""
        without = [name for name in found.chosen if self.maturation.find(platform, name) is None]
        if not without:
            return found
        chosen = {name: one for name, one in found.chosen.items() if name not in without}
        warnings = (*found.warnings, *(f"no_curve_of_{name}" for name in without))
        fault = (
            None
            if chosen
            else f"has counts of {' and '.join(without)} alone, for which there is no curve of "
            f"{platform}: how they grow is not known"
        )
        return PostCounts(chosen, warnings, fault, found.points)

    def _answers(
        self,
        partnerships: list[TrackedPartnership],
        counts: list[list[PostCounts]],
        as_of: int,
        keep: KeepPosts | None,
    ) -> list[PartnershipAnswer]:
        forecasts = deliverable_forecasts(partnerships, self.scorer, self.maturation)
        rows = [
            (number, post)
            for number, partnership in enumerate(partnerships)
            for post in _posts(partnership)
        ]
        measured: dict[tuple[int, int], dict[str, PostMeasure]] = {row: {} for row in rows}
        curves: dict[tuple[int, int], dict[str, np.ndarray]] = {row: {} for row in rows}
        for measure in MEASURES:
            known = [(n, post) for n, post in rows if measure in counts[n][post].chosen]
            if not known:
                continue
            posts = _running_posts(partnerships, counts, known, measure)
            before = np.array([forecasts[n].curves[measure][post] for n, post in known])
            points = [counts[n][post].points[measure] for n, post in known]
            running = running_forecast(posts, self.maturation, measure, before)
            for row, curve in zip(known, running.log_curve, strict=True):
                curves[row][measure] = curve
            for row, one in zip(
                known, self._measures(running, measure, before, points), strict=True
            ):
                measured[row][measure] = one
        model = self._model(as_of)
        answers = [
            self._answer(partnership, counts[n], forecasts[n], measured, curves, n, model)
            for n, partnership in enumerate(partnerships)
        ]
        made = PostForecasts(partnerships, answers, curves, as_of)
        if keep is not None:
            keep(made)
        return answers

    def _measures(
        self,
        running: RunningForecast,
        measure: str,
        before: np.ndarray,
        points: list[tuple[np.ndarray, np.ndarray]],
    ) -> list[PostMeasure]:
        """Return what is told of one measure of posts (n,); `before`: (n, len(GRID)); `points`:
        ages and counts of the readings of each.
        """
        posts = running.posts
        quantiles = running.quantile(list(QUANTILES.values()))
        shares = running.share_reached()
        days = nearly_complete_days(running, self.maturation, measure, points)
        paces = pace(posts, self.maturation, measure, before)
        levels = np.searchsorted(GRID, list(QUANTILES.values()))
        return [
            PostMeasure(
                count=float(posts.count[row]),
                age_days=float(posts.age_days[row]),
                horizon=_quantiles(quantiles[row]),
                share_reached=_known(shares[row]),
                day_90=_known(days[row]),
                pace=_known(paces[row]),
                forecast=None
                if np.isnan(before[row]).any()
                else _quantiles(np.expm1(before[row, levels])),
                maturation_source=self._source(PLATFORMS[int(posts.platform[row])], measure),
                readings=_usable_readings(*points[row]),
            )
            for row in range(len(posts.count))
        ]

    def _source(self, platform: str, measure: str) -> MaturationSource:
        curve = self.maturation.curves[platform][measure]
        return MaturationSource(curve.basis, curve.posts, curve.source)

    def _answer(
        self,
        partnership: TrackedPartnership,
        counts: list[PostCounts],
        forecasts: DeliverableForecasts,
        measured: dict[tuple[int, int], dict[str, PostMeasure]],
        curves: dict[tuple[int, int], dict[str, np.ndarray]],
        n: int,
        model: ModelOfAnswer,
    ) -> PartnershipAnswer:
        posts = tuple(
            _post_answer(partnership, number, counts[number], measured[n, number])
            for number in _posts(partnership)
        )
        published = [PublishedCurves(number, curves[n, number]) for number in _posts(partnership)]
        answer = partnership_answer(partnership, posts, published, forecasts, model)
        if model.trained_on != TRAINED_ON or STARTER_MODEL in answer.warnings:
            return answer
        return replace(answer, warnings=(STARTER_MODEL, *answer.warnings))

    def _model(self, as_of: int) -> ModelOfAnswer:
        if self.scorer is None:
            return ModelOfAnswer(None, NO_MODEL, as_of)
        manifest = self.scorer.bundle.manifest
        return ModelOfAnswer(manifest["version"], manifest["trained_on"], as_of)


def _posts(partnership: TrackedPartnership) -> range:
    return range(len(partnership.posts))


def _running_posts(
    partnerships: list[TrackedPartnership],
    counts: list[list[PostCounts]],
    known: list[tuple[int, int]],
    measure: str,
) -> RunningPosts:
    """Return one measure of the posts that have it, numbered by partnership and post."""
    chosen = [counts[n][post].chosen[measure] for n, post in known]
    return RunningPosts(
        np.array([float(PLATFORMS.index(partnerships[n].platform or "")) for n, _ in known]),
        np.array([one.count for one in chosen]),
        np.array([one.age_days for one in chosen]),
        np.array([one.earlier_count for one in chosen]),
        np.array([one.earlier_age_days for one in chosen]),
        np.array([float(partnerships[n].horizon_days) for n, _ in known]),
    )


def _post_answer(
    partnership: TrackedPartnership,
    number: int,
    counts: PostCounts,
    measures: dict[str, PostMeasure],
) -> PostAnswer:
    post, horizon = partnership.posts[number], partnership.horizon_days
    engagements = measures.get("engagements")
    warnings = list(counts.warnings)
    if engagements is not None and engagements.forecast is None and engagements.count < FEW:
        warnings.append(FEW_COUNTS)
    return PostAnswer(
        post_id=post.post_id,
        format=post.format,
        posted_at=post.posted_at,
        is_over=any(one.age_days >= horizon for one in measures.values()),
        measures={name: measures.get(name) for name in MEASURES},
        sentence=post_sentence(measures, horizon, counts.fault),
        warnings=tuple(warnings),
        fault=counts.fault,
    )


def _is_by_forecast(partnership: TrackedPartnership, counts: list[PostCounts]) -> bool:
    """Return whether no count is known because likes are hidden, and a forecast was given."""
    return partnership.forecast is not None and any(HIDDEN in one.warnings for one in counts)


def _rejection(partnership: TrackedPartnership, counts: list[PostCounts]) -> Rejection:
    faults = {number: str(one.fault) for number, one in enumerate(counts)}
    reasons = [f"post {partnership.posts[number].post_id!r} {faults[number]}" for number in faults]
    return Rejection(partnership.partnership_id, "published", tuple(reasons), faults)


def _usable_readings(ages: np.ndarray, counts: np.ndarray) -> tuple[UsableReading, ...]:
    pairs = zip(ages.tolist(), counts.tolist(), strict=True)
    return tuple(UsableReading(age, count) for age, count in pairs)


def _quantiles(values: np.ndarray) -> dict[str, float]:
    return dict(zip(QUANTILES, values.tolist(), strict=True))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
