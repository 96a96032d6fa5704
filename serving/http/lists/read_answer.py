"""The answer to POST /v1/lists/read."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pandas as pd

from features.tables.schema import PROSPECTS, PUBLISHED_POSTS, Column
from ingest.sheets.booking_columns import BOOKED_OR_POSTED
from ingest.sheets.guess_lines import has_unclear_mark
from ingest.sheets.sheet_types import Guess
from ingest.sheets.workbook import list_worksheets
from serving.batch.score_chunk import RejectedRow
from serving.http.answer import RequestAnswer
from serving.http.lists.list_file import list_file, plain_words, sheet_options
from serving.http.lists.read_lists import ListRows, read_rows
from serving.http.lists.request_schema import EXPECTED_LIST_VALUES, ListReadQuestion
from serving.http.model_store import LoadedModel
from serving.http.plan_schema import PLAN_COLUMNS
from serving.http.request_ledger import RequestLedger
from serving.http.request_schema import read_request

_COLUMNS: dict[str, tuple[Column, ...]] = {
    "score": PROSPECTS.columns,
    "plan": (*PROSPECTS.columns, *PLAN_COLUMNS),
    "track": PUBLISHED_POSTS.columns,
}
_RATE = re.compile("^engagement_rate_|^completion_rate$")
_MONEY = ("fee", "fee_usd", "target_cpe_usd")


def answer_list_read(
    loaded: LoadedModel, body: bytes, now: datetime, ledger: RequestLedger
) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/lists/read; return what figures count, and the answer as JSON.

    Raises RequestRefused where the body is no such request, or the file is no list.
    """
    envelope = read_request(body, ListReadQuestion, EXPECTED_LIST_VALUES)
    options, as_of = sheet_options(envelope.sheet), pd.Timestamp(envelope.as_of or now)
    with list_file(envelope.file) as path:
        rows = read_rows(envelope.use, path, options, loaded.scorer, as_of)
        told = list_json(rows)
    told["choices"] = _choices(envelope.use, loaded)
    told["model_version"] = loaded.manifest["version"]
    nothing = np.array([], dtype=object)
    counted = RequestAnswer({}, [], {"evidence": nothing}, nothing.astype(bool))
    return counted, orjson.dumps(told)


def list_json(rows: ListRows) -> dict[str, Any]:
    """Return how a list was read, as read_response.ListAnswer has it."""
    rejected = len(rows.rejected)
    columns = [
        _column_json(guess, samples)
        for guess, samples in zip(rows.guesses, _padded(rows), strict=True)
    ]
    faulty_names = with_currency(rows.faulty_names)
    return {
        "counts": {
            "read": rows.read,
            "usable": rows.read - rejected,
            "rejected": rejected,
            "blank": rows.blank,
        },
        "notes": [plain_words(note) for note in rows.notes],
        "past_starts": _past_starts_json(rows.past_starts),
        "read_as": _read_as(rows),
        "columns": columns,
        "rejected": [rejected_json(one, rows.header, faulty_names) for one in rows.rejected],
        "lines": rows.lines,
        "names": rows.names,
        "partnerships": rows.partnerships,
    }


def _padded(rows: ListRows) -> list[list[str]]:
    samples = rows.samples[: len(rows.guesses)]
    return [*samples, *([] for _ in rows.guesses[len(samples) :])]


def _column_json(guess: Guess, samples: list[str]) -> dict[str, Any]:
    ambiguous = None if guess.ambiguous is None else plain_words(guess.ambiguous)
    return {
        "source": guess.source,
        "column": guess.column,
        "how": guess.how,
        "note": plain_words(guess.note),
        "ambiguous": ambiguous,
        "may_be": ["deliverables", "posts_count"] if guess.ambiguous == BOOKED_OR_POSTED else [],
        "settled_by": _settled_by(guess),
        "unit": guess.unit,
        "currency": guess.currency,
        "samples": samples,
    }


def _past_starts_json(starts: list[str]) -> dict[str, Any] | None:
    """Return how many rows start before the moment of the forecast, and the last day on which the
    forecast can be made for all of them: the day before the earliest start.
    """
    if not starts:
        return None
    day = date.fromisoformat(min(starts)[:10]) - timedelta(days=1)
    return {"rows": len(starts), "day": day.isoformat()}


def _settled_by(guess: Guess) -> str | None:
    """Return what settles an unclear column, None where nothing is unclear."""
    if not guess.ambiguous:
        return None
    if has_unclear_mark(guess):
        return "decimal"
    return "dates" if guess.kind == "time" and guess.column else "column"


def with_currency(faulty_names: Mapping[str, int]) -> dict[str, int]:
    """Return what reasons call columns -> their places; the currency of a list without a column of
    its own is at fault in the fee.
    """
    fee = faulty_names.get("fee", faulty_names.get("fee_usd"))
    return {**({} if fee is None else {"currency": fee}), **faulty_names}


def rejected_json(
    row: RejectedRow, header: list[str], faulty_names: Mapping[str, int]
) -> dict[str, Any]:
    """Return a rejected row with what is wrong at each of its cells.

    `faulty_names`: what reasons call a column -> its place in `header`.
    """
    faults = [_fault_json(reason, row.cells, header, faulty_names) for reason in row.reasons]
    return {"line": row.position, "cells": row.cells, "faults": faults}


def _fault_json(
    reason: str, cells: list[str], header: list[str], faulty_names: Mapping[str, int]
) -> dict[str, str | None]:
    names = [name for name in faulty_names if re.match(rf"{re.escape(name)}[ :]", reason)]
    if not names:
        return {"column": None, "value": None, "reason": plain_words(reason)}
    name = max(names, key=len)
    place = faulty_names[name]
    value = cells[place] if place < len(cells) else ""
    words = reason.removeprefix(f"{name} {value!r} ")
    return {"column": header[place], "value": value, "reason": plain_words(words)}


def _read_as(rows: ListRows) -> dict[str, Any]:
    source = rows.source
    worksheets = list(list_worksheets(source.path)[0]) if source.workbook else []
    return {
        "header_row": source.header_line,
        "worksheets": worksheets,
        "worksheet": source.worksheet or None,
        "platform": rows.platform,
    }


def _choices(use: str, loaded: LoadedModel) -> list[dict[str, Any]]:
    """Return what a column of the list may be read as."""
    currencies = list(loaded.scorer.rates.usd_per_unit)
    return [
        {
            "name": column.name,
            "meaning": column.meaning,
            "units": _units(column, currencies),
            "allowed": None if column.allowed is None else list(column.allowed),
        }
        for column in _COLUMNS[use]
    ]


def _units(column: Column, currencies: list[str]) -> list[str]:
    if _RATE.search(column.name):
        return ["fraction", "percent"]
    if column.name in _MONEY:
        return currencies
    return ["k", "m", "b"] if column.kind in ("count", "real") else []
