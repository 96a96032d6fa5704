"""Which records a JSON value holds: known shapes, found under whatever wraps them, and the reasons for the rest.

A wrapper is any object or list that is no record itself: pages, lists of pages, objects keyed by id. What stands within
a record (comments, children of albums) is not looked at, but for posts that a profile carries.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from features.sources import instagram_graph, instagram_scraper, tiktok, x, youtube
from features.sources.convert import Unread, handle, text
from features.sources.records import Context, Place, Rejection, Shape, dig, read_at
from features.sources.strangers import is_comment, other_network
from features.sources.stream import Unreadable

SHAPES = (
    *youtube.SHAPES, *instagram_graph.SHAPES[:1], *x.SHAPES, *instagram_scraper.SHAPES, *tiktok.SHAPES,
    *instagram_graph.SHAPES[1:],
)  # fmt: skip
JSON_KINDS = {
    youtube.KIND: "YouTube Data API v3",
    instagram_graph.KIND: "Instagram Graph API",
    instagram_scraper.KIND: "scrapers' JSON of Instagram",
    tiktok.API: "TikTok Research and Display API",
    tiktok.SCRAPER: "scrapers' JSON of TikTok",
    x.KIND: "X API v2 and v1.1",
}
#: Wrappers nested deeper than this hold no records.
DEEPEST = 24
#: X's expansions: their users are accounts, their posts are only what other posts refer to.
EXPANSIONS = "includes"


@dataclass(frozen=True)
class Found:
    """A record of a known shape, where it stands, and what its surroundings say."""

    shape: Shape
    record: dict
    place: Place
    context: Context


@dataclass(frozen=True)
class Page:
    """A page that tells of more records than it gives."""

    told: int
    given: int


@dataclass(frozen=True)
class Ignored:
    """A record that is no row of any table by its kind, such as a comment."""

    place: Place
    kind: str


def shapes_of(kind: str | None) -> tuple[Shape, ...]:
    """Give the shapes of one kind, all without one."""
    return tuple(shape for shape in SHAPES if kind in (None, shape.kind))


def find_records(value: object, place: Place, shapes: tuple[Shape, ...]) -> Iterator[Found | Rejection | Page]:
    """Give every record that a value of a file holds, and a rejection for all that should have been one."""
    if isinstance(value, Unreadable):
        yield Rejection(place, value.reason, value=value.begins)
        return
    nothing = True
    for found in _search(value, place, shapes, Context(), 0):
        nothing = nothing and isinstance(found, Page)
        yield found
    if nothing and not is_empty_page(value):
        yield unknown(value, place)


def is_empty_page(value: object) -> bool:
    """Tell whether a value is an ordinary answer without results: an empty list within, no error, no record."""
    if isinstance(value, dict) and value:
        return any(inner == [] or is_empty_page(inner) for inner in value.values())
    return False


def unknown(value: object, place: Place) -> Rejection:
    """Give the rejection of a value in which nothing was found."""
    if isinstance(value, dict):
        if isinstance(kind := value.get("kind"), str):
            return Rejection(place, "is no record of a known kind", value=f"kind: {kind[:60]!r}")
        return Rejection(place, "is no record of a known kind", value=_fields(value))
    return Rejection(place, f"is no record: {type(value).__name__} instead of an object", value=repr(value)[:80])


def _fields(record: dict) -> str:
    return f"fields: {', '.join(repr(str(name)[:30]) for name in list(record)[:8]) or 'none'}"


def _search(value: object, place: Place, shapes, context: Context, depth: int) -> Iterator[Found | Rejection]:
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        shape = next((shape for shape in shapes if _is_of(shape, value, context)), None)
        network = other_network(value, shape and shape.platform, shape.table if shape else "")
        if network is None and is_comment(value):
            yield Ignored(place, "comment")
        elif shape is not None and network is None:
            yield Found(shape, value, place, context)
            yield from _within(shape, value, place, shapes, context, depth)
        else:
            yield from _unwrap_stranger(value, network, place, shapes, context, depth)
    elif isinstance(value, list):
        yield from _listed(value, place, shapes, context, depth)


def _is_of(shape: Shape, record: dict, context: Context) -> bool:
    return shape.marks(record) or (shape.bare is not None and context.kind == shape.kind and shape.bare(record))


def _unwrap_stranger(
    value: dict, network: str | None, place: Place, shapes: tuple[Shape, ...], context: Context, depth: int
) -> Iterator[Found | Rejection | Page | Ignored]:
    """Search what may be a wrapper; where it holds nothing and is of another network, it is rejected as that."""
    nothing = True
    for one in _unwrap(value, place, shapes, context, depth):
        nothing = False
        yield one
    if nothing and network is not None:
        yield Rejection(place, f"is a record of {network}, which is not read", value=_fields(value))


def _within(
    shape: Shape, record: dict, place: Place, shapes: tuple[Shape, ...], context: Context, depth: int
) -> Iterator[Found | Rejection | Page]:
    """Search the posts that a profile carries: they are its own."""
    if not shape.inner:
        return
    context = replace(context, owner=_owner(shape, record), read_at=read_at(record) or context.read_at)
    posts = tuple(other for other in shapes if other.table != "creators")
    for path in shape.inner:
        yield from _search(dig(record, path), Place(place.file, f"{place.record}, {path}"), posts, context, depth + 1)


def _owner(shape: Shape, record: dict) -> dict:
    owner = {}
    for name, read in (("creator_id", text), ("handle", handle)):
        for path in shape.fields[name]:
            try:
                owner.setdefault(name, read(dig(record, path)))
            except Unread:
                continue
    return {name: value for name, value in owner.items() if value}


def _unwrap(wrapper: dict, place: Place, shapes, context: Context, depth: int) -> Iterator[Found | Rejection]:
    """Search what an object wraps, and tell the errors that it reports."""
    told, given = wrapper.get("count"), wrapper.get("edges")
    if isinstance(told, int) and isinstance(given, list) and 0 < len(given) < told:
        yield Page(told, len(given))
    expansions, moment = wrapper.get(EXPANSIONS), read_at(wrapper)
    if isinstance(expansions, dict):
        context = replace(context, media=_media_types(expansions.get("media")), kind=x.KIND)
    if isinstance(meta := wrapper.get("meta"), dict) and "newest_id" in meta:
        context = replace(context, kind=x.KIND)
    if moment is not None:
        context = replace(context, read_at=moment)
    for name, inner in wrapper.items():
        if isinstance(inner, dict | list) and name not in ("error", "errors"):
            if name == EXPANSIONS and isinstance(inner, dict):
                inner = {"users": inner.get("users")}
            where = Place(place.file, f"{place.record}, {str(name)[:40]}")
            yield from _search(inner, where, shapes, context, depth + 1)
    yield from _errors(wrapper, place)


def _listed(values: list, place: Place, shapes, context: Context, depth: int) -> Iterator[Found | Rejection]:
    """Search a list; once one element holds a record, those that hold none are rejected."""
    barren, fruitful = [], False
    for number, inner in enumerate(values, start=1):
        where = Place(place.file, f"{place.record} {number}")
        found = False
        for one in _search(inner, where, shapes, context, depth + 1):
            found = found or not isinstance(one, Page)
            fruitful = fruitful or isinstance(one, Found)
            yield one
        if not found and not is_empty_page(inner):
            barren.append((inner, where))
    if fruitful:
        yield from (unknown(inner, where) for inner, where in barren)


def _errors(wrapper: dict, place: Place) -> Iterator[Rejection]:
    """Give what a platform or a scraper reports instead of data: {"error": ...}, {"errors": [...]}."""
    given = wrapper.get("error")
    reported = [given] if given and dig(given, "code") not in ("ok", 0) else []
    errors = wrapper.get("errors")
    reported += errors if isinstance(errors, list) else [errors] if isinstance(errors, dict | str) and errors else []
    for error in reported:
        yield Rejection(place, f"is an error reported instead of data: {_message(error, wrapper)}")


def _message(error: object, wrapper: dict) -> str:
    names = ("message", "detail", "title", "reason", "description", "code", "type")
    sources = [error] if isinstance(error, dict) else [{"message": error}, {"message": wrapper.get("errorDescription")}]
    told = [str(source[name]) for source in sources for name in names if isinstance(source.get(name), str | int)]
    return " ".join(dict.fromkeys(told))[:120] or "no message"


def _media_types(media: object) -> dict[str, str]:
    rows = [one for one in media if isinstance(one, dict)] if isinstance(media, list) else []
    return {row["media_key"]: row.get("type") for row in rows if isinstance(row.get("media_key"), str)}


def looked_for() -> str:
    """Name the kinds that are known, for messages."""
    return ", ".join(JSON_KINDS.values())
