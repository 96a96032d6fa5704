"""A plan as a workbook that a manager forwards: who is signed, who is left out and why, what other
budgets bring, and what it all rests on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.number_text import format_money, round_estimates
from serving.plan.answer import Figures, Plan, RosterEntry
from serving.plan.terminal import objective_text
from serving.scoring.booked_words import booked_words
from serving.scoring.descriptive_columns import basis_text
from serving.scoring.warning_texts import warning_sentences
from serving.workbook.cells import row_height, text_lines, write_cell
from serving.workbook.contents import EVIDENCE_WORDS, WHOLE
from serving.workbook.money_format import money_cell
from serving.workbook.styles import Styles

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

_FIGURES = {
    "p50": "Engagements (middle case)",
    "p10": "Low (1 in 10 below)",
    "p90": "High (1 in 10 above)",
    "mean": "Engagements on average",
}
#: A value of a cell and its format of Excel; texts have the format "".
_Cell = tuple[Any, str]


@dataclass(frozen=True)
class _Column:
    """A column of a table: head, width in characters, and what it says of an item."""

    head: str
    width: float
    cell: Callable[[Any], _Cell]
    is_wrapped: bool = False


def write_plan_workbook(plan: Plan, path: Path) -> None:
    """Write a plan to `path`: the sheets Plan, Left out, Rejected, Other budgets and About."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        styles = Styles(book)
        _write_roster(book, styles, plan)
        left_out = [_text("Creator", 26, "name"), _text("Why", 100, "text", is_wrapped=True)]
        _write_table(_sheet(book, "Left out"), styles, left_out, plan["left_out"])
        rejected = [
            _text("Row", 10, "row"),
            _text("Id", 24, "partnership_id"),
            _Column("Why", 100, lambda one: ("; ".join(one["reasons"]), ""), True),
        ]
        _write_table(_sheet(book, "Rejected"), styles, rejected, plan["rejected"])
        budgets = _budget_columns(plan["currency"])
        _write_table(_sheet(book, "Other budgets"), styles, budgets, plan["frontier"])
        _write_about(_sheet(book, "About"), styles, plan)


def _sheet(book: "Workbook", name: str) -> "Worksheet":
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")
    return sheet


def _write_roster(book: "Workbook", styles: Styles, plan: Plan) -> None:
    sheet = _sheet(book, "Plan")
    currency = plan["currency"]
    spend, budget = (format_money(plan[name], currency) for name in ("spend", "budget"))
    lines = [f"{spend} of {budget}", *plan["warnings"]]
    write_cell(sheet, 0, 0, plan["sentence"], styles.section())
    for row, line in enumerate(lines, start=1):
        write_cell(sheet, row, 0, line, styles.plain())
    columns = _roster_columns(plan)
    below = _write_table(sheet, styles, columns, plan["roster"], len(lines) + 2)
    total, fees = plan["total"], [entry["fee"]["total"] for entry in plan["roster"]]
    cells: dict[str, _Cell] = {
        "Creator": (f"all {total['creators']}", ""),
        "Signed for": (f"{total['deliverables']} deliverables", ""),
        "Fee": money_cell(sum(fees), currency),
        **{head: _count(total["engagements"], name) for name, head in _FIGURES.items()},
        "Cost per engagement": money_cell(total["cpe"], currency),
    }
    for name in _part_names(plan):
        amounts = [_part(entry, name) or 0.0 for entry in plan["roster"]]
        cells[_part_head(name)] = money_cell(sum(amounts), currency)
    for place, column in enumerate(columns):
        value, number_format = cells.get(column.head, (None, ""))
        write_cell(sheet, below, place, value, styles.total(number_format))


def _roster_columns(plan: Plan) -> list[_Column]:
    currency = plan["currency"]

    def money(head: str, value: Callable[[RosterEntry], float | None]) -> _Column:
        return _Column(head, 14, lambda entry: money_cell(value(entry), currency))

    parts = [
        money(_part_head(name), lambda entry, name=name: _part(entry, name))  # type: ignore[misc]
        for name in _part_names(plan)
    ]
    figures = [
        _Column(head, 14, lambda entry, name=name: _count(entry["engagements"], name))  # type: ignore[misc]
        for name, head in _FIGURES.items()
    ]
    return [
        _text("Creator", 24, "name"),
        _text("Platform", 11, "platform"),
        _text("Size", 9, "band"),
        _Column("Signed for", 20, lambda entry: (_booked(entry), "")),
        money("Fee", lambda entry: entry["fee"]["total"]),
        _Column("Fee is", 16, lambda entry: (_fee_source(entry), "")),
        *parts,
        *figures,
        money("Cost per engagement", lambda entry: entry["cpe"]),
        money("Highest fee that pays", lambda entry: entry["break_even_fee"]),
        _Column("Rests on", 13, lambda entry: (EVIDENCE_WORDS.get(entry["evidence"], ""), "")),
        _text("In words", 48, "sentence", is_wrapped=True),
        _Column("What to know", 48, lambda one: (warning_sentences(one["warnings"]), ""), True),
    ]


def _budget_columns(currency: str) -> list[_Column]:
    figures = [
        _Column(head, 16, lambda point, name=name: _count(point["engagements"], name))  # type: ignore[misc]
        for name, head in _FIGURES.items()
    ]
    return [
        _Column("Budget", 16, lambda point: money_cell(point["budget"], currency)),
        _Column("Spent", 16, lambda point: money_cell(point["spend"], currency)),
        _Column("Creators", 10, lambda point: (point["creators"], WHOLE)),
        *figures,
    ]


def _write_table(
    sheet: "Worksheet", styles: Styles, columns: Sequence[_Column], items: Sequence, first: int = 0
) -> int:
    """Write a table from the row `first` on; return the row below it."""
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        write_cell(sheet, first, place, column.head, styles.header(own=False))
    sheet.set_row(first, row_height(2))
    sheet.freeze_panes(first + 1, 1)
    sheet.repeat_rows(first)
    for row, item in enumerate(items, start=first + 1):
        cells = [column.cell(item) for column in columns]
        lines = [
            text_lines(value, column.width)
            for column, (value, _) in zip(columns, cells, strict=True)
            if column.is_wrapped
        ]
        sheet.set_row(row, row_height(max([1, *lines])))
        for place, (value, number_format) in enumerate(cells):
            style = styles.number(number_format) if number_format else styles.text()
            if columns[place].is_wrapped:
                style = styles.wrapped()
            write_cell(sheet, row, place, value, style)
    if items:
        sheet.autofilter(first, 0, first + len(items), len(columns) - 1)
    return first + len(items) + 1


def _write_about(sheet: "Worksheet", styles: Styles, plan: Plan) -> None:
    counts = plan["counts"]
    lines = {
        "chosen for": objective_text(plan),
        "rows": f"{counts['read']:,} read = {counts['in_plan']:,} in the plan + "
        f"{counts['left_out']:,} left out + {counts['rejected']:,} rejected",
        "rules that cost": "\n".join(one["text"] for one in plan["binding"]) or "none",
        "more money": (plan["next_1000"] or {"text": ""})["text"],
        "other plans": "\n".join(one["text"] for one in plan["close_plans"]),
        "search": f"{plan['status']}; another plan may be better by up to {plan['gap']:.1%}",
        "model": f"{plan['model_version']}, {basis_text(plan['trained_on'])}",
        "as of": f"{plan['as_of']}; nothing later is used",
        "draws": f"seed {plan['seed']}: the same seed gives the same plan",
        "middle case": "half of the cases are below, half above; the average is higher where a few "
        "posts do very well",
        "fee": "with all its parts; the cost per engagement and the highest fee that pays are of "
        "the part that buys engagement",
    }
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 110)
    for row, (label, text) in enumerate(lines.items()):
        write_cell(sheet, row, 0, label, styles.label())
        write_cell(sheet, row, 1, text, styles.wrapped())
        sheet.set_row(row, row_height(text_lines(text, 110)))


def _text(head: str, width: float, name: str, is_wrapped: bool = False) -> _Column:
    return _Column(head, width, lambda one: (one[name], ""), is_wrapped)


def _count(figures: Figures, name: str) -> _Cell:
    return float(round_estimates(figures[name])), WHOLE  # type: ignore[literal-required]


def _booked(entry: RosterEntry) -> str | None:
    return booked_words(entry["platform"], entry["format"], entry["package"], entry["deliverables"])


def _fee_source(entry: RosterEntry) -> str:
    return "quoted" if entry["fee"]["source"] == "quoted" else "usual, not quoted"


def _part_names(plan: Plan) -> list[str]:
    return list(dict.fromkeys(_names_of_parts(plan["roster"])))


def _names_of_parts(roster: Iterable[RosterEntry]) -> Iterable[str]:
    for entry in roster:
        for part in entry["fee"]["parts"]:
            yield part["name"]


def _part_head(name: str) -> str:
    return f"of it {name.replace('_', ' ')}"


def _part(entry: RosterEntry, name: str) -> float | None:
    amounts = [part["amount"] for part in entry["fee"]["parts"] if part["name"] == name]
    return sum(amounts) if amounts else None
