"""Files of outcomes as one set of tables: what `creatorcast import` reads, folders of tables, and
lists of a campaign's posts.
"""

import csv
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from features.tables.folder import find_table_file, read_tables
from features.tables.model import Tables
from features.tables.validate import validate
from ingest.exports.campaign_posts import CampaignPosts, read_campaign_posts
from ingest.exports.errors import SourceError
from ingest.exports.file_kind import SHEET, detect_file_kind
from ingest.exports.import_job import ImportOptions
from ingest.exports.importer import REJECTED, import_files
from ingest.exports.report import ImportReport
from ingest.exports.report_text import read_time_lines
from ingest.sheets.sheet_types import SheetOptions
from ingest.sheets.unread_dates import unread_dates_error

OutcomeProgress = Callable[[str, int, int], None]


@dataclass
class OutcomeFiles:
    """What the files hold.

    - `tables`: validated; its posts have a column partnership_id
    - `repeats`: readings that the files have more than once; `rejected`: records that are no
      readings, by reason; `places`: where those of each reason stand
    - `lines`: what each file and each of its columns was read as; `notes`: what else is to be told
    """

    tables: Tables = field(default_factory=Tables)
    repeats: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_outcome_files(
    paths: list[Path],
    options: ImportOptions,
    progress: OutcomeProgress = lambda what, done, total: None,
) -> OutcomeFiles:
    """Read files and folders. Raises CreatorcastError for the first that cannot be read."""
    found, tables, exports = OutcomeFiles(), list[Tables](), list[Path]()
    for path in dict.fromkeys(paths):
        if _is_table_folder(path):
            tables.append(validate(read_tables(path)))
            found.lines.append(f"{path.name}: a folder of tables")
        elif (posts := _campaign_posts(path, options)) is not None:
            tables.append(Tables(creators=posts.creators, posts=posts.posts))
            _tell_posts(found, path, posts)
        else:
            exports.append(path)
    if exports:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "tables"
            report = import_files(exports, out, options, progress=progress)
            _require_known_moments(report)
            tables.append(validate(read_tables(out)))
            _tell_import(found, report)
            _add_places(found, out / REJECTED)
    found.tables = _joined(tables)
    return found


def _require_known_moments(report: ImportReport) -> None:
    """Raise SheetError where a sheet has dates that are not read, and may tell when it was read."""
    for file in report.files:
        if file.how == "file" and file.unread_dates:
            raise unread_dates_error(file.name, file.unread_dates)


def _add_places(found: OutcomeFiles, path: Path) -> None:
    """Add where the records stand that an import rejected, as its file of them tells."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            reason = row["reason"].partition(": ")[0]
            if not row["field"] and reason in found.rejected:
                found.places.setdefault(reason, []).append(f"{row['file']} {row['record']}")


def _is_table_folder(path: Path) -> bool:
    return path.is_dir() and find_table_file(path, "creators") is not None


def _campaign_posts(path: Path, options: ImportOptions) -> CampaignPosts | None:
    if not path.exists():
        raise SourceError(f"{str(path)!r} does not exist: name an export, a list or a folder")
    if path.is_dir() or options.kind not in (None, SHEET):
        return None
    if detect_file_kind(path, options.kind) != SHEET:
        return None
    sheet = options.sheet or SheetOptions(platform=options.platform)
    return read_campaign_posts(path, sheet, options.observed_at)


def _tell_posts(found: OutcomeFiles, path: Path, posts: CampaignPosts) -> None:
    found.rejected.update(posts.rejected)
    for reason, lines in posts.places.items():
        found.places.setdefault(reason, []).extend(f"{path.name} {line}" for line in lines)
    found.lines.append(f"{path.name}: a list of posts by partnership, {posts.lines:,} rows")
    found.lines += [f"  {line}" for line in posts.columns]
    found.notes += [f"{path.name}: {note}" for note in posts.notes]


def _tell_import(found: OutcomeFiles, report: ImportReport) -> None:
    found.repeats += report.repeated_readings
    for file in report.files:
        found.rejected.update(file.rejected)
        found.lines.append(f"{file.name}: {file.kind}, {file.items:,} records")
        found.lines += [] if file.has_moments else read_time_lines(file)
        found.lines += [f"  {line}" for line in file.columns]
        if file.first_rejected:
            found.notes.append(f"{file.name}: first rejected: {file.first_rejected}")
        found.notes += [
            f"{file.name}: {count:,} {what}" for what, count in file.unread.most_common()
        ]
    found.notes += report.notes
    found.notes += [
        f"{one.table} {one.id} of {one.platform}: {one.field} is {' and '.join(one.values)} at one "
        f"moment in the files: {one.kept} is kept"
        for one in report.conflicts
    ]


def _joined(tables: list[Tables]) -> Tables:
    """Return one set of tables; posts have a column partnership_id."""
    joined = {}
    for name in ("creators", "posts", "partnerships"):
        frames = [frame for one in tables if len(frame := one.frames()[name])]
        joined[name] = pd.concat(frames, ignore_index=True) if frames else None
    posts = joined["posts"]
    if posts is not None and "partnership_id" not in posts:
        joined["posts"] = posts.assign(partnership_id=None)
    return Tables(**{name: frame for name, frame in joined.items() if frame is not None})
