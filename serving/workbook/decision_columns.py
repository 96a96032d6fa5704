"""The columns of the first sheet that say what to do: verdict, range, cost, chance, highest fee."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.number_text import round_estimates
from features.tables.currency import USD
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE
from serving.scoring.sentences import FeeAdvice, sentence_in_currency
from serving.scoring.verdict import percent_decimals
from serving.scoring.warning_texts import warning_sentences
from serving.workbook.contents import EVIDENCE_WORDS, RANK_AND_VERDICT, WHOLE
from serving.workbook.money_format import money_cells
from serving.workbook.range_bar import WIDTH, BarScale
from serving.workbook.ranked_rows import ListFacts, split_warnings
from serving.workbook.sheet_rows import Cells
from serving.workbook.styles import VERDICTS
from serving.workbook.table_sheet import Block, SheetColumn

if TYPE_CHECKING:
    from xlsxwriter.format import Format

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

    def _ranks(self, block: Block) -> Cells:
        return Cells(self.styles.number(WHOLE), (pa.array(block.ranks, from_pandas=True),))

    def _verdicts(self, block: Block) -> Cells:
        shown = {name: (words, self.styles.verdict(name)) for name, (words, *_) in VERDICTS.items()}
        no_fee, no_benchmark = ((text, self.styles.text()) for text in (_NO_FEE, _NO_BENCHMARK))
        has_fee = block.column("fee_usd").is_valid().to_pylist()
        texts, styles = zip(
            *(
                shown.get(verdict, no_benchmark if fee else no_fee)
                for verdict, fee in zip(block.values("verdict"), has_fee, strict=True)
            ),
            strict=True,
        )
        return Cells(styles, (pa.array(texts, pa.string()),))

    def _sentences(self, block: Block) -> Cells:
        """Return the sentences, those of rows without fee and currency in that of all fees."""
        style, currency = self.styles.wrapped(), self.facts.currency
        sentences = block.column("sentence")
        if currency is None:
            return Cells(style, (sentences,))
        has_no_code = pc.equal(pc.fill_null(block.column("currency"), ""), "")
        is_bare = pc.and_(block.column("fee_usd").is_null(), has_no_code)
        bare = Block(block.ranks, block.rows.filter(is_bare))
        advices = map(FeeAdvice, *(bare.values(name) for name in FeeAdvice._fields))
        texts = [
            text and sentence_in_currency(text, advice, *currency)
            for text, advice in zip(bare.values("sentence"), advices, strict=True)
        ]
        replaced = pc.replace_with_mask(sentences, is_bare, pa.array(texts, sentences.type))
        return Cells(style, (replaced,))

    def _evidence(self, block: Block) -> Cells:
        words = block.map_texts("evidence", lambda name: EVIDENCE_WORDS.get(name, name))
        return Cells(self.styles.text(), (words,))

    def _warnings(self, block: Block) -> Cells:
        words = block.map_texts("warnings", lambda names: warning_sentences(split_warnings(names)))
        return Cells(self.styles.wrapped(), (words,))

    def _estimates(self, name: str) -> Callable[[Block], Cells]:
        def cells(block: Block) -> Cells:
            values = block.numbers(name)
            rounded = round_estimates(values)
            is_tiny = (rounded == 0) & (values > 0)
            whole, tiny = self.styles.number(WHOLE), self.styles.number('"under 1"')
            styles = [tiny if one else whole for one in is_tiny.tolist()]
            return Cells(styles, (pa.array(rounded, from_pandas=True),))

        return cells

    def _bars(self, block: Block) -> Cells:
        ends = (block.numbers(f"engagements_{part}") for part in ("p10", "p50", "p90"))
        return Cells(self.styles.bar(), (pa.array(self._scale.bars(*ends), pa.string()),))

    def _amounts(self, name: str) -> Callable[[Block], Cells]:
        """Return what makes the cells of amounts in USD, in the currency of the row's fee, else in
        that of all fees, else in USD.
        """

        def cells(block: Block) -> Cells:
            usual_code, usual_rate = self.facts.currency or (USD, 1.0)
            rates, codes = block.numbers("usd_per_unit"), block.values("currency")
            has_rate = np.array([bool(code) for code in codes]) & (np.nan_to_num(rates) != 0)
            names = [
                (code if known else usual_code).replace('"', "")
                for code, known in zip(codes, has_rate.tolist(), strict=True)
            ]
            amounts = block.numbers(name) / np.where(has_rate, rates, usual_rate)
            rounded, formats = money_cells(amounts, names)
            return Cells(self._number_styles(formats), (pa.array(rounded, from_pandas=True),))

        return cells

    def _chances(self, name: str) -> Callable[[Block], Cells]:
        def cells(block: Block) -> Cells:
            chances = [_chance(value) for value in block.values(name)]
            values, formats = zip(*chances, strict=True)
            return Cells(self._number_styles(formats), (pa.array(values, pa.float64()),))

        return cells

    def _number_styles(self, formats: Sequence[str]) -> "list[Format]":
        """Return the styles of numbers with formats of Excel, (m,)."""
        style_of = {one: self.styles.number(one) for one in set(formats)}
        return [style_of[one] for one in formats]


def _chance(value: float | None) -> tuple[float | None, str]:
    """Return a chance as a cell shows it, and its format."""
    if value is None:
        return None, "0%"
    if value < _LEAST_CHANCE:
        return 0.01, '"under "0%'
    if value >= _MOST_CHANCE:
        return 0.99, '"over "0%'
    decimals = percent_decimals(value)
    return round(value, 2 + decimals), f"{0:.{decimals}f}%"
