"""Ranges as bars of characters, which every spreadsheet program and printer shows alike."""

import math
from dataclasses import dataclass

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

    def bar(
        self,
        low: float | None,
        middle: float | None,
        high: float | None,
        now: float | None = None,
    ) -> str | None:
        """Return the bar from `low` to `high` with a mark at the middle and one at `now`;
        None where an end or the middle is unknown.

        >>> print(BarScale(10, 1000).bar(10, 100, 1000))
        ▄▄▄▄▄▄▄▄▄▄▄▄█▄▄▄▄▄▄▄▄▄▄▄▄▄
        """
        if low is None or middle is None or high is None:
            return None
        first, mark, last = (self._place(value) for value in (low, middle, high))
        cells = [_RANGE if first <= place <= last else _TRACK for place in range(WIDTH)]
        cells[mark] = _MIDDLE
        if now is not None:
            cells[self._place(now)] = _NOW
        return "".join(cells)

    def _place(self, value: float) -> int:
        width = math.log(self.high / self.low)
        share = math.log(max(value, self.low) / self.low) / width if width > 0 else 0.5
        return min(max(round(share * (WIDTH - 1)), 0), WIDTH - 1)
