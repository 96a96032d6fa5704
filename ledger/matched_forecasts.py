"""Forecasts matched to their outcomes: the frame that watch, recalibrate and review work on.

`match_forecasts` gives one row for each forecast: the columns of ledger.tables.FORECASTS (JSON
columns decoded: `engagements` a tuple at LEVELS, `inputs` and `question` dicts), and
OUTCOME_COLUMNS.
"""

#: - status: WAITING (no reading yet), PARTIAL (some deliverables lack a reading), YOUNG (read, but
#:   not yet matured), MATURED, NOT_SCORED (`reason` says why, e.g. the forecast was made after the
#:   post went online)
#: - outcome_engagements, outcome_views: totals as they were read; of a PARTIAL one what is known
#: - outcome_ln: ln(1 + total engagements) brought from its age at reading to the forecast's
#:   horizon; for scoring, which is then the same as the forecast brought to the age of reading
#: - read_age_days: age at reading (of several posts the youngest); posted_at: of the first post
#: - posts_read: deliverables with a reading; readings: all readings of them, repeats included;
#:   corrections: readings that replaced an earlier one of the same moment
#: - is_latest: no later forecast of the same partnership was made before its first post: scores and
#:   reviews use these alone, so that a list scored every week does not count several times
#: - matured_at: moment (microseconds UTC) at which the outcome counted as matured
OUTCOME_COLUMNS = (
    "status",
    "reason",
    "outcome_engagements",
    "outcome_views",
    "outcome_ln",
    "read_age_days",
    "posted_at",
    "posts_read",
    "readings",
    "corrections",
    "is_latest",
    "matured_at",
)
WAITING, PARTIAL, YOUNG, MATURED, NOT_SCORED = (
    "waiting",
    "partial",
    "young",
    "matured",
    "not scored",
)
