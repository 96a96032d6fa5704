"""The terms that rows are judged by: fees in USD, targets, values a piece, and the defaults of what
a row does not give; and the rules that terms break.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from features.derive.reference import Reference
from features.tables.currency import CurrencyRates, FeeRule, check_fees, convert_fee
from features.tables.packages import read_package, total_deliverables
from features.tables.schema import EMV_PARTS
from features.tables.vocabulary import PLATFORMS
from models.conformal import GRID
from models.emv import ValueTable
from serving.scoring.answer_table import EXTRA_COLUMNS
from serving.scoring.breaches import Breach
from serving.scoring.prospect_batch import ProspectBatch

#: Probability with which break-even is held where the caller names none.
DEFAULT_CONFIDENCE = 0.8
_TARGET_WITHOUT_FEE = FeeRule(
    "target_without_fee",
    "target_cpe_usd",
    "stands without a fee",
    "fee_usd beside it, or fee and currency",
    ": give fee_usd, or leave it out",
)


@dataclass(frozen=True)
class AnswerOptions:
    """What a caller may ask for besides the usual answer.

    `explain`: the reasons of forecasts; `comparables`: comparable creators; `quantiles`:
    probabilities within models.distribution.GRID of further quantiles of the totals; `whole_curve`:
    the caller reads all of GRID off the forecasts, so that warnings are about all of it.
    """

    explain: bool = False
    comparables: bool = False
    quantiles: tuple[float, ...] = ()
    whole_curve: bool = False

    @property
    def quantiles_read(self) -> tuple[float, ...]:
        """Probabilities of the quantiles that the caller gets or reads off, besides QUANTILES."""
        return tuple(GRID.tolist()) if self.whole_curve else self.quantiles

    @property
    def columns(self) -> list[str]:
        """Those of EXTRA_COLUMNS that are asked for."""
        is_chosen = zip(EXTRA_COLUMNS, (self.explain, self.comparables), strict=True)
        return [name for name, chosen in is_chosen if chosen]


@dataclass(frozen=True)
class DealTerms:
    """The terms of n rows, (n,) each; None where no row gives them.

    `deliverables`: all that are booked, in figures of packages those that are counted; `package`:
    canonical texts, None for rows of one format. `horizon_days`: at which counts are asked for,
    NaN for the model's own. `fee` and `currency` are as given, and `usd_per_unit` is the rate of
    that currency, NaN for fees given in USD alone. `values`: USD a piece by EMV_PARTS, and
    `valued`: where those of each row come from; both are None where no earned media value is asked
    for.
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
    horizon_days: np.ndarray | None = None
    package: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        prospects: ProspectBatch,
        platform: np.ndarray,
        rates: CurrencyRates,
        table: ValueTable | None = None,
    ) -> "DealTerms":
        """Return the terms of prospects, with fees in other currencies converted to USD.

        `platform` (n,): positions in PLATFORMS; `table`: values a piece for rows that give none.
        """
        numbers, currency = prospects.numbers, prospects.texts.get("currency")
        fee_usd = numbers.get("fee_usd")
        if "fee" in numbers:
            fee_usd = convert_fee(*_fees(prospects), rates)
        confidence = numbers.get("confidence")
        if confidence is not None:
            confidence = np.where(np.isnan(confidence), DEFAULT_CONFIDENCE, confidence)
        values = _unit_values(prospects, platform, table)
        return cls(
            deliverables=_booked_deliverables(prospects),
            fee_usd=fee_usd,
            completion_rate=numbers.get("completion_rate"),
            target_cpe_usd=numbers.get("target_cpe_usd"),
            goal_engagements=numbers.get("goal_engagements"),
            confidence=confidence,
            values=values,
            valued=None if values is None else _value_sources(prospects, table),
            fee=numbers.get("fee"),
            currency=currency,
            usd_per_unit=None if currency is None else rates.of(currency),
            horizon_days=numbers.get("horizon_days"),
            package=prospects.texts.get("package"),
        )

    def __getitem__(self, rows: slice | np.ndarray) -> "DealTerms":
        """Return the terms of rows: a slice, positions (m,), or a mask (n,)."""
        values = self.values
        if values is not None:
            values = {part: prices[rows] for part, prices in values.items()}
        return DealTerms(
            self.deliverables[rows],
            _rows_of(self.fee_usd, rows),
            _rows_of(self.completion_rate, rows),
            _rows_of(self.target_cpe_usd, rows),
            _rows_of(self.goal_engagements, rows),
            _rows_of(self.confidence, rows),
            values,
            _rows_of(self.valued, rows),
            _rows_of(self.fee, rows),
            _rows_of(self.currency, rows),
            _rows_of(self.usd_per_unit, rows),
            _rows_of(self.horizon_days, rows),
            _rows_of(self.package, rows),
        )


def term_breaches(
    prospects: ProspectBatch, rates: CurrencyRates
) -> dict[Callable[[int], Breach], np.ndarray]:
    """Return for each rule on terms the rows (n,) that break it.

    The key makes the breach of a row from its position.
    """
    rules: dict[FeeRule, np.ndarray] = {}
    if "fee" in prospects.numbers or "currency" in prospects.texts:
        rules |= check_fees(*_fees(prospects), rates)
    if "target_cpe_usd" in prospects.numbers:
        has_target = ~np.isnan(prospects.number("target_cpe_usd"))
        fee_usd, fee, _ = _fees(prospects)
        rules[_TARGET_WITHOUT_FEE] = has_target & np.isnan(fee_usd) & np.isnan(fee)
    return {partial(_breach, prospects, rule): rows for rule, rows in rules.items()}


def no_curve_breach(
    row: int, platform: np.ndarray, terms: DealTerms, reference: Reference
) -> Breach:
    """Return that the engagements of a row cannot be brought to the day that it asks for;
    `platform` (n,): positions in PLATFORMS.
    """
    assert terms.horizon_days is not None
    days, own = float(terms.horizon_days[row]), reference.horizon_days
    what = f"cannot be forecast on {PLATFORMS[int(platform[row])]}: no curve tells how counts grow"
    expected = f"{own}, the model's own, or nothing"
    text = f"horizon_days {days:g} {what}: give {expected}"
    return Breach("no_curve", "horizon_days", what, expected, days, text)


def _booked_deliverables(prospects: ProspectBatch) -> np.ndarray:
    """Return how many deliverables each row books, (n,); 1 where it does not say."""
    deliverables = prospects.number("deliverables")
    deliverables = np.where(np.isnan(deliverables), 1.0, deliverables)
    for row, text in enumerate(prospects.texts.get("package", ())):
        if text is not None:
            deliverables[row] = total_deliverables(read_package(text))
    return deliverables


def _rows_of(values: np.ndarray | None, rows: slice | np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def _fees(prospects: ProspectBatch) -> tuple[np.ndarray, np.ndarray, list[str | None]]:
    """Return fees in USD, fees in another currency, and that currency, n each."""
    currency = prospects.text("currency").tolist()
    return prospects.number("fee_usd"), prospects.number("fee"), currency


def _breach(prospects: ProspectBatch, rule: FeeRule, row: int) -> Breach:
    column = rule.column
    if column == "currency":
        value = prospects.text(column)[row]
    else:
        value = float(prospects.number(column)[row])
    text = f"{column} {value!r} {rule.message}"
    return Breach(rule.code, column, rule.what, rule.expected, value, text)


def _unit_values(
    prospects: ProspectBatch, platform: np.ndarray, table: ValueTable | None
) -> dict[str, np.ndarray] | None:
    """Return USD a piece by EMV_PARTS, (n,) each; None without a table and without such a column.

    A row that gives a value of its own takes none of the table.
    """
    names = [_value_column(part) for part in EMV_PARTS]
    if table is None and not prospects.numbers.keys() & set(names):
        return None
    values = {part: prospects.number(_value_column(part)) for part in EMV_PARTS}
    if table is None:
        return values
    has_values = _has_unit_values(prospects)
    return {
        part: np.where(has_values, value, table.of(platform, part))
        for part, value in values.items()
    }


def _value_sources(prospects: ProspectBatch, table: ValueTable | None) -> np.ndarray:
    """Return where the values of each row come from, (n,) objects, None for nowhere."""
    sources = np.full(prospects.n, None if table is None else table.name, dtype=object)
    sources[_has_unit_values(prospects)] = "given"
    return sources


def _has_unit_values(prospects: ProspectBatch) -> np.ndarray:
    values = [prospects.number(_value_column(part)) for part in EMV_PARTS]
    return np.any(~np.isnan(values), axis=0)


def _value_column(part: str) -> str:
    return f"emv_{part}_usd"
