"""From roles and surveys to a plan: how each column is read, and the guess that tells the user so."""

from dataclasses import dataclass, replace

import numpy as np

from ingest.sheets import cell_readers
from ingest.sheets.assign_roles import INTERMEDIATE_COLUMNS
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.decimal_marks import (
    MARK_NAMES,
    DecimalMarks,
    decide_marks,
    decide_marks_by_currency,
    languages_of,
    suffix_powers,
)
from ingest.sheets.engagement_rates import RateMatch, match_rate, rate_unit
from ingest.sheets.fee_reader import deliverables_reader, fee_reader
from ingest.sheets.header_meanings import canonical_names, header_tokens
from ingest.sheets.number_parser import CURRENCY_CODES, LOCAL_SUFFIXES
from ingest.sheets.sheet_types import Guess, SheetOptions
from ingest.sheets.workbook import Cell

_POWERS = {
    "k": 3,
    "thousand": 3,
    "thousands": 3,
    "m": 6,
    "million": 6,
    "millions": 6,
    "b": 9,
    "billion": 9,
}

ORDER_REMEDY = "say --day-first or --month-first, or give it in the map file"
#: What a rate is made of.
_PARTS = {
    "avg_likes": "likes",
    "avg_comments": "comments",
    "followers": "followers",
    "avg_views": "views",
}


@dataclass(frozen=True)
class ColumnPlan:
    """How one source column is read. `column`: what it gives; `read`: cell -> (value, what is
    wrong).

    `has_currency_column`: another column names the currency of its amounts.
    """

    index: int
    column: str
    kind: str
    read: cell_readers.CellReader
    guess: Guess
    has_currency_column: bool = False


@dataclass(frozen=True)
class SheetConventions:
    """What the whole sheet proves: decimal marks and date orders of other columns, each with the
    column that does.

    `languages`: those of its headers and of the words in its numbers.
    """

    decimals: dict[str, str]
    date_orders: dict[bool, str]
    languages: frozenset[str]


def make_column_plans(
    roles: list[ColumnRole],
    surveys: list[ColumnStats],
    sample: list[list[Cell]],
    options: SheetOptions,
    epoch: int,
) -> tuple[list[ColumnPlan], list[Guess]]:
    """Give the plans of the columns that are read, and a guess for every column, in order."""
    evidence = _evidence(roles, surveys)
    beside = any(role.target == "currency" for role in roles)
    plans: dict[int, ColumnPlan] = {}
    guesses: dict[int, Guess] = {}
    for role in roles:
        if role.target is None:
            guesses[role.index] = Guess(
                role.source, None, None, role.how, role.note, role.ambiguous
            )
        elif role.target in ("fee", "fee_usd"):
            named = beside and role.target == "fee"
            plans[role.index] = _fee_plan(role, surveys[role.index], evidence, options, named)
        elif not role.target.startswith("engagement_rate"):
            plans[role.index] = _plan(role, surveys[role.index], evidence, options, epoch)
    for role in roles:
        if role.target and role.target.startswith("engagement_rate"):
            found = _rate_plan(role, surveys[role.index], sample, roles, surveys, evidence, options)
            if isinstance(found, Guess):
                guesses[role.index] = found
            elif any(plan.column == found.column for plan in plans.values()):
                guesses[role.index] = replace(
                    found.guess, column=None, note=f"{found.column} is there already"
                )
            else:
                plans[role.index] = found
    guesses |= {index: plan.guess for index, plan in plans.items()}
    return [plans[k] for k in sorted(plans)], [guesses[k] for k in sorted(guesses)]


def _evidence(roles: list[ColumnRole], surveys: list[ColumnStats]) -> SheetConventions:
    decimals, orders = {}, {}
    for role in roles:
        kind = {**canonical_names(), **INTERMEDIATE_COLUMNS}.get(role.target or "")
        survey = surveys[role.index]
        for mark in survey.figures.decimals if kind in ("count", "real") else ():
            decimals.setdefault(mark, role.source)
        if kind == "time" and survey.dates.day_first is not None:
            orders.setdefault(survey.dates.day_first, role.source)
    words = [
        word
        for role in roles
        for word in (*header_tokens(role.source), *surveys[role.index].figures.words)
    ]
    return SheetConventions(decimals, orders, languages_of(words))


def _plan(
    role: ColumnRole,
    survey: ColumnStats,
    evidence: SheetConventions,
    options: SheetOptions,
    epoch: int,
) -> ColumnPlan:
    target = role.target
    kind = {**canonical_names(), **INTERMEDIATE_COLUMNS}[target]
    if kind in ("count", "real"):
        return _number_plan(role, survey, kind, evidence, options)
    if kind == "time":
        return _time_plan(role, survey, evidence, options, epoch)
    if target == "link":
        read = cell_readers.link_reader(
            bool(role.name) and role.name.column in ("handle", "name", "platform_named")
        )
    elif target in cell_readers.CLOSED_LIST_COLUMNS:
        read = cell_readers.list_reader(target)
    else:
        read = cell_readers.READERS.get(target) or cell_readers.READERS[kind]
    if role.mapping and role.mapping.values:
        read = cell_readers.mapped_value_reader(role.mapping.values, read)
    return ColumnPlan(
        role.index,
        target,
        kind,
        read,
        Guess(role.source, target, kind, role.how, role.note, role.ambiguous),
    )


def _marks(
    role: ColumnRole, survey: ColumnStats, evidence: SheetConventions, options: SheetOptions
) -> tuple[DecimalMarks, str, str | None]:
    """Decide a column's decimal marks and what its suffixes mean; give both, how to tell them, and
    what is unclear.
    """
    marks, told, unclear = _decimals(role, survey, evidence, options)
    powers = suffix_powers(
        survey.figures, evidence.languages, _power(role) if _is_mapped(role) else None
    )
    word = next((word for word, power in powers.items() if power is None), None)
    if word and not unclear:
        unclear = (
            f"{survey.figures.words[word]!r} may mean {LOCAL_SUFFIXES[word][1]}: write it with k, m or b, or map "
            f"{role.source!r} with the unit that is meant"
        )
    return marks._replace(powers=powers), told, unclear


def _decimals(
    role: ColumnRole, survey: ColumnStats, evidence: SheetConventions, options: SheetOptions
) -> tuple[DecimalMarks, str, str | None]:
    asked = (role.mapping.decimal if role.mapping else None) or options.decimal
    if asked:
        return DecimalMarks(asked, asked), f"{MARK_NAMES[asked]}, as asked for", None
    if role.target in ("fee", "fee_usd") and len(survey.figures.currencies.keys() - {None}) > 1:
        others = {
            mark: source for mark, source in evidence.decimals.items() if source != role.source
        }
        return decide_marks_by_currency(survey.figures, others)
    kind = {**canonical_names(), **INTERMEDIATE_COLUMNS}[role.target] if role.target else "real"
    return decide_marks(survey.figures, kind == "count" and not _power(role), evidence.decimals)


def _power(role: ColumnRole) -> int:
    said = _POWERS.get((role.mapping.unit or "").lower()) if role.mapping else None
    return said if said is not None else role.name.power if role.name else 0


def _number_plan(
    role: ColumnRole,
    survey: ColumnStats,
    kind: str,
    evidence: SheetConventions,
    options: SheetOptions,
) -> ColumnPlan:
    marks, told, unclear = _marks(role, survey, evidence, options)
    power = _power(role)
    notes = [role.note, told]
    if power:
        notes.append({3: "in thousands", 6: "in millions", 9: "in billions"}[power])
    if survey.figures.suffixed:
        notes.append("k/m/b suffixes, rounded")
    if survey.figures.approximate:
        notes.append("marked as approximate")
    if any(look.scale for look in survey.displays):
        notes.append("shown in thousands or millions by the number format, read as stored")
    unit = {3: "k", 6: "m", 9: "b"}.get(power)
    unclear = unclear or _other_look(role, survey) or role.ambiguous
    guess = Guess(role.source, role.target, kind, role.how, _join(notes), unclear, unit)
    read = cell_readers.number_reader(marks, power, kind == "count", _is_mapped(role))
    read = deliverables_reader(read) if role.target == "deliverables" else read
    return ColumnPlan(role.index, role.target, kind, read, guess)


def _is_mapped(role: ColumnRole) -> bool:
    """Say whether the map gives the power of ten of a column's numbers."""
    return bool(role.mapping and (role.mapping.unit or "").lower() in _POWERS)


def _other_look(role: ColumnRole, survey: ColumnStats) -> str | None:
    """Say that a column shows other numbers than it stores, None where it does not."""
    cell = next(
        (
            c
            for c in survey.displays.values()
            if cell_readers.stored_value(c, _power(role), _is_mapped(role)) is None
        ),
        None,
    )
    if cell is None:
        return None
    unit = {3: "k", 6: "m", 9: "b"}.get(cell.display.suffix)
    meant = (
        f"map {role.source!r} with the unit {unit} if that is meant, or "
        if unit and not cell.display.odd
        else ""
    )
    shown = cell.display.text(cell.value)[:40]
    return f"the number format shows {cell} as {shown!r}, and does not scale it: {meant}correct the number format"


def _time_plan(
    role: ColumnRole,
    survey: ColumnStats,
    evidence: SheetConventions,
    options: SheetOptions,
    epoch: int,
) -> ColumnPlan:
    dates, unclear = survey.dates, None
    asked = role.mapping.day_first if role.mapping else None
    asked = options.day_first if asked is None else asked
    day_first, told = dates.day_first, ""
    if asked is not None:
        day_first, told = asked, "as asked for"
    elif dates.orders["?"] and day_first is None:
        if dates.orders["day"] and dates.orders["month"]:
            unclear = f"some dates are day first, some month first; {dates.unclear!r} may be either"
        elif len(evidence.date_orders) == 1:
            ((day_first, source),) = evidence.date_orders.items()
            told = f"as in {source!r}"
        else:
            unclear = f"{dates.unclear!r} may be day first or month first"
        unclear = unclear and f"{unclear}: {ORDER_REMEDY}"
    exchanged = _exchanged(survey, asked)
    if exchanged is None:
        unclear = (
            f"all true dates are of the first 12 days of a month and all texts such as {dates.example!r} are not, as "
            f"where a spreadsheet program exchanged day and month: {ORDER_REMEDY}"
        )
    notes = [role.note, "day and month of true dates exchanged back" if exchanged else ""]
    if dates.orders["?"] + dates.orders["day"] + dates.orders["month"] and day_first is not None:
        notes.append(_join([f"{'day' if day_first else 'month'} first", told], " "))
    notes += [name for name in ("epoch", "serial") if dates.kinds[name]]
    if dates.short_years:
        notes.append("two-digit years are of this century")
    if dates.naive or survey.moments or survey.numbers:
        notes.append("no time zone: taken as UTC")
    guess = Guess(
        role.source, role.target, "time", role.how, _join(notes), unclear or role.ambiguous
    )
    return ColumnPlan(
        role.index,
        role.target,
        "time",
        cell_readers.time_reader(day_first, epoch, exchanged),
        guess,
    )


def _exchanged(survey: ColumnStats, day_first: bool | None) -> bool | None:
    """Say whether day and month of true dates are exchanged; None where that is open. `day_first`:
    as asked for.
    """
    if not survey.is_day_month_swapped:
        return False
    return None if day_first is None else day_first == survey.dates.day_first


def _fee_plan(
    role: ColumnRole,
    survey: ColumnStats,
    evidence: SheetConventions,
    options: SheetOptions,
    beside: bool,
) -> ColumnPlan:
    """ColumnPlan a column of fees; `has_currency_column`: another column names their currencies."""
    marks, told, unclear = _marks(role, survey, evidence, options)
    shown = survey.figures.currencies + survey.shown_currency
    named = sorted(code for code in shown if code)
    currency, per_post = _said_currency(role), bool(role.name and role.name.per_post)
    notes = [role.note, told]
    if not currency and len(named) == 1 and shown[None] and not beside:
        currency = named[0]
        notes.append(f"amounts without a currency taken as {currency}, like the others")
    currencies = sorted({*([] if role.name and role.name.currency else named), currency} - {None})
    if (
        currency in (None, "USD")
        and ("$" in role.source or survey.figures.currencies["USD"])
        and not beside
    ):
        notes.append("$ taken as US dollars")
    if per_post:
        notes.append("the price of one post: taken times the deliverables, where they are known")
    unclear = unclear or _other_look(role, survey)
    if shown[None] and not currency and not beside:
        unclear = (
            unclear
            or f"names no currency: if it is in US dollars map {role.source!r} to fee_usd with unit USD"
        )
    others = [code for code in currencies if code != "USD"]
    if others:
        notes.append(f"in {', '.join(currencies)}: fee_usd needs a rate to USD (--rates)")
    target = "fee" if others or beside else "fee_usd"
    told = ", ".join(currencies) or None
    guess = Guess(
        role.source,
        target,
        "real",
        role.how,
        _join(notes),
        unclear or role.ambiguous,
        currency=told,
    )
    read = fee_reader(marks, currency, _power(role), per_post, beside)
    return ColumnPlan(role.index, role.target, "real", read, guess, beside)


def _said_currency(role: ColumnRole) -> str | None:
    """Give the currency that the map, or else the header, says; fee_usd says it itself."""
    unit = (role.mapping.unit or "").upper() if role.mapping else ""
    if unit in CURRENCY_CODES:
        return unit
    if role.mapping and role.mapping.column == "fee_usd":
        return "USD"
    return role.name.currency if role.name else None


def _rate_plan(role, survey, sample, roles, surveys, evidence, options) -> ColumnPlan | Guess:
    signed = survey.figures.percents + survey.shown_percent
    agreed = _agreed(role, survey, sample, roles, surveys, evidence, options)
    unit = (role.mapping.unit or "").lower() if role.mapping else ""
    if unit in ("percent", "%", "fraction"):
        percent, told = unit != "fraction", f"{unit}, as the map says"
    else:
        percent, told = rate_unit(survey.sizes, signed, bool(role.name and role.name.percent))
        if agreed and survey.sizes.total() - survey.sizes["zero"]:
            percent, told = agreed.percent, "percent" if agreed.percent else "fraction"
        # of views a tenth and more is usual, of followers as many would rather be meant as percent
        usual = (
            role.source == role.target == "engagement_rate_by_views"
            and not signed + survey.sizes["percent"]
        )
        if percent is None and usual:
            percent, told = False, "fraction, as columns of that name are"
    target = role.target
    if target == "engagement_rate" and not agreed:
        unclear = f"by followers or by views? Map {role.source!r} to engagement_rate_by_followers or _by_views"
        return Guess(role.source, None, None, role.how, told, unclear)
    if target == "engagement_rate":
        target = f"engagement_rate_by_{agreed.basis}"
    if agreed:
        told = _join([told, f"agrees with {agreed.matched_ratio}"])
    unclear = (
        f"percent or fraction? Map {role.source!r} with unit percent or fraction"
        if percent is None
        else None
    )
    unit = {True: "percent", False: "fraction"}.get(percent)
    literal, literal_told = _literal_percents(role, survey)
    if literal is None:
        unclear = f"the number format shows less than 0.1% everywhere: map {role.source!r} with unit percent or fraction"
    unclear = unclear or _other_look(role, survey) or role.ambiguous
    guess = Guess(
        role.source, target, "real", role.how, _join([role.note, told, literal_told]), unclear, unit
    )
    return ColumnPlan(role.index, target, "real", cell_readers.rate_reader(percent, literal), guess)


def _literal_percents(role: ColumnRole, survey: ColumnStats) -> tuple[bool | None, str]:
    """Say whether a % that is only text is meant, None where that is open, and how to tell it."""
    sizes, unit = survey.literal_sizes, (role.mapping.unit or "").lower() if role.mapping else ""
    if not sizes:
        return True, ""
    if unit in ("percent", "%", "fraction"):
        return unit != "fraction", ""
    meant = sizes["either"] + sizes["percent"] >= sizes["fraction"]
    return (True, "the % is only text of the number format: read as shown") if meant else (None, "")


def _agreed(role, survey, sample, roles, surveys, evidence, options) -> RateMatch | None:
    """See whether the rates of the sample agree with engagements per follower or per view of the
    same rows.
    """
    counts: dict[str, list[tuple[str, np.ndarray]]] = {}
    for other in roles:
        column = other.name.column if other.name and other.how != "map file" else other.target
        if column in _PARTS and (other.target or column == "avg_likes"):
            read = cell_readers.number_reader(
                _marks(other, surveys[other.index], evidence, options)[0], _power(other)
            )
            values = _numbers(sample, other.index, read)
            counts.setdefault(_PARTS[column], []).append((repr(other.source), values))
    found = match_rate(
        _numbers(sample, role.index, cell_readers.rate_reader(percent=False)), counts
    )
    signed = survey.figures.percents + survey.shown_percent
    return replace(found, percent=True) if found and signed else found


def _numbers(sample: list[list[Cell]], index: int, read: cell_readers.CellReader) -> np.ndarray:
    values = [read(row[index])[0] for row in sample]
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _join(notes: list[str], between: str = "; ") -> str:
    return between.join(note for note in notes if note)
