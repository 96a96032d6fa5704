"""What a comparison reads of a home: the scores of backtests, and the tables to ask about."""

from pathlib import Path

import pandas as pd

from features.errors import CreatorcastError
from features.tables.folder import read_tables
from features.tables.frames import DataFolderError
from features.tables.model import Tables
from features.tables.validate import InvalidTables, validate
from models.bundle import Bundle
from training.artifacts import read_scores, training_data_folder
from training.promote.score_pairs import SCORE_COLUMNS
from training.train import data_digest

#: The splits of a backtest: creators that trained both models, and that trained neither.
SEEN, UNSEEN = "seen", "unseen"


class ReforecastError(CreatorcastError):
    """There cannot be new forecasts; the reason is a part of a sentence."""


def stored_scores(home: Path, manifest: dict, split: str = SEEN) -> pd.DataFrame | None:
    """Return the backtest scores of a bundle for the creators that trained it, or another split.

    None where they are missing or broken.
    """
    try:
        scores = read_scores(home, manifest["version"])
        if "horizon_days" not in scores:  # written by an earlier version
            scores = scores.assign(horizon_days=manifest["horizon_days"])
        return scores_of_split(scores, split)
    except (OSError, ValueError, KeyError):
        return None


def scores_of_split(scores: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return the scores of one split of a backtest, with SCORE_COLUMNS.

    Raises KeyError where a column is missing.
    """
    scores = scores[scores["split"] == split]
    scores = scores.assign(
        inside_80=scores["y"].between(scores["q0.1"], scores["q0.9"]),
        inside_90=scores["y"].between(scores["q0.05"], scores["q0.95"]),
    )
    return scores[SCORE_COLUMNS].reset_index(drop=True)


def tables_to_ask(home: Path, candidate: Bundle, data: Path | None) -> tuple[Tables, bool]:
    """Return the tables to ask about, and whether they are those that the candidate was trained on.

    Where no folder is named it is the one that the candidate was trained on, if its tables are
    still the same.
    """
    folder = data or training_data_folder(home, candidate.version)
    if folder is None:
        raise ReforecastError(
            f"it is not known where the tables are that {candidate.version} was trained on"
        )
    try:
        tables = validate(read_tables(folder))
    except (DataFolderError, InvalidTables) as error:
        if data is not None:
            raise
        raise ReforecastError(
            f"the tables that {candidate.version} was trained on cannot be read: "
            f"{str(error).splitlines()[0]}"
        ) from error
    same = data_digest(tables) == candidate.manifest["data_digest"]
    if data is None and not same:
        raise ReforecastError(
            f"the tables in {str(folder)!r} have changed since {candidate.version} was trained "
            f"on them"
        )
    return tables, same
