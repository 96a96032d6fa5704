"""How far a run is: a live bar on a terminal, now and then a line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from serving.batch.run_report import ProgressReporter

#: Seconds between two lines.
EVERY = 10.0


class _Rate(ProgressColumn):
    """Rows a second, as they came of late."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} rows/s" if speed else "- rows/s")


@contextmanager
def console_reporter(
    console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[ProgressReporter]:
    """Give a watcher that shows on a console what it is told."""

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
    """Make the bar: rows, rows a second, rejected, time that is left."""
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
        """Tell how far it is, unless that was told just now."""
        now = self._clock()
        if now - self._last < EVERY:
            return
        self._last = now
        rate = done / (now - self._began)
        left = f", about {max(total - done, 0) / rate:,.0f} s left" if total and rate else ""
        of = f" of {total:,}" if total else ""
        self._tell(f"{done:,}{of} rows, {rate:,.0f} rows/s, {rejected:,} rejected{left}")
