"""From partnerships that were read to their answer: prospects to the scorer, and its table as JSON
at the places of the request.

But: no arithmetic here; the figures are the scorer's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import orjson

from serving.http.errors import ErrorDetail, RequestRefused, error_body, field_path, shorten_value
from serving.http.model_store import LoadedModel
from serving.http.request_ledger import RequestLedger
from serving.http.request_reader import ParsedRequest
from serving.http.response_json import encode_fields, result_fields
from serving.scoring.answer_table import ANSWER_COLUMNS, AnswerTable, scatter_columns
from serving.scoring.breaches import Breach
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.prospect_batch import microseconds

#: What the whole answer says once: its key there, and in the manifest.
_MODEL_KEYS = {"model_version": "version", "trained_on": "trained_on"}
RESULT_COLUMNS = tuple(name for name in ANSWER_COLUMNS if name not in _MODEL_KEYS)


@dataclass(frozen=True)
class RequestAnswer:
    """The answer to n partnerships, in the order of the request.

    `model`: what the answer says of the model and of the ledger; `results`: of each partnership
    its JSON fields, without braces; `columns`: figures and evidence, (n,), unknown for those
    refused, which `is_refused` (n,) marks.
    """

    model: dict
    results: list[bytes]
    columns: dict[str, np.ndarray]
    is_refused: np.ndarray

    def evidence(self) -> list[str | None]:
        """Return what each forecast rests on, None where there is none."""
        if "evidence" not in self.columns:
            return [None] * len(self.results)
        evidence = self.columns["evidence"].astype(object)
        evidence[self.is_refused] = None
        return evidence.tolist()

    def body(self, head: dict | None = None, results: Iterable[bytes] | None = None) -> bytes:
        """Return the answer as JSON.

        `head`: fields that come first; `results`: fields of results in place of the answer's own.
        """
        fields = self.results if results is None else results
        objects = [orjson.Fragment(b"{%b}" % result) for result in fields]
        return orjson.dumps({**(head or {}), **self.model, "results": objects})


class NoneScored(RequestRefused):
    """No partnership of the request could be scored; `answer` has the errors of each."""

    def __init__(self, answer: RequestAnswer, errors: Iterable[ErrorDetail]):
        super().__init__(422, "none_scored", *errors)
        self.answer = answer

    def body(self) -> bytes:
        """Return the error as JSON, with the errors of each partnership as in any answer."""
        return self.answer.body(error_body(self))


def answer(
    loaded: LoadedModel,
    as_of: datetime,
    request: ParsedRequest,
    options: AnswerOptions,
    ledger: RequestLedger,
) -> RequestAnswer:
    """Score the partnerships that have no errors; answer each in order by its forecast or its
    errors. The forecasts go to the ledger.

    Raises NoneScored where none could be scored.
    """
    count = len(request.names)
    results, errors = [b""] * count, dict(request.faults)
    columns: dict[str, np.ndarray] = {}
    if request.valid_positions:
        ledger.count_posts(request.prospects, request.posts)
        table = loaded.scorer.score(
            request.prospects,
            microseconds(as_of),
            request.posts,
            options,
            RESULT_COLUMNS,
            ledger.keep,
        )
        is_valid = _mask(count, request.valid_positions)
        columns = table.columns if is_valid.all() else scatter_columns(_figures(table), is_valid)
        for position, fields in zip(request.valid_positions, result_fields(table), strict=True):
            results[position] = fields
        errors |= _breach_errors(table, request.valid_positions)
    for position, details in errors.items():
        refusal = {"partnership_id": request.names[position], "errors": details}
        results[position] = encode_fields(refusal)
    model = {key: loaded.manifest[name] for key, name in _MODEL_KEYS.items()}
    answered = RequestAnswer(model | ledger.finish(), results, columns, _mask(count, list(errors)))
    if len(errors) == count:
        all_details = (detail for position in sorted(errors) for detail in errors[position])
        raise NoneScored(answered, all_details)
    return answered


def _mask(count: int, positions: list[int]) -> np.ndarray:
    mask = np.zeros(count, dtype=bool)
    mask[positions] = True
    return mask


def _figures(table: AnswerTable) -> dict[str, np.ndarray]:
    return {
        name: values
        for name, values in table.columns.items()
        if name == "evidence" or values.dtype == float
    }


def _breach_errors(table: AnswerTable, positions: list[int]) -> dict[int, tuple[ErrorDetail, ...]]:
    """Return why rows were not scored, as errors by position in the request."""
    return {
        positions[row]: tuple(_breach_error(positions[row], breach) for breach in breaches)
        for row, breaches in table.breaches.items()
    }


def _breach_error(position: int, breach: Breach) -> ErrorDetail:
    is_of_request = breach.column == "as_of"
    steps = (breach.column,) if is_of_request else ("partnerships", position, breach.column)
    got = shorten_value(breach.got)
    return ErrorDetail(breach.code, field_path("", steps), breach.what, breach.expected, got)
