"""Rows converted as decided, and put together: what links, fees and hidden likes give goes where it
belongs.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.files.formula_escape import strip_apostrophe
from features.tables.schema import DTYPES
from ingest.sheets.cell_readers import CLOSED_LIST_COLUMNS, UNCLEAR_REASONS
from ingest.sheets.column_plans import ColumnPlan
from ingest.sheets.fee_columns import FeeColumns, formats_from_deliverables
from ingest.sheets.header_meanings import canonical_names
from ingest.sheets.headers import Record
from ingest.sheets.labels import is_missing
from ingest.sheets.link_columns import fill_from_links
from ingest.sheets.rows import SheetRows, sort_into_rows
from ingest.sheets.sheet_source import SheetSource
from ingest.sheets.sheet_types import Guess, Sheet, SheetFault
from ingest.sheets.workbook import UNCOMPUTED, Cell

#: By which scrapers say that the creator hides the likes.
HIDDEN = "-1"
#: Columns that are put together from several, and their kinds.
_KINDS = {"fee": "real", "currency": "text", "deliverables": "count", "format": "text"}


OTHER_PLATFORM = "the row names no account of the platform that is asked for"


@dataclass(frozen=True)
class SheetPlan:
    """Everything that is decided of a sheet once, before its rows are converted.

    `platform`: of rows that name none; `platform_outranks_links`: it outranks links. `unread`: of
    the columns that stay unclear, position -> the name that `Sheet.unread` has for them. `sums`:
    lines of rows that sum up others, each with which ones. `gifts`: a gift is a fee of 0, as in
    partnerships that are kept; in a list to score it is none. `other_accounts`: columns of accounts
    on other platforms than the one asked for, position -> platform.
    """

    source: SheetSource
    plans: list[ColumnPlan]
    guesses: list[Guess]
    notes: list[str]
    table: str
    platform: str | None
    platform_outranks_links: bool
    unread: dict[int, str]
    sums: dict[int, str] = field(default_factory=dict)
    gifts: bool = False
    other_accounts: dict[int, str] = field(default_factory=dict)


def convert_records(decided: SheetPlan, records: list[Record]) -> Sheet:
    """Convert records into a Sheet as decided."""
    rows = sort_into_rows(records, decided.source, decided.sums)
    columns, faults, notes = {}, list(rows.faults), list(decided.notes)
    labels, unread = {}, _unread_columns(decided, rows)
    for plan in decided.plans:
        cells = [row[plan.index] for row in rows.cells]
        values, wrong = _converted(cells, plan)
        unclear = sum(why in UNCLEAR_REASONS for _, why in wrong) if plan.guess.ambiguous else 0
        if unclear:
            _mark(
                unread, plan.column, len(cells), (k for k, why in wrong if why in UNCLEAR_REASONS)
            )
            wrong = [(k, why) for k, why in wrong if why not in UNCLEAR_REASONS]
            notes.append(
                f"{plan.guess.source!r}: {unclear:,} value(s) left missing: {plan.guess.ambiguous}"
            )
        faults += [
            SheetFault(rows.lines[k], plan.guess.source, _shown(cells[k]), why) for k, why in wrong
        ]
        columns.setdefault(plan.column, []).append((plan, values))
        if plan.column in (*CLOSED_LIST_COLUMNS, "platform"):
            labels[plan.column] = _labels(cells)
            unknown = [
                k
                for k, label in enumerate(labels[plan.column])
                if label is not None and values[k] is None
            ]
            _mark(unread, plan.column, len(cells), unknown)
            notes += _unknown_labels(plan, labels[plan.column], values)
    if rows.short:
        notes.append(
            f"{rows.short:,} row(s) have fewer cells than the header: the last columns are missing there"
        )
    if rows.surplus:
        notes.append(
            f"{rows.surplus:,} row(s) have cells beyond the last column: those are not read"
        )
    if rows.summary_word_lines:
        shown = ", ".join(f"{line:,}" for line in rows.summary_word_lines[:10]) + (
            ", ..." if len(rows.summary_word_lines) > 10 else ""
        )
        notes.append(
            f"{len(rows.summary_word_lines):,} row(s) begin like a sum, but are none, and are read: line {shown}"
        )
    if rows.blank:
        notes.append(f"{rows.blank:,} blank row(s)")
    labels = pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in labels.items()})
    frame, extra, fees, link_faults, link_notes = _assembled(columns, labels, decided, rows)
    notes += [*link_notes, *fees.notes]
    faults = sorted([*faults, *link_faults, *fees.faults], key=lambda fault: fault.line)
    source = decided.source
    return Sheet(
        rows=frame,
        lines=np.array(rows.lines, dtype=np.int64),
        original=_original(source, rows.cells),
        guesses=list(decided.guesses),
        faults=faults,
        notes=notes,
        labels=labels,
        extra=extra,
        left_out=rows.left_out,
        blank_rows=rows.blank,
        table=decided.table,
        unread=unread,
        remarks=fees.remarks,
    )


def _unread_columns(decided: SheetPlan, rows: SheetRows) -> dict[str, np.ndarray]:
    unread: dict[str, np.ndarray] = {}
    for index, name in decided.unread.items():
        texts = _labels([row[index] for row in rows.cells])
        _mark(unread, name, len(texts), (k for k, text in enumerate(texts) if text is not None))
    return unread


def _mark(unread: dict[str, np.ndarray], column: str, n: int, rows: Iterable[int]) -> None:
    """Add rows of n that hold a value of a column which was not read."""
    name = "fee_usd" if column == "fee" else column
    marks = np.zeros(n, dtype=bool)
    marks[list(rows)] = True
    if marks.any():
        unread[name] = unread[name] | marks if name in unread else marks


def _key(cell: Cell) -> object:
    return cell if isinstance(cell, str) else (type(cell).__name__, cell)


def _converted(cells: list[Cell], plan: ColumnPlan) -> tuple[list, list[tuple[int, str]]]:
    """Read the cells of a column, each distinct one once; give values and (row, what is wrong)."""
    known = {}
    values, wrong = [None] * len(cells), []
    for k, cell in enumerate(cells):
        key = _key(cell)
        if key not in known:
            known[key] = plan.read(cell)
        values[k], why = known[key]
        if why and not (plan.column == "likes" and _shown(cell) == HIDDEN):
            wrong.append((k, why))
    return values, wrong


def _shown(cell: Cell) -> str:
    return "(formula)" if cell == UNCOMPUTED else str(cell).strip()[:200]


def _labels(cells: list[Cell]) -> list[str | None]:
    texts = ["" if cell == UNCOMPUTED else str(cell).strip() for cell in cells]
    return [None if is_missing(text) else text for text in texts]


def _unknown_labels(plan: ColumnPlan, labels: list[str | None], values: list) -> list[str]:
    unknown = Counter(
        label
        for label, value in zip(labels, values, strict=True)
        if label is not None and value is None
    )
    if not unknown or plan.column in ("platform", "language", "format"):
        return []
    shown = ", ".join(
        f"{label!r}" + (f" ({times})" if times > 1 else "")
        for label, times in unknown.most_common(8)
    )
    return [
        f"{plan.guess.source!r}: {unknown.total():,} value(s) stand for no {plan.column} that is known: {shown}"
    ]


def _series(values: list, kind: str) -> pd.Series:
    if kind == "time":
        return pd.Series(pd.to_datetime(values, utc=True), dtype=DTYPES["time"])
    return pd.Series(values, dtype=DTYPES[kind])


def _assembled(
    columns: dict, labels: pd.DataFrame, decided: SheetPlan, rows: SheetRows
) -> tuple[pd.DataFrame, pd.DataFrame, FeeColumns, list[SheetFault], list[str]]:
    """Put the columns together: what links and fees give goes where it belongs; give faults and
    notes of links.
    """
    n, faults, extra, notes = len(rows.cells), [], {}, []
    known = canonical_names().keys() - {"fee_usd"}
    frame = {
        name: _series(found[0][1], found[0][0].kind)
        for name, found in columns.items()
        if name in known
    }
    platforms = _firm_platforms(frame, labels, decided, n)
    if "link" in columns:
        faults, notes = fill_from_links(
            frame, columns["link"], platforms, decided.table == "posts", rows
        )
    if "platform" in frame or decided.platform:
        # what names another platform than ours is of none of ours
        found = frame.get("platform", pd.Series([None] * n, dtype="str"))
        other = (
            int((found.notna() & (found != decided.platform)).sum())
            if decided.platform_outranks_links and "platform" in columns
            else 0
        )
        notes += (
            [f"{other:,} row(s) name another platform than {decided.platform}, and stay of that"]
            if other
            else []
        )
        frame["platform"] = found.mask(found.isna() & (np.array(platforms) != ""), decided.platform)
    faults += _other_accounts(frame, decided, rows)
    fees = _take_fees(frame, columns, decided, rows)
    if "total_likes" in columns:
        extra["total_likes"] = _series(columns["total_likes"][0][1], "count")
    if "followers_at_posting" in columns:
        extra["followers_at_posting"] = _series(columns["followers_at_posting"][0][1], "count")
    if "likes" in frame:
        _hide_likes(frame, columns["likes"][0][0], rows)
    return (
        pd.DataFrame(frame, index=range(n)),
        pd.DataFrame(extra, index=range(n)),
        fees,
        faults,
        notes,
    )


def _firm_platforms(
    frame: dict, labels: pd.DataFrame, decided: SheetPlan, n: int
) -> list[str | None]:
    """Give the platform of each row that outranks its links, None where links decide; "" is one
    that is not ours.
    """
    given = frame["platform"] if "platform" in frame else [None] * n
    words = labels["platform"] if "platform" in labels else [None] * n
    firm = decided.platform if decided.platform_outranks_links else None
    return [
        platform if isinstance(platform, str) else "" if isinstance(word, str) else firm
        for platform, word in zip(given, words, strict=True)
    ]


def _other_accounts(frame: dict, decided: SheetPlan, rows: SheetRows) -> list[SheetFault]:
    """Give the rows that name an account of another platform, and none of the one that is asked
    for.
    """
    named = [frame[name].notna() for name in ("creator_id", "handle") if name in frame]
    return [
        SheetFault(
            rows.lines[row],
            decided.source.names[at],
            _shown(cells[at]),
            f"is of {platform}; {OTHER_PLATFORM}",
        )
        for row, cells in enumerate(rows.cells)
        if decided.other_accounts and not any(column[row] for column in named)
        for at, platform in decided.other_accounts.items()
        if not is_missing(_shown(cells[at])) and _shown(cells[at])
    ]


def _take_fees(frame: dict, columns: dict, decided: SheetPlan, rows: SheetRows) -> FeeColumns:
    """Fill fee_usd, or fee and currency, and deliverables and format where the fee alone tells
    them.
    """
    n = len(rows.cells)
    read = {
        name: columns[name][0] for name in ("currency", "deliverables", "format") if name in columns
    }
    told = {name: values for name, (_, values) in read.items()}
    formats = told.get("format", [None] * n)
    if "deliverables" in read:
        formats = formats_from_deliverables(
            [row[read["deliverables"][0].index] for row in rows.cells], formats
        )
    fees = FeeColumns(
        rows,
        decided.gifts,
        told.get("currency", [None] * n),
        list(told.get("deliverables", [None] * n)),
        list(formats),
        {name: plan.guess.source for name, (plan, _) in read.items()},
    )
    columns_of_fees = [*columns.get("fee", []), *columns.get("fee_usd", [])]
    for plan, values in columns_of_fees:
        fees.take(plan, values, _shown)
    made = {
        "fee": fees.fee,
        "currency": fees.currency,
        "deliverables": fees.deliverables,
        "format": fees.formats,
    }
    frame |= {
        name: _series(values, _KINDS[name]) for name, values in made.items() if set(values) - {None}
    }
    if any(not plan.has_currency_column for plan, _ in columns_of_fees) or set(fees.fee_usd) - {
        None
    }:
        frame["fee_usd"] = _series(fees.fee_usd, "real")
    return fees


def _hide_likes(frame: dict, plan: ColumnPlan, rows: SheetRows) -> None:
    """Mark the likes that the creator hides."""
    hidden = np.array([_shown(row[plan.index]) == HIDDEN for row in rows.cells], dtype=bool)
    if hidden.any() and "likes_hidden" not in frame:
        frame["likes_hidden"] = pd.Series(np.where(hidden, True, None), dtype="boolean")


def _original(source: SheetSource, rows: list[list[Cell]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series([_shown_whole(row[k]) for row in rows], dtype="str")
            for k, name in enumerate(source.names)
        }
    )


def _shown_whole(cell: Cell) -> str:
    return (
        "" if cell == UNCOMPUTED else strip_apostrophe(cell) if isinstance(cell, str) else str(cell)
    )
