"""The files that training writes in a home.

artifacts/bundles/VERSION/           the bundle
artifacts/backtests/VERSION.parquet  the scores of its backtest, post by post
artifacts/backtests/VERSION.json     what is true of one training (training.runs.note), and its
                                     learning curve
artifacts/backtests/VERSION.outcomes.parquet  of a recalibrated bundle, in their place: the scores
                                     of the outcomes that judge it, beside the champion's
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from features.files.atomic import replace_file, replace_text
from features.files.regular import check_regular, read_regular
from models.bundle import Bundle, load_bundle, load_version, save_bundle
from models.bundle_folders import bundle_folder, bundles_folder
from models.bundle_trial import try_in_process
from models.champion import remove_unfinished
from training.backtest.report_tables import BacktestResult
from training.home_lock import HomeError, home_lock, make_artifacts

#: Bytes of the note beside the scores.
NOTE_LIMIT = 2**24


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
    note: Mapping[str, Any],
    report: Callable[[str], None],
) -> TrainingResult:
    """Write a bundle with its backtest under a new version, and read it back.

    The version is the moment and the start of the data's digest, with a number behind it where
    another training had the same. The bundle is written last, so that none lacks its scores.
    `scores`: those of the backtest, with the creators' names; `note`: as
    training.runs.note.training_note gives it. Raises training.home_lock.HomeError.
    """
    note = {**note, "learning": record.learning.to_dict("list")}

    def write_record(version: str) -> None:
        path = backtest_file(home, version)
        replace_file(path, lambda beside: scores.to_parquet(beside, index=False))
        replace_text(data_source_file(home, version), json.dumps(note) + "\n")

    written = _write(home, bundle, bundle.manifest["data_digest"], write_record, report)
    return TrainingResult(*written, record, note)


def write_recalibrated(
    home: Path,
    bundle: Bundle,
    scores: pd.DataFrame,
    digest: str,
    report: Callable[[str], None] = lambda text: None,
) -> TrainingResult:
    """Write a recalibrated bundle as `write_artifacts` does, with the scores of the outcomes that
    judge it in the place of a backtest's. `digest`: of its outcomes. Raises HomeError.
    """

    def write_record(version: str) -> None:
        path = outcome_scores_file(home, version)
        replace_file(path, lambda beside: scores.to_parquet(beside, index=False))

    return TrainingResult(*_write(home, bundle, digest, write_record, report), None)


def _write(
    home: Path,
    bundle: Bundle,
    digest: str,
    write_record: Callable[[str], None],
    report: Callable[[str], None],
) -> tuple[Path, Bundle]:
    """Write the record of a free version, then the bundle; return its folder, and the bundle as
    read from there and tried.
    """
    make_artifacts(home)
    with home_lock(home, report):
        try:
            remove_unfinished(home)
            version = _free_version(home, digest)
            backtest_file(home, version).parent.mkdir(parents=True, exist_ok=True)
            write_record(version)
            folder = bundles_folder(home) / version
            save_bundle(replace(bundle, manifest={"version": version, **bundle.manifest}), folder)
        except OSError as error:
            raise HomeError(
                f"{str(Path(home) / 'artifacts')!r} cannot be written: {error.strerror or error}"
            ) from error
    written = load_bundle(folder)
    try_in_process(written)
    return folder, written


def read_artifacts(home: Path, version: str) -> TrainingResult:
    """Return a trained bundle with its backtest.

    Raises models.bundle.BundleError where the bundle is missing or broken.
    """
    bundle = load_version(home, version)
    record, note = _read_record(home, bundle), _note(home, version)
    return TrainingResult(bundle_folder(home, version), bundle, record, note)


def backtest_file(home: Path, version: str) -> Path:
    """Return the file with the scores of one bundle's backtest."""
    return Path(home) / "artifacts" / "backtests" / f"{version}.parquet"


def outcome_scores_file(home: Path, version: str) -> Path:
    """Return the file with the scores of the outcomes that judge one recalibrated bundle."""
    return backtest_file(home, version).with_suffix(".outcomes.parquet")


def data_source_file(home: Path, version: str) -> Path:
    """Return the file that names the folder a bundle was trained on, beside its scores."""
    return backtest_file(home, version).with_suffix(".json")


def training_data_folder(home: Path, version: str) -> Path | None:
    """Return the folder of the tables that a bundle was trained on, None where it is unknown."""
    try:
        return Path(_note(home, version)["data"])
    except (KeyError, TypeError):
        return None


def _read_record(home: Path, bundle: Bundle) -> BacktestResult | None:
    try:
        scores = read_scores(home, bundle.version)
        learning = pd.DataFrame(_note(home, bundle.version).get("learning", {}))
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


def _note(home: Path, version: str) -> dict:
    try:
        return json.loads(read_regular(data_source_file(home, version), NOTE_LIMIT))
    except (OSError, ValueError):
        return {}


def _free_version(home: Path, digest: str) -> str:
    """Return a version that no bundle of the home has: two trainings may end in one second."""
    first = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{digest[:6]}"
    version, number = first, 1
    while (bundles_folder(home) / version).exists():
        number += 1
        version = f"{first}-{number}"
    return version
