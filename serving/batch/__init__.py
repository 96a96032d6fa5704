"""Scoring of lists of any length: every row comes back, scored or rejected with its reasons."""

from serving.batch.errors import BatchError
from serving.batch.options import STDIO, BatchOptions, parse_column_names, parse_quantiles
from serving.batch.run_report import ProgressReporter, RunCounts
from serving.batch.runner import score_file

__all__ = [
    "STDIO",
    "BatchError",
    "BatchOptions",
    "ProgressReporter",
    "RunCounts",
    "parse_column_names",
    "parse_quantiles",
    "score_file",
]
