"""The features of a data folder whose posts do not fit in memory: split by account, derived part by
part.

DuckDB splits the tables into parts of whole accounts, in the order of a hash of their names; each
part is validated and derived as a folder of its own, and the rows are put back into the order of
the creators table. The market is fitted to as many accounts of that order as fill one part: to all
of them where the folder is that small. Neither the sample nor anything else that comes out depends
on the number of parts.

But: partnerships are not read, and not checked; no feature asked for without a deal comes of them.
"""

import glob
import math
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from features.derive.derive import derive
from features.derive.reference import Reference, fit_reference
from features.errors import CreatorcastError
from features.files.change_guard import require_unchanged
from features.files.formula_escape import escape_formula_sql, unescape_formula_frame
from features.files.parquet import ParquetError, open_parquet, readable_columns
from features.files.regular import check_regular
from features.history.history import History
from features.tables.folder import find_table_file, read_dataset_json
from features.tables.frames import (
    CSV_OPTIONS,
    TOO_MANY_FIELDS,
    DataFolderError,
    unreadable_file_error,
)
from features.tables.model import Tables
from features.tables.schema import TABLE_SPECS
from features.tables.validate import InvalidTables, TableFault, validate

#: Rows of each table that a part holds, about 3 GB at work; fewer posts where a row of them is
#: larger than usual.
PARTITION_ROWS = {"creators": 50_000, "followers": 8_000_000, "posts": 2_000_000}
TYPICAL_ROW_BYTES = 300
#: Rows converted or written at a time.
CHUNK_ROWS = 100_000
#: Shares of the time that are over when a stage begins, as measured with 100 million posts.
PLACING, SPLITTING, COMPARING, FITTING, DERIVING, WRITING = 0.01, 0.02, 0.18, 0.19, 0.21, 0.99
#: Faults after which no further part is checked.
MAX_TABLE_FAULTS = 100_000
#: Columns that the split adds: a row's number in its file from 0, and whether its account belongs
#: to the sample.
ROW_COLUMN, SAMPLED_COLUMN = "file_row", "sampled"
COPY_OPTIONS = "FORMAT parquet, PARTITION_BY (part)"
WHITESPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))

Progress = Callable[[str, float], None]


class PartitionError(CreatorcastError):
    """The features of a folder cannot be derived or written: the place, the memory or the disk does
    not allow it.
    """


@dataclass(frozen=True)
class TableSource:
    """One table as a Parquet file: the columns of it that the schema knows, and how many rows of it
    fill a part.
    """

    name: str
    path: Path
    columns: tuple[str, ...]
    part_rows: int


@dataclass(frozen=True)
class PartitionedFolder:
    """Tables split into `parts` of whole accounts, in folder/table/part=N/.

    The sample lies in the first `sample_parts`; `sample_is_first` says that the first part is the
    sample.
    """

    folder: Path
    meta: dict
    parts: int
    sample_parts: int
    sample_is_first: bool


@dataclass(frozen=True)
class Partition:
    """Tables of some accounts, and `rows`: where each of their rows stands in its file, from 0, by
    table.
    """

    tables: Tables
    rows: dict[str, np.ndarray]

    def validate(self) -> "Partition":
        """Check the tables; raises InvalidTables, whose rows are those of the files."""
        try:
            return Partition(validate(self.tables), self.rows)
        except InvalidTables as error:
            faults = [
                f if f.row < 0 else replace(f, row=int(self.rows[f.table][f.row]))
                for f in error.faults
            ]
            raise InvalidTables(faults) from None


def derive_folder(
    data: Path | str,
    as_of: pd.Timestamp,
    out: Path | str,
    parts: int | None = None,
    memory_gb: float = 4.0,
    progress: Progress = lambda what, share: None,
) -> int:
    """Derive the features of every account of the folder `data` as of a moment into `out`, .parquet
    or .csv.

    A row is an account of the creators table, in its order: creator_id, platform, and the columns
    of `derive`. The market is fitted to a sample of accounts, those of the first part by default.
    Gives the number of accounts.

    - `as_of`: a moment with its time zone
    - `parts`: into how many parts to split, by default as many as PARTITION_ROWS needs
    - `memory_gb`: what DuckDB may take to split and to sort; a part takes about 3 GB after that
    - `progress` is called with what begins and the share done, 0 to 1

    Temporary files, up to twice as large as the tables, lie beside `out` and are removed whatever
    happens; `out` is there whole or not at all. Raises DataFolderError, InvalidTables with the
    faults of all parts (once there are MAX_TABLE_FAULTS, further parts are not checked),
    TooLittleData, and PartitionError where memory or disk do not suffice.
    """
    data, out = Path(data), Path(out)
    files = _table_files(data)
    _refuse(out, parts, files)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as work:
            with require_unchanged(*files.values()):  # which are read several times
                split = _split_folder(data, files, Path(work), parts, memory_gb, progress)
            derived = Path(work) / "derived"
            accounts = _derive_parts(split, as_of.tz_convert("UTC"), derived, progress)
            progress("writing", WRITING)
            os.replace(_write_sorted(derived, Path(work) / f"features{out.suffix}", memory_gb), out)
    except duckdb.OutOfMemoryException as error:
        raise PartitionError(
            f"{memory_gb} GB are too little to split {str(data)!r}: allow more memory_gb ({_first_line(error)})"
        ) from error
    except (OSError, duckdb.Error) as error:
        raise PartitionError(
            f"{str(out)!r} cannot be made: {_first_line(error)}; it needs a folder with room for twice the tables' size"
        ) from error
    progress("done", 1.0)
    return accounts


def partition_folder(
    data: Path, work: Path, parts: int, memory_gb: float = 4.0
) -> PartitionedFolder:
    """Split a data folder into parts of whole accounts, in the folder `work`; raises as
    `derive_folder` does.
    """
    try:
        return _split_folder(
            Path(data), _table_files(Path(data)), work, parts, memory_gb, lambda what, share: None
        )
    except (OSError, duckdb.Error) as error:
        raise PartitionError(
            f"{str(data)!r} cannot be split in {str(work)!r}: {_first_line(error)}"
        ) from error


def partition_history(split: PartitionedFolder, number: int, horizon_days: int) -> History:
    """Return the history of the accounts of a part."""
    return History.from_tables(_validated(_read(split, [number]), split).tables, horizon_days)


def _refuse(out: Path, parts: int | None, files: dict[str, Path]) -> None:
    if out.suffix not in (".parquet", ".csv"):
        raise PartitionError(f"{str(out)!r} has an unknown ending: expected .csv or .parquet")
    if parts is not None and parts < 1:
        raise PartitionError(f"{parts!r} parts: expected at least 1")
    if out.resolve() in [path.resolve() for path in files.values()]:
        raise PartitionError(
            f"{str(out)!r} is a table of the data: name another file for the features"
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


# --- the tables, as Parquet files whose columns are known ---


def _table_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataFolderError(
            f"{str(folder)!r} is no folder: expected one with creators.parquet or creators.csv"
        )
    found = {name: find_table_file(folder, name) for name in PARTITION_ROWS}
    files = {name: file for name, file in found.items() if file is not None}
    if "creators" not in files:
        raise DataFolderError(f"{str(folder)!r} holds no creators.parquet or creators.csv")
    return files


def _source(name: str, path: Path, work: Path) -> TableSource:
    """Read a table's columns and size; CSV becomes Parquet, as text, first."""
    if path.suffix == ".csv":
        path = _csv_as_parquet(path, work / f"{name}.parquet")
    try:
        with open_parquet(path) as file:
            found, known = file.metadata, readable_columns(path, file, TABLE_SPECS[name].names)
    except ParquetError as error:
        raise DataFolderError(str(error)) from error
    size = sum(found.row_group(group).total_byte_size for group in range(found.num_row_groups))
    larger = max(1.0, size / max(found.num_rows, 1) / TYPICAL_ROW_BYTES) if name == "posts" else 1.0
    return TableSource(name, path, tuple(known), math.ceil(PARTITION_ROWS[name] / larger))


def _csv_as_parquet(path: Path, to: Path) -> Path:
    """Convert a CSV file, every field as text, an empty one as missing. Raises DataFolderError."""
    writer = None
    try:
        check_regular(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            with pd.read_csv(path, **CSV_OPTIONS, chunksize=CHUNK_ROWS) as chunks:
                for chunk in map(unescape_formula_frame, chunks):
                    table = pa.Table.from_pandas(chunk, preserve_index=False)
                    writer = writer or pq.ParquetWriter(to, table.schema, compression="zstd")
                    writer.write_table(table)
    except pd.errors.ParserWarning as error:
        raise DataFolderError(TOO_MANY_FIELDS.format(str(path))) from error
    except (OSError, UnicodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise unreadable_file_error(path, error) from error
    finally:
        if writer:
            writer.close()
    return to


# --- the split ---


def _split_folder(
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
    sources = {name: _source(name, path, work) for name, path in files.items()}
    validate(
        Tables(
            **{name: pd.DataFrame(columns=source.columns) for name, source in sources.items()},
            meta=meta,
        )
    )
    (work / "split").mkdir()
    with _connect(work, memory_gb) as con:
        progress("placing accounts", PLACING)
        _place_accounts(con, sources, parts)
        found = con.execute(
            "SELECT coalesce(max(part), 0) + 1, coalesce(max(part) FILTER (load < 1), 0) + 1, "
            "coalesce(bool_and((part = 0) = (load < 1)), true) FROM accounts"
        ).fetchone()
        split = PartitionedFolder(work / "split", meta, *found)
        for name, source in sources.items():
            progress(f"splitting {name}", SPLITTING)
            _split_table(con, source, split)
        if split.parts > 1 and "posts" in sources:
            progress("comparing posts of different parts", COMPARING)
            shared = _gather_shared(con, split, work / "shared")
            _validated(_read(shared, [0]), split)
    return split


def _connect(work: Path, memory_gb: float) -> duckdb.DuckDBPyConnection:
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
        "CREATE MACRO stripped(x) AS CASE WHEN regexp_matches(x::VARCHAR, '^[!-~](.*[!-~])?$') THEN x::VARCHAR "
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
        name: f"(SELECT stripped(creator_id) AS creator_id, stripped(platform) AS platform, count(*) AS {name} "
        f"FROM {_scan(source.path)} GROUP BY ALL)"
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
        f"CREATE TABLE accounts AS SELECT creator_id, platform, load, ({part})::BIGINT AS part FROM ("
        f"SELECT creator_id, platform, greatest({', '.join(filled)}) AS load FROM {counts['creators']}{others} "
        "WHERE creator_id <> '' AND platform <> '' WINDOW earlier AS "
        "(ORDER BY md5(platform || '/' || creator_id) ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))"
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
        f"COPY (SELECT {columns}file_row_number AS {ROW_COLUMN}, coalesce(load < 1, {spread} = 0) AS {SAMPLED_COLUMN}, "
        f"coalesce(part, {spread}) AS part "
        f"FROM {_scan(source.path, ', file_row_number = true')} AS source LEFT JOIN accounts "
        "ON accounts.creator_id = stripped(source.creator_id) AND accounts.platform = stripped(source.platform)) "
        f"TO {_quoted(split.folder / source.name)} ({COPY_OPTIONS})"
    )


def _gather_shared(
    con: duckdb.DuckDBPyConnection, split: PartitionedFolder, folder: Path
) -> PartitionedFolder:
    """Copy posts whose platform and post_id stand in several parts, and their creators, into
    `folder` as one part.

    Their keys are told by a hash: one that other posts share by chance does no harm.
    """
    posts, creators = (
        _scan(split.folder / name, ", hive_partitioning = true", "/*/*.parquet")
        for name in ("posts", "creators")
    )
    key = "hash(stripped(platform), stripped(post_id))"
    con.execute(
        f"CREATE TABLE shared AS SELECT {key} AS key FROM {posts} WHERE post_id IS NOT NULL GROUP BY key "
        f"HAVING min(part) <> max(part) LIMIT {MAX_TABLE_FAULTS}"
    )
    folder.mkdir()
    if con.execute("SELECT count(*) FROM shared").fetchone()[0]:
        chosen = f"SELECT * EXCLUDE (part), 0 AS part FROM {posts} WHERE {key} IN (FROM shared)"
        owners = f"SELECT stripped(creator_id) FROM {posts} WHERE {key} IN (FROM shared)"
        theirs = f"SELECT * EXCLUDE (part), 0 AS part FROM {creators} WHERE stripped(creator_id) IN ({owners})"
        for name, query in (("posts", chosen), ("creators", theirs)):
            con.execute(f"COPY ({query}) TO {_quoted(folder / name)} ({COPY_OPTIONS})")
    return replace(split, folder=folder, parts=1)


def _scan(path: Path, options: str = "", pattern: str = "") -> str:
    """Return the SQL that reads a Parquet file, or the files in a folder that fit a pattern."""
    return f"read_parquet({_quoted(glob.escape(str(path)) + pattern)}{options})"


def _quoted(text: Path | str) -> str:
    return "'" + str(text).replace("'", "''") + "'"


# --- part by part ---


def _derive_parts(
    split: PartitionedFolder, as_of: pd.Timestamp, folder: Path, progress: Progress
) -> int:
    """Write the features of each part into `folder`, with ROW; return the number of accounts."""
    folder.mkdir()
    progress("fitting the market", FITTING)
    part = _validated(_read(split, range(split.sample_parts), sample=True), split)
    history = History.from_tables(part.tables)
    reference = fit_reference(history, as_of)
    accounts = 0
    for number in range(split.parts):
        progress(
            f"part {number + 1:,} of {split.parts:,}",
            DERIVING + (WRITING - DERIVING) * number / split.parts,
        )
        if number > 0 or not split.sample_is_first:
            del part, history
            part = _validated(_read(split, [number]), split)
            history = History.from_tables(part.tables)
        if len(part.tables.creators):
            found = _derive_part(part, history, as_of, reference)
            found.to_parquet(folder / f"{number}.parquet", index=False)
            accounts += len(found)
    return accounts


def _derive_part(
    part: Partition, history: History, as_of: pd.Timestamp, reference: Reference
) -> pd.DataFrame:
    """Derive a row for each account of a part; ROW is where the account first stands in creators."""
    accounts = part.tables.creators[["creator_id", "platform"]].drop_duplicates()
    rows = part.rows["creators"][accounts.index]
    accounts = accounts.reset_index(drop=True)
    found = derive(history, accounts.assign(as_of=as_of, start_at=as_of), reference)
    return pd.concat([accounts, found], axis=1).assign(**{ROW_COLUMN: rows})


def _read(split: PartitionedFolder, parts: Iterable[int], sample: bool = False) -> Partition:
    """Read parts as one, in the order of their files; of the `sample` alone where that is asked."""
    frames, rows = {}, {}
    for name in PARTITION_ROWS:
        folders = [split.folder / name / f"part={number}" for number in parts]
        files = [str(file) for folder in folders for file in sorted(folder.glob("*.parquet"))]
        if files:
            frames[name], rows[name] = _read_rows(files, sample)
    return Partition(Tables(**frames, meta=split.meta), rows)


def _read_rows(files: list[str], sample: bool) -> tuple[pd.DataFrame, np.ndarray]:
    table = ds.dataset(files).to_table(filter=ds.field(SAMPLED_COLUMN) if sample else None)
    rows = table[ROW_COLUMN].to_numpy()
    frame = table.drop_columns([ROW_COLUMN, SAMPLED_COLUMN]).to_pandas()
    if (np.diff(rows) < 0).any():
        order = np.argsort(rows)
        frame, rows = frame.iloc[order].reset_index(drop=True), rows[order]
    return frame, rows


def _validated(part: Partition, split: PartitionedFolder) -> Partition:
    """Check a part; raises InvalidTables with the faults of all parts where it has any."""
    try:
        return part.validate()
    except InvalidTables as error:
        faults = list(error.faults)
    for number in range(split.parts):
        if len(faults) < MAX_TABLE_FAULTS:
            try:
                _read(split, [number]).validate()
            except InvalidTables as error:
                faults += error.faults
    raise InvalidTables(_once(faults))


def _once(faults: list[TableFault]) -> list[TableFault]:
    """Return each fault once, in the order in which validate gives them."""
    tables = list(TABLE_SPECS)
    different = {
        (fault.table, fault.row, fault.column, fault.rule): fault for fault in faults
    }.values()
    return sorted(different, key=lambda fault: (tables.index(fault.table), fault.row, fault.column))


def _write_sorted(folder: Path, to: Path, memory_gb: float) -> Path:
    """Write the rows of all parts in the order of ROW into one file."""
    form = (
        "FORMAT csv, HEADER"
        if to.suffix == ".csv"
        else f"FORMAT parquet, ROW_GROUP_SIZE {CHUNK_ROWS}"
    )
    with _connect(folder, memory_gb) as con:
        ids = (
            f" REPLACE ({escape_formula_sql('creator_id')})" if to.suffix == ".csv" else ""
        )  # the one text of anybody's
        rows = f"SELECT * EXCLUDE ({ROW_COLUMN}){ids} FROM {_scan(folder, pattern='/*.parquet')} ORDER BY {ROW_COLUMN}"
        con.execute(f"COPY ({rows}) TO {_quoted(to)} ({form})")
    return to
