"""A plan for a terminal: the sentence, the roster as a table, and what else there is to know."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.number_text import format_amount, format_money, pluralize
from serving.plan.answer import Figures, Plan, RosterEntry
from serving.plan.comparison import Comparison, PlanNow
from serving.plan.words import is_quote_repeated, repeated_quote_amount
from serving.scoring.booked_words import booked_words
from serving.scoring.descriptive_columns import basis_text

#: Lines that are shown of each kind.
SHOWN = 30
SHOWN_LEFT_OUT = 8
#: Reasons that are told of those nearest to the plan alone, where many are left out.
_BY_COST = ("costs_more", "does_not_fit", "over_budget")
_OBJECTIVES = {
    "mean": "most {measure} expected",
    "cvar": "most {measure} expected in the worst {level:.0%} of cases",
    "quantile": "most {measure} that are reached with {rest:.0%} certainty",
    "goal": "the best chance of {goal:,.0f} {measure}",
}


def print_plan(plan: Plan, console: Console | None = None) -> None:
    """Print a plan."""
    console = console or Console(width=140)
    _say(console, plan["sentence"])
    if plan["roster"]:
        console.print(_roster_table(plan))
    _say(console, _money_line(plan))
    for line in _facts(plan):
        _say(console, line)
    _print_left_out(plan, console)
    if plan["frontier"]:
        console.print(_frontier_table(plan))
        open_ends = [point["budget"] for point in plan["frontier"] if not point["is_proven"]]
        if open_ends:
            budgets = ", ".join(map(format_amount, open_ends))
            _say(console, f"a better plan may exist at {budgets}: the search ended without a proof")
    for warning in plan["warnings"]:
        _say(console, f"warning: {warning}")
    _say(
        console,
        f"model {plan['model_version']}, {basis_text(plan['trained_on'])}, as of {plan['as_of']}; "
        f"seed {plan['seed']}",
    )


def objective_text(plan: Plan) -> str:
    """Return in words what a plan makes as large as possible."""
    objective = plan["objective"]
    level = objective["level"] or 0.0
    return _OBJECTIVES[objective["kind"]].format(
        measure=objective["measure"],
        level=level,
        rest=1 - level,
        goal=objective["goal"] or 0,
    )


def _roster_table(plan: Plan) -> Table:
    currency = plan["currency"]
    table = Table(title=f"To sign, for {objective_text(plan)}", title_justify="left")
    table.add_column("creator", overflow="fold")
    table.add_column("where", no_wrap=True)
    table.add_column("what", overflow="fold")
    names = ("engagements", "80 % range", "average", f"{currency} each", "rests on")
    for name in (f"fee {currency}", *names):
        table.add_column(name, justify="right", no_wrap=True)
    for entry in plan["roster"][:SHOWN]:
        table.add_row(*_roster_cells(entry))
    if len(plan["roster"]) > SHOWN:
        table.add_row(f"{len(plan['roster']) - SHOWN} more")
    total = plan["total"]
    table.add_section()
    table.add_row(
        f"all {total['creators']}",
        "",
        f"{total['deliverables']} deliverables",
        format_amount(plan["spend"]),
        *_figure_cells(total["engagements"], total["cpe"]),
        "",
        style="bold",
    )
    return table


def _roster_cells(entry: RosterEntry) -> list[str]:
    fee = entry["fee"]
    source = "" if fee["source"] == "quoted" else "*"
    return [
        escape(entry["name"]),
        f"{entry['platform']}, {entry['band']}",
        _what(entry),
        f"{format_amount(fee['total'])}{source}",
        *_figure_cells(entry["engagements"], entry["cpe"]),
        entry["evidence"],
    ]


def _what(entry: RosterEntry) -> str:
    what = (entry["format"], entry["package"], entry["deliverables"])
    return escape(booked_words(entry["platform"], *what) or "")


def _figure_cells(figures: Figures, cpe: float | None) -> list[str]:
    return [
        f"{figures['p50']:,.0f}",
        f"{figures['p10']:,.0f} - {figures['p90']:,.0f}",
        f"{figures['mean']:,.0f}",
        "-" if cpe is None else format_amount(cpe),
    ]


def _money_line(plan: Plan) -> str:
    currency = plan["currency"]
    spend, budget, left = (format_money(plan[n], currency) for n in ("spend", "budget", "left"))
    parts: dict[str, float] = {}
    for entry in plan["roster"]:
        for part in entry["fee"]["parts"]:
            parts[part["name"]] = parts.get(part["name"], 0.0) + part["amount"]
    told = [
        f"{name.replace('_', ' ')} {format_money(sum_, currency)}" for name, sum_ in parts.items()
    ]
    beside = f", {', '.join(told)} of it" if told else ""
    text = f"{spend} of {budget}{beside}; {left} left"
    if parts:
        text += f"; {currency} each is without {' and '.join(parts).replace('_', ' ')}"
    if any(entry["fee"]["source"] != "quoted" for entry in plan["roster"]):
        text += "; * no fee was quoted: a market fee"
    return text


def _repeated_quotes(plan: Plan) -> list[str]:
    """Say which quotes for one deliverable are bought several times."""
    told = [
        f"{entry['name']} {repeated_quote_amount(entry['fee'], plan['currency'])}"
        for entry in plan["roster"]
        if is_quote_repeated(entry["fee"])
    ]
    more = f" and {len(told) - 3:,} more" if len(told) > 3 else ""
    hint = "--max-deliverables 1 buys each once"
    text = f"quotes for one deliverable that are bought several times: {', '.join(told[:3])}{more}"
    return [f"{text} ({hint})"] if told else []


def _facts(plan: Plan) -> list[str]:
    lines = _repeated_quotes(plan)
    if plan["next_1000"] is not None:
        lines.append(plan["next_1000"]["text"])
    lines += [f"rule that costs: {rule['text']}" for rule in plan["binding"]]
    if plan["status"] != "complete":
        lines.append(f"{plan['status']}: at most {plan['gap']:.1%} below the best plan")
    return lines


def _print_left_out(plan: Plan, console: Console) -> None:
    """Print why candidates are left out: first those that it was tried to sign, then the counts."""
    left_out = plan["left_out"]
    if not left_out:
        return
    counts: dict[str, int] = {}
    for one in left_out:
        counts[one["reason"]] = counts.get(one["reason"], 0) + 1
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    _say(console, f"Left out: {pluralize(f'{len(left_out):,}', 'row')} ({told})")
    nearest = [one for one in left_out if one["replaced_by"] is not None]
    others = [one for one in left_out if one["replaced_by"] is None]
    if len(left_out) > SHOWN_LEFT_OUT:
        others = [one for one in others if one["reason"] not in _BY_COST]
    shown = [*nearest, *others][:SHOWN_LEFT_OUT]
    for one in shown:
        _say(console, f"  {one['text']}")
    if len(left_out) > len(shown):
        _say(console, f"  {len(left_out) - len(shown):,} more: write all to a file by --out")


def _frontier_table(plan: Plan) -> Table:
    table = Table(title="What other budgets would bring", title_justify="left")
    names = ("spent", "creators", "engagements", "80 % range", "average")
    for name in (f"budget {plan['currency']}", *names):
        table.add_column(name, justify="right", no_wrap=True)
    for point in plan["frontier"]:
        table.add_row(
            format_amount(point["budget"]),
            format_amount(point["spend"]),
            f"{point['creators']:,}",
            *_figure_cells(point["engagements"], None)[:3],
            style="bold" if point["budget"] == plan["budget"] else None,
        )
    return table


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_comparison(compared: Comparison, console: Console | None = None) -> None:
    """Print a comparison of plans."""
    console = console or Console(width=140)
    _say(console, compared["sentence"])
    console.print(_changes_table("The saved plan", compared["saved"], compared["currency"]))
    if compared["other"] is not None:
        console.print(_changes_table("The other plan", compared["other"], compared["currency"]))
    if compared["best"] is not None and not compared["sentence"].endswith("is the same."):
        console.print(_roster_table(compared["best"]))
    for warning in compared["warnings"]:
        _say(console, f"warning: {warning}")


def _changes_table(title: str, plan: PlanNow, currency: str) -> Table:
    table = Table(title=f"{title}, then and now", title_justify="left")
    table.add_column("creator", overflow="fold")
    names = ("deliverables", f"fee {currency}", "now", "expected engagements", "now")
    for name in names:
        table.add_column(name, justify="right")
    for change in plan["changes"]:
        now = (change["fee_now"], change["engagements_now"])
        fee_now = "-" if now[0] is None else format_amount(now[0])
        table.add_row(
            escape(change["name"]),
            str(change["deliverables"]),
            format_amount(change["fee_then"]),
            fee_now,
            f"{change['engagements_then']:,.0f}",
            "-" if now[1] is None else f"{now[1]:,.0f}",
        )
    table.add_section()
    means = (plan["engagements_then"]["mean"], plan["engagements_now"]["mean"])
    table.add_row(
        "all",
        "",
        format_amount(plan["spend_then"]),
        format_amount(plan["spend_now"]),
        *(f"{mean:,.0f}" for mean in means),
        style="bold",
    )
    return table
