"""Merges the readings of posts that have several rows, block by block, in DuckDB; all other rows
stay as they came.
"""

import duckdb

from ingest.exports.merge_conflicts import CONFLICT_COLUMNS, ConflictList
from ingest.exports.merge_sql import extremes, extremes_each, latest, latest_each, linked, ranked
from ingest.exports.part_writer import PART_SPECS
from ingest.shapes.record_shapes import METRICS

#: Readings of posts with several rows that are merged at a time.
BLOCK_ROWS = 400_000
READING_KEY = ("platform", "post_id", "observed_at")
COUNTS = ("likes", "comments", "shares", "saves", "views")


def merge_posts(con: duckdb.DuckDBPyConnection, conflicts: ConflictList) -> None:
    """Make `merged_posts` of `rows_posts` and the rows of metrics; needs `links`.

    On the way: `several`, the posts with more than one row.
    """
    con.execute(
        "CREATE TABLE several AS SELECT platform, post_id FROM ("
        "SELECT platform, post_id FROM rows_posts "
        f"UNION ALL SELECT platform, post_id FROM rows_{METRICS}) "
        "GROUP BY ALL HAVING count(*) > 1"
    )
    names = ", ".join(PART_SPECS["posts"].names)
    con.execute(f"CREATE TABLE merged_several AS SELECT {names} FROM {linked('posts')} WHERE false")
    blocks = _count_rows_of_several(con) // BLOCK_ROWS + 1
    for block in range(blocks):
        _merge_block(con, conflicts, f"hash(platform, post_id) % {blocks} = {block}")
    con.execute(
        f"CREATE VIEW merged_posts AS SELECT {names} FROM {linked('posts')} "
        f"ANTI JOIN several USING (platform, post_id) UNION ALL SELECT {names} FROM merged_several"
    )


def _count_rows_of_several(con: duckdb.DuckDBPyConnection) -> int:
    counts = con.execute(
        "SELECT count(*) FROM rows_posts SEMI JOIN several USING (platform, post_id)"
    )
    return counts.fetchall()[0][0]


def _merge_block(con: duckdb.DuckDBPyConnection, conflicts: ConflictList, condition: str) -> None:
    """Merge the posts that meet a condition into `merged_several`.

    `grouped` has a row for each moment of reading, `fixed` one for each post: its creator and time
    of posting.
    """
    key = ", ".join(READING_KEY)
    fixed = (*READING_KEY, "posted_at", "creator_id")
    columns = [name for name in PART_SPECS["posts"].names if name not in fixed]
    readings = f"{linked('posts')} SEMI JOIN several USING (platform, post_id) WHERE {condition}"
    con.execute(f"CREATE OR REPLACE TABLE readings AS {ranked(readings)}")
    con.execute(
        f"CREATE OR REPLACE TABLE grouped AS SELECT {key}, {latest_each(columns)}, "
        f"{extremes_each(CONFLICT_COLUMNS['posts'])}, post_id AS id FROM readings GROUP BY {key}"
    )
    conflicts.add_from("grouped", "posts", CONFLICT_COLUMNS["posts"])
    con.execute(
        "CREATE OR REPLACE TABLE fixed AS SELECT platform, post_id, min(posted_at) AS posted_at, "
        f"{latest('creator_id')}, {extremes('creator_id')}, {extremes('posted_at')}, "
        "post_id AS id FROM readings GROUP BY platform, post_id"
    )
    conflicts.add_from("fixed", "posts", ("creator_id", "posted_at"))
    con.execute(
        "CREATE OR REPLACE TABLE metrics AS SELECT platform, post_id, "
        f"{latest_each(COUNTS)} FROM ({ranked(f'rows_{METRICS} WHERE {condition}')}) GROUP BY ALL"
    )
    _insert_block(con, columns)


def _insert_block(con: duckdb.DuckDBPyConnection, columns: list[str]) -> None:
    """Insert the merged readings; metrics fill what the newest reading of their post does not
    know.
    """
    filled = {
        name: f"CASE WHEN newest THEN coalesce(g.{name}, m.{name}) ELSE g.{name} END"
        for name in COUNTS
    }
    shows_likes = "NOT coalesce(g.likes_hidden, false)"
    filled["likes"] = f"CASE WHEN {shows_likes} THEN {filled['likes']} END"
    values = ", ".join(f"{filled.get(name, f'g.{name}')} AS {name}" for name in columns)
    con.execute(
        "INSERT INTO merged_several BY NAME "
        "SELECT g.platform, g.post_id, g.observed_at, f.posted_at, "
        f"f.creator_id, {values} FROM (SELECT *, row_number() OVER (PARTITION BY platform, post_id "
        "ORDER BY observed_at DESC NULLS LAST) = 1 AS newest FROM grouped) g "
        "JOIN fixed f USING (platform, post_id) LEFT JOIN metrics m USING (platform, post_id)"
    )
