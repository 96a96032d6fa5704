"""What a run shows while it goes on."""

import io

from rich.console import Console

from serving.batch.progress import console_reporter


def test_lines_come_now_and_then_where_there_is_no_terminal():
    console, moments = Console(file=io.StringIO(), width=80), iter([0.0, 4.0, 10.0, 12.0, 25.0])
    with console_reporter(console, lambda: next(moments)) as watcher:
        watcher.notify("encoding: UTF-8")
        for done, rejected in ((400, 0), (1000, 2), (1200, 2)):
            watcher.progress(done, rejected, 4000)
        watcher.progress(2500, 3, None)
    assert console.file.getvalue().splitlines() == [
        "encoding: UTF-8",
        "1,000 of 4,000 rows, 100 rows/s, 2 rejected, about 30 s left",
        "2,500 rows, 100 rows/s, 3 rejected",
    ]


def test_a_terminal_shows_a_bar_that_goes():
    console = Console(
        file=io.StringIO(), width=110, force_terminal=True, color_system=None, record=True
    )
    with console_reporter(console) as watcher:
        watcher.progress(16_384, 3, 100_000)
        watcher.progress(49_152, 12, 100_000)
    shown = console.export_text().replace("\n", " ")
    assert "49,152 rows" in shown
    assert "rows/s 12 rejected" in shown
