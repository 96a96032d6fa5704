"""The rows of a sheet on their way to the tables, checked by the rules of their columns."""

import numpy as np
import pandas as pd

from features.tables.schema import TABLE_SPECS
from features.tables.validate import clean_table
from ingest.exports.import_job import ImportJob
from ingest.exports.rejections import Rejection
from ingest.exports.row_faults import find_row_fault
from ingest.shapes.captions import add_caption_columns


class SheetTableRows:
    """Adds the rows of one chunk of a sheet to tables, and remembers the lines that it refuses.

    A line may have rows of two tables; its rejection is counted once.
    """

    def __init__(self, job: ImportJob):
        self._job = job
        self.refused_lines: set[int] = set()

    def add(self, table: str, rows: pd.DataFrame, lines: np.ndarray) -> None:
        """Add rows to a table, and reject those that break one of its rules.

        `rows` are numbered from 0; `lines` (n,): where they stand in the file.
        """
        spec = TABLE_SPECS[table]
        columns = [name for name in spec.names if name in rows]
        clean, faults = clean_table(rows[columns], spec)
        missing_column = next((fault.column for fault in faults if fault.row < 0), None)
        first_faults = {fault.row: fault for fault in reversed(faults) if fault.row >= 0}
        records = zip(clean[columns].to_dict("records"), rows["observed_at"], strict=True)
        for row, (record, observed_at) in enumerate(records):
            values = _known_values(record, observed_at)
            if table == "posts":
                add_caption_columns(values)
            place = self._job.place(f"line {lines[row]}")
            reason = find_row_fault(table, values, self._job.now)
            if row in first_faults:
                fault = first_faults[row]
                rejection = Rejection(place, fault.rule, fault.column, str(fault.value))
                self.reject(rejection, lines[row])
            elif reason or missing_column:
                self.reject(Rejection(place, reason or f"has no {missing_column}"), lines[row])
            else:
                self._job.add(table, values, place)

    def reject(self, rejection: Rejection, line: int) -> None:
        """Reject a row; a line that is refused already is written down, but not counted again."""
        self._job.reject(rejection, counted=line not in self.refused_lines)
        self.refused_lines.add(line)


def _known_values(record: dict, observed_at: pd.Timestamp) -> dict:
    """Return the values of a row that are known, times as datetime; observed_at is always there."""
    values = {
        name: value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
        for name, value in record.items()
        if not pd.isna(value)
    }
    values["observed_at"] = None if pd.isna(observed_at) else observed_at.to_pydatetime()
    return values
