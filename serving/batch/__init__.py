"""Lists in, files out: every row back, scored or rejected with its reasons, however long the list."""

from serving.batch.faults import BatchError
from serving.batch.options import STANDARD, Options, quantiles_of
from serving.batch.run import Tally, Watcher, score_file

__all__ = ["STANDARD", "BatchError", "Options", "Tally", "Watcher", "quantiles_of", "score_file"]
