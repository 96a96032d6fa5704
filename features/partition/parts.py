"""Parts of a data folder in memory: tables of whole accounts, read and validated."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

from features.partition.table_sources import PARTITION_ROWS
from features.tables.model import Tables
from features.tables.schema import TABLE_SPECS
from features.tables.validate import InvalidTables, TableFault, validate

#: Faults after which no further part is checked.
MAX_TABLE_FAULTS = 100_000
#: Columns that the split adds: a row's number in its file from 0, and whether its account belongs
#: to the sample.
ROW_COLUMN, SAMPLED_COLUMN = "file_row", "sampled"


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


def read_parts(split: PartitionedFolder, parts: Iterable[int], sample: bool = False) -> Partition:
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


def validate_part(part: Partition, split: PartitionedFolder) -> Partition:
    """Check a part; raises InvalidTables with the faults of all parts where it has any."""
    try:
        return part.validate()
    except InvalidTables as error:
        faults = list(error.faults)
    for number in range(split.parts):
        if len(faults) < MAX_TABLE_FAULTS:
            try:
                read_parts(split, [number]).validate()
            except InvalidTables as error:
                faults += error.faults
    raise InvalidTables(_distinct(faults))


def _distinct(faults: list[TableFault]) -> list[TableFault]:
    """Return each fault once, in the order in which validate gives them."""
    tables = list(TABLE_SPECS)
    different = {
        (fault.table, fault.row, fault.column, fault.rule): fault for fault in faults
    }.values()
    return sorted(different, key=lambda fault: (tables.index(fault.table), fault.row, fault.column))
