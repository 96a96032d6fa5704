"""Rows of lists as the partnerships that requests bring."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.history.arrays import NAT_US
from features.tables.schema import PROSPECTS
from serving.http.track_schema import PROSPECT_FIELDS, TERM_FIELDS
from serving.scoring.prospect_batch import (
    ALLOWED_VALUES,
    PROSPECT_COLUMN_KINDS,
    ProspectBatch,
    moment_text,
)
from serving.track.tracked import Reading, TrackedPartnership, TrackedPost

_FLAGS = {column.name for column in PROSPECTS.columns if column.kind == "flag"}
_TERMS = tuple(field.name for field in TERM_FIELDS)


def prospects_json(prospects: ProspectBatch) -> list[dict[str, Any]]:
    """Return prospects as POST /v1/predict takes partnerships; what is unknown is left out."""
    partnerships: list[dict[str, Any]] = [{} for _ in range(prospects.n)]
    for name in PROSPECT_COLUMN_KINDS:
        for partnership, value in zip(partnerships, _values(prospects, name), strict=True):
            if value is not None:
                partnership[name] = value
    return partnerships


def _values(prospects: ProspectBatch, name: str) -> list[Any]:
    """Return the values of a column as JSON has them, None where there is none."""
    if name == "partnership_id":
        return prospects.given_ids()
    match PROSPECT_COLUMN_KINDS[name]:
        case "numbers":
            numbers = prospects.number(name).tolist()
            return [_flag(value) if name in _FLAGS else _number(value) for value in numbers]
        case "codes":
            words = ALLOWED_VALUES[name]
            codes = prospects.code(name).tolist()
            return [None if np.isnan(code) else words[int(code)] for code in codes]
        case "times":
            times = prospects.time(name).tolist()
            return [None if time == NAT_US else moment_text(time) for time in times]
    return prospects.text(name).tolist()


def _number(value: float) -> float | int | None:
    """Return a number, whole ones without a fraction; None for an unknown one."""
    if np.isnan(value):
        return None
    return int(value) if float(value).is_integer() else value


def _flag(value: float) -> bool | None:
    return None if np.isnan(value) else bool(value)


def tracked_json(one: TrackedPartnership) -> dict[str, Any]:
    """Return a partnership with deliverables that are online as POST /v1/track takes it."""
    told: dict[str, Any] = {} if one.is_numbered else {"partnership_id": one.partnership_id}
    values = {**one.prospect, "platform": one.platform}
    values |= {name: getattr(one, name) for name in _TERMS}
    names = [field.name for field in PROSPECT_FIELDS if field.name != "partnership_id"]
    for name in (*names, *_TERMS):
        value = _plain(values.get(name))
        if value is not None:
            told[name] = value
    if one.forecast is not None:
        forecast = one.forecast
        told["forecast"] = {name: getattr(forecast, name) for name in ("p10", "p50", "p90")}
    told["published"] = [_post_json(post) for post in one.posts]
    return told


def _plain(value: Any) -> Any:
    return _number(float(value)) if isinstance(value, float | int) else value


def _post_json(post: TrackedPost) -> dict[str, Any]:
    told: dict[str, Any] = {} if post.is_numbered else {"post_id": post.post_id}
    told |= {"format": post.format} if post.format else {}
    told["posted_at"] = moment_text(post.posted_at)
    told["readings"] = [_reading_json(reading) for reading in post.readings]
    return told


def _reading_json(reading: Reading) -> dict[str, Any]:
    counts: Mapping[str, float] = reading.counts
    told: dict[str, Any] = {"observed_at": moment_text(reading.observed_at)}
    told |= {name: _number(float(count)) for name, count in counts.items()}
    return told | ({"likes_hidden": True} if reading.likes_hidden else {})
