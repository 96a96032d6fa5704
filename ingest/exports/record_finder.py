"""Finds the records that a JSON value holds: known shapes, under whatever wraps them, and the
reasons for the rest.

A wrapper is any object or list that is no record itself: pages, lists of pages, objects keyed by
id. What stands within a record (comments, children of albums) is not searched, but for posts that
a profile carries.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count

from ingest.exports.json_stream import MalformedValue
from ingest.exports.record_parser import find_read_time, parse_owner
from ingest.exports.record_signs import (
    has_author,
    is_empty_page,
    is_keyed_by_id,
    looks_like_record,
)
from ingest.exports.rejections import Place, Rejection
from ingest.exports.reported_errors import reported_errors
from ingest.shapes import x
from ingest.shapes.foreign_records import FACEBOOK, find_foreign_network, is_comment
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import COMMENT, REFERENCED_POST, Context, RecordShape

#: Wrappers nested deeper than this hold no records.
DEEPEST = 24
#: X's expansions: their users are accounts, their posts are only what other posts, or a pinned one,
#: refer to.
EXPANSIONS = "includes"
IGNORED_EXPANSIONS = {
    "tweets": REFERENCED_POST,
    "places": "place of a post",
    "polls": "poll of a post",
    "topics": "topic of a post",
}
UNKNOWN_KIND = "is no record of a known kind"
#: Fields that the rejection of an unknown object names.
MOST_FIELDS = 8


@dataclass(frozen=True)
class FoundRecord:
    """A record of a known shape, where it stands, and what its surroundings say."""

    shape: RecordShape
    record: dict
    place: Place
    context: Context


@dataclass(frozen=True)
class PartialPage:
    """A page that says that it has more records than it gives."""

    total_count: int
    returned_count: int


@dataclass(frozen=True)
class IgnoredRecord:
    """A record that is no row of any table by its kind, such as a comment."""

    place: Place
    kind: str


SearchResult = FoundRecord | Rejection | PartialPage | IgnoredRecord


@dataclass(frozen=True)
class Scope:
    """What a search looks for, what it knows from the wrappers above, and how deep it is."""

    shapes: tuple[RecordShape, ...]
    context: Context
    depth: int = 0

    def deeper(self) -> "Scope":
        return replace(self, depth=self.depth + 1)


def find_records(
    value: object, place: Place, shapes: tuple[RecordShape, ...]
) -> Iterator[SearchResult]:
    """Find every record that a value of a file holds, and a rejection for all that should have been
    one.
    """
    if isinstance(value, MalformedValue):
        yield Rejection(place, value.reason, value=value.excerpt)
        return
    holds_record = False
    for result in _search(value, place, Scope(shapes, Context())):
        holds_record = holds_record or not isinstance(result, PartialPage)
        yield result
    if not holds_record and not is_empty_page(value):
        yield reject_unknown(value, place)


def reject_unknown(value: object, place: Place) -> Rejection:
    """Return the rejection of a value in which no record was found."""
    if not isinstance(value, dict):
        reason = f"is no record: {type(value).__name__} instead of an object"
        return Rejection(place, reason, value=repr(value)[:80])
    kind = value.get("kind")
    excerpt = f"kind: {kind[:60]!r}" if isinstance(kind, str) else _list_fields(value)
    return Rejection(place, UNKNOWN_KIND, value=excerpt)


def _list_fields(record: dict) -> str:
    names = [repr(str(name)[:30]) for name in list(record)[:MOST_FIELDS]]
    return f"fields: {', '.join(names) or 'none'}"


def _search(value: object, place: Place, scope: Scope) -> Iterator[SearchResult]:
    if scope.depth > DEEPEST:
        return
    if isinstance(value, dict):
        yield from _search_object(value, place, scope)
    elif isinstance(value, list):
        places = (Place(place.file, f"{place.record} {number}") for number in count(1))
        yield from _search_list(zip(value, places, strict=False), scope)


def _search_object(value: dict, place: Place, scope: Scope) -> Iterator[SearchResult]:
    shape = _shape_of(value, scope)
    if shape is None:
        network = find_foreign_network(value, None)
    else:
        network = find_foreign_network(value, shape.platform, shape.table)
    if network is not None:
        yield from _foreign_record(value, network, place, scope)
    elif is_comment(value):
        yield IgnoredRecord(place, COMMENT)
    elif shape is not None:
        yield from _known_record(shape, value, place, scope)
    elif has_author(value):
        yield reject_unknown(value, place)
    else:
        yield from _search_wrapper(value, place, scope)


def _shape_of(record: dict, scope: Scope) -> RecordShape | None:
    """Return the first shape that fits; a record without marks needs a page that shows its kind."""
    for shape in scope.shapes:
        if shape.matches(record):
            return shape
    kind = scope.context.kind
    if not kind:
        return None
    for shape in scope.shapes:
        if shape.kind == kind and shape.matches_bare is not None and shape.matches_bare(record):
            return shape
    return None


def _known_record(
    shape: RecordShape, record: dict, place: Place, scope: Scope
) -> Iterator[SearchResult]:
    """Yield a record of a shape, and the records that stand in it: posts of its account, and what
    is no post.
    """
    kind = shape.ignored_kind(record) if shape.ignored_kind else None
    if kind:
        yield IgnoredRecord(place, kind)
    else:
        yield FoundRecord(shape, record, place, scope.context)
    yield from _embedded_posts(shape, record, place, scope)
    yield from _ignored_within(shape, record, place)


def _embedded_posts(
    shape: RecordShape, record: dict, place: Place, scope: Scope
) -> Iterator[SearchResult]:
    """Search the posts that a profile carries: they are its own."""
    if not shape.embedded_paths:
        return
    context = replace(
        scope.context,
        owner=parse_owner(shape, record),
        read_at=find_read_time(record) or scope.context.read_at,
        kind=shape.kind,
    )
    post_shapes = tuple(other for other in scope.shapes if other.table != "creators")
    posts_scope = Scope(post_shapes, context, scope.depth + 1)
    for path in shape.embedded_paths:
        yield from _search(get_path(record, path), place.within(path), posts_scope)


def _ignored_within(shape: RecordShape, record: dict, place: Place) -> Iterator[IgnoredRecord]:
    """Yield the records within a record that are no rows, such as its comments."""
    for kind, paths in shape.ignored_paths.items():
        values = (get_path(record, path) for path in paths if path.split(".")[0] in record)
        first = next(filter(None, values), [])
        items = first if isinstance(first, list) else [first]
        for number, item in enumerate(items, start=1):
            if isinstance(item, dict):
                yield IgnoredRecord(place.within(f"{kind} {number}"), kind)


def _foreign_record(
    record: dict, network: str, place: Place, scope: Scope
) -> Iterator[SearchResult]:
    """Reject a record of another network, as one, with all that it holds.

    But: a page of Facebook is searched, since that of a business holds its Instagram account.
    """
    results = list(_search_wrapper(record, place, scope)) if network == FACEBOOK else []
    if any(isinstance(result, FoundRecord) for result in results):
        yield from results
    else:
        reason = f"is a record of {network}, which is not read"
        yield Rejection(place, reason, value=_list_fields(record))


def _search_wrapper(wrapper: dict, place: Place, scope: Scope) -> Iterator[SearchResult]:
    """Search what an object wraps, and yield the errors that it reports."""
    total, edges = wrapper.get("count"), wrapper.get("edges")
    if isinstance(total, int) and isinstance(edges, list) and 0 < len(edges) < total:
        yield PartialPage(total, len(edges))
    scope = replace(scope, context=_context_within(wrapper, scope.context))
    if wrapper and all(str(name).isdigit() for name in wrapper):
        keyed = [(inner, place.within(str(name))) for name, inner in wrapper.items()]
        yield from _search_list(keyed, scope)
        return
    for name, inner in wrapper.items():
        if isinstance(inner, dict | list) and name not in ("error", "errors"):
            yield from _search_field(name, inner, place.within(str(name)[:40]), scope)
    for message in reported_errors(wrapper):
        yield Rejection(place, f"is an error reported instead of data: {message}")


def _context_within(wrapper: dict, context: Context) -> Context:
    """Return what a wrapper says of the records in it: X's media, a page of X, when it was read."""
    expansions, meta = wrapper.get(EXPANSIONS), wrapper.get("meta")
    if isinstance(expansions, dict):
        media = _media_types(expansions.get("media"))
        context = replace(context, media=media, kind=x.KIND)
    if isinstance(meta, dict) and "newest_id" in meta:
        context = replace(context, kind=x.KIND)
    read_at = find_read_time(wrapper)
    return context if read_at is None else replace(context, read_at=read_at)


def _search_field(
    name: str, value: dict | list, place: Place, scope: Scope
) -> Iterator[SearchResult]:
    """Search one field of a wrapper; a record of no known kind under its own id is rejected."""
    if name == EXPANSIONS and isinstance(value, dict):
        yield from _ignored_expansions(value, place)
        value = {"users": value.get("users")}
    is_empty = True
    for result in _search(value, place, scope.deeper()):
        is_empty = False
        yield result
    if is_empty and is_keyed_by_id(name, value):
        yield reject_unknown(value, place)


def _ignored_expansions(expansions: dict, place: Place) -> Iterator[IgnoredRecord]:
    """Yield what X adds to a page of posts and is no record of it: posts and places that others
    refer to, polls.
    """
    for name, kind in IGNORED_EXPANSIONS.items():
        items = expansions.get(name)
        total = len(items) if isinstance(items, list) else 0
        for number in range(1, total + 1):
            yield IgnoredRecord(Place(place.file, f"{place.record} {name} {number}"), kind)


def _search_list(values: Iterable[tuple[object, Place]], scope: Scope) -> Iterator[SearchResult]:
    """Search a list. An element without records is rejected where it looks like a record, or where
    another element holds one.
    """
    barren: list[tuple[object, Place]] = []
    holds_record = False
    for value, place in values:
        is_barren = True
        for result in _search(value, place, scope.deeper()):
            is_barren = is_barren and isinstance(result, PartialPage)
            holds_record = holds_record or isinstance(result, FoundRecord)
            yield result
        if is_barren and not is_empty_page(value):
            barren.append((value, place))
    for value, place in barren:
        if holds_record or looks_like_record(value):
            yield reject_unknown(value, place)


def _media_types(media: object) -> dict[str, object]:
    """Return key of a medium -> its type, of the media that a page of X lists."""
    rows = [one for one in media if isinstance(one, dict)] if isinstance(media, list) else []
    return {
        row["media_key"]: row.get("type") for row in rows if isinstance(row.get("media_key"), str)
    }
