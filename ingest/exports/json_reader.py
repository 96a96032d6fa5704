"""Read JSON of any known kind into parts, record by record."""

from datetime import datetime

from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportJob
from ingest.exports.json_stream import read_json_values
from ingest.exports.plausibility import INSTAGRAM_VIEW_DEFINITIONS
from ingest.exports.record_finder import (
    FoundRecord,
    IgnoredRecord,
    PartialPage,
    SearchResult,
    find_records,
)
from ingest.exports.record_parser import ParsedRecord, parse_record
from ingest.exports.rejections import Rejection
from ingest.exports.row_faults import NO_POSTING_TIME, find_row_fault
from ingest.exports.unmapped_fields import UnmappedFieldCounter
from ingest.shapes.instagram_graph import metric_value, metric_values
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import METRICS
from ingest.shapes.shape_catalog import JSON_KINDS, list_known_kinds, shapes_for_kind

#: Pages with less than there is that a report notes.
MOST_NOTES = 5
NO_CREATOR = "does not say whose it is"


def read(job: ImportJob) -> None:
    """Read a file's records into parts; raises SourceError where none can be read."""
    shapes = shapes_for_kind(job.options.kind)
    fields = UnmappedFieldCounter()
    for place, value in read_json_values(job.path, job.progress):
        for result in find_records(value, job.place(place), shapes):
            _add_result(job, result, fields)
    job.report.ignored = fields.counts()
    job.parts.flush()
    kinds = sorted({shape.kind for shape in shapes if shape.name in job.report.records})
    job.report.kind = ", ".join(JSON_KINDS[kind] for kind in kinds)
    if not any(job.parts.rows.values()):
        _explain_no_rows(job)


def _add_result(job: ImportJob, result: SearchResult, fields: UnmappedFieldCounter) -> None:
    """Add a result of the search in a file: a record is read, rejected or ignored by its kind."""
    if isinstance(result, PartialPage):
        if len(job.report.notes) < MOST_NOTES:
            job.report.notes.append(
                f"a page gives {result.returned_count:,} of the {result.total_count:,} records "
                "that it tells of"
            )
        return
    job.report.items += 1
    if isinstance(result, Rejection):
        job.reject(result)
    elif isinstance(result, IgnoredRecord):
        job.report.ignored_records[result.kind] += 1
    else:
        fields.count(result.shape, result.record)
        _add_record(job, result)


def _add_record(job: ImportJob, result: FoundRecord) -> None:
    """Parse one record, and add its rows or the reason why it has none."""
    shape = result.shape
    job.check_platform(shape.platform)
    parsed = parse_record(shape, result.record, result.place, result.context, job.moment)
    for rejection in parsed.invalid_values:
        job.leave_unknown(rejection)
    fault = _row_fault(job, parsed)
    if fault:
        job.report.records.setdefault(shape.name, 0)
        row_id = parsed.row.get("post_id") or parsed.row.get("creator_id")
        job.reject(Rejection(result.place, fault, value=f"id {row_id}"))
        return
    job.report.records[shape.name] += 1
    account = parsed.row if shape.table == "creators" else parsed.creator
    if account is not None and shape.table != METRICS:
        _drop_late_opening(job, parsed, account)
        job.add("creators", account)
    if shape.table != "creators":
        job.add(shape.table, parsed.row, result.place)
        _add_remarks(job, parsed, result.record)


def _row_fault(job: ImportJob, parsed: ParsedRecord) -> str | None:
    """Return why a record has no row, None where it has one; its creator is then named."""
    no_time_reason = _no_time_reason(parsed)
    fault = find_row_fault(parsed.shape.table, parsed.row, job.now, no_time_reason)
    return fault or _name_creator(job, parsed)


def _no_time_reason(parsed: ParsedRecord) -> str:
    if any(rejection.field == "posted_at" for rejection in parsed.invalid_values):
        return f"{NO_POSTING_TIME} that can be read"
    return f"{NO_POSTING_TIME}{parsed.shape.remedy}"


def _name_creator(job: ImportJob, parsed: ParsedRecord) -> str | None:
    """Add the creator that the user names to a record without one; return why there is none."""
    if parsed.shape.table == METRICS or parsed.row.get("creator_id"):
        return None
    owner = job.options.owner
    if not owner:
        return NO_CREATOR
    if parsed.shape.table == "creators":
        if job.report.named_by_user:
            return "is one more account without an id: --creator can name only one"
        job.report.named_by_user = True
        parsed.row |= owner
    else:
        parsed.row["creator_id"] = owner["creator_id"]
    if parsed.creator is not None:
        parsed.creator |= owner
    return None


def _drop_late_opening(job: ImportJob, parsed: ParsedRecord, account: dict) -> None:
    """Leave the opening of an account unknown where it lies after the reading."""
    opened_at: datetime | None = account.get("created_at")
    read_at = account.get("observed_at") or job.now
    if opened_at is None or opened_at <= read_at:
        return
    account["created_at"] = None
    value = f"{opened_at:%Y-%m-%d %H:%M}"
    job.leave_unknown(Rejection(parsed.place, "lies after the reading", "created_at", value))


def _add_remarks(job: ImportJob, parsed: ParsedRecord, record: dict) -> None:
    """Report the accounts that share a post, and count which metric its views are of."""
    remarks = job.report.remarks
    for name in parsed.coauthors:
        remarks[f"post that {name!r} shares: it counts for its owner alone"] += 1
    definition = _view_definition(parsed)
    if definition is None:
        return
    job.report.views[definition] += 1
    if other_counts := _other_view_counts(parsed, record):
        names = ", ".join(other_counts)
        remarks[
            f"post with counts of views that differ: {parsed.views_metric} is used, not {names}"
        ] += 1


def _view_definition(parsed: ParsedRecord) -> str | None:
    """Return what a view of a post of Instagram is, None of other posts and of unknown views."""
    if parsed.shape.platform != "instagram" or parsed.row.get("views") is None:
        return None
    return INSTAGRAM_VIEW_DEFINITIONS.get(parsed.views_metric or "")


def _other_view_counts(parsed: ParsedRecord, record: dict) -> list[str]:
    """Return the names of the counts of views that a record of Instagram gives besides, and that
    differ; 0 stands for none.
    """
    metrics = get_path(record, "insights.data") or record.get("data")
    values = record | (metric_values(metrics) if isinstance(metrics, list) else {})
    counts = {name: metric_value(values.get(name)) for name in INSTAGRAM_VIEW_DEFINITIONS}
    return [name for name, count in counts.items() if count and count != parsed.row["views"]]


def _explain_no_rows(job: ImportJob) -> None:
    """Raise SourceError for a file without rows, unless it is an ordinary empty answer."""
    rejected, ignored = job.report.rejected, job.report.ignored_records
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
            f"{str(job.path)!r}: its {sum(rejected.values()):,} record(s) do not say whose they "
            "are: name the creator by --creator ID, or --creator @HANDLE"
        )
    (reason, count), *others = rejected.most_common()
    more = f" and {sum(count for _, count in others):,} otherwise" if others else ""
    raise SourceError(
        f"{str(job.path)!r} holds no record that can be read: {count:,} {reason}{more} "
        f"({job.report.first_rejected}); looked for {list_known_kinds()}"
    )
