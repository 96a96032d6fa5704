"""Answers as a run keeps them until its list is done: an Arrow stream a chunk, one after the other.

Source: arrow.apache.org/docs/format/Columnar.html, "IPC Streaming Format".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def encode_stream(answers: pa.Table) -> bytes:
    """Return the answers of one chunk as a stream; no bytes where there are none."""
    if not len(answers):
        return b""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, answers.schema, options=_OPTIONS) as stream:
        stream.write_table(answers)
    return sink.getvalue().to_pybytes()


def decode_stream(answers: bytes) -> pa.Table:
    """Return the answers of one chunk that has some."""
    return pa.ipc.open_stream(answers).read_all()


@dataclass(frozen=True)
class AnswerStreams:
    """A file of streams; iterating over it reads one chunk at a time, from the first on."""

    path: Path

    def __iter__(self) -> Iterator[pa.Table]:
        with pa.OSFile(str(self.path)) as file:
            while file.tell() < file.size():
                yield pa.ipc.open_stream(file).read_all()
