"""From a question read to its answer: prospects to the scorer, and what it says as JSON at the places asked.

But: no arithmetic here; the figures are the scorer's.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import orjson

from serving.asked import microseconds
from serving.breaches import Breach
from serving.champion import Loaded
from serving.faults import Fault, Refused, error_body, path, shown
from serving.prospects import Prospects
from serving.scored import ANSWER_COLUMNS, Scored, placed
from serving.terms import Extras
from serving.written import fields

#: Said once for the whole answer: its name there, and in the manifest.
_HEAD = {"model_version": "version", "trained_on": "trained_on"}
COLUMNS = tuple(name for name in ANSWER_COLUMNS if name not in _HEAD)


@dataclass(frozen=True)
class Answered:
    """The partnerships of a question answered, n in its order.

    `results`: of each its JSON fields, without braces; `columns`: their figures and evidence, (n,), unknown for those
    refused, which `refused` (n,) marks; `head`: what holds for all.
    """

    head: dict
    results: list[bytes]
    columns: dict[str, np.ndarray]
    refused: np.ndarray

    def evidence(self) -> list[str | None]:
        """Give what each forecast rests on, None where there is none."""
        found = self.columns.get("evidence")
        return [None] * len(self.results) if found is None else np.where(self.refused, None, found).tolist()

    def body(self, head: dict | None = None, results: Iterable[bytes] | None = None) -> bytes:
        """Give the answer as JSON; `head`: what comes before, `results`: in the place of its own."""
        own = self.results if results is None else results
        return orjson.dumps({**(head or {}), **self.head, "results": [orjson.Fragment(b"{%b}" % one) for one in own]})


class NoneScored(Refused):
    """No partnership of the request could be scored; `answered` has each one's own errors."""

    def __init__(self, answered: Answered, faults: Iterable[Fault]):
        super().__init__(422, "none_scored", *faults)
        self.answered = answered

    def body(self) -> bytes:
        """Give the error and, as ever, each partnership's errors."""
        return self.answered.body(error_body(self))


def answer(loaded: Loaded, as_of: datetime, prospects: Prospects, extras: Extras) -> Answered:
    """Score the partnerships that have no faults; answer each in order by its forecast or its errors.

    Raises NoneScored where none could be scored.
    """
    names, good = prospects.names, np.zeros(len(prospects.names), dtype=bool)
    good[prospects.good] = True
    results, columns, faults = [b""] * len(names), {}, dict(prospects.faults)
    if good.any():
        scored = loaded.scorer.score(prospects.asked, microseconds(as_of), prospects.posts, extras, COLUMNS)
        columns = scored.columns if good.all() else placed(_figures(scored), good)
        for place, own in zip(prospects.good, fields(scored), strict=True):
            results[place] = own
        faults |= _faults(scored, prospects.good)
    for place, own in faults.items():
        results[place] = _refusal(names[place], own)
    refused = np.zeros(len(names), dtype=bool)
    refused[list(faults)] = True
    answered = Answered({key: loaded.manifest[name] for key, name in _HEAD.items()}, results, columns, refused)
    if refused.all():
        raise NoneScored(answered, (fault for place in sorted(faults) for fault in faults[place]))
    return answered


def _figures(scored: Scored) -> dict[str, np.ndarray]:
    return {name: values for name, values in scored.columns.items() if name == "evidence" or values.dtype == float}


def _faults(scored: Scored, numbers: list[int]) -> dict[int, list[Fault]]:
    """Give why rows were not scored, as faults by their number in the request."""
    return {numbers[row]: [_fault(numbers[row], one) for one in own] for row, own in scored.breaches.items()}


def _fault(number: int, breach: Breach) -> Fault:
    where = path("", (breach.column,) if breach.column == "as_of" else ("partnerships", number, breach.column))
    return Fault(breach.code, where, breach.what, breach.expected, shown(breach.got))


def _refusal(partnership_id: str, faults: Iterable[Fault]) -> bytes:
    errors = [asdict(found) for found in faults]
    return orjson.dumps({"partnership_id": partnership_id, "errors": errors})[1:-1]
