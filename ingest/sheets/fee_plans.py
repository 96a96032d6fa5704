"""How columns of fees are read: in which currency, and whether they are prices of one post."""

from ingest.sheets.column_plan import ColumnPlan, SheetConventions, join_notes
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.currency_signs import CURRENCY_CODES
from ingest.sheets.fee_reader import fee_reader
from ingest.sheets.number_plans import column_power, decide_column_marks, display_contradiction
from ingest.sheets.sheet_types import Guess, SheetOptions


def plan_fee_column(
    role: ColumnRole,
    target: str,
    stats: ColumnStats,
    conventions: SheetConventions,
    options: SheetOptions,
    has_currency_column: bool,
) -> ColumnPlan:
    """Return how a column of fees is read; `has_currency_column`: another names their currency."""
    marks, marks_note, unclear = decide_column_marks(role, stats, conventions, options)
    counts = stats.figures.currencies + stats.shown_currency
    codes = sorted(code for code in counts if code)
    without_currency = counts[None] and not has_currency_column
    currency = _column_currency(role)
    notes = [role.note, marks_note]
    if not currency and len(codes) == 1 and without_currency:
        currency = codes[0]
        notes.append(f"amounts without a currency taken as {currency}, like the others")
    dollar_sign = "$" in role.source or stats.figures.currencies["USD"]
    if currency in (None, "USD") and dollar_sign and not has_currency_column:
        notes.append("$ taken as US dollars")
    per_post = bool(role.meaning and role.meaning.per_post)
    if per_post:
        notes.append("the price of one post: taken times the deliverables, where they are known")
    unclear = unclear or display_contradiction(role, stats)
    if without_currency and not currency and not unclear:
        unclear = (
            f"names no currency: if it is in US dollars map {role.source!r} to fee_usd with unit "
            f"USD"
        )
    amounts_in = _currencies_of_amounts(role, codes, currency)
    needs_rate = any(code != "USD" for code in amounts_in)
    if needs_rate:
        notes.append(f"in {', '.join(amounts_in)}: becomes fee_usd by the rates of --rates")
    guess = Guess(
        role.source,
        "fee" if needs_rate or has_currency_column else "fee_usd",
        "real",
        role.how,
        join_notes(notes),
        unclear or role.ambiguous,
        currency=", ".join(amounts_in) or None,
    )
    read = fee_reader(marks, currency, column_power(role), per_post, has_currency_column)
    return ColumnPlan(role.index, target, "real", read, guess, has_currency_column)


def _currencies_of_amounts(role: ColumnRole, codes: list[str], currency: str | None) -> list[str]:
    """Return the currencies that the amounts of a column are in; a header's outranks the cells'."""
    currencies = set() if role.currency else set(codes)
    return sorted(currencies | {currency} if currency else currencies)


def _column_currency(role: ColumnRole) -> str | None:
    """Return the currency that the map file, or else the header, says; fee_usd says it itself."""
    unit = role.mapped_unit.upper()
    if unit in CURRENCY_CODES:
        return unit
    if role.mapping and role.mapping.column == "fee_usd":
        return "USD"
    return role.currency
