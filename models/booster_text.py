"""The text of a LightGBM booster: how it is made, and its check before LightGBM reads it.

Damaged text can make LightGBM abort the whole process.

Checked are the header, where trees begin, the lengths of their lists, and that the splits of each
tree make one tree over all its leaves, on columns that exist. Whether its figures are good is not
checked.
"""

import re
from typing import TYPE_CHECKING

import numpy as np

from features.errors import CreatorcastError

if TYPE_CHECKING:
    import lightgbm as lgb

#: Lines of the header that are the same in every booster of a forecast.
FIXED = {"version": "v4", "num_class": "1", "num_tree_per_iteration": "1", "label_index": "0"}
HEADER = (*FIXED, "max_feature_idx", "objective", "feature_names", "feature_infos", "tree_sizes")
#: Objectives whose forecast is the plain sum of the trees.
OBJECTIVES = ("regression", "regression_l1")
#: Lists with one entry for each split of a tree, and lists with one for each leaf.
OF_SPLITS = (
    *("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child"),
    *("internal_value", "internal_weight", "internal_count"),
)
OF_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
#: Lists of whole numbers.
WHOLE = (
    "split_feature",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_count",
    "internal_count",
)
#: Lines of a tree, in their order.
TREE = (
    *("num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type"),
    *("left_child", "right_child", "leaf_value", "leaf_weight", "leaf_count"),
    *("internal_value", "internal_weight", "internal_count", "is_linear", "shrinkage"),
)
MOST_TREES, MOST_LEAVES = 20_000, 10_000
#: Largest absolute value of a leaf: it is a small part of the logarithm of a count.
LARGEST_LEAF = 100.0
#: Decision types of numeric splits: bit 1 is the side of unknown values, bits 2 and 3 say which
#: values are unknown.
DECISIONS = (0, 2, 4, 6, 8, 10)

#: The line of a booster's text with the threads that fitted it.
THREADS = re.compile(r"^\[num_threads: -?\d+\]$", re.MULTILINE)
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
    """The text is not a booster as this code writes it, or was damaged."""


def booster_text(booster: "lgb.Booster") -> str:
    """Return a fitted booster as text; the number of threads that fitted it, which changes nothing
    else, is not in it.
    """
    return THREADS.sub("[num_threads: 0]", booster.model_to_string())


def constant_booster(columns: int) -> str:
    """Return the text of a booster of one leaf, 0 whatever so many columns hold."""
    empty = dict.fromkeys(TREE, "")
    leaf = {"num_leaves": 1, "num_cat": 0, "leaf_value": 0, "is_linear": 0, "shrinkage": 1}
    tree = _lines("Tree=0", empty | leaf)
    header = {
        **FIXED,
        "max_feature_idx": columns - 1,
        "objective": OBJECTIVES[0],
        "feature_names": _column_names(columns),
        "feature_infos": " ".join(["none"] * columns),
        "tree_sizes": len(tree),
    }
    return _lines("tree", header) + tree + "".join(f"{line}\n\n" for line in _ENDS)


def _lines(title: str, values: dict) -> str:
    return "\n".join([title, *(f"{name}={value}" for name, value in values.items()), "\n"])


def _column_names(columns: int) -> str:
    return " ".join(f"Column_{number}" for number in range(columns))


def check_booster(text: str, columns: int) -> None:
    """Raise BoosterTextError unless the text is a complete booster on so many columns."""
    head, separator, body = text.partition("\n\n")
    if not separator or not text.isascii():
        raise BoosterTextError("it has no header")
    header = _header(head, columns)
    sizes = [int(size) for size in _listed(header["tree_sizes"], "tree_sizes", _WHOLE)]
    if len(sizes) > MOST_TREES or any(size < 0 for size in sizes):
        raise BoosterTextError(
            f"tree_sizes names {len(sizes):,} trees, expected at most {MOST_TREES:,}"
        )
    start = 0
    for number, size in enumerate(sizes):
        _check_tree(body[start : start + size], number, columns)
        start += size
    _check_end(body[start:])


def _header(head: str, columns: int) -> dict[str, str]:
    """Return the checked lines of the header by name."""
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
        "feature_names": _column_names(columns),
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
    """Raise BoosterTextError unless the text is the whole tree of that number."""
    place = f"tree {number}"
    title, *lines = text.rstrip("\n").split("\n")
    pairs = [line.partition("=")[::2] for line in lines]
    names = tuple(name for name, _ in pairs)
    if title != f"Tree={number}" or not text.endswith("\n\n") or names != TREE:
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
    """Return the numbers of a list; in a tree of one leaf some lists are empty."""
    count = leaves if name in OF_LEAVES else leaves - 1
    if leaves == 1 and name != "leaf_value" and not tree[name]:
        return np.empty(0)
    pattern, dtype = (_WHOLE, int) if name in WHOLE else (_NUMBER, float)
    entries = _listed(tree[name], f"{place}: {name}", pattern, count)
    return np.array(entries, dtype=dtype)


def _check_splits(lists: dict[str, np.ndarray], leaves: int, columns: int, place: str) -> None:
    """Raise BoosterTextError unless the splits of a tree of two or more leaves make one tree."""
    feature = lists["split_feature"]
    if feature.min() < 0 or feature.max() >= columns:
        raise BoosterTextError(
            f"{place}: split_feature names a column outside of 0 to {columns - 1}"
        )
    if not np.isin(lists["decision_type"], DECISIONS).all():
        raise BoosterTextError(f"{place}: decision_type is not one of a numeric split")
    parents = np.tile(np.arange(leaves - 1), 2)
    children = np.concatenate([lists["left_child"], lists["right_child"]])
    # leaves are written as -1, -2 and so on; a split comes after its parent
    expected = np.concatenate([np.arange(-leaves, 0), np.arange(1, leaves - 1)])
    is_split = children >= 0
    is_each_named_once = np.array_equal(np.sort(children), expected)
    if not is_each_named_once or (children[is_split] <= parents[is_split]).any():
        raise BoosterTextError(
            f"{place}: left_child and right_child make no tree of {leaves} leaves"
        )
    if min(lists["leaf_count"].min(), lists["internal_count"].min()) < 1:
        raise BoosterTextError(f"{place}: leaf_count or internal_count is below 1")


def _check_end(text: str) -> None:
    """Raise BoosterTextError unless the text after the trees is complete."""
    lines = text.rstrip("\n").split("\n")
    ends = [line for line in lines if line in _ENDS]
    if tuple(ends) != _ENDS or lines[0] != _ENDS[0] or lines[-1] != _ENDS[-1]:
        raise BoosterTextError("what follows its trees was cut or changed")


def _listed(text: str, name: str, pattern: re.Pattern, count: int | None = None) -> list[str]:
    """Return the entries of a list. Raises BoosterTextError unless each matches the pattern and
    there are `count` of them (None: any number).
    """
    entries = text.split(" ") if text else []
    if count is not None and len(entries) != count:
        raise BoosterTextError(f"{name} has {len(entries):,} entries, expected {count:,}")
    wrong = next((entry for entry in entries if not pattern.fullmatch(entry)), None)
    if wrong is not None:
        raise BoosterTextError(f"{name} holds {_short(wrong)}, expected a number")
    return entries


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
