"""What the links of a row tell of its account and its post, where no column of their own says it.

The platform that the row itself, --platform or the headers name outranks links, and a link of an
account one of a post.
"""

import pandas as pd

from ingest.sheets.column_plans import ColumnPlan
from ingest.sheets.links import Link
from ingest.sheets.rows import SheetRows
from ingest.sheets.sheet_types import SheetFault

#: The source of a link and the link.
Sourced = tuple[str, Link]


def fill_from_links(
    frame: dict[str, pd.Series],
    columns: list[tuple[ColumnPlan, list]],
    platforms: list[str | None],
    posts: bool,
    rows: SheetRows,
) -> tuple[list[SheetFault], list[str]]:
    """Fill platform, handle, creator_id and, of posts, post_id of a frame; give faults and notes.

    `columns`: those of links, each with its links (n,). `platforms` (n,): of rows whose links do
    not decide it. A row whose links name several platforms has none, which is a fault; links that
    contradict their row are noted.
    """
    n, faults = len(rows.cells), []
    values: dict[str, list] = {
        name: [None] * n for name in ("platform", "handle", "creator_id", "post_id")
    }
    handles = [
        value if isinstance(value, str) else None for value in frame.get("handle", [None] * n)
    ]
    unused: dict[str, list[int]] = {}
    for row in range(n):
        links = [
            (plan.guess.source, found[row]) for plan, found in columns if found[row] is not None
        ]
        platform = platforms[row]
        if platform is None and (claims := _claims(links)):
            platform = next(iter(claims)) if len(claims) == 1 else None
            if platform is None:
                faults.append(_several(rows.lines[row], claims))
        for source, link in links:
            if link.platform and link.platform != platform:
                if platform is not None:
                    told = f"{source!r}: links of another platform than their row are not used"
                    unused.setdefault(told, []).append(rows.lines[row])
            elif link.platform is not None:
                if (
                    link.handle
                    and handles[row]
                    and link.handle.casefold() != handles[row].casefold()
                ):
                    told = f"{source!r}: links of another account than the handle of their row, which is used"
                    unused.setdefault(told, []).append(rows.lines[row])
                for name, found in values.items():
                    found[row] = found[row] or getattr(link, name) or None
        values["platform"][row] = platform or None
    for name in ("platform", "handle", "creator_id", *(("post_id",) if posts else ())):
        given = pd.Series(values[name], dtype="str")
        frame[name] = frame[name].fillna(given) if name in frame else given
    return faults, [
        f"{told}: {len(at):,}, the first in line {at[0]:,}" for told, at in unused.items()
    ]


def _claims(links: list[Sourced]) -> dict[str, str]:
    """Give the platforms that links of accounts, else those of posts, else all name, each with the
    column that does.
    """
    ours = [(source, link) for source, link in links if link.platform]
    accounts = [one for one in ours if (one[1].handle or one[1].creator_id) and not one[1].post_id]
    of_posts = [one for one in ours if one[1].post_id]
    return {link.platform: source for source, link in reversed(accounts or of_posts or ours)}


def _several(line: int, claims: dict[str, str]) -> SheetFault:
    (one, column), (other, second) = sorted(claims.items())[:2]
    reason = f"is a link of {one}, and {second!r} has one of {other}: name the platform in a column or by --platform"
    return SheetFault(line, column, one, reason)
