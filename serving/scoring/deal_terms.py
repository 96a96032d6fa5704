"""The terms that a row asks about: its fee in USD, what is taken where nothing is said, and terms
that contradict.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from features.tables.currency import CurrencyRates, FeeRule, check_fees, convert_fee
from features.tables.schema import EMV_PARTS
from models.emv import ValueTable
from serving.scoring.answer_table import EXTRA_COLUMNS
from serving.scoring.breaches import Breach
from serving.scoring.prospect_batch import ProspectBatch

#: Probability with which break-even is held where the caller names none.
DEFAULT_CONFIDENCE = 0.8
_TARGET = FeeRule(
    "target_without_fee", "target_cpe_usd", "stands without a fee", "fee_usd beside it, or fee and currency",
    ": give fee_usd, or leave it out",
)  # fmt: skip


@dataclass(frozen=True)
class AnswerOptions:
    """What a caller may ask for besides: the reasons of forecasts, comparable creators, and
    quantiles of the totals.

    `quantiles`: probabilities within models.distribution.GRID, besides those that every answer has.
    """

    explain: bool = False
    comparables: bool = False
    quantiles: tuple[float, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Those of EXTRA_COLUMNS that are asked for."""
        return [
            name
            for name, asks in zip(EXTRA_COLUMNS, (self.explain, self.comparables), strict=True)
            if asks
        ]


@dataclass(frozen=True)
class DealTerms:
    """What rows are judged by, (n,) each; None where no row tells.

    `fee` and `currency` as given, and `usd_per_unit`, what a unit of that is worth: NaN for fees
    given in USD alone; `values`: USD a piece by EMV_PARTS, and `valued`: whose they are; both None
    where earned media value is not asked.
    """

    deliverables: np.ndarray
    fee_usd: np.ndarray | None
    completion_rate: np.ndarray | None
    target_cpe_usd: np.ndarray | None
    goal_engagements: np.ndarray | None
    confidence: np.ndarray | None
    values: dict[str, np.ndarray] | None = None
    valued: np.ndarray | None = None
    fee: np.ndarray | None = None
    currency: np.ndarray | None = None
    usd_per_unit: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        asked: ProspectBatch,
        platform: np.ndarray,
        rates: CurrencyRates,
        table: ValueTable | None = None,
    ) -> "DealTerms":
        """Read the terms; fees in other currencies are taken in USD.

        `platform`: positions (n,); `table`: values that earned media value is asked by, for rows
        that name none.
        """
        told = asked.numbers
        values, valued = _values(asked, platform, table)
        return cls(
            np.where(np.isnan(deliverables := asked.number("deliverables")), 1.0, deliverables),
            convert_fee(*_fees(asked), rates) if "fee" in told else told.get("fee_usd"),
            *(told.get(name) for name in ("completion_rate", "target_cpe_usd", "goal_engagements")),
            np.where(np.isnan(given := told["confidence"]), DEFAULT_CONFIDENCE, given)
            if "confidence" in told
            else None,
            values,
            valued,
            told.get("fee"),
            asked.texts.get("currency"),
            rates.of(asked.texts["currency"]) if "currency" in asked.texts else None,
        )

    def __getitem__(self, rows: slice | np.ndarray) -> "DealTerms":
        """Return the terms of rows: a slice, positions (m,), or a mask (n,)."""
        arrays = (getattr(self, f.name) for f in fields(self))
        return DealTerms(*(_of(values, rows) for values in arrays))


def _of(values: np.ndarray | dict | None, rows: np.ndarray) -> np.ndarray | dict | None:
    if isinstance(values, dict):
        return {name: own[rows] for name, own in values.items()}
    return None if values is None else values[rows]


def term_breaches(
    asked: ProspectBatch, rates: CurrencyRates
) -> dict[Callable[[int], Breach], np.ndarray]:
    """Give for each rule on terms its breach, made from a row's number, and the rows (n,) that
    break it.
    """
    rules = {}
    if "fee" in asked.numbers or "currency" in asked.texts:
        rules |= check_fees(*_fees(asked), rates)
    if "target_cpe_usd" in asked.numbers:
        lone = ~np.isnan(asked.number("target_cpe_usd")) & np.isnan(asked.number("fee_usd"))
        rules[_TARGET] = lone & np.isnan(asked.number("fee"))
    return {partial(_breach, asked, rule): rows for rule, rows in rules.items()}


def _fees(asked: ProspectBatch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return asked.number("fee_usd"), asked.number("fee"), asked.text("currency")


def _breach(asked: ProspectBatch, rule: FeeRule, row: int) -> Breach:
    column = rule.column
    value = asked.text(column)[row] if column == "currency" else float(asked.number(column)[row])
    return Breach(
        rule.code, column, rule.what, rule.expected, value, f"{column} {value!r} {rule.message}"
    )


def _values(asked: ProspectBatch, platform: np.ndarray, table: ValueTable | None) -> tuple:
    names = {part: f"emv_{part}_usd" for part in EMV_PARTS}
    if table is None and not names.values() & asked.numbers.keys():
        return None, None
    given = {part: asked.number(name) for part, name in names.items()}
    own = ~np.isnan(list(given.values())).all(axis=0)
    if table is None:
        return given, np.where(own, "given", None)
    values = {part: np.where(own, value, table.of(platform, part)) for part, value in given.items()}
    return values, np.where(own, "given", table.name).astype(object)
