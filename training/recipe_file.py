"""The recipe as a TOML file: read with all its faults together, and printed with every key."""

import difflib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from features.derive.catalog import COLUMNS, LEARNED_COLUMNS
from features.errors import CreatorcastError
from features.files.regular import read_regular
from features.tables.vocabulary import TARGETS
from models.forecaster_columns import forecaster_columns
from training.recipe import FEATURE_GROUPS, ROLES, Recipe, columns_of_group, needed_columns
from training.recipe_keys import KEYS, SECTIONS, RecipeKey

#: Bytes of a recipe file.
RECIPE_LIMIT = 1 << 20
_NEEDED = "which cannot be left out, as every forecast rests on it: take it out of the list"
#: The sections of the file, each a part of Recipe with the same name.
HEADER = """\
# A recipe of creatorcast: everything that decides a model, beside the data.
# creatorcast train DATA --recipe FILE; a key that is left out has its default.
"""


class RecipeError(CreatorcastError):
    """A recipe file cannot be read, or asks for what cannot be."""


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file; keys that it does not name have their defaults.

    Raises RecipeError with every fault: line, key, value and what is allowed.
    """
    text = _read_text(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{str(path)!r} is no TOML: {error}") from error
    recipe, faults = _checked(values)
    if faults:
        places = [
            f"{f'line {line}, ' if line else ''}{key}: {fault}"
            for line, key, fault in sorted((_line(text, key), key, fault) for key, fault in faults)
        ]
        count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        lines = "\n".join(f"  {place}" for place in places)
        raise RecipeError(f"{str(path)!r} is no recipe, {count}:\n{lines}")
    return recipe


def recipe_text(recipe: Recipe, comment: str = "") -> str:
    """Return a recipe as the text of a file, with what every key means.

    `comment`: lines that stand first. Reading the text gives the same recipe; `sampling.seed` is
    the recipe's own.
    """
    head = [f"# {line}".rstrip() for line in comment.splitlines()]
    lines = [*head, *(["#"] if head else []), *HEADER.splitlines()]
    for section, title in SECTIONS.items():
        lines += ["", *([f"# {title}", f"[{section}]"] if section else [])]
        part = getattr(recipe, section) if section else recipe
        for key in KEYS:
            if key.section == section:
                lines += [f"# {line}" for line in key.comment_lines()]
                lines.append(f"{key.name} = {_toml(getattr(part, key.name))}")
    return "\n".join(lines) + "\n"


def with_options(recipe: Recipe, options: Mapping[str, Any]) -> Recipe:
    """Return the recipe with the options of a command in place of its keys; None leaves a key.

    `options`: by the name of a key in any section. One seed is that of sampling too.
    """
    given = {name: value for name, value in options.items() if value is not None}
    sampling = {
        name: given.pop(name) for name in ("per_post", "longest_lead_days") if name in given
    }
    recipe = replace(recipe, **given)
    return replace(recipe, sampling=replace(recipe.sampling, **sampling, seed=recipe.seed))


def _read_text(path: Path) -> str:
    try:
        return read_regular(path, RECIPE_LIMIT).decode()
    except UnicodeDecodeError as error:
        raise RecipeError(f"{str(path)!r} is not UTF-8 text: save it as such") from error
    except OSError as error:
        raise RecipeError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error


def _checked(values: dict[str, Any]) -> tuple[Recipe, list[tuple[str, str]]]:
    """Return the recipe of the values, and the faults: each the key and what is wrong."""
    keys = {(key.section, key.name): key for key in KEYS}
    parts: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    faults: list[tuple[str, str]] = []
    for section, name, value in _entries(values, faults):
        key = keys.get((section, name))
        place = f"{section}.{name}" if section else name
        fault = _unknown_key(section, name) if key is None else key.fault(value)
        if fault:
            faults.append((place, fault))
        else:
            parts[section][name] = _plain(value, key)
    recipe = _assembled(parts)
    faults += _faults_together(recipe, parts)
    return recipe, faults


def _entries(values: dict[str, Any], faults: list[tuple[str, str]]) -> list[tuple[str, str, Any]]:
    """Return section, name and value of every entry; sections that are none become faults."""
    entries = []
    for name, value in values.items():
        if name in SECTIONS and name:
            if isinstance(value, dict):
                entries += [(name, key, entry) for key, entry in value.items()]
            else:
                faults.append((name, f"is {value!r}: expected a section [{name}] with keys"))
        elif isinstance(value, dict):
            near = _did_you_mean(name, [section for section in SECTIONS if section])
            faults.append((name, f"there is no section [{name}]{near}"))
        else:
            entries.append(("", name, value))
    return entries


def _unknown_key(section: str, name: str) -> str:
    here = [key.name for key in KEYS if key.section == section]
    elsewhere = [key.section for key in KEYS if key.name == name]
    if elsewhere:
        where = " and ".join(f"[{place}]" if place else "the top" for place in elsewhere)
        return f"belongs to {where}"
    place = f"[{section}]" if section else "a recipe"
    return f"is no key of {place}{_did_you_mean(name, here)}"


def _did_you_mean(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f": did you mean {near[0]}?" if near else f": there are {', '.join(known)}"


def _plain(value: Any, key: RecipeKey | None) -> Any:
    assert key is not None
    if key.kind is float:
        return float(value)
    return tuple(value) if key.kind is list else value


def _assembled(parts: dict[str, dict[str, Any]]) -> Recipe:
    default = Recipe()
    sections = {name: replace(getattr(default, name), **parts[name]) for name in SECTIONS if name}
    recipe = replace(default, **parts[""], **sections)
    return replace(recipe, sampling=replace(recipe.sampling, seed=recipe.seed))


def _faults_together(recipe: Recipe, parts: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the faults that lie in what values are, or in values together."""
    faults = []
    sampling = recipe.sampling
    shown = sampling.summary_share + sampling.profile_share
    if shown >= 1:
        fault = f"is {shown:g} together with profile_share: expected below 1"
        faults.append(("sampling.summary_share", fault))
    faults += [("targets", fault) for fault in _target_faults(parts[""].get("targets"))]
    names = parts[""].get("left_out", ())
    faults += [("left_out", fault) for name in names for fault in _left_out_faults(name)]
    return faults


def _target_faults(targets: tuple[Any, ...] | None) -> list[str]:
    allowed = (TARGETS[:1], TARGETS)
    if targets is None or targets in allowed:
        return []
    expected = " or ".join(json.dumps(list(names)) for names in allowed)
    return [f"is {_toml(targets)}: expected {expected}"]


def _left_out_faults(name: Any) -> list[str]:
    if not isinstance(name, str):
        return [f"names {name!r}: expected names of columns or groups, as text"]
    if name in needed_columns():
        return [f"names {name!r}, {_NEEDED}"]
    if name in ROLES:
        columns = sorted({forecaster_columns(target)[name] for target in TARGETS})
        return [f"names {name!r} ({', '.join(columns)}), {_NEEDED}"]
    if name in FEATURE_GROUPS or name in LEARNED_COLUMNS:
        assert columns_of_group(name)
        return []
    if name in COLUMNS:
        return [f"names {name!r}, from which models do not learn: take it out of the list"]
    near = _did_you_mean(name, [*FEATURE_GROUPS, *LEARNED_COLUMNS])
    groups = f": expected a column of docs/columns.md or one of {', '.join(FEATURE_GROUPS)}"
    return [f"names {name!r}, which is no column{near if 'did you' in near else groups}"]


def _line(text: str, place: str) -> int:
    """Return the line of a key's place (section.name, name or section), 0 where unseen."""
    wanted_section, _, name = place.rpartition(".")
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
        if header:
            section = header[1]
        found = re.match(r"""\s*["']?([\w-]+)["']?\s*=""", line)
        is_key = found is not None and section == wanted_section and found[1] == name
        if is_key or (header is not None and place == section):
            return number
    return 0


def _toml(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return json.dumps(list(value) if isinstance(value, tuple) else value)
