"""Parses one record by its shape: a row of a table, a row of its account, and values that could
not be understood.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ingest.exports.rejections import Place, Rejection
from ingest.shapes.captions import add_caption_columns
from ingest.shapes.record_paths import follow_steps, get_path
from ingest.shapes.record_shapes import (
    READ_TIME_PATHS,
    VIEWS_METRIC,
    ColumnReader,
    Context,
    RecordShape,
)
from ingest.shapes.value_parsers import (
    InvalidValue,
    is_missing,
    parse_handle,
    parse_text,
    parse_time,
)


@dataclass
class ParsedRecord:
    """The row that a record gives, the row of its account where it carries one, and the values
    that stay unknown.
    """

    shape: RecordShape
    place: Place
    row: dict
    creator: dict | None
    invalid_values: list[Rejection]
    #: Accounts that share the post, and the name of the metric that its views are.
    coauthors: list[str] = field(default_factory=list)
    views_metric: str | None = None


def parse_record(
    shape: RecordShape, record: dict, place: Place, context: Context, file_read_at: datetime | None
) -> ParsedRecord:
    """Parse one record by its shape.

    `file_read_at` stands in where neither the record nor its page says when it was read. A value
    that is not understood stays unknown and is listed. Whether the row is complete enough for its
    table is the question of `find_row_fault`.
    """
    invalid: list[Rejection] = []
    row = _read_columns(record, shape.row_readers, place, invalid)
    if shape.table == "creators":
        unknown = {name: value for name, value in context.owner.items() if row.get(name) is None}
        row |= unknown
    if shape.finish:
        shape.finish(record, row, context)
    row["platform"] = shape.platform
    row["observed_at"] = find_read_time(record) or context.read_at or file_read_at
    if shape.table == "creators":
        row["creator_id"] = row.get("creator_id") or _id_from_handle(row.get("handle"))
        return ParsedRecord(shape, place, row, None, invalid)
    if shape.table == "posts":
        add_caption_columns(row, is_empty=_has_empty_caption(shape, record, row))
    creator, coauthors = _read_account(shape, record, place, context, invalid)
    row["creator_id"] = creator["creator_id"]
    creator |= {"platform": shape.platform, "observed_at": row["observed_at"]}
    metric = row.pop(VIEWS_METRIC, None)
    if metric is None and row.get("views") is not None:
        metric = _views_metric(shape, record)
    return ParsedRecord(shape, place, row, creator, invalid, coauthors, metric)


def find_read_time(record: dict) -> datetime | None:
    """Return when a record or page was read, where its collector wrote it down; None too where
    that is no moment.
    """
    for path in READ_TIME_PATHS:
        value = get_path(record, path)
        if value is None:
            continue
        try:
            return parse_time(value)
        except InvalidValue:
            continue
    return None


def parse_owner(shape: RecordShape, profile: dict) -> dict[str, str]:
    """Return id and handle of a profile, as far as it has them."""
    owner: dict[str, str] = {}
    for column, parse in (("creator_id", parse_text), ("handle", parse_handle)):
        name = _first_parsed(profile, shape.fields[column], parse)
        if name:
            owner[column] = name
    return owner


def _first_parsed(
    record: dict, paths: tuple[str, ...], parse: Callable[[object], str | None]
) -> str | None:
    """Return the value of the first path whose value can be parsed, which may be None."""
    for path in paths:
        try:
            return parse(get_path(record, path))
        except InvalidValue:
            continue
    return None


def _read_account(
    shape: RecordShape, record: dict, place: Place, context: Context, invalid: list[Rejection]
) -> tuple[dict, list[str]]:
    """Return the account of a post or metric as columns of creators, and who shares the post."""
    creator = _read_columns(record, shape.creator_readers, place, invalid)
    if not (creator.get("creator_id") or creator.get("handle")):
        creator = dict(context.owner)
    coauthors = shape.resolve_owner(record, creator) if shape.resolve_owner else []
    creator["creator_id"] = creator.get("creator_id") or _id_from_handle(creator.get("handle"))
    return creator, coauthors


def _read_columns(
    record: dict, readers: list[ColumnReader], place: Place, invalid: list[Rejection]
) -> dict:
    """Read columns from a record; values that are not understood are added to `invalid`."""
    row: dict = {}
    for column, paths, parse in readers:
        for steps in paths:
            value = record.get(steps[0]) if len(steps) == 1 else follow_steps(record, steps)
            if value is None or is_missing(value):
                continue
            try:
                row[column] = parse(value)
            except InvalidValue as error:
                invalid.append(Rejection(place, str(error), column, repr(value)[:80]))
            if row.get(column) is not None:
                break
    return row


def _has_empty_caption(shape: RecordShape, record: dict, row: dict) -> bool:
    if row.get("text") is not None:
        return False
    return any(get_path(record, path) == "" for path in shape.fields.get("text", ()))


def _views_metric(shape: RecordShape, record: dict) -> str | None:
    """Return the name of the field that views are read from: what a view is differs by it."""
    for path in shape.fields.get("views", ()):
        if not is_missing(get_path(record, path)):
            return path.split(".")[-1]
    return None


def _id_from_handle(handle: str | None) -> str | None:
    """Return the id of an account of which only the handle is known; the @ tells it from others."""
    return f"@{handle}" if handle else None
