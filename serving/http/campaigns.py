"""The answers about campaigns of the ledger: GET /v1/campaigns and GET /v1/campaigns/{name}.

The ledger is only read. All of its forecasts are matched to what came, as a post may be that of
another campaign's too: that takes a second where they are 100,000.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from ledger.errors import LedgerError
from ledger.settings import LEDGER, LedgerSettings
from serving.http.errors import ErrorDetail, RequestRefused, shorten_value

if TYPE_CHECKING:
    from ledger.store import Ledger
    from monitoring.campaigns import Campaign

#: Forecasts and readings of a ledger up to which the service reads it for an answer.
MOST_ROWS = 200_000

log = logging.getLogger("bentoml.creatorcast")


def campaigns_answer(settings: LedgerSettings | None) -> bytes:
    """Return the body of GET /v1/campaigns. Raises RequestRefused where there is no ledger, or
    where it cannot be read.
    """

    def campaigns(ledger: "Ledger") -> dict[str, Any]:
        from monitoring.campaigns import campaigns_of
        from monitoring.home_review import match_home

        return {"campaigns": list(map(_campaign_json, campaigns_of(match_home(home, ledger))))}

    home = _settings(settings).home
    return _answer(_settings(settings), campaigns)


def review_answer(settings: LedgerSettings | None, name: str) -> bytes:
    """Return the body of GET /v1/campaigns/{name}. Raises RequestRefused where there is no such
    campaign, and as `campaigns_answer` does.
    """

    def review(ledger: "Ledger") -> dict[str, Any]:
        # imported here: what starts the service need not wait for SciPy
        from monitoring.home_review import review_of_home
        from monitoring.review import ReviewError
        from serving.review.answer_json import review_json

        try:
            return review_json(review_of_home(home, ledger, name))
        except ReviewError:
            words, expected = "is no campaign of the ledger", "one of /v1/campaigns"
            got = shorten_value(name)
            error = ErrorDetail("unknown_campaign", "path.name", words, expected, got)
            raise RequestRefused.for_error(404, error) from None

    home = _settings(settings).home
    return _answer(_settings(settings), review)


def _settings(settings: LedgerSettings | None) -> LedgerSettings:
    if settings is None:
        words, expected = "has no ledger", f"{LEDGER}=on where the service runs"
        raise RequestRefused.for_error(404, ErrorDetail("no_ledger", "service", words, expected))
    return settings


def _answer(settings: LedgerSettings, read: Callable[["Ledger"], dict[str, Any]]) -> bytes:
    """Return what `read` makes of the ledger, as JSON, with the number of forecasts that wait."""
    from ledger.move import waiting_forecasts

    waiting = waiting_forecasts(settings.journal)
    with _opened(settings) as ledger:
        _check_size(ledger)
        return orjson.dumps({"waiting": waiting, **read(ledger)})


@contextmanager
def _opened(settings: LedgerSettings) -> Iterator["Ledger"]:
    """Yield the ledger. Raises RequestRefused where it cannot be read, which the log explains."""
    from ledger.store import open_ledger

    try:
        with open_ledger(settings.home, settings.address) as ledger:
            yield ledger
    except LedgerError as error:
        log.error("campaigns are not told: %s", error)
        words = "cannot read its ledger at present; its log has the reason"
        detail = ErrorDetail("ledger_unavailable", "service", words, "another try in a second")
        raise RequestRefused.for_error(503, detail) from None


def _check_size(ledger: "Ledger") -> None:
    """Raise RequestRefused for a ledger that takes a worker too long."""
    from ledger.summary import count_ledger

    counts = count_ledger(ledger)
    if counts.forecasts + counts.readings > MOST_ROWS:
        words = (
            f"has a ledger with {counts.forecasts:,} forecasts and {counts.readings:,} readings, "
            f"more than the {MOST_ROWS:,} that it reads for an answer"
        )
        expected = "the command creatorcast review NAME"
        detail = ErrorDetail("ledger_too_large", "service", words, expected)
        raise RequestRefused.for_error(422, detail)


def _campaign_json(campaign: "Campaign") -> dict[str, Any]:
    from serving.review.answer_json import status_counts
    from serving.scoring.prospect_batch import moment_text

    return {
        "name": campaign.name,
        "forecasts": campaign.forecasts,
        "after": campaign.after,
        "partnerships": campaign.partnerships,
        "first_forecast_at": moment_text(campaign.first),
        "last_forecast_at": moment_text(campaign.last),
        "outcomes": status_counts(campaign.statuses),
    }
