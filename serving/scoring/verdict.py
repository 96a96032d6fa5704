"""The verdict: a category with stated cut-offs, and one sentence that a campaign manager can
forward.

The category is read off the probability that the cost per engagement stays within the caller's
target, or within the benchmark where there is no target.
"""

from collections.abc import Callable, Iterable

import numpy as np

from features.number_text import (
    format_amount,
    format_estimate,
    format_fraction,
    format_money,
    format_number,
    pluralize,
)
from features.tables.currency import USD
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE, DealTerms

PLATFORM_NAMES = {"instagram": "Instagram", "tiktok": "TikTok", "youtube": "YouTube", "x": "X"}
#: Category and the least probability that makes it, highest first.
CUT_OFFS = {
    "worth_it": 0.8,
    "probably_worth_it": 0.6,
    "even": 0.4,
    "probably_too_dear": 0.2,
    "too_dear": 0.0,
}
#: Figures from which on those that read alike are worded once.
MANY = 64
#: Where figures begin to be rounded to other units: 0, and powers of ten.
EDGES = np.append(0.0, 10.0 ** np.arange(-9, 23))
#: Those units, as `format_estimate`, `price` and chances are worded; no unit is none.
COUNT_UNITS = np.where(EDGES < 10, 1.0, EDGES / 10)
PRICE_UNITS = np.where(
    EDGES == 0, np.nan, np.where(EDGES < 0.1, EDGES / 10, np.where(EDGES < 100, 0.01, 1.0))
)
CHANCE_UNITS = np.full(len(EDGES), 0.01)
NO_SUM = "no finite sum"
BENCHMARK_SOURCE_TEXTS = {"own_deals": "by your own deals", "rate_card": "by the rate card"}


def verdict_categories(probability: np.ndarray) -> np.ndarray:
    """Give the category of each probability (n,), None where it is unknown.

    >>> verdict_categories(np.array([0.81, 0.5, 0.0, np.nan])).tolist()
    ['worth_it', 'even', 'too_dear', None]
    """
    names = np.array([*CUT_OFFS, None], dtype=object)
    place = (probability[:, None] < np.array(list(CUT_OFFS.values()))).sum(axis=1)
    return names[np.where(np.isnan(probability), len(CUT_OFFS), place)]


def verdict_sentences(found: dict[str, np.ndarray], terms: DealTerms) -> np.ndarray:
    """Give the sentence of each forecast, (n,) objects; `found`: the columns of answers that were
    made.

    With a completion rate it tells what is delivered, which is what costs and chances are of.
    """
    n = len(terms.deliverables)
    what = "engagements" if terms.completion_rate is None else "delivered"
    totals = np.concatenate([found[f"{what}_{name}"] for name in ("p50", "p10", "p90")])
    counts = format_values(totals, format_estimate, COUNT_UNITS)
    posts = zip(terms.deliverables.tolist(), _completion(terms, n), strict=True)
    booked = [f"{'' if number <= 1 else f' over {_posts(number)}'}{rate}" for number, rate in posts]
    starts = zip(
        counts[:n], booked, counts[n : 2 * n], counts[2 * n :], _ends(found, terms, n), strict=True
    )
    said = np.empty(n, dtype=object)
    said[:] = [
        f"{_about(p50, total)}{over} (80 %: {p10}-{p90}); {end}."
        for (p50, over, p10, p90, end), total in zip(starts, totals[:n].tolist(), strict=True)
    ]
    return said


def _about(words: str, total: float) -> str:
    """Word the engagements that a cost is of: some, but fewer than round to 1, are not told as 0."""
    return (
        "Under 1 engagement"
        if words == "0" and total > 0
        else f"About {pluralize(words, 'engagement')}"
    )


def _posts(number: float) -> str:
    return pluralize(format_number(number), "post")


def _completion(terms: DealTerms, n: int) -> list[str]:
    """Word the completion rate of each row, where less than all may be delivered."""
    if terms.completion_rate is None:
        return [""] * n
    return [
        f" at a completion rate of {format_fraction(rate)}" if rate < 1 else ""
        for rate in terms.completion_rate.tolist()
    ]


def _ends(found: dict[str, np.ndarray], terms: DealTerms, n: int) -> list[str]:
    """Give what is said of the cost of each row."""
    mark = _prices(found.get("benchmark_cpe_usd", np.full(n, np.nan)), terms)
    source = _told(found, "benchmark_cpe_source", n)
    if terms.fee_usd is None:
        return _without_fee(found, terms, mark, source, range(n))
    ends = _with_fee(found, terms, mark, source, n)
    lacking = np.flatnonzero(np.isnan(terms.fee_usd)).tolist()
    for row, end in zip(lacking, _without_fee(found, terms, mark, source, lacking), strict=True):
        ends[row] = end
    return ends


def _with_fee(found: dict, terms: DealTerms, mark: list, source: list, n: int) -> list[str]:
    fees, each = _fees(terms), _prices(found["cpe_usd_p50"], terms)
    parts = zip(fees, each, _compared(found, source, n), strict=True)
    costs = [f"at {fee} that is {cost} each{compared}" for fee, cost, compared in parts]
    judged = [""] * n
    if terms.target_cpe_usd is not None:
        targets = _prices(terms.target_cpe_usd, terms)
        chances = zip(_chances(found["probability_target"]), targets, strict=True)
        judged = [
            f"; stays within the target of {target} with probability {chance}" if chance else ""
            for chance, target in chances
        ]
    if "probability_benchmark" in found:
        chances = zip(judged, _chances(found["probability_benchmark"]), mark, strict=True)
        judged = [
            f"{said}; beats the benchmark of {beaten} with probability {chance}" if chance else said
            for said, chance, beaten in chances
        ]
    ends = zip(costs, judged, strict=True)
    return [f"{cost}{said or '; there is no benchmark to judge that by'}" for cost, said in ends]


def _fees(terms: DealTerms) -> list[str]:
    """Word the fee of each row in the currency that it was given in."""
    own = (
        terms.fee_usd
        if terms.fee is None
        else np.where(np.isnan(terms.fee), terms.fee_usd, terms.fee)
    )
    return list(map(_with_currency, format_values(own, _figure, PRICE_UNITS), _currencies(terms)))


def _prices(values: np.ndarray, terms: DealTerms) -> list[str]:
    """Word prices in USD, (n,), in the currency that the fee of each row was given in."""
    if terms.currency is None:
        return format_values(values, price, PRICE_UNITS)
    values = np.where(np.isnan(terms.usd_per_unit), values, values / terms.usd_per_unit)
    return list(
        map(_with_currency, format_values(values, _figure, PRICE_UNITS), _currencies(terms))
    )


def _currencies(terms: DealTerms) -> list[str]:
    if terms.currency is None:
        return [USD] * len(terms.deliverables)
    return [name or USD for name in terms.currency.tolist()]


def _chances(values: np.ndarray) -> list[str]:
    return format_values(values, _chance, CHANCE_UNITS)


def _chance(value: float) -> str:
    """Word a probability; never as certain or impossible, which no forecast is."""
    if not _known(value):
        return ""
    if value < 0.005:
        return "under 0.01"
    return "over 0.99" if value >= 0.995 else f"{value:.2f}"


def _compared(found: dict, source: list, n: int) -> list[str]:
    """Word how many creators of the benchmark cost more or less, for each row; rows alike share it."""
    if "cheaper_than_share" not in found:
        return [""] * n
    share = found["cheaper_than_share"]
    cheaper = share >= 0.5
    tenths = np.minimum(np.rint(10 * np.where(cheaper, share, 1 - share)), 9)
    tenths[np.isnan(share)] = -1  # which is like itself, as NaN is not
    rows = list(
        zip(
            cheaper.tolist(),
            tenths.tolist(),
            _told(found, "benchmark_cpe_cell", n),
            source,
            strict=True,
        )
    )
    words = {row: _comparison(*row) for row in set(rows)}
    return [words[row] for row in rows]


def _comparison(cheaper: bool, tenths: float, cell: str | None, source: str | None) -> str:
    word = "cheaper" if cheaper else "dearer"
    return (
        ""
        if tenths < 0
        else f", {word} than about {tenths:.0f} in 10 {cell} ({BENCHMARK_SOURCE_TEXTS[source]})"
    )


def _without_fee(
    found: dict, terms: DealTerms, mark: list, source: list, rows: Iterable[int]
) -> list[str]:
    even, ends = _told(found, "break_even_fee_usd", len(mark)), []
    for row in rows:
        if not _known(even[row]):
            ends.append("there is no benchmark of what they may cost")
            continue
        beaten = f"the benchmark of {mark[row]} each ({BENCHMARK_SOURCE_TEXTS[source[row]]})"
        chance = DEFAULT_CONFIDENCE if terms.confidence is None else terms.confidence[row]
        ends.append(
            f"up to {format_money(even[row])} it beats {beaten} with probability {chance:.2f}"
        )
    return ends


def _told(found: dict[str, np.ndarray], name: str, n: int) -> list:
    return found[name].tolist() if name in found else [None] * n


def comparables_text(found: list[dict]) -> str:
    """Word comparables as a list.

    >>> comparables_text([{"creator_id": "c7", "followers": 18000.0, "niche": "food", "posts": 12.0,
    ...     "engagements_p50": 640.0, "deals": 2.0, "cpe_usd": 0.21}])
    'c7 (18,000 followers, food): 640 engagements a post over 12 posts, 2 deals at 0.21 USD each'
    """
    return "; ".join(map(_comparable, found))


def _comparable(one: dict) -> str:
    size = (
        pluralize(format_number(one["followers"]), "follower")
        if _known(one["followers"])
        else "followers unknown"
    )
    who = f"{one['creator_id']} ({size}, {one['niche'] or 'niche unknown'})"
    known = _known(one["cpe_usd"])
    deals = (
        f", {pluralize(format_number(one['deals']), 'deal')} at {format_money(one['cpe_usd'])} each"
        if known
        else ""
    )
    usual = pluralize(f"{one['engagements_p50']:,.0f}", "engagement")
    return f"{who}: {usual} a post over {_posts(one['posts'])}{deals}"


def _known(value: float | None) -> bool:
    return value is not None and value == value


def format_values(values: np.ndarray, word: Callable[[float], str], units: np.ndarray) -> list[str]:
    """Word figures (n,); of many, those that round to the same number of units are worded once.

    `units` (len(EDGES),): what figures from each of EDGES on are rounded to in words. Figures
    halfway between two are worded by themselves, so that all read as they would alone.
    """
    if len(values) < MANY:
        return list(map(word, values.tolist()))
    band = EDGES.searchsorted(values, "right") - 1
    count = values / units[band]
    whole = np.rint(count)
    alike = (band >= 0) & (np.abs(np.abs(count - whole) - 0.5) > 1e-6) & (whole < 1e5)
    key = np.where(alike, band * 1e5 + whole, -2.0 - np.arange(len(values)))
    key[np.isnan(values)] = -1
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    words = np.array([word(value) for value in values[first].tolist()], dtype=object)
    return words[place].tolist()


def price(value: float) -> str:
    """Word an amount in USD, which may have no finite value.

    >>> price(0.1312), price(12.3), price(float("nan"))
    ('0.13 USD', '12.30 USD', 'no finite sum')
    """
    return format_money(value) if _known(value) else NO_SUM


def _figure(value: float) -> str:
    """Word an amount without its currency, NO_SUM where there is none."""
    return format_amount(value) if _known(value) else NO_SUM


def _with_currency(words: str, currency: str) -> str:
    return words if words == NO_SUM else f"{words} {currency}"
