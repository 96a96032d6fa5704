"""Merges what several files, and the tables that are there already, say of the same creators and
posts, in DuckDB.

The rules, in the words of docs/import.md: a creator is its platform and id, or its handle where no
id is known; of two values the one read later stays, of two read at the same moment the one given
later; what is missing never replaces what is known; times of posting and of opening an account are
the earliest told. Nothing of it is held in memory as a whole.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from ingest.exports.hidden_likes import HiddenLikes, create_shown_posts, read_hidden_likes
from ingest.exports.merge_conflicts import CONFLICT_COLUMNS, Conflict, ConflictList
from ingest.exports.merge_creators import merge_creators
from ingest.exports.merge_posts import merge_posts
from ingest.exports.merge_sql import extremes, latest, linked, ranked, scan, sql_type
from ingest.exports.part_writer import FILE_COLUMN, ORDER_COLUMN, PART_SPECS, part_columns
from ingest.shapes.record_shapes import METRICS
from ingest.sheets.column_stats import ROW_NUMBER_DIGITS

#: The columns that are a fee together: never an amount of one row and a currency of another.
FEE_COLUMNS = ("fee_usd", "fee", "currency")
#: A partnership's outcome was read when the row was that knew it last; a moment before the start is
#: none.
OUTCOME_READ_AT = "observed_at"
OUTCOME_MOMENT = (
    f"arg_max({OUTCOME_READ_AT}, rank) FILTER (coalesce(engagements, views) IS NOT NULL) "
    f"AS {OUTCOME_READ_AT}"
)
READ_SINCE_START = (
    f"CASE WHEN start_at > {OUTCOME_READ_AT} THEN NULL ELSE {OUTCOME_READ_AT} END "
    f"AS {OUTCOME_READ_AT}"
)
#: Small tables -> what their rows are merged by.
KEYS = {"partnerships": ("partnership_id",), "prospects": ("creator_id", "platform")}
MOST_UNMATCHED_METRICS = 100
CHUNK_ROWS = 100_000


class Merge:
    """The rows of all parts and of the tables in `out`, merged within the folder `work`; closes
    with its connection.

    `read_times`: when each file was read, by its number.
    """

    def __init__(
        self,
        work: Path,
        out: Path,
        read_times: Mapping[int, datetime | None],
        memory_gb: float = 1.0,
    ):
        self._work, self._out = work, out
        self._con = _connect(work, memory_gb)
        self._conflicts = ConflictList(self._con)
        self._create_moments(read_times)
        for table in PART_SPECS:
            self._con.execute(f"CREATE VIEW rows_{table} AS {self._all_rows(table)}")
        merge_creators(self._con, self._conflicts)
        merge_posts(self._con, self._conflicts)
        create_shown_posts(self._con)

    def __enter__(self) -> "Merge":
        return self

    def __exit__(self, *error: object) -> None:
        self._con.close()

    @property
    def conflicts(self) -> list[Conflict]:
        """The conflicts so far; those of partnerships are there once their table is made."""
        return self._conflicts.conflicts

    def table(self, name: str) -> pd.DataFrame:
        """Return a merged table that is small beside the posts: creators, followers, partnerships
        or prospects.
        """
        if name in KEYS:
            return self._small_table(name, KEYS[name])
        return self._con.sql(f"FROM merged_{name}").to_arrow_table().to_pandas()

    def posts(self) -> Iterator[pd.DataFrame]:
        """Yield the merged posts in chunks, sorted by account, time and id."""
        names = ", ".join(PART_SPECS["posts"].names)
        order = "platform, creator_id, posted_at, post_id, observed_at NULLS FIRST"
        rows = self._con.sql(f"SELECT {names} FROM shown_posts ORDER BY {order}")
        for batch in rows.to_arrow_reader(CHUNK_ROWS):
            yield batch.to_pandas()

    def count_source_posts(self) -> int:
        """Count the rows of posts that the files and `out` give, before they are merged."""
        return self._con.sql("SELECT count(*) FROM rows_posts").fetchall()[0][0]

    def hidden_likes(self) -> Iterator[HiddenLikes]:
        """Yield the readings of posts whose likes stand for hidden ones."""
        return read_hidden_likes(self._con)

    def unmatched_metrics(self) -> list[str]:
        """Return the ids of posts of which metrics were given and nothing else, up to a hundred."""
        rows = self._con.sql(
            f"SELECT DISTINCT post_id FROM rows_{METRICS} "
            "ANTI JOIN rows_posts USING (platform, post_id) "
            f"ORDER BY post_id LIMIT {MOST_UNMATCHED_METRICS}"
        )
        return [post_id for (post_id,) in rows.fetchall()]

    def find_reused_row_number(self, sheets: list[int]) -> tuple[str, str, str, str] | None:
        """Return platform, id and two handles of an id that numbers rows, None where there is none.

        It has at most six digits, and most of those that two files have, one of them among
        `sheets`, have two handles.
        """
        numbers = self._con.execute(
            "SELECT platform, creator_id, min(lower(handle)) AS one, max(lower(handle)) AS other "
            "FROM rows_creators "
            "WHERE handle IS NOT NULL "
            f"AND regexp_full_match(creator_id, '[0-9]{{1,{ROW_NUMBER_DIGITS}}}') GROUP BY ALL "
            f"HAVING count(DISTINCT {FILE_COLUMN}) > 1 "
            f"AND bool_or(list_contains(?, {FILE_COLUMN})) ORDER BY ALL",
            [sheets],
        ).fetchall()
        reused = [row for row in numbers if row[2] != row[3]]
        return reused[0] if len(reused) > len(numbers) / 2 else None

    def _create_moments(self, read_times: Mapping[int, datetime | None]) -> None:
        """Make `moments`: when each file was read, which dates its rows without a moment."""
        moments = pa.table({
            FILE_COLUMN: pa.array(read_times, pa.int32()),
            "moment": pa.array(read_times.values(), pa.timestamp("us", tz="UTC")),
        })  # fmt: skip
        self._con.register("given_moments", moments)
        self._con.execute("CREATE TABLE moments AS FROM given_moments")

    def _all_rows(self, table: str) -> str:
        """Return the SQL of all rows of a table: those in `out`, as older than all, and those of
        the parts.
        """
        new_rows = self._part_rows(table)
        path = self._out / f"{table}.parquet"
        if table == METRICS or not path.exists():
            return new_rows
        described = self._con.execute(f"DESCRIBE FROM {scan(path)}").fetchall()
        existing = {name for name, *_ in described}
        columns = ", ".join(
            f"{name if name in existing else 'NULL'}::{type_} AS {name}"
            for name, type_ in _part_types(table).items()
        )
        return (
            f"SELECT {columns}, -1 AS {FILE_COLUMN}, file_row_number AS {ORDER_COLUMN} "
            f"FROM {scan(path, numbered=True)} UNION ALL {new_rows}"
        )

    def _part_rows(self, table: str) -> str:
        """Return the SQL of the rows of a table's parts, dated by their file where they are not."""
        types = _part_types(table)
        folder = self._work / "parts" / table
        if not any(folder.glob("*.parquet")):
            columns = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in types.items())
            return f"SELECT {columns}, 0 AS {FILE_COLUMN}, 0 AS {ORDER_COLUMN} WHERE false"
        dated = {"observed_at": "coalesce(observed_at, moment) AS observed_at"}
        columns = ", ".join(dated.get(name, name) for name in types)
        return (
            f"SELECT {columns}, {FILE_COLUMN}, {ORDER_COLUMN} "
            f"FROM {scan(folder / '*.parquet')} JOIN moments USING ({FILE_COLUMN})"
        )

    def _small_table(self, table: str, key: tuple[str, ...]) -> pd.DataFrame:
        """Merge the rows of a small table by its key: of each column the value known last."""
        names = PART_SPECS[table].names
        if table == "partnerships":
            self._note_outcomes()
        apart = (*key, *FEE_COLUMNS, OUTCOME_READ_AT)
        columns = [OUTCOME_MOMENT] if OUTCOME_READ_AT in names else []
        columns += [latest(name) for name in names if name not in apart]
        fee = ", ".join(f"'{name}': {name}" for name in FEE_COLUMNS)
        columns.append(
            f"arg_max({{{fee}}}, rank) FILTER (coalesce(fee_usd, fee) IS NOT NULL) AS price"
        )
        apart_columns = {name: f"price.{name} AS {name}" for name in FEE_COLUMNS}
        apart_columns[OUTCOME_READ_AT] = READ_SINCE_START
        selected = [apart_columns.get(name, name) for name in names]
        keys = ", ".join(key)
        rows = self._con.sql(
            f"SELECT {', '.join(selected)} FROM (SELECT {keys}, {', '.join(columns)} "
            f"FROM ({ranked(linked(table))}) GROUP BY ALL) ORDER BY {keys}"
        )
        return rows.to_arrow_table().to_pandas()

    def _note_outcomes(self) -> None:
        """Note partnerships that have several outcomes or fees, read at any moment."""
        columns = CONFLICT_COLUMNS["partnerships"]
        grouped = ", ".join(f"{extremes(column)}, {latest(column)}" for column in columns)
        self._con.execute(
            "CREATE TABLE outcomes AS SELECT max(platform) AS platform, partnership_id AS id, "
            f"{grouped} FROM ({ranked(linked('partnerships'))}) GROUP BY partnership_id"
        )
        self._conflicts.add_from("outcomes", "partnerships", columns)


def _connect(work: Path, memory_gb: float) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(
        config={
            "memory_limit": f"{memory_gb}GB",
            "temp_directory": str(work / "spilled"),
            "autoinstall_known_extensions": False,
            "threads": 2,
        }
    )
    con.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return con


def _part_types(table: str) -> dict[str, str]:
    """Return the columns of a table's parts -> their SQL types."""
    columns = {column.name: column for column in PART_SPECS[table].columns}
    return {name: sql_type(columns.get(name)) for name in part_columns(table)}
