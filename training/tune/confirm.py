"""Whether the best recipe of a search beats the default beyond noise, on posts no trial saw."""

from dataclasses import dataclass

import numpy as np

from training.backtest.metrics import bootstrap_means, interval


@dataclass(frozen=True)
class Confirmation:
    """Both recipes on the confirmation cut: CRPS of each, and the change of the best one as a share
    of the default's, with its 95 % interval by a paired bootstrap over creators.
    """

    default: float
    best: float
    low: float
    high: float
    posts: int
    creators: int

    @property
    def change(self) -> float:
        return self.best / self.default - 1

    @property
    def beats_default(self) -> bool:
        """Whether the whole interval lies below 0."""
        return self.high < 0

    def text(self) -> str:
        """Return it as a sentence."""
        change = f"{self.change:+.1%} ({self.low:+.1%} to {self.high:+.1%})"
        return (
            f"CRPS {self.best:.4f} against {self.default:.4f} of the default, {change}, on "
            f"{self.posts:,} later posts of {self.creators:,} creators that no trial saw"
        )


def confirm(
    default: np.ndarray, best: np.ndarray, creator: np.ndarray, evidences: int
) -> Confirmation:
    """Compare two recipes by their scores of the same rows, (n,) each; `creator` (n,)."""
    draws = bootstrap_means(np.column_stack([default, best]), creator)
    low, high = interval(draws[:, 1] / draws[:, 0] - 1)
    return Confirmation(
        float(default.mean()),
        float(best.mean()),
        low,
        high,
        len(creator) // evidences,
        len(np.unique(creator)),
    )
