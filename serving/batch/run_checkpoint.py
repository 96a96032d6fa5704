"""The checkpoint of a run: opened, begun or resumed, and kept where the run can be resumed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from models.cluster import ClusterError
from serving.batch.checkpoint import Checkpoint
from serving.batch.errors import BatchError
from serving.batch.open_list import content_digest
from serving.batch.options import STDIO, BatchOptions
from serving.batch.run_report import ProgressReporter

_RESUME = "what was done is kept: run it again with --resume"
#: Version of what a checkpoint's files hold; a run of another version cannot be resumed.
CHECKPOINT_FORMAT = 4
#: What is said of a list that is no longer what it was when the run began.
LIST_CHANGED = (
    "was changed while it was scored: no answers were written; run it again when nothing writes "
    "to it"
)


@contextmanager
def open_checkpoint(out: Path) -> Iterator[Checkpoint]:
    """Open the checkpoint of the answers `out` as a context.

    It is removed at the end, except where the run was stopped after its first chunk by Ctrl-C, a
    fault of the disk or a lost cluster. Raises BatchError where the disk fails.
    """
    if str(out) == STDIO:
        with (
            tempfile.TemporaryDirectory() as temporary,
            Checkpoint(out, Path(temporary)) as checkpoint,
        ):
            yield checkpoint
        return
    folder = out.with_name(f".{out.name}.work")
    try:
        with Checkpoint(out, folder) as checkpoint, _kept_if_resumable(checkpoint):
            yield checkpoint
    except OSError as error:
        remedy = "; what was done is kept: make room and run it again with --resume"
        kept = remedy if folder.exists() else ""
        raise BatchError(
            f"{str(out)!r} cannot be written: {error.strerror or error}{kept}"
        ) from error


@contextmanager
def _kept_if_resumable(checkpoint: Checkpoint) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        is_resumable = (
            isinstance(error, KeyboardInterrupt | OSError | ClusterError)
            and len(checkpoint.lines) > 1
        )
        if checkpoint.is_owned and not is_resumable:
            checkpoint.discard()
        if is_resumable and isinstance(error, ClusterError):
            raise ClusterError(f"{error}; {_RESUME}") from error
        if is_resumable and isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"stopped; {_RESUME}") from error
        raise
    checkpoint.discard()


def begin_or_resume(
    checkpoint: Checkpoint,
    manifest: dict,
    as_of: pd.Timestamp | None,
    options: BatchOptions,
    reporter: ProgressReporter,
) -> pd.Timestamp:
    """Begin a run, or resume the unfinished one; return the moment of its forecasts.

    `manifest`: of `run_manifest`; `as_of`: None is now, or the moment of the run that is resumed.
    Raises BatchError where the unfinished run is of something else.
    """
    earlier = checkpoint.manifest if options.resume else None
    if as_of is None:
        as_of = pd.Timestamp(earlier["as_of"]) if earlier else pd.Timestamp.now(tz="UTC")
    manifest = {**manifest, "as_of": as_of.isoformat()}
    if earlier:
        checkpoint.resume(manifest)
        rows = sum(line.figures["read"] for line in checkpoint.lines[1:])
        reporter.notify(f"taken up after {rows:,} rows, as of {as_of}")
        return as_of
    if not checkpoint.is_owned:
        reporter.notify(
            "an unfinished run of these answers is started anew; --resume would have taken it up"
        )
    elif options.resume:
        reporter.notify("there is no unfinished run to take up: it starts from the beginning")
    checkpoint.begin(manifest)
    return as_of


def run_manifest(input_digest: str, model: str, options: BatchOptions, chunk_rows: int) -> dict:
    """Return all that answers depend on but the moment. `model`: bundle version and engine."""
    return {
        "format": CHECKPOINT_FORMAT,
        "input": input_digest,
        "options": {**options.as_json(), "chunk_rows": chunk_rows},
        "model": model,
        "tables": options.inputs_digest,
    }


def check_content(checkpoint: Checkpoint, source: Path, named: bool) -> None:
    """Raise BatchError where the list holds something else than at the beginning, although no time
    of change says so.
    """
    manifest = checkpoint.manifest or {}
    if content_digest(source, named) != manifest.get("input"):
        raise BatchError(f"{str(source)!r} {LIST_CHANGED}")
