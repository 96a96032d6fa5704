"""A report as one HTML page: no script, no outside asset; texts are escaped by the template."""

import re
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from serving.report.charts import draw_chart
from serving.report.content import Chart, Entry, Report
from serving.report.scale import Scale, axis_scale

TEMPLATE = "report.html.jinja"


def render_report(report: Report) -> str:
    """Return the page of a report; the same report gives the same text."""
    return _template().render(
        report=report,
        draw=_draw,
        scale_of=_scale_of,
        percent=_percent,
    )


@lru_cache(1)
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        finalize=_keep_together,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE)


def _keep_together(value: object) -> object:
    """Keep a figure and its percent sign on one line."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", value)
    return value


def _draw(chart: Chart) -> Markup:
    """Return the SVG of a picture; all texts in it are escaped already."""
    return Markup(draw_chart(chart))


def _scale_of(entries: tuple[Entry, ...]) -> Scale:
    intervals = [entry.interval for entry in entries if entry.interval is not None]
    return axis_scale(intervals, *(entry.now for entry in entries))


def _percent(scale: Scale, value: float) -> str:
    """Return where a value lies on a scale, in percent of its width."""
    return f"{100 * scale.position(value):.1f}"
