"""What a user asks of a plan beside its budget, checked for contradictions, and as linear rules
over options.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from features.number_text import format_fraction, format_money, pluralize
from features.tables.vocabulary import EVIDENCE
from serving.plan.fees import FeePart
from serving.plan.options import Options, fold_name
from serving.plan.problem import LinearRule, PlanError

#: What creators can be counted by.
GROUP_KINDS = ("platform", "niche", "band")
_WORDS = {"platform": "on {}", "niche": "of the niche {}", "band": "of the band {}"}


@dataclass(frozen=True)
class Limits:
    """The least and the most creators, and the least and the most share of the budget that they
    may cost; None where there is no limit.
    """

    min_creators: int | None = None
    max_creators: int | None = None
    min_share: float | None = None
    max_share: float | None = None


@dataclass(frozen=True)
class GroupLimits:
    """Limits for the creators of one platform, niche or band."""

    kind: str
    value: str
    limits: Limits

    @property
    def words(self) -> str:
        """Which creators, in words."""
        return _WORDS[self.kind].format(self.value)


@dataclass(frozen=True)
class PlanRules:
    """Everything but the budget. Ids name rows: by partnership_id, creator_id, handle or name.

    `max_fee`: of one creator, in the currency of the plan; `max_share`: of the budget on one
    creator; `least_evidence`: one of EVIDENCE; `least_probability`: of reaching the goal;
    `fee_parts`: of every fee.
    """

    creators: Limits = field(default_factory=Limits)
    groups: tuple[GroupLimits, ...] = ()
    must_have: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_fee: float | None = None
    max_share: float | None = None
    least_authenticity: float | None = None
    least_evidence: str | None = None
    least_probability: float | None = None
    fee_parts: tuple[FeePart, ...] = ()


def check_rules(rules: PlanRules) -> None:
    """Raise PlanError for rules that contradict each other whatever the candidates are."""
    for words, limits in [("in all", rules.creators), *((g.words, g.limits) for g in rules.groups)]:
        _check_order(f"creators {words}", limits.min_creators, limits.max_creators)
        _check_order(f"share of the budget {words}", limits.min_share, limits.max_share)
    both = {fold_name(name) for name in rules.must_have} & {
        fold_name(name) for name in rules.exclude
    }
    for name in rules.must_have:
        if fold_name(name) in both:
            raise PlanError(f"{name!r} must be in the plan and is excluded: keep one of the two")
    most = rules.creators.max_creators
    if most is not None and len(set(map(fold_name, rules.must_have))) > most:
        raise PlanError(
            f"{len(rules.must_have)} creators must be in the plan, which may have {most} at most: "
            "raise max_creators"
        )
    for kind in GROUP_KINDS:
        _check_sums(kind, [group for group in rules.groups if group.kind == kind], most)


def _check_order(what: str, least: float | None, most: float | None) -> None:
    if least is not None and most is not None and least > most:
        raise PlanError(f"{what}: the least, {least:g}, is above the most, {most:g}: change one")


def _check_sums(kind: str, groups: Sequence[GroupLimits], most: int | None) -> None:
    """Raise PlanError where groups together ask for more than there may be."""
    repeated = [
        name for name, count in Counter(group.value for group in groups).items() if count > 1
    ]
    if repeated:
        raise PlanError(f"{kind} {repeated[0]} has two rules: write them as one")
    creators = sum(group.limits.min_creators or 0 for group in groups)
    if most is not None and creators > most:
        raise PlanError(
            f"the least numbers of creators by {kind} are {creators} together, and the plan may "
            f"have {most} at most: change one"
        )
    if (share := sum(group.limits.min_share or 0.0 for group in groups)) > 1 + 1e-9:
        raise PlanError(
            f"the least shares of the budget by {kind} are {share:.0%} together: at most 100 %"
        )


def linear_rules(
    rules: PlanRules, options: Options, budget: float, currency: str
) -> tuple[LinearRule, ...]:
    """Return the rules over options, those that cannot be broken left out; shares are of `budget`.

    Raises PlanError where a creator that must be in the plan is not among the candidates.
    """
    every = np.ones(options.n, dtype=bool)
    found = [*_limit_rules("", rules.creators, every, options, budget)]
    for group in rules.groups:
        chosen = getattr(options, group.kind) == group.value
        found += _limit_rules(f" {group.words}", group.limits, chosen, options, budget)
    for name in rules.must_have:
        found.append(LinearRule(f"must have {name}", options.named(name).astype(float), 1.0))
    found += _bans(rules, options, budget, currency)
    return tuple(found)


def _limit_rules(
    words: str, limits: Limits, chosen: np.ndarray, options: Options, budget: float
) -> Iterator[LinearRule]:
    count, cost = chosen.astype(float), np.where(chosen, options.fee, 0.0)
    if limits.min_creators:
        least = limits.min_creators
        yield LinearRule(f"at least {pluralize(str(least), 'creator')}{words}", count, least)
    if limits.max_creators is not None:
        most = limits.max_creators
        text = f"at most {pluralize(str(most), 'creator')}{words}"
        yield LinearRule(text, count, high=most)
    of_budget = f"of the budget on creators{words}"
    if limits.min_share:
        text = f"at least {_percent(limits.min_share)} {of_budget}"
        yield LinearRule(text, cost, limits.min_share * budget)
    if limits.max_share is not None:
        text = f"at most {_percent(limits.max_share)} {of_budget}"
        yield LinearRule(text, cost, high=limits.max_share * budget)


def _bans(rules: PlanRules, options: Options, budget: float, currency: str) -> Iterator[LinearRule]:
    """Yield a rule for each condition that some options do not meet."""
    for _, text, banned in bans(rules, options, budget, currency):
        if banned.any():
            yield LinearRule(text, banned.astype(float), high=0.0)


def bans(
    rules: PlanRules, options: Options, budget: float, currency: str
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield code, words and the options (n,) that a condition on single options rules out.

    An authenticity that is not known does not rule out.
    """
    for name in rules.exclude:
        yield "excluded", f"without {name}", options.named(name)
    if rules.max_fee is not None:
        text = f"a fee of at most {format_money(rules.max_fee, currency)} a creator"
        yield "over_max_fee", text, options.fee > rules.max_fee * (1 + 1e-9)
    if rules.max_share is not None:
        text = f"at most {_percent(rules.max_share)} of the budget on one creator"
        yield "over_max_share", text, options.fee > rules.max_share * budget * (1 + 1e-9)
    if rules.least_authenticity is not None:
        text = f"an authenticity of at least {format_fraction(rules.least_authenticity)}"
        yield "authenticity", text, options.authenticity < rules.least_authenticity
    if rules.least_evidence is not None:
        enough = EVIDENCE[: EVIDENCE.index(rules.least_evidence) + 1]
        text = f"at least the evidence {rules.least_evidence}"
        yield "evidence", text, ~np.isin(options.evidence.astype(str), enough)


def _percent(share: float) -> str:
    return f"{share * 100:.4g} %"
