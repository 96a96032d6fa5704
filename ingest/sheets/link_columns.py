"""What the links of a row say of its account and its post, where no column of their own does.

The platform that the row itself, --platform or the headers name outranks links, and a link of an
account one of a post.
"""

import pandas as pd

from ingest.sheets.column_plan import ColumnPlan
from ingest.sheets.links import Link
from ingest.sheets.rows import SheetRows
from ingest.sheets.sheet_types import SheetFault

#: The source column of a link and the link.
SourceLink = tuple[str, Link]


def fill_from_links(
    frame: dict[str, pd.Series],
    columns: list[tuple[ColumnPlan, list]],
    platforms: list[str | None],
    posts: bool,
    rows: SheetRows,
) -> tuple[list[SheetFault], list[str]]:
    """Fill platform, handle, creator_id and, of posts, post_id of a frame; return faults and notes.

    `columns`: those of links, each with its links (n,). `platforms` (n,): None where the links of a
    row decide. A row whose links name several platforms has none, which is a fault; links that
    contradict their row are noted.
    """
    row_count = len(rows.cells)
    faults: list[SheetFault] = []
    values: dict[str, list[str | None]] = {
        name: [None] * row_count for name in ("platform", "handle", "creator_id", "post_id")
    }
    handles = list(frame.get("handle", [None] * row_count))
    unused: dict[str, list[int]] = {}
    for row, line in enumerate(rows.lines):
        links = [
            (plan.guess.source, column[row]) for plan, column in columns if column[row] is not None
        ]
        platform = platforms[row]
        if platform is None:
            platform, fault = _platform_of_links(links, line)
            faults += fault
        for source, link in links:
            if link.platform is None:
                continue
            if link.platform and link.platform != platform:
                if platform is not None:
                    note = f"{source!r}: links of another platform than their row are not used"
                    unused.setdefault(note, []).append(line)
                continue
            if _names_another_handle(link, handles[row]):
                note = (
                    f"{source!r}: links of another account than the handle of their row, which is "
                    f"used"
                )
                unused.setdefault(note, []).append(line)
            for name, column in values.items():
                column[row] = column[row] or getattr(link, name) or None
        values["platform"][row] = platform or None
    for name in ("platform", "handle", "creator_id", *(("post_id",) if posts else ())):
        filled = pd.Series(values[name], dtype="str")
        frame[name] = frame[name].fillna(filled) if name in frame else filled
    notes = [
        f"{note}: {len(lines):,}, the first in line {lines[0]:,}" for note, lines in unused.items()
    ]
    return faults, notes


def _platform_of_links(links: list[SourceLink], line: int) -> tuple[str | None, list[SheetFault]]:
    """Return the platform that the links of a row name; a fault where they name several."""
    claims = _platform_claims(links)
    if len(claims) < 2:
        return next(iter(claims), None), []
    (one, column), (other, other_column) = sorted(claims.items())[:2]
    reason = (
        f"is a link of {one}, and {other_column!r} has one of {other}: name the platform in a "
        f"column or by --platform"
    )
    return None, [SheetFault(line, column, one, reason)]


def _platform_claims(links: list[SourceLink]) -> dict[str, str]:
    """Return the platforms that links of accounts name, else those of posts, else any link, each
    with the first column that names it.
    """
    of_platforms = [(source, link) for source, link in links if link.platform]
    of_posts = [(source, link) for source, link in of_platforms if link.post_id]
    of_accounts = [
        (source, link)
        for source, link in of_platforms
        if (link.handle or link.creator_id) and not link.post_id
    ]
    claims = of_accounts or of_posts or of_platforms
    return {str(link.platform): source for source, link in reversed(claims)}


def _names_another_handle(link: Link, handle: object) -> bool:
    """Return whether a link names another account than the handle of its row."""
    if not link.handle or not isinstance(handle, str) or not handle:
        return False
    return link.handle.casefold() != handle.casefold()
