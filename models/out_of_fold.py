"""Corrections of rows by fits that did not see their creators."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold

from models.boosting import choose_tree_count
from models.corrections import rows_by_evidence
from models.linear import LinearCorrection, predict_by_evidence

#: Fits the booster to the rows `train`, (k,). Returns its correction of the rows `test`, (m,), and
#: their error after each tree, [] where all trees are kept.
FitFold = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, list[float]]]


@dataclass(frozen=True)
class TrainingRows:
    """The n rows that a forecaster is fitted to.

    `seen`: the columns that the corrections see, (n, columns); `sloped`: positions among them of
    those with a slope in the linear correction; `target` (n,): ln(1 + count) minus the offset;
    `weight` (n,); `evidence`, `platform`, `creator`: codes (n,); `evidences`: number of evidence
    codes.
    """

    seen: np.ndarray
    sloped: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    evidence: np.ndarray
    platform: np.ndarray
    creator: np.ndarray
    evidences: int

    def fit_lines(self, rows: np.ndarray | None = None) -> list[LinearCorrection]:
        """Fit a linear correction for each evidence to those of `rows` (default: all) that have it;
        to all of them where those are few.
        """
        if rows is None:
            rows = np.arange(len(self.target))
        lines = []
        for mask in rows_by_evidence(self.evidence[rows], self.weight[rows], self.evidences):
            chosen = rows[mask]
            x = self.seen[np.ix_(chosen, self.sloped)]
            lines.append(LinearCorrection.fit(x, self.target[chosen], self.weight[chosen]))
        return lines


def corrections_out_of_fold(
    rows: TrainingRows, folds: int, fit_fold: FitFold
) -> tuple[np.ndarray, int | None]:
    """Return each row's linear and boosted correction, (n, 2), by fits without its creator, and the
    number of trees to keep (None: all of them).

    With a single creator there is nothing to leave out: both corrections are the median target.
    """
    corrections = np.full((len(rows.target), 2), np.median(rows.target))
    folds = min(folds, len(np.unique(rows.creator)))
    if folds < 2:
        return corrections, None
    curves = []
    for train, test in GroupKFold(folds).split(rows.seen, groups=rows.creator):
        corrections[test, 1], curve = fit_fold(train, test)
        if curve:
            curves.append(curve)
        if (rows.weight[train] > 0).any():
            lines = rows.fit_lines(train)
            x = rows.seen[test].take(rows.sloped, axis=1)
            corrections[test, 0] = predict_by_evidence(lines, x, rows.evidence[test])
    return corrections, choose_tree_count(curves) if curves else None
