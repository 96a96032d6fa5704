"""What came of the partnerships of a campaign sheet, where it tells likes, comments and shares apart."""

import pandas as pd

from features.sources.job import Job
from features.vocabulary import COUNTED_PARTS, ENGAGEMENT_PARTS


def with_outcomes(job: Job, rows: pd.DataFrame) -> pd.DataFrame:
    """Fill engagements that no column tells with the sum of what counts on the platform (`ENGAGEMENT_PARTS`).

    Where one of these is unknown, so are the engagements. What was done is told in the report.
    """
    given = [part for part in COUNTED_PARTS if part in rows]
    if not given:
        return rows
    parts = rows.reindex(columns=list(COUNTED_PARTS))
    total = pd.Series(float("nan"), index=rows.index)
    for platform, counted in ENGAGEMENT_PARTS.items():
        total = total.mask(rows["platform"] == platform, parts[list(counted)].sum(axis=1, skipna=False))
    told = rows.get("engagements", pd.Series(float("nan"), index=rows.index))
    made, unknown = told.isna() & total.notna(), told.isna() & total.isna() & parts.notna().any(axis=1)
    both = told.notna() & parts.notna().any(axis=1)
    for rows_of, what in (
        (made, "engagements are the sum of likes and comments, on TikTok and X of shares too"),
        (unknown, "engagements are unknown: likes, comments or, on TikTok and X, shares are not told"),
        (both, "engagements are as told, and likes, comments and shares are not kept"),
    ):
        if rows_of.any():
            job.report.outcomes[what] += int(rows_of.sum())
    return rows.assign(engagements=told.fillna(total))
