"""Reads JSON of any known kind into parts, record by record."""

from collections import Counter
from datetime import datetime

from features.sources.faults import SourceError
from features.sources.instagram_graph import amount, amounts
from features.sources.job import Job
from features.sources.kinds import JSON_KINDS, Found, Ignored, Page, find_records, looked_for, shapes_of
from features.sources.plausible import INSTAGRAM_VIEWS
from features.sources.records import METRICS, Read, Rejection, dig, fault_of, read_record
from features.sources.stream import read_values

#: Forms of records of which fields are counted; a file has a handful, garbage could have any number.
MOST_FORMS = 5000
#: Pages that are told to give less than there is.
MOST_NOTES = 5
NAMELESS = "does not say whose it is"


def read(job: Job) -> None:
    """Read a file's records; raises SourceError where none can be read."""
    shapes = shapes_of(job.options.kind)
    fields = Fields()
    for where, value in read_values(job.path, job.progress):
        for found in find_records(value, job.place(where), shapes):
            _take(job, found, fields)
    job.report.ignored = fields.ignored()
    job.parts.flush()
    kinds = sorted({shape.kind for shape in shapes if shape.name in job.report.records})
    job.report.kind = ", ".join(JSON_KINDS[kind] for kind in kinds)
    _refuse_empty(job)


def _take(job: Job, found: Found | Rejection | Page | Ignored, fields: "Fields") -> None:
    """Take what was found in a file: every record of it is read, rejected or ignored by its kind."""
    if isinstance(found, Page):
        if len(job.report.notes) < MOST_NOTES:
            job.report.notes.append(f"a page gives {found.given:,} of the {found.told:,} records that it tells of")
        return
    job.report.items += 1
    if isinstance(found, Rejection):
        job.reject(found)
    elif isinstance(found, Ignored):
        job.report.ignored_records[found.kind] += 1
    else:
        fields.count(found)
        _read(job, found)


def _read(job: Job, found: Found) -> None:
    """Read one record, and add its rows or tell why it gives none."""
    shape = found.shape
    job.check_platform(shape.platform)
    read = read_record(shape, found.record, found.place, found.context, job.moment)
    job.report.records[shape.name] += 1
    undated = any(unread.field == "posted_at" for unread in read.unread)
    undated = "has no time of posting" + (" that can be read" if undated else shape.remedy)
    fault = fault_of(shape.table, read.row, job.now, undated) or _name_creator(job, read)
    for unread in read.unread:
        job.leave_unknown(unread)
    if fault:
        job.report.records[shape.name] -= 1
        job.reject(Rejection(found.place, fault, value=f"id {read.row.get('post_id') or read.row.get('creator_id')}"))
        return
    accounts = [read.row] if shape.table == "creators" else [read.creator] if shape.table == "posts" else []
    for account in accounts:
        _check_opening(job, read, account)
        job.add("creators", account)
    if shape.table != "creators":
        job.add(shape.table, read.row, found.place)
        _remark(job, read, found.record)


def _remark(job: Job, read: Read, record: dict) -> None:
    """Tell the accounts that share a post, and count by which metric its views are told."""
    for name in read.coauthors:
        job.report.remarks[f"post that {name!r} shares: it counts for its owner alone"] += 1
    definition = INSTAGRAM_VIEWS.get(read.views_metric) if read.shape.platform == "instagram" else None
    if definition and read.row.get("views") is not None:
        job.report.views[definition] += 1
        if other := _other_views(record, read):
            names = ", ".join(other)
            job.report.remarks[f"post with counts of views that differ: {read.views_metric} is used, not {names}"] += 1


def _other_views(record: dict, read: Read) -> list[str]:
    """Name the counts of views that a record of Instagram gives besides, and that differ; 0 stands for none."""
    metrics = dig(record, "insights.data") or record.get("data")
    told = record | (amounts(metrics) if isinstance(metrics, list) else {})
    counts = {name: amount(told.get(name)) for name in INSTAGRAM_VIEWS}
    return [name for name, count in counts.items() if count and count != read.row["views"]]


def _name_creator(job: Job, read: Read) -> str | None:
    """Give the creator that the user names to a record that has none; the reason where there is none to give."""
    if read.shape.table == METRICS or read.row.get("creator_id"):
        return None
    owner = job.options.owner
    if not owner:
        return NAMELESS
    if read.shape.table == "creators":
        if job.report.named_by_user:
            return "is one more account without an id: --creator can name only one"
        job.report.named_by_user = True
    read.row |= owner if read.shape.table == "creators" else {"creator_id": owner["creator_id"]}
    if read.creator is not None:
        read.creator |= owner
    return None


def _check_opening(job: Job, read: Read, account: dict) -> None:
    """Leave an opening that lies after the reading unknown."""
    opened: datetime | None = account.get("created_at")
    until = account.get("observed_at") or job.now
    if opened is not None and opened > until:
        account["created_at"] = None
        job.leave_unknown(Rejection(read.place, "lies after the reading", "created_at", f"{opened:%Y-%m-%d %H:%M}"))


def _refuse_empty(job: Job) -> None:
    """Raise SourceError where a file gave no row, unless it is a page of an ordinary answer without results."""
    rejected, ignored = job.report.rejected, job.report.ignored_records
    if any(job.parts.rows.values()):
        return
    if ignored and not rejected:
        kinds = ", ".join(f"{count:,} x {kind}" for kind, count in ignored.most_common())
        raise SourceError(f"{str(job.path)!r} holds no account and no post, only {kinds}: leave it out")
    if not rejected:
        job.report.notes.append("it is a page without records")
        return
    if set(rejected) == {NAMELESS}:
        raise SourceError(
            f"{str(job.path)!r}: its {sum(rejected.values()):,} record(s) do not say whose they are: "
            "name the creator by --creator ID, or --creator @HANDLE"
        )
    (reason, count), *others = rejected.most_common()
    more = f" and {sum(count for _, count in others):,} otherwise" if others else ""
    raise SourceError(
        f"{str(job.path)!r} holds no record that can be read: {count:,} {reason}{more} "
        f"({job.report.first_rejected}); looked for {looked_for()}"
    )


class Fields:
    """Counts the fields of records that no map reads, by the forms of records, which are few."""

    def __init__(self):
        self._forms: Counter = Counter()
        self._left: Counter = Counter()

    def count(self, found: Found) -> None:
        """Count the form of a record: its fields, and those of objects that are read in part."""
        record, parts = found.record, found.shape.parts
        if found.shape.leftover:
            self._left.update(found.shape.leftover(record))
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
                left[str(name)[:60]] += times * (name not in shape.used)
            for whole, inner in parts:
                for name in inner:
                    left[f"{whole}.{str(name)[:60]}"] += times * (name not in shape.parts[whole])
        return Counter({name: times for name, times in left.items() if times})
