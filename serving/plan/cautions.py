"""What to know of a plan besides its figures: what its model learned from, and who gets most of the
money.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from serving.plan.answer import RejectedCandidate, RosterEntry
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE
from serving.scoring.warning_texts import WARNING_TEXTS

#: Share of the money above which one creator gets most of it.
MOST_OF_MONEY = 0.5
#: By what a model was trained on, what is told of every plan of it.
MODEL_WARNINGS = {
    "published figures": WARNING_TEXTS["starter_model"],
    "simulated": "The model was trained on simulated data: nothing about real creators follows.",
}


def model_warnings(trained_on: str) -> list[str]:
    """Return what is to be told of plans of a model that was `trained_on` this."""
    return [MODEL_WARNINGS[trained_on]] if trained_on in MODEL_WARNINGS else []


def rejected_warnings(
    rejected: Sequence[RejectedCandidate], read: int, place_word: str
) -> list[str]:
    """Return a warning where rows could not be used, with the reason of most of them."""
    if not rejected:
        return []
    causes = Counter(_cause(one["reasons"][0]) for one in rejected)
    cause, count = causes.most_common(1)[0]
    first = next(one for one in rejected if _cause(one["reasons"][0]) == cause)
    most = f", {count:,} of them for one reason" if 1 < count < len(rejected) else ""
    text = (
        f"{len(rejected):,} of {read:,} rows were rejected and are not planned{most}: "
        f"{place_word} {first['row']}: {first['reasons'][0]}"
    )
    return [text]


def _cause(reason: str) -> str:
    """Return a reason without the values of its row."""
    return re.sub(r"\d+|'[^']*'", "", reason)


def fee_word_warnings(names: Sequence[str], words: Sequence[str | None]) -> list[str]:
    """Return a warning where partnerships are planned at a market fee in place of a word."""
    told = [f"{name} {word!r}" for name, word in zip(names, words, strict=True) if word]
    if not told:
        return []
    more = f" and {len(told) - 5:,} more" if len(told) > 5 else ""
    return [
        f"planned at the usual fee, as what the list says is no amount: {', '.join(told[:5])}{more}"
    ]


def horizon_warnings(roster: Sequence[RosterEntry]) -> list[str]:
    """Return a warning where the totals of a roster are of different days after posting."""
    days = sorted({entry["horizon_days"] for entry in roster})
    if len(days) < 2:
        return []
    told = " and ".join(f"{one:g}" for one in days)
    text = (
        f"the engagements of the plan are counted {told} days after posting, which adds up "
        "different things: give all rows the same horizon_days"
    )
    return [text]


def share_warnings(names: list[str], fee: np.ndarray) -> list[str]:
    """Return a warning where one creator of several gets most of the money; `fee` (n,).

    >>> share_warnings(["@a", "@b"], np.array([90.0, 10.0]))
    ['@a gets 90 % of the money: a rule on the largest share of one creator spreads it']
    >>> share_warnings(["@a", "@b"], np.array([50.0, 50.0]))
    []
    """
    if len(fee) < 2 or fee.max() <= MOST_OF_MONEY * fee.sum():
        return []
    share = min(round(100 * fee.max() / fee.sum()), 99)
    name = names[int(np.argmax(fee))]
    return [
        f"{name} gets {share} % of the money: a rule on the largest share of one creator spreads it"
    ]


def is_above_pays(entry: RosterEntry) -> bool:
    """Return whether the fee for engagement is above the highest fee that pays."""
    highest = entry["break_even_fee"]
    return highest is not None and entry["fee"]["for_engagement"] > highest


def above_warnings(roster: Sequence[RosterEntry]) -> list[str]:
    """Return a warning where fees are above the highest that pay."""
    above = sum(map(is_above_pays, roster))
    if not above:
        return []
    are = "fee is" if len(roster) == 1 else "fees are" if above > 1 else "fees is"
    return [
        f"{above:,} of {len(roster):,} {are} above the highest fee that pays (with a chance of "
        f"{DEFAULT_CONFIDENCE:.0%} unless the list says another): negotiate".replace("%", " %")
    ]
