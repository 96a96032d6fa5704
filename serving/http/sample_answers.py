"""Sample answers: a worker has a champion score usual partnerships before it answers any client.

The bundle alone was checked before (models.bundle_trial); here it scores together with the tables
or the snapshot and the rates of this service, down to the JSON of the answers, the card and the
benchmarks.
"""

from datetime import UTC, datetime

import numpy as np
import orjson

from features.errors import CreatorcastError
from features.tables.vocabulary import PLATFORMS
from serving.http.benchmark_listing import benchmarks_json, filter_benchmarks
from serving.http.model_card import model_card
from serving.http.response_json import result_fields
from serving.scoring.answer_table import ANSWER_COLUMNS, AnswerTable
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer

_PROFILE = {
    "followers": 60_000.0,
    "niche": "food",
    "format": "video",
    "deliverables": 2.0,
    "fee_usd": 900.0,
}
_AVERAGES = {"avg_likes": 1150.0, "avg_comments": 31.0, "avg_views": 20_000.0}


class SampleAnswerError(CreatorcastError):
    """A champion does not answer, though its bundle is sound."""


def check_sample_answers(manifest: dict, scorer: Scorer) -> None:
    """Raise SampleAnswerError, or any other error, where a usual partnership of a platform is not
    answered.
    """
    rows = [
        {"platform": platform, **_PROFILE, **averages}
        for platform in PLATFORMS
        for averages in ({}, _AVERAGES)
    ]
    prospects, options = ProspectBatch.from_rows(rows), AnswerOptions(explain=True)
    now = microseconds(datetime.now(UTC))
    answers = scorer.score(prospects, now, None, options, ANSWER_COLUMNS)
    _check_answers(answers)
    for fields in result_fields(answers):
        orjson.loads(b"{%b}" % fields)
    orjson.dumps(model_card(manifest, scorer.bundle))
    if scorer.bundle.benchmarks is not None:
        orjson.dumps(benchmarks_json(scorer.bundle, filter_benchmarks(scorer.bundle)))


def _check_answers(answers: AnswerTable) -> None:
    """Raise SampleAnswerError where a row is refused, or its quantiles are impossible."""
    if answers.breaches:
        first = next(iter(answers.breaches.values()))[0]
        raise SampleAnswerError(f"a usual question is refused: {first.text}")
    names = [f"engagements_{name}" for name in ("p05", "p50", "p95")]
    quantiles = np.array([answers.columns[name] for name in names])
    is_sorted = (np.diff(quantiles, axis=0) >= 0).all()
    if not np.isfinite(quantiles).all() or not is_sorted or (quantiles[-1] <= 0).any():
        raise SampleAnswerError(
            f"usual questions are answered by engagements of {quantiles.tolist()}"
        )
