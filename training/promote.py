"""promote: a bundle becomes the champion after its check, and after a look at both on the same rows.

Both backtests keep their scores post by post; a post that both forecast without having seen it is a row in common.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from models.bundle import (
    Bundle,
    bundles_folder,
    champion_file,
    champion_folder,
    latest_bundle,
    load_bundle,
    set_champion,
)
from training.judge import OURS
from training.metrics import bootstrap, interval
from training.train import backtest_file

KEY = ["split", "asked", "creator", "posted"]


class PromotionRefused(ValueError):
    """The bundle is worse than the champion, or cannot be compared with it."""


@dataclass(frozen=True)
class Comparison:
    """Candidate against champion on the rows in common: mean CRPS and MAE of each, and the relative difference."""

    champion: str
    rows: int
    creators: int
    table: pd.DataFrame
    worse: bool

    def __str__(self) -> str:
        lines = [f"on {self.rows:,} posts of {self.creators:,} creators that both forecast unseen:"]
        for row in self.table.itertuples():
            change = f"{row.change:+.1%} (95 % {row.low:+.1%} to {row.high:+.1%})"
            lines.append(f"  {row.measure:5} candidate {row.candidate:.4f}   champion {row.champion:.4f}   {change}")
        return "\n".join(lines)


def candidate_folder(home: Path, version: str | None) -> Path:
    """Give the folder of the bundle named, or of the newest."""
    return latest_bundle(home) if version is None else bundles_folder(home) / version


def promote(home: Path, version: str | None = None, force: bool = False) -> tuple[Bundle, Comparison | None]:
    """Make a bundle (default: the newest) the champion; give it and how it compared with the one before.

    Raises BundleError where the bundle is missing or broken, PromotionRefused where it is worse than the champion or
    has no row in common with it, unless `force`.
    """
    bundle = load_bundle(candidate_folder(home, version))
    comparison = None
    if champion_file(home).is_file():
        comparison = compare(home, bundle)
        if not force:
            _refuse(bundle, comparison)
    set_champion(home, bundle.version)
    return bundle, comparison


def compare(home: Path, candidate: Bundle) -> Comparison | None:
    """Set the candidate beside the champion on the rows in common; None where either's scores are gone."""
    champion = champion_folder(home).name
    paths = [backtest_file(home, candidate.version), backtest_file(home, champion)]
    if not all(path.is_file() for path in paths):
        return None
    names = [*KEY, "y", "crps", f"forecast: {OURS}"]
    ours, theirs = (pd.read_parquet(path, columns=names) for path in paths)
    both = ours.merge(theirs, on=KEY, suffixes=("_candidate", "_champion"))
    both = both[both["y_candidate"] == both["y_champion"]]
    table = pd.DataFrame([_measure(both, measure) for measure in ("CRPS", "MAE")] if len(both) else [])
    # worse beyond doubt: the interval of the CRPS difference lies above 0
    worse = bool(len(both)) and table["low"].iloc[0] > 0
    return Comparison(champion, len(both), both["creator"].nunique(), table, worse)


def _measure(both: pd.DataFrame, measure: str) -> dict:
    values = np.column_stack([_loss(both, measure, side) for side in ("candidate", "champion")])
    candidate, champion = values.mean(axis=0)
    draws = bootstrap(values, both["creator"].to_numpy())
    low, high = interval(draws[:, 0] / draws[:, 1] - 1)
    change = candidate / champion - 1
    return {
        "measure": measure,
        "candidate": candidate,
        "champion": champion,
        "change": change,
        "low": low,
        "high": high,
    }


def _loss(both: pd.DataFrame, measure: str, side: str) -> np.ndarray:
    if measure == "CRPS":
        return both[f"crps_{side}"].to_numpy()
    return np.abs(both[f"forecast: {OURS}_{side}"] - both[f"y_{side}"]).to_numpy()


def _refuse(bundle: Bundle, comparison: Comparison | None) -> None:
    if comparison is None or not comparison.rows:
        raise PromotionRefused(
            f"{bundle.version} has no backtest row in common with the champion, so they cannot be compared: "
            "look at both runs in MLflow, then promote with --force"
        )
    if comparison.worse and comparison.champion != bundle.version:
        raise PromotionRefused(
            f"{bundle.version} is worse than the champion {comparison.champion}; --force promotes it\n{comparison}"
        )
