"""The verdict: a category with stated cut-offs, and one sentence that a campaign manager can forward.

The category is read off the probability that the cost per engagement stays within the caller's target, or within the
benchmark where there is no target.
"""

import numpy as np

from features.schema import figure
from serving.terms import CONFIDENCE, Terms

PLATFORM_NAMES = {"instagram": "Instagram", "tiktok": "TikTok", "youtube": "YouTube", "x": "X"}
#: Category and the least probability that makes it, highest first.
CUT_OFFS = {"worth_it": 0.8, "probably_worth_it": 0.6, "even": 0.4, "probably_too_dear": 0.2, "too_dear": 0.0}
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
    n = len(terms.deliverables)
    nothing = [None] * n
    conf = np.full(n, CONFIDENCE) if terms.confidence is None else terms.confidence
    found = found | {
        "deliverables": terms.deliverables,
        "fee_usd": terms.fee_usd,
        "target_cpe_usd": terms.target_cpe_usd,
        "confidence": conf,
    }
    columns = [nothing if found.get(name) is None else found[name].tolist() for name in _NAMES]
    out = np.empty(n, dtype=object)
    out[:] = [_sentence(dict(zip(_NAMES, row, strict=True))) for row in zip(*columns, strict=True)]
    return out


_NAMES = (
    "deliverables",
    "engagements_p10",
    "engagements_p50",
    "engagements_p90",
    "fee_usd",
    "cpe_usd_p50",
    "target_cpe_usd",
    "probability_target",
    "probability_benchmark",
    "benchmark_cpe_cell",
    "benchmark_cpe_usd",
    "benchmark_cpe_source",
    "cheaper_than_share",
    "confidence",
    "break_even_fee_usd",
)


def _sentence(row: dict) -> str | None:
    if not _known(row["engagements_p50"]):
        return None
    over = f" over {row['deliverables']:.0f} posts" if row["deliverables"] > 1 else ""
    span = f"{rounded(row['engagements_p10'])}-{rounded(row['engagements_p90'])}"
    start = f"About {rounded(row['engagements_p50'])} engagements{over} (80 %: {span})"
    if not _known(row["fee_usd"]):
        return f"{start}; {_without_fee(row)}."
    cost = f"at {figure(row['fee_usd'])} USD that is {price(row['cpe_usd_p50'])} each"
    return "; ".join([start, f"{cost}{_place(row)}", *_chances(row)]) + "."


def _without_fee(row: dict) -> str:
    if not _known(row["break_even_fee_usd"]):
        return "there is no benchmark of what they may cost"
    mark = f"the benchmark of {price(row['benchmark_cpe_usd'])} each ({BASES[row['benchmark_cpe_source']]})"
    return f"up to {rounded(row['break_even_fee_usd'])} USD it beats {mark} with probability {row['confidence']:.2f}"


def _place(row: dict) -> str:
    share = row["cheaper_than_share"]
    if not _known(share):
        return ""
    word, tenths = ("cheaper", share) if share >= 0.5 else ("dearer", 1 - share)
    basis = BASES[row["benchmark_cpe_source"]]
    return f", {word} than about {min(round(10 * tenths), 9)} in 10 {row['benchmark_cpe_cell']} ({basis})"


def _chances(row: dict) -> list[str]:
    found = []
    if _known(row["probability_target"]):
        target = price(row["target_cpe_usd"])
        found.append(f"stays within the target of {target} with probability {row['probability_target']:.2f}")
    if _known(row["probability_benchmark"]):
        mark = price(row["benchmark_cpe_usd"])
        found.append(f"beats the benchmark of {mark} with probability {row['probability_benchmark']:.2f}")
    return found or ["there is no benchmark to judge that by"]


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


def price(value: float) -> str:
    """Word a price a piece.

    >>> price(0.1312), price(12.3), price(float("nan"))
    ('0.13 USD', '12 USD', 'no finite sum')
    """
    if not _known(value):
        return "no finite sum"
    return f"{rounded(value) if value >= 10 else f'{value:.2f}' if value >= 0.1 else f'{value:.2g}'} USD"
