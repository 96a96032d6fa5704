"""What came of the forecasts: readings added to the ledger, and how far every outcome is then."""

from dataclasses import dataclass
from difflib import get_close_matches

import pandas as pd

from features.maturation.maturation import Maturation
from features.tables.model import Tables
from ledger.matched_forecasts import NOT_SCORED, STATUSES, Match, match_outcomes
from ledger.reading_rows import ReadingCounts
from ledger.readings import adding_readings, select_readings
from ledger.store import Ledger
from ledger.tables import READINGS

#: Posts without a forecast whose partnership_id is compared with those that were forecast.
_MOST_COMPARED = 20
#: Share of equal letters from which on an id may be another one with a typing error.
_NEAR = 0.5


@dataclass(frozen=True)
class OutcomeResult:
    """What a file of outcomes changed.

    - `counts`: of its readings; `forecasts`: in the ledger, of which `partnerships` count (the
      latest forecast of each)
    - `statuses`: partnerships by ledger.matched_forecasts.STATUSES; `reasons`: the names of those
      not scored by reason; `notes`: of those with an outcome by what else is to be told of it
    - `unmatched`: posts and totals of the ledger that belong to no forecast, each with the nearest
      partnership_id that was forecast, "" where none is near or its own is one
    """

    counts: ReadingCounts
    forecasts: int
    partnerships: int
    statuses: dict[str, int]
    reasons: dict[str, list[str]]
    notes: dict[str, list[str]]
    unmatched: list[tuple[str, str]]


def record_outcomes(
    ledger: Ledger,
    tables: Tables,
    source: str,
    now: int,
    growth: Maturation,
    dry_run: bool = False,
) -> OutcomeResult:
    """Add the readings of tables to the ledger, as `ledger.readings.add_readings` does, and say how
    far the outcome of every partnership is.
    """
    forecasts = ledger.forecasts()
    with adding_readings(ledger, tables, source, now, dry_run) as (counts, connection):
        readings = select_readings(connection)
    match = match_outcomes(forecasts, readings, now, growth)
    latest = match.forecasts[match.forecasts["is_latest"]]
    by_status = latest["status"].value_counts()
    told = latest[(latest["status"] != NOT_SCORED) & (latest["note"] != "")]
    return OutcomeResult(
        counts,
        len(forecasts),
        len(latest),
        {name: int(by_status.get(name, 0)) for name in STATUSES},
        _names_by(latest[latest["status"] == NOT_SCORED], "reason"),
        _names_by(told, "note"),
        _unmatched(match),
    )


def _names_by(rows: pd.DataFrame, column: str) -> dict[str, list[str]]:
    """Return the names of partnerships by what a column says of them, most frequent first."""
    names = rows["partnership_id"].fillna(rows["handle"]).fillna(rows["creator_id"])
    names = names.fillna(rows["post_id"]).fillna(rows["forecast_id"])
    groups = names.astype(str).groupby(rows[column]).agg(list).to_dict()
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def _unmatched(match: Match) -> list[tuple[str, str]]:
    """Return the posts and totals that belong to no forecast, as `OutcomeResult.unmatched` has
    them.
    """
    known = match.forecasts["partnership_id"].dropna().astype(str).unique().tolist()
    rest = match.posts.loc[~match.posts["is_used"], ["post_id", "partnership_id"]]
    found = []
    for post_id, own in rest.astype(object).where(rest.notna(), None).itertuples(index=False):
        if own is None:
            found.append((f"post {post_id}", ""))
            continue
        name = f"partnership_id {own}" if post_id is None else f"post {post_id} of {own}"
        near = (
            []
            if own in known or len(found) >= _MOST_COMPARED
            else get_close_matches(own, known, cutoff=_NEAR)
        )
        found.append((name, near[0] if near else ""))
    return found


def reading_history(ledger: Ledger, name: str) -> pd.DataFrame:
    """Return all readings of the post or the partnership of this id, in the order in which they
    were recorded: the columns of READINGS.
    """
    is_named = (READINGS.c.post_id == name) | (READINGS.c.partnership_id == name)
    with ledger.reading() as connection:
        own = select_readings(connection, is_named)
        posts = own["post_id"].dropna().unique().tolist()
        return select_readings(connection, is_named | READINGS.c.post_id.in_(posts))
