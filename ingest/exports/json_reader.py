"""Reads JSON of any known kind into parts, record by record."""

from collections import Counter
from datetime import datetime

from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportJob
from ingest.exports.instagram_graph import metric_value, metric_values
from ingest.exports.json_stream import read_json_values
from ingest.exports.plausibility import INSTAGRAM_VIEW_DEFINITIONS
from ingest.exports.record_finder import (
    JSON_KINDS,
    FoundRecord,
    IgnoredRecord,
    PartialPage,
    find_records,
    list_known_kinds,
    shapes_for_kind,
)
from ingest.exports.record_shapes import (
    METRICS,
    ParsedRecord,
    Rejection,
    find_row_fault,
    get_path,
    parse_record,
)

#: Forms of records of which fields are counted; a file has a handful, garbage could have any
#: number.
MOST_FORMS = 5000
#: Pages that are told to give less than there is.
MOST_NOTES = 5
NO_CREATOR = "does not say whose it is"


def read(job: ImportJob) -> None:
    """Read a file's records; raises SourceError where none can be read."""
    shapes = shapes_for_kind(job.options.kind)
    fields = UnmappedFieldCounter()
    for where, value in read_json_values(job.path, job.progress):
        for found in find_records(value, job.place(where), shapes):
            _take(job, found, fields)
    job.report.ignored = fields.ignored()
    job.parts.flush()
    kinds = sorted({shape.kind for shape in shapes if shape.name in job.report.records})
    job.report.kind = ", ".join(JSON_KINDS[kind] for kind in kinds)
    _refuse_empty(job)


def _take(
    job: ImportJob,
    found: FoundRecord | Rejection | PartialPage | IgnoredRecord,
    fields: "UnmappedFieldCounter",
) -> None:
    """Take what was found in a file: every record of it is read, rejected or ignored by its kind."""
    if isinstance(found, PartialPage):
        if len(job.report.notes) < MOST_NOTES:
            job.report.notes.append(
                f"a page gives {found.returned_count:,} of the {found.total_count:,} records that it tells of"
            )
        return
    job.report.items += 1
    if isinstance(found, Rejection):
        job.reject(found)
    elif isinstance(found, IgnoredRecord):
        job.report.ignored_records[found.kind] += 1
    else:
        fields.count(found)
        _read(job, found)


def _read(job: ImportJob, found: FoundRecord) -> None:
    """Read one record, and add its rows or tell why it gives none."""
    shape = found.shape
    job.check_platform(shape.platform)
    read = parse_record(shape, found.record, found.place, found.context, job.moment)
    job.report.records[shape.name] += 1
    undated = any(unread.field == "posted_at" for unread in read.invalid_values)
    undated = "has no time of posting" + (" that can be read" if undated else shape.remedy)
    fault = find_row_fault(shape.table, read.row, job.now, undated) or _name_creator(job, read)
    for unread in read.invalid_values:
        job.leave_unknown(unread)
    if fault:
        job.report.records[shape.name] -= 1
        job.reject(
            Rejection(
                found.place,
                fault,
                value=f"id {read.row.get('post_id') or read.row.get('creator_id')}",
            )
        )
        return
    accounts = (
        [read.row]
        if shape.table == "creators"
        else [read.creator]
        if shape.table == "posts"
        else []
    )
    for account in accounts:
        _check_opening(job, read, account)
        job.add("creators", account)
    if shape.table != "creators":
        job.add(shape.table, read.row, found.place)
        _remark(job, read, found.record)


def _remark(job: ImportJob, read: ParsedRecord, record: dict) -> None:
    """Tell the accounts that share a post, and count by which metric its views are told."""
    for name in read.coauthors:
        job.report.remarks[f"post that {name!r} shares: it counts for its owner alone"] += 1
    definition = (
        INSTAGRAM_VIEW_DEFINITIONS.get(read.views_metric)
        if read.shape.platform == "instagram"
        else None
    )
    if definition and read.row.get("views") is not None:
        job.report.views[definition] += 1
        if other := _other_views(record, read):
            names = ", ".join(other)
            job.report.remarks[
                f"post with counts of views that differ: {read.views_metric} is used, not {names}"
            ] += 1


def _other_views(record: dict, read: ParsedRecord) -> list[str]:
    """Name the counts of views that a record of Instagram gives besides, and that differ; 0 stands
    for none.
    """
    metrics = get_path(record, "insights.data") or record.get("data")
    told = record | (metric_values(metrics) if isinstance(metrics, list) else {})
    counts = {name: metric_value(told.get(name)) for name in INSTAGRAM_VIEW_DEFINITIONS}
    return [name for name, count in counts.items() if count and count != read.row["views"]]


def _name_creator(job: ImportJob, read: ParsedRecord) -> str | None:
    """Give the creator that the user names to a record that has none; the reason where there is
    none to give.
    """
    if read.shape.table == METRICS or read.row.get("creator_id"):
        return None
    owner = job.options.owner
    if not owner:
        return NO_CREATOR
    if read.shape.table == "creators":
        if job.report.named_by_user:
            return "is one more account without an id: --creator can name only one"
        job.report.named_by_user = True
    read.row |= owner if read.shape.table == "creators" else {"creator_id": owner["creator_id"]}
    if read.creator is not None:
        read.creator |= owner
    return None


def _check_opening(job: ImportJob, read: ParsedRecord, account: dict) -> None:
    """Leave an opening that lies after the reading unknown."""
    opened: datetime | None = account.get("created_at")
    until = account.get("observed_at") or job.now
    if opened is not None and opened > until:
        account["created_at"] = None
        job.leave_unknown(
            Rejection(
                read.place, "lies after the reading", "created_at", f"{opened:%Y-%m-%d %H:%M}"
            )
        )


def _refuse_empty(job: ImportJob) -> None:
    """Raise SourceError where a file gave no row, unless it is a page of an ordinary answer without
    results.
    """
    rejected, ignored = job.report.rejected, job.report.ignored_records
    if any(job.parts.rows.values()):
        return
    if ignored and not rejected:
        kinds = ", ".join(f"{count:,} x {kind}" for kind, count in ignored.most_common())
        raise SourceError(
            f"{str(job.path)!r} holds no account and no post, only {kinds}: leave it out"
        )
    if not rejected:
        job.report.notes.append("it is a page without records")
        return
    if set(rejected) == {NO_CREATOR}:
        raise SourceError(
            f"{str(job.path)!r}: its {sum(rejected.values()):,} record(s) do not say whose they are: "
            "name the creator by --creator ID, or --creator @HANDLE"
        )
    (reason, count), *others = rejected.most_common()
    more = f" and {sum(count for _, count in others):,} otherwise" if others else ""
    raise SourceError(
        f"{str(job.path)!r} holds no record that can be read: {count:,} {reason}{more} "
        f"({job.report.first_rejected}); looked for {list_known_kinds()}"
    )


class UnmappedFieldCounter:
    """Counts the fields of records that no map reads, by the forms of records, which are few."""

    def __init__(self):
        self._forms: Counter = Counter()
        self._left: Counter = Counter()

    def count(self, found: FoundRecord) -> None:
        """Count the form of a record: its fields, and those of objects that are read in part."""
        record, parts = found.record, found.shape.parts
        if found.shape.list_unmapped:
            self._left.update(found.shape.list_unmapped(record))
        form = (found.shape, tuple(record), *(
            (name, tuple(record[name])) for name in parts if isinstance(record.get(name), dict)
        ))  # fmt: skip
        if form in self._forms or len(self._forms) < MOST_FORMS:
            self._forms[form] += 1

    def ignored(self) -> Counter:
        """Give how often each field occurred that is not read."""
        left = Counter(self._left)
        for (shape, names, *parts), times in self._forms.items():
            for name in names:
                left[str(name)[:60]] += times * (name not in shape.mapped_fields)
            for whole, inner in parts:
                for name in inner:
                    left[f"{whole}.{str(name)[:60]}"] += times * (name not in shape.parts[whole])
        return Counter({name: times for name, times in left.items() if times})
