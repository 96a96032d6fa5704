"""Words that the parts of a plan have in common."""

from serving.plan.problem import Objective


def value_words(objective: Objective) -> str:
    """Return in words what kind of total an objective is about.

    >>> value_words(Objective("mean")), value_words(Objective("cvar"))
    ('on average', 'if it goes badly')
    """
    return "on average" if objective.kind == "mean" else "if it goes badly"
