"""The body of POST /v1/plan as candidates and settings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from features.history.post_readings import PostReadings
from serving.http.errors import MAX_FAULTS, ErrorDetail, RequestRefused, shorten_value
from serving.http.plan_schema import PLAN_COLUMNS
from serving.http.request_reader import ParsedRequest, read_partnerships
from serving.plan.answer import RejectedCandidate
from serving.plan.candidates import CandidateList, posts_of_rows, row_names
from serving.plan.fees import PART_NAMES, FeePart, FeePartError, parse_fee_part
from serving.plan.problem import PlanError
from serving.plan.rules_file import RulesError, parse_rules
from serving.plan.settings import PlanSettings, build_objective


def read_plan_settings(envelope: Any, rejected: Sequence[RejectedCandidate]) -> PlanSettings:
    """Return the settings of a request. Raises RequestRefused for rules that cannot be read, with
    the reasons of rejected partnerships behind, and PlanError for what does not fit together.
    """
    try:
        rules = parse_rules(envelope.rules, envelope.currency, "rules")
    except RulesError as error:
        code = "unknown_field" if error.what == "is no known rule" else "not_accepted"
        detail = ErrorDetail(code, shorten_value(error.where), error.what, error.expected)
        raise RequestRefused(400, "malformed", detail, *_not_planned(rejected)) from None
    return PlanSettings(
        envelope.budget,
        envelope.currency,
        envelope.maximise,
        build_objective(envelope.by, envelope.level, envelope.goal),
        envelope.goal,
        rules,
        envelope.market_fee,
        envelope.max_deliverables,
        envelope.scenarios,
        envelope.seed,
        envelope.time_limit,
    )


def read_plan_candidates(objects: list, now: datetime) -> CandidateList:
    """Return the partnerships of a request as candidates; those with errors are rejected."""
    request = read_partnerships(objects, now, PLAN_COLUMNS)
    parts, faults = _fee_parts(request)
    rejected = [_rejected(request, row, details) for row, details in request.faults.items()]
    for place, texts in faults.items():
        row = request.valid_positions[place]
        where = f"partnerships[{row}]"
        rejected.append(
            {
                "row": row + 1,
                "partnership_id": request.names[row],
                "reasons": [f"{where}.{text}" for text in texts],
            }
        )
    kept = np.array([place not in faults for place in range(len(parts))], dtype=bool)
    prospects = request.prospects[kept]
    places = np.flatnonzero(kept).tolist()
    most = request.extras.get("max_deliverables", [None] * len(parts))
    return CandidateList(
        prospects,
        row_names(prospects),
        [request.valid_positions[place] + 1 for place in places],
        [None if most[place] is None else int(most[place]) for place in places],
        [parts[place] for place in places],
        [()] * len(places),
        sorted(rejected, key=lambda one: one["row"]),
        _kept_posts(request, places),
    )


def _fee_parts(
    request: ParsedRequest,
) -> tuple[list[tuple[FeePart, ...]], dict[int, list[str]]]:
    """Return the parts of the fee of each valid partnership, and what cannot be read of some."""
    found, faults = [], {}
    for place in range(len(request.valid_positions)):
        parts, texts = [], []
        for name in PART_NAMES:
            try:
                values = request.extras.get(name)
                part = None if values is None else parse_fee_part(name, values[place])
            except FeePartError as error:
                texts.append(str(error))
            else:
                parts += [part] if part else []
        found.append(tuple(parts))
        if texts:
            faults[place] = texts
    return found, faults


def _kept_posts(request: ParsedRequest, places: Sequence[int]) -> PostReadings | None:
    if request.posts is None or len(places) == len(request.valid_positions):
        return request.posts
    return posts_of_rows(request.posts, places)


def _rejected(
    request: ParsedRequest, row: int, details: Sequence[ErrorDetail]
) -> RejectedCandidate:
    return {
        "row": row + 1,
        "partnership_id": request.names[row],
        "reasons": [_reason(detail) for detail in details],
    }


def _reason(detail: ErrorDetail) -> str:
    expected = f": expected {detail.expected}" if detail.expected else ""
    return f"{detail.where} {detail.what}{expected}"


def plan_refused(error: PlanError, rejected: Sequence[RejectedCandidate]) -> RequestRefused:
    """Return the refusal for a plan that cannot be made; the reasons of rejected partnerships
    follow.
    """
    text = str(error)
    what, _, expected = text.rpartition(": ")
    first = ErrorDetail("no_plan", "body", what or text, expected or None)
    return RequestRefused(422, "no_plan", first, *_not_planned(rejected))


def _not_planned(rejected: Sequence[RejectedCandidate]) -> list[ErrorDetail]:
    """Return the reasons of rejected partnerships, as many as a refusal tells."""
    return [
        ErrorDetail("not_planned", f"partnerships[{one['row'] - 1}]", "; ".join(one["reasons"]))
        for one in rejected[:MAX_FAULTS]
    ]
