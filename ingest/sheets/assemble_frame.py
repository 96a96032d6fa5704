"""Converted columns put together: what links, fees and hidden likes say goes into the columns that
it belongs to.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.tables.schema import DTYPES
from ingest.sheets.cell_text import shown_text
from ingest.sheets.column_plan import ColumnPlan
from ingest.sheets.fee_columns import FeeColumns
from ingest.sheets.header_meanings import canonical_names
from ingest.sheets.labels import is_missing
from ingest.sheets.link_columns import fill_from_links
from ingest.sheets.package_columns import BOOKING_COLUMNS, Bookings, drop_packages, take_bookings
from ingest.sheets.rows import SheetRows
from ingest.sheets.sheet_plan import SheetPlan
from ingest.sheets.sheet_types import SheetFault

#: A source column and its values (n,), None where missing.
ColumnValues = tuple[ColumnPlan, list]
#: What scrapers write for likes that the creator hides.
HIDDEN_COUNT = "-1"
#: Figures that are read and have no canonical column.
EXTRA_COLUMNS = ("total_likes", "followers_at_posting")
#: Columns that are put together from several, and their kinds.
_FEE_COLUMN_KINDS = {
    "fee": "real", "currency": "text", "deliverables": "count", "format": "text", "package": "text",
}  # fmt: skip
OTHER_PLATFORM = "the row names no account of the platform that is asked for"


@dataclass(frozen=True)
class AssembledFrame:
    """The rows (n) of a sheet in canonical columns, `extra` figures without one, and the faults and
    notes of their assembly; those of fees are in `fees`. `open_posts`: rows that book posts of an
    unknown format.
    """

    rows: pd.DataFrame
    extra: pd.DataFrame
    fees: FeeColumns
    faults: list[SheetFault]
    notes: list[str]
    open_posts: list[int]


def assemble_frame(
    columns: dict[str, list[ColumnValues]],
    labels: pd.DataFrame,
    sheet_plan: SheetPlan,
    rows: SheetRows,
) -> AssembledFrame:
    """Put the converted columns of n rows together.

    `columns`: target column -> the source columns that it is read from. `labels`: the words of the
    sheet under canonical names.
    """
    index = range(len(rows.cells))
    canonical = canonical_names().keys() - {"fee_usd"}
    frame = {name: _first_series(read) for name, read in columns.items() if name in canonical}
    faults: list[SheetFault] = []
    notes: list[str] = []
    platforms = _platforms_before_links(frame, labels, sheet_plan, len(index))
    if "link" in columns:
        posts = sheet_plan.table == "posts"
        link_faults, link_notes = fill_from_links(frame, columns["link"], platforms, posts, rows)
        faults, notes = [*faults, *link_faults], [*notes, *link_notes]
    if "platform" in frame or sheet_plan.platform:
        notes += _fill_platform(frame, platforms, sheet_plan, "platform" in columns)
    if sheet_plan.other_accounts:
        faults += _faults_of_other_accounts(frame, sheet_plan, rows)
    row_platforms = [
        platform if isinstance(platform, str) else None
        for platform in frame.get("platform", [None] * len(index))
    ]
    bookings = take_bookings(columns, rows, sheet_plan.packages, row_platforms)
    frame |= {name: _first_series(columns[name]) for name in BOOKING_COLUMNS if name in columns}
    faults = [*bookings.faults, *faults]
    notes += bookings.notes
    fees = _take_fees(frame, columns, sheet_plan, rows, bookings)
    notes += drop_packages(frame, sheet_plan.packages)
    if "likes" in frame:
        _mark_hidden_likes(frame, columns["likes"][0][0], rows)
    extra = {name: _first_series(columns[name]) for name in EXTRA_COLUMNS if name in columns}
    return AssembledFrame(
        pd.DataFrame(frame, index=index),
        pd.DataFrame(extra, index=index),
        fees,
        faults,
        notes,
        bookings.open_posts,
    )


def _first_series(columns: list[ColumnValues]) -> pd.Series:
    """Return the first of the source columns of one target."""
    plan, values = columns[0]
    return _series(values, plan.kind)


def _series(values: list, kind: str) -> pd.Series:
    if kind == "time":
        return pd.Series(pd.to_datetime(values, utc=True), dtype=DTYPES["time"])
    return pd.Series(values, dtype=DTYPES[kind])


def _platforms_before_links(
    frame: dict[str, pd.Series], labels: pd.DataFrame, sheet_plan: SheetPlan, row_count: int
) -> list[str | None]:
    """Return the platform (n,) that outranks the links of a row, None where the links decide.

    "": the column of platforms has a word that names none of ours.
    """
    platforms = frame["platform"] if "platform" in frame else [None] * row_count
    words = labels["platform"] if "platform" in labels else [None] * row_count
    default = sheet_plan.platform if sheet_plan.platform_outranks_links else None
    outranking: list[str | None] = []
    for platform, word in zip(platforms, words, strict=True):
        if isinstance(platform, str):
            outranking.append(platform)
        else:
            outranking.append("" if isinstance(word, str) else default)
    return outranking


def _fill_platform(
    frame: dict[str, pd.Series],
    platforms: list[str | None],
    sheet_plan: SheetPlan,
    has_platform_column: bool,
) -> list[str]:
    """Fill the platform of rows that name none, and note how many name another than the sheet's.

    A row whose word names none of ours ("" in `platforms`) stays without one.
    """
    unnamed = pd.Series([None] * len(platforms), dtype="str")
    column = frame.get("platform", unnamed)
    fillable = column.isna() & (np.array(platforms) != "")
    frame["platform"] = column.mask(fillable, sheet_plan.platform)
    if not (sheet_plan.platform_outranks_links and has_platform_column):
        return []
    other = int((column.notna() & (column != sheet_plan.platform)).sum())
    if not other:
        return []
    return [f"{other:,} row(s) name another platform than {sheet_plan.platform}, and stay of that"]


def _faults_of_other_accounts(
    frame: dict[str, pd.Series], sheet_plan: SheetPlan, rows: SheetRows
) -> list[SheetFault]:
    """Return a fault for each account of another platform in rows that name no account of the
    requested one.
    """
    nameless = np.ones(len(rows.cells), dtype=bool)
    for name in ("creator_id", "handle"):
        if name in frame:
            nameless &= frame[name].isna().to_numpy()
    faults = []
    for row in np.flatnonzero(nameless):
        for position, platform in sheet_plan.other_accounts.items():
            text = shown_text(rows.cells[row][position])
            if text and not is_missing(text):
                column = sheet_plan.source.names[position]
                reason = f"is of {platform}; {OTHER_PLATFORM}"
                faults.append(SheetFault(rows.lines[row], column, text, reason))
    return faults


def _take_fees(
    frame: dict[str, pd.Series],
    columns: dict[str, list[ColumnValues]],
    sheet_plan: SheetPlan,
    rows: SheetRows,
    bookings: Bookings,
) -> FeeColumns:
    """Fill fee_usd, or fee and currency; and what rows book, also where only the fee says it."""
    fees = _new_fee_columns(columns, sheet_plan, rows, bookings)
    fee_columns = [*columns.get("fee", []), *columns.get("fee_usd", [])]
    for plan, values in fee_columns:
        fees.take(plan, values)
    filled: dict[str, list] = {
        "fee": fees.fee,
        "currency": fees.currency,
        "deliverables": fees.deliverables,
        "format": fees.formats,
        "package": fees.packages,
    }
    for name, filled_values in filled.items():
        if _any_known(filled_values):
            frame[name] = _series(filled_values, _FEE_COLUMN_KINDS[name])
    in_usd = any(not plan.has_currency_column for plan, _ in fee_columns)
    if in_usd or _any_known(fees.fee_usd):
        frame["fee_usd"] = _series(fees.fee_usd, "real")
    return fees


def _new_fee_columns(
    columns: dict[str, list[ColumnValues]],
    sheet_plan: SheetPlan,
    rows: SheetRows,
    bookings: Bookings,
) -> FeeColumns:
    """Return fees of n rows that hold no amount yet, with what other columns say of them."""
    beside = {
        name: columns[name][0] for name in ("currency", "deliverables", "format") if name in columns
    }
    unknown: list[str | None] = [None] * len(rows.cells)
    return FeeColumns(
        rows,
        sheet_plan.gifts,
        beside["currency"][1] if "currency" in beside else unknown,
        bookings.deliverables,
        bookings.formats,
        bookings.packages,
        bookings.sources | {name: plan.guess.source for name, (plan, _) in beside.items()},
    )


def _any_known(values: list) -> bool:
    return any(value is not None for value in values)


def _mark_hidden_likes(frame: dict[str, pd.Series], plan: ColumnPlan, rows: SheetRows) -> None:
    """Add the column likes_hidden where the likes of a row are written as hidden."""
    texts = [shown_text(row[plan.index]) for row in rows.cells]
    hidden = np.array([text == HIDDEN_COUNT for text in texts], dtype=bool)
    if hidden.any() and "likes_hidden" not in frame:
        frame["likes_hidden"] = pd.Series(
            [True if mark else None for mark in hidden], dtype="boolean"
        )
