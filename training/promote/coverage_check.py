"""Whether the intervals of a candidate hold as often as they say, cell by cell.

A cell has MIN_GROUP_ROWS rows or more: a platform, band and evidence; a platform and evidence; an
evidence. The intervals are simultaneous over all cells and both levels
(training.promote.joint_bootstrap).
"""

import numpy as np
import pandas as pd

from training.backtest.report_tables import MIN_GROUP_ROWS
from training.promote.joint_bootstrap import NO_ERROR, joint_means, simultaneous_intervals
from training.promote.score_pairs import MODELS

#: Distance from the nominal coverage that is none.
TOLERANCE = 0.02
#: Creators of a cell from which on an interval over creators can be told.
MIN_CELL_CREATORS = 10
LEVELS = (0.8, 0.9)
ALL = "all"
CELL = ["split", "platform", "band", "evidence"]
CELL_COLUMNS = [
    *(*CELL, "level", "rows", "creators", "judged", "candidate", "low", "high"),
    *("champion", "farther", "farther_low", "farther_high", "outside", "failed"),
]


def coverage_cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each cell and level, with CELL_COLUMNS.

    `rows`: a row for each post and evidence: CELL, creator, `candidate_80`, `candidate_90`, and
    `champion_80`, `champion_90` where the champion forecast the same.

    - `candidate`, `low`, `high`: share of rows inside, with its simultaneous 95 % interval
    - `farther`: how much farther from nominal it is than the champion's, with its interval
    - `outside`: the whole interval lies outside of nominal +- TOLERANCE
    - `failed`: it is farther from nominal than the champion's beyond doubt, and by more than
      TOLERANCE or outside. Where both are as far, staying with the champion mends nothing.
    """
    rows = _with_coarser_cells(rows)
    table = pd.DataFrame(_cells(rows), columns=CELL_COLUMNS).assign(outside=False, failed=False)
    judged = np.flatnonzero(table["judged"].to_numpy(bool))
    if not len(judged):
        return table
    nominal = table["level"].to_numpy()[judged]
    points = table[list(MODELS)].to_numpy(float)[judged]
    draws = _draws(rows, table.iloc[judged])
    low, high = simultaneous_intervals(draws[..., 0], points[:, 0])
    low, high = np.maximum(low, 0), np.minimum(high, 1)
    outside = (low > nominal + TOLERANCE) | (high < nominal - TOLERANCE)
    distance, drawn = (np.abs(values - nominal[:, None]) for values in (points, draws))
    farther = distance[:, 0] - distance[:, 1]
    far_low, far_high = simultaneous_intervals(drawn[..., 0] - drawn[..., 1], farther)
    failed = (far_low > NO_ERROR) & ((farther > TOLERANCE) | outside)
    names = ["low", "high", "farther", "farther_low", "farther_high", "outside", "failed"]
    columns = [low, high, farther, far_low, far_high, outside, failed]
    for name, values in zip(names, columns, strict=True):
        table.loc[table.index[judged], name] = values
    return table


def _with_coarser_cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, and again with their band and their platform as ALL."""
    parts = [rows, rows.assign(band=ALL)]
    if len(set(rows["platform"])) > 1:
        parts.append(rows.assign(platform=ALL, band=ALL))
    return pd.concat(parts, ignore_index=True)


def _cells(rows: pd.DataFrame) -> list[dict]:
    cells = []
    for key, cell in rows.groupby(CELL, sort=True):
        creators = cell["creator"].nunique()
        extent = {"rows": len(cell), "creators": creators}
        judged = len(cell) >= MIN_GROUP_ROWS and creators >= MIN_CELL_CREATORS
        for level in LEVELS:
            inside = {
                model: float(cell[name].mean()) if name in cell else np.nan
                for model in MODELS
                for name in [_column(model, level)]
            }
            names = dict(zip(CELL, key, strict=True))
            cells.append({**names, "level": level, **extent, "judged": judged, **inside})
    return cells


def _column(model: str, level: float) -> str:
    return f"{model}_{level * 100:.0f}"


def _draws(rows: pd.DataFrame, cells: pd.DataFrame) -> np.ndarray:
    """Return bootstrap coverages of cells, (rounds, cells, models); NaN without a champion."""
    names = [_column(model, level) for level in LEVELS for model in MODELS]
    values = rows.reindex(columns=names).to_numpy(float)
    groups = rows.groupby(CELL).indices
    keys = cells.drop_duplicates(CELL)[CELL].itertuples(index=False)
    draws = joint_means(values, rows["creator"].to_numpy(str), [groups[tuple(key)] for key in keys])
    # a cell of the table is a group at one level, and the levels of a group follow each other
    return draws.reshape(len(draws), len(cells), len(MODELS))
