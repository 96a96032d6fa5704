"""One file being read: what is known of it beforehand, where its rows go, and what is told of it
afterwards.
"""

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
from ingest.exports.record_shapes import Place, Rejection
from ingest.exports.report import FileReport, RejectionWriter

#: Doubtful posts that a report lists; rejected.csv has all.
MOST_DOUBTS = 20


@dataclass(frozen=True)
class ImportOptions:
    """What only the user knows of the files: their kind, platform, creator and moment, and how a
    sheet is written.

    `creator` is an id, or a handle with its @. `observed_at` is when the counts were read, with its
    time zone. `sheet` is a `ingest.sheets.SheetOptions`; `rates` are those of currencies to USD.
    """

    kind: str | None = None
    platform: str | None = None
    creator: str | None = None
    observed_at: datetime | None = None
    sheet: object | None = None
    rates: CurrencyRates | None = None

    @property
    def owner(self) -> dict:
        """The creator named, as columns."""
        if self.creator is None:
            return {}
        name = self.creator.strip()
        return (
            {"creator_id": name.lower(), "handle": name[1:].lower()}
            if name[:1] == "@"
            else {"creator_id": name}
        )


@dataclass
class ImportJob:
    """A file on its way into parts. `moment` is when it was read where that is told, `modified_at`
    its last change.
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
    #: The latest time that the file itself tells, of posts and accounts without a moment of their
    #: own.
    latest_event_at: datetime = EARLIEST

    @property
    def name(self) -> str:
        return self.report.name

    def place(self, record: str) -> Place:
        return Place(self.name, record)

    def reject(self, rejection: Rejection, counted: bool = True) -> None:
        """Count a record that gives no row; it is written down, but not counted, where it is
        rejected already.
        """
        self.report.first_rejected = self.report.first_rejected or ", ".join(
            part
            for part in (
                rejection.place.record,
                rejection.value,
                rejection.reason.partition(": ")[2],
            )
            if part
        )
        self.report.rejected[rejection.reason.split(": ")[0]] += counted
        self.rejected.add(rejection)

    def leave_unknown(self, rejection: Rejection) -> None:
        """Count a value that could not be understood; its row stands without it."""
        self.report.unread[f"{rejection.field} {rejection.reason}"] += 1
        self.rejected.add(rejection)

    def add(self, table: str, row: dict, place: Place | None = None) -> None:
        """Add a row, and remember what it tells of when the file can have been read; `place` is
        where a post stands.
        """
        if table == "posts":
            self._doubt(row, place)
        if row.get("observed_at") is None:
            for name in ("posted_at", "created_at"):
                if (told := row.get(name)) is not None and told > self.latest_event_at:
                    self.latest_event_at = told
        self.parts.add(table, row)

    def _doubt(self, row: dict, place: Place | None) -> None:
        """Leave counts of a post unknown that cannot be, and tell why."""
        if has_placeholder_views(row):
            row["views"] = None
            self.report.remarks[X_VIEWS_UNKNOWN] += 1
            return
        above = counts_above_views(row)
        counts = f"post {row.get('post_id')}: {format_counts(row)}"
        for name in find_implausible_counts(above) if above else ():
            row[name] = None
            reason = f"implausible: the post has more {' and '.join(above)} than views"
            self.leave_unknown(Rejection(place, reason, name, counts))
        if above and len(self.report.doubts) < MOST_DOUBTS:
            self.report.doubts.append(f"{place.record}, {counts}")

    def check_platform(self, platform: str) -> None:
        """Raise SourceError where the user names another platform than the file's own."""
        if self.options.platform not in (None, platform):
            raise SourceError(
                f"{str(self.path)!r} holds records of {platform}, but --platform says {self.options.platform}: "
                "leave the option out"
            )

    def resolve_read_time(self) -> datetime | None:
        """Decide when the file was read: as told, else at its last change unless the file itself
        tells of later.
        """
        if self.report.how == "file":
            if self.latest_event_at > self.modified_at:
                self.report.notes.append(
                    f"its last change, {self.modified_at:%Y-%m-%d %H:%M}, lies before what it tells of: "
                    "that is no moment of reading"
                )
            self.moment = (
                self.modified_at if self.latest_event_at <= self.modified_at <= self.now else None
            )
        self.report.how = self.report.how if self.moment else ""
        self.report.moment = self.moment.isoformat() if self.moment else None
        return self.moment
