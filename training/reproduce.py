"""Whether a bundle can be made again: trained anew from what it records, and compared byte by byte.

What decides a bundle: the tables and the files beside them, the recipe, this code, Python and the
packages. What may still differ is the machine: processors sum in other orders.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import CreatorcastError
from models.bundle import check_bundle
from models.bundle_files import MANIFEST_FILE
from models.bundle_folders import bundle_folder, read_note
from training.artifacts import training_data_folder
from training.backend import LOCAL
from training.code_version import machine, made_with
from training.promote.reforecast import recipe_from_manifest
from training.train import train
from training.training_data import data_digest, digests_beside_tables, read_training_tables

#: Places of a JSON file that differ and are named; the others are counted.
MOST_PLACES = 5
_UNKNOWN_CODE = "it does not say by which code and packages it was trained"
#: Entries of a manifest that follow from the other files.
FOLLOWING = ("sha256", "version")


class ReproduceError(CreatorcastError):
    """A bundle cannot be trained anew: what it was made of is not known, or is not there."""


@dataclass(frozen=True)
class Reproduction:
    """How a bundle compares with one trained anew.

    `changed`: what is not as it was in the first training, a sentence each; `differences`: the
    files that differ, and where; `trained`: whether there was a training at all.
    """

    version: str
    changed: list[str]
    differences: list[str]
    trained: bool = True

    @property
    def is_identical(self) -> bool:
        return self.trained and not self.differences

    def text(self) -> str:
        """Return the result in sentences."""
        if self.is_identical:
            note = [f"although {reason}" for reason in self.changed]
            return "\n".join([f"{self.version} is identical: trained anew, byte by byte", *note])
        if not self.trained:
            return "\n".join([f"{self.version} was not trained anew:", *self.changed])
        reasons = self.changed or [
            "no reason is known: tables, recipe, code, packages and machine are the same"
        ]
        title = f"{self.version} differs from what the training makes now:"
        places = [f"  {place}" for place in self.differences]
        return "\n".join([title, *places, "likely because", *(f"  {text}" for text in reasons)])


def reproduce(
    home: Path,
    version: str,
    data: Path | None = None,
    report: Callable[[str], None] = lambda text: None,
    threads: int = 0,
    anyway: bool = False,
) -> Reproduction:
    """Train the bundle of a home anew, in a folder that is removed, and compare.

    `data`: the folder of the tables, by default the one that the training had. Where the tables are
    others nothing is trained, nor where the bundle does not say by which code it was made, unless
    `anyway`. Raises ReproduceError, models.bundle.BundleError, and what
    training.train.train raises.
    """
    folder = bundle_folder(home, version)
    manifest = check_bundle(folder)
    if "recalibrated" in manifest:
        raise ReproduceError(
            f"{version} was recalibrated, not trained: name the bundle that was recalibrated"
        )
    data = _data_folder(home, version, data)
    changed = _changed_tables(manifest, data)
    if "made_with" not in manifest and not anyway:
        changed.append(f"{_UNKNOWN_CODE}: train again, or compare all the same (--anyway)")
    if changed:
        return Reproduction(version, changed, [], trained=False)
    changed = [*_changed_files(manifest, data), *_changed_code(manifest, read_note(home, version))]
    for text in changed:
        report(text)
    recipe = replace(recipe_from_manifest(manifest), threads=threads)
    now = pd.Timestamp(manifest["until"]).value // 1000
    with tempfile.TemporaryDirectory() as work:
        trained = train(data, Path(work), recipe, report, now=now)
        return Reproduction(version, changed, compare_bundles(folder, trained.folder))


def compare_bundles(folder: Path, other: Path) -> list[str]:
    """Return the files of two bundles that differ, and where they do; [] for none."""
    names = sorted({path.name for place in (folder, other) for path in place.iterdir()})
    differences = []
    for name in names:
        first, second = folder / name, other / name
        if not (first.exists() and second.exists()):
            differences.append(f"{name}: only in the {'first' if first.exists() else 'new'} one")
        elif first.read_bytes() != second.read_bytes():
            differences.append(f"{name}: {_where(name, first.read_text(), second.read_text())}")
    return differences


def _data_folder(home: Path, version: str, data: Path | None) -> Path:
    folder = data or training_data_folder(home, version)
    if folder is None:
        raise ReproduceError(
            f"it is not known where the tables of {version} are: name their folder (--data)"
        )
    if not folder.is_dir():
        raise ReproduceError(
            f"{str(folder)!r}, the tables of {version}, is no folder: name the one that holds them "
            "now (--data)"
        )
    return folder


def _changed_tables(manifest: dict, data: Path) -> list[str]:
    found = data_digest(read_training_tables(data))
    if found == manifest["data_digest"]:
        return []
    was = manifest["data_digest"][:10]
    text = f"are not those of the training: their digest is {found[:10]}, it was {was}"
    return [f"the tables in {str(data)!r} {text}"]


def _changed_files(manifest: dict, data: Path) -> list[str]:
    now = digests_beside_tables(data)
    before = manifest.get("beside_tables", now)
    return [
        f"{name} beside the tables is not as it was"
        for name in sorted({*now, *before})
        if now.get(name) != before.get(name)
    ]


def _changed_code(manifest: dict, note: dict) -> list[str]:
    """Return what is not as it was of code, packages, machine and way of fitting."""
    before, now = manifest.get("made_with"), made_with()
    if before is None:
        return [_UNKNOWN_CODE]
    changed = [
        f"{'the code' if name == 'code' else name} was {before.get(name, 'not told')}, it is now "
        f"{now.get(name, 'not there')}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    fitted_by = manifest.get("fitted_by", LOCAL.name)
    if fitted_by != LOCAL.name:
        changed.append(
            f"it was fitted by {fitted_by}, where sums depend on which worker has which rows"
        )
    if note.get("machine", machine()) != machine():
        changed.append(f"it was trained on {note['machine']}, this machine is {machine()}")
    return changed


def _where(name: str, first: str, second: str) -> str:
    """Return where two texts of a file of a bundle differ."""
    if not name.endswith(".json"):
        pairs = enumerate(zip(first.splitlines(), second.splitlines(), strict=False), 1)
        line = next((number for number, (a, b) in pairs if a != b), None)
        return "one has more lines" if line is None else f"from line {line}"
    places = list(_places(json.loads(first), json.loads(second), ""))
    if name == MANIFEST_FILE:
        own = [place for place in places if not place.startswith(FOLLOWING)]
        places = own or places
    more = f" and {len(places) - MOST_PLACES:,} more" if len(places) > MOST_PLACES else ""
    return (", ".join(places[:MOST_PLACES]) or "the order of its keys") + more


def _places(first: Any, second: Any, place: str) -> Iterator[str]:
    """Yield the places at which two JSON values differ, as names and positions behind dots."""
    if isinstance(first, dict) and isinstance(second, dict):
        for name in [*first, *(name for name in second if name not in first)]:
            inner = f"{place}.{name}" if place else name
            if name not in first or name not in second:
                yield f"{inner} (only in the {'first' if name in first else 'new'} one)"
            else:
                yield from _places(first[name], second[name], inner)
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (a, b) in enumerate(zip(first, second, strict=True)):
            yield from _places(a, b, f"{place}.{number}")
    elif first != second:
        yield place
