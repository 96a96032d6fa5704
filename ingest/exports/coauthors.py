"""Whose an Instagram post of several accounts is: its owner's, from whichever of the accounts'
pages it comes.
"""

from ingest.exports.record_shapes import get_path

#: Where the forms say who owns a post, and who shares it.
OWNER_PATHS = (("owner.pk", "owner.id", "ownerId"), ("owner.username", "ownerUsername"))
COAUTHOR_PATHS = (
    "coauthor_producers", "coauthors_producers", "coauthorProducers", "collaborators.data", "collaborators",
    "coauthors",
)  # fmt: skip


def resolve_owner(record: dict, creator: dict) -> list[str]:
    """Make `creator` the owner of a post, as far as the post tells it; give the names of the
    accounts that share it.

    The owner is told by name, or by the id of the post: the app's ids end in _ and the owner's id.
    A post that stands with an account that only shares it, and does not tell its owner, is
    nobody's.
    """
    coauthors = [
        one
        for path in COAUTHOR_PATHS
        if path.split(".")[0] in record
        for one in _accounts(get_path(record, path))
    ]
    owner, name = (
        next(filter(None, (_word(get_path(record, path)) for path in paths)), None)
        for paths in OWNER_PATHS
    )
    owner = owner or _owner_by_id(record.get("id"))
    told, handle = creator.get("creator_id"), creator.get("handle")
    if owner is not None and told is not None and told != owner:
        creator.clear()
        creator |= {"creator_id": owner} | ({"handle": name.lower()} if name else {})
    elif (
        owner is None
        and name is None
        and {told, handle} & {word for one in coauthors for word in one}
    ):
        creator.clear()
    theirs = {creator.get("creator_id"), creator.get("handle")}
    return sorted({words[-1] for words in coauthors if words and not theirs & set(words)})


def _accounts(given: object) -> list[list[str]]:
    """Give the words that name each account of a list: its id, its handle last."""
    accounts = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    paths = ("pk", "id", "username")
    words = [[word for path in paths if (word := _word(one.get(path)))] for one in accounts]
    return [[*one[:-1], one[-1].lower()] for one in words if one]


def _owner_by_id(value: object) -> str | None:
    """Give the owner's id in the id of a post such as 301_7."""
    post, _, owner = value.partition("_") if isinstance(value, str) else ("", "", "")
    return owner if post.isdigit() and owner.isdigit() else None


def _word(value: object) -> str | None:
    return (
        str(value)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != ""
        else None
    )
