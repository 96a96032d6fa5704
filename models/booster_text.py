"""The text of a LightGBM booster, checked before LightGBM reads it: of a damaged one it may abort
the whole process.

Checked is all that LightGBM walks by: the header, where trees begin, how long their lists are, and
that the children of each tree make one tree over its leaves and over columns that there are. Not
checked is whether its figures are good.
"""

import re

import numpy as np

from features.errors import CreatorcastError

#: What every booster of a forecast has in its header.
FIXED = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "label_index": "0"}
HEADER = (*FIXED, "max_feature_idx", "objective", "feature_names", "feature_infos", "tree_sizes")
#: Objectives whose raw sum is the forecast: others would be transformed.
OBJECTIVES = ("regression", "regression_l1")
#: Entries of a list with one for each split of a tree, and of one with one for each leaf.
OF_SPLITS = (
    *("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child"),
    *("internal_value", "internal_weight", "internal_count"),
)
OF_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
WHOLE = (
    "split_feature",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_count",
    "internal_count",
)
TREE = (
    *(
        "num_leaves",
        "num_cat",
        "split_feature",
        "split_gain",
        "threshold",
        "decision_type",
        "left_child",
    ),
    *(
        "right_child",
        "leaf_value",
        "leaf_weight",
        "leaf_count",
        "internal_value",
        "internal_weight",
        "internal_count",
    ),
    *("is_linear", "shrinkage"),
)
MOST_TREES, MOST_LEAVES = 20_000, 10_000
#: Leaves are shares of a logarithm of a count: none comes near it.
LARGEST_LEAF = 100.0
#: Numeric splits: to which side the unknown goes (bit 1), and what counts as unknown (bits 2 and
#: 3).
DECISIONS = (0, 2, 4, 6, 8, 10)

_WHOLE = re.compile(r"-?\d{1,9}")
_NUMBER = re.compile(r"-?(\d{1,400}(\.\d{1,400})?(e[+-]?\d{1,3})?|inf)")
_ENDS = (
    "end of trees",
    "feature_importances:",
    "parameters:",
    "end of parameters",
    "pandas_categorical:null",
)


class BoosterTextError(CreatorcastError):
    """The text is no booster that this code makes, or was damaged."""


def check_booster(text: str, columns: int) -> None:
    """Raise BoosterTextError unless the text is a whole booster over so many columns."""
    head, separator, body = text.partition("\n\n")
    if not separator or not text.isascii():
        raise BoosterTextError("it has no header")
    header = _header(head, columns)
    sizes = [int(size) for size in _listed(header["tree_sizes"], "tree_sizes", _WHOLE)]
    if len(sizes) > MOST_TREES or any(size < 0 for size in sizes):
        raise BoosterTextError(
            f"tree_sizes names {len(sizes):,} trees, expected at most {MOST_TREES:,}"
        )
    at = 0
    for number, size in enumerate(sizes):
        _check_tree(body[at : at + size], number, columns)
        at += size
    _check_end(body[at:])


def _header(head: str, columns: int) -> dict[str, str]:
    first, *lines = head.split("\n")
    pairs = [line.partition("=")[::2] for line in lines]
    if first != "tree" or tuple(name for name, _ in pairs) != HEADER:
        raise BoosterTextError(
            f"its header does not have the lines tree, {', '.join(HEADER)} in this order"
        )
    header = dict(pairs)
    expected = {
        **FIXED,
        "max_feature_idx": str(columns - 1),
        "feature_names": " ".join(f"Column_{number}" for number in range(columns)),
    }
    for name, value in expected.items():
        if header[name] != value:
            raise BoosterTextError(f"{name} is {_short(header[name])}, expected {_short(value)}")
    if header["objective"] not in OBJECTIVES:
        raise BoosterTextError(
            f"objective is {_short(header['objective'])}, expected one of {', '.join(OBJECTIVES)}"
        )
    if len(header["feature_infos"].split(" ")) != columns:
        raise BoosterTextError(f"feature_infos does not have {columns} entries")
    return header


def _check_tree(text: str, number: int, columns: int) -> None:
    place = f"tree {number}"
    title, *lines = text.rstrip("\n").split("\n")
    pairs = [line.partition("=")[::2] for line in lines]
    if (
        title != f"Tree={number}"
        or not text.endswith("\n\n")
        or tuple(name for name, _ in pairs) != TREE
    ):
        raise BoosterTextError(
            f"{place} does not begin and end where tree_sizes says, or lacks a line"
        )
    tree = dict(pairs)
    if (tree["num_cat"], tree["is_linear"]) != ("0", "0"):
        raise BoosterTextError(f"{place} has categorical splits or linear leaves")
    _listed(tree["shrinkage"], f"{place}: shrinkage", _NUMBER, 1)
    leaves = int(_listed(tree["num_leaves"], f"{place}: num_leaves", _WHOLE, 1)[0])
    if not 1 <= leaves <= MOST_LEAVES:
        raise BoosterTextError(f"{place}: num_leaves is {leaves}, expected 1 to {MOST_LEAVES:,}")
    lists = {name: _values(tree, name, leaves, place) for name in (*OF_SPLITS, *OF_LEAVES)}
    if (np.abs(lists["leaf_value"]) > LARGEST_LEAF).any():
        raise BoosterTextError(
            f"{place}: leaf_value lies outside of -{LARGEST_LEAF:g} to {LARGEST_LEAF:g}"
        )
    if leaves > 1:
        _check_splits(lists, leaves, columns, place)


def _values(tree: dict[str, str], name: str, leaves: int, place: str) -> np.ndarray:
    """Give the numbers of a list; a tree of one leaf has some of them empty."""
    count = leaves if name in OF_LEAVES else leaves - 1
    if leaves == 1 and name != "leaf_value" and not tree[name]:
        return np.empty(0)
    listed = _listed(tree[name], f"{place}: {name}", _WHOLE if name in WHOLE else _NUMBER, count)
    return np.array(listed, dtype=int if name in WHOLE else float)


def _check_splits(lists: dict[str, np.ndarray], leaves: int, columns: int, place: str) -> None:
    feature = lists["split_feature"]
    if feature.min() < 0 or feature.max() >= columns:
        raise BoosterTextError(
            f"{place}: split_feature names a column outside of 0 to {columns - 1}"
        )
    if not np.isin(lists["decision_type"], DECISIONS).all():
        raise BoosterTextError(f"{place}: decision_type is not one of a numeric split")
    parents = np.tile(np.arange(leaves - 1), 2)
    children = np.concatenate([lists["left_child"], lists["right_child"]])
    # leaves are written as -1, -2 and so on; a split comes after the one that it is below
    expected = np.concatenate([np.arange(-leaves, 0), np.arange(1, leaves - 1)])
    if (
        not np.array_equal(np.sort(children), expected)
        or (children[children >= 0] <= parents[children >= 0]).any()
    ):
        raise BoosterTextError(
            f"{place}: left_child and right_child make no tree of {leaves} leaves"
        )
    if min(lists["leaf_count"].min(), lists["internal_count"].min()) < 1:
        raise BoosterTextError(f"{place}: leaf_count or internal_count is below 1")


def _check_end(text: str) -> None:
    """Raise BoosterTextError unless all that follows the trees is there."""
    lines = text.rstrip("\n").split("\n")
    ends = [line for line in lines if line in _ENDS]
    if tuple(ends) != _ENDS or lines[0] != _ENDS[0] or lines[-1] != _ENDS[-1]:
        raise BoosterTextError("what follows its trees was cut or changed")


def _listed(text: str, what: str, pattern: re.Pattern, count: int | None = None) -> list[str]:
    """Give the entries of a list, each of which must be of the pattern; `count`: how many there
    must be.
    """
    entries = text.split(" ") if text else []
    if count is not None and len(entries) != count:
        raise BoosterTextError(f"{what} has {len(entries):,} entries, expected {count:,}")
    wrong = next((entry for entry in entries if not pattern.fullmatch(entry)), None)
    if wrong is not None:
        raise BoosterTextError(f"{what} holds {_short(wrong)}, expected a number")
    return entries


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
