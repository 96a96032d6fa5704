"""Batch scoring: a prospect list in, every row back, scored or rejected with all its reasons.

Outputs are written beside their place and renamed, so that a file is there whole or not at all.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.schema import PROSPECTS
from features.tables import DataFolderError, read_frame
from features.validate import check
from models.reasons import reasons_text
from serving.scoring import Scorer
from serving.terms import Extras
from serving.verdict import comparables_text

CHUNK = 20_000
ENDINGS = (".csv", ".parquet")


class BatchError(ValueError):
    """A list cannot be scored at all."""


#: How columns that are no plain values are written.
_WORDS = {"warnings": "; ".join, "reasons": reasons_text, "comparables": comparables_text}


@dataclass(frozen=True)
class Tally:
    """What became of the rows read; scored + rejected = read."""

    read: int
    scored: int
    rejected: int
    rejected_path: Path | None


def score_file(
    prospects: Path,
    out: Path,
    scorer: Scorer,
    as_of: pd.Timestamp,
    progress: Callable[[int, int], None] = lambda done, total: None,
    extras: Extras | None = None,
) -> Tally:
    """Score a prospect list (.csv or .parquet) into `out` (.csv or .parquet), reasons and comparables as text.

    `progress` is called with rows done and rows in all. Rejected rows go to `out`.rejected.csv with their text as
    read, the row's number and every reason. Raises BatchError for a file or an ending that cannot be used.
    """
    check_ending(out)
    if out.resolve() == prospects.resolve():
        raise BatchError(f"{str(out)!r} is the list itself: name another file for the answers")
    frame = _read(prospects)
    repeats = _repeated_ids(frame)
    answers, rejected = [], []
    for first in range(0, max(len(frame), 1), CHUNK):
        rows = slice(first, first + CHUNK)
        scored, refused = score_rows(frame.iloc[rows], scorer, as_of, first, repeats[rows], extras)
        answers.append(scored)
        rejected.append(refused)
        progress(min(first + CHUNK, len(frame)), len(frame))
    answers, rejected = pd.concat(answers, ignore_index=True), pd.concat(rejected, ignore_index=True)
    if len(answers) + len(rejected) != len(frame):
        raise BatchError(
            f"{len(frame):,} rows were read but {len(answers) + len(rejected):,} answered; nothing was written"
        )
    rejected_path = Path(f"{out}.rejected.csv")
    write_frame(answers, out)
    if len(rejected):
        write_frame(rejected, rejected_path)
    else:
        rejected_path.unlink(missing_ok=True)
    return Tally(len(frame), len(answers), len(rejected), rejected_path if len(rejected) else None)


def score_rows(
    frame: pd.DataFrame,
    scorer: Scorer,
    as_of: pd.Timestamp,
    first_row: int,
    repeats: np.ndarray,
    extras: Extras | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score rows as read; give the answers of those that could be, and the others with `row` (from 1) and `reasons`.

    `first_row`: rows of the list before these; `repeats`: mask (n,) of rows whose partnership_id came before.
    """
    frame = frame.reset_index(drop=True)
    numbers = pd.Series(range(first_row + 1, first_row + 1 + len(frame)), index=frame.index)
    clean, faults = check(frame, PROSPECTS)
    clean["partnership_id"] = clean["partnership_id"].fillna("row " + numbers.astype(str))
    reasons = {row: [] for row in frame.index}
    for fault in faults:
        reasons[fault.row].append(f"{fault.column} {fault.value!r} {fault.rule}")
    for row in np.flatnonzero(repeats):
        reasons[row].append(f"partnership_id {clean['partnership_id'][row]!r} repeats an earlier row: each once")
    passed = clean[np.array([not reasons[row] for row in frame.index], dtype=bool)]
    answers, refusals = scorer.answer(passed.reset_index(drop=True), as_of, extras=extras)
    for row, found in zip(passed.index, refusals, strict=True):
        reasons[row] += found
    answers = answers[np.array([not found for found in refusals], dtype=bool)].reset_index(drop=True)
    bad = [row for row in frame.index if reasons[row]]
    rejected = frame.loc[bad].assign(row=numbers[bad], reasons=["; ".join(reasons[row]) for row in bad])
    worded = {name: answers[name].map(word) for name, word in _WORDS.items() if name in answers}
    return answers.assign(**worded), rejected


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as its ending says, complete or not at all. Raises BatchError where the disk does not let it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.suffix == ".parquet":
            frame.to_parquet(beside, index=False)
        else:
            frame.to_csv(beside, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BatchError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error


def _repeated_ids(frame: pd.DataFrame) -> np.ndarray:
    """Mark the rows whose partnership_id an earlier row has, shape (n,)."""
    if "partnership_id" not in frame:
        return np.zeros(len(frame), dtype=bool)
    ids = frame["partnership_id"].astype("str").str.strip()
    return (ids.duplicated() & ids.notna() & (ids != "")).to_numpy(dtype=bool)


def _read(path: Path) -> pd.DataFrame:
    check_ending(path)
    try:
        frame = read_frame(path)
    except DataFolderError as error:
        raise BatchError(str(error)) from error
    if not set(frame) & set(PROSPECTS.names):
        raise BatchError(
            f"{str(path)!r} has none of the columns of a prospect list: found {', '.join(map(str, frame)) or 'none'}; "
            f"expected creator_id, or platform with followers and averages"
        )
    return frame


def check_ending(path: Path) -> None:
    """Raise BatchError where the file's ending is none that is read and written."""
    if path.suffix not in ENDINGS:
        raise BatchError(f"{str(path)!r} has an unknown ending: expected .csv or .parquet")
