"""Seconds of the stages of a training."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Stopwatch:
    """Measures stages; `seconds` has the wall-clock seconds of each by name, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the seconds until the context ends, by an error too, to those of the stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


def durations_text(seconds: Mapping[str, float]) -> str:
    """Return the seconds of each stage and their sum as one line.

    >>> durations_text({"read": 1.25, "backtest": 60.0})
    'took 61 s: read 1.2 s, backtest 60 s'
    """
    stages = ", ".join(f"{name} {_seconds_text(value)}" for name, value in seconds.items())
    return f"took {_seconds_text(sum(seconds.values()))}: {stages}"


def _seconds_text(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"
