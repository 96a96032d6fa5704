"""A plan as a workbook that a manager forwards: who is signed, who is left out and why, what other
budgets bring, and what it all rests on.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from features.number_text import format_money, round_estimates
from serving.plan.answer import Figures, Plan, RosterEntry
from serving.plan.terminal import objective_text
from serving.plan.words import is_quote_repeated, repeated_quote_words
from serving.scoring.booked_words import booked_words
from serving.scoring.descriptive_columns import basis_text
from serving.scoring.warning_texts import warning_sentences
from serving.workbook.cells import write_cell
from serving.workbook.contents import EVIDENCE_WORDS, WHOLE
from serving.workbook.file_errors import disk_errors
from serving.workbook.item_table import (
    Cell,
    ItemColumn,
    landscape_sheet,
    text_column,
    write_items,
    write_labelled,
)
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


def write_plan_workbook(plan: Plan, path: Path) -> None:
    """Write a plan to `path`: the sheets Plan, Left out, Rejected, Other budgets and About.

    Raises OSError.
    """
    import xlsxwriter

    with disk_errors(), xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        styles = Styles(book)
        _write_roster(book, styles, plan)
        left_out = [
            text_column("Creator", 26, "name"),
            text_column("Why", 100, "text", is_wrapped=True),
        ]
        write_items(landscape_sheet(book, "Left out"), styles, left_out, plan["left_out"])
        rejected = [
            text_column("Row", 10, "row"),
            text_column("Id", 24, "partnership_id"),
            ItemColumn("Why", 100, lambda one: ("; ".join(one["reasons"]), ""), True),
        ]
        write_items(landscape_sheet(book, "Rejected"), styles, rejected, plan["rejected"])
        budgets = _budget_columns(plan["currency"])
        write_items(landscape_sheet(book, "Other budgets"), styles, budgets, plan["frontier"])
        _write_about(landscape_sheet(book, "About"), styles, plan)


def _write_roster(book: "Workbook", styles: Styles, plan: Plan) -> None:
    sheet = landscape_sheet(book, "Plan")
    currency = plan["currency"]
    spend, budget = (format_money(plan[name], currency) for name in ("spend", "budget"))
    lines = [f"{spend} of {budget}", *plan["warnings"]]
    write_cell(sheet, 0, 0, plan["sentence"], styles.section())
    for row, line in enumerate(lines, start=1):
        write_cell(sheet, row, 0, line, styles.plain())
    columns = _roster_columns(plan)
    below = write_items(sheet, styles, columns, plan["roster"], len(lines) + 2)
    total, fees = plan["total"], [entry["fee"]["total"] for entry in plan["roster"]]
    cells: dict[str, Cell] = {
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


def _roster_columns(plan: Plan) -> list[ItemColumn]:
    currency = plan["currency"]

    def money(head: str, value: Callable[[RosterEntry], float | None]) -> ItemColumn:
        return ItemColumn(head, 14, lambda entry: money_cell(value(entry), currency))

    parts = [
        money(_part_head(name), lambda entry, name=name: _part(entry, name))  # type: ignore[misc]
        for name in _part_names(plan)
    ]
    figures = [
        ItemColumn(head, 14, lambda entry, name=name: _count(entry["engagements"], name))  # type: ignore[misc]
        for name, head in _FIGURES.items()
    ]
    return [
        text_column("Creator", 24, "name"),
        text_column("Platform", 11, "platform"),
        text_column("Size", 9, "band"),
        ItemColumn("Signed for", 20, lambda entry: (_booked(entry), "")),
        money("Fee", lambda entry: entry["fee"]["total"]),
        ItemColumn("Fee is", 22, lambda entry: (_fee_source(entry, currency), "")),
        *parts,
        *figures,
        money("Cost per engagement", lambda entry: entry["cpe"]),
        money("Highest fee that pays", lambda entry: entry["break_even_fee"]),
        ItemColumn("Rests on", 13, lambda entry: (EVIDENCE_WORDS.get(entry["evidence"], ""), "")),
        text_column("In words", 48, "sentence", is_wrapped=True),
        ItemColumn("What to know", 48, lambda one: (warning_sentences(one["warnings"]), ""), True),
    ]


def _budget_columns(currency: str) -> list[ItemColumn]:
    figures = [
        ItemColumn(head, 16, lambda point, name=name: _count(point["engagements"], name))  # type: ignore[misc]
        for name, head in _FIGURES.items()
    ]
    return [
        ItemColumn("Budget", 16, lambda point: money_cell(point["budget"], currency)),
        ItemColumn("Spent", 16, lambda point: money_cell(point["spend"], currency)),
        ItemColumn("Creators", 10, lambda point: (point["creators"], WHOLE)),
        *figures,
    ]


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
    write_labelled(sheet, styles, lines)


def _count(figures: Figures, name: str) -> Cell:
    return float(round_estimates(figures[name])), WHOLE  # type: ignore[literal-required]


def _booked(entry: RosterEntry) -> str | None:
    return booked_words(entry["platform"], entry["format"], entry["package"], entry["deliverables"])


def _fee_source(entry: RosterEntry, currency: str) -> str:
    if is_quote_repeated(entry["fee"]):
        return repeated_quote_words(entry["fee"], currency)
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
