"""The files that training writes in a home.

artifacts/bundles/VERSION/           the bundle
artifacts/backtests/VERSION.parquet  the scores of its backtest, post by post
artifacts/backtests/VERSION.json     what is true of one training and one machine: when and where it
                                     was, the folder of its tables, its learning curve, and what
                                     its run tells (training.runs.note)
artifacts/backtests/VERSION.outcomes.parquet  of a recalibrated bundle, in their place: the scores
                                     of the outcomes that judge it, beside the champion's
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from features.files.atomic import replace_file, replace_text
from features.files.regular import check_regular
from models.bundle import (
    Bundle,
    check_bundle,
    content_version,
    load_bundle,
    load_version,
    save_bundle,
)
from models.bundle_files import BundleError
from models.bundle_folders import bundle_folder, bundles_folder, note_file, read_note
from models.bundle_trial import try_in_process
from models.champion import remove_unfinished
from training.backtest.report_tables import BacktestResult
from training.code_version import machine
from training.home_lock import HomeError, home_lock, make_artifacts

#: What is kept beside a trained bundle and holds of those that are recalibrated from it too.
SAME_BOOSTERS = ("experiment", "data", "code", "explanations")


@dataclass(frozen=True)
class TrainingResult:
    """A trained bundle: its folder, the bundle as loaded from it, and its backtest.

    `backtest` is None where it was not kept; `note`: what is kept beside the bundle, empty where
    nothing was.
    """

    folder: Path
    bundle: Bundle
    backtest: BacktestResult | None
    note: Mapping[str, Any] = field(default_factory=dict)


def write_artifacts(
    home: Path,
    bundle: Bundle,
    record: BacktestResult,
    scores: pd.DataFrame,
    data: Path,
    report: Callable[[str], None],
    note: Mapping[str, Any] | None = None,
) -> TrainingResult:
    """Write a bundle with its backtest under a new version, and read it back.

    The version comes from the contents (models.bundle.content_version): a bundle that is there
    already is left as it is, and told. The bundle is written last, so that none lacks its scores.
    `scores`: those of the backtest, with the creators' names; `note`: what is kept beside it, as
    training.runs.note.training_note gives it. Raises training.home_lock.HomeError.
    """
    kept = {
        **(note or {}),
        **_moment_and_machine(),
        "data": str(Path(data).resolve()),
        "learning": record.learning.to_dict("list"),
    }

    def write_record(version: str) -> None:
        path = backtest_file(home, version)
        replace_file(path, lambda beside: scores.to_parquet(beside, index=False))
        replace_text(note_file(home, version), json.dumps(kept) + "\n")

    return TrainingResult(*_write(home, bundle, write_record, report), record, kept)


def write_recalibrated(
    home: Path,
    bundle: Bundle,
    scores: pd.DataFrame,
    report: Callable[[str], None] = lambda text: None,
) -> TrainingResult:
    """Write a recalibrated bundle as `write_artifacts` does, with the scores of the outcomes that
    judge it in the place of a backtest's. Raises HomeError.
    """
    of_training = read_note(home, bundle.manifest["recalibrated"]["trained"])
    kept = {name: of_training[name] for name in SAME_BOOSTERS if name in of_training}
    kept |= _moment_and_machine()

    def write_record(version: str) -> None:
        path = outcome_scores_file(home, version)
        replace_file(path, lambda beside: scores.to_parquet(beside, index=False))
        replace_text(note_file(home, version), json.dumps(kept) + "\n")

    return TrainingResult(*_write(home, bundle, write_record, report), None, kept)


def _moment_and_machine() -> dict[str, Any]:
    return {"created_at": datetime.now(UTC).isoformat(), "machine": machine()}


def _write(
    home: Path,
    bundle: Bundle,
    write_record: Callable[[str], None],
    report: Callable[[str], None],
) -> tuple[Path, Bundle]:
    """Write the record of a bundle, then the bundle; return its folder, and the bundle as read from
    there and tried.
    """
    make_artifacts(home)
    version = content_version(bundle)
    folder = bundles_folder(home) / version
    with home_lock(home, report):
        try:
            remove_unfinished(home)
            backtest_file(home, version).parent.mkdir(parents=True, exist_ok=True)
            write_record(version)
            if not _is_there(folder, report):
                manifest = {"version": version, **bundle.manifest}
                save_bundle(replace(bundle, manifest=manifest), folder)
        except OSError as error:
            raise HomeError(
                f"{str(Path(home) / 'artifacts')!r} cannot be written: {error.strerror or error}"
            ) from error
    written = load_bundle(folder)
    try_in_process(written)
    return folder, written


def _is_there(folder: Path, report: Callable[[str], None]) -> bool:
    """Return whether the bundle is there and whole; one that was damaged is removed."""
    if not folder.exists():
        return False
    try:
        check_bundle(folder)
    except BundleError as error:
        report(f"{folder.name} was there and is written anew: {error}")
        shutil.rmtree(folder)
        return False
    report(f"identical to {folder.name}, which is there already")
    return True


def read_artifacts(home: Path, version: str) -> TrainingResult:
    """Return a trained bundle with its backtest.

    Raises models.bundle.BundleError where the bundle is missing or broken.
    """
    bundle = load_version(home, version)
    record, note = _read_record(home, bundle), read_note(home, version)
    return TrainingResult(bundle_folder(home, version), bundle, record, note)


def backtest_file(home: Path, version: str) -> Path:
    """Return the file with the scores of one bundle's backtest."""
    return Path(home) / "artifacts" / "backtests" / f"{version}.parquet"


def outcome_scores_file(home: Path, version: str) -> Path:
    """Return the file with the scores of the outcomes that judge one recalibrated bundle."""
    return backtest_file(home, version).with_suffix(".outcomes.parquet")


def training_data_folder(home: Path, version: str) -> Path | None:
    """Return the folder of the tables that a bundle was trained on, None where it is unknown."""
    try:
        return Path(read_note(home, version)["data"])
    except (KeyError, TypeError):
        return None


def _read_record(home: Path, bundle: Bundle) -> BacktestResult | None:
    try:
        scores = read_scores(home, bundle.version)
        learning = pd.DataFrame(read_note(home, bundle.version).get("learning", {}))
    except (OSError, ValueError, AttributeError):
        return None
    curves = bundle.manifest.get("maturation", {})
    return BacktestResult(
        tuple(bundle.manifest["platforms"]), scores, pd.DataFrame(), learning, curves
    )


def read_scores(home: Path, version: str) -> pd.DataFrame:
    """Read the scores of one bundle's backtest. Raises OSError or ValueError where they cannot be
    read.
    """
    path = backtest_file(home, version)
    check_regular(path)
    return pd.read_parquet(path)
