"""The verdict: a category with stated cut-offs, and one sentence that a campaign manager can forward.

The category is read off the probability that the cost per engagement stays within the caller's target, or within the
benchmark where there is no target.
"""

from collections.abc import Iterable

import numpy as np

from features.schema import figure
from serving.terms import CONFIDENCE, Terms

PLATFORM_NAMES = {"instagram": "Instagram", "tiktok": "TikTok", "youtube": "YouTube", "x": "X"}
#: Category and the least probability that makes it, highest first.
CUT_OFFS = {"worth_it": 0.8, "probably_worth_it": 0.6, "even": 0.4, "probably_too_dear": 0.2, "too_dear": 0.0}
#: Counts from which on those that read alike are put together, and the powers of ten that are exact.
MANY, TENS = 64, 10.0 ** np.arange(23)
BASES = {"own_deals": "by your own deals", "rate_card": "by the rate card"}


def categories(probability: np.ndarray) -> np.ndarray:
    """Give the category of each probability (n,), None where it is unknown.

    >>> categories(np.array([0.81, 0.5, 0.0, np.nan])).tolist()
    ['worth_it', 'even', 'too_dear', None]
    """
    names = np.array([*CUT_OFFS, None], dtype=object)
    place = (probability[:, None] < np.array(list(CUT_OFFS.values()))).sum(axis=1)
    return names[np.where(np.isnan(probability), len(CUT_OFFS), place)]


def sentences(found: dict[str, np.ndarray], terms: Terms) -> np.ndarray:
    """Give the sentence of each forecast, (n,) objects; `found`: the columns of answers that were made."""
    n = len(terms.deliverables)
    counts = _all_rounded(np.concatenate([found[f"engagements_{name}"] for name in ("p50", "p10", "p90")]))
    over = ["" if posts <= 1 else f" over {posts:.0f} posts" for posts in terms.deliverables.tolist()]
    starts = zip(counts[:n], over, counts[n : 2 * n], counts[2 * n :], _ends(found, terms, n), strict=True)
    said = np.empty(n, dtype=object)
    said[:] = [f"About {p50} engagements{posts} (80 %: {p10}-{p90}); {end}." for p50, posts, p10, p90, end in starts]
    return said


def _ends(found: dict[str, np.ndarray], terms: Terms, n: int) -> list[str]:
    """Give what is said of the cost of each row."""
    costs = _told(found, "benchmark_cpe_usd", n)
    marks = {cost: price(cost) for cost in set(costs)}
    mark = [marks.get(cost) for cost in costs]
    source = _told(found, "benchmark_cpe_source", n)
    if terms.fee_usd is None:
        return _without_fee(found, terms, mark, source, range(n))
    ends = _with_fee(found, terms, mark, source, n)
    lacking = np.flatnonzero(np.isnan(terms.fee_usd)).tolist()
    for row, end in zip(lacking, _without_fee(found, terms, mark, source, lacking), strict=True):
        ends[row] = end
    return ends


def _with_fee(found: dict, terms: Terms, mark: list, source: list, n: int) -> list[str]:
    each = map(price, _told(found, "cpe_usd_p50", n))
    parts = zip(map(figure, terms.fee_usd.tolist()), each, _compared(found, source, n), strict=True)
    costs = [f"at {fee} USD that is {cost} each{compared}" for fee, cost, compared in parts]
    judged = [""] * n
    if terms.target_cpe_usd is not None:
        chances = zip(_told(found, "probability_target", n), map(price, terms.target_cpe_usd.tolist()), strict=True)
        judged = [
            f"; stays within the target of {target} with probability {chance:.2f}" if _known(chance) else ""
            for chance, target in chances
        ]
    if "probability_benchmark" in found:
        chances = zip(judged, found["probability_benchmark"].tolist(), mark, strict=True)
        judged = [
            f"{said}; beats the benchmark of {beaten} with probability {chance:.2f}" if chance == chance else said
            for said, chance, beaten in chances
        ]
    return [
        f"{cost}{said or '; there is no benchmark to judge that by'}" for cost, said in zip(costs, judged, strict=True)
    ]


def _compared(found: dict, source: list, n: int) -> list[str]:
    """Word how many creators of the benchmark cost more or less, for each row; rows alike share it."""
    if "cheaper_than_share" not in found:
        return [""] * n
    share = found["cheaper_than_share"]
    cheaper = share >= 0.5
    tenths = np.minimum(np.rint(10 * np.where(cheaper, share, 1 - share)), 9)
    tenths[np.isnan(share)] = -1  # which is like itself, as NaN is not
    rows = list(zip(cheaper.tolist(), tenths.tolist(), _told(found, "benchmark_cpe_cell", n), source, strict=True))
    words = {row: _comparison(*row) for row in set(rows)}
    return [words[row] for row in rows]


def _comparison(cheaper: bool, tenths: float, cell: str | None, source: str | None) -> str:
    word = "cheaper" if cheaper else "dearer"
    return "" if tenths < 0 else f", {word} than about {tenths:.0f} in 10 {cell} ({BASES[source]})"


def _without_fee(found: dict, terms: Terms, mark: list, source: list, rows: Iterable[int]) -> list[str]:
    even, ends = _told(found, "break_even_fee_usd", len(mark)), []
    for row in rows:
        if not _known(even[row]):
            ends.append("there is no benchmark of what they may cost")
            continue
        beaten = f"the benchmark of {mark[row]} each ({BASES[source[row]]})"
        chance = CONFIDENCE if terms.confidence is None else terms.confidence[row]
        ends.append(f"up to {rounded(even[row])} USD it beats {beaten} with probability {chance:.2f}")
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
    size = f"{one['followers']:,.0f} followers" if _known(one["followers"]) else "followers unknown"
    who = f"{one['creator_id']} ({size}, {one['niche'] or 'niche unknown'})"
    deals = f", {one['deals']:.0f} deals at {price(one['cpe_usd'])} each" if _known(one["cpe_usd"]) else ""
    return f"{who}: {one['engagements_p50']:,.0f} engagements a post over {one['posts']:.0f} posts{deals}"


def _known(value: float | None) -> bool:
    return value is not None and value == value


def rounded(value: float) -> str:
    """Word a count to two digits, whole.

    >>> rounded(3412.7), rounded(7.4)
    ('3,400', '7')
    """
    return f"{float(f'{value:.2g}') if value >= 10 else value:,.0f}"


def _all_rounded(values: np.ndarray) -> list[str]:
    """Word counts (n,) as `rounded` does; of many, those that read alike are worded once."""
    if len(values) < MANY or not np.isfinite(values).all():
        return [rounded(value) for value in values.tolist()]
    kinds, place = np.unique(two_digits(values), return_inverse=True)
    return np.array([rounded(value) for value in kinds.tolist()], dtype=object)[place].tolist()


def two_digits(values: np.ndarray) -> np.ndarray:
    """Round counts (n,) to two digits, those below 10 to whole ones, exactly as their decimal notation does.

    >>> two_digits(np.array([3412.7, 12.5, 13.5, 7.4])).tolist()
    [3400.0, 12.0, 14.0, 7.0]
    """
    unit = TENS[np.maximum(np.searchsorted(TENS, values, "right") - 2, 0)]
    rest = np.fmod(values, unit)  # which is exact, as a quotient is not
    units = (values - rest) / unit
    up = (rest > unit / 2) | ((rest == unit / 2) & (units % 2 == 1))
    return (units + up) * unit


def price(value: float) -> str:
    """Word a price a piece.

    >>> price(0.1312), price(12.3), price(float("nan"))
    ('0.13 USD', '12 USD', 'no finite sum')
    """
    if not _known(value):
        return "no finite sum"
    return f"{rounded(value) if value >= 10 else f'{value:.2f}' if value >= 0.1 else f'{value:.2g}'} USD"
