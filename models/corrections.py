"""How much of each correction of the offset is applied, and what the scale is multiplied by.

A correction must earn its share twice: with creators left out of the fit, and with posts later than
the fit. On a short calm panel the former alone chose shares that lost 3 % to the offset on later
posts.
"""

import numpy as np

#: Shares of the linear and of the boosted correction that are tried for each evidence.
CORRECTION_SHARE_GRID = np.array([(a, b) for a in range(11) for b in range(11 - a)]) / 10
#: Rows of an evidence below which it takes the correction of all rows.
ENOUGH_ROWS = 50


def correction_share_errors(target, corrections, weight, evidence, evidences: int) -> np.ndarray:
    """Give the error that each of CORRECTION_SHARE_GRID leaves over that of the offset alone,
    (evidences, len(CORRECTION_SHARE_GRID)).

    `target` (n,): y - offset; `corrections` (n, 2), as models that did not see the row make them. 1
    for all where the offset alone never errs.
    """

    def of_rows(rows: np.ndarray) -> np.ndarray:
        error = [
            np.abs(target[rows] - corrections[rows] @ shares) for shares in CORRECTION_SHARE_GRID
        ]
        mean = np.average(error, axis=1, weights=weight[rows])
        return mean / mean[0] if mean[0] > 0 else np.ones(len(mean))

    return np.array([of_rows(rows) for rows in rows_by_evidence(evidence, weight, evidences)])


def choose_correction_shares(
    by_creators: np.ndarray, by_later_posts: np.ndarray | None = None
) -> np.ndarray:
    """Choose the shares of both corrections for each evidence, (evidences, 2), by two
    `correction_share_errors`.

    The least mean of both errors, among the shares that are worse than the offset alone neither for
    creators left out nor for later posts; the offset alone where there are none.
    """
    errors = by_creators if by_later_posts is None else (by_creators + by_later_posts) / 2
    worse = by_creators > 1
    if by_later_posts is not None:
        worse |= by_later_posts > 1
    return CORRECTION_SHARE_GRID[np.where(worse, np.inf, errors).argmin(axis=1)]


def history_scale(posts: np.ndarray, mad: np.ndarray) -> np.ndarray:
    """Give the factor of the scale that a history suggests, (n,): wide where short, and as wide as
    its own posts.

    `posts`: known posts; `mad`: their median absolute deviation of ln(1 + count), NaN where there
    are none.

    >>> history_scale(np.array([0.0, 5.0]), np.array([np.nan, 0.5])).tolist()
    [1.4, 1.2]
    """
    own = np.where(np.isnan(mad), 0.5, np.clip(mad, 0.1, 3.0)) / 0.5
    return (1 + 2 / (posts + 5)) * own ** (0.3 * posts / (posts + 10))


def rows_by_evidence(evidence, weight, evidences: int) -> list[np.ndarray]:
    """Give the rows (masks (n,)) that each evidence learns from: its own that weigh, all where they
    are few.
    """
    known = weight > 0
    own = [known & (evidence == code) for code in range(evidences)]
    return [at if at.sum() >= ENOUGH_ROWS else known for at in own]
