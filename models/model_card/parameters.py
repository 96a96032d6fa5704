"""The parameters of a run: what was trained, on what, by which recipe and which versions."""

from collections.abc import Mapping
from typing import Any

from features.tables.vocabulary import TARGETS


def run_parameters(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters by name; those of nested parts have names like `sampling.seed`."""
    names = ("version", "trained_on", "until", "horizon_days", "accounts", "posts")
    flat = {name: manifest[name] for name in names if name in manifest}
    flat |= {f"rows_{target}": rows for target, rows in manifest.get("rows", {}).items()}
    for platform, measures in manifest.get("maturation", {}).items():
        for measure, curve in measures.items():
            if measure in TARGETS:
                flat[f"maturation.{platform}.{measure}"] = _curve_parameter(curve)
    made_with = flatten(manifest.get("made_with", {}), "made_with.")
    return flat | recipe_parameters(manifest) | made_with


def recipe_parameters(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the recipe by name, nested ones by their whole name."""
    return flatten(manifest.get("recipe", {}))


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with names joined by dots; lists become texts.

    >>> flatten({"seed": 0, "sampling": {"per_post": 3}, "left_out": ["a", "b"]})
    {'seed': 0, 'sampling.per_post': 3, 'left_out': 'a, b'}
    """
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            flat[f"{prefix}{name}"] = ", ".join(map(str, value)) or "none"
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _curve_parameter(curve: Mapping[str, Any]) -> str:
    """Return what a curve rests on and its parameters, short enough for a column of runs."""
    posts = f" to {curve['posts']} posts" if curve["posts"] else ""
    return f"{curve['basis']}{posts}: tau {curve['tau_days']:.4g} d, gamma {curve['gamma']:.4g}"
