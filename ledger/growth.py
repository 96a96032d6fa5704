"""The curves by which outcomes are brought to the horizon: those of the champion, else published
ones.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from features.maturation.maturation import Maturation, MaturationCurve, published_maturation
from models.bundle_files import read_manifest
from models.champion import champion_folder, champion_version

_NAMES = tuple(field.name for field in fields(MaturationCurve))


def growth_of_home(home: Path) -> Maturation:
    """Return the curves of the champion of a home, the published ones where it has none.

    Raises BundleError for a champion that cannot be read.
    """
    if champion_version(home) is None:
        return published_maturation()
    return growth_of_manifest(read_manifest(champion_folder(home)))


def growth_of_manifest(manifest: Mapping[str, Any]) -> Maturation:
    """Return the curves that a manifest tells, the published ones where it tells none."""
    told = {
        platform: {
            measure: MaturationCurve(**{name: curve[name] for name in _NAMES})
            for measure, curve in curves.items()
        }
        for platform, curves in (manifest.get("maturation") or {}).items()
    }
    published = published_maturation().curves
    platforms = {*published, *told}
    return Maturation({one: published.get(one, {}) | told.get(one, {}) for one in platforms})
