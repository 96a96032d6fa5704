"""Answers in words: a sentence for each forecast that a campaign manager can forward, and the
comparable creators in a line.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple, TypeGuard

import numpy as np

from features.number_text import (
    format_amount,
    format_amounts,
    format_estimates,
    format_fraction,
    format_money,
    format_number,
    format_probabilities,
    format_probability,
    pluralize,
)
from features.tables.currency import USD
from features.tables.packages import package_words, read_package
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE, DealTerms
from serving.scoring.verdict import CUT_OFFS, percent_decimals

NO_SUM = "no finite sum"
BENCHMARK_SOURCE_TEXTS: dict[str | None, str] = {
    "own_deals": "by your own deals",
    "rate_card": "by the rate card",
}
_NO_BENCHMARK = "; there is no benchmark to judge that by"
#: The words on the cost that a row is held against, before its price.
_LIMITS = {"target": "stays within the target of", "benchmark": "beats the benchmark of"}
#: The cut-offs of verdicts as probabilities are worded.
_CUT_OFFS = frozenset(map(format_probability, CUT_OFFS.values()))
#: Columns of answers that the words on a cost are made of.
_ANSWERS = (
    *("cpe_usd_p50", "cheaper_than_share", "probability_target", "probability_benchmark"),
    *("benchmark_cpe_cell", "benchmark_cpe_source", "benchmark_cpe_usd"),
    *("break_even_fee_usd", "market_fee_usd_typical", "market_fee_usd_high"),
)


def verdict_sentences(columns: Mapping[str, np.ndarray], terms: DealTerms) -> np.ndarray:
    """Return the sentence of each forecast, (n,) objects, from the `columns` of its answer.

    With a completion rate the sentence is about what is delivered, as costs and probabilities are.
    A list has few distinct rounded figures: each is worded once.
    """
    total = "engagements" if terms.completion_rate is None else "delivered"
    totals = [columns[f"{total}_{quantile}"] for quantile in ("p50", "p10", "p90")]
    median, low, high = _divide(format_estimates(np.concatenate(totals)), totals)
    engagements = _engagements(median, totals[0])
    parts = (engagements, _bookings(terms), low, high, _costs(columns, terms))
    sentences = np.empty(len(median), dtype=object)
    sentences[:] = [
        f"{engagements}{booking} (80 %: {least}-{most}); {cost}."
        for engagements, booking, least, most, cost in zip(*parts, strict=True)
    ]
    return sentences


def _values(values: np.ndarray | None, n: int) -> list:
    """Return the values of a column, None where one is unknown; n of None where it is absent."""
    if values is None:
        return [None] * n
    return [None if value != value else value for value in values.tolist()]


def _divide(words: list[str], columns: Sequence[np.ndarray]) -> list[list[str]]:
    """Return the words of each column, (n,), of those that were worded together.

    One call for all costs one row a good deal less than a call for each.
    """
    rest = iter(words)
    return [list(islice(rest, len(column))) for column in columns]


def _engagements(estimates: list[str], totals: np.ndarray) -> list[str]:
    """Word engagements, (n,), from their `estimates` in words; a total above 0 that rounds to 0 is
    not called 0.
    """
    words = {text: f"About {pluralize(text, 'engagement')}" for text in set(estimates)}
    return [
        "Under 1 engagement" if text == "0" and total > 0 else words[text]
        for text, total in zip(estimates, totals.tolist(), strict=True)
    ]


def _bookings(terms: DealTerms) -> Iterable[str]:
    n = len(terms.deliverables)
    given = (terms.package, terms.completion_rate, terms.horizon_days)
    return map(_booking, terms.deliverables.tolist(), *(_values(values, n) for values in given))


@lru_cache(4096)
def _booking(
    deliverables: float,
    package: str | None,
    completion_rate: float | None,
    horizon_days: float | None,
) -> str:
    """Word the posts that are booked, the day that counts are asked for, and the completion rate
    where less than all may be delivered.
    """
    text = "" if deliverables <= 1 else f" over {_posts(deliverables)}"
    if package is not None:
        text = f" over {package_words(read_package(package))}"
    if horizon_days is not None:
        text += f" by day {horizon_days:g}"
    if completion_rate is not None and completion_rate < 1:
        text += f" at a completion rate of {format_fraction(completion_rate)}"
    return text


def _posts(number: float) -> str:
    return pluralize(format_number(number), "post")


def _costs(columns: Mapping[str, np.ndarray], terms: DealTerms) -> list[str]:
    """Word what each row costs, or may cost where it has no fee."""
    has_fee = np.zeros(len(terms.deliverables), dtype=bool)
    if terms.fee_usd is not None:
        has_fee = ~np.isnan(terms.fee_usd)
    kinds = ((~has_fee, _costs_without_fee), (has_fee, _costs_with_fee))
    for rows, word in kinds:
        if rows.all():
            return word(columns, terms)
    costs = np.empty(len(has_fee), dtype=object)
    for rows, word in kinds:
        answered = {name: columns[name][rows] for name in _ANSWERS if name in columns}
        costs[rows] = word(answered, terms[rows])
    return costs.tolist()


def _costs_with_fee(columns: Mapping[str, np.ndarray], terms: DealTerms) -> list[str]:
    assert terms.fee_usd is not None
    fee = terms.fee_usd
    if terms.fee is not None:
        fee = np.where(np.isnan(terms.fee), fee, terms.fee)
    rate: np.ndarray | float = 1.0
    if terms.usd_per_unit is not None:
        rate = np.where(np.isnan(terms.usd_per_unit), 1.0, terms.usd_per_unit)
    costs_usd = {
        "price": columns["cpe_usd_p50"],
        "target": terms.target_cpe_usd,
        "benchmark": columns.get("benchmark_cpe_usd"),
    }
    costs = {name: cost / rate for name, cost in costs_usd.items() if cost is not None}
    amounts = _money({"fee": fee, **costs}, terms)
    target, benchmark = (
        _probabilities(words, amounts.get(name), columns.get(f"probability_{name}"), len(fee))
        for name, words in _LIMITS.items()
    )
    parts = (amounts["fee"], amounts["price"], _comparisons(columns, terms), target, benchmark)
    return [
        f"at {amount} that is {price} each{comparison}{within + beats or _NO_BENCHMARK}"
        for amount, price, comparison, within, beats in zip(*parts, strict=True)
    ]


def _costs_without_fee(columns: Mapping[str, np.ndarray], terms: DealTerms) -> list[str]:
    n = len(terms.deliverables)
    figures: dict[str, np.ndarray | None] = {**columns, "confidence": terms.confidence}
    advices = map(FeeAdvice, *(_values(figures.get(name), n) for name in FeeAdvice._fields))
    currencies = zip(_values(terms.currency, n), _values(terms.usd_per_unit, n), strict=True)
    return [advice.words(*currency) for advice, currency in zip(advices, currencies, strict=True)]


def _money(amounts: dict[str, np.ndarray], terms: DealTerms) -> dict[str, list[str]]:
    """Word columns of amounts, (n,) each, that are in the currencies of the rows."""
    columns = list(amounts.values())
    stacked = np.concatenate(columns)
    is_unknown = np.isnan(stacked)
    texts = format_amounts(np.where(is_unknown, 0.0, stacked))
    currencies = _values(terms.currency, len(terms.deliverables)) * len(columns)
    words = [
        NO_SUM if unknown else f"{text} {currency or USD}"
        for text, currency, unknown in zip(texts, currencies, is_unknown.tolist(), strict=True)
    ]
    return dict(zip(amounts, _divide(words, columns), strict=True))


def _probabilities(
    words: str, prices: list[str] | None, probability: np.ndarray | None, n: int
) -> list[str]:
    """Word the probability (n,) that each row stays within a cost, `prices` in words; nothing
    where it has none.
    """
    if prices is None or probability is None:
        return [""] * n
    parts = _chances(probability), prices, np.isnan(probability).tolist()
    return [
        "" if unknown else f"; {words} {price} with probability {chance}"
        for chance, price, unknown in zip(*parts, strict=True)
    ]


def _chances(probabilities: np.ndarray) -> list[str]:
    """Word probabilities, (n,), so that they stay on their side of the cut-offs of verdicts.

    >>> _chances(np.array([0.876, 0.598, 0.5997]))
    ['0.88', '0.598', '0.5997']
    """
    return [
        format_probability(value, 2 + percent_decimals(value)) if text in _CUT_OFFS else text
        for text, value in zip(
            format_probabilities(probabilities), probabilities.tolist(), strict=True
        )
    ]


def _comparisons(columns: Mapping[str, np.ndarray], terms: DealTerms) -> Iterable[str]:
    """Word how many creators of the benchmark cost more, or less where most of them do."""
    n = len(terms.deliverables)
    share = columns.get("cheaper_than_share")
    if share is None:
        return [""] * n
    tenths = np.minimum(np.rint(10 * np.maximum(share, 1 - share)), 9)
    benchmark = (_values(columns[f"benchmark_cpe_{name}"], n) for name in ("cell", "source"))
    return map(_comparison, _values(tenths, n), (share < 0.5).tolist(), *benchmark)


@lru_cache(4096)
def _comparison(
    tenths: float | None, is_more_expensive: bool, segment: str | None, source: str | None
) -> str:
    if tenths is None:
        return ""
    word = "more expensive" if is_more_expensive else "cheaper"
    basis = BENCHMARK_SOURCE_TEXTS[source]
    return f", {word} than about {tenths:.0f} in 10 {segment} ({basis})"


class FeeAdvice(NamedTuple):
    """Up to which fee a row without one beats its benchmark, None where there is none; and what
    such deals usually cost.
    """

    break_even_fee_usd: float | None
    benchmark_cpe_usd: float | None
    benchmark_cpe_source: str | None
    confidence: float | None
    market_fee_usd_typical: float | None
    market_fee_usd_high: float | None

    def words(self, currency: str | None, usd_per_unit: float | None) -> str:
        """Return it in words, in a currency with a rate, else in USD."""
        if self.break_even_fee_usd is None:
            return "there is no benchmark of what they may cost"
        if usd_per_unit is None:
            currency = None
        source = BENCHMARK_SOURCE_TEXTS[self.benchmark_cpe_source]
        price = _repeated_price(self.benchmark_cpe_usd, usd_per_unit, currency)
        fee = _price(self.break_even_fee_usd, usd_per_unit, currency)
        confidence = DEFAULT_CONFIDENCE if self.confidence is None else self.confidence
        benchmark = f"the benchmark of {price} each ({source})"
        words = f"up to {fee} it beats {benchmark} with probability {confidence:.2f}"
        if not self._is_above_market:
            return words
        usual = _price(self.market_fee_usd_typical, usd_per_unit, currency)
        return f"{words}, which is above nearly all usual fees: go by the usual fee of {usual}"

    @property
    def _is_above_market(self) -> bool:
        highest, market = self.break_even_fee_usd, self.market_fee_usd_high
        return highest is not None and market is not None and highest > market


def sentence_in_currency(
    sentence: str, advice: FeeAdvice, currency: str, usd_per_unit: float
) -> str:
    """Return the sentence of a row that has neither a fee nor a currency in that of its list."""
    in_usd = f"{advice.words(None, None)}."
    if not sentence.endswith(in_usd):
        return sentence
    return f"{sentence.removesuffix(in_usd)}{advice.words(currency, usd_per_unit)}."


def _price(usd: float | None, usd_per_unit: float | None, currency: str | None) -> str:
    """Word an amount in USD in the currency that the fee was given in."""
    if usd is not None and usd_per_unit is not None:
        return _amount(usd / usd_per_unit, currency)
    return _amount(usd, currency)


#: The same for amounts that many rows share, such as those of benchmarks.
_repeated_price = lru_cache(4096)(_price)


def _amount(value: float | None, currency: str | None) -> str:
    return NO_SUM if value is None else f"{format_amount(value)} {currency or USD}"


def comparables_text(comparables: list[dict]) -> str:
    """Word the records of comparable creators as a list.

    >>> comparables_text([{"creator_id": "c7", "followers": 18000.0, "niche": "food", "posts": 12.0,
    ...     "engagements_p50": 640.0, "deals": 2.0, "cpe_usd": 0.21}])
    'c7 (18,000 followers, food): 640 engagements a post over 12 posts, 2 deals at 0.21 USD each'
    """
    return "; ".join(_comparable(record) for record in comparables)


def _comparable(record: dict) -> str:
    followers = record["followers"]
    size = "followers unknown"
    if _is_known(followers):
        size = pluralize(format_number(followers), "follower")
    deals = ""
    if _is_known(record["cpe_usd"]):
        count = pluralize(format_number(record["deals"]), "deal")
        deals = f", {count} at {format_money(record['cpe_usd'])} each"
    creator = f"{record['creator_id']} ({size}, {record['niche'] or 'niche unknown'})"
    engagements = pluralize(f"{record['engagements_p50']:,.0f}", "engagement")
    return f"{creator}: {engagements} a post over {_posts(record['posts'])}{deals}"


def _is_known(value: float | None) -> TypeGuard[float]:
    """Return whether a figure is neither None nor NaN."""
    return value is not None and value == value
