"""Scores of a recalibrated bundle and the champion on outcomes of the ledger, paired.

Recalibrating wrote them (training.recalibration_check): the candidate is its recalibration repeated
each week, with what was known then.
"""

from pathlib import Path

import pandas as pd

from features.files.regular import check_regular
from training.artifacts import outcome_scores_file
from training.promote.score_pairs import NO_PAIRS, ScorePairs, pair_scores

#: Line that says how the forecasts were made.
NOTE = (
    "outcomes of the ledger: the candidate is its recalibration repeated each week, with the "
    "outcomes known then"
)


def is_recalibrated(manifest: dict) -> bool:
    """Return whether a bundle was made by recalibrating another one."""
    return "recalibrated" in manifest


def pair_outcomes(home: Path, candidate: dict, champion: dict) -> tuple[ScorePairs, str]:
    """Return the pairs of a recalibrated candidate and the champion, by their manifests, and what
    they lack, "" where nothing.
    """
    version, compared = candidate["version"], candidate["recalibrated"]["from"]
    if champion["version"] != compared:
        return NO_PAIRS, (
            f"{version} was recalibrated beside {compared}, which is not the champion any more "
            "(creatorcast recalibrate makes a new one)"
        )
    path = outcome_scores_file(home, version)
    try:
        check_regular(path)
        scores = pd.read_parquet(path)
        pairs = pair_scores(_of_model(scores, ""), _of_model(scores, "champion_"))
    except (OSError, ValueError, KeyError):
        return NO_PAIRS, f"the scores of the outcomes that judge {version} cannot be read"
    return pairs, ""


def _of_model(scores: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Return the scores of one of the two, the columns of training.promote.score_pairs."""
    low, high, lowest, highest = (scores[f"{prefix}q{level}"] for level in (0.1, 0.9, 0.05, 0.95))
    return scores.assign(
        crps=scores[f"{prefix}crps"],
        inside_80=scores["y"].between(low, high),
        inside_90=scores["y"].between(lowest, highest),
    )
