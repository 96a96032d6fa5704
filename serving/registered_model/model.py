"""A bundle that answers frames: rows of partnerships as POST /v1/predict takes them, or derived
columns. It has no tables, so it knows no creator by an id.
"""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from features.derive.catalog import COLUMNS
from models.bundle import Bundle
from serving.http.errors import ErrorDetail
from serving.http.request_reader import ParsedRequest, read_partnerships
from serving.registered_model.answer_frame import (
    COLUMNS_READ,
    ERROR,
    AnswerFrame,
    answer_frame,
    with_text_times,
)
from serving.registered_model.derived_rows import derived_answers
from serving.registered_model.errors import ModelInputError
from serving.registered_model.frame_reader import frame_objects, plain_value
from serving.registered_model.params import ModelParams
from serving.scoring.answer_table import scatter_columns
from serving.scoring.breaches import Breach
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.prospect_batch import PROSPECT_COLUMN_KINDS, microseconds
from serving.scoring.scorer import Scorer

#: Rows that are read together: so few where they bring posts that the limit of posts is kept.
CHUNK_ROWS, CHUNK_ROWS_WITH_POSTS = 1000, 60
_POSTS, _ID = "recent_posts", "partnership_id"
#: Columns that may stand beside derived ones, and come back in answers.
_LABELS = (_ID, "creator_id", "platform")
#: What a row is told in place of the words of the service, by the code of the breach.
_PROFILE = "give platform, and followers, averages or recent_posts"
_REMEDIES = {
    "currency_without_rate": "the registered model has no exchange rates: give fee_usd",
    "unknown_creator": "the registered model has no tables, and knows no creator by an id: "
    f"{_PROFILE}",
}


class PartnershipModel:
    """Answers rows of a frame by one bundle."""

    def __init__(self, bundle: Bundle):
        self.bundle, self.scorer = bundle, Scorer(bundle)

    def predict(self, model_input: pd.DataFrame, params: dict | None = None) -> AnswerFrame:
        """Return an answer for each row, in order and on the same index.

        `model_input`: columns of features.tables.schema.PROSPECTS and `recent_posts`, or all of
        features.derive.catalog.COLUMNS, whose answers are of one deliverable; `params`: as
        serving.registered_model.params says. A row that cannot be scored has its `error`, and no
        figures. Raises ModelInputError, or another CreatorcastError, for columns or params that
        cannot be used.
        """
        now = datetime.now(UTC)
        asked = ModelParams.of(params, now)
        given = [str(name) for name in model_input.columns]
        if _is_derived(given):
            x = model_input[list(COLUMNS)].to_numpy(float)
            columns = derived_answers(self.bundle, x, asked)
            columns |= {name: _texts(model_input[name]) for name in _LABELS if name in given}
        else:
            columns = self._answers(model_input, asked, now)
        columns[COLUMNS_READ] = np.full(len(model_input), ", ".join(given), dtype=object)
        return answer_frame(columns, asked.quantiles, model_input.index)

    def _answers(
        self, frame: pd.DataFrame, asked: ModelParams, now: datetime
    ) -> dict[str, np.ndarray]:
        """Return the columns of the answers (n,) of partnerships, read in chunks."""
        size = CHUNK_ROWS_WITH_POSTS if _POSTS in frame else CHUNK_ROWS
        starts = range(0, len(frame), size)
        chunks = [self._chunk(frame.iloc[start : start + size], asked, now) for start in starts]
        if not chunks:
            return {}
        return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}

    def _chunk(
        self, frame: pd.DataFrame, asked: ModelParams, now: datetime
    ) -> dict[str, np.ndarray]:
        objects = frame_objects(frame)
        # an id is the caller's own: any value, which may repeat, and comes back as it is
        ids = [row.pop(_ID, None) for row in objects]
        if asked.horizon_days is not None:
            for row in objects:
                row.setdefault("horizon_days", asked.horizon_days)
        request = read_partnerships(objects, now)
        columns = self._score(request, asked)
        columns[_ID] = np.array([_id_text(one) for one in ids], dtype=object)
        return columns

    def _score(self, request: ParsedRequest, asked: ModelParams) -> dict[str, np.ndarray]:
        """Return the columns of n answers, unknown but for `error` where a row has a fault."""
        n = len(request.names)
        table = self.scorer.score(
            request.prospects,
            microseconds(asked.as_of),
            request.posts,
            AnswerOptions(quantiles=asked.quantiles),
        )
        is_valid = np.zeros(n, dtype=bool)
        is_valid[request.valid_positions] = True
        columns = scatter_columns(with_text_times(table.columns), is_valid)
        errors = {row: _details_text(details) for row, details in request.faults.items()}
        for row, breaches in table.breaches.items():
            errors[request.valid_positions[row]] = "; ".join(map(_breach_text, breaches))
        columns[ERROR] = np.array([errors.get(row) for row in range(n)], dtype=object)
        return columns


def _is_derived(given: list[str]) -> bool:
    """Return whether columns are derived ones.

    Raises ModelInputError where some of those are missing, or stand beside those of partnerships.
    """
    derived = set(COLUMNS).intersection(given)
    if not derived:
        return False
    others = [name for name in given if name not in derived and name not in _LABELS]
    if len(derived) == len(COLUMNS) and PROSPECT_COLUMN_KINDS.keys() <= {*others, *_LABELS}:
        raise ModelInputError(
            "columns came without their names, by position: give them as one struct, as in "
            "udf(struct('platform', 'followers'))"
        )
    if others:
        raise ModelInputError(
            f"column {others[0]!r} stands beside derived columns such as {min(derived)!r}: give "
            "columns of partnerships, or derived ones"
        )
    missing = [name for name in COLUMNS if name not in derived]
    if missing:
        raise ModelInputError(
            f"{len(missing)} of {len(COLUMNS)} derived columns are missing, the first is "
            f"{missing[0]!r}: give all of them, unknown ones as NaN"
        )
    return True


def _texts(values: pd.Series) -> np.ndarray:
    """Return values as texts (n,), None where they are missing."""
    return np.array([_id_text(plain_value(value)) for value in values.tolist()], dtype=object)


def _id_text(value: object) -> str | None:
    """Return an id as text: whole numbers beside missing ones are fractions to pandas."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value)


def _details_text(details: tuple[ErrorDetail, ...]) -> str:
    """Return the faults of a row as one text, each with its place within the row."""
    return "; ".join(map(_detail_text, details))


def _detail_text(detail: ErrorDetail) -> str:
    place = detail.where.partition("].")[2] or "row"
    got = "" if detail.got is None else f" {detail.got!r}"
    if detail.code == "missing" and place == "platform":
        return f"{place} is missing: {_PROFILE}"
    expected = "" if detail.expected is None else f" (expected: {detail.expected})"
    return f"{place}{got} {detail.what}{expected}"


def _breach_text(breach: Breach) -> str:
    if breach.code == "missing" and breach.column == "platform":
        return f"platform is missing: {_PROFILE}"
    remedy = _REMEDIES.get(breach.code)
    if remedy is None:
        return breach.text
    return f"{breach.column} {breach.got!r} cannot be used: {remedy}"
