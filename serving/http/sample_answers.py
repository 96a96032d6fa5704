"""Sample answers: what a champion is asked in its worker before it answers anybody, as it will be
asked over HTTP.

The bundle alone was tried before (models.bundle_trial); here it is asked together with the tables
or the snapshot and the rates of this service, down to the JSON of the answers, the card and the
benchmarks.
"""

import numpy as np
import orjson
import pandas as pd

from features.errors import CreatorcastError
from features.tables.vocabulary import PLATFORMS
from serving.http.benchmark_listing import benchmarks_json, filter_benchmarks
from serving.http.model_card import model_card
from serving.http.response_json import result_fields
from serving.scoring.answer_table import ANSWER_COLUMNS
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
    """Raise SampleAnswerError, or whatever the fault raises, where a question of every platform is
    not answered.
    """
    rows = [
        {"platform": name, **_PROFILE, **besides}
        for name in PLATFORMS
        for besides in ({}, _AVERAGES)
    ]
    now = pd.Timestamp.now(tz="UTC").to_pydatetime()
    scored = scorer.score(
        ProspectBatch.from_rows(rows),
        microseconds(now),
        None,
        AnswerOptions(explain=True),
        ANSWER_COLUMNS,
    )
    if scored.breaches:
        raise SampleAnswerError(
            f"a usual question is refused: {next(iter(scored.breaches.values()))[0].text}"
        )
    figures = np.array([scored.columns[f"engagements_{name}"] for name in ("p05", "p50", "p95")])
    if (
        not np.isfinite(figures).all()
        or (np.diff(figures, axis=0) < 0).any()
        or (figures[-1] <= 0).any()
    ):
        raise SampleAnswerError(
            f"usual questions are answered by engagements of {figures.tolist()}"
        )
    for written in result_fields(scored):
        orjson.loads(b"{%b}" % written)
    orjson.dumps(model_card(manifest, scorer.bundle))
    if scorer.bundle.benchmarks is not None:
        orjson.dumps(benchmarks_json(scorer.bundle, filter_benchmarks(scorer.bundle)))
