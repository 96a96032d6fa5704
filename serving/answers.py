"""From a question read to its answer: arrays for the scorer, and its columns as JSON at the places asked.

But: no arithmetic here; the figures are the scorer's.
"""

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache

import numpy as np

from serving.asked import EPOCH, Asked, microseconds
from serving.brought import readings_of
from serving.champion import Loaded
from serving.faults import Fault, Refused, error_body
from serving.messages import Row
from serving.scored import ANSWER_COLUMNS, Scored
from serving.terms import Extras

#: Columns that answers put into one object: engagements_p50 -> engagements: {p50: ...}.
_PART = re.compile(
    r"(engagements|views|(?:cpe|cpm|cost_per_view|emv)_usd)_(p\d\d|mean)"
    r"|(benchmark)_(.+)|(offer_usd)_(.+)|(market_fee_usd)_(.+)"
)
#: Reasons may quote the request.
LONGEST_REASON = 300
#: Said once for the whole answer: its name there, and in the manifest.
_HEAD = {"model_version": "version", "trained_on": "trained_on"}
COLUMNS = tuple(name for name in ANSWER_COLUMNS if name not in _HEAD)


class NoneScored(Refused):
    """No partnership of the request could be scored; `body` has the error and, as ever, each one's own errors."""

    def __init__(self, whole: dict):
        faults = [Fault(**found) for result in whole["results"] for found in result["errors"]]
        super().__init__(422, "none_scored", *faults)
        self.body = {**error_body(self), **whole}


def answer(loaded: Loaded, as_of: datetime, rows: list[Row], extras: Extras) -> dict:
    """Score the rows that have no faults; give the answer with a result or the errors of every row, in order.

    Raises NoneScored where no row could be scored.
    """
    results = [_refusal(row.partnership_id, row.faults) if row.asked is None else {} for row in rows]
    good = [number for number, row in enumerate(rows) if row.asked is not None]
    if good:
        scored = _score(loaded, as_of, [rows[number] for number in good], good, extras)
        for number, result in zip(good, scored, strict=True):
            results[number] = result
    whole = {**{key: loaded.manifest[name] for key, name in _HEAD.items()}, "results": results}
    if all("errors" in result for result in results):
        raise NoneScored(whole)
    return whole


def _score(loaded: Loaded, as_of: datetime, rows: list[Row], numbers: list[int], extras: Extras) -> list[dict]:
    asked = Asked.of_rows([{**row.told(), "partnership_id": row.partnership_id} for row in rows])
    posts = readings_of([row.asked.recent_posts for row in rows])
    scored = loaded.scorer.score(asked, microseconds(as_of), posts, extras, COLUMNS)
    results = records(scored)
    for place, reasons in scored.reasons.items():
        where = f"partnerships[{numbers[place]}]"
        faults = [Fault(where, reason[:LONGEST_REASON], None, None) for reason in reasons]
        results[place] = _refusal(rows[place].partnership_id, faults)
    return results


def _refusal(partnership_id: str, faults) -> dict:
    return {"partnership_id": partnership_id, "errors": [asdict(found) for found in faults]}


def records(scored: Scored) -> list[dict]:
    """Give the rows as JSON objects: unknown is null, times are ISO in UTC, distributions are nested.

    >>> cost = {"cpe_usd_p10": np.array([0.5, np.nan]), "cpe_usd_p50": np.array([1.0, np.nan])}
    >>> records(Scored(2, {**cost, "fee_usd": np.array([9.0, np.nan])}, {}))
    [{'cpe_usd': {'p10': 0.5, 'p50': 1.0}, 'fee_usd': 9.0}, {'cpe_usd': None, 'fee_usd': None}]
    """
    flat: dict[str, list] = {}
    groups: dict[str, dict[str, list]] = {}
    for name, values in _plain(scored.columns).items():
        whole, inner = _place(name)
        if inner:
            groups.setdefault(whole, {})[inner] = values
        flat[whole] = values
    flat |= {name: _nested(parts) for name, parts in groups.items()}
    return [dict(zip(flat, row, strict=True)) for row in zip(*flat.values(), strict=True)]


@cache
def _place(name: str) -> tuple[str, str | None]:
    """Give the field of a column, and its place in there where that is an object."""
    part = _PART.fullmatch(name)
    return tuple(filter(None, part.groups())) if part else (name, None)


def _nested(parts: dict[str, list]) -> list[dict | None]:
    nothing = (None,) * len(parts)
    return [None if row == nothing else dict(zip(parts, row, strict=True)) for row in zip(*parts.values(), strict=True)]


def _plain(columns: dict[str, np.ndarray]) -> dict[str, list]:
    """Give columns as lists of values that JSON has, in their order."""
    numbers = [name for name, values in columns.items() if values.dtype == float]
    matrix = np.array([columns[name] for name in numbers])
    plain = matrix.astype(object)
    plain[~np.isfinite(matrix)] = None
    lists = dict(zip(numbers, plain.tolist(), strict=True))
    return {name: lists[name] if name in lists else _others(values) for name, values in columns.items()}


def _others(values: np.ndarray) -> list:
    if values.dtype.kind != "M":
        return values.tolist()
    moments = values.view(np.int64).tolist()
    words = {moment: _iso(moment) for moment in set(moments)}
    return [words[moment] for moment in moments]


def _iso(moment: int) -> str:
    return (EPOCH + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")
