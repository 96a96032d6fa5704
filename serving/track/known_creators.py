"""The creators of the tables, by their handles: a list need not know their ids."""

from collections import defaultdict

import pandas as pd


def name_known_creators(rows: pd.DataFrame, creators: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a list with the creator_id of the tables where a row has only a handle of
    theirs: of its platform, or of one platform alone where the row names none.

    `rows`: as `list_reader` gives them, where @handle stands in for a missing creator_id;
    `creators`: a clean table.
    """
    handles = rows["handle"].str.removeprefix("@").str.lower()
    open_rows = rows["creator_id"].eq("@" + handles) & ~rows["creator_id"].isin(
        creators["creator_id"]
    )
    if not open_rows.any():
        return rows
    known_handles = creators["handle"].str.removeprefix("@").str.lower()
    wanted = creators[known_handles.isin(set(handles[open_rows]))]
    ids: dict[tuple[str | None, str], set[str]] = defaultdict(set)
    for handle, platform, creator_id in zip(
        known_handles[wanted.index], wanted["platform"], wanted["creator_id"], strict=True
    ):
        ids[platform, handle].add(creator_id)
        ids[None, handle].add(creator_id)
    found = []
    for creator_id, is_open, platform, handle in zip(
        rows["creator_id"], open_rows, rows["platform"], handles, strict=True
    ):
        key = (platform if isinstance(platform, str) else None, handle)
        known = ids.get(key, set()) if is_open else set()
        found.append(next(iter(known)) if len(known) == 1 else creator_id)
    return rows.assign(creator_id=pd.Series(found, dtype="str", index=rows.index))
