"""What the watch found as tables of a terminal, for data scientists."""

import math
from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from features.number_text import count_text, format_amount
from monitoring.alarm import LEVEL, RISKS

_BY = {"all": "all", "model_version": "model"}
_RISK_WORDS = {
    "miss": "outside of the 80 % (half) and of the 90 % interval (whole)",
    "above": "above the median",
    "below": "below the median",
}


def print_watch(result: dict[str, Any], console: Console) -> None:
    """Print scores, money, alarm and drift; a score has its 95 % interval in brackets."""
    _print_scores(result["scores"], "Matured outcomes", console)
    if result["running"]:
        _print_scores(result["running"], "Posts that were online when they were forecast", console)
    if len(result["versions"]) > 1:
        _print_scores(result["versions"], "All models of the ledger", console)
    _print_money(result["scores"], console)
    _print_expected(result, console)
    _print_alarm(result["alarm"], console)
    _print_drift(result["drift"], console)
    for note in result["notes"]:
        console.print(f"Note: {note}.", soft_wrap=True, highlight=False)


def _table(title: str, names: tuple[str, ...], right: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _print_scores(rows: list[dict[str, Any]], title: str, console: Console) -> None:
    if not rows:
        return
    figures = ("outcomes", "creators", "in 80 %", "in 90 %", "CRPS", "of expected", "bias %")
    table = _table(title, ("by", "cell"), (*figures, "width"))
    for row in _told(rows):
        few = "few " if row["few"] else ""
        table.add_row(
            _BY.get(row["by"], row["by"]),
            row["cell"],
            f"{few}{row['outcomes']:,}",
            f"{row['creators']:,}",
            _with_range(row, "coverage_80", lambda value: f"{100 * value:.0f}"),
            _with_range(row, "coverage_90", lambda value: f"{100 * value:.0f}"),
            f"{row['crps']:.3f}",
            _with_range(row, "crps_ratio", lambda value: f"{value:.2f}"),
            _with_range(row, "bias", lambda value: f"{100 * math.expm1(value):+.0f}"),
            f"{math.exp(row['width_80']):.1f}x",
        )
    console.print(table)


def _told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows without those of a single cell, which are the same as all."""
    cells = Counter(row["by"] for row in rows)
    return [row for row in rows if row["by"] == "all" or cells[row["by"]] > 1]


def _print_money(rows: list[dict[str, Any]], console: Console) -> None:
    if not any(row["with_money"] for row in rows):
        return
    parts = {
        "gains made": "gains_made",
        "losses made": "losses_made",
        "losses avoided": "losses_avoided",
        "gains missed": "gains_missed",
    }
    table = _table(
        "Money by following the forecast and not the usual rule, USD",
        ("by", "cell"),
        ("fees", "differ", *parts, "saved", "expected"),
    )
    for row in _told(rows):
        table.add_row(
            _BY.get(row["by"], row["by"]),
            row["cell"],
            f"{row['with_money']:,}",
            f"{row['differ_from_rule']:,}",
            *(format_amount(row[name]) for name in parts.values()),
            _with_range(row, "saved_usd", format_amount),
            format_amount(row["expected_saved_usd"]),
        )
    console.print(table)


def _print_expected(result: dict[str, Any], console: Console) -> None:
    names = ("forecasts", "CRPS", "in 80 %", "in 90 %", "width", "differ", "saved, USD")
    table = _table("What the forecasts expect of themselves", ("forecasts",), names)
    for title, name in (("without outcome", "expected"), ("all", "expected_all")):
        row = result[name]
        if row["forecasts"]:
            table.add_row(
                title,
                f"{row['forecasts']:,}",
                f"{row['crps']:.3f}",
                "80",
                "90",
                f"{row['width_80_factor']:.1f}x",
                f"{row['differ_from_rule']:,}",
                format_amount(row["saved_usd"]),
            )
    if table.row_count:
        console.print(table)


def _print_alarm(alarm: dict[str, Any], console: Console) -> None:
    state = "raised" if alarm["is_raised"] else "quiet"
    title = (
        f"Alarm: {state} after {count_text(alarm['outcomes'], 'outcome')}. Evidence that forecasts "
        f"miss, which begins at 1: {alarm['wealth']:.2g} now, {alarm['highest']:.2g} at its "
        f"highest; {1 / LEVEL:g} raises the alarm"
    )
    table = _table(title, ("share of outcomes",), ("allowed", "observed"))
    for risk in RISKS:
        observed = alarm["observed"][risk]
        shown = "-" if observed is None else f"{observed:.3f}"
        table.add_row(_RISK_WORDS[risk], f"{alarm['allowed'][risk]:.3f}", shown)
    console.print(table)


def _print_drift(rows: list[dict[str, Any]], console: Console) -> None:
    if not rows:
        return
    names = ("forecasts", "creators", "index", "by chance", "drift", "not in training")
    table = _table("Drift of inputs from training", ("platform", "input"), names)
    for row in rows:
        table.add_row(
            row["platform"],
            row["name"],
            f"{row['forecasts']:,}",
            f"{row['creators']:,}",
            f"{row['index']:.2f}",
            f"{row['by_chance']:.2f}",
            row["kind"],
            f"{row['outside']:.0%}",
        )
    console.print(table)


def _with_range(row: dict[str, Any], name: str, words: Any) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return words(row[name]) + ("" if low is None else f" ({words(low)} to {words(high)})")
