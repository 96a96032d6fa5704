"""One file while it is read: what the user says of it, where its rows go, and its report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.tables.currency import CurrencyRates
from features.tables.schema import EARLIEST
from ingest.exports.errors import SourceError
from ingest.exports.part_writer import PartWriter
from ingest.exports.plausibility import (
    X_VIEWS_UNKNOWN,
    counts_above_views,
    find_implausible_counts,
    format_counts,
    has_placeholder_views,
)
from ingest.exports.rejections import Place, Rejection
from ingest.exports.report import FileReport, RejectionWriter
from ingest.sheets.sheet_types import SheetOptions

#: Doubtful posts that a report lists; rejected.csv has all.
MOST_DOUBTS = 20


@dataclass(frozen=True)
class ImportOptions:
    """What only the user knows of the files: their kind, platform, creator and moment, and how a
    sheet is written.

    `creator` is an id, or a handle with its @. `observed_at` is when the counts were read, with its
    time zone. `rates` are those of currencies to USD.
    """

    kind: str | None = None
    platform: str | None = None
    creator: str | None = None
    observed_at: datetime | None = None
    sheet: SheetOptions | None = None
    rates: CurrencyRates | None = None

    @property
    def owner(self) -> dict[str, str]:
        """The creator that the user names, as columns; empty where none is named."""
        if self.creator is None:
            return {}
        name = self.creator.strip()
        if name.startswith("@"):
            return {"creator_id": name.lower(), "handle": name[1:].lower()}
        return {"creator_id": name}


@dataclass
class ImportJob:
    """A file on its way into parts.

    `moment` is when it was read where that is known beforehand, `modified_at` its last change.
    """

    path: Path
    parts: PartWriter
    report: FileReport
    rejected: RejectionWriter
    options: ImportOptions
    moment: datetime | None
    modified_at: datetime
    now: datetime
    progress: Callable[[int, int], None]
    #: The latest time in the file itself, of posts and accounts without a moment.
    latest_event_at: datetime = EARLIEST

    @property
    def name(self) -> str:
        return self.report.name

    def place(self, record: str) -> Place:
        """Return a place in this file."""
        return Place(self.name, record)

    def reject(self, rejection: Rejection, counted: bool = True) -> None:
        """Count a record that gives no row; it is written down, but not counted, where it is
        rejected already.
        """
        reason, _, remedy = rejection.reason.partition(": ")
        if not self.report.first_rejected:
            details = (rejection.place.record, rejection.value, remedy)
            self.report.first_rejected = ", ".join(filter(None, details))
        self.report.rejected[reason] += counted
        self.rejected.add(rejection)

    def leave_unknown(self, rejection: Rejection) -> None:
        """Count a value that could not be understood; its row stands without it."""
        self.report.unread[f"{rejection.field} {rejection.reason}"] += 1
        self.rejected.add(rejection)

    def add(self, table: str, row: dict, place: Place | None = None) -> None:
        """Add a row, and note the times in it, before which the file cannot have been read.

        `place` is where a post stands.
        """
        if table == "posts" and place is not None:
            self._drop_implausible_counts(row, place)
        if row.get("observed_at") is None:
            times = filter(None, (row.get("posted_at"), row.get("created_at")))
            self.latest_event_at = max((self.latest_event_at, *times))
        self.parts.add(table, row)

    def _drop_implausible_counts(self, row: dict, place: Place) -> None:
        """Leave counts of a post unknown that cannot be, and report why."""
        if has_placeholder_views(row):
            row["views"] = None
            self.report.remarks[X_VIEWS_UNKNOWN] += 1
            return
        above = counts_above_views(row)
        if not above:
            return
        counts = f"post {row.get('post_id')}: {format_counts(row)}"
        reason = f"implausible: the post has more {' and '.join(above)} than views"
        for name in find_implausible_counts(above):
            row[name] = None
            self.leave_unknown(Rejection(place, reason, name, counts))
        if len(self.report.doubts) < MOST_DOUBTS:
            self.report.doubts.append(f"{place.record}, {counts}")

    def check_platform(self, platform: str) -> None:
        """Raise SourceError where the user names another platform than the file's own."""
        if self.options.platform not in (None, platform):
            raise SourceError(
                f"{str(self.path)!r} holds records of {platform}, "
                f"but --platform says {self.options.platform}: leave the option out"
            )

    def resolve_read_time(self) -> datetime | None:
        """Return when the file was read: as the user says, else at its last change unless the file
        itself holds later times; None where that is not known.
        """
        if self.report.how == "file":
            self.moment = self._last_change()
        if self.moment is None:
            self.report.how = ""
        self.report.moment = self.moment.isoformat() if self.moment else None
        return self.moment

    def _last_change(self) -> datetime | None:
        """Return the last change of the file, None where it cannot be when it was read."""
        if self.latest_event_at > self.modified_at:
            self.report.notes.append(
                f"its last change, {self.modified_at:%Y-%m-%d %H:%M}, lies before what it tells "
                "of: that is no moment of reading"
            )
            return None
        return self.modified_at if self.modified_at <= self.now else None
