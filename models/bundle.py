"""The bundle: one folder with everything that a forecast needs, and the champion, the bundle that
answers.

Text boosters and JSON only, never pickle; every file's sha256 stands in the manifest and is checked
at load, and so is what the files hold (models.bundle_files). A bundle is written beside its place
and renamed, so that it is there whole or not at all.
"""

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from features.derive.catalog import COLUMNS
from features.derive.reference import Reference
from features.derive.version import FEATURES_VERSION
from features.files.atomic import new_folder, replace_text
from features.files.regular import read_regular
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
from models.champion_history import append_champion, champions_until, write_champions
from models.fee import MarketFee
from models.forecast import Forecaster
from models.manifest_schema import VERSION_PATTERN

#: What a bundle is called while it is written: its version and the process.
UNFINISHED = re.compile(r"\.\d{8}-\d{6}-[0-9a-f]{6}(-\d+)?\.\d+")
#: Bundles that a message names; the others are counted.
MAX_VERSIONS_SHOWN = 5
#: Bytes of the file that names the champion.
POINTER_LIMIT = 4096


@dataclass(frozen=True)
class Bundle:
    """What one model needs to predict: what it says of itself, its reference, and a forecaster a
    target.

    `benchmarks` and `market_fee` are None in a bundle made before there were any: it says nothing
    of prices.
    """

    manifest: dict
    reference: Reference
    forecasters: dict[str, Forecaster]
    benchmarks: SegmentBenchmarks | None = None
    market_fee: MarketFee | None = None

    @property
    def version(self) -> str:
        return self.manifest["version"]

    def use_engine(self, engine: str, threads: int | None = None) -> str:
        """Evaluate all forecasters by an engine of models.booster_engine.ENGINES, all by LightGBM
        where one cannot be.

        Gives the engine in use; raises models.booster_engine.EngineError for one that was named and
        cannot be used.
        """
        found = {forecaster.use_engine(engine, threads) for forecaster in self.forecasters.values()}
        if len(found) > 1:
            return self.use_engine(LIGHTGBM, threads)
        return found.pop()


def save_bundle(bundle: Bundle, folder: Path) -> None:
    """Write the bundle to `folder`, which must not exist; raises BundleError if it does."""
    folder = Path(folder)
    if folder.exists():
        raise BundleError(f"{str(folder)!r} exists already: a bundle is never overwritten")
    with new_folder(folder) as unfinished:
        for name, text in _files(bundle).items():
            (unfinished / name).write_text(text)


def remove_unfinished(home: Path) -> None:
    """Remove what a killed process left half-written: bundles beside their places, and files beside
    the champion's.

    Whoever calls it holds the home's lock (training.home_lock).
    """
    for path in bundles_folder(home).glob(".*"):
        if UNFINISHED.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
    for name in (champion_file(home).name, champion_history_file(home).name):
        for path in champion_file(home).parent.glob(f".{name}.*"):
            path.unlink(missing_ok=True)


def load_bundle(folder: Path, digest: str | None = None) -> Bundle:
    """Read a bundle and check it: format, features, files, sha256, columns, lists, and what each
    file holds.

    `digest`: of the contents that are expected, as `models.bundle_trial.try_bundle` gives it.
    Raises BundleError.
    """
    contents, reference = _checked(Path(folder), digest)
    try:
        return _made(contents, reference)
    except Exception as error:  # whatever else is wrong inside
        raise BundleError(
            f"{str(folder)!r} cannot be put together: {type(error).__name__}: {error}"
        ) from error


def _made(contents: BundleContents, reference: Reference) -> Bundle:
    documents, boosters = contents.documents, contents.boosters
    forecasters = {
        target: Forecaster.from_state(
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


def bundles_folder(home: Path) -> Path:
    """Give the folder that holds the bundles of a home."""
    return Path(home) / "artifacts" / "bundles"


def bundle_folder(home: Path, version: str) -> Path:
    """Give the folder of the bundle with this version; raises BundleError where the home has none."""
    versions, folder = bundle_versions(home), bundles_folder(home)
    if version in versions:
        return folder / version
    more = (
        f" and {len(versions) - MAX_VERSIONS_SHOWN:,} older"
        if len(versions) > MAX_VERSIONS_SHOWN
        else ""
    )
    there = f"there are {', '.join(versions[:MAX_VERSIONS_SHOWN])}{more} (creatorcast bundles)"
    if not versions:
        there = "there is none yet: run creatorcast train DATA first"
    if Path(version).name != version:
        raise BundleError(
            f"{version!r} is a path, expected the version of a bundle in {str(folder)!r}: {there}"
        )
    raise BundleError(f"{str(folder / version)!r} is no bundle: {there}")


def bundle_versions(home: Path) -> list[str]:
    """Give the names of the folders of all bundles, the newest first, broken ones too, half-written
    ones not.
    """
    folder = bundles_folder(home)
    names = (
        [path.name for path in folder.iterdir() if not path.name.startswith(".")]
        if folder.is_dir()
        else []
    )
    return sorted(names, reverse=True)


def champion_file(home: Path) -> Path:
    """Give the file that names the champion."""
    return Path(home) / "artifacts" / "champion"


def champion_folder(home: Path) -> Path:
    """Give the folder of the champion; raises BundleError where none was promoted."""
    path, version = champion_file(home), champion_version(home)
    if version is None:
        raise BundleError(
            f"no champion in {str(path.parent)!r}: run creatorcast train DATA, then creatorcast promote"
        )
    if not VERSION_PATTERN.fullmatch(version):
        raise BundleError(
            f"{str(path)!r} names {version!r}, expected the version of a bundle: run creatorcast promote"
        )
    return bundles_folder(home) / version


def champion_version(home: Path) -> str | None:
    """Give the version of the champion, None where none was promoted. Raises BundleError for an
    unreadable pointer.
    """
    path = champion_file(home)
    try:
        return read_regular(path, POINTER_LIMIT).decode().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BundleError(
            f"{str(path)!r} cannot be read: {reason}: run creatorcast promote"
        ) from error


def set_champion(home: Path, version: str) -> None:
    """Name the champion, atomically, and keep those before it.

    The history is written first: where the work ends between the two, the champion before stays,
    and the line about the new one does not count.
    """
    history = champion_history_file(home)
    write_champions(
        history, append_champion(champions_until(history, champion_version(home)), version)
    )
    replace_text(champion_file(home), version + "\n")


def previous_champion(home: Path) -> str | None:
    """Give the version of the champion before the present one, None where there is none.

    Raises models.champion_history.ChampionHistoryError.
    """
    champions = champions_until(champion_history_file(home), champion_version(home))
    return champions[-2]["version"] if len(champions) > 1 else None


def restore_champion(home: Path) -> None:
    """Name the champion before the present one, which there must be, and forget the present one.

    The pointer is written first: where the work ends between the two, lines after it do not count.
    """
    history = champion_history_file(home)
    champions = champions_until(history, champion_version(home))[:-1]
    replace_text(champion_file(home), champions[-1]["version"] + "\n")
    write_champions(history, champions)


def champion_history_file(home: Path) -> Path:
    """Give the file with the champions in their order (models.champion_history)."""
    return champion_file(home).with_name("champions.jsonl")


def latest_bundle(home: Path) -> Path:
    """Give the folder of the newest bundle; raises BundleError where there is none."""
    for version in bundle_versions(home):
        folder = bundles_folder(home) / version
        if (folder / MANIFEST_FILE).is_file():
            return folder
    raise BundleError(
        f"no bundle in {str(bundles_folder(home))!r}: run creatorcast train DATA first"
    )


def _checked(folder: Path, digest: str | None = None) -> tuple[BundleContents, Reference]:
    """Give the contents and the reference of a bundle whose files fit the manifest and the code."""
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
            f"{str(folder)!r} holds the bundle {manifest['version']!r}: a bundle's folder has its version as name, "
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
    return {**files, MANIFEST_FILE: json.dumps(manifest, indent=1, default=_plain)}


def _plain(value):
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
            f"{str(folder)!r} {trained}, and this code derives features {FEATURES_VERSION}, which may differ: retrain"
        )
    if tuple(manifest["columns"]) != COLUMNS:
        raise BundleError(
            f"{str(folder)!r} was trained on other feature columns than this code derives: retrain"
        )
