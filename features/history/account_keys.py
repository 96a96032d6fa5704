"""Names of accounts, platform/creator_id, by which tables, histories and snapshots find them."""

import hashlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.history.arrays import arrow_text


def account_name(platform: str, creator_id: str) -> str:
    """Return the name of one account."""
    return f"{platform}/{creator_id}"


def account_names(frame: pd.DataFrame) -> pa.Array:
    """Return the name of each row's account, from the columns platform and creator_id."""
    return join_account_names(arrow_text(frame["platform"]), arrow_text(frame["creator_id"]))


def join_account_names(platform: pa.Array, creator_id: pa.Array) -> pa.Array:
    """Return the name of each account, (n,), from both parts of it."""
    separator = pa.scalar("/", pa.large_string())
    return pc.binary_join_element_wise(platform, creator_id, separator)


def split_account_name(name: str) -> tuple[str, str]:
    """Return platform and creator_id of an account.

    >>> split_account_name("instagram/ana/cooks")
    ('instagram', 'ana/cooks')
    """
    platform, creator_id = name.split("/", 1)
    return platform, creator_id


def split_account_names(names: pd.Index) -> pd.DataFrame:
    """Return the columns platform and creator_id of accounts, a row a name."""
    parts = names.to_series().str.split("/", n=1)
    return pd.DataFrame(
        {"platform": parts.str[0].to_numpy(), "creator_id": parts.str[1].to_numpy()}
    )


def creator_ids(names: pa.Array) -> pa.Array:
    """Return the creator_id of each of the names of accounts, (n,).

    >>> creator_ids(pa.array(["instagram/ana/cooks"])).to_pylist()
    ['ana/cooks']
    """
    return pc.replace_substring_regex(names, "^[^/]*/", "", max_replacements=1)


def account_key(name: str) -> np.uint64:
    """Return the 64-bit hash of an account's name, the same on every machine."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))
