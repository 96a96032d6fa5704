"""The header of a sheet: which record it is, and what its columns are called.

A record is weighed as a whole: by how many columns it names, and, where some of its cells look like
data ("55+", "Followers 2024"), by whether names in it stand above figures.
"""

import re

from ingest.sheets.header_meanings import HeaderMeaning, header_meaning
from ingest.sheets.labels import platform_of
from ingest.sheets.links import parse_link
from ingest.sheets.number_parser import parse_number_text
from ingest.sheets.sheet_types import SheetOptions
from ingest.sheets.workbook import Cell

#: line, cells, what is wrong with the record
Record = tuple[int, list[Cell], str]
#: line, cells and number of known columns
Header = tuple[int, list[Cell], int]
#: Among how many records the header is looked for, and how many below it tell whether names stand
#: above figures.
HEADER_WITHIN, LOOKED_AT = 40, 20
#: Columns that stand once for each platform where several are side by side.
_OF_AN_ACCOUNT = {
    "followers", "following", "posts_count", "handle", "link", "fee", "verified", "avg_likes",
    "avg_comments", "avg_shares", "avg_views", "engagement_rate", "engagement_rate_by_followers",
    "engagement_rate_by_views",
}  # fmt: skip
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def find_header(rows: list[Record], options: SheetOptions) -> Header | None:
    """Return the header: the first record that names most columns, None where none names one."""
    if options.header_row is not None:
        for line, cells, _ in rows:
            if line == options.header_row:
                return line, cells, _count_columns(cells, [], options)
        return None
    filled = [(line, cells) for line, cells, _ in rows if any(str(cell).strip() for cell in cells)]
    completed: list[tuple[int, list[Cell]]] = []
    before: list[Cell] = []
    for line, cells in filled:
        completed.append((line, _complete_header(cells, before)))
        before = cells
    candidates: list[Header] = []
    for position, (line, cells) in enumerate(completed[:HEADER_WITHIN]):
        below = [row for _, row in completed[position + 1 : position + 1 + LOOKED_AT]]
        candidates.append((line, cells, _count_columns(cells, below, options)))
    best = max(candidates, key=count_known_columns, default=None)
    return best if count_known_columns(best) > 0 else None


def _complete_header(cells: list[Cell], before: list[Cell]) -> list[Cell]:
    """Fill blank cells below a row of platforms with the names that stand above them."""
    if not any(
        _is_group(str(over).strip(), str(cell).strip())
        for over, cell in zip(before, cells, strict=False)
    ):
        return cells
    over = [*before, *[""] * len(cells)]
    return [
        cell if str(cell).strip() or _is_platform(str(over[k])) else over[k]
        for k, cell in enumerate(cells)
    ]


def record_before(rows: list[Record], line: int) -> list[Cell] | None:
    """Return the cells of the record before a line."""
    return next((cells for n, cells, _ in reversed(rows) if n < line), None)


def count_known_columns(header: Header | None) -> int:
    """Return how many columns a header names, 0 where there is no header."""
    return header[2] if header else 0


def _count_columns(cells: list[Cell], below: list[list[Cell]], options: SheetOptions) -> int:
    """Count the different columns that a row names; 0 for a row that holds data, or nothing but a
    platform.
    """
    texts = [str(cell).strip() for cell in cells]
    if (
        options.header_row is None
        and any(map(_is_data, texts))
        and not _stands_above_data(texts, below)
    ):
        return 0
    mapped = {name.strip() for name, column in options.columns.items() if column}
    first = [str(cell).strip() for cell in below[0]] if below else []
    names = [
        text if text in mapped else header_meaning(text)
        for text, under in zip(texts, [*first, *[""] * len(texts)], strict=False)
        if text and not _is_group(text, under)
    ]
    columns = {
        name if isinstance(name, str) else (name.column, name.platform) for name in names if name
    }
    lone = len(columns) == 1 < len(names) and any(
        isinstance(c, tuple) and c[0] == "platform_named" for c in columns
    )
    return 0 if lone else len(columns)


def _is_data(text: str) -> bool:
    """Return whether a text is a value rather than the name of a column: a link, a handle, or a
    number that is no year.
    """
    if text.startswith("@") and len(text) > 1:
        return not header_meaning(text[1:])
    if header_meaning(text) or meaning_without_year(text):
        return False
    if parse_link(text) is not None:
        return True
    if not any(map(str.isdigit, text)) or parse_number_text(text) is None:
        return False
    is_year = text.isdecimal() and 1990 <= int(text) <= 2100
    return not is_year


def _stands_above_data(texts: list[str], below: list[list[Cell]]) -> bool:
    """Return whether a row names columns: a name is above data, or most cells are names that no row
    below repeats.
    """
    unrepeated = 0
    for position, text in enumerate(texts):
        if not text or not (header_meaning(text) or meaning_without_year(text)):
            continue
        cells = [str(row[position]).strip() for row in below if position < len(row)]
        filled = [cell for cell in cells if cell]
        if sum(map(_is_data, filled)) > len(filled) / 2:
            return True
        unrepeated += bool(filled) and text not in filled
    return unrepeated >= 3 and unrepeated > sum(map(_is_data, texts))


def _is_group(text: str, under: str) -> bool:
    """Return whether a cell is a platform above the name of one of its columns."""
    above = header_meaning(text)
    below = None if not under or _is_data(under) else header_meaning(under)
    if above is None or below is None:
        return False
    return above.column == "platform_named" and below.column in _OF_AN_ACCOUNT


def with_platform_prefixes(header: list[str], before: list[Cell] | None) -> list[str]:
    """Put platforms before the names of their columns: those of the row above, or those of the
    columns before them.

    In the row above each stands over the first of its columns; other words there end a group. A
    column with a platform's name tells whose the columns after it are where each of several of one
    meaning has another before it.
    """
    words = [str(cell).strip() for cell in before or []]
    if any(words) and (
        all(platform_of(word) for word in words if word) or any(map(_is_platform, words))
    ):
        return [
            _of_group(group, name)
            for group, name in zip(_groups(words, len(header)), header, strict=True)
        ]
    groups = _groups([_owner(name) for name in header], len(header))
    meanings = [
        name.column if (name := header_meaning(text)) and not name.platform else None
        for text in header
    ]
    owners = {
        column: [g for g, m in zip(groups, meanings, strict=True) if m == column]
        for column in set(meanings)
    }
    apart = {
        column
        for column, of in owners.items()
        if len(of) > 1 and all(of) and len(set(of)) == len(of)
    }
    return [
        _of_group(group, name) if column in apart else name
        for group, name, column in zip(groups, header, meanings, strict=True)
    ]


def _owner(text: str) -> str:
    """Return the platform whose account a column names ("Instagram", "TikTok handle"), else ""."""
    name = header_meaning(text) if text.strip() else None
    if name is None or not name.platform or name.column not in ("platform_named", "handle", "link"):
        return ""
    return text.strip() if name.column == "platform_named" else name.platform.title()


def _is_platform(text: str) -> bool:
    name = header_meaning(text) if text.strip() else None
    return name is not None and name.column == "platform_named"


def _groups(words: list[str], width: int) -> list[str]:
    """Return for each column the word at or before it."""
    group, groups = "", []
    for k in range(width):
        group = (words[k] if k < len(words) else "") or group
        groups.append(group)
    return groups


def _of_group(group: str, name: str) -> str:
    meaning = header_meaning(name) if platform_of(group) and name.strip() else None
    if meaning is None or meaning.platform is not None or meaning.column not in _OF_AN_ACCOUNT:
        return name
    return f"{group} {name.strip()}"


def unique_column_names(header: list[str]) -> list[str]:
    """Return a different name for every column: the second "Followers" becomes "Followers (2)".

    >>> unique_column_names(["Name", "Followers", "", "Followers"])
    ['Name', 'Followers', '(column 3)', 'Followers (2)']
    """
    names: list[str] = []
    header_names = {name.strip().casefold() for name in header}
    used_names: set[str] = set()
    for position, text in enumerate(header, 1):
        base = text.strip() or f"(column {position})"
        name, number = base, 1
        while name.casefold() in used_names or (number > 1 and name.casefold() in header_names):
            number += 1
            name = f"{base} ({number})"
        used_names.add(name.casefold())
        names.append(name)
    return names


def meaning_without_year(header: str) -> HeaderMeaning | None:
    """Return the meaning of a header apart from the year in it ("Followers 2024"), None where it
    has no year.
    """
    return (
        header_meaning(_YEAR.sub(" ", header))
        if _YEAR.search(header) and not header_meaning(header)
        else None
    )
