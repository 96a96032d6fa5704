"""Which records a JSON value holds: known shapes, found under whatever wraps them, and the reasons
for the rest.

A wrapper is any object or list that is no record itself: pages, lists of pages, objects keyed by
id. What stands within a record (comments, children of albums) is not looked at, but for posts that
a profile carries.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count

from ingest.exports import (
    instagram_graph,
    instagram_scraper,
    tiktok,
    x,
    x_scraper,
    x_web,
    youtube,
    youtube_scraper,
    ytdlp,
)
from ingest.exports.foreign_records import FACEBOOK, find_foreign_network, is_comment
from ingest.exports.json_stream import MalformedValue
from ingest.exports.record_shapes import (
    COMMENT,
    REFERENCED_POST,
    Context,
    Place,
    RecordShape,
    Rejection,
    find_read_time,
    get_path,
)
from ingest.exports.value_parsers import InvalidValue, parse_handle, parse_text

#: In this order: the first that fits is taken.
SHAPES = (
    *ytdlp.SHAPES, *x_web.SHAPES, *x_scraper.SHAPES, *youtube_scraper.SHAPES, *youtube.SHAPES,
    *instagram_graph.SHAPES[:1], *x.SHAPES, *instagram_scraper.SHAPES, *tiktok.SHAPES,
    *instagram_graph.SHAPES[1:],
)  # fmt: skip
JSON_KINDS = {
    youtube.KIND: "YouTube Data API v3",
    instagram_graph.KIND: "Instagram Graph API",
    instagram_scraper.KIND: "scrapers' JSON of Instagram",
    tiktok.API: "TikTok Research and Display API",
    tiktok.SCRAPER: "scrapers' JSON of TikTok",
    x.KIND: "X API v2 and v1.1",
    x_scraper.KIND: "scrapers' JSON of X",
    youtube_scraper.KIND: "scrapers' JSON of YouTube",
    ytdlp.KIND: "yt-dlp's info JSON",
}
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
#: How pages name the list of their records.
LIST_FIELDS = (
    "data", "items", "edges", "nodes", "results", "result", "records", "list", "all", "posts",
    "videos", "users",
    "media", "tweets", "entries", "itemList", "aweme_list", "collector",
)  # fmt: skip
#: Fields that name a record, and those that say something of it, besides counts; it has so many
#: fields at least.
ID_FIELDS = ("id", "pk", "id_str", "_id", "uuid", "post_id", "video_id", "shortcode", "username")
CONTENT_FIELDS = (
    "text", "caption", "title", "desc", "content", "message", "created_at", "timestamp", "date",
    "media_type", "body",
    "createdAt", "published_at", "publishedAt", "posted_at",
)  # fmt: skip
LEAST_FIELDS = 3
#: Where records of any network carry their author as an object, and lists of records in what only
#: looks like one.
AUTHORS = ("user", "author", "account", "owner", "channel")
PAGES = (
    "items",
    "edges",
    "posts",
    "videos",
    "tweets",
    "entries",
    "itemList",
    "aweme_list",
    "data",
    "results",
)


@dataclass(frozen=True)
class FoundRecord:
    """A record of a known shape, where it stands, and what its surroundings say."""

    shape: RecordShape
    record: dict
    place: Place
    context: Context


@dataclass(frozen=True)
class PartialPage:
    """A page that tells of more records than it gives."""

    total_count: int
    returned_count: int


@dataclass(frozen=True)
class IgnoredRecord:
    """A record that is no row of any table by its kind, such as a comment."""

    place: Place
    kind: str


def shapes_for_kind(kind: str | None) -> tuple[RecordShape, ...]:
    """Give the shapes of one kind, all without one."""
    return tuple(shape for shape in SHAPES if kind in (None, shape.kind))


def find_records(
    value: object, place: Place, shapes: tuple[RecordShape, ...]
) -> Iterator[FoundRecord | Rejection | PartialPage]:
    """Give every record that a value of a file holds, and a rejection for all that should have been
    one.
    """
    if isinstance(value, MalformedValue):
        yield Rejection(place, value.reason, value=value.excerpt)
        return
    nothing = True
    for found in _search(value, place, shapes, Context(), 0):
        nothing = nothing and isinstance(found, PartialPage)
        yield found
    if nothing and not is_empty_page(value):
        yield reject_unknown(value, place)


def looks_like_record(value: object) -> bool:
    """Tell whether an object is a record of whatever kind: it has a name of its own, and a text, a
    time or a count.

    A category with its icon, or a picture with its size, is none.
    """
    if not isinstance(value, dict):
        return False
    if isinstance(node := value.get("node"), dict):
        return looks_like_record(node)
    named = any(isinstance(value.get(name), str | int) for name in ID_FIELDS)
    counted = any(
        isinstance(inner, int | float) for name, inner in value.items() if name not in ID_FIELDS
    )
    return (
        named
        and len(value) >= LEAST_FIELDS
        and (counted or any(name in value for name in CONTENT_FIELDS))
    )


def has_author(value: dict) -> bool:
    """Tell whether an object is a record that carries its author as an object; a page of records is
    none.

    >>> has_author({"id": "5", "content": "hi", "user": {"id": "1"}}), has_author({"user": {"id": "1"}, "status": "ok"})
    (True, False)
    """
    authored = any(isinstance(value.get(name), dict) for name in AUTHORS)
    pages = any(isinstance(value.get(name), list) and value[name] for name in PAGES)
    return authored and looks_like_record(value) and not pages


def is_keyed_by_id(name: object, value: object) -> bool:
    """Tell whether a value is a record that stands under its own id."""
    return looks_like_record(value) and str(name) in (str(value.get(one)) for one in ID_FIELDS)


def is_empty_page(value: object) -> bool:
    """Tell whether a value is an ordinary answer without results: an empty list within, no error,
    no record.
    """
    if isinstance(value, dict) and value and not looks_like_record(value):
        return any(
            (inner == [] and name in LIST_FIELDS) or is_empty_page(inner)
            for name, inner in value.items()
        )
    return False


def reject_unknown(value: object, place: Place) -> Rejection:
    """Give the rejection of a value in which nothing was found."""
    if isinstance(value, dict):
        if isinstance(kind := value.get("kind"), str):
            return Rejection(place, "is no record of a known kind", value=f"kind: {kind[:60]!r}")
        return Rejection(place, "is no record of a known kind", value=_fields(value))
    return Rejection(
        place, f"is no record: {type(value).__name__} instead of an object", value=repr(value)[:80]
    )


def _fields(record: dict) -> str:
    return f"fields: {', '.join(repr(str(name)[:30]) for name in list(record)[:8]) or 'none'}"


def _search(
    value: object, place: Place, shapes, context: Context, depth: int
) -> Iterator[FoundRecord | Rejection]:
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        shape = _shape_of(value, shapes, context)
        network = find_foreign_network(
            value, shape and shape.platform, shape.table if shape else ""
        )
        if network is None and is_comment(value):
            yield IgnoredRecord(place, COMMENT)
        elif shape is not None and network is None:
            yield from _taken(shape, value, place, shapes, context, depth)
        elif network is None and has_author(value):
            yield reject_unknown(value, place)
        else:
            yield from _unwrap_stranger(value, network, place, shapes, context, depth)
    elif isinstance(value, list):
        places = (Place(place.file, f"{place.record} {number}") for number in count(1))
        yield from _listed(zip(value, places, strict=False), shapes, context, depth)


def _shape_of(
    record: dict, shapes: tuple[RecordShape, ...], context: Context
) -> RecordShape | None:
    for shape in shapes:
        if shape.matches(record):
            return shape
    bare = (
        shape
        for shape in shapes
        if context.kind == shape.kind
        and shape.matches_bare is not None
        and shape.matches_bare(record)
    )
    return next(bare, None) if context.kind else None


def _taken(
    shape: RecordShape,
    record: dict,
    place: Place,
    shapes: tuple[RecordShape, ...],
    context: Context,
    depth: int,
) -> Iterator[FoundRecord | Rejection | PartialPage | IgnoredRecord]:
    """Give a record of a shape, and the records that stand in it: posts of its account, and what is
    no post.
    """
    kind = shape.ignored_kind(record) if shape.ignored_kind else None
    yield IgnoredRecord(place, kind) if kind else FoundRecord(shape, record, place, context)
    yield from _within(shape, record, place, shapes, context, depth)
    for kind, paths in shape.ignored_paths.items():
        there = (get_path(record, path) for path in paths if path.split(".")[0] in record)
        listed = next(filter(None, there), ())
        for number, inner in enumerate(listed if isinstance(listed, list) else [listed], start=1):
            if isinstance(inner, dict):
                yield IgnoredRecord(Place(place.file, f"{place.record}, {kind} {number}"), kind)


def _unwrap_stranger(
    value: dict,
    network: str | None,
    place: Place,
    shapes: tuple[RecordShape, ...],
    context: Context,
    depth: int,
) -> Iterator[FoundRecord | Rejection | PartialPage | IgnoredRecord]:
    """Search what may be a wrapper; a record of another network is rejected, as one, with all that
    it holds.

    A page of Facebook is searched all the same: that of a business holds its Instagram account.
    """
    inner = _unwrap(value, place, shapes, context, depth)
    if network is None:
        yield from inner
        return
    held = list(inner) if network == FACEBOOK else []
    if any(isinstance(one, FoundRecord) for one in held):
        yield from held
    else:
        yield Rejection(place, f"is a record of {network}, which is not read", value=_fields(value))


def _within(
    shape: RecordShape,
    record: dict,
    place: Place,
    shapes: tuple[RecordShape, ...],
    context: Context,
    depth: int,
) -> Iterator[FoundRecord | Rejection | PartialPage]:
    """Search the posts that a profile carries: they are its own."""
    if not shape.embedded_paths:
        return
    context = replace(
        context,
        owner=_owner(shape, record),
        read_at=find_read_time(record) or context.read_at,
        kind=shape.kind,
    )
    posts = tuple(other for other in shapes if other.table != "creators")
    for path in shape.embedded_paths:
        yield from _search(
            get_path(record, path),
            Place(place.file, f"{place.record}, {path}"),
            posts,
            context,
            depth + 1,
        )


def _owner(shape: RecordShape, record: dict) -> dict:
    owner = {}
    for name, read in (("creator_id", parse_text), ("handle", parse_handle)):
        for path in shape.fields[name]:
            try:
                owner.setdefault(name, read(get_path(record, path)))
            except InvalidValue:
                continue
    return {name: value for name, value in owner.items() if value}


def _unwrap(
    wrapper: dict, place: Place, shapes, context: Context, depth: int
) -> Iterator[FoundRecord | Rejection]:
    """Search what an object wraps, and tell the errors that it reports."""
    told, given = wrapper.get("count"), wrapper.get("edges")
    if isinstance(told, int) and isinstance(given, list) and 0 < len(given) < told:
        yield PartialPage(told, len(given))
    expansions, moment = wrapper.get(EXPANSIONS), find_read_time(wrapper)
    if isinstance(expansions, dict):
        context = replace(context, media=_media_types(expansions.get("media")), kind=x.KIND)
    if isinstance(meta := wrapper.get("meta"), dict) and "newest_id" in meta:
        context = replace(context, kind=x.KIND)
    if moment is not None:
        context = replace(context, read_at=moment)
    if wrapper and all(str(name).isdigit() for name in wrapper):
        keyed = [
            (inner, Place(place.file, f"{place.record}, {name}")) for name, inner in wrapper.items()
        ]
        yield from _listed(keyed, shapes, context, depth)
        return
    for name, inner in wrapper.items():
        if isinstance(inner, dict | list) and name not in ("error", "errors"):
            where = Place(place.file, f"{place.record}, {str(name)[:40]}")
            if name == EXPANSIONS and isinstance(inner, dict):
                yield from _expanded(inner, where)
                inner = {"users": inner.get("users")}
            nothing = True
            for one in _search(inner, where, shapes, context, depth + 1):
                nothing = False
                yield one
            if nothing and is_keyed_by_id(name, inner):
                yield reject_unknown(inner, where)
    yield from _errors(wrapper, place)


def _expanded(expansions: dict, place: Place) -> Iterator[IgnoredRecord]:
    """Give what X adds to a page of posts and is no record of it: posts and places that others
    refer to, polls.
    """
    for name, kind in IGNORED_EXPANSIONS.items():
        given = expansions.get(name)
        for number, _ in enumerate(given if isinstance(given, list) else [], start=1):
            yield IgnoredRecord(Place(place.file, f"{place.record} {name} {number}"), kind)


def _listed(
    values: Iterable[tuple[object, Place]], shapes, context: Context, depth: int
) -> Iterator[FoundRecord | Rejection]:
    """Search a list; what looks like a record is rejected, and once one element holds a record,
    whatever holds none.
    """
    barren, fruitful = [], False
    for inner, where in values:
        found = False
        for one in _search(inner, where, shapes, context, depth + 1):
            found = found or not isinstance(one, PartialPage)
            fruitful = fruitful or isinstance(one, FoundRecord)
            yield one
        if not found and not is_empty_page(inner):
            barren.append((inner, where))
    yield from (
        reject_unknown(inner, where)
        for inner, where in barren
        if fruitful or looks_like_record(inner)
    )


def _errors(wrapper: dict, place: Place) -> Iterator[Rejection]:
    """Give what a platform or a scraper reports instead of data: {"error": ...}, {"errors": [...]}."""
    given = wrapper.get("error")
    reported = [given] if given and get_path(given, "code") not in ("ok", 0) else []
    errors = wrapper.get("errors")
    reported += (
        errors
        if isinstance(errors, list)
        else [errors]
        if isinstance(errors, dict | str) and errors
        else []
    )
    for error in reported:
        yield Rejection(place, f"is an error reported instead of data: {_message(error, wrapper)}")


def _message(error: object, wrapper: dict) -> str:
    names = ("message", "detail", "title", "reason", "description", "code", "type")
    sources = (
        [error]
        if isinstance(error, dict)
        else [{"message": error}, {"message": wrapper.get("errorDescription")}]
    )
    told = [
        str(source[name])
        for source in sources
        for name in names
        if isinstance(source.get(name), str | int)
    ]
    return " ".join(dict.fromkeys(told))[:120] or "no message"


def _media_types(media: object) -> dict[str, str]:
    rows = [one for one in media if isinstance(one, dict)] if isinstance(media, list) else []
    return {
        row["media_key"]: row.get("type") for row in rows if isinstance(row.get("media_key"), str)
    }


def list_known_kinds() -> str:
    """Name the kinds that are known, for messages."""
    return ", ".join(JSON_KINDS.values())
