"""The answer to POST /v1/plan: the plan, as the command line makes it."""

from datetime import datetime

import numpy as np
import orjson

from models.model_record import model_record
from serving.http.answer import RequestAnswer
from serving.http.errors import ErrorDetail, RequestRefused, shorten_value
from serving.http.model_store import LoadedModel
from serving.http.plan_reader import plan_refused, read_plan_candidates, read_plan_settings
from serving.http.plan_schema import EXPECTED_PLAN_VALUES, PlanEnvelope
from serving.http.request_ledger import RequestLedger
from serving.http.request_schema import read_request
from serving.plan.answer import Plan
from serving.plan.problem import PlanError
from serving.scoring.prospect_batch import microseconds


def answer_plan(
    loaded: LoadedModel, body: bytes, now: datetime, ledger: RequestLedger
) -> tuple[RequestAnswer, bytes]:
    """Answer POST /v1/plan; return what figures count, and the plan as JSON.

    Raises RequestRefused where the body is no such request, or no plan can be made.
    """
    # its solver is scipy.optimize, which a service that makes no plan need not load
    from serving.plan.planner import make_plan

    envelope = read_request(body, PlanEnvelope, EXPECTED_PLAN_VALUES)
    rates = loaded.scorer.rates
    if np.isnan(rates.of([envelope.currency])[0]):
        got, known = shorten_value(envelope.currency), ", ".join(rates.usd_per_unit)
        words, expected = "has no rate to USD in this service", f"one of {known}"
        if envelope.currency.upper() in rates.usd_per_unit:
            words, expected = "is not in capital letters", envelope.currency.upper()
        detail = ErrorDetail("currency_without_rate", "currency", words, expected, got)
        raise RequestRefused(400, "malformed", detail)
    candidates = read_plan_candidates(envelope.partnerships, now)
    try:
        settings = read_plan_settings(envelope, candidates.rejected)
        ledger.begin("plan", envelope.campaign, now, envelope.keep)
        as_of = microseconds(envelope.as_of or now)
        plan = make_plan(loaded.scorer, candidates, settings, as_of, ledger.keep)
    except PlanError as error:
        raise plan_refused(error, candidates.rejected) from None
    report = {"report": _report(plan, envelope.report, loaded)} if envelope.report else {}
    content = orjson.dumps({**plan, **report, **ledger.finish()})
    return _counted(plan, len(envelope.partnerships)), content


def _report(plan: Plan, kind: str, loaded: LoadedModel) -> str:
    """Return the page for the client of a plan; `kind`: with_fees or without_fees."""
    # these draw with matplotlib, which a service that makes no report need not load
    from serving.report.plan_report import plan_report
    from serving.report.render import render_report

    hide_fees = kind == "without_fees"
    return render_report(plan_report(plan, model_record(loaded.manifest), hide_fees))


def _counted(plan: Plan, count: int) -> RequestAnswer:
    """Return the evidence of each partnership, for the figures; those rejected have none."""
    evidence = np.full(count, None, dtype=object)
    told = [one["evidence"] for one in (*plan["roster"], *plan["left_out"])]
    evidence[: len(told)] = told
    is_refused = np.arange(count) >= len(told)
    return RequestAnswer({}, [b""] * count, {"evidence": evidence}, is_refused)
