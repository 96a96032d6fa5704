"""Reading a sheet: open, survey all rows, decide, convert. The one call for import and for scoring."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from features.niche.tokens import fold_label
from features.tables.vocabulary import PLATFORMS
from ingest.sheets.account_columns import is_other_account
from ingest.sheets.assign_roles import assign_roles, mapping_for, needed_stats, unread_column_name
from ingest.sheets.column_plans import make_column_plans
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.convert import convert_records
from ingest.sheets.export_layouts import ExportLayout, readable_layout
from ingest.sheets.header_meanings import HeaderMeaning, header_meaning
from ingest.sheets.rows import sort_into_rows
from ingest.sheets.sheet_plan import SheetPlan
from ingest.sheets.sheet_source import SheetSource, open_sheet
from ingest.sheets.sheet_types import Sheet, SheetError, SheetOptions
from ingest.sheets.summary_rows import find_naming_columns, find_summary_rows
from ingest.sheets.workbook import Cell

TABLE_NAMES = ("creators", "posts", "partnerships", "prospects")
#: Rows that are surveyed at a time, and from which the arithmetic of rates is checked.
CHUNK, SAMPLE = 20_000, 2_000
#: Everything is detected.
DETECT = SheetOptions()


def read_sheet(
    path: Path | str, options: SheetOptions = DETECT, tables: tuple[str, ...] = TABLE_NAMES
) -> Sheet:
    """Read a CSV or XLSX file of creators, posts or partnerships into canonical columns.

    What a column holds and how it is written is decided from all rows and told in `guesses` and
    `notes`; what cannot be decided is missing, and told in `Guess.ambiguous`. `tables`: whose
    columns are wanted. Raises SheetError for a file that is no spreadsheet or has no known column.
    """
    _check(options, tables)
    source = _with_rows(open_sheet(Path(path), options))
    decided = plan_sheet(source, options, tables)
    return convert_records(decided, list(source.records()))


def iter_sheet(
    path: Path | str,
    options: SheetOptions = DETECT,
    tables: tuple[str, ...] = TABLE_NAMES,
    rows: int = 50_000,
) -> Iterator[Sheet]:
    """Read a sheet as `read_sheet` does, `rows` records at a time in bounded memory; all is decided
    before the first.

    The file is read twice. Whether rates are by followers or by views is checked on its first 2,000
    rows.
    """
    _check(options, tables)
    source = open_sheet(Path(path), options)
    decided = plan_sheet(source, options, tables)
    records = source.records()
    while chunk := list(islice(records, rows)):
        yield convert_records(decided, chunk)


def _with_rows(source: SheetSource) -> SheetSource:
    """Keep the records in memory, so that the file is read once."""
    held = list(source.records())
    source.records = lambda: iter(held)
    return source


def plan_sheet(
    source: SheetSource,
    options: SheetOptions,
    tables: tuple[str, ...] = TABLE_NAMES,
    whole: SheetSource | None = None,
) -> SheetPlan:
    """ColumnStats all rows and decide how each column is read. Raises SheetError where there is
    none, or no known column.

    `whole`: the source of which `source` gives all rows or some.
    """
    form = readable_layout(source.path, source.header)
    surveys, sample, seen = _surveyed(source, options, form)
    try:
        roles, nature = assign_roles(source, surveys, options, tables, form, sample)
    except SheetError as error:
        raise SheetError(f"{str(source.path)!r}: {error}") from error
    plans, guesses = make_column_plans(roles, surveys, sample, options, source.epoch)
    if not plans and not any(guess.ambiguous for guess in guesses):
        others = sorted({role.platform for role in roles} - {None, "elsewhere", options.platform})
        if options.platform and others:
            raise SheetError(
                f"{str(source.path)!r} has columns of {' and '.join(others)} alone, and --platform says "
                f"{options.platform}: name a platform that the columns are of"
            )
        raise SheetError(
            f"{str(source.path)!r} has no column that is wanted: found {_listed(source.header)}; looked for those of "
            f"{', '.join(tables)}; name them in a map file (--map)"
        )
    platform, how, firm = _platform(source, roles, options, form)
    notes = [*source.notes, *([f"form: {form.name}"] if form else []), *_absent(source, options)]
    notes += _idle_values(roles, surveys) if whole in (None, source) else []
    if nature == "posts" and "posts" not in tables:
        notes.append(
            "each row is a post and not a creator: import the posts, and list their creators here"
        )
    if platform and not any(plan.column == "platform" for plan in plans):
        notes.append(f"platform: {platform}, {how}")
    unread = {
        role.index: unread_column_name(role)
        for role, guess in zip(roles, guesses, strict=True)
        if guess.unread
    }
    naming = [surveys[k] for k in find_naming_columns(plans)]
    suspect = naming and (
        min(seen - survey.filled_count for survey in naming)
        or any(survey.sums for survey in naming)
    )
    sums = find_summary_rows(whole or source, plans) if suspect else {}
    others = {role.index: role.platform for role in roles if is_other_account(role, options)}
    gifts = nature == "partnerships" and "partnerships" in tables
    return SheetPlan(
        source, plans, guesses, notes, nature, platform, firm, unread, sums, gifts, others
    )


def _surveyed(
    source: SheetSource, options: SheetOptions, form: ExportLayout | None
) -> tuple[list[ColumnStats], list[list[Cell]], int]:
    """Look at all rows; give a survey of each column, the cells of the first rows, and how many
    rows there are.
    """
    surveys = [ColumnStats() for _ in source.header]
    names = [header_meaning(header) if header.strip() else None for header in source.header]
    for position, (column, _) in (form.meanings(source.header) if form else {}).items():
        names[position] = HeaderMeaning(column, exact=True)
    mapped = [mapping_for(both, options) for both in source.mapping_names]
    wanted = [needed_stats(name, said) for name, said in zip(names, mapped, strict=True)]
    explained = [{fold_label(value) for value in said.values} if said else set() for said in mapped]
    sample, records, seen = [], source.records(), 0
    while chunk := list(islice(records, CHUNK)):
        rows = sort_into_rows(chunk, source)
        seen += len(rows.cells)
        sample += rows.cells[: SAMPLE - len(sample)]
        for k, survey in enumerate(surveys):
            cells = [row[k] for row in rows.cells]
            survey.add(cells, wanted[k], source.epoch)
            if explained[k]:
                survey.mapped_words |= explained[k] & {fold_label(str(cell)) for cell in cells}
    if not seen:
        raise SheetError(
            f"{str(source.path)!r} has a header ({_listed(source.header)}) and no rows: nothing to read"
        )
    return surveys, sample, seen


def _platform(
    source: SheetSource, roles: list[ColumnRole], options: SheetOptions, form: ExportLayout | None
) -> tuple[str | None, str, bool]:
    """Give the platform of rows that name none, what says so, and whether that outranks links."""
    headers = {role.platform for role in roles if role.target and role.platform} - {"elsewhere"}
    if options.platform:
        return options.platform, "as asked for", True
    if len(headers) == 1:
        return next(iter(headers)), "as the headers say", True
    if form and form.platform:
        return form.platform, "as its form says", True
    return source.platform, "as the worksheet is named", False


def _idle_values(roles: list[ColumnRole], surveys: list[ColumnStats]) -> list[str]:
    """Tell which values of a map never occur."""
    idle = {
        role.source: [
            value
            for value in role.mapping.values
            if fold_label(value) not in surveys[role.index].mapped_words
        ]
        for role in roles
        if role.mapping
    }
    return [
        f"the map explains values of {name!r} that never occur: {_listed(of)}"
        for name, of in idle.items()
        if of
    ]


def _absent(source: SheetSource, options: SheetOptions) -> list[str]:
    headers = {name.casefold() for names in source.mapping_names for name in names}
    absent = [name for name in options.columns if name.strip().casefold() not in headers]
    return [f"the map names columns that are not there: {_listed(absent)}"] if absent else []


def _check(options: SheetOptions, tables: tuple[str, ...]) -> None:
    wrong = [
        f"{name} {value!r}: expected {expected}"
        for name, value, expected, right in (
            (
                "delimiter",
                options.delimiter,
                "one character",
                options.delimiter is None or len(options.delimiter) == 1,
            ),
            ("decimal", options.decimal, "'.' or ','", options.decimal in (None, ".", ",")),
            (
                "platform",
                options.platform,
                ", ".join(PLATFORMS),
                options.platform in (None, *PLATFORMS),
            ),
            (
                "tables",
                tables,
                ", ".join(TABLE_NAMES),
                bool(tables) and set(tables) <= set(TABLE_NAMES),
            ),
        )
        if not right
    ]
    if wrong:
        raise SheetError(f"a sheet cannot be read with {'; '.join(wrong)}")


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:20] if name.strip()) + (
        ", ..." if len(names) > 20 else ""
    )
