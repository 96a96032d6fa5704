"""The pictures of a report as static SVG, drawn by matplotlib: no script, no outside asset, the
same input gives the same text.

Colours are variables of the page, so that a picture is readable in light and dark; names stand in
as texts of the page's font, since matplotlib knows no emoji and no writing from right to left.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

from serving.report.content import Chart, CoverageChart, FrontierChart, Interval, RangeChart
from serving.report.scale import Scale, axis_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Width of a picture and height of one of its lines, in inches: it is read on a phone too.
WIDTH, LINE_HEIGHT = 5.0, 0.27
#: Characters of a name that a picture shows.
NAME_LENGTH = 26
#: What matplotlib draws with -> the variable of the page.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--muted)",
    "#030303": "var(--line)",
    "#040404": "var(--accent)",
    "#050505": "var(--mark)",
    "#060606": "var(--paper)",
}
INK, MUTED, LINE, ACCENT, MARK, PAPER = _COLOURS
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "creatorcast",
    "font.size": 10.5,
    "text.parse_math": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}
#: Metadata that would differ from run to run or tell of the machine.
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def draw_chart(chart: Chart) -> str:
    """Return a picture as an SVG element, with its title and what it shows as texts in it."""
    if isinstance(chart, RangeChart):
        return _draw_ranges(chart)
    if isinstance(chart, FrontierChart):
        return _draw_frontier(chart)
    return _draw_coverage(chart)


def _draw_ranges(chart: RangeChart) -> str:
    intervals = [row.interval for row in chart.rows]
    befores = [row.before for row in chart.rows if row.before]
    marks = [row.now for row in chart.rows]
    scale = axis_scale([*intervals, *befores], chart.goal, *marks)
    with _figure(len(chart.rows) * LINE_HEIGHT + 0.75) as (figure, axes):
        for line, row in enumerate(chart.rows):
            if row.before:
                axes.hlines(line + 0.28, *_ends(row.before, scale), color=MUTED, linewidth=1.2)
            width = 6 if row.is_total else 3.5
            ends = _ends(row.interval, scale)
            axes.hlines(line, *ends, color=ACCENT, linewidth=width, alpha=0.55)
            middle = min(max(row.interval.middle, scale.low), scale.high)
            size = 7 if row.is_total else 5
            axes.plot(middle, line, "o", color=ACCENT, markersize=size, markeredgecolor=PAPER)
            if row.now is not None:
                at = max(row.now, scale.low)
                axes.plot(at, line, "|", color=INK, markersize=11, markeredgewidth=1.8)
        if chart.goal is not None:
            axes.axvline(chart.goal, color=MARK, linewidth=1.2, linestyle=(0, (4, 3)))
        _count_axis(axes, scale, chart.unit)
        _name_lines(axes, [row.label for row in chart.rows])
        svg = _to_svg(figure, chart.key)
    return _finished(svg, chart, [row.label for row in chart.rows])


def _draw_frontier(chart: FrontierChart) -> str:
    with _figure(2.9) as (figure, axes):
        lows, middles, highs = (
            [getattr(one, name) for one in chart.intervals] for name in ("low", "middle", "high")
        )
        axes.fill_between(chart.budgets, lows, highs, color=ACCENT, alpha=0.18, linewidth=0)
        axes.plot(chart.budgets, middles, "o-", color=ACCENT, linewidth=1.6, markersize=4.5)
        axes.axvline(chart.budget, color=MARK, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.set_ylim(0, max(highs) * 1.08)
        axes.set_xlim(0, max(chart.budgets) * 1.05)
        axes.grid(axis="y", color=LINE, linewidth=0.6)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: _count(value))
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(f"budget, {chart.currency}")
        axes.set_ylabel(chart.unit)
        svg = _to_svg(figure, chart.key)
    return _finished(svg, chart, [])


def _draw_coverage(chart: CoverageChart) -> str:
    labels = list(dict.fromkeys(check.label for check in chart.checks))
    least = min([0.5, *(check.low for check in chart.checks)])
    with _figure(len(labels) * 1.4 * LINE_HEIGHT + 0.75) as (figure, axes):
        for check in chart.checks:
            line = labels.index(check.label) + (-0.14 if check.level == 80 else 0.18)
            colour = ACCENT if check.level == 80 else MUTED
            axes.hlines(line, 100 * check.low, 100 * check.high, color=colour, linewidth=2)
            axes.plot(
                100 * check.share,
                line,
                "o" if check.level == 80 else "s",
                color=colour,
                markersize=5,
                markeredgecolor=PAPER,
            )
        for level, colour in ((80, ACCENT), (90, MUTED)):
            axes.axvline(level, color=colour, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlim(100 * least - 2, 100)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} %")
        axes.set_xlabel("share of later posts inside of the range")
        _name_lines(axes, labels)
        svg = _to_svg(figure, chart.key)
    return _finished(svg, chart, labels)


@contextmanager
def _figure(height: float) -> Iterator[tuple[Figure, Axes]]:
    """Yield a figure with one pair of axes; no window, and nothing stays of it."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, figure.subplots()


def _ends(interval: Interval, scale: Scale) -> tuple[float, float]:
    return max(interval.low, scale.low), min(max(interval.high, scale.low), scale.high)


def _count_axis(axes: Axes, scale: Scale, unit: str) -> None:
    """Make the axis of counts, along the bottom."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    if scale.is_log:
        axes.set_xscale("log")
        is_short = scale.high / scale.low < 1000
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if is_short else (1,), numticks=9))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", which="minor", length=0)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3))
    axes.set_xlim(scale.low, scale.high)
    axes.xaxis.set_major_formatter(lambda value, _: _count(value))
    axes.grid(axis="x", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{unit} (the steps grow)" if scale.is_log else unit)


def _name_lines(axes: Axes, names: list[str]) -> None:
    """Make the axis of names, first one on top, each with a place that its name is put into."""
    width = min(max(map(len, names)), NAME_LENGTH)
    places = [f"name{line}at".ljust(width, "n") for line in range(len(names))]
    axes.set_yticks(range(len(names)), places)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2g}"


def _to_svg(figure: Figure, key: str) -> str:
    """Return the SVG element of a figure: without the head of a file, in the page's colours and
    font, its ids led by `key` so that they differ from those of other pictures.
    """
    text = StringIO()
    figure.savefig(text, format="svg", metadata=_NO_METADATA)
    svg = text.getvalue()
    svg = re.sub(r"<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{key}-', svg)
    svg = re.sub(r'href="#', f'href="#{key}-', svg)
    svg = svg.replace("url(#", f"url(#{key}-")
    for colour, variable in _COLOURS.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "inherit", svg)
    return re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', svg, count=1)


def _finished(svg: str, chart: Chart, names: list[str]) -> str:
    """Put names into their places and say what the picture is for readers who do not see it."""
    svg = re.sub(r"name(\d+)atn*", lambda place: _name_text(names[int(place[1])]), svg)
    head, rest = svg.split(">", 1)
    title = html.escape(f"{chart.title}. {chart.caption}")
    return f'{head} role="img" class="chart"><title>{title}</title>{rest}'


def _name_text(name: str) -> str:
    short = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1].rstrip()}…"
    return html.escape(short)
