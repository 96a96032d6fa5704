"""The shape of a record as data: how it is recognised, and where its columns stand in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from features.tables.schema import CREATORS, FOLLOWERS, POSTS
from ingest.shapes.record_paths import split_path
from ingest.shapes.value_parsers import parse_value

#: Metrics of a post that stands in another file: its counts, and nothing else of it.
METRICS = "metrics"
RECORD_SPECS = {"creators": CREATORS, "posts": POSTS, "followers": FOLLOWERS, METRICS: POSTS}
#: Columns of a creator that say who it is, and nothing else.
IDENTITY_COLUMNS = ("creator_id", "platform", "handle", "observed_at")
#: Where `finish` leaves the name of the metric that it has read as views.
VIEWS_METRIC = "views_metric"
#: Kinds of records that are no rows.
CHILD, COMMENT = "child of an album", "comment"
REFERENCED_POST = "post that another record refers to"
#: How collectors write down when they read a record or page; twarc does it for pages of X.
READ_TIME_PATHS = (
    "__twarc.retrieved_at", "retrieved_at", "scraped_at", "scrapedAt", "fetched_at", "fetchedAt",
    "crawled_at", "collected_at", "observed_at",
)  # fmt: skip

#: Column -> the paths of its value in a record; the first that has a value counts.
ColumnPaths = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Context:
    """What the surroundings of a record say of it.

    - `owner`: the account, as columns of creators
    - `media`: key of a medium on a page of X -> its type
    - `read_at`: when the page was read
    - `kind`: the export that the page shows itself to be; there a record needs no other mark
    """

    owner: dict = field(default_factory=dict)
    media: dict = field(default_factory=dict)
    read_at: datetime | None = None
    kind: str = ""


class ColumnReader(NamedTuple):
    """How one column is read from a record: its paths in steps, and the parser of its value."""

    column: str
    paths: tuple[tuple[str, ...], ...]
    parse: Callable[[object], object]


@dataclass(frozen=True, eq=False)
class RecordShape:
    """One form of record, as data.

    - `name` is shown to people, `kind` is the export it belongs to, `table` is what it becomes:
      creators, posts or metrics
    - `matches` recognises it among JSON objects
    - `fields`: the columns of its table
    - `creator`: columns of the account that a post's record carries
    - `parsers`: column -> the parser that it needs instead of its kind's
    - `finish` adds what no path leads to: it gets the record, the row and the context
    - `embedded_paths`: paths of records of other shapes within, which are this account's
    """

    name: str
    kind: str
    platform: str
    table: str
    matches: Callable[[dict], bool]
    fields: ColumnPaths
    creator: ColumnPaths = field(default_factory=dict)
    parsers: Mapping[str, Callable[[object], object]] = field(default_factory=dict)
    finish: Callable[[dict, dict, Context], None] | None = None
    embedded_paths: tuple[str, ...] = ()
    #: Lists what a record says and no column holds, besides fields that are not read.
    list_unmapped: Callable[[dict], list[str]] | None = None
    #: Fields that `finish` reads besides.
    finish_paths: tuple[str, ...] = ()
    #: What to ask for where the time of posting is missing.
    remedy: str = ""
    #: Recognises a record without marks on a page that shows itself to be of this kind.
    matches_bare: Callable[[dict], bool] | None = None
    #: Returns the kind of a record that is no post, or none yet.
    ignored_kind: Callable[[dict], str | None] | None = None
    #: Makes the account of a post its owner, and returns the accounts that share the post.
    resolve_owner: Callable[[dict, dict], list[str]] | None = None
    #: Kind of records within that are no rows -> where they stand; the first place that has some
    #: counts.
    ignored_paths: ColumnPaths = field(default_factory=dict)

    @cached_property
    def row_readers(self) -> list[ColumnReader]:
        """The readers of the columns of its table."""
        return self._readers(self.table, self.fields)

    @cached_property
    def creator_readers(self) -> list[ColumnReader]:
        """The readers of the columns of its account."""
        return self._readers("creators", self.creator)

    @cached_property
    def mapped_fields(self) -> frozenset[str]:
        """The fields of a record that are read, by the first step of their paths."""
        return frozenset(split_path(path)[0] for path in self.paths)

    @cached_property
    def parts(self) -> dict[str, frozenset[str]]:
        """Objects of which only some fields are read -> these fields."""
        steps = [split_path(path) for path in self.paths]
        whole = {step[0] for step in steps if len(step) == 1}
        partial = sorted({step[0] for step in steps} - whole)
        return {name: frozenset(step[1] for step in steps if step[0] == name) for name in partial}

    @cached_property
    def paths(self) -> list[str]:
        """Every path that is looked at."""
        groups = (
            *self.fields.values(),
            *self.creator.values(),
            self.embedded_paths,
            self.finish_paths,
            *self.ignored_paths.values(),
        )
        return [path for group in groups for path in group]

    def _readers(self, table: str, columns: ColumnPaths) -> list[ColumnReader]:
        return [
            ColumnReader(name, tuple(map(split_path, paths)), self._parser(table, name))
            for name, paths in columns.items()
        ]

    def _parser(self, table: str, name: str) -> Callable[[object], object]:
        if name in self.parsers:
            return self.parsers[name]
        column = RECORD_SPECS[table][name]
        return lambda value: parse_value(value, column)
