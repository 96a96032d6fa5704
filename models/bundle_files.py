"""The files of a bundle, read and checked.

Only regular files of the bundle's own folder are read, up to a size. No link is followed, so that
nothing but what was copied there can become a forecast.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from features.errors import CreatorcastError
from features.files.regular import read_regular
from models.booster_text import BoosterTextError, check_booster
from models.bundle_schema import ContentError, Model, check_content
from models.fee import FEE_FEATURES
from models.forecaster_schema import ForecasterState
from models.manifest_schema import Manifest
from models.pricing_schema import BenchmarksState, MarketFeeState
from models.reference_schema import ReferenceState

BUNDLE_FORMAT = 4
MANIFEST_FILE, REFERENCE_FILE = "manifest.json", "reference.json"
BENCHMARKS_FILE, FEE_FILE, FEE_BOOSTER_FILE = "benchmarks.json", "market_fee.json", "market_fee.txt"
#: Entries that a manifest must have to be read, with the type of each.
REQUIRED = {"version": str, "columns": list, "targets": list, "sha256": dict}
#: Bytes of one file, and files of one bundle: several times those of the largest bundles.
MAX_BUNDLE_FILE_BYTES, MAX_BUNDLE_FILES = 16 * 2**20, 32
_NAME = re.compile(r"[a-z_]{1,64}\.(json|txt)")
REMEDY = "restore it or retrain"


class BundleError(CreatorcastError):
    """A bundle is missing, broken, tampered with, or made by code that does not fit."""


@dataclass(frozen=True)
class BundleContents:
    """The contents of a bundle: the manifest, and by file name its JSON documents and the texts of
    its boosters.
    """

    manifest: dict
    documents: dict[str, Any]
    boosters: dict[str, str]


def read_manifest(folder: Path) -> dict:
    """Read a bundle's manifest; the other files are not checked. Raises BundleError."""
    manifest = _manifest(folder, _manifest_bytes(folder))
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or found != BUNDLE_FORMAT:
        fault = f"is no bundle of format {BUNDLE_FORMAT}"
        if isinstance(found, int):
            fault = f"is a bundle of format {found}, expected format {BUNDLE_FORMAT}"
        raise BundleError(f"{str(folder)!r} {fault}: retrain with this version")
    for name, kind in REQUIRED.items():
        if not isinstance(manifest.get(name), kind):
            raise BundleError(
                f"{str(folder)!r} is no bundle: {MANIFEST_FILE} lacks {name!r}: {REMEDY}"
            )
    return manifest


def contents_digest(manifest: dict) -> str:
    """Return the sha256 of a bundle's targets and of the digests of its files.

    Bundles that differ in other entries of their manifests have the same digest.
    """
    named = [manifest["targets"], sorted(manifest["sha256"].items())]
    return hashlib.sha256(orjson.dumps(named)).hexdigest()


def read_contents(folder: Path, manifest: dict) -> BundleContents:
    """Read every file that the manifest names and check what it holds. Raises BundleError."""
    try:
        check_content(Manifest, manifest)
    except ContentError as error:
        raise BundleError(
            f"{str(folder)!r} is no bundle: its manifest is not whole ({error}): {REMEDY}"
        ) from error
    files = _Files(folder, manifest["sha256"])
    reference = files.document(REFERENCE_FILE, ReferenceState)
    _check_agreement(folder, manifest, reference)
    for target in manifest["targets"]:
        columns = len(files.document(f"{target}.json", ForecasterState).columns)
        for head in ("location", "scale"):
            files.booster(f"{target}_{head}.txt", columns)
    if BENCHMARKS_FILE in files.bytes:
        files.document(BENCHMARKS_FILE, BenchmarksState)
    if FEE_FILE in files.bytes and files.document(FEE_FILE, MarketFeeState).learned is not None:
        files.booster(FEE_BOOSTER_FILE, len(FEE_FEATURES) + 1)
    return BundleContents(manifest, files.documents, files.boosters)


class _Files:
    """The files of a bundle by name: `bytes` of all that the manifest names, and `documents` and
    `boosters`, those that were read and checked.
    """

    def __init__(self, folder: Path, digests: dict[str, str]):
        if len(digests) > MAX_BUNDLE_FILES:
            raise BundleError(
                f"{str(folder)!r} names {len(digests):,} files, expected at most {MAX_BUNDLE_FILES}"
            )
        self._folder = folder
        self.bytes = {name: _read_checked(folder, name, digest) for name, digest in digests.items()}
        self.documents: dict[str, Any] = {}
        self.boosters: dict[str, str] = {}

    def document(self, name: str, schema: type[Model]) -> Model:
        """Read and keep a JSON file; return it as an object of its schema."""
        try:
            self.documents[name] = orjson.loads(self._content(name))
        except orjson.JSONDecodeError as error:
            raise BundleError(
                f"{str(self._folder / name)!r} cannot be read as JSON: {error}: {REMEDY}"
            ) from error
        return _check(self._folder / name, schema, self.documents[name])

    def booster(self, name: str, columns: int) -> None:
        """Read the text of a booster over so many columns, and keep it."""
        try:
            text = self._content(name).decode("ascii")
            check_booster(text, columns)
        except (UnicodeDecodeError, BoosterTextError) as error:
            raise BundleError(
                f"{str(self._folder / name)!r} is no sound booster: {error}: {REMEDY}"
            ) from error
        self.boosters[name] = text

    def _content(self, name: str) -> bytes:
        if name not in self.bytes:
            raise BundleError(f"{str(self._folder)!r} names no {name} in its manifest: {REMEDY}")
        return self.bytes[name]


def _check_agreement(folder: Path, manifest: dict, reference: ReferenceState) -> None:
    if reference.horizon_days != manifest["horizon_days"]:
        raise BundleError(
            f"{str(folder)!r} has two horizons, in {MANIFEST_FILE} and in {REFERENCE_FILE}: "
            f"{REMEDY}"
        )
    if reference.until != manifest["until"]:
        raise BundleError(
            f"{str(folder)!r} ends at two moments, in {MANIFEST_FILE} and in {REFERENCE_FILE}: "
            f"{REMEDY}"
        )
    if "views" in manifest["targets"] and reference.views is None:
        raise BundleError(
            f"{str(folder)!r} forecasts views, of which {REFERENCE_FILE} knows nothing: {REMEDY}"
        )


def _manifest_bytes(folder: Path) -> bytes:
    if folder.is_symlink():
        raise BundleError(
            f"{str(folder)!r} is a link, expected the folder of a bundle: copy the bundle there"
        )
    try:
        return read_regular(folder / MANIFEST_FILE, MAX_BUNDLE_FILE_BYTES, follow_links=False)
    except OSError as error:
        raise BundleError(
            f"{str(folder)!r} is no bundle: {MANIFEST_FILE} cannot be read ({error})"
        ) from error


def _manifest(folder: Path, content: bytes) -> object:
    try:
        manifest = orjson.loads(content)
        orjson.dumps(manifest)  # answers contain it, and cannot where it is nested too deeply
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise BundleError(
            f"{str(folder)!r} is no bundle: {MANIFEST_FILE} cannot be read ({error})"
        ) from error
    return manifest


def _read_checked(folder: Path, name: str, digest: object) -> bytes:
    if Path(name).name != name:
        raise BundleError(f"{str(folder)!r} names the file {name!r} outside of itself")
    if not _NAME.fullmatch(name):
        raise BundleError(
            f"{str(folder)!r} names the file {name!r}, expected a name such as {REFERENCE_FILE}"
        )
    try:
        content = read_regular(folder / name, MAX_BUNDLE_FILE_BYTES, follow_links=False)
    except OSError as error:
        raise BundleError(f"{str(folder / name)!r} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleError(f"{str(folder / name)!r} differs from what the manifest says: {REMEDY}")
    return content


def _check(path: Path, schema: type[Model], value: object) -> Model:
    try:
        return check_content(schema, value)
    except ContentError as error:
        raise BundleError(f"{str(path)!r} is not sound: {error}: {REMEDY}") from error
