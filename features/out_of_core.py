"""The features of a data folder whose posts do not fit in memory: split by account, derived part by
part.

DuckDB splits the tables into parts of whole accounts, in the order of a hash of their names; each
part is validated and derived as a folder of its own, and the rows are put back into the order of
the creators table. The market is fitted to as many accounts of that order as fill one part: to all
of them where the folder is that small. Neither the sample nor anything else that comes out depends
on the number of parts.

But: partnerships are not read, and not checked; no feature asked for without a deal comes of them.
"""

import os
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

from features.derive.derive import derive
from features.derive.fit_reference import fit_reference
from features.derive.reference import Reference
from features.errors import CreatorcastError, first_line
from features.files.change_guard import require_unchanged
from features.files.formula_escape import escape_formula_sql
from features.history.history import History
from features.partition.parts import (
    ROW_COLUMN,
    Partition,
    PartitionedFolder,
    read_parts,
    validate_part,
)
from features.partition.split import Progress, connect, quote_sql, scan_sql, split_folder
from features.partition.table_sources import CHUNK_ROWS, table_files

#: Shares of the time that are over when a stage begins, as measured with 100 million posts.
FITTING, DERIVING, WRITING = 0.19, 0.21, 0.99


class PartitionError(CreatorcastError):
    """The features of a folder cannot be derived or written: the place, the memory or the disk does
    not allow it.
    """


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
    Returns the number of accounts.

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
    files = table_files(data)
    _refuse(out, parts, files)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as work:
            with require_unchanged(*files.values()):  # which are read several times
                split = split_folder(data, files, Path(work), parts, memory_gb, progress)
            derived = Path(work) / "derived"
            accounts = _derive_parts(split, as_of.tz_convert("UTC"), derived, progress)
            progress("writing", WRITING)
            os.replace(_write_sorted(derived, Path(work) / f"features{out.suffix}", memory_gb), out)
    except duckdb.OutOfMemoryException as error:
        raise PartitionError(
            f"{memory_gb} GB are too little to split {str(data)!r}: allow more memory_gb "
            f"({first_line(error)})"
        ) from error
    except (OSError, duckdb.Error) as error:
        raise PartitionError(
            f"{str(out)!r} cannot be made: {first_line(error)}; it needs a folder with room for "
            "twice the tables' size"
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
        return split_folder(
            Path(data), table_files(Path(data)), work, parts, memory_gb, lambda what, share: None
        )
    except (OSError, duckdb.Error) as error:
        raise PartitionError(
            f"{str(data)!r} cannot be split in {str(work)!r}: {first_line(error)}"
        ) from error


def partition_history(split: PartitionedFolder, number: int) -> History:
    """Return the history of the accounts of a part."""
    return History.from_tables(validate_part(read_parts(split, [number]), split).tables)


def _refuse(out: Path, parts: int | None, files: dict[str, Path]) -> None:
    if out.suffix not in (".parquet", ".csv"):
        raise PartitionError(f"{str(out)!r} has an unknown ending: expected .csv or .parquet")
    if parts is not None and parts < 1:
        raise PartitionError(f"{parts!r} parts: expected at least 1")
    if out.resolve() in [path.resolve() for path in files.values()]:
        raise PartitionError(
            f"{str(out)!r} is a table of the data: name another file for the features"
        )


def _derive_parts(
    split: PartitionedFolder, as_of: pd.Timestamp, folder: Path, progress: Progress
) -> int:
    """Write the features of each part into `folder`, with ROW_COLUMN; return the number of
    accounts.
    """
    folder.mkdir()
    progress("fitting the market", FITTING)
    part = validate_part(read_parts(split, range(split.sample_parts), sample=True), split)
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
            part = validate_part(read_parts(split, [number]), split)
            history = History.from_tables(part.tables)
        if len(part.tables.creators):
            features = _derive_part(part, history, as_of, reference)
            features.to_parquet(folder / f"{number}.parquet", index=False)
            accounts += len(features)
    return accounts


def _derive_part(
    part: Partition, history: History, as_of: pd.Timestamp, reference: Reference
) -> pd.DataFrame:
    """Derive a row for each account of a part; ROW_COLUMN is where the account first stands in
    creators.
    """
    accounts = part.tables.creators[["creator_id", "platform"]].drop_duplicates()
    rows = part.rows["creators"][accounts.index]
    accounts = accounts.reset_index(drop=True)
    queries = accounts.assign(as_of=as_of, start_at=as_of)
    features = derive(history, queries, reference)
    return pd.concat([accounts, features], axis=1).assign(**{ROW_COLUMN: rows})


def _write_sorted(folder: Path, to: Path, memory_gb: float) -> Path:
    """Write the rows of all parts in the order of ROW_COLUMN into one file."""
    form = (
        "FORMAT csv, HEADER"
        if to.suffix == ".csv"
        else f"FORMAT parquet, ROW_GROUP_SIZE {CHUNK_ROWS}"
    )
    with connect(folder, memory_gb) as con:
        # creator_id is the one column of text that people outside wrote
        escaped = f" REPLACE ({escape_formula_sql('creator_id')})" if to.suffix == ".csv" else ""
        rows = (
            f"SELECT * EXCLUDE ({ROW_COLUMN}){escaped} "
            f"FROM {scan_sql(folder, pattern='/*.parquet')} ORDER BY {ROW_COLUMN}"
        )
        con.execute(f"COPY ({rows}) TO {quote_sql(to)} ({form})")
    return to
