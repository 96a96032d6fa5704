"""Why a row that was read cannot stand in its table."""

from datetime import datetime, timedelta

from features.tables.creator_ids import id_fault
from ingest.shapes.record_shapes import METRICS

#: Clocks differ: a moment so far ahead of now is accepted.
CLOCK_TOLERANCE = timedelta(days=1)
AMBIGUOUS_ID = "names its creator by an id that reads like another"
NO_POSTING_TIME = "has no time of posting"


def find_row_fault(
    table: str, row: dict, now: datetime, no_time_reason: str = NO_POSTING_TIME
) -> str | None:
    """Return the reason why a row cannot stand in its table, None where it can.

    `row`: canonical column -> value. `no_time_reason` is returned for a post without a time of
    posting.
    """
    creator_id, observed_at = row.get("creator_id"), row.get("observed_at")
    if creator_id is not None and (fault := id_fault(creator_id)):
        return f"{AMBIGUOUS_ID}: it {fault}"
    if observed_at is not None and observed_at > now + CLOCK_TOLERANCE:
        return f"was read in the future: {_minute(observed_at)}"
    if table in ("posts", METRICS) and row.get("post_id") is None:
        return "has no id of the post"
    if table == "posts":
        return _posting_time_fault(row, now, no_time_reason)
    return None


def _posting_time_fault(row: dict, now: datetime, no_time_reason: str) -> str | None:
    posted_at, observed_at = row.get("posted_at"), row.get("observed_at")
    if posted_at is None:
        return no_time_reason
    if posted_at > now + CLOCK_TOLERANCE:
        return f"was posted in the future: {_minute(posted_at)}"
    if observed_at is not None and posted_at > observed_at:
        return f"was posted after it was read: {_minute(posted_at)}, read {_minute(observed_at)}"
    return None


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
