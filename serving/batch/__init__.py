"""Lists in, files out: every row back, scored or rejected with its reasons, however long the list."""

from serving.batch.faults import BatchError
from serving.batch.options import STANDARD, Options, column_names, quantiles_of
from serving.batch.run import Tally, Watcher, score_file

__all__ = ["STANDARD", "BatchError", "Options", "Tally", "Watcher", "column_names", "quantiles_of", "score_file"]
