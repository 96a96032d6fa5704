"""The folders of bundles in a home: `artifacts/bundles/VERSION`, one for each bundle."""

import json
import re
from pathlib import Path

from features.files.regular import read_regular
from models.bundle_files import MANIFEST_FILE, BundleError

#: Bytes of a note beside a bundle's scores, and of a manifest.
NOTE_LIMIT = 2**24
#: Versions begin with a moment: of the training, or of the end of its knowledge.
MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-")
#: Bundles that a message names; the others are counted.
MAX_VERSIONS_SHOWN = 5


def bundles_folder(home: Path) -> Path:
    """Return the folder that holds the bundles of a home."""
    return Path(home) / "artifacts" / "bundles"


def bundle_folder(home: Path, version: str) -> Path:
    """Return the folder of the bundle with this version. Raises BundleError where there is none."""
    folder = bundles_folder(home)
    is_name = Path(version).name == version and version[:1] not in ("", ".")
    if is_name and (folder / version).exists():
        return folder / version
    versions, more = bundle_versions(home), ""
    if len(versions) > MAX_VERSIONS_SHOWN:
        more = f" and {len(versions) - MAX_VERSIONS_SHOWN:,} older"
    there = f"there are {', '.join(versions[:MAX_VERSIONS_SHOWN])}{more} (creatorcast bundles)"
    if not versions:
        there = "there is none yet: run creatorcast train DATA first"
    if Path(version).name != version:
        raise BundleError(
            f"{version!r} is a path, expected the version of a bundle in {str(folder)!r}: {there}"
        )
    raise BundleError(f"{version!r} is no bundle of {str(folder)!r}: {there}")


def note_file(home: Path, version: str) -> Path:
    """Return the file with what is true of one training and not of its bundle: when and where it
    was, and the folder of its tables.
    """
    return Path(home) / "artifacts" / "backtests" / f"{version}.json"


def read_note(home: Path, version: str) -> dict:
    """Return the note of a bundle, {} where it has none that can be read."""
    return _read_object(note_file(home, version))


def _read_object(file: Path) -> dict:
    """Return the JSON object of a file, {} where it has none that can be read."""
    try:
        value = json.loads(read_regular(file, NOTE_LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def created_at(home: Path, version: str) -> str:
    """Return the moment at which a bundle was last made (ISO 8601, UTC): by its note, else by its
    manifest, else the one with which its version begins; empty where none tells.
    """
    note = read_note(home, version)
    if "created_at" in note:
        return str(note["created_at"])
    manifest = _read_object(bundles_folder(home) / version / MANIFEST_FILE)
    found = MOMENT.match(version)
    of_version = "{}-{}-{}T{}:{}:{}+00:00".format(*found.groups()) if found else ""
    return str(manifest.get("created_at", of_version))


def bundle_versions(home: Path) -> list[str]:
    """Return the names of the folders of all bundles, the last made first: also of broken bundles,
    but not of unfinished ones.
    """
    folder = bundles_folder(home)
    if not folder.is_dir():
        return []
    names = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    return sorted(names, key=lambda name: (created_at(home, name), name), reverse=True)


def latest_bundle(home: Path) -> Path:
    """Return the folder of the bundle made last. Raises BundleError where there is none."""
    for version in bundle_versions(home):
        folder = bundles_folder(home) / version
        if (folder / MANIFEST_FILE).is_file():
            return folder
    raise BundleError(
        f"no bundle in {str(bundles_folder(home))!r}: run creatorcast train DATA first"
    )
