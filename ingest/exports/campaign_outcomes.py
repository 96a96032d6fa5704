"""What came of the partnerships of a campaign sheet, where it tells likes, comments and shares
apart.
"""

import numpy as np
import pandas as pd

from features.tables.vocabulary import ALL_ENGAGEMENT_PARTS, ENGAGEMENT_PARTS
from ingest.exports.import_job import ImportJob
from ingest.exports.plausibility import VIEWS_TOLERANCE, VIEWS_TOLERANCE_SHARE
from ingest.exports.record_shapes import Rejection


def add_outcomes(job: ImportJob, rows: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    """Give the outcomes of partnerships: engagements, also from their parts, and what cannot be
    left unknown.
    """
    return _plausible(job, _with_engagements(job, rows, lines), lines)


def _with_engagements(job: ImportJob, rows: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    """Fill engagements that no column tells with the sum of what counts on the platform
    (`ENGAGEMENT_PARTS`).

    Where one of these is unknown, so are the engagements. What was done is told in the report.
    """
    given = [part for part in ALL_ENGAGEMENT_PARTS if part in rows]
    if not given:
        return rows
    parts = rows.reindex(columns=list(ALL_ENGAGEMENT_PARTS))
    total = pd.Series(float("nan"), index=rows.index)
    for platform, counted in ENGAGEMENT_PARTS.items():
        total = total.mask(
            rows["platform"] == platform, parts[list(counted)].sum(axis=1, skipna=False)
        )
    told = rows.get("engagements", pd.Series(float("nan"), index=rows.index))
    made, unknown = (
        told.isna() & total.notna(),
        told.isna() & total.isna() & parts.notna().any(axis=1),
    )
    both = told.notna() & parts.notna().any(axis=1)
    for rows_of, what in (
        (made, "engagements are the sum of likes and comments, on TikTok and X of shares too"),
        (
            unknown,
            "engagements are unknown: likes, comments or, on TikTok and X, shares are not told",
        ),
        (both, "engagements are as told, and likes, comments and shares are not kept"),
    ):
        if rows_of.any():
            job.report.outcomes[what] += int(rows_of.sum())
    few = told < parts.sum(axis=1)
    for row in np.flatnonzero(few):
        value = f"{told.iloc[row]:,.0f} engagements, {parts.sum(axis=1).iloc[row]:,.0f} of likes, comments and shares"
        reason = "implausible: the engagements are fewer than the counts that make them"
        job.leave_unknown(Rejection(job.place(f"line {lines[row]}"), reason, "engagements", value))
    return rows.assign(engagements=told.fillna(total).mask(few))


def _plausible(job: ImportJob, rows: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    """Leave views unknown that are far fewer than the engagements, as of posts
    (ingest.exports.plausibility).
    """
    if not {"engagements", "views"} <= set(rows):
        return rows
    few = rows["engagements"] > rows["views"] * (1 + VIEWS_TOLERANCE_SHARE) + VIEWS_TOLERANCE
    for row in np.flatnonzero(few):
        value = f"{rows['views'].iloc[row]:,.0f} views, {rows['engagements'].iloc[row]:,.0f} engagements"
        reason = "implausible: the partnership has more engagements than views"
        job.leave_unknown(Rejection(job.place(f"line {lines[row]}"), reason, "views", value))
    return rows.assign(views=rows["views"].mask(few))
