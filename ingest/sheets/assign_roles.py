"""Which canonical column each source column is: by the map file, by its name, and by its values
where a name is open.

Nothing is picked silently: of two columns that mean the same figure neither is used, and the
guesses say so.
"""

from dataclasses import replace

from features.tables.schema import TABLE_SPECS
from ingest.sheets.account_columns import drop_row_number_ids, one_identity, one_platform
from ingest.sheets.column_role import ColumnRole
from ingest.sheets.column_stats import ColumnStats
from ingest.sheets.export_layouts import ExportLayout
from ingest.sheets.header_meanings import (
    HeaderMeaning,
    canonical_names,
    header_meaning,
    header_tokens,
)
from ingest.sheets.headers import meaning_without_year
from ingest.sheets.row_kind import (
    AVERAGE_OF_COUNT,
    as_unclear_mean,
    detect_row_kind,
    drop_follower_gains_by_date,
    drop_period_column,
    drop_post_gains,
    has_follower_history,
    resolve_by_platform,
    resolve_by_row_kind,
)
from ingest.sheets.row_patterns import CellRows
from ingest.sheets.sheet_source import SheetSource
from ingest.sheets.sheet_types import ColumnMapping, SheetError, SheetOptions

#: Meanings that are no canonical column themselves, and what is made of them.
INTERMEDIATE_COLUMNS = {
    "link": "link", "name": "text", "fee": "real", "currency": "text", "engagement_rate": "real",
    "total_likes": "count", "followers_at_posting": "count", "engagement": "count", "impressions": "count",
}  # fmt: skip
#: Canonical columns of which two in one sheet contradict each other; of the others the first is
#: used.
EXCLUSIVE_COLUMNS = frozenset(
    name
    for name, kind in {**canonical_names(), **INTERMEDIATE_COLUMNS}.items()
    if kind in ("count", "real", "time")
) - {"fee_usd"}
#: Names that values must settle, or may overrule -> what to look for.
_OPEN = {
    "rate": {"figures", "rates", "fees"},
    "engagement": {"figures", "rates"},
    **{name: {"dates"} for name in ("date", "timestamp", "made")},
    **{name: {"numbers"} for name in ("id", "creator_id", "post_id", "partnership_id")},
    "posts_count": {"figures", "links", "accounts"},
    "platform_named": {"figures", "links", "accounts"},
    "platform": {"links", "accounts", "platforms"},
    "channel": {"links", "accounts", "platforms"},
    "content": {"niches"},
    "hashtags": {"figures"},
    "location": {"countries"},
    **{name: {"figures"} for name in ("reposts", "impressions")},
    **{name: {"links", "accounts"} for name in ("handle", "name", "bio")},
    "link": {"links", "accounts", "posts"},
}
#: How a column is known whose name has a year.
_DATED = "known name and a year"
_AUDIENCE = {"audience", "audiencia", "publikum", "zielgruppe", "audiens"}


def unread_column_name(role: ColumnRole) -> str:
    """Name what a column that stays unclear holds, as far as that is known.

    >>> unread_column_name(ColumnRole(0, "Likes", None, "known name", HeaderMeaning("likes")))
    'avg_likes'
    """
    column = role.name.column if role.name else ""
    column = {"fee": "fee_usd", **AVERAGE_OF_COUNT}.get(column, column)
    known = column in TABLE_SPECS["prospects"].names or column == "engagement_rate"
    return column if known else "unclear_column"


def needed_stats(name: HeaderMeaning | None, mapped: ColumnMapping | None) -> frozenset[str]:
    """Say which surveys a column needs for its part to be decided."""
    column = mapped.column if mapped else name.column if name else ""
    kind = {**canonical_names(), **INTERMEDIATE_COLUMNS}.get(column)
    if not mapped and column in _OPEN:
        return frozenset(_OPEN[column])
    if column.startswith("engagement_rate"):
        return frozenset({"figures", "rates"})
    if column == "fee":
        return frozenset({"figures", "fees"})
    return frozenset(
        {"figures"} if kind in ("count", "real") else {"dates"} if kind == "time" else ()
    )


def mapping_for(names: tuple[str, str], options: SheetOptions) -> ColumnMapping | None:
    """Give what the options say of a column, by one of its names in `Source.map_names`, whatever
    their case.
    """
    folded = {key.strip().casefold(): key for key in options.columns}
    key = next((folded[name.casefold()] for name in names if name.casefold() in folded), None)
    if key is None:
        return None
    said = options.columns[key]
    said = said if isinstance(said, ColumnMapping) else ColumnMapping(said)
    return replace(said, column="") if said.column.strip() in ("", "-") else said


def assign_roles(
    source: SheetSource, surveys: list[ColumnStats], options: SheetOptions, tables: tuple[str, ...],
    form: ExportLayout | None = None, sample: CellRows | None = None,
) -> tuple[list[ColumnRole], str]:  # fmt: skip
    """Give the role of every column, in order, and what the rows are (see `detect_row_kind`).

    `form`: the known form that the header has; `sample`: cells of the first rows. Raises SheetError
    for a map to a column that there is not, and for figures of each day.
    """
    sample = sample or []
    meanings = form.meanings(source.header) if form else {}
    mapped = [mapping_for(names, options) for names in source.mapping_names]
    columns = enumerate(zip(source.names, source.header, surveys, mapped, strict=True))
    roles = _no_years([
        _of_form(k, column[0], form, *meanings[k]) if k in meanings and mapped[k] is None else _first(k, *column)
        for k, column in columns
    ])  # fmt: skip
    roles = drop_period_column(roles, sample)
    given = [role for role in roles if surveys[role.index].filled_count]
    links = any(r.target == "link" and surveys[r.index].words.share("posts") >= 0.5 for r in given)
    nature = form.table if form else detect_row_kind(given, links, sample)
    history = nature == "creators" and has_follower_history(given, sample)
    if nature == "creators":
        roles = drop_follower_gains_by_date(roles, sample)
    roles = [resolve_by_row_kind(role, nature, roles, history) for role in roles]
    if nature == "posts":
        roles = drop_post_gains(roles, sample)
    roles = resolve_by_platform(roles, options, form)
    roles = _with_currencies(roles)
    roles = one_platform(roles, options)
    roles = drop_row_number_ids(roles, nature, surveys, sample)
    roles = one_identity(roles, surveys)
    roles = _no_doubles(roles)
    return [_within(role, tables) for role in roles], nature


def _of_form(index: int, source: str, form: ExportLayout, column: str, note: str) -> ColumnRole:
    return ColumnRole(
        index,
        source,
        column or None,
        f"column of {form.name}",
        HeaderMeaning(column, exact=True),
        note=note,
    )


def _first(
    index: int, source: str, header: str, survey: ColumnStats, mapped: ColumnMapping | None
) -> ColumnRole:
    name = header_meaning(header) if header.strip() else None
    if mapped is not None:
        return _mapped(index, source, mapped, name)
    if (
        name is None
        and (dated := meaning_without_year(header))
        and dated.column in EXCLUSIVE_COLUMNS
    ):
        return ColumnRole(index, source, dated.column, _DATED, dated)
    if name is None:
        rising = survey.rising and survey.first is not None
        note = (
            "a row number"
            if rising and not header.strip()
            else ""
            if survey.filled_count
            else "holds nothing"
        )
        note = (
            "of the audience, not of the creator"
            if _AUDIENCE & set(header_tokens(header))
            else note
        )
        return ColumnRole(index, source, None, "not recognised", note=note)
    target, how = _by_values(name, survey)
    how = how or (
        "exact name"
        if name.exact
        else f"known name: {' '.join(sorted(name.concepts)) or name.column}"
    )
    return ColumnRole(index, source, target, how, name)


def _no_years(roles: list[ColumnRole]) -> list[ColumnRole]:
    """Leave out the figures of a year: the column of that name without one is used, where there is
    one.
    """
    plain = {role.target: role.source for role in roles if role.how != _DATED}
    return [
        role
        if role.how != _DATED
        else role.as_unread(f"of a year; {plain[role.target]!r} is used")
        if role.target in plain
        else role.as_unread(
            ambiguous=f"of a year, or the newest? If it is the newest, map {role.source!r} to {role.target}"
        )
        for role in roles
    ]


def _mapped(
    index: int, source: str, mapped: ColumnMapping, name: HeaderMeaning | None
) -> ColumnRole:
    known = {**canonical_names(), **INTERMEDIATE_COLUMNS}
    if mapped.column and mapped.column not in known:
        raise SheetError(
            f"{mapped.column!r}, to which the map sends {source!r}, is no column: expected one of "
            f"{', '.join(sorted(known))}"
        )
    target = {"fee_usd": "fee"}.get(mapped.column, mapped.column) or None
    if mapped.column == "fee_usd" and mapped.unit is None:
        mapped = replace(mapped, unit="USD")
    name = replace(name, platform=None) if name else None
    return ColumnRole(
        index,
        source,
        target,
        "map file",
        name,
        mapped,
        note="" if target else "left out, as the map says",
    )


def _by_values(name: HeaderMeaning, survey: ColumnStats) -> tuple[str | None, str]:
    """Settle by its values what a name leaves open; give the target and, where values decided, how."""
    words, column = survey.words, name.column
    if column in ("platform_named", "posts_count") and survey.numeric_share >= 0.5:
        return (
            "followers" if column == "platform_named" else column
        ), "values" if column == "platform_named" else ""
    if column in ("handle", "platform_named") and words.links:
        return "link", "values: links"
    if column in ("channel", "platform", "platform_named", "handle", "name", "posts_count", "bio"):
        if words.share("links") >= 0.5:
            return (
                (None, "values: links, which need not be the account's own")
                if column == "bio"
                else ("link", "values")
            )
        if words.share("platforms") >= 0.5 and column in ("channel", "platform"):
            return "platform", "values" if column == "channel" else ""
        other = {
            "channel": "name",
            "platform": None,
            "platform_named": "handle",
            "posts_count": None,
        }
        if column == "posts_count" and words.share("spaced") >= 0.5:
            return "content", "values"
        return (other[column], "values") if column in other else (column, "")
    if column == "content":
        if words.share("niches") >= 0.5:
            return "niche", "values"
        return ("content", "") if words.share("spaced") >= 0.5 else (None, "")
    if column == "hashtags" and survey.numeric_share >= 0.5:
        return "hashtags_count", "values: numbers"
    if column == "rate":
        half, percents = survey.filled_count / 2, survey.figures.percents + survey.shown_percent
        return (
            "fee"
            if name.currency or survey.currency_count > half
            else "engagement_rate"
            if percents > half
            else None,
            "values",
        )
    if (
        column == "engagement"
        and survey.figures.percents + survey.shown_percent > survey.filled_count / 2
    ):
        return "engagement_rate", "values: percentages"
    if column == "location":
        return ("country", "values") if words.share("countries") >= 0.5 else (None, "")
    if column == "link" and words.texts and words.share("links") < 0.5:
        return ("handle" if words.share("spaced") < 0.5 else None), "values"
    return column, ""


def _with_currencies(roles: list[ColumnRole]) -> list[ColumnRole]:
    """Let a column of currencies stand beside the fees that it is of: not a column fee_usd, where
    there are others.
    """
    fees = [role for role in roles if role.target == "fee"]
    if not any(role.target == "currency" for role in roles):
        return roles
    rates = [
        role for role in roles if role.name and role.name.column == "rate" and role.target is None
    ]
    if (
        not fees and len(rates) == 1 and not rates[0].mapping
    ):  # "Rate" may be one of engagement, but not in a currency
        return [replace(role, target="fee") if role is rates[0] else role for role in roles]
    if not fees:
        return [
            role.as_unread("the currency of no fee") if role.target == "currency" else role
            for role in roles
        ]
    own = [role for role in fees if role.name and role.name.exact and role.name.currency]
    return [
        replace(role, target="fee_usd") if role in own and len(fees) > len(own) else role
        for role in roles
    ]


def _no_doubles(roles: list[ColumnRole]) -> list[ColumnRole]:
    """Settle which of several columns of one meaning is read: the mapped, the exactly named; of
    figures else none.
    """
    result = list(roles)
    for target in {role.target for role in roles} - {None, "link"}:
        same = [role for role in roles if role.target == target]
        if len(same) == 1:
            continue
        mapped = [role for role in same if role.how == "map file"]
        first = mapped or [role for role in same if role.name and role.name.exact]
        if len(first) == 1 or (target not in EXCLUSIVE_COLUMNS and not first):
            used = (first or same)[0]
            for role in same:
                if role is not used:
                    result[role.index] = role.as_unread(
                        f"means the same as {used.source!r}, which is used"
                    )
        else:
            others = {r.index: ", ".join(repr(o.source) for o in same if o is not r) for r in same}
            for role in same:
                told = f"means the same as {others[role.index]}: map one of them to {target}, the other to -"
                result[role.index] = role.as_unread(ambiguous=told)
    return result


def _within(role: ColumnRole, tables: tuple[str, ...]) -> ColumnRole:
    """Leave out what no table asked for has a column for."""
    columns = {name for table in tables for name in TABLE_SPECS[table].names} | {
        "link",
        "name",
        "total_likes",
    }
    columns |= {"followers_at_posting"} if "creators" in tables else set()
    target = {"fee": "fee_usd", "engagement_rate": "engagement_rate_by_views"}.get(
        role.target, role.target
    )
    if target is None or target in columns:
        return role
    if (
        AVERAGE_OF_COUNT.get(role.target) in columns
        and role.how != "map file"
        and "total" not in role.name.concepts
    ):
        return as_unclear_mean(role)
    return role.as_unread(
        f"known as {role.target}, for which {' and '.join(tables)} have no column"
    )
