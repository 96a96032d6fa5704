"""Reads spreadsheets into parts, through `features.sheets`."""

from features.sources.faults import SourceError
from features.sources.job import Job


def read(job: Job) -> None:
    raise SourceError(f"{str(job.path)!r} is no JSON")
