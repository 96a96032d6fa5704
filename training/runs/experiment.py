"""The experiment of a data set: runs on the same data stand together, and stay so when it grows."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Sources of dataset.json that say nothing of a data set: the folder's name stands for them.
NAMELESS_SOURCES = ("creatorcast import", "not told")
#: Names of folders that say nothing either: the folder around them is taken.
NAMELESS_FOLDERS = ("data", "tables")
LONGEST_NAME = 80


def experiment_name(meta: Mapping[str, Any], folder: Path | None = None) -> str:
    """Return the name of the experiment of a data set.

    `meta`: its dataset.json; `folder`: of its tables, None where it is unknown. A `name` in
    dataset.json is taken as it is. Else the name is the source or the folder's name, with a key of
    six digits that tells data sets of one name apart: of what dataset.json says, which stays when
    the tables grow.

    >>> experiment_name({"source": "our panel", "simulated": True})
    'our panel (simulated) b9a05c'
    """
    simulated = " (simulated)" if meta.get("simulated") else ""
    if meta.get("name"):
        return f"{_short(meta['name'])}{simulated}"
    label = _short(meta.get("source") or NAMELESS_SOURCES[-1])
    if label in NAMELESS_SOURCES:
        label = _folder_label(folder) or label
    identity = json.dumps([label, dict(meta)], sort_keys=True, default=str)
    return f"{label}{simulated} {hashlib.sha256(identity.encode()).hexdigest()[:6]}"


def bundle_experiment(manifest: Mapping[str, Any], note: Mapping[str, Any]) -> str:
    """Return the name of the experiment of a bundle.

    `note`: what training.artifacts keeps beside the bundle. Where it does not name the experiment,
    as for a bundle from another home, the source and the folder decide.
    """
    if note.get("experiment"):
        return str(note["experiment"])
    folder = Path(note["data"]) if note.get("data") else None
    simulated = {"simulated": True} if manifest["trained_on"] == "simulated" else {}
    return experiment_name({"source": manifest["source"], **simulated}, folder)


def _short(name: Any) -> str:
    return " ".join(str(name).split())[:LONGEST_NAME]


def _folder_label(folder: Path | None) -> str:
    if folder is None:
        return ""
    folder = Path(folder)
    named = folder.parent if folder.name in NAMELESS_FOLDERS else folder
    return _short(named.name)
