"""Shapes of records as data, and what a reader makes of one record: rows of tables, or the reason
why not.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property

from features.tables.creator_ids import id_fault
from features.tables.schema import CREATORS, FOLLOWERS, POSTS
from ingest.exports.value_parsers import (
    InvalidValue,
    count_words,
    find_hashtags,
    find_mentions,
    is_missing,
    parse_text,
    parse_value,
)
from ingest.exports.value_parsers import parse_time as convert_time

#: Metrics of a post that another file gives: its counts, and nothing else of it.
METRICS = "metrics"
RECORD_SPECS = {"creators": CREATORS, "posts": POSTS, "followers": FOLLOWERS, METRICS: POSTS}
#: Columns of a creator that say who it is, and nothing of it.
IDENTITY_COLUMNS = ("creator_id", "platform", "handle", "observed_at")
NOT_YET = timedelta(days=1)
#: Where `finish` leaves the name of the metric that it has read as views.
VIEWS_METRIC = "views_metric"
#: Kinds of records that are no rows.
CHILD, COMMENT = "child of an album", "comment"
REFERENCED_POST = "post that another record refers to"
AMBIGUOUS_ID = "names its creator by an id that reads like another"
#: How collectors write down when they read a record or page; twarc does it for pages of X.
READ_TIME_PATHS = (
    "__twarc.retrieved_at", "retrieved_at", "scraped_at", "scrapedAt", "fetched_at", "fetchedAt",
    "crawled_at",
    "collected_at", "observed_at",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a record stands: the file, and the place in it in words."""

    file: str
    record: str


@dataclass(frozen=True)
class Rejection:
    """A record that gives no row, or a value that stays unknown (`field` is then its column)."""

    place: Place
    reason: str
    field: str = ""
    value: str = ""


@dataclass(frozen=True)
class Context:
    """What a record's surroundings say: its account (columns of creators), an X page's media, when
    it was read.

    `kind` is the export that a page shows itself to be: there a record needs no mark of its own.
    """

    owner: dict = field(default_factory=dict)
    media: dict = field(default_factory=dict)
    read_at: datetime | None = None
    kind: str = ""


@dataclass(frozen=True, eq=False)
class RecordShape:
    """One form of record, as data.

    - `name` tells it, `kind` is the export it belongs to, `table` is what it gives: creators, posts
      or metrics
    - `matches` recognises it among JSON objects
    - `fields`: canonical column -> paths in the record, the first that says something counts
    - `creator`: columns of the account that a post's record carries -> paths
    - `parsers`: column -> the converter that it needs instead of its kind's
    - `finish` adds what no path tells: it gets the record, the row and the context
    - `embedded_paths`: paths of records of other shapes within, which are this account's where
      `owns`
    """

    name: str
    kind: str
    platform: str
    table: str
    matches: Callable[[dict], bool]
    fields: dict[str, tuple[str, ...]]
    creator: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parsers: dict[str, Callable] = field(default_factory=dict)
    finish: Callable[[dict, dict, Context], None] | None = None
    embedded_paths: tuple[str, ...] = ()
    #: What a record tells and no column holds, besides fields that are not read.
    list_unmapped: Callable[[dict], list[str]] | None = None
    #: Fields that `finish` reads besides.
    finish_paths: tuple[str, ...] = ()
    #: What to ask for where the time of posting is missing.
    remedy: str = ""
    #: Recognises a record without marks of its own in a page that shows itself to be of this kind.
    matches_bare: Callable[[dict], bool] | None = None
    #: Gives the kind of a record that is no post, or none yet.
    ignored_kind: Callable[[dict], str | None] | None = None
    #: Makes the account of a post its owner, and names the accounts that share the post.
    resolve_owner: Callable[[dict, dict], list[str]] | None = None
    #: Kind of records within that are no rows -> where they stand, the first place that has some
    #: counts.
    ignored_paths: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def row_readers(self) -> list["ColumnReader"]:
        return [
            _column_reader(self, self.table, name, paths) for name, paths in self.fields.items()
        ]

    @cached_property
    def creator_readers(self) -> list["ColumnReader"]:
        return [
            _column_reader(self, "creators", name, paths) for name, paths in self.creator.items()
        ]

    @cached_property
    def mapped_fields(self) -> frozenset[str]:
        """The fields of a record that are read, by the first step of their paths."""
        return frozenset(path.split(".")[0] for path in self.paths)

    @cached_property
    def parts(self) -> dict[str, frozenset[str]]:
        """Objects of which only some fields are read, and these."""
        steps = [path.split(".") for path in self.paths]
        whole = {one[0] for one in steps if len(one) == 1}
        return {
            name: frozenset(one[1] for one in steps if one[0] == name)
            for name in sorted({one[0] for one in steps} - whole)
        }

    @cached_property
    def paths(self) -> list[str]:
        """Every path that is looked at."""
        paths = [
            path for paths in (*self.fields.values(), *self.creator.values()) for path in paths
        ]
        nested = [path for paths in self.ignored_paths.values() for path in paths]
        return [*paths, *self.embedded_paths, *self.finish_paths, *nested]


#: A column, its paths in steps, and what converts a value to it.
ColumnReader = tuple[str, tuple[tuple[str, ...], ...], Callable]


def _column_reader(
    shape: RecordShape, table: str, name: str, paths: tuple[str, ...]
) -> ColumnReader:
    column = RECORD_SPECS[table][name]
    read = shape.parsers.get(name) or (lambda value: parse_value(value, column))
    return name, tuple(map(_steps, paths)), read


@dataclass
class ParsedRecord:
    """What one record gives: a row of a table, rows of its account, and values that could not be
    understood.
    """

    shape: RecordShape
    place: Place
    row: dict
    creator: dict | None
    invalid_values: list[Rejection]
    #: Accounts that share the post, and the metric that its views are.
    coauthors: list[str] = field(default_factory=list)
    views_metric: str | None = None


def get_path(value: object, path: str) -> object:
    """Follow a dotted path through objects, and by number through lists; None where it leads
    nowhere.

    >>> get_path({"edges": [{"node": {"text": "hi"}}]}, "edges.0.node.text")
    'hi'
    """
    return follow_steps(value, _steps(path))


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def follow_steps(value: object, steps: Iterable[str]) -> object:
    for step in steps:
        if type(value) is dict:
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def parse_record(
    shape: RecordShape, record: dict, place: Place, context: Context, moment: datetime | None
) -> ParsedRecord:
    """Read one record by its shape. `moment` is when the file was read, as far as is told.

    A value that is not understood stays unknown and is listed. Whether the row says enough,
    `find_row_fault` tells.
    """
    unread: list[Rejection] = []
    row = _columns(record, shape.row_readers, place, unread)
    if shape.table == "creators":
        row |= {name: value for name, value in context.owner.items() if row.get(name) is None}
    if shape.finish:
        shape.finish(record, row, context)
    row["platform"] = shape.platform
    row["observed_at"] = find_read_time(record) or context.read_at or moment
    if shape.table == "creators":
        row["creator_id"] = row.get("creator_id") or _by_handle(row.get("handle"))
        return ParsedRecord(shape, place, row, None, unread)
    if shape.table == "posts":
        empty = row.get("text") is None and any(
            get_path(record, path) == "" for path in shape.fields.get("text", ())
        )
        add_caption_columns(row, empty)
    creator = _columns(record, shape.creator_readers, place, unread)
    creator = creator if creator.get("creator_id") or creator.get("handle") else dict(context.owner)
    coauthors = shape.resolve_owner(record, creator) if shape.resolve_owner else []
    creator["creator_id"] = row["creator_id"] = creator.get("creator_id") or _by_handle(
        creator.get("handle")
    )
    creator |= {"platform": shape.platform, "observed_at": row["observed_at"]}
    metric = row.pop(VIEWS_METRIC, None)
    if metric is None and row.get("views") is not None:
        metric = _views_metric(shape, record)
    return ParsedRecord(shape, place, row, creator, unread, coauthors, metric)


def _views_metric(shape: RecordShape, record: dict) -> str | None:
    """Give the name of the field that views are read from: what a view is differs by it."""
    paths = shape.fields.get("views", ())
    return next(
        (path.split(".")[-1] for path in paths if not is_missing(get_path(record, path))), None
    )


def find_read_time(record: dict) -> datetime | None:
    """Give when a record or page was read, where its collector says so; None too where that is no
    moment.
    """
    for path in READ_TIME_PATHS:
        if (value := get_path(record, path)) is not None:
            try:
                return convert_time(value)
            except InvalidValue:
                continue
    return None


def find_row_fault(
    table: str, row: dict, now: datetime, undated: str = "has no time of posting"
) -> str | None:
    """Give the reason why a row cannot stand in its table, None where it can; `undated` is what to
    say of no time.
    """
    posted, observed = row.get("posted_at"), row.get("observed_at")
    if row.get("creator_id") is not None and (wrong := id_fault(row["creator_id"])):
        return f"{AMBIGUOUS_ID}: it {wrong}"
    if observed is not None and observed > now + NOT_YET:
        return f"was read in the future: {observed:%Y-%m-%d %H:%M}"
    if table not in ("posts", METRICS):
        return None
    if row.get("post_id") is None:
        return "has no id of the post"
    if table == METRICS:
        return None
    if posted is None:
        return undated
    if posted > now + NOT_YET:
        return f"was posted in the future: {posted:%Y-%m-%d %H:%M}"
    if observed is not None and posted > observed:
        return (
            f"was posted after it was read: {posted:%Y-%m-%d %H:%M}, read {observed:%Y-%m-%d %H:%M}"
        )
    return None


def says_more(creator: dict) -> bool:
    """Tell whether a row says anything of its creator but who it is."""
    return any(value is not None for name, value in creator.items() if name not in IDENTITY_COLUMNS)


def add_caption_columns(row: dict, empty: bool = False) -> None:
    """Add what a caption shows: hashtags, and the counts of words, hashtags and mentions; `empty`
    is known to be so.
    """
    caption = row.get("text")
    if caption is None and not empty:
        return
    tags = row["hashtags"].split() if row.get("hashtags") else find_hashtags(caption or "")
    row["hashtags"] = " ".join(tags) or None
    row["caption_words"] = float(count_words(caption or ""))
    row["hashtags_count"] = float(len(tags))
    row["mentions_count"] = float(len(find_mentions(caption or "")))


def join_hashtags(values: object, name: str = "name") -> str | None:
    """Join hashtags that are given as a list of texts, or of objects that name them; None where
    there are none.
    """
    given = values if isinstance(values, list) else []
    names = [value.get(name) if isinstance(value, dict) else value for value in given]
    found = [tag.strip().lstrip("#") for tag in names if isinstance(tag, str)]
    return parse_text(" ".join("".join(tag.split()) for tag in found if tag)) if found else None


def _columns(
    record: dict, readings: list[ColumnReader], place: Place, unread: list[Rejection]
) -> dict:
    row = {}
    for name, paths, read in readings:
        for steps in paths:
            value = record.get(steps[0]) if len(steps) == 1 else follow_steps(record, steps)
            if value is None or is_missing(value):
                continue
            try:
                row[name] = read(value)
            except InvalidValue as fault:
                unread.append(Rejection(place, str(fault), name, repr(value)[:80]))
            if row.get(name) is not None:
                break
    return row


def _by_handle(handle: str | None) -> str | None:
    """Name an account of which only the handle is known, so that it can be told from an id."""
    return f"@{handle}" if handle else None
