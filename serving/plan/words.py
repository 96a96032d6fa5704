"""Words that the parts of a plan have in common."""

from features.number_text import format_money
from serving.plan.answer import PlannedFee, PlanObjective
from serving.plan.problem import Objective


def value_words(objective: Objective) -> str:
    """Return in words what kind of total an objective is about.

    >>> value_words(Objective("mean")), value_words(Objective("cvar"))
    ('on average', 'if it goes badly')
    """
    return "on average" if objective.kind == "mean" else "if it goes badly"


def adds_words(objective: PlanObjective) -> str:
    """Return in words what a creator adds to, by what the plan makes as large as possible.

    >>> adds_words({"kind": "cvar", "measure": "views", "level": 0.1, "goal": None, "value": 1.0})
    'views on average in the worst 10 % of cases'
    """
    measure, share = objective["measure"], f"{100 * (objective['level'] or 0):g} %"
    return {
        "mean": f"{measure} on average",
        "cvar": f"{measure} on average in the worst {share} of cases",
        "quantile": f"{measure} that are reached in all but {share} of cases",
        "goal": "chance to reach the goal",
    }[objective["kind"]]


def is_quote_repeated(fee: PlannedFee) -> bool:
    """Return whether a quote for one deliverable is bought several times."""
    return fee["source"] == "quoted" and fee.get("times", 1) > 1  # plans of before have no times


def repeated_quote_words(fee: PlannedFee, currency: str) -> str:
    """Return how a quote for one deliverable is bought several times.

    >>> fee = {"each": 1469.0, "times": 2}
    >>> repeated_quote_words(fee, "EUR")
    '2 × 1,469 EUR: the quote is for one deliverable'
    """
    return f"{repeated_quote_amount(fee, currency)}: the quote is for one deliverable"


def repeated_quote_amount(fee: PlannedFee, currency: str) -> str:
    """Return how often which amount is bought, as 2 × 1,469 EUR."""
    return f"{fee['times']} × {format_money(fee['each'], currency)}"


def outcomes_words(share: float) -> str:
    """Return a share of the draws in words, never as certain.

    >>> outcomes_words(1.0), outcomes_words(0.534)
    ('more than 99 of 100 simulated outcomes', '53 of 100 simulated outcomes')
    """
    if share > 0.99:
        return "more than 99 of 100 simulated outcomes"
    if share < 0.01:
        return "fewer than 1 of 100 simulated outcomes"
    return f"{round(100 * share)} of 100 simulated outcomes"
