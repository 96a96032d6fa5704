"""What a caller may set for all rows of a question, beside its columns."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from features.tables.column_checks import rule_text, rules_broken_by
from features.tables.schema import HORIZON_COLUMN
from features.tables.timestamps import TimestampError, parse_timestamp
from models.distribution import QUANTILES
from serving.registered_model.errors import ModelInputError
from serving.scoring.quantiles import check_quantiles

DEFAULT_QUANTILES = tuple(QUANTILES.values())
#: The params as MLflow's signature has them.
PARAMS: tuple[dict, ...] = (
    {"name": "quantiles", "type": "double", "default": list(DEFAULT_QUANTILES), "shape": [-1]},
    {"name": "as_of", "type": "string", "default": None, "shape": None},
    {"name": "horizon_days", "type": "long", "default": None, "shape": None},
)
PARAM_NAMES = tuple(str(spec["name"]) for spec in PARAMS)
PARAM_MEANINGS = {
    "quantiles": "probabilities of the quantiles of engagements and views, from 0.001 to 0.999; "
    "0.1 gives engagements_p10 and views_p10",
    "as_of": "moment of the forecast, an ISO date or time, in UTC where it has no zone: nothing "
    "later is used; the present where missing",
    "horizon_days": "days after posting at which counts are forecast, for rows that do not say; "
    "the model's, usually 30, where missing",
}


@dataclass(frozen=True)
class ModelParams:
    """`quantiles`: probabilities; `as_of`: in UTC; `horizon_days`: None for the model's own."""

    quantiles: tuple[float, ...]
    as_of: datetime
    horizon_days: int | None

    @classmethod
    def of(cls, params: dict | None, now: datetime) -> "ModelParams":
        """Read the params of a question; those that are missing or None take their defaults.

        Raises ModelInputError, or another CreatorcastError for quantiles.
        """
        given = {name: value for name, value in (params or {}).items() if value is not None}
        unknown = sorted(given.keys() - {*PARAM_NAMES})
        if unknown:
            raise ModelInputError(f"param {unknown[0]!r} is unknown: give {', '.join(PARAM_NAMES)}")
        return cls(
            _quantiles(given.get("quantiles", DEFAULT_QUANTILES)),
            _as_of(given.get("as_of"), now),
            _horizon_days(given.get("horizon_days")),
        )


def _quantiles(values: Any) -> tuple[float, ...]:
    try:
        quantiles = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise ModelInputError(
            f"param quantiles {values!r} is no list of numbers: give one such as [0.1, 0.5, 0.9]"
        ) from None
    if not quantiles:
        raise ModelInputError("param quantiles is empty: leave it out, or give [0.1, 0.5, 0.9]")
    check_quantiles(quantiles)
    return quantiles


def _as_of(value: Any, now: datetime) -> datetime:
    if value is None:
        return now
    if isinstance(value, datetime):
        value = value.isoformat(timespec="microseconds")
    text = value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str):
        raise ModelInputError(
            f"param as_of {value!r} is no text: give an ISO date or time, such as "
            f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        )
    try:
        return parse_timestamp(text)
    except TimestampError as error:
        raise ModelInputError(f"param as_of {error}") from None


def _horizon_days(value: Any) -> int | None:
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    broken = next(rules_broken_by(HORIZON_COLUMN, value), None) if is_number else None
    if not is_number or broken is not None:
        fault = "is no number" if broken is None else rule_text(broken, HORIZON_COLUMN)
        raise ModelInputError(
            f"param horizon_days {value!r} {fault}: give a whole number from "
            f"{HORIZON_COLUMN.minimum:g} to {HORIZON_COLUMN.maximum:g}"
        )
    return int(value)
