"""Ranges as bars of characters, which every spreadsheet program and printer shows alike."""

import math
from dataclasses import dataclass

import numpy as np

#: Characters of a bar.
WIDTH = 26
_TRACK, _RANGE, _MIDDLE, _NOW = "▁▄█|"


@dataclass(frozen=True)
class BarScale:
    """The scale that the bars of a list share, in equal steps of the logarithm: an account of 5,000
    followers stays visible beside one of a million.
    """

    low: float
    high: float

    def bar(self, low: float, middle: float, high: float, now: float | None = None) -> str:
        """Return the bar from `low` to `high` with a mark at the middle and one at `now`.

        >>> print(BarScale(10, 1000).bar(10, 100, 1000))
        ▄▄▄▄▄▄▄▄▄▄▄▄█▄▄▄▄▄▄▄▄▄▄▄▄▄
        """
        ends = [low, middle, high] if now is None else [low, middle, high, now]
        return _draw(*self._places(np.array(ends, dtype=float)).tolist())

    def bars(self, low: np.ndarray, middle: np.ndarray, high: np.ndarray) -> list[str | None]:
        """Return the bar of each range, (m,); None where an end or the middle is unknown."""
        ends = np.stack([low, middle, high], axis=1)
        is_known = ~np.isnan(ends).any(axis=1)
        places = self._places(np.where(is_known[:, None], ends, self.low)).tolist()
        drawn = {tuple(one): _draw(*one) for one in np.unique(places, axis=0).tolist()}
        return [
            drawn[tuple(one)] if known else None
            for one, known in zip(places, is_known.tolist(), strict=True)
        ]

    def _places(self, values: np.ndarray) -> np.ndarray:
        """Return the characters, counted from 0, at which values lie, of any shape."""
        width = math.log(self.high / self.low)
        if width <= 0:
            return np.full(values.shape, round(0.5 * (WIDTH - 1)))
        shares = np.log(np.maximum(values, self.low) / self.low) / width
        return np.clip(np.rint(shares * (WIDTH - 1)), 0, WIDTH - 1).astype(int)


def _draw(first: int, middle: int, last: int, now: int | None = None) -> str:
    characters = [_RANGE if first <= place <= last else _TRACK for place in range(WIDTH)]
    characters[middle] = _MIDDLE
    if now is not None:
        characters[now] = _NOW
    return "".join(characters)
