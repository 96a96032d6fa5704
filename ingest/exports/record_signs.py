"""Signs by which an object of no known shape looks like a record, or like a page without any."""

#: Fields that name a record, and those that hold its content, besides counts; it has so many
#: fields at least.
ID_FIELDS = (
    "id", "pk", "id_str", "_id", "uuid", "post_id", "video_id", "shortcode", "username",
)  # fmt: skip
CONTENT_FIELDS = (
    "text", "caption", "title", "desc", "content", "message", "created_at", "timestamp", "date",
    "media_type", "body", "createdAt", "published_at", "publishedAt", "posted_at",
)  # fmt: skip
LEAST_FIELDS = 3
#: How pages name the list of their records.
LIST_FIELDS = (
    "data", "items", "edges", "nodes", "results", "result", "records", "list", "all", "posts",
    "videos", "users", "media", "tweets", "entries", "itemList", "aweme_list", "collector",
)  # fmt: skip
#: Where records of any network carry their author as an object.
AUTHOR_FIELDS = ("user", "author", "account", "owner", "channel")
#: Where pages keep lists of records; an object with an author and one of these is a page.
PAGE_FIELDS = (
    "items", "edges", "posts", "videos", "tweets", "entries", "itemList", "aweme_list", "data",
    "results",
)  # fmt: skip


def looks_like_record(value: object) -> bool:
    """Return whether an object is a record of whatever kind: it has an id, and a text, a time or a
    count.

    A category with its icon, or a picture with its size, is none.
    """
    if not isinstance(value, dict):
        return False
    if isinstance(node := value.get("node"), dict):
        return looks_like_record(node)
    if len(value) < LEAST_FIELDS:
        return False
    has_id = any(isinstance(value.get(name), str | int) for name in ID_FIELDS)
    has_content = any(name in value for name in CONTENT_FIELDS)
    return has_id and (has_content or _has_count(value))


def _has_count(record: dict) -> bool:
    others = (value for name, value in record.items() if name not in ID_FIELDS)
    return any(isinstance(value, int | float) for value in others)


def has_author(value: dict) -> bool:
    """Return whether an object is a record that carries its author as an object; a page of records
    is none.

    >>> has_author({"id": "5", "content": "hi", "user": {"id": "1"}})
    True
    >>> has_author({"user": {"id": "1"}, "status": "ok"})
    False
    """
    has_author_object = any(isinstance(value.get(name), dict) for name in AUTHOR_FIELDS)
    is_page = any(isinstance(value.get(name), list) and value[name] for name in PAGE_FIELDS)
    return has_author_object and looks_like_record(value) and not is_page


def is_keyed_by_id(name: object, value: object) -> bool:
    """Return whether a value is a record that stands under its own id."""
    if not isinstance(value, dict) or not looks_like_record(value):
        return False
    return str(name) in (str(value.get(field)) for field in ID_FIELDS)


def is_empty_page(value: object) -> bool:
    """Return whether a value is an ordinary answer without results: an object that is no record,
    with an empty list of records in it.
    """
    if not isinstance(value, dict) or not value or looks_like_record(value):
        return False
    return any(
        (inner == [] and name in LIST_FIELDS) or is_empty_page(inner)
        for name, inner in value.items()
    )
