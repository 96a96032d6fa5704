"""A list of a campaign's posts, each with the id of its partnership: what `creatorcast outcomes`
takes beside the files that `creatorcast import` reads.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.history.post_readings import COUNT_FIELDS, NO_COUNTS
from features.tables.model import empty_table
from features.tables.schema import POSTS, PUBLISHED_POSTS
from features.tables.validate import clean_table
from ingest.sheets.guess_lines import column_lines
from ingest.sheets.links import format_of_link
from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import Sheet, SheetError, SheetOptions
from ingest.sheets.unread_dates import columns_of_unread_dates, unread_dates_error

NO_PLATFORM = "names no platform: give platform, a link to the post, or --platform"
NO_POST = "names no post: give its link, post_id, or posted_at with its time"
NO_PARTNERSHIP = "names neither partnership_id nor creator"
#: Columns of which an unclear value makes a reading wrong or useless.
_MUST_BE_CLEAR = ("posted_at", "observed_at", *COUNT_FIELDS)


@dataclass(frozen=True)
class CampaignPosts:
    """The readings of a list.

    `posts`: the columns of POSTS and partnership_id; `creators`: those of them with a handle;
    `lines`: rows of the list; `rejected`: by reason, `places`: the lines of each; `columns`: what
    each column was read as; `notes`.
    """

    posts: pd.DataFrame
    creators: pd.DataFrame
    lines: int
    rejected: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_campaign_posts(
    path: Path, options: SheetOptions, observed_at: datetime | None
) -> CampaignPosts | None:
    """Return the readings of a spreadsheet whose rows have a partnership_id and name posts, None
    where it is no such list.

    `observed_at`: when the counts were read where a row does not tell; else the file's last change.
    Raises SheetError where a column of dates is not read, and may tell it.
    """
    try:
        sheet = read_sheet(path, options, (PUBLISHED_POSTS.name,))
    except SheetError:
        return None  # the importer says what is wrong with it
    rows = sheet.rows
    if "partnership_id" not in rows or not {"post_id", "posted_at"} & set(rows):
        return None
    clean, faults = clean_table(rows, PUBLISHED_POSTS)
    reasons = {fault.row: fault.message for fault in reversed(faults) if fault.row >= 0}
    row_of_line = {int(line): row for row, line in enumerate(sheet.lines)}
    for fault in sheet.faults:
        reasons[row_of_line[fault.line]] = f"{fault.column} {fault.value!r} {fault.reason}"
    _add_unclear(sheet, reasons)
    unread_dates = columns_of_unread_dates(sheet)
    if unread_dates and observed_at is None:
        raise unread_dates_error(path, unread_dates)
    clean, notes = _dated(clean, path, observed_at)
    clean = _named(_with_linked_formats(sheet, clean))
    _add_missing_names(clean, reasons)
    return _as_posts(sheet, clean, reasons, notes)


def _add_unclear(sheet: Sheet, reasons: dict[int, str]) -> None:
    """Add why a row cannot be used whose values are unclear: its counts would be wrong."""
    for guess in sheet.guesses:
        unclear = sheet.unread.get(guess.column or "")
        if guess.column not in _MUST_BE_CLEAR or unclear is None or not guess.ambiguous:
            continue
        for row in np.flatnonzero(unclear).tolist():
            reasons.setdefault(row, f"{guess.source!r} is unclear: {guess.ambiguous}")


def _with_linked_formats(sheet: Sheet, clean: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the format that the link of a post names, where no column tells it."""
    formats = clean["format"]
    for guess in sheet.guesses:
        if guess.column == "link":
            links = sheet.original[guess.source].astype(object).fillna("")
            found = pd.Series([format_of_link(str(text)) for text in links], dtype="str")
            formats = formats.fillna(found)
    return clean.assign(format=formats)


def _dated(
    clean: pd.DataFrame, path: Path, observed_at: datetime | None
) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows with a moment of reading, and a note where it is not their own."""
    missing = int(clean["observed_at"].isna().sum())
    if not missing:
        return clean, []
    moment = observed_at or datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    how = "as --observed-at says" if observed_at else "when the file was last changed"
    filled = clean["observed_at"].fillna(pd.Timestamp(moment))
    note = f"{missing:,} row(s) have no moment of reading: read {moment:%Y-%m-%d %H:%M}, {how}"
    return clean.assign(observed_at=filled), [note]


def _named(clean: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with creator_id, a handle where there is no id, and post_id, the moment of
    posting where there is none.
    """
    handles = clean["handle"].str.removeprefix("@").str.lower()
    creators = clean["creator_id"].fillna("@" + handles)
    moments = clean["posted_at"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    whose = creators.fillna(clean["partnership_id"])
    return clean.assign(
        handle=handles,
        creator_id=creators,
        post_id=clean["post_id"].fillna(whose + " " + moments),
    )


def _add_missing_names(clean: pd.DataFrame, reasons: dict[int, str]) -> None:
    """Add why a row cannot be used that lacks what names its post."""
    nobody = clean["partnership_id"].isna() & clean["creator_id"].isna()
    counts = [name for name in COUNT_FIELDS if name in clean]
    nothing = clean[counts].isna().all(axis=1)
    if "likes_hidden" in clean:
        nothing &= ~clean["likes_hidden"].fillna(False).astype(bool)
    for is_so, reason in (
        (clean["platform"].isna(), NO_PLATFORM),
        (clean["post_id"].isna(), NO_POST),
        (nobody, NO_PARTNERSHIP),
        (nothing, NO_COUNTS),
    ):
        for row in is_so.to_numpy().nonzero()[0].tolist():
            reasons.setdefault(row, reason)


def _as_posts(
    sheet: Sheet, clean: pd.DataFrame, reasons: dict[int, str], notes: list[str]
) -> CampaignPosts:
    """Return the rows without a fault as posts, and the others by reason."""
    good = [row not in reasons for row in range(len(clean))]
    used = clean[good].reset_index(drop=True)
    posts = empty_table(POSTS).reindex(range(len(used)))
    shared = [name for name in POSTS.names if name in used]
    posts = posts.assign(**{name: used[name] for name in shared}, sponsored=True)
    faults = [(int(sheet.lines[row]), reason) for row, reason in sorted(reasons.items())]
    faults += [(fault.line, fault.reason) for fault in sheet.left_out]
    places: dict[str, list[str]] = {}
    for line, reason in sorted(faults):
        places.setdefault(reason, []).append(f"line {line}")
    return CampaignPosts(
        posts.assign(partnership_id=used["partnership_id"]),
        used[["creator_id", "platform", "handle", "observed_at"]].dropna(subset=["creator_id"]),
        len(sheet.rows) + len(sheet.left_out),
        Counter(reason for _, reason in faults),
        places,
        tuple(column_lines(sheet.guesses)),
        ("; ".join(sheet.notes), *notes),
    )
