"""Answers in words: a sentence for each forecast that a campaign manager can forward, and the
comparable creators in a line.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeGuard

import numpy as np

from features.number_text import (
    format_amount,
    format_estimates,
    format_fraction,
    format_money,
    format_number,
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
_CUT_OFFS = frozenset(CUT_OFFS.values())


class _Facts(NamedTuple):
    """What the sentence of one row is made of; None where a figure is unknown.

    `total` is the median of the engagements that are delivered; `p50`, `p10` and `p90` are
    quantiles of them, worded.
    """

    total: float
    p50: str
    p10: str
    p90: str
    deliverables: float
    package: str | None
    completion_rate: float | None
    fee_usd: float | None
    fee: float | None
    currency: str | None
    usd_per_unit: float | None
    target_cpe_usd: float | None
    confidence: float | None
    horizon_days: float | None
    cpe_usd_p50: float | None
    cheaper_than_share: float | None
    benchmark_cpe_cell: str | None
    benchmark_cpe_source: str | None
    benchmark_cpe_usd: float | None
    probability_target: float | None
    probability_benchmark: float | None
    break_even_fee_usd: float | None
    market_fee_usd_typical: float | None
    market_fee_usd_high: float | None


_TERMS = _Facts._fields[4:14]
_ANSWERS = _Facts._fields[14:]


def verdict_sentences(columns: Mapping[str, np.ndarray], terms: DealTerms) -> np.ndarray:
    """Return the sentence of each forecast, (n,) objects, from the `columns` of its answer.

    With a completion rate the sentence is about what is delivered, as costs and probabilities are.
    """
    n = len(terms.deliverables)
    sentences = np.empty(n, dtype=object)
    sentences[:] = [_sentence(facts) for facts in _facts_of_rows(columns, terms)]
    return sentences


def _facts_of_rows(columns: Mapping[str, np.ndarray], terms: DealTerms) -> Iterable[_Facts]:
    total = "engagements" if terms.completion_rate is None else "delivered"
    quantiles = [columns[f"{total}_{quantile}"] for quantile in ("p50", "p10", "p90")]
    estimates = [format_estimates(values) for values in quantiles]
    given = [getattr(terms, name) for name in _TERMS]
    answered = [columns.get(name) for name in _ANSWERS]
    unknown = [None] * len(terms.deliverables)
    others = [unknown if values is None else _known_values(values) for values in given + answered]
    return map(_Facts._make, zip(quantiles[0].tolist(), *estimates, *others, strict=True))


def _known_values(values: np.ndarray) -> list:
    """Return the values of a column, None where one is unknown."""
    if values.dtype != float or not np.isnan(values).any():
        return values.tolist()
    known = values.astype(object)
    known[np.isnan(values)] = None
    return known.tolist()


def _sentence(facts: _Facts) -> str:
    cost = _cost_without_fee(facts) if facts.fee_usd is None else _cost_with_fee(facts)
    booking = _booking(facts.deliverables, facts.package, facts.completion_rate, facts.horizon_days)
    return (
        f"{_engagements(facts.total, facts.p50)}{booking} (80 %: {facts.p10}-{facts.p90}); {cost}."
    )


def _engagements(total: float, estimate: str) -> str:
    """Word engagements; a total above 0 that rounds to 0 is not called 0."""
    if estimate == "0" and total > 0:
        return "Under 1 engagement"
    return f"About {pluralize(estimate, 'engagement')}"


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


def _cost_with_fee(facts: _Facts) -> str:
    fee = facts.fee_usd if facts.fee is None else facts.fee
    price = _price(facts.cpe_usd_p50, facts.usd_per_unit, facts.currency)
    cost = f"at {_amount(fee, facts.currency)} that is {price} each"
    probabilities = _target_probability(facts) + _benchmark_probability(facts)
    judged = probabilities or "; there is no benchmark to judge that by"
    return f"{cost}{_comparison(facts)}{judged}"


def _target_probability(facts: _Facts) -> str:
    if facts.probability_target is None:
        return ""
    target = _price(facts.target_cpe_usd, facts.usd_per_unit, facts.currency)
    probability = _probability(facts.probability_target)
    return f"; stays within the target of {target} with probability {probability}"


def _benchmark_probability(facts: _Facts) -> str:
    if facts.probability_benchmark is None:
        return ""
    benchmark = _repeated_price(facts.benchmark_cpe_usd, facts.usd_per_unit, facts.currency)
    probability = _probability(facts.probability_benchmark)
    return f"; beats the benchmark of {benchmark} with probability {probability}"


def _probability(value: float) -> str:
    """Word a probability so that it stays on its side of the cut-offs of verdicts.

    >>> [_probability(value) for value in (0.876, 0.598, 0.5997)]
    ['0.88', '0.598', '0.5997']
    """
    is_near = round(value, 2) in _CUT_OFFS
    return format_probability(value, 2 + percent_decimals(value) if is_near else 2)


def _comparison(facts: _Facts) -> str:
    """Word how many creators of the benchmark cost more, or less where most of them do."""
    share = facts.cheaper_than_share
    if share is None:
        return ""
    word = "cheaper"
    if share < 0.5:
        word, share = "more expensive", 1 - share
    tenths = min(round(10 * share), 9)
    source = BENCHMARK_SOURCE_TEXTS[facts.benchmark_cpe_source]
    return f", {word} than about {tenths} in 10 {facts.benchmark_cpe_cell} ({source})"


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


def _cost_without_fee(facts: _Facts) -> str:
    advice = FeeAdvice(*(getattr(facts, name) for name in FeeAdvice._fields))
    return advice.words(facts.currency, facts.usd_per_unit)


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
