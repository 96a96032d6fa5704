"""Reading a sheet: open, survey all rows, decide, convert. The one call for import and for scoring."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from features.sheets.convert import Decided, convert
from features.sheets.names import named
from features.sheets.plan import plans_of
from features.sheets.result import Sheet, SheetError, SheetOptions
from features.sheets.roles import assign, mapped_of, nature_of, wanted_of
from features.sheets.rows import rows_of
from features.sheets.source import Source, open_source
from features.sheets.survey import Survey

TABLE_NAMES = ("creators", "posts", "partnerships", "prospects")
#: Rows that are surveyed at a time, and from which the arithmetic of rates is checked.
CHUNK, SAMPLE = 20_000, 2_000
#: Everything is detected.
DETECT = SheetOptions()


def read_sheet(path: Path | str, options: SheetOptions = DETECT, tables: tuple[str, ...] = TABLE_NAMES) -> Sheet:
    """Read a CSV or XLSX file of creators, posts or partnerships into canonical columns.

    What a column holds and how it is written is decided from all rows and told in `guesses` and `notes`; what cannot
    be decided is missing, and told in `Guess.ambiguous`. `tables`: whose columns are wanted. Raises SheetError for a
    file that is no spreadsheet or has no known column.
    """
    source = _with_rows(open_source(Path(path), options))
    decided = decide(source, options, tables)
    return convert(decided, list(source.records()))


def iter_sheet(
    path: Path | str,
    options: SheetOptions = DETECT,
    tables: tuple[str, ...] = TABLE_NAMES,
    rows: int = 50_000,
) -> Iterator[Sheet]:
    """Read a sheet as `read_sheet` does, `rows` records at a time in bounded memory; all is decided before the first.

    The file is read twice. Whether rates are by followers or by views is checked on its first 2,000 rows.
    """
    source = open_source(Path(path), options)
    decided = decide(source, options, tables)
    records = source.records()
    while chunk := list(islice(records, rows)):
        yield convert(decided, chunk)


def _with_rows(source: Source) -> Source:
    """Keep the records in memory, so that the file is read once."""
    held = list(source.records())
    source.records = lambda: iter(held)
    return source


def decide(source: Source, options: SheetOptions, tables: tuple[str, ...] = TABLE_NAMES) -> Decided:
    """Survey all rows and decide how each column is read. Raises SheetError where there is none, or no known column."""
    surveys = [Survey() for _ in source.header]
    names = [named(header) if header.strip() else None for header in source.header]
    wanted = [wanted_of(names[k], mapped_of(header, options) is not None) for k, header in enumerate(source.header)]
    sample, records, seen = [], source.records(), 0
    while chunk := list(islice(records, CHUNK)):
        rows = rows_of(chunk, source)
        seen += len(rows.cells)
        sample += rows.cells[: SAMPLE - len(sample)]
        for k, survey in enumerate(surveys):
            survey.add([cells[k] for cells in rows.cells], wanted[k], source.epoch)
    if not seen:
        raise SheetError(f"{str(source.path)!r} has a header ({_listed(source.header)}) and no rows: nothing to read")
    roles = assign(source.header, surveys, options, tables)
    plans, guesses = plans_of(roles, surveys, sample, options, source.epoch)
    if not plans and not any(guess.ambiguous for guess in guesses):
        raise SheetError(
            f"{str(source.path)!r} has no column that is wanted: found {_listed(source.header)}; looked for those of "
            f"{', '.join(tables)}; name them in a map file"
        )
    platforms = {role.platform for role in roles if role.target and role.platform} - {"elsewhere"}
    platform = next(iter(platforms)) if len(platforms) == 1 else options.platform
    notes = list(source.notes)
    missing = [
        name
        for name in options.columns
        if not any(mapped_of(h, options) and h.strip().casefold() == name.strip().casefold() for h in source.header)
    ]
    if missing:
        notes.append(f"the map names columns that are not there: {_listed(missing)}")
    if platform and not any(plan.column == "platform" for plan in plans):
        notes.append(f"platform: {platform}, as {'the headers say' if platforms else 'asked for'}")
    return Decided(source, plans, guesses, notes, nature_of(roles), platform)


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:20] if name.strip()) + (", ..." if len(names) > 20 else "")
