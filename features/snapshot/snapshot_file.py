"""The file of a snapshot: its metadata, its digest, and a private copy mapped into memory."""

import contextlib
import hashlib
import json
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from features.derive.digest import reference_digest
from features.derive.feature_matrix import ACCOUNT_COLUMNS
from features.derive.reference import Reference
from features.derive.version import FEATURES_VERSION
from features.errors import CreatorcastError
from features.files.regular import open_regular

FORMAT_VERSION = 1
COPY_CHUNK_BYTES = 2**20
REMEDY = "write it anew with `creatorcast snapshot DATA --as-of DATE --out FILE`"


class SnapshotError(CreatorcastError):
    """A snapshot is missing, broken, or of another bundle."""


def parse_metadata(schema: pa.Schema) -> dict:
    """Read what a snapshot says of itself; raises ValueError where it says nothing."""
    text = (schema.metadata or {}).get(b"creatorcast")
    if text is None:
        raise ValueError("it does not say that it is one")
    return json.loads(text)


def read_metadata(path: Path | str) -> dict:
    """Read what a snapshot file says of itself, and nothing else of it. Raises SnapshotError."""
    with _snapshot_errors(path), open_regular(Path(path)) as file:
        meta = parse_metadata(pa.ipc.open_file(pa.PythonFile(file, "r")).schema)
    sound = (
        isinstance(meta, dict)
        and meta.get("format") == FORMAT_VERSION
        and meta.get("columns") == list(ACCOUNT_COLUMNS)
    )
    if not sound or not meta.keys() >= {
        "version",
        "as_of",
        "horizon_days",
        "topics",
        "reference",
        "sha256",
    }:
        raise SnapshotError(
            f"{str(path)!r} is a snapshot of another version of creatorcast: {REMEDY}"
        )
    return meta


def check_fits(meta: dict, reference: Reference, version: str) -> None:
    if (meta.get("features_version"), meta["reference"]) != (
        FEATURES_VERSION,
        reference_digest(reference),
    ):
        raise SnapshotError(
            f"the snapshot as of {meta['as_of'][:10]} was written for bundle {meta['version']!r}, "
            f"not for {version!r}, or by another version of creatorcast: {REMEDY}"
        )


def private_copy(path: Path | str) -> BinaryIO:
    """Copy a file to one without a name in the temporary folder. Raises SnapshotError where there
    is no room.
    """
    folder = tempfile.gettempdir()
    with _snapshot_errors(path):
        source = open_regular(Path(path))
    with source, contextlib.ExitStack() as unless_copied:
        try:
            copy = unless_copied.enter_context(tempfile.TemporaryFile(dir=folder))
            shutil.copyfileobj(source, copy, COPY_CHUNK_BYTES)
            copy.flush()
        except OSError as error:
            size = os.fstat(source.fileno()).st_size
            raise SnapshotError(
                f"{str(path)!r} cannot be copied to the temporary folder {folder!r}, "
                f"which takes {size:,} bytes: {error.strerror}: make room there, or name another "
                "folder by TMPDIR"
            ) from error
        unless_copied.pop_all()
    return copy


def map_batch(copy: BinaryIO, path: Path | str) -> tuple[pa.RecordBatch, mmap.mmap]:
    """Map the record batch of a copy into memory; raises SnapshotError where there is none."""
    with _snapshot_errors(path):
        mapped = mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ)
        batch = pa.ipc.open_file(pa.py_buffer(mapped)).get_batch(0)
        parse_metadata(batch.schema)
        batch.validate()
    return batch, mapped


@contextlib.contextmanager
def _snapshot_errors(path: Path | str) -> Iterator[None]:
    """Raise SnapshotError where a snapshot's file cannot be read."""
    try:
        yield
    except (OSError, ValueError, IndexError) as error:
        raise SnapshotError(
            f"{str(path)!r} is no snapshot, or was cut short ({error}): {REMEDY}"
        ) from error


def batch_digest(batch: pa.RecordBatch) -> str:
    """Return the sha256 of all that a snapshot holds, and of what it says of itself."""
    meta = {name: value for name, value in parse_metadata(batch.schema).items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for column in batch.columns:
        for buffer in column.buffers():
            digest.update(buffer if buffer is not None else b"")
    return digest.hexdigest()
