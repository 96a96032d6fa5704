"""What several files, and the tables that are there already, say of the same creators and posts:
merged with DuckDB.

The rules, in the words of docs/import.md: a creator is its platform and id, or its handle where no
id is known; of two values the one read later stays, of two read at the same moment the one given
later; what is missing never replaces what is known; times of posting and of opening an account are
the earliest told. Nothing of it is held in memory as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from features.tables.schema import PROFILE_COLUMNS, Column
from ingest.exports.hidden_likes import create_shown_posts, read_hidden_likes
from ingest.exports.part_writer import FILE_COLUMN, ORDER_COLUMN, PART_SPECS, part_columns
from ingest.exports.record_shapes import METRICS

SQL_TYPES = {
    "text": "VARCHAR",
    "count": "DOUBLE",
    "real": "DOUBLE",
    "flag": "BOOLEAN",
    "time": "TIMESTAMPTZ",
}
#: Columns whose values at one moment should not differ; what changes by itself (bio, handle) or
#: follows is left out.
CONFLICT_COLUMNS = {
    "creators": ("following", "posts_count", "niche", "country", "verified", "business"),
    "posts": ("likes", "comments", "shares", "saves", "views", "format", "sponsored", "repost"),
    "partnerships": ("engagements", "views", "fee_usd"),
}
#: The columns that tell a fee together: never an amount of one row and a currency of another.
FEE_GROUP = ("fee_usd", "fee", "currency")
_PRICE = ", ".join(f"'{name}': {name}" for name in FEE_GROUP)
MOST_CONFLICTS = 1000
#: Readings of posts with several ones that are merged at a time.
BLOCK = 400_000
CHUNK = 100_000


@dataclass(frozen=True)
class Conflict:
    """Two values told of one thing at one moment: which it is, the values, and the one kept."""

    table: str
    platform: str
    id: str
    field: str
    values: tuple[str, str]
    kept: str


class Merge:
    """The rows of all parts and of the tables in `out`, merged within `work`; closes with its
    connection.
    """

    def __init__(
        self, work: Path, out: Path, moments: dict[int, datetime | None], memory_gb: float = 1.0
    ):
        self._work, self._out = work, out
        self._con = duckdb.connect(
            config={
                "memory_limit": f"{memory_gb}GB",
                "temp_directory": str(work / "spilled"),
                "autoinstall_known_extensions": False,
                "threads": 2,
            }
        )
        self._con.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        self.conflicts: list[Conflict] = []
        self._con.register("told", pa.table({
            FILE_COLUMN: pa.array(moments, pa.int32()),
            "moment": pa.array(moments.values(), pa.timestamp("us", tz="UTC")),
        }))  # fmt: skip
        self._con.execute("CREATE TABLE moments AS FROM told")
        for table in PART_SPECS:
            self._con.execute(f"CREATE VIEW rows_{table} AS {self._rows(table)}")
        self._merge_creators()
        self._merge_posts()
        create_shown_posts(self._con)

    def __enter__(self) -> "Merge":
        return self

    def __exit__(self, *error) -> None:
        self._con.close()

    def table(self, name: str) -> pd.DataFrame:
        """Give a merged table that is small beside the posts: creators, followers, partnerships or
        prospects.
        """
        keys = {"partnerships": "partnership_id", "prospects": "creator_id, platform"}
        if name in keys:
            return self._small(name, keys[name])
        return self._con.sql(f"FROM merged_{name}").to_arrow_table().to_pandas()

    def posts(self) -> Iterator[pd.DataFrame]:
        """Give the merged posts in chunks, sorted by account, time and id."""
        names = ", ".join(PART_SPECS["posts"].names)
        ordered = "platform, creator_id, posted_at, post_id, observed_at NULLS FIRST"
        reader = self._con.sql(
            f"SELECT {names} FROM shown_posts ORDER BY {ordered}"
        ).to_arrow_reader(CHUNK)
        for batch in reader:
            yield batch.to_pandas()

    def count_source_posts(self) -> int:
        """Count the rows of posts that the files and `out` give, before they are merged."""
        return self._con.sql("SELECT count(*) FROM rows_posts").fetchall()[0][0]

    def hidden_likes(self) -> Iterator[tuple[str, str, str, float, float]]:
        """Give (platform, creator_id, post_id, likes, comments) of posts whose likes stand for
        hidden ones.
        """
        return read_hidden_likes(self._con)

    def unmatched_metrics(self) -> list[str]:
        """Name the posts whose metrics were given, and nothing else, up to a hundred."""
        found = self._con.sql(
            f"SELECT DISTINCT post_id FROM rows_{METRICS} ANTI JOIN rows_posts USING (platform, post_id) "
            "ORDER BY post_id LIMIT 100"
        )
        return [post for (post,) in found.fetchall()]

    def find_reused_row_number(self, sheets: list[int]) -> tuple[str, str, str, str] | None:
        """Give platform, id and two handles of an id that numbers rows, None where there is none.

        It has at most six digits, and most of those that two files have, one of them among
        `sheets`, have two handles.
        """
        found = self._con.execute(
            f"SELECT platform, creator_id, min(lower(handle)) AS one, max(lower(handle)) AS other FROM rows_creators "
            "WHERE handle IS NOT NULL AND regexp_full_match(creator_id, '[0-9]{1,6}') GROUP BY ALL "
            f"HAVING count(DISTINCT {FILE_COLUMN}) > 1 AND bool_or(list_contains(?, {FILE_COLUMN})) ORDER BY ALL",
            [sheets],
        ).fetchall()
        different = [row for row in found if row[2] != row[3]]
        return different[0] if len(different) > len(found) / 2 else None

    # --- rows as they came ---

    def _rows(self, table: str) -> str:
        """Give the SQL of all rows of a table: those in `out`, as older than all, and those of the
        parts.
        """
        columns = {column.name: column for column in PART_SPECS[table].columns}
        names = part_columns(table)
        parts = sorted((self._work / "parts" / table).glob("*.parquet"))
        if parts:
            dated = "coalesce(observed_at, moment) AS observed_at"
            listed = ", ".join(dated if name == "observed_at" else name for name in names)
            files = _scan(parts[0].parent / "*.parquet")
            new = f"SELECT {listed}, {FILE_COLUMN}, {ORDER_COLUMN} FROM {files} JOIN moments USING ({FILE_COLUMN})"
        else:
            empty = ", ".join(f"NULL::{_sql_type(columns.get(name))} AS {name}" for name in names)
            new = f"SELECT {empty}, 0 AS {FILE_COLUMN}, 0 AS {ORDER_COLUMN} WHERE false"
        old = self._out / f"{table}.parquet"
        if table == METRICS or not old.exists():
            return new
        there = {name for name, *_ in self._con.execute(f"DESCRIBE FROM {_scan(old)}").fetchall()}
        cast = ", ".join(
            f"{f'{name}::' if name in there else 'NULL::'}{_sql_type(columns.get(name))} AS {name}"
            for name in names
        )
        return f"SELECT {cast}, -1 AS {FILE_COLUMN}, file_row_number AS {ORDER_COLUMN} FROM {_scan(old, True)} UNION ALL {new}"

    def _linked(self, table: str) -> str:
        """Give the SQL of a table's rows in which an account named by its handle is the one that
        has that handle.
        """
        return (
            f"(SELECT r.* REPLACE (coalesce(l.creator_id, r.creator_id) AS creator_id) FROM rows_{table} r "
            "LEFT JOIN links l ON r.platform = l.platform AND r.creator_id = l.named)"
        )

    # --- creators and followers ---

    def _merge_creators(self) -> None:
        profile = [column.name for column in PROFILE_COLUMNS]
        says = " OR ".join(f"{name} IS NOT NULL" for name in profile if name != "handle")
        self._con.execute(
            "CREATE TABLE links AS SELECT platform, '@' || lower(handle) AS named, min(creator_id) AS creator_id "
            "FROM rows_creators WHERE handle IS NOT NULL AND creator_id NOT LIKE '@%' "
            "GROUP BY ALL HAVING count(DISTINCT creator_id) = 1"
        )
        self._con.execute(
            f"CREATE TABLE told_creators AS SELECT *, ({says}) AS says, "
            f"row_number() OVER (ORDER BY observed_at NULLS FIRST, {FILE_COLUMN}, {ORDER_COLUMN}) AS rank "
            f"FROM {self._linked('creators')}"
        )
        latest = ", ".join(_latest(name) for name in profile if name != "created_at")
        self._con.execute(
            "CREATE TABLE merged_creators AS SELECT creator_id, platform, "
            "CASE WHEN says THEN observed_at END AS observed_at, "
            "* EXCLUDE (creator_id, platform, observed_at, says, place) "
            "REPLACE (CASE WHEN observed_at IS NULL OR opened <= observed_at THEN opened END AS opened) "
            f"FROM (SELECT creator_id, platform, {latest}, min(created_at) AS opened, bool_or(says) AS says, "
            "coalesce(max(rank) FILTER (followers IS NOT NULL), max(rank) FILTER (says), max(rank)) AS place "
            "FROM told_creators GROUP BY ALL) "
            "JOIN (SELECT rank AS place, observed_at FROM told_creators) USING (place) ORDER BY platform, creator_id"
        )
        self._con.execute("ALTER TABLE merged_creators RENAME opened TO created_at")
        grouped = ", ".join(
            f"{_extremes(name)}, {_latest(name)}" for name in CONFLICT_COLUMNS["creators"]
        )
        self._con.execute(  # what is there already is of several moments: only its followers are surely of theirs
            f"CREATE TABLE watched AS SELECT platform, creator_id AS id, {grouped} FROM told_creators "
            f"WHERE {FILE_COLUMN} >= 0 GROUP BY platform, creator_id, observed_at HAVING count(*) > 1"
        )
        self._note_conflicts("creators", "watched", CONFLICT_COLUMNS["creators"])
        self._merge_followers()

    def _merge_followers(self) -> None:
        columns = f"creator_id, platform, observed_at, followers, {FILE_COLUMN}, {ORDER_COLUMN}"
        self._con.execute(
            "CREATE TABLE counted AS SELECT creator_id, platform, creator_id AS id, observed_at, "
            f"{_extremes('followers')}, {_latest('followers')} FROM (SELECT *, row_number() OVER "
            f"(ORDER BY observed_at NULLS FIRST, {FILE_COLUMN}, {ORDER_COLUMN}) AS rank FROM (SELECT {columns} FROM told_creators "
            f"UNION ALL SELECT {columns} FROM {self._linked('followers')}) WHERE followers IS NOT NULL) GROUP BY ALL"
        )
        self._note_conflicts("followers", "counted", ("followers",))
        self._con.execute(
            "CREATE VIEW merged_followers AS SELECT creator_id, platform, observed_at, followers FROM counted "
            "WHERE observed_at IS NOT NULL ORDER BY platform, creator_id, observed_at"
        )

    # --- posts ---

    def _merge_posts(self) -> None:
        """Merge the readings of posts that have several rows, block by block; all other rows are as
        they came.
        """
        self._con.execute(
            "CREATE TABLE several AS SELECT platform, post_id FROM ("
            f"SELECT platform, post_id FROM rows_posts UNION ALL SELECT platform, post_id FROM rows_{METRICS}) "
            "GROUP BY ALL HAVING count(*) > 1"
        )
        rows = self._con.execute(
            "SELECT count(*) FROM rows_posts SEMI JOIN several USING (platform, post_id)"
        )
        blocks = rows.fetchone()[0] // BLOCK + 1
        names = ", ".join(PART_SPECS["posts"].names)
        self._con.execute(
            f"CREATE TABLE merged_several AS SELECT {names} FROM {self._linked('posts')} WHERE false"
        )
        for block in range(blocks):
            self._merge_block(f"hash(platform, post_id) % {blocks} = {block}")
        self._con.execute(
            f"CREATE VIEW merged_posts AS SELECT {names} FROM {self._linked('posts')} "
            f"ANTI JOIN several USING (platform, post_id) UNION ALL SELECT {names} FROM merged_several"
        )

    def _merge_block(self, chosen: str) -> None:
        key = "platform, post_id, observed_at"
        others = [
            name
            for name in PART_SPECS["posts"].names
            if name not in (*key.split(", "), "posted_at", "creator_id")
        ]
        self._con.execute(
            f"CREATE OR REPLACE TABLE readings AS SELECT *, "
            f"row_number() OVER (ORDER BY observed_at NULLS FIRST, {FILE_COLUMN}, {ORDER_COLUMN}) AS rank "
            f"FROM {self._linked('posts')} SEMI JOIN several USING (platform, post_id) WHERE {chosen}"
        )
        extremes = ", ".join(_extremes(name) for name in CONFLICT_COLUMNS["posts"])
        self._con.execute(
            f"CREATE OR REPLACE TABLE grouped AS SELECT {key}, {', '.join(map(_latest, others))}, {extremes}, "
            f"post_id AS id FROM readings GROUP BY {key}"
        )
        self._note_conflicts("posts", "grouped", CONFLICT_COLUMNS["posts"])
        self._con.execute(
            "CREATE OR REPLACE TABLE fixed AS SELECT platform, post_id, min(posted_at) AS posted_at, "
            f"{_latest('creator_id')}, {_extremes('creator_id')}, {_extremes('posted_at')}, post_id AS id "
            "FROM readings GROUP BY platform, post_id"
        )
        self._note_conflicts("posts", "fixed", ("creator_id", "posted_at"))
        self._insert_block(others, chosen)

    def _insert_block(self, others: list[str], chosen: str) -> None:
        """Put the merged readings in; metrics fill what the newest reading of their post does not
        know.
        """
        counts = ("likes", "comments", "shares", "saves", "views")
        filled = {
            name: f"CASE WHEN newest THEN coalesce(g.{name}, m.{name}) ELSE g.{name} END"
            for name in counts
        }
        filled["likes"] = (
            f"CASE WHEN NOT coalesce(g.likes_hidden, false) THEN {filled['likes']} END"
        )
        columns = ", ".join(f"{filled.get(name, f'g.{name}')} AS {name}" for name in others)
        self._con.execute(
            "CREATE OR REPLACE TABLE metrics AS SELECT platform, post_id, "
            f"{', '.join(map(_latest, counts))} FROM (SELECT *, row_number() OVER "
            f"(ORDER BY observed_at NULLS FIRST, {FILE_COLUMN}, {ORDER_COLUMN}) AS rank FROM rows_{METRICS} WHERE {chosen}) "
            "GROUP BY ALL"
        )
        self._con.execute(
            "INSERT INTO merged_several BY NAME SELECT g.platform, g.post_id, g.observed_at, f.posted_at, "
            f"f.creator_id, {columns} FROM (SELECT *, row_number() OVER (PARTITION BY platform, post_id "
            "ORDER BY observed_at DESC NULLS LAST) = 1 AS newest FROM grouped) g "
            "JOIN fixed f USING (platform, post_id) LEFT JOIN metrics m USING (platform, post_id)"
        )

    # --- the rest ---

    def _small(self, table: str, key: str) -> pd.DataFrame:
        """Merge the rows of a small table by its key: of each column the value known last."""
        names = PART_SPECS[table].names
        if table == "partnerships":
            self._note_outcomes(key)
        latest = [_latest(name) for name in names if name not in (*key.split(", "), *FEE_GROUP)]
        latest.append(
            f"arg_max({{{_PRICE}}}, rank) FILTER (coalesce(fee_usd, fee) IS NOT NULL) AS price"
        )
        told = ", ".join(f"price.{name} AS {name}" if name in FEE_GROUP else name for name in names)
        return self._con.sql(
            f"SELECT {told} FROM (SELECT {key}, {', '.join(latest)} FROM (SELECT *, row_number() OVER "
            f"(ORDER BY observed_at NULLS FIRST, {FILE_COLUMN}, {ORDER_COLUMN}) AS rank FROM {self._linked(table)}) "
            f"GROUP BY ALL) ORDER BY {key}"
        ).to_arrow_table().to_pandas()  # fmt: skip

    def _note_outcomes(self, key: str) -> None:
        """Note partnerships of which several outcomes or fees are told, at whichever moments."""
        columns = ", ".join(
            f"{_extremes(name)}, {_latest(name)}" for name in CONFLICT_COLUMNS["partnerships"]
        )
        self._con.execute(
            f"CREATE TABLE outcomes AS SELECT max(platform) AS platform, {key} AS id, {columns} FROM (SELECT *, "
            f"row_number() OVER (ORDER BY observed_at NULLS FIRST, {FILE_COLUMN}, {ORDER_COLUMN}) AS rank "
            f"FROM {self._linked('partnerships')}) GROUP BY {key}"
        )
        self._note_conflicts("partnerships", "outcomes", CONFLICT_COLUMNS["partnerships"])

    def _note_conflicts(self, table: str, grouped: str, names: tuple[str, ...]) -> None:
        for name in names:
            left = MOST_CONFLICTS - len(self.conflicts)
            found = self._con.sql(
                f"SELECT platform, id, least_{name}::VARCHAR, most_{name}::VARCHAR, {name}::VARCHAR FROM {grouped} "
                f"WHERE least_{name} <> most_{name} ORDER BY platform, id LIMIT {left}"
            ).fetchall()
            self.conflicts += [
                Conflict(table, at, id_, name, (one, other), kept)
                for at, id_, one, other, kept in found
            ]


def _latest(name: str) -> str:
    """Give the SQL of the value known last."""
    return f"arg_max({name}, rank) FILTER ({name} IS NOT NULL) AS {name}"


def _extremes(name: str) -> str:
    return f"min({name}) AS least_{name}, max({name}) AS most_{name}"


def _sql_type(column: Column | None) -> str:
    return SQL_TYPES[column.kind if column else "time"]


def _scan(path: Path, numbered: bool = False) -> str:
    return f"read_parquet('{str(path).replace(chr(39), chr(39) * 2)}'{', file_row_number = true' if numbered else ''})"
