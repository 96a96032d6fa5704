"""The amounts of a review in the currency in which its fees were agreed."""

from collections.abc import Iterable, Mapping
from typing import Any

from features.tables.currency import USD


def review_currency(forecasts: Iterable[Mapping[str, Any]]) -> tuple[str, tuple[str, ...]]:
    """Return the currency of a review, and those of its fees, sorted: the one that all fees have,
    else USD.
    """
    found = tuple(sorted({_currency(forecast) for forecast in forecasts if _has_fee(forecast)}))
    return (found[0] if len(found) == 1 else USD), found


def fee_in(forecast: Mapping[str, Any], currency: str) -> float | None:
    """Return the fee to the cent, None where there is none."""
    return round(forecast["fee_usd"] / _rate(forecast, currency), 2) if _has_fee(forecast) else None


def yardstick_in(forecast: Mapping[str, Any], currency: str) -> float | None:
    """Return the cost an engagement that the verdict was about: the target of who asked, else the
    benchmark; None where it or the fee is unknown. The rate is that of the forecast.
    """
    target = (forecast.get("question") or {}).get("target_cpe_usd")
    value = target if isinstance(target, int | float) else forecast["benchmark_cpe_usd"]
    if not _has_fee(forecast) or not _is_number(value):
        return None
    return float(value) / _rate(forecast, currency)


def _has_fee(forecast: Mapping[str, Any]) -> bool:
    return _is_number(forecast["fee_usd"]) and forecast["fee_usd"] > 0


def _currency(forecast: Mapping[str, Any]) -> str:
    """Return the currency in which a fee was given; USD where that is not kept."""
    code, fee = forecast.get("currency"), forecast.get("fee")
    is_kept = isinstance(code, str) and code != "" and fee is not None and fee > 0
    return str(code) if is_kept else USD


def _rate(forecast: Mapping[str, Any], currency: str) -> float:
    """Return the USD that a unit of the currency was worth to the forecast."""
    if currency == USD:
        return 1.0
    return float(forecast["fee_usd"] / forecast["fee"])


def _is_number(value: Any) -> bool:
    return value is not None and value == value
