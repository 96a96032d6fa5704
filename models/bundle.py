"""The bundle: one folder with everything that a forecast needs, and the champion, the bundle that answers.

Text boosters and JSON only, never pickle; every file's sha256 stands in the manifest and is checked at load. A bundle
is written beside its place and renamed, so that it is there whole or not at all.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.benchmarks import Benchmarks
from features.columns import COLUMNS
from features.reference import Reference
from features.version import FEATURES_VERSION
from features.vocabulary import FORMATS, NICHES, PLATFORMS
from models.fee import MarketFee
from models.forecast import Forecaster
from models.trees import LIGHTGBM

FORMAT = 3
MANIFEST = "manifest.json"
BENCHMARKS, FEE, FEE_BOOSTER = "benchmarks.json", "market_fee.json", "market_fee.txt"


class BundleError(ValueError):
    """A bundle is missing, broken, tampered with, or made by code that does not fit."""


@dataclass(frozen=True)
class Bundle:
    """What one model needs to predict: what it says of itself, its reference, and a forecaster a target.

    `benchmarks` and `market_fee` are None in a bundle made before there were any: it says nothing of prices.
    """

    manifest: dict
    reference: Reference
    forecasters: dict[str, Forecaster]
    benchmarks: Benchmarks | None = None
    market_fee: MarketFee | None = None

    @property
    def version(self) -> str:
        return self.manifest["version"]

    def take_engine(self, engine: str, threads: int | None = None) -> str:
        """Evaluate all forecasters by an engine of models.trees.ENGINES, all by LightGBM where one cannot be.

        Gives the engine in use; raises models.trees.EngineError for one that was named and cannot be used.
        """
        found = {forecaster.take_engine(engine, threads) for forecaster in self.forecasters.values()}
        if len(found) > 1:
            return self.take_engine(LIGHTGBM, threads)
        return found.pop()


def save_bundle(bundle: Bundle, folder: Path) -> None:
    """Write the bundle to `folder`, which must not exist; raises BundleError if it does."""
    folder = Path(folder)
    if folder.exists():
        raise BundleError(f"{str(folder)!r} exists already: a bundle is never overwritten")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        for name, text in _files(bundle).items():
            (beside / name).write_text(text)
        os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and check it: format, features, files, sha256, columns and lists. Raises BundleError."""
    folder = Path(folder)
    manifest = _read_manifest(folder)
    _check_features(folder, manifest)
    texts = {name: _read_checked(folder, name, digest) for name, digest in manifest["sha256"].items()}
    reference = Reference.from_json(json.loads(texts["reference.json"]))
    if (reference.platforms, reference.formats, reference.niches) != (PLATFORMS, FORMATS, NICHES):
        raise BundleError(f"{str(folder)!r} was trained with other lists of platforms, formats or niches: retrain")
    forecasters = {
        target: Forecaster.from_state(
            json.loads(texts[f"{target}.json"]), texts[f"{target}_location.txt"], texts[f"{target}_scale.txt"]
        )
        for target in manifest["targets"]
    }
    benchmarks = Benchmarks.from_json(json.loads(texts[BENCHMARKS])) if BENCHMARKS in texts else None
    fee = MarketFee.from_state(json.loads(texts[FEE]), texts.get(FEE_BOOSTER)) if FEE in texts else None
    return Bundle(manifest, reference, forecasters, benchmarks, fee)


def bundles_folder(home: Path) -> Path:
    """Give the folder that holds the bundles of a home."""
    return Path(home) / "artifacts" / "bundles"


def champion_file(home: Path) -> Path:
    """Give the file that names the champion."""
    return Path(home) / "artifacts" / "champion"


def champion_folder(home: Path) -> Path:
    """Give the folder of the champion; raises BundleError where none was promoted."""
    path = champion_file(home)
    if not path.is_file():
        raise BundleError(f"no champion in {str(path.parent)!r}: run creatorcast train DATA, then creatorcast promote")
    return bundles_folder(home) / path.read_text().strip()


def set_champion(home: Path, version: str) -> None:
    """Name the champion, atomically."""
    path = champion_file(home)
    beside = path.with_name(f".champion.{os.getpid()}")
    beside.write_text(version + "\n")
    os.replace(beside, path)


def latest_bundle(home: Path) -> Path:
    """Give the folder of the newest bundle; raises BundleError where there is none."""
    found = [path for path in bundles_folder(home).glob("[!.]*") if (path / MANIFEST).is_file()]
    if not found:
        raise BundleError(f"no bundle in {str(bundles_folder(home))!r}: run creatorcast train DATA first")
    return max(found, key=lambda path: path.name)


def _files(bundle: Bundle) -> dict[str, str]:
    files = {"reference.json": json.dumps(bundle.reference.to_json(), indent=1)}
    for target, forecaster in bundle.forecasters.items():
        state, files[f"{target}_location.txt"], files[f"{target}_scale.txt"] = forecaster.state()
        files[f"{target}.json"] = json.dumps(state)
    if bundle.benchmarks is not None:
        files[BENCHMARKS] = json.dumps(bundle.benchmarks.to_json())
    if bundle.market_fee is not None:
        state, booster = bundle.market_fee.state()
        files |= {FEE: json.dumps(state)} | ({FEE_BOOSTER: booster} if booster else {})
    manifest = {
        **bundle.manifest,
        "format": FORMAT,
        "columns": list(COLUMNS),
        "targets": list(bundle.forecasters),
        "features_version": FEATURES_VERSION,
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()},
    }
    return {**files, MANIFEST: json.dumps(manifest, indent=1, default=_plain)}


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _read_manifest(folder: Path) -> dict:
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise BundleError(f"{str(folder)!r} is no bundle: {MANIFEST} cannot be read ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"{str(folder)!r} is no bundle of format {FORMAT}: retrain with this version")
    return manifest


def _check_features(folder: Path, manifest: dict) -> None:
    """Raise BundleError unless the columns that the bundle learned from mean what this code derives."""
    version = manifest.get("features_version")
    if version != FEATURES_VERSION:
        trained = "names no version of the features" if version is None else f"was trained on features {version!r}"
        raise BundleError(
            f"{str(folder)!r} {trained}, and this code derives features {FEATURES_VERSION}, which may differ: retrain"
        )
    if tuple(manifest["columns"]) != COLUMNS:
        raise BundleError(f"{str(folder)!r} was trained on other feature columns than this code derives: retrain")


def _read_checked(folder: Path, name: str, digest: str) -> str:
    if Path(name).name != name:
        raise BundleError(f"{str(folder)!r} names the file {name!r} outside of itself")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise BundleError(f"{str(folder / name)!r} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleError(f"{str(folder / name)!r} differs from what the manifest says: restore it or retrain")
    return content.decode()
