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

from features.atomic import replace_text
from features.benchmarks import Benchmarks
from features.columns import COLUMNS
from features.reference import Reference
from features.version import FEATURES_VERSION
from features.vocabulary import FORMATS, NICHES, PLATFORMS
from models.champion_history import champions_until, with_champion, write_champions
from models.fee import MarketFee
from models.forecast import Forecaster
from models.trees import LIGHTGBM

FORMAT = 3
MANIFEST = "manifest.json"
BENCHMARKS, FEE, FEE_BOOSTER = "benchmarks.json", "market_fee.json", "market_fee.txt"
#: What a manifest must hold to be read, with the type of each.
REQUIRED = {"version": str, "columns": list, "targets": list, "sha256": dict}
#: Bundles that a message names; the others are counted.
NAMED = 5


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


def remove_unfinished(home: Path) -> None:
    """Remove what a killed process left half-written: bundles beside their places, and files beside the champion's.

    Whoever calls it holds the home's lock (training.home_lock).
    """
    for path in bundles_folder(home).glob(".*"):
        shutil.rmtree(path, ignore_errors=True)
    for name in (champion_file(home).name, champions_file(home).name):
        for path in champion_file(home).parent.glob(f".{name}.*"):
            path.unlink(missing_ok=True)


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle and check it: format, features, files, sha256, columns and lists. Raises BundleError."""
    manifest, texts, reference = _checked(Path(folder))
    forecasters = {
        target: Forecaster.from_state(
            json.loads(texts[f"{target}.json"]), texts[f"{target}_location.txt"], texts[f"{target}_scale.txt"]
        )
        for target in manifest["targets"]
    }
    benchmarks = Benchmarks.from_json(json.loads(texts[BENCHMARKS])) if BENCHMARKS in texts else None
    fee = MarketFee.from_state(json.loads(texts[FEE]), texts.get(FEE_BOOSTER)) if FEE in texts else None
    return Bundle(manifest, reference, forecasters, benchmarks, fee)


def check_bundle(folder: Path) -> dict:
    """Check a bundle as `load_bundle` does, and its name, without its boosters; give the manifest.

    Raises BundleError.
    """
    folder = Path(folder)
    manifest, _, _ = _checked(folder)
    _check_name(folder, manifest)
    return manifest


def load_version(home: Path, version: str) -> Bundle:
    """Read and check the bundle of a home that has this version. Raises BundleError."""
    folder = bundle_folder(home, version)
    bundle = load_bundle(folder)
    _check_name(folder, bundle.manifest)
    return bundle


def bundles_folder(home: Path) -> Path:
    """Give the folder that holds the bundles of a home."""
    return Path(home) / "artifacts" / "bundles"


def bundle_folder(home: Path, version: str) -> Path:
    """Give the folder of the bundle with this version; raises BundleError where the home has none."""
    versions, folder = bundle_versions(home), bundles_folder(home)
    if version in versions:
        return folder / version
    more = f" and {len(versions) - NAMED:,} older" if len(versions) > NAMED else ""
    there = f"there are {', '.join(versions[:NAMED])}{more} (creatorcast bundles)"
    if not versions:
        there = "there is none yet: run creatorcast train DATA first"
    if Path(version).name != version:
        raise BundleError(f"{version!r} is a path, expected the version of a bundle in {str(folder)!r}: {there}")
    raise BundleError(f"{str(folder / version)!r} is no bundle: {there}")


def bundle_versions(home: Path) -> list[str]:
    """Give the names of the folders of all bundles, the newest first, broken ones too, half-written ones not."""
    folder = bundles_folder(home)
    names = [path.name for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []
    return sorted(names, reverse=True)


def champion_file(home: Path) -> Path:
    """Give the file that names the champion."""
    return Path(home) / "artifacts" / "champion"


def champion_folder(home: Path) -> Path:
    """Give the folder of the champion; raises BundleError where none was promoted."""
    path, version = champion_file(home), champion_version(home)
    if version is None:
        raise BundleError(f"no champion in {str(path.parent)!r}: run creatorcast train DATA, then creatorcast promote")
    if Path(version).name != version:
        raise BundleError(f"{str(path)!r} names {version!r}, expected the version of a bundle: run creatorcast promote")
    return bundles_folder(home) / version


def champion_version(home: Path) -> str | None:
    """Give the version of the champion, None where none was promoted."""
    path = champion_file(home)
    return path.read_text().strip() if path.is_file() else None


def set_champion(home: Path, version: str) -> None:
    """Name the champion, atomically, and keep those before it.

    The history is written first: where the work ends between the two, the champion before stays, and the line about
    the new one does not count.
    """
    history = champions_file(home)
    write_champions(history, with_champion(champions_until(history, champion_version(home)), version))
    replace_text(champion_file(home), version + "\n")


def champion_before(home: Path) -> str | None:
    """Give the version of the champion before the present one, None where there is none.

    Raises models.champion_history.ChampionHistoryError.
    """
    champions = champions_until(champions_file(home), champion_version(home))
    return champions[-2]["version"] if len(champions) > 1 else None


def restore_champion(home: Path) -> None:
    """Name the champion before the present one, which there must be, and forget the present one.

    The pointer is written first: where the work ends between the two, lines after it do not count.
    """
    history = champions_file(home)
    champions = champions_until(history, champion_version(home))[:-1]
    replace_text(champion_file(home), champions[-1]["version"] + "\n")
    write_champions(history, champions)


def champions_file(home: Path) -> Path:
    """Give the file with the champions in their order (models.champion_history)."""
    return champion_file(home).with_name("champions.jsonl")


def latest_bundle(home: Path) -> Path:
    """Give the folder of the newest bundle; raises BundleError where there is none."""
    for version in bundle_versions(home):
        folder = bundles_folder(home) / version
        if (folder / MANIFEST).is_file():
            return folder
    raise BundleError(f"no bundle in {str(bundles_folder(home))!r}: run creatorcast train DATA first")


def _checked(folder: Path) -> tuple[dict, dict[str, str], Reference]:
    """Give manifest, content by file name and reference of a bundle whose files fit the manifest and the code."""
    manifest = read_manifest(folder)
    _check_features(folder, manifest)
    texts = {name: _read_checked(folder, name, digest) for name, digest in manifest["sha256"].items()}
    if "reference.json" not in texts:
        raise BundleError(f"{str(folder)!r} names no reference.json in its manifest: restore it or retrain")
    reference = Reference.from_json(json.loads(texts["reference.json"]))
    if (reference.platforms, reference.formats, reference.niches) != (PLATFORMS, FORMATS, NICHES):
        raise BundleError(f"{str(folder)!r} was trained with other lists of platforms, formats or niches: retrain")
    return manifest, texts, reference


def _check_name(folder: Path, manifest: dict) -> None:
    if folder.name != manifest["version"]:
        raise BundleError(
            f"{str(folder)!r} holds the bundle {manifest['version']!r}: a bundle's folder has its version as name, "
            "rename the folder"
        )


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


def read_manifest(folder: Path) -> dict:
    """Read what a bundle says of itself; the files beside it are not checked. Raises BundleError."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise BundleError(f"{str(folder)!r} is no bundle: {MANIFEST} cannot be read ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BundleError(f"{str(folder)!r} is no bundle of format {FORMAT}: retrain with this version")
    for name, kind in REQUIRED.items():
        if not isinstance(manifest.get(name), kind):
            raise BundleError(f"{str(folder)!r} is no bundle: {MANIFEST} lacks {name!r}: restore it or retrain")
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
