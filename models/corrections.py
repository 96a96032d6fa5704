"""How much of each correction of the offset is applied, and the factor of the scale.

A correction must help twice: with creators left out of the fit, and with posts later than the fit.
On a short calm panel the creators alone chose shares that were 3 % worse than the offset on later
posts.
"""

import numpy as np

#: Shares of the linear and of the boosted correction that are tried for each evidence.
CORRECTION_SHARE_GRID = np.array([(a, b) for a in range(11) for b in range(11 - a)]) / 10
#: Rows of an evidence below which it takes the correction of all rows.
ENOUGH_ROWS = 50


def correction_share_errors(
    target: np.ndarray,
    corrections: np.ndarray,
    weight: np.ndarray,
    evidence: np.ndarray,
    evidences: int,
) -> np.ndarray:
    """Return for each of CORRECTION_SHARE_GRID the mean absolute error that it leaves, as a ratio
    to that of the offset alone, (evidences, len(CORRECTION_SHARE_GRID)).

    `target`: y - offset, (n,); `corrections`: (n, 2), by models that did not see the row; `weight`
    and `evidence`: (n,). 1 for all where the offset alone has no error.
    """
    ratios = []
    for rows in rows_by_evidence(evidence, weight, evidences):
        of_rows, corrections_of_rows = target[rows], corrections[rows]
        errors = [
            np.abs(of_rows - corrections_of_rows @ shares) for shares in CORRECTION_SHARE_GRID
        ]
        mean = np.average(errors, axis=1, weights=weight[rows])
        ratios.append(mean / mean[0] if mean[0] > 0 else np.ones(len(mean)))
    return np.array(ratios)


def choose_correction_shares(
    by_creators: np.ndarray, by_later_posts: np.ndarray | None = None
) -> np.ndarray:
    """Choose the shares of both corrections for each evidence, (evidences, 2), by two
    `correction_share_errors`.

    Among the shares that are no worse than the offset alone, neither for creators left out nor for
    later posts, those with the least mean of both errors; the offset alone where there are none.
    """
    errors = by_creators if by_later_posts is None else (by_creators + by_later_posts) / 2
    worse = by_creators > 1
    if by_later_posts is not None:
        worse |= by_later_posts > 1
    return CORRECTION_SHARE_GRID[np.where(worse, np.inf, errors).argmin(axis=1)]


def history_scale(posts: np.ndarray, mad: np.ndarray) -> np.ndarray:
    """Return the factor of the scale for a history, (n,): larger where the history is short, and
    where its posts vary much.

    `posts`: number of known posts; `mad`: their median absolute deviation of ln(1 + count), NaN
    where there are none.

    >>> history_scale(np.array([0.0, 5.0]), np.array([np.nan, 0.5])).tolist()
    [1.4, 1.2]
    """
    spread = np.where(np.isnan(mad), 0.5, np.minimum(np.maximum(mad, 0.1), 3.0)) / 0.5
    return (1 + 2 / (posts + 5)) * spread ** (0.3 * posts / (posts + 10))


def rows_by_evidence(evidence: np.ndarray, weight: np.ndarray, evidences: int) -> list[np.ndarray]:
    """Return for each evidence a mask, (n,), of the rows that it learns from: its own rows with a
    weight above 0; those of all evidences where its own are fewer than ENOUGH_ROWS.
    """
    weighted = weight > 0
    masks = [weighted & (evidence == code) for code in range(evidences)]
    return [mask if mask.sum() >= ENOUGH_ROWS else weighted for mask in masks]
