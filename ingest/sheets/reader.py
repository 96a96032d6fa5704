"""Reading a sheet, for import and for scoring: open it, look at all rows, decide, convert."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NoReturn

from features.niche.tokens import fold_label
from features.tables.vocabulary import PLATFORMS
from ingest.sheets.account_columns import is_other_account
from ingest.sheets.assign_roles import assign_roles, unread_column_name
from ingest.sheets.column_plan import ColumnPlan
from ingest.sheets.column_plans import make_column_plans
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.convert import convert_records
from ingest.sheets.export_layouts import ExportLayout, readable_layout
from ingest.sheets.header_meanings import HeaderMeaning
from ingest.sheets.header_roles import mapping_for, needed_stats
from ingest.sheets.package_columns import PackageUse
from ingest.sheets.row_patterns import CellRows
from ingest.sheets.rows import sort_into_rows
from ingest.sheets.sheet_plan import SheetPlan
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.sheet_source import open_sheet
from ingest.sheets.sheet_types import Sheet, SheetError, SheetOptions
from ingest.sheets.summary_rows import find_naming_columns, find_summary_rows
from ingest.sheets.tracked_columns import PUBLISHED_POSTS, meaning_in_tables

TABLE_NAMES = ("creators", "posts", "partnerships", "prospects", PUBLISHED_POSTS)
#: Those that are looked for where none are named.
IMPORTED_TABLES = TABLE_NAMES[:-1]
#: Rows that are looked at together, and from which the arithmetic of rates is checked.
CHUNK, SAMPLE = 20_000, 2_000
#: Names that a message lists.
MOST_NAMES = 20
#: Options with which everything is detected.
DETECT = SheetOptions()


def read_sheet(
    path: Path | str, options: SheetOptions = DETECT, tables: tuple[str, ...] = IMPORTED_TABLES
) -> Sheet:
    """Read a CSV or XLSX file of creators, posts or partnerships into canonical columns.

    What a column holds and how it is written is decided from all rows; `guesses` and `notes` say
    how. What cannot be decided is missing, and `Guess.ambiguous` says why. `tables`: those whose
    columns are read. Raises SheetError for a file that is no spreadsheet or has no known column.
    """
    _check(options, tables)
    source = _with_rows(open_sheet(Path(path), options))
    sheet_plan = plan_sheet(source, options, tables)
    return convert_records(sheet_plan, list(source.records()))


def iter_sheet(
    path: Path | str,
    options: SheetOptions = DETECT,
    tables: tuple[str, ...] = IMPORTED_TABLES,
    rows: int = 50_000,
) -> Iterator[Sheet]:
    """Read a sheet as `read_sheet` does, `rows` records at a time, in bounded memory.

    The file is read twice: everything is decided before the first rows are converted. Whether rates
    are by followers or by views is checked on its first 2,000 rows.
    """
    _check(options, tables)
    source = open_sheet(Path(path), options)
    sheet_plan = plan_sheet(source, options, tables)
    records = source.records()
    while chunk := list(islice(records, rows)):
        yield convert_records(sheet_plan, chunk)


def _with_rows(source: SheetSource) -> SheetSource:
    """Keep the records in memory, so that the file is read once."""
    held = list(source.records())
    source.records = lambda: iter(held)
    return source


def plan_sheet(
    source: SheetSource,
    options: SheetOptions,
    tables: tuple[str, ...] = IMPORTED_TABLES,
    whole: SheetSource | None = None,
) -> SheetPlan:
    """Look at all rows and decide how each column is read.

    `whole`: the source of which `source` has all rows or some. Raises SheetError where there is no
    row, or no known column.
    """
    layout = readable_layout(source.path, source.header)
    stats, sample, row_count = _gather_stats(source, options, layout, tables)
    try:
        roles, row_kind = assign_roles(source, stats, options, tables, layout, sample)
    except SheetError as error:
        raise SheetError(f"{str(source.path)!r}: {error}") from error
    plans, guesses = make_column_plans(roles, stats, sample, options, source.epoch)
    if not plans and not any(guess.ambiguous for guess in guesses):
        _refuse_without_columns(source, roles, options, tables)
    platform, platform_note, outranks_links = _default_platform(source, roles, options, layout)
    notes = [
        *source.notes,
        *([f"form: {layout.name}"] if layout else []),
        *_absent_columns(source, options),
        *(_unused_mapped_values(roles, stats) if whole in (None, source) else []),
    ]
    if row_kind == "posts" and not {"posts", PUBLISHED_POSTS} & set(tables):
        notes.append(
            "each row is a post and not a creator: import the posts, and list their creators here"
        )
    if platform and not any(plan.column == "platform" for plan in plans):
        notes.append(f"platform: {platform}, {platform_note}")
    return SheetPlan(
        source,
        plans,
        guesses,
        notes,
        row_kind,
        platform,
        outranks_links,
        unread={
            role.index: unread_column_name(role)
            for role, guess in zip(roles, guesses, strict=True)
            if guess.unread
        },
        sums=_summary_rows(whole or source, plans, stats, row_count),
        gifts=row_kind == "partnerships" and "partnerships" in tables,
        other_accounts={
            role.index: role.platform
            for role in roles
            if role.platform and is_other_account(role, options)
        },
        packages=_package_use(row_kind, tables),
    )


def _package_use(row_kind: str, tables: tuple[str, ...]) -> PackageUse:
    """Return what becomes of packages in rows that are added to one of `tables`."""
    if row_kind == "posts" and {"posts", PUBLISHED_POSTS} & set(tables):
        return "refused"
    return "counted" if row_kind == "partnerships" and row_kind in tables else "read"


def _refuse_without_columns(
    source: SheetSource, roles: list[ColumnRole], options: SheetOptions, tables: tuple[str, ...]
) -> NoReturn:
    """Raise SheetError for a sheet of which no column is read."""
    platforms = {role.platform for role in roles if role.platform}
    others = sorted(platforms - {"elsewhere", options.platform})
    if options.platform and others:
        raise SheetError(
            f"{str(source.path)!r} has columns of {' and '.join(others)} alone, and --platform "
            f"says {options.platform}: name a platform that the columns are of"
        )
    raise SheetError(
        f"{str(source.path)!r} has no column that is wanted: found {_listed(source.header)}; "
        f"looked for those of {', '.join(tables)}; name them in a map file (--map)"
    )


def _summary_rows(
    source: SheetSource, plans: list[ColumnPlan], stats: list[ColumnStats], row_count: int
) -> dict[int, str]:
    """Find the rows that sum up others: line -> which ones.

    The file is read for it only where a row has no name, or a word for a sum in place of one.
    """
    naming = [stats[position] for position in find_naming_columns(plans)]
    if not naming:
        return {}
    all_named = min(row_count - column.filled_count for column in naming) == 0
    if all_named and not any(column.sums for column in naming):
        return {}
    return find_summary_rows(source, plans)


def _gather_stats(
    source: SheetSource,
    options: SheetOptions,
    layout: ExportLayout | None,
    tables: tuple[str, ...],
) -> tuple[list[ColumnStats], CellRows, int]:
    """Look at all rows; return the statistics of each column, the cells of the first rows, and how
    many rows there are.
    """
    stats = [ColumnStats() for _ in source.header]
    meanings = [
        meaning_in_tables(header, tables) if header.strip() else None for header in source.header
    ]
    for position, (column, _) in (layout.meanings(source.header) if layout else {}).items():
        meanings[position] = HeaderMeaning(column, exact=True)
    mappings = [mapping_for(names, options) for names in source.mapping_names]
    kinds = [
        needed_stats(meaning, mapping) for meaning, mapping in zip(meanings, mappings, strict=True)
    ]
    mapped_words = [set(map(fold_label, mapping.values if mapping else ())) for mapping in mappings]
    sample: CellRows = []
    records, row_count = source.records(), 0
    while chunk := list(islice(records, CHUNK)):
        sorted_rows = sort_into_rows(chunk, source)
        rows = sorted_rows.cells
        row_count += len(rows)
        for fault in sorted_rows.left_out:
            for column_stats, text, kind in zip(stats, fault.cells, kinds, strict=False):
                column_stats.add_summary(text, kind)
        sample += rows[: SAMPLE - len(sample)]
        for position, column_stats in enumerate(stats):
            cells = [row[position] for row in rows]
            column_stats.add(cells, kinds[position], source.epoch)
            if words := mapped_words[position]:
                column_stats.mapped_words |= words & {fold_label(str(cell)) for cell in cells}
    if not row_count:
        raise SheetError(
            f"{str(source.path)!r} has a header ({_listed(source.header)}) and no rows: nothing to "
            f"read"
        )
    return stats, sample, row_count


def _default_platform(
    source: SheetSource,
    roles: list[ColumnRole],
    options: SheetOptions,
    layout: ExportLayout | None,
) -> tuple[str | None, str, bool]:
    """Return the platform of rows that name none, what says so, and whether it outranks links."""
    of_headers = {role.platform for role in roles if role.target and role.platform}
    of_headers.discard("elsewhere")
    if options.platform:
        return options.platform, "as asked for", True
    if len(of_headers) == 1:
        return next(iter(of_headers)), "as the headers say", True
    if layout and layout.platform:
        return layout.platform, "as its form says", True
    return source.platform, "as the worksheet is named", False


def _unused_mapped_values(roles: list[ColumnRole], stats: list[ColumnStats]) -> list[str]:
    """Return notes of the values of a map that never occur."""
    unused = {}
    for role in roles:
        words = stats[role.index].mapped_words
        values = role.mapping.values if role.mapping else {}
        unused[role.source] = [value for value in values if fold_label(value) not in words]
    return [
        f"the map explains values of {source!r} that never occur: {_listed(values)}"
        for source, values in unused.items()
        if values
    ]


def _absent_columns(source: SheetSource, options: SheetOptions) -> list[str]:
    """Return a note of the columns of a map that the sheet has not."""
    headers = {name.casefold() for names in source.mapping_names for name in names}
    absent = [name for name in options.columns if name.strip().casefold() not in headers]
    return [f"the map names columns that are not there: {_listed(absent)}"] if absent else []


def _check(options: SheetOptions, tables: tuple[str, ...]) -> None:
    """Raise SheetError for options that no sheet can be read with."""
    faults = []
    if options.delimiter is not None and len(options.delimiter) != 1:
        faults.append(f"delimiter {options.delimiter!r}: expected one character")
    if options.decimal not in (None, ".", ","):
        faults.append(f"decimal {options.decimal!r}: expected '.' or ','")
    if options.platform not in (None, *PLATFORMS):
        faults.append(f"platform {options.platform!r}: expected {', '.join(PLATFORMS)}")
    if not tables or not set(tables) <= set(TABLE_NAMES):
        faults.append(f"tables {tables!r}: expected {', '.join(TABLE_NAMES)}")
    if faults:
        raise SheetError(f"a sheet cannot be read with {'; '.join(faults)}")


def _listed(names: list[str]) -> str:
    first_names = ", ".join(repr(name) for name in names[:MOST_NAMES] if name.strip())
    return first_names + (", ..." if len(names) > MOST_NAMES else "")
