"""Bags of terms as weights, and what they score by a table of the niches of each term."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class TermWeights(NamedTuple):
    """The bag, the column and the weight of each distinct term of some bags, (terms,) each."""

    bag: np.ndarray
    column: np.ndarray
    weight: np.ndarray


def term_columns(terms: Iterable[str]) -> dict[str, int]:
    """Return the place of each term, and for a plural that is no term itself that of its singular.

    >>> term_columns(["cat", "pets"])
    {'cats': 0, 'petss': 1, 'cat': 0, 'pets': 1}
    """
    columns = {term: column for column, term in enumerate(terms)}
    return {f"{term}s": column for term, column in columns.items()} | columns


def weigh_terms(bags: list[Counter[str]], columns: dict[str, int]) -> TermWeights:
    """Weigh each bag's terms by 1 + ln(count), scaled to unit length for each bag.

    `columns`: of terms, by `term_columns`. The terms are in order of the bags.
    """
    if not columns:
        return TermWeights(np.empty(0, dtype=int), np.empty(0, dtype=int), np.empty(0))
    occurrences = [
        (number * len(columns) + columns[term], count)
        for number, bag in enumerate(bags)
        for term, count in bag.items()
        if term in columns
    ]
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
