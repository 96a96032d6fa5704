"""Why candidates are not in a plan, and which rules keep better plans out."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.number_text import format_amount, format_estimates, format_money
from serving.plan.answer import REASONS, BindingRule, LeftOut
from serving.plan.candidates import CandidateList
from serving.plan.offers import Offers
from serving.plan.problem import LinearRule, PlanSolution
from serving.plan.rules import bans
from serving.plan.solver import PlanSolver
from serving.plan.words import value_words

#: Candidates left out of which it is tried who would leave for them.
TRIED = 4
#: Rules that are tried without.
MOST_RULES = 20
#: Gain, as a share of the value, from which on a rule is told.
LEAST_GAIN = 0.005


@dataclass
class LeftOutReasons:
    """Tells of a plan that was found what is not in it, and why."""

    candidates: CandidateList
    offers: Offers
    solver: PlanSolver
    solution: PlanSolution

    def entries(self) -> list[LeftOut]:
        """Return an entry for each row that is neither rejected nor in the plan, in the order of
        the list.
        """
        options = self.offers.options
        in_plan = set(options.row[self.solution.chosen].tolist())
        rows = np.setdiff1d(options.row, list(in_plan)).tolist()
        found = {
            row: self._entry(row, reason, self._word_text(row, reason))
            for row, reason in self.offers.unused.items()
        }
        found |= {row: self._entry(row, *self._reason(row)) for row in rows}
        for row in self._nearest([row for row in rows if found[row]["reason"] in _BY_VALUE]):
            self._tell_who_leaves(row, found[row])
        return [found[row] for row in sorted(found)]

    def binding_rules(self) -> list[BindingRule]:
        """Return the rules without which the plan would bring more."""
        value = self.solution.value
        return [
            {"name": name, "text": self._gain_text(name, better.value - value)}
            for name, better in self._better_without.items()
        ]

    def _entry(self, row: int, reason: str, detail: str = "") -> LeftOut:
        name = self.candidates.names[row]
        creator_id = self.candidates.prospects.text("creator_id")[row]
        return {
            "partnership_id": self.candidates.ids[row],
            "creator_id": creator_id,
            "name": name,
            "reason": reason,
            "text": f"{name}: {detail or REASONS[reason]}.",
            "replaced_by": None,
            "evidence": str(self.offers.evidence[row]),
        }

    def _word_text(self, row: int, reason: str) -> str:
        """Return in words that a fee is no amount, "" for another reason."""
        if reason != "gift":
            return ""
        word = self.candidates.fee_word(row)
        return f"the fee {word!r} is no amount: write what it costs you, the goods too"

    def _reason(self, row: int) -> tuple[str, str]:
        """Return code and words of why a row with options is not in the plan."""
        options, settings = self.offers.options, self.solver.settings
        own = np.flatnonzero(options.row == row)
        cheapest = own[np.argmin(options.fee[own])]
        fee = format_money(options.fee[cheapest], settings.currency) + self._fee_note(cheapest)
        for code, words, banned in self._bans:
            if banned[own].all():
                if code.startswith("over"):
                    return code, f"{fee}, and the rule is {words}"
                return code, f"the rule is: {words}"
        if options.fee[cheapest] > settings.budget:
            budget = format_money(settings.budget, settings.currency)
            return "over_budget", f"{fee} is more than the budget of {budget}"
        same = options.candidate[self.solution.chosen] == options.candidate[cheapest]
        if same.any():
            other = int(options.row[self.solution.chosen[np.argmax(same)]])
            place = f"{self.candidates.place_word} {self.candidates.places[other]}"
            return "other_offer", f"the offer of {place} of the same creator is in the plan"
        for name, better in self._better_without.items():
            if row in options.row[better.chosen].tolist():
                return "rule", f"would be in the plan without the rule: {name}"
        return self._value_reason(own)

    def _fee_note(self, place: int) -> str:
        """Return, in parentheses, what a fee is made of besides a quote."""
        options, end = self.offers.options, self.solver.settings.market_fee
        ends = {"low": "lower end", "typical": "middle", "high": "upper end"}
        told = [] if options.fee_source[place] == "quoted" else [f"usual fee, {ends[end]}"]
        names = [name.replace("_", " ") for name, _ in options.parts[place]]
        told += [f"with {' and '.join(names)}"] if names else []
        return f" ({', '.join(told)})" if told else ""

    def _value_reason(self, own: np.ndarray) -> tuple[str, str]:
        options, settings = self.offers.options, self.solver.settings
        chosen = self.solution.chosen
        note = self._fee_note(int(own[0]))
        unit = _unit_costs(options.fee, options.expected)
        best, noun = unit[own].min(), settings.measure.removesuffix("s")
        if not len(chosen):
            return "costs_more", f"{_each(best, settings.currency, noun)}{note}"
        paid = options.fee[chosen].sum() / options.expected[chosen].sum()
        if best <= unit[chosen].max():
            return "does_not_fit", (
                f"{_each(best, settings.currency, noun)}{note}, as others in the plan, but no "
                "exchange within the budget and the rules makes the plan better"
            )
        return "costs_more", (
            f"{_each(best, settings.currency, noun)}{note}; the plan pays "
            f"{format_amount(paid)} {settings.currency} on average"
        )

    def _nearest(self, rows: list[int]) -> list[int]:
        """Return those of rows that are nearest to being in the plan: cheapest for what they
        bring.
        """
        options = self.offers.options
        unit = _unit_costs(options.fee, options.expected)
        best = {row: float(unit[options.row == row].min()) for row in rows[:1000]}
        return sorted(best, key=lambda row: (best[row], row))[:TRIED]

    def _tell_who_leaves(self, row: int, entry: LeftOut) -> None:
        """Add to an entry who would leave the plan if the row were in it."""
        if not self.solver.settings.details:
            return
        options, chosen = self.offers.options, self.solution.chosen
        forced = LinearRule("in the plan", (options.row == row).astype(float), 1.0)
        other = self.solver.try_solve("who would leave for candidates left out", extra=(forced,))
        if other is None:
            return
        before, after = set(options.row[chosen].tolist()), set(options.row[other.chosen].tolist())
        gone = sorted(before - after)
        entry["replaced_by"] = [self.candidates.ids[one] for one in gone]
        loss = self.solution.value - other.value
        names = ", ".join(self.candidates.names[one] for one in gone[:3])
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        who = f"{names}{more} would leave" if gone else "others would give fewer deliverables"
        entry["text"] = f"{entry['text'][:-1]}; for it {who}, {self._loss_text(loss)}."

    def _loss_text(self, loss: float) -> str:
        settings = self.solver.settings
        if self.solver.objective.kind == "probability":
            return f"and the goal would be {max(loss, 0):.1%} less probable"
        if loss <= LEAST_GAIN * abs(self.solution.value):
            return "and the plan would be about as good"
        how = value_words(self.solver.objective)
        return f"and the plan would bring {_about(loss)} {settings.measure} fewer {how}"

    @cached_property
    def _bans(self) -> list[tuple[str, str, np.ndarray]]:
        settings = self.solver.settings
        rules = bans(settings.rules, self.offers.options, settings.budget, settings.currency)
        return list(rules)

    @cached_property
    def _better_without(self) -> dict[str, PlanSolution]:
        """The plans that would bring more without one of the rules, by the name of the rule."""
        settings = self.solver.settings
        rules = self.solver.rules_at(settings.budget)
        found = {}
        for rule in rules[:MOST_RULES] if settings.details else ():
            others = [other for other in rules if other is not rule]
            what = "which rules bind"
            better = self.solver.try_solve(what, rules=others, start=self.solution.chosen)
            if better and better.value - self.solution.value > LEAST_GAIN * self.solution.value:
                found[rule.name] = better
        return found

    def _gain_text(self, name: str, gain: float) -> str:
        settings = self.solver.settings
        if self.solver.objective.kind == "probability":
            return f"{name}: without it the goal would be {gain:.1%} more probable"
        how = value_words(self.solver.objective)
        return (
            f"{name}: without it the plan would bring {_about(gain)} {settings.measure} more {how}"
        )


_BY_VALUE = ("does_not_fit", "costs_more")


def _unit_costs(fee: np.ndarray, expected: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, fee / expected, np.inf)


def _each(cost: float, currency: str, noun: str) -> str:
    if not np.isfinite(cost):
        return f"no {noun} is expected"
    article = "an" if noun.startswith("e") else "a"
    return f"costs {format_amount(cost)} {currency} {article} {noun} on average"


def _about(count: float) -> str:
    return f"about {format_estimates(np.array([max(count, 0.0)]))[0]}"
