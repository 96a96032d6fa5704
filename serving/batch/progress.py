"""How far a run is: a live bar on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from serving.batch.run_report import ProgressReporter

#: Seconds between two lines.
LINE_SECONDS = 10.0


class _Rate(ProgressColumn):
    """Rows a second, of the last while."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} rows/s" if speed else "- rows/s")


@contextmanager
def console_reporter(
    console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[ProgressReporter]:
    """Return a reporter that shows progress and notes on a console, as a context."""

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if console.is_terminal:
        with progress_bar(console) as shown:
            task = shown.add_task("scoring", total=None, rejected=0)
            yield ProgressReporter(
                lambda done, rejected, total: shown.update(
                    task, completed=done, rejected=rejected, total=total and max(total, done)
                ),
                tell,
            )
        return
    yield ProgressReporter(_Lines(tell, clock).progress, tell)


def progress_bar(console: Console) -> Progress:
    """Return a bar with rows, rows a second, rejected rows, and the time that is left."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:,} rows"),
        _Rate(),
        TextColumn("{task.fields[rejected]:,} rejected"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True)


class _Lines:
    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float]):
        self._tell, self._clock = tell, clock
        self._began = self._last = clock()

    def progress(self, done: int, rejected: int, total: int | None) -> None:
        """Print a line, except within LINE_SECONDS of the one before."""
        now = self._clock()
        if now - self._last < LINE_SECONDS:
            return
        self._last = now
        rate = done / (now - self._began)
        left = f", about {max(total - done, 0) / rate:,.0f} s left" if total and rate else ""
        of = f" of {total:,}" if total else ""
        self._tell(f"{done:,}{of} rows, {rate:,.0f} rows/s, {rejected:,} rejected{left}")
