"""Dotted paths into the objects and lists of JSON."""

from collections.abc import Iterable
from functools import cache


def get_path(value: object, path: str) -> object:
    """Return what a dotted path leads to through objects, and by number through lists; None where
    it leads nowhere.

    >>> get_path({"edges": [{"node": {"text": "hi"}}]}, "edges.0.node.text")
    'hi'
    """
    return follow_steps(value, split_path(path))


@cache
def split_path(path: str) -> tuple[str, ...]:
    """Return the steps of a dotted path."""
    return tuple(path.split("."))


def follow_steps(value: object, steps: Iterable[str]) -> object:
    """Return what the steps of a path lead to, as `get_path` does."""
    for step in steps:
        if type(value) is dict:
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value
