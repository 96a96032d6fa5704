"""The bundle: one folder with everything that a forecast needs.

Text boosters and JSON only, never pickle. The manifest holds the sha256 of every file; it is
checked at load, and so is what the files hold (models.bundle_files). A bundle is written beside its
place and then renamed, so that it is whole or not there at all.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.catalog import COLUMNS
from features.derive.reference import Reference
from features.derive.version import FEATURES_VERSION
from features.files.atomic import new_folder
from features.segments import SegmentBenchmarks
from features.tables.vocabulary import FORMATS, NICHES, PLATFORMS
from models.booster_engine import LIGHTGBM
from models.bundle_files import (
    BENCHMARKS_FILE,
    BUNDLE_FORMAT,
    FEE_BOOSTER_FILE,
    FEE_FILE,
    MANIFEST_FILE,
    BundleContents,
    BundleError,
    contents_digest,
    read_contents,
    read_manifest,
)
from models.bundle_folders import bundle_folder
from models.fee import MarketFee
from models.fitted_forecaster import FittedForecaster

#: Hexadecimal digits of a bundle's digest in its version.
VERSION_DIGITS = 10


@dataclass(frozen=True)
class Bundle:
    """What one model needs to predict: its manifest, the market's reference, and a forecaster for
    each target.

    `benchmarks` and `market_fee` are None in a bundle that is older than they: it gives no prices.
    """

    manifest: dict
    reference: Reference
    forecasters: Mapping[str, FittedForecaster]
    benchmarks: SegmentBenchmarks | None = None
    market_fee: MarketFee | None = None

    @property
    def version(self) -> str:
        return self.manifest["version"]

    def use_engine(self, engine: str, threads: int | None = None) -> str:
        """Evaluate all forecasters by an engine of models.booster_engine.ENGINES, and return the
        engine in use: LightGBM for all where "auto" finds one that needs it.

        Raises models.booster_engine.EngineError for an engine that cannot be used.
        """
        engines = {
            forecaster.use_engine(engine, threads) for forecaster in self.forecasters.values()
        }
        if len(engines) > 1:
            return self.use_engine(LIGHTGBM, threads)
        return engines.pop()


def save_bundle(bundle: Bundle, folder: Path) -> None:
    """Write the bundle to `folder`, which must not exist; raises BundleError if it does."""
    folder = Path(folder)
    if folder.exists():
        raise BundleError(f"{str(folder)!r} exists already: a bundle is never overwritten")
    with new_folder(folder) as unfinished:
        for name, text in _files(bundle).items():
            (unfinished / name).write_text(text)


def content_version(bundle: Bundle) -> str:
    """Return the version that a new bundle's contents give it: the end of its knowledge and the
    start of a sha256 of all else that its files hold. The same contents have the same version.
    """
    manifest = {name: value for name, value in bundle.manifest.items() if name != "version"}
    text = _files(replace(bundle, manifest=manifest))[MANIFEST_FILE]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{pd.Timestamp(manifest['until']):%Y%m%d-%H%M%S}-{digest[:VERSION_DIGITS]}"


def load_bundle(folder: Path, digest: str | None = None) -> Bundle:
    """Read a bundle and check it: format, features, files, sha256, columns, lists, and what each
    file holds.

    `digest`: of the contents that are expected, as `models.bundle_trial.try_bundle` gives it.
    Raises BundleError.
    """
    contents, reference = _checked(Path(folder), digest)
    try:
        return _assembled(contents, reference)
    except Exception as error:  # whatever else is wrong inside
        raise BundleError(
            f"{str(folder)!r} cannot be put together: {type(error).__name__}: {error}"
        ) from error


def _assembled(contents: BundleContents, reference: Reference) -> Bundle:
    documents, boosters = contents.documents, contents.boosters
    forecasters = {
        target: FittedForecaster.from_state(
            documents[f"{target}.json"],
            boosters[f"{target}_location.txt"],
            boosters[f"{target}_scale.txt"],
        )
        for target in contents.manifest["targets"]
    }
    benchmarks = (
        SegmentBenchmarks.from_json(documents[BENCHMARKS_FILE])
        if BENCHMARKS_FILE in documents
        else None
    )
    fee = (
        MarketFee.from_state(documents[FEE_FILE], boosters.get(FEE_BOOSTER_FILE))
        if FEE_FILE in documents
        else None
    )
    return Bundle(contents.manifest, reference, forecasters, benchmarks, fee)


def check_bundle(folder: Path) -> dict:
    """Check a bundle as `load_bundle` does, and its name, without its boosters; give the manifest.

    Raises BundleError.
    """
    folder = Path(folder)
    manifest = check_bundle_files(folder)
    _check_name(folder, manifest)
    return manifest


def check_bundle_files(folder: Path) -> dict:
    """As `check_bundle`, whatever the folder's name. Raises BundleError."""
    return _checked(Path(folder))[0].manifest


def load_version(home: Path, version: str) -> Bundle:
    """Read, check and try the bundle of a home that has this version. Raises BundleError."""
    from models.bundle_trial import try_bundle  # which reads bundles itself

    folder = bundle_folder(home, version)
    check_bundle(folder)
    return load_bundle(folder, try_bundle(folder))


def _checked(folder: Path, digest: str | None = None) -> tuple[BundleContents, Reference]:
    """Return the contents and the reference of a bundle. Raises BundleError unless its files fit
    the manifest and this code.
    """
    manifest = read_manifest(folder)
    if digest not in (None, contents_digest(manifest)):
        raise BundleError(f"{str(folder)!r} was changed while it was looked at")
    _check_features(folder, manifest)
    contents = read_contents(folder, manifest)
    try:
        reference = Reference.from_json(contents.documents["reference.json"])
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{str(folder / 'reference.json')!r} cannot be used: {error}") from error
    if (reference.platforms, reference.formats, reference.niches) != (PLATFORMS, FORMATS, NICHES):
        raise BundleError(
            f"{str(folder)!r} was trained with other lists of platforms, formats or niches: retrain"
        )
    return contents, reference


def _check_name(folder: Path, manifest: dict) -> None:
    if folder.name != manifest["version"]:
        raise BundleError(
            f"{str(folder)!r} holds the bundle {manifest['version']!r}: a bundle's folder has "
            "its version as name, "
            "rename the folder"
        )


def _files(bundle: Bundle) -> dict[str, str]:
    files = {"reference.json": json.dumps(bundle.reference.to_json(), indent=1)}
    for target, forecaster in bundle.forecasters.items():
        state, files[f"{target}_location.txt"], files[f"{target}_scale.txt"] = forecaster.state()
        files[f"{target}.json"] = json.dumps(state)
    if bundle.benchmarks is not None:
        files[BENCHMARKS_FILE] = json.dumps(bundle.benchmarks.to_json())
    if bundle.market_fee is not None:
        state, booster = bundle.market_fee.state()
        files |= {FEE_FILE: json.dumps(state)} | ({FEE_BOOSTER_FILE: booster} if booster else {})
    manifest = {
        **bundle.manifest,
        "format": BUNDLE_FORMAT,
        "columns": list(COLUMNS),
        "targets": list(bundle.forecasters),
        "features_version": FEATURES_VERSION,
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()},
    }
    return {**files, MANIFEST_FILE: json.dumps(manifest, indent=1, default=_json_value)}


def _json_value(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _check_features(folder: Path, manifest: dict) -> None:
    """Raise BundleError unless the columns that the bundle learned from mean what this code
    derives.
    """
    version = manifest.get("features_version")
    if version != FEATURES_VERSION:
        trained = (
            "names no version of the features"
            if version is None
            else f"was trained on features {version!r}"
        )
        raise BundleError(
            f"{str(folder)!r} {trained}, and this code derives features {FEATURES_VERSION}, "
            "which may differ: retrain"
        )
    if tuple(manifest["columns"]) != COLUMNS:
        raise BundleError(
            f"{str(folder)!r} was trained on other feature columns than this code derives: retrain"
        )
