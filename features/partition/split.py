"""The split of a data folder into parts of whole accounts, by DuckDB, in bounded memory.

Accounts are placed in the order of a hash of their names, so that the parts, and the sample that
the market is fitted to, do not depend on the order of any file.
"""

import glob
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd

from features.partition.parts import (
    MAX_TABLE_FAULTS,
    ROW_COLUMN,
    SAMPLED_COLUMN,
    PartitionedFolder,
    read_parts,
    validate_part,
)
from features.partition.table_sources import TableSource, read_source
from features.tables.folder import read_dataset_json
from features.tables.model import Tables
from features.tables.validate import validate

COPY_OPTIONS = "FORMAT parquet, PARTITION_BY (part)"
WHITESPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))

Progress = Callable[[str, float], None]
#: Shares of the time that are over when a stage of the split begins, as measured with 100 million
#: posts.
PLACING, SPLITTING, COMPARING = 0.01, 0.02, 0.18


def split_folder(
    data: Path,
    files: dict[str, Path],
    work: Path,
    parts: int | None,
    memory_gb: float,
    progress: Progress,
) -> PartitionedFolder:
    """Split the tables of `data` into `work`/split; raises InvalidTables where a required column is
    missing.
    """
    progress("reading", 0.0)
    meta = read_dataset_json(data)
    sources = {name: read_source(name, path, work) for name, path in files.items()}
    empty = {name: pd.DataFrame(columns=source.columns) for name, source in sources.items()}
    validate(Tables(**empty, meta=meta))
    (work / "split").mkdir()
    with connect(work, memory_gb) as con:
        progress("placing accounts", PLACING)
        _place_accounts(con, sources, parts)
        counts = con.execute(
            "SELECT coalesce(max(part), 0) + 1, coalesce(max(part) FILTER (load < 1), 0) + 1, "
            "coalesce(bool_and((part = 0) = (load < 1)), true) FROM accounts"
        ).fetchall()
        split = PartitionedFolder(work / "split", meta, *counts[0])
        for name, source in sources.items():
            progress(f"splitting {name}", SPLITTING)
            _split_table(con, source, split)
        if split.parts > 1 and "posts" in sources:
            progress("comparing posts of different parts", COMPARING)
            shared = _gather_shared(con, split, work / "shared")
            validate_part(read_parts(shared, [0]), split)
    return split


def connect(work: Path, memory_gb: float) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(
        config={
            "memory_limit": f"{memory_gb}GB",
            "temp_directory": str(work / "spilled"),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
    )
    con.execute("SET VARIABLE spaces = $1", [WHITESPACE])
    # strips as validate does; the pattern spares nearly all the trim, which is slow
    con.execute(
        "CREATE MACRO stripped(x) AS "
        "CASE WHEN regexp_matches(x::VARCHAR, '^[!-~](.*[!-~])?$') THEN x::VARCHAR "
        "ELSE trim(x::VARCHAR, getvariable('spaces')) END"
    )
    return con


def _place_accounts(
    con: duckdb.DuckDBPyConnection, sources: dict[str, TableSource], parts: int | None
) -> None:
    """Make the table `accounts`: creator_id, platform, `load` and `part`.

    `load` is how many parts are filled by the accounts before this one in the order of MD5, a hash
    that is the same under every version of everything.
    """
    counts = {
        name: "(SELECT stripped(creator_id) AS creator_id, stripped(platform) AS platform, "
        f"count(*) AS {name} FROM {scan_sql(source.path)} GROUP BY ALL)"
        for name, source in sources.items()
    }
    others = "".join(
        f" LEFT JOIN {counts[name]} USING (creator_id, platform)"
        for name in counts
        if name != "creators"
    )
    filled = (
        f"coalesce(sum({name}) OVER earlier, 0) / {source.part_rows}"
        for name, source in sources.items()
    )
    part = "floor(load)" if parts is None else f"floor(load / (max(load) OVER () + 1e-9) * {parts})"
    con.execute(
        "CREATE TABLE accounts AS "
        f"SELECT creator_id, platform, load, ({part})::BIGINT AS part FROM ("
        f"SELECT creator_id, platform, greatest({', '.join(filled)}) AS load "
        f"FROM {counts['creators']}{others} "
        "WHERE creator_id <> '' AND platform <> '' WINDOW earlier AS "
        "(ORDER BY md5(platform || '/' || creator_id) "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))"
    )


def _split_table(
    con: duckdb.DuckDBPyConnection, source: TableSource, split: PartitionedFolder
) -> None:
    """Write each row of a table into the part of its account; rows of no account are spread over
    the parts.
    """
    columns = "".join(f'source."{name}", ' for name in source.columns)
    spread = f"file_row_number % {split.parts}"
    con.execute(
        f"COPY (SELECT {columns}file_row_number AS {ROW_COLUMN}, "
        f"coalesce(load < 1, {spread} = 0) AS {SAMPLED_COLUMN}, "
        f"coalesce(part, {spread}) AS part "
        f"FROM {scan_sql(source.path, ', file_row_number = true')} AS source LEFT JOIN accounts "
        "ON accounts.creator_id = stripped(source.creator_id) "
        "AND accounts.platform = stripped(source.platform)) "
        f"TO {quote_sql(split.folder / source.name)} ({COPY_OPTIONS})"
    )


def _gather_shared(
    con: duckdb.DuckDBPyConnection, split: PartitionedFolder, folder: Path
) -> PartitionedFolder:
    """Copy posts whose platform and post_id stand in several parts, and their creators, into
    `folder` as one part.

    Their keys are compared by a hash: one that other posts share by chance does no harm.
    """
    posts, creators = (
        scan_sql(split.folder / name, ", hive_partitioning = true", "/*/*.parquet")
        for name in ("posts", "creators")
    )
    key = "hash(stripped(platform), stripped(post_id))"
    con.execute(
        f"CREATE TABLE shared AS SELECT {key} AS key FROM {posts} "
        "WHERE post_id IS NOT NULL GROUP BY key "
        f"HAVING min(part) <> max(part) LIMIT {MAX_TABLE_FAULTS}"
    )
    folder.mkdir()
    if con.execute("SELECT count(*) FROM shared").fetchall()[0][0]:
        chosen = f"SELECT * EXCLUDE (part), 0 AS part FROM {posts} WHERE {key} IN (FROM shared)"
        owners = f"SELECT stripped(creator_id) FROM {posts} WHERE {key} IN (FROM shared)"
        theirs = (
            f"SELECT * EXCLUDE (part), 0 AS part FROM {creators} "
            f"WHERE stripped(creator_id) IN ({owners})"
        )
        for name, query in (("posts", chosen), ("creators", theirs)):
            con.execute(f"COPY ({query}) TO {quote_sql(folder / name)} ({COPY_OPTIONS})")
    return replace(split, folder=folder, parts=1)


def scan_sql(path: Path, options: str = "", pattern: str = "") -> str:
    """Return the SQL that reads a Parquet file, or the files in a folder that fit a pattern."""
    return f"read_parquet({quote_sql(glob.escape(str(path)) + pattern)}{options})"


def quote_sql(text: Path | str) -> str:
    return "'" + str(text).replace("'", "''") + "'"
