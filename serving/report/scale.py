"""The axis that ranges share: linear from 0, or in powers of ten where they differ a lot."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from serving.report.content import Interval

#: Largest upper end over smallest lower end from which on an axis is in powers of ten.
MAX_LINEAR_RATIO = 30.0
#: The least count that an axis in powers of ten shows.
MIN_COUNT = 1.0


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`."""

    low: float
    high: float
    is_log: bool

    def position(self, value: float) -> float:
        """Return where a value lies, 0 to 1; what is beyond an end lies at it."""
        ends = (self.low, self.high)
        inside = min(max(value, self.low), self.high)
        if self.is_log:
            low, high = (math.log(end) for end in ends)
            return (math.log(inside) - low) / (high - low)
        return (inside - self.low) / (self.high - self.low)


def axis_scale(intervals: Iterable[Interval], *marks: float | None) -> Scale:
    """Return an axis that shows all intervals and marks.

    >>> axis_scale([Interval(100, 200, 400)])
    Scale(low=0.0, high=420.0, is_log=False)
    >>> axis_scale([Interval(10, 20, 40), Interval(1000, 2000, 9000)]).is_log
    True
    """
    known = list(intervals)
    extra = [mark for mark in marks if mark is not None]
    high = max([*(one.high for one in known), *extra, MIN_COUNT])
    lows = [one.low for one in known] or [0.0]
    uppers = [one.high for one in known] or [1.0]
    is_log = high / max(min(lows), MIN_COUNT) > MAX_LINEAR_RATIO and len(set(uppers)) > 1
    if is_log:
        return Scale(max(min([*lows, *extra]), MIN_COUNT) / 1.15, high * 1.15, True)
    return Scale(0.0, high * 1.05, False)
