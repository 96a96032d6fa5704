"""Bags of terms as weights, and what they score by a table of the niches of each term."""

from collections import Counter
from typing import NamedTuple

import numpy as np


class TermWeights(NamedTuple):
    """The bag, the column and the weight of each distinct term of some bags, (terms,) each."""

    bag: np.ndarray
    column: np.ndarray
    weight: np.ndarray


def weigh_terms(bags: list[Counter[str]], columns: dict[str, int]) -> TermWeights:
    """Weigh each bag's terms by 1 + ln(count), scaled to unit length for each bag.

    A plural without a column has that of its singular. The terms are in order of the bags.
    """
    if not columns:
        return TermWeights(np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0))
    occurrences = []
    for number, bag in enumerate(bags):
        for term, count in bag.items():
            column = _column(term, columns)
            if column is not None:
                occurrences.append((number * len(columns) + column, count))
    keys, counts = np.array(occurrences, dtype=int).reshape(-1, 2).T
    distinct, place = np.unique(keys, return_inverse=True)
    bag_of_term, column_of_term = np.divmod(distinct, len(columns))
    weight = 1 + np.log(np.bincount(place, counts))
    length = np.sqrt(np.bincount(bag_of_term, weight**2))
    return TermWeights(bag_of_term, column_of_term, weight / length[bag_of_term])


def score_bags(weights: TermWeights, table: np.ndarray, bags: int) -> np.ndarray:
    """Add up the table's rows (terms, niches) by the weights of each bag, shape (bags, niches)."""
    bag, column, weight = weights
    scores = np.zeros((bags, table.shape[1]))
    if len(bag):
        first = np.flatnonzero(np.diff(bag, prepend=-1))
        scores[bag[first]] = np.add.reduceat(weight[:, np.newaxis] * table[column], first)
    return scores


def _column(term: str, columns: dict[str, int]) -> int | None:
    """Return the column of a term or of its singular, None where neither has one."""
    column = columns.get(term)
    if column is None and term[-1] == "s":
        return columns.get(term[:-1])
    return column
