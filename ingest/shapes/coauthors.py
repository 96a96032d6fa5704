"""Whose an Instagram post of several accounts is: its owner's, from whichever of the accounts'
pages it comes.
"""

from collections.abc import Iterable

from ingest.shapes.record_paths import get_path

#: Where the forms say who owns a post, and who shares it.
OWNER_ID_PATHS = ("owner.pk", "owner.id", "ownerId")
OWNER_NAME_PATHS = ("owner.username", "ownerUsername")
COAUTHOR_PATHS = (
    "coauthor_producers", "coauthors_producers", "coauthorProducers", "collaborators.data",
    "collaborators", "coauthors",
)  # fmt: skip
ACCOUNT_FIELDS = ("pk", "id", "username")


def resolve_owner(record: dict, creator: dict) -> list[str]:
    """Make `creator` the owner of a post, as far as the post tells it; return the names of the
    accounts that share it, sorted.

    A post names its owner, or shows the owner's id in its own: the app's ids end in _ and the
    owner's id. A post that stands with an account that only shares it, and does not show its owner,
    is nobody's: `creator` is then empty.
    """
    coauthors = _coauthors(record)
    owner_id = _first_name(record, OWNER_ID_PATHS) or _owner_in_post_id(record.get("id"))
    owner_name = _first_name(record, OWNER_NAME_PATHS)
    creator_id, handle = creator.get("creator_id"), creator.get("handle")
    if owner_id is not None and creator_id is not None and creator_id != owner_id:
        creator.clear()
        creator["creator_id"] = owner_id
        if owner_name:
            creator["handle"] = owner_name.lower()
    elif owner_id is None and owner_name is None:
        all_names = {name for names in coauthors for name in names}
        if all_names & {creator_id, handle}:
            creator.clear()
    owner_names = {creator.get("creator_id"), creator.get("handle")}
    return sorted({names[-1] for names in coauthors if not owner_names & set(names)})


def _coauthors(record: dict) -> list[list[str]]:
    """Return the accounts that share a post, each as its names: ids first, its handle last."""
    accounts: list[list[str]] = []
    for path in COAUTHOR_PATHS:
        if path.split(".")[0] in record:
            accounts += _accounts(get_path(record, path))
    return accounts


def _accounts(values: object) -> list[list[str]]:
    """Return the names of each account of a list; the last one in lower case."""
    accounts: list[list[str]] = []
    for value in values if isinstance(values, list) else []:
        if not isinstance(value, dict):
            continue
        names = [name for field in ACCOUNT_FIELDS if (name := _name(value.get(field)))]
        if names:
            accounts.append([*names[:-1], names[-1].lower()])
    return accounts


def _owner_in_post_id(post_id: object) -> str | None:
    """Return the owner's id in the id of a post such as 301_7."""
    if not isinstance(post_id, str):
        return None
    post, _, owner = post_id.partition("_")
    return owner if post.isdigit() and owner.isdigit() else None


def _first_name(record: dict, paths: Iterable[str]) -> str | None:
    names = (_name(get_path(record, path)) for path in paths)
    return next(filter(None, names), None)


def _name(value: object) -> str | None:
    """Return an id or a handle as text, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None
