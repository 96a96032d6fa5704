"""The columns of the first sheet that say what to do: verdict, range, cost, chance, highest fee."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.number_text import round_estimates
from features.tables.currency import USD
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE
from serving.scoring.sentences import FeeAdvice, sentence_in_currency
from serving.scoring.verdict import percent_decimals
from serving.scoring.warning_texts import warning_sentences
from serving.workbook.contents import EVIDENCE_WORDS, RANK_AND_VERDICT, WHOLE
from serving.workbook.money_format import money_cell
from serving.workbook.range_bar import WIDTH, BarScale
from serving.workbook.ranked_rows import ListFacts, split_warnings
from serving.workbook.styles import VERDICTS
from serving.workbook.table_sheet import Block, SheetColumn, StyledCell

if TYPE_CHECKING:
    from serving.workbook.styles import Styles

#: The columns of answers that the first sheet is made of.
SOURCE_COLUMNS = (
    *("verdict", "sentence", "engagements_p10", "engagements_p50", "engagements_p90"),
    *("cpe_usd_p50", "probability_benchmark", "break_even_fee_usd", "market_fee_usd_typical"),
    *("probability_goal", "probability_target", "completion_rate", "warnings", "evidence"),
    *("fee_usd", "currency", "usd_per_unit"),
    *("benchmark_cpe_usd", "benchmark_cpe_source", "confidence"),
)
#: The median, which is below the mean that plans add up.
MIDDLE_CASE = "Engagements (middle case)"
_EVIDENCE_MEANING = (
    "past posts, the averages of the list, or followers and niche alone, which gives a wide range"
)
#: What amounts and chances mean.
_MEANINGS = {
    "cpe_usd_p50": "the fee over the engagements of the middle case",
    "probability_benchmark": "that an engagement costs less than with creators of the same "
    "platform, size and niche",
    "probability_target": "that an engagement costs at most the target of the list",
    "probability_goal": "that the engagements reach the goal of the list",
    "break_even_fee_usd": "it beats the benchmark, or the target, with the confidence of the list "
    f"({DEFAULT_CONFIDENCE:g} where it has none)",
    "market_fee_usd_typical": "what such a deal usually costs, by your own deals or the rate card",
}
_NO_FEE, _NO_BENCHMARK = "– No fee", "– No benchmark"
#: Chances are never shown as certain or impossible, which no forecast is.
_LEAST_CHANCE, _MOST_CHANCE = 0.005, 0.995


@dataclass(frozen=True)
class DecisionColumns:
    """Makes the columns in the styles of one workbook, of a list with these facts."""

    styles: "Styles"
    facts: ListFacts

    def rank(self) -> SheetColumn:
        """Return the column of ranks."""
        return SheetColumn(
            "Rank",
            self._ranks,
            7,
            meaning="1 is the best, see 'ranked by' above",
            note=RANK_AND_VERDICT,
        )

    def all(self) -> list[SheetColumn]:
        """Return the columns, those that no row fills left out."""
        words = SheetColumn(
            "In words",
            self._sentences,
            52,
            meaning="forecast and verdict in a sentence",
            wraps=True,
        )
        return [
            SheetColumn(
                "Verdict",
                self._verdicts,
                26,
                meaning="whether the fee pays",
                note=RANK_AND_VERDICT,
            ),
            words,
            *self._engagement_columns(),
            *self._cost_columns(),
            SheetColumn("Rests on", self._evidence, 13, meaning=_EVIDENCE_MEANING),
            SheetColumn(
                "What to know",
                self._warnings,
                46,
                meaning="why the forecast is less to be trusted",
                wraps=True,
            ),
        ]

    def _engagement_columns(self) -> Iterator[SheetColumn]:
        is_partial = "completion_rate" in self.facts.filled
        yield SheetColumn(
            MIDDLE_CASE + (", if all posts appear" if is_partial else ""),
            self._estimates("engagements_p50"),
            15,
            meaning="over all posts booked: half of the cases are below, half above; the mean is "
            "higher; two digits are told",
        )
        for name, part, meaning in (
            ("Low (1 in 10 below)", "p10", "lower end of the range"),
            ("High (1 in 10 above)", "p90", "upper end of the range"),
        ):
            yield SheetColumn(name, self._estimates(f"engagements_{part}"), 12, meaning=meaning)
        yield SheetColumn(
            "Range: low to high, █ middle",
            self._bars,
            WIDTH + 3,
            meaning=f"all bars have one scale, in equal steps of the logarithm, {self._ends}",
        )

    def _cost_columns(self) -> Iterator[SheetColumn]:
        yield self._amount_column("Cost per engagement", "cpe_usd_p50")
        yield self._chance_column("Chance to beat the benchmark", "probability_benchmark")
        for name, column in (
            ("Chance to stay within the target", "probability_target"),
            ("Chance to reach the goal", "probability_goal"),
        ):
            if column in self.facts.filled:
                yield self._chance_column(name, column)
        yield self._amount_column("Highest fee that pays", "break_even_fee_usd")
        yield self._amount_column("Usual fee", "market_fee_usd_typical")

    def _amount_column(self, name: str, column: str) -> SheetColumn:
        return SheetColumn(name, self._amounts(column), 14, meaning=_MEANINGS[column])

    def _chance_column(self, name: str, column: str) -> SheetColumn:
        return SheetColumn(name, self._chances(column), 14, meaning=_MEANINGS[column])

    @property
    def _ends(self) -> str:
        """The ends of the scale of the bars, in words."""
        if self.facts.high <= 0:
            return "there is no range"
        low, high = round_estimates(np.array([self._scale.low, self._scale.high]))
        return f"from {low:,.0f} to {high:,.0f} engagements"

    @property
    def _scale(self) -> BarScale:
        low = max(self.facts.low, 1.0) if np.isfinite(self.facts.low) else 1.0
        return BarScale(low, max(self.facts.high, low))

    def _ranks(self, block: Block) -> list[StyledCell]:
        style = self.styles.number(WHOLE)
        return [(rank if rank == rank else None, style) for rank in block.ranks.tolist()]

    def _verdicts(self, block: Block) -> list[StyledCell]:
        cells: list[StyledCell] = []
        verdicts, fees = block.values("verdict"), block.values("fee_usd")
        for verdict, fee in zip(verdicts, fees, strict=True):
            if verdict in VERDICTS:
                cells.append((VERDICTS[verdict][0], self.styles.verdict(verdict)))
            else:
                text = _NO_FEE if fee is None else _NO_BENCHMARK
                cells.append((text, self.styles.text()))
        return cells

    def _sentences(self, block: Block) -> list[StyledCell]:
        """Return the sentences, those of rows without fee and currency in that of all fees."""
        style, currency = self.styles.wrapped(), self.facts.currency
        sentences = block.values("sentence")
        if currency is None:
            return [(text, style) for text in sentences]
        is_bare = [
            fee is None and not code
            for fee, code in zip(block.values("fee_usd"), block.values("currency"), strict=True)
        ]
        advices = map(FeeAdvice, *(block.values(name) for name in FeeAdvice._fields))
        return [
            (sentence_in_currency(text, advice, *currency) if bare and text else text, style)
            for text, advice, bare in zip(sentences, advices, is_bare, strict=True)
        ]

    def _evidence(self, block: Block) -> list[StyledCell]:
        style = self.styles.text()
        return [(EVIDENCE_WORDS.get(name, name), style) for name in block.values("evidence")]

    def _warnings(self, block: Block) -> list[StyledCell]:
        style = self.styles.wrapped()
        return [
            (warning_sentences(split_warnings(names)), style) for names in block.values("warnings")
        ]

    def _estimates(self, name: str) -> Callable[[Block], list[StyledCell]]:
        def cells(block: Block) -> list[StyledCell]:
            values = np.array(block.values(name), dtype=float)
            pairs = zip(values.tolist(), round_estimates(values).tolist(), strict=True)
            return [self._estimate(*pair) for pair in pairs]

        return cells

    def _estimate(self, value: float, rounded: float) -> StyledCell:
        if value != value:
            return None, self.styles.number(WHOLE)
        is_tiny = rounded == 0 < value
        return rounded, self.styles.number('"under 1"' if is_tiny else WHOLE)

    def _bars(self, block: Block) -> list[StyledCell]:
        style, scale = self.styles.bar(), self._scale
        totals = [block.values(f"engagements_{part}") for part in ("p10", "p50", "p90")]
        return [(scale.bar(*values), style) for values in zip(*totals, strict=True)]

    def _amounts(self, name: str) -> Callable[[Block], list[StyledCell]]:
        def cells(block: Block) -> list[StyledCell]:
            columns = (block.values(key) for key in (name, "currency", "usd_per_unit"))
            return [self._amount(*values) for values in zip(*columns, strict=True)]

        return cells

    def _amount(self, usd: float | None, code: Any, usd_per_unit: float | None) -> StyledCell:
        """Return an amount in the currency of the row's fee, else in that of all fees, else USD."""
        if not code or not usd_per_unit:
            code, usd_per_unit = self.facts.currency or (USD, 1.0)
        amount = None if usd is None else usd / usd_per_unit
        value, number_format = money_cell(amount, code.replace('"', ""))
        return value, self.styles.number(number_format)

    def _chances(self, name: str) -> Callable[[Block], list[StyledCell]]:
        return lambda block: [self._chance(value) for value in block.values(name)]

    def _chance(self, value: float | None) -> StyledCell:
        if value is None:
            return None, self.styles.number("0%")
        if value < _LEAST_CHANCE:
            return 0.01, self.styles.number('"under "0%')
        if value >= _MOST_CHANCE:
            return 0.99, self.styles.number('"over "0%')
        decimals = percent_decimals(value)
        return round(value, 2 + decimals), self.styles.number(f"{0:.{decimals}f}%")
