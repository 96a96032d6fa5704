"""The tables of a data folder as Parquet files whose columns and sizes are known."""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.files.formula_escape import unescape_formula_frame
from features.files.parquet import ParquetError, open_parquet, readable_columns
from features.files.regular import check_regular
from features.tables.folder import find_table_file
from features.tables.frames import (
    CSV_OPTIONS,
    TOO_MANY_FIELDS,
    DataFolderError,
    unreadable_file_error,
)
from features.tables.schema import TABLE_SPECS

#: Rows of each table that a part holds, about 3 GB at work; fewer posts where a row of them is
#: larger than usual.
PARTITION_ROWS = {"creators": 50_000, "followers": 8_000_000, "posts": 2_000_000}
TYPICAL_ROW_BYTES = 300
#: Rows converted or written at a time.
CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class TableSource:
    """One table as a Parquet file: the columns of it that the schema knows, and how many rows of it
    fill a part.
    """

    name: str
    path: Path
    columns: tuple[str, ...]
    part_rows: int


def table_files(folder: Path) -> dict[str, Path]:
    """Return the file of each table that a folder has. Raises DataFolderError without creators."""
    if not folder.is_dir():
        raise DataFolderError(
            f"{str(folder)!r} is no folder: expected one with creators.parquet or creators.csv"
        )
    files = {}
    for name in PARTITION_ROWS:
        file = find_table_file(folder, name)
        if file is not None:
            files[name] = file
    if "creators" not in files:
        raise DataFolderError(f"{str(folder)!r} holds no creators.parquet or creators.csv")
    return files


def read_source(name: str, path: Path, work: Path) -> TableSource:
    """Read a table's columns and size; CSV becomes Parquet, as text, first."""
    if path.suffix == ".csv":
        path = _csv_as_parquet(path, work / f"{name}.parquet")
    try:
        with open_parquet(path) as file:
            metadata = file.metadata
            columns = readable_columns(path, file, TABLE_SPECS[name].names)
    except ParquetError as error:
        raise DataFolderError(str(error)) from error
    row_groups = range(metadata.num_row_groups)
    size = sum(metadata.row_group(group).total_byte_size for group in row_groups)
    row_bytes = size / max(metadata.num_rows, 1)
    size_ratio = max(1.0, row_bytes / TYPICAL_ROW_BYTES) if name == "posts" else 1.0
    return TableSource(name, path, tuple(columns), math.ceil(PARTITION_ROWS[name] / size_ratio))


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
