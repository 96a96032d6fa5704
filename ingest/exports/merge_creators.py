"""Merges the rows of creators and their followers, in DuckDB."""

import duckdb

from features.tables.schema import PROFILE_COLUMNS
from ingest.exports.merge_conflicts import CONFLICT_COLUMNS, ConflictList
from ingest.exports.merge_sql import extremes, latest, latest_each, linked, ranked
from ingest.exports.part_writer import FILE_COLUMN, ORDER_COLUMN


def merge_creators(con: duckdb.DuckDBPyConnection, conflicts: ConflictList) -> None:
    """Make `merged_creators` and `merged_followers` of `rows_creators` and `rows_followers`.

    On the way: `links`, which accounts the handles belong to, and `told_creators`, the rows of
    creators with their rank.
    """
    _link_handles(con)
    _merge_profiles(con)
    columns = CONFLICT_COLUMNS["creators"]
    grouped = ", ".join(f"{extremes(column)}, {latest(column)}" for column in columns)
    # rows that are in the tables already are of several moments: only their followers are dated
    con.execute(
        f"CREATE TABLE watched AS SELECT platform, creator_id AS id, {grouped} "
        f"FROM told_creators WHERE {FILE_COLUMN} >= 0 "
        "GROUP BY platform, creator_id, observed_at HAVING count(*) > 1"
    )
    conflicts.add_from("watched", "creators", columns)
    _merge_followers(con, conflicts)


def _link_handles(con: duckdb.DuckDBPyConnection) -> None:
    """Make `links`: the account of each handle that only one account has."""
    con.execute(
        "CREATE TABLE links AS SELECT platform, '@' || lower(handle) AS named, "
        "min(creator_id) AS creator_id FROM rows_creators "
        "WHERE handle IS NOT NULL AND creator_id NOT LIKE '@%' "
        "GROUP BY ALL HAVING count(DISTINCT creator_id) = 1"
    )


def _merge_profiles(con: duckdb.DuckDBPyConnection) -> None:
    """Make `merged_creators`: the values known last, and the earliest opening.

    A row `says` something where it has more than the handle. The account counts as read when its
    followers were, else when it said something last.
    """
    profile = [column.name for column in PROFILE_COLUMNS]
    says = " OR ".join(f"{name} IS NOT NULL" for name in profile if name != "handle")
    con.execute(
        f"CREATE TABLE told_creators AS {ranked(linked('creators'), f'*, ({says}) AS says')}"
    )
    latest_values = latest_each(name for name in profile if name != "created_at")
    con.execute(
        "CREATE TABLE merged_creators AS SELECT creator_id, platform, "
        "CASE WHEN says THEN observed_at END AS observed_at, "
        "* EXCLUDE (creator_id, platform, observed_at, says, place) REPLACE "
        "(CASE WHEN observed_at IS NULL OR opened <= observed_at THEN opened END AS opened) "
        f"FROM (SELECT creator_id, platform, {latest_values}, "
        "min(created_at) AS opened, bool_or(says) AS says, "
        "coalesce(max(rank) FILTER (followers IS NOT NULL), max(rank) FILTER (says), max(rank)) "
        "AS place FROM told_creators GROUP BY ALL) "
        "JOIN (SELECT rank AS place, observed_at FROM told_creators) USING (place) "
        "ORDER BY platform, creator_id"
    )
    con.execute("ALTER TABLE merged_creators RENAME opened TO created_at")


def _merge_followers(con: duckdb.DuckDBPyConnection, conflicts: ConflictList) -> None:
    """Make `merged_followers`, one row for each moment at which followers are known."""
    columns = f"creator_id, platform, observed_at, followers, {FILE_COLUMN}, {ORDER_COLUMN}"
    readings = (
        f"(SELECT {columns} FROM told_creators "
        f"UNION ALL SELECT {columns} FROM {linked('followers')}) WHERE followers IS NOT NULL"
    )
    con.execute(
        "CREATE TABLE counted AS SELECT creator_id, platform, creator_id AS id, observed_at, "
        f"{extremes('followers')}, {latest('followers')} FROM ({ranked(readings)}) "
        "GROUP BY ALL"
    )
    conflicts.add_from("counted", "followers", ("followers",))
    con.execute(
        "CREATE VIEW merged_followers AS SELECT creator_id, platform, observed_at, followers "
        "FROM counted WHERE observed_at IS NOT NULL ORDER BY platform, creator_id, observed_at"
    )
