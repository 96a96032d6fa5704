"""The role of each column by itself: by the map file, by a known layout, by its name, and by its
values where the name leaves it open.
"""

from dataclasses import replace

from ingest.sheets.booking_columns import BOOKING_STATS, may_name_bookings
from ingest.sheets.column_role import BY_MAP_FILE, ColumnRole
from ingest.sheets.column_stats import ColumnStats, TextStats
from ingest.sheets.export_layouts import ExportLayout
from ingest.sheets.header_meanings import (
    HeaderMeaning,
    column_kinds,
    header_tokens,
)
from ingest.sheets.headers import meaning_without_year
from ingest.sheets.sheet_records import SheetSource
from ingest.sheets.sheet_types import ColumnMapping, SheetError, SheetOptions
from ingest.sheets.tracked_columns import meaning_in_tables, settle_tracked_columns

#: Columns of which two in one sheet contradict each other; of the others the first is used.
EXCLUSIVE_COLUMNS = frozenset(
    name for name, kind in column_kinds().items() if kind in ("count", "real", "time")
) - {"fee_usd"}
#: Names that values must settle, or may overrule -> which statistics they need.
_OPEN = {
    "rate": {"figures", "rates", "fees"},
    "engagement": {"figures", "rates"},
    **{name: {"dates"} for name in ("date", "timestamp", "made")},
    **{name: {"numbers"} for name in ("id", "creator_id", "post_id", "partnership_id")},
    "posts_count": {"figures", "links", "accounts", "numbers"},
    "platform_named": {"figures", "links", "accounts"},
    "platform": {"links", "accounts", "platforms"},
    "channel": {"links", "accounts", "platforms"},
    "content": {"niches"},
    "hashtags": {"figures"},
    "location": {"countries"},
    **{name: {"figures"} for name in ("reposts", "impressions")},
    **{name: {"links", "accounts"} for name in ("handle", "bio")},
    "name": {"links", "accounts", "mentions"},
    "link": {"links", "accounts", "posts"},
}
#: Counts whose names people also give to a column of their own notes.
_MAY_BE_NOTES = frozenset(
    f"{mean}{name}"
    for name in ("likes", "comments", "shares", "views", "saves", "reposts", "impressions")
    for mean in ("", "avg_")
)
#: `ColumnRole.how` of a column whose name has a year.
_BY_NAME_AND_YEAR = "known name and a year"
_AUDIENCE = {"audience", "audiencia", "publikum", "zielgruppe", "audiens"}
#: Columns that name an account or its platform, or turn out to.
_ACCOUNT_COLUMNS = (
    "channel", "platform", "platform_named", "handle", "name", "posts_count", "bio",
)  # fmt: skip
#: What such a column is when its values are neither links nor platforms; of the others, its name.
_WITHOUT_LINKS = {
    "channel": "name",
    "platform": None,
    "platform_named": "handle",
    "posts_count": None,
}


def needed_stats(meaning: HeaderMeaning | None, mapping: ColumnMapping | None) -> frozenset[str]:
    """Return which statistics a column needs for its role to be decided."""
    column = mapping.column if mapping else meaning.column if meaning else ""
    if not mapping and may_name_bookings(column):
        return frozenset(_OPEN.get(column, set()) | BOOKING_STATS)
    if not mapping and column in _OPEN:
        return frozenset(_OPEN[column])
    if column.startswith("engagement_rate"):
        return frozenset({"figures", "rates"})
    if column == "fee":
        return frozenset({"figures", "fees"})
    match column_kinds().get(column):
        case "count" | "real":
            return frozenset({"figures"})
        case "time":
            return frozenset({"dates"})
    return frozenset()


def mapping_for(names: tuple[str, str], options: SheetOptions) -> ColumnMapping | None:
    """Return what the options say of a column, by one of its names in `SheetSource.mapping_names`,
    whatever their case.
    """
    keys = {key.strip().casefold(): key for key in options.columns}
    key = next((keys[name.casefold()] for name in names if name.casefold() in keys), None)
    if key is None:
        return None
    mapping = options.columns[key]
    if not isinstance(mapping, ColumnMapping):
        mapping = ColumnMapping(mapping)
    return replace(mapping, column="") if mapping.column.strip() in ("", "-") else mapping


def header_roles(
    source: SheetSource,
    stats: list[ColumnStats],
    options: SheetOptions,
    layout: ExportLayout | None,
    tables: tuple[str, ...],
) -> list[ColumnRole]:
    """Return the role of every column by itself, in order; `tables`: those whose columns are read.

    Raises SheetError for a map to a column that does not exist.
    """
    by_layout = layout.meanings(source.header) if layout else {}
    mappings = [mapping_for(names, options) for names in source.mapping_names]
    roles = []
    for index, name in enumerate(source.names):
        header, mapping = source.header[index], mappings[index]
        meaning = meaning_in_tables(header, tables) if header.strip() else None
        if mapping is not None:
            role = _role_by_map(index, name, mapping, meaning)
        elif layout and index in by_layout:
            role = _role_by_layout(index, name, layout, *by_layout[index])
        elif meaning is not None:
            role = _role_by_name(index, name, meaning, stats[index])
        else:
            role = _role_without_name(index, name, header, stats[index])
        roles.append(role)
    return settle_tracked_columns(_settle_columns_of_a_year(roles), stats, tables)


def _role_by_map(
    index: int, source: str, mapping: ColumnMapping, meaning: HeaderMeaning | None
) -> ColumnRole:
    columns = column_kinds()
    if mapping.column and mapping.column not in columns:
        raise SheetError(
            f"{mapping.column!r}, to which the map sends {source!r}, is no column: expected one of "
            f"{', '.join(sorted(columns))}"
        )
    target = "fee" if mapping.column == "fee_usd" else mapping.column or None
    if mapping.column == "fee_usd" and mapping.unit is None:
        mapping = replace(mapping, unit="USD")
    if meaning:
        meaning = replace(meaning, platform=None)
    note = "" if target else "left out, as the map says"
    return ColumnRole(index, source, target, BY_MAP_FILE, meaning, mapping, note=note)


def _role_by_layout(
    index: int, source: str, layout: ExportLayout, column: str, note: str
) -> ColumnRole:
    meaning = HeaderMeaning(column, exact=True)
    how = f"column of {layout.name}"
    return ColumnRole(index, source, column or None, how, meaning, note=note)


def _role_by_name(
    index: int, source: str, meaning: HeaderMeaning, stats: ColumnStats
) -> ColumnRole:
    target, how = _settle_by_values(meaning, stats)
    if not how and meaning.exact:
        how = "exact name"
    elif not how:
        how = f"known name: {' '.join(sorted(meaning.concepts)) or meaning.column}"
    return ColumnRole(index, source, target, how, meaning)


def _role_without_name(index: int, source: str, header: str, stats: ColumnStats) -> ColumnRole:
    """Return the role of a column whose header has no meaning, but perhaps for the year in it."""
    without_year = meaning_without_year(header)
    if without_year and without_year.column in EXCLUSIVE_COLUMNS:
        return ColumnRole(index, source, without_year.column, _BY_NAME_AND_YEAR, without_year)
    note = ""
    if _AUDIENCE & set(header_tokens(header)):
        note = "of the audience, not of the creator"
    elif stats.rising and stats.first is not None and not header.strip():
        note = "a row number"
    elif not stats.filled_count:
        note = "holds nothing"
    return ColumnRole(index, source, None, "not recognised", note=note)


def _settle_columns_of_a_year(roles: list[ColumnRole]) -> list[ColumnRole]:
    """Leave out the figures of a year: the column of the same name without a year is used, where
    there is one.
    """
    plain = {role.target: role.source for role in roles if role.how != _BY_NAME_AND_YEAR}
    roles_without_year = []
    for role in roles:
        if role.how == _BY_NAME_AND_YEAR and role.target in plain:
            role = role.as_unread(f"of a year; {plain[role.target]!r} is used")
        elif role.how == _BY_NAME_AND_YEAR:
            role = role.as_unread(
                ambiguous=f"of a year, or the newest? If it is the newest, map {role.source!r} to "
                f"{role.target}"
            )
        roles_without_year.append(role)
    return roles_without_year


def _settle_by_values(meaning: HeaderMeaning, stats: ColumnStats) -> tuple[str | None, str]:
    """Settle by its values what a name leaves open.

    Returns the target and, where the values decided, how.
    """
    texts, column = stats.words, meaning.column
    if column in _MAY_BE_NOTES and 2 * stats.figures.worded > stats.filled_count:
        return None, "values: words, no numbers"
    numeric = stats.numeric_share >= 0.5
    if column == "platform_named" and numeric:
        return "followers", "values"
    if column == "posts_count" and numeric:
        return "posts_count", ""
    if column in ("handle", "platform_named") and texts.links:
        return "link", "values: links"
    if column in _ACCOUNT_COLUMNS:
        return _settle_account_column(column, texts)
    if column == "hashtags" and numeric:
        return "hashtags_count", "values: numbers"
    if column in ("rate", "engagement"):
        return _settle_rate_column(meaning, stats)
    if column == "content":
        if texts.share("niches") >= 0.5:
            return "niche", "values"
        return ("content" if texts.share("spaced") >= 0.5 else None), ""
    if column == "location":
        return ("country", "values") if texts.share("countries") >= 0.5 else (None, "")
    if column == "link" and texts.texts and texts.share("links") < 0.5:
        return ("handle" if texts.share("spaced") < 0.5 else None), "values"
    return column, ""


def _settle_account_column(column: str, texts: TextStats) -> tuple[str | None, str]:
    """Settle whether a column of _ACCOUNT_COLUMNS holds links, platforms, names or captions."""
    if texts.share("links") >= 0.5:
        if column == "bio":
            return None, "values: links, which need not be the account's own"
        return "link", "values"
    if column in ("channel", "platform") and texts.share("platforms") >= 0.5:
        return "platform", "values" if column == "channel" else ""
    if column == "posts_count" and texts.share("spaced") >= 0.5:
        return "content", "values"
    if column in _WITHOUT_LINKS:
        return _WITHOUT_LINKS[column], "values"
    return column, ""


def _settle_rate_column(meaning: HeaderMeaning, stats: ColumnStats) -> tuple[str | None, str]:
    """Settle whether a column "rate" or "engagement" holds fees, rates or engagements."""
    half = stats.filled_count / 2
    percents = stats.figures.percents + stats.shown_percent > half
    if meaning.column == "engagement":
        return ("engagement_rate", "values: percentages") if percents else ("engagement", "")
    if meaning.currency or stats.currency_count > half:
        return "fee", "values"
    return ("engagement_rate" if percents else None), "values"
