"""From a question read to its answer: prospects to the scorer, and what it says as JSON at the
places asked.

But: no arithmetic here; the figures are the scorer's.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import orjson

from serving.http.errors import ErrorDetail, RequestRefused, error_body, field_path, shorten_value
from serving.http.model_store import LoadedModel
from serving.http.request_reader import ParsedRequest
from serving.http.response_json import result_fields
from serving.scoring.answer_table import ANSWER_COLUMNS, AnswerTable, scatter_columns
from serving.scoring.breaches import Breach
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.prospect_batch import microseconds

#: Said once for the whole answer: its name there, and in the manifest.
_HEAD = {"model_version": "version", "trained_on": "trained_on"}
RESULT_COLUMNS = tuple(name for name in ANSWER_COLUMNS if name not in _HEAD)


@dataclass(frozen=True)
class RequestAnswer:
    """The partnerships of a question answered, n in its order.

    `results`: of each its JSON fields, without braces; `columns`: their figures and evidence, (n,),
    unknown for those refused, which `is_refused` (n,) marks; `head`: what holds for all.
    """

    head: dict
    results: list[bytes]
    columns: dict[str, np.ndarray]
    is_refused: np.ndarray

    def evidence(self) -> list[str | None]:
        """Give what each forecast rests on, None where there is none."""
        found = self.columns.get("evidence")
        return (
            [None] * len(self.results)
            if found is None
            else np.where(self.is_refused, None, found).tolist()
        )

    def body(self, head: dict | None = None, results: Iterable[bytes] | None = None) -> bytes:
        """Give the answer as JSON; `head`: what comes before, `results`: in the place of its own."""
        own = self.results if results is None else results
        return orjson.dumps(
            {
                **(head or {}),
                **self.head,
                "results": [orjson.Fragment(b"{%b}" % one) for one in own],
            }
        )


class NoneScored(RequestRefused):
    """No partnership of the request could be scored; `answer` has each one's own errors."""

    def __init__(self, answered: RequestAnswer, faults: Iterable[ErrorDetail]):
        super().__init__(422, "none_scored", *faults)
        self.answer = answered

    def body(self) -> bytes:
        """Give the error and, as ever, each partnership's errors."""
        return self.answer.body(error_body(self))


def answer(
    loaded: LoadedModel, as_of: datetime, prospects: ParsedRequest, extras: AnswerOptions
) -> RequestAnswer:
    """Score the partnerships that have no faults; answer each in order by its forecast or its
    errors.

    Raises NoneScored where none could be scored.
    """
    names, good = prospects.names, np.zeros(len(prospects.names), dtype=bool)
    good[prospects.valid_positions] = True
    results, columns, faults = [b""] * len(names), {}, dict(prospects.faults)
    if good.any():
        scored = loaded.scorer.score(
            prospects.asked, microseconds(as_of), prospects.posts, extras, RESULT_COLUMNS
        )
        columns = scored.columns if good.all() else scatter_columns(_figures(scored), good)
        for place, own in zip(prospects.valid_positions, result_fields(scored), strict=True):
            results[place] = own
        faults |= _faults(scored, prospects.valid_positions)
    for place, own in faults.items():
        results[place] = _refusal(names[place], own)
    refused = np.zeros(len(names), dtype=bool)
    refused[list(faults)] = True
    answered = RequestAnswer(
        {key: loaded.manifest[name] for key, name in _HEAD.items()}, results, columns, refused
    )
    if refused.all():
        raise NoneScored(answered, (fault for place in sorted(faults) for fault in faults[place]))
    return answered


def _figures(scored: AnswerTable) -> dict[str, np.ndarray]:
    return {
        name: values
        for name, values in scored.columns.items()
        if name == "evidence" or values.dtype == float
    }


def _faults(scored: AnswerTable, numbers: list[int]) -> dict[int, list[ErrorDetail]]:
    """Give why rows were not scored, as faults by their number in the request."""
    return {
        numbers[row]: [_fault(numbers[row], one) for one in own]
        for row, own in scored.breaches.items()
    }


def _fault(number: int, breach: Breach) -> ErrorDetail:
    where = field_path(
        "",
        (breach.column,) if breach.column == "as_of" else ("partnerships", number, breach.column),
    )
    return ErrorDetail(breach.code, where, breach.what, breach.expected, shorten_value(breach.got))


def _refusal(partnership_id: str, faults: Iterable[ErrorDetail]) -> bytes:
    errors = [asdict(found) for found in faults]
    return orjson.dumps({"partnership_id": partnership_id, "errors": errors})[1:-1]
