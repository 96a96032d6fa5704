"""Engagements and views of the partnerships of a campaign sheet, where it has likes, comments
and shares apart.
"""

import numpy as np
import pandas as pd

from features.tables.vocabulary import ALL_ENGAGEMENT_PARTS, ENGAGEMENT_PARTS
from ingest.exports.import_job import ImportJob
from ingest.exports.plausibility import VIEWS_TOLERANCE, VIEWS_TOLERANCE_SHARE
from ingest.exports.rejections import Rejection


def add_outcomes(job: ImportJob, rows: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    """Return the partnerships with engagements, summed from their parts where no column tells them;
    counts that contradict each other are unknown.

    `lines` (n,): where the rows stand in the file.
    """
    if any(part in rows for part in ALL_ENGAGEMENT_PARTS):
        rows = _with_engagements(job, rows, lines)
    if "engagements" in rows and "views" in rows:
        rows = _without_implausible_views(job, rows, lines)
    return rows


def _with_engagements(job: ImportJob, rows: pd.DataFrame, lines: np.ndarray) -> pd.DataFrame:
    """Fill unknown engagements with the sum of what counts on the platform (`ENGAGEMENT_PARTS`).

    Where one of these is unknown, so are the engagements.
    """
    parts = rows.reindex(columns=list(ALL_ENGAGEMENT_PARTS))
    unknown = pd.Series(float("nan"), index=rows.index)
    engagements = rows.get("engagements", unknown)
    platform_sums = unknown
    for platform, counted in ENGAGEMENT_PARTS.items():
        sums = parts[list(counted)].sum(axis=1, skipna=False)
        platform_sums = platform_sums.mask(rows["platform"] == platform, sums)
    _report_sources(job, engagements.notna(), platform_sums.notna(), parts.notna().any(axis=1))
    known_sums = parts.sum(axis=1)
    too_few = engagements < known_sums
    for row in np.flatnonzero(too_few):
        value = (
            f"{engagements.iloc[row]:,.0f} engagements, "
            f"{known_sums.iloc[row]:,.0f} of likes, comments and shares"
        )
        reason = "implausible: the engagements are fewer than the counts that make them"
        job.leave_unknown(Rejection(job.place(f"line {lines[row]}"), reason, "engagements", value))
    return rows.assign(engagements=engagements.fillna(platform_sums).mask(too_few))


def _report_sources(
    job: ImportJob, has_engagements: pd.Series, has_sum: pd.Series, has_part: pd.Series
) -> None:
    """Count the partnerships (n,) by where their engagements come from."""
    sources = {
        "engagements are the sum of likes and comments, on TikTok and X of shares too": (
            ~has_engagements & has_sum
        ),
        "engagements are unknown: likes, comments or, on TikTok and X, shares are not told": (
            ~has_engagements & ~has_sum & has_part
        ),
        "engagements are as told, and likes, comments and shares are not kept": (
            has_engagements & has_part
        ),
    }
    for source, rows in sources.items():
        if rows.any():
            job.report.outcomes[source] += int(rows.sum())


def _without_implausible_views(
    job: ImportJob, rows: pd.DataFrame, lines: np.ndarray
) -> pd.DataFrame:
    """Leave views unknown that are far fewer than the engagements, as of posts (`plausibility`)."""
    views, engagements = rows["views"], rows["engagements"]
    too_few = engagements > views * (1 + VIEWS_TOLERANCE_SHARE) + VIEWS_TOLERANCE
    for row in np.flatnonzero(too_few):
        value = f"{views.iloc[row]:,.0f} views, {engagements.iloc[row]:,.0f} engagements"
        reason = "implausible: the partnership has more engagements than views"
        job.leave_unknown(Rejection(job.place(f"line {lines[row]}"), reason, "views", value))
    return rows.assign(views=views.mask(too_few))
