"""A text file in blocks of whole lines, each with the numbers and places of its lines; none holds
half a record.

A line with an odd number of quotes goes on in the next one: a block in which there is one has
`plain` False.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.sheets.text_files import LONGEST_LINE
from serving.batch.errors import BatchError

BLOCK_BYTES = 1 << 23
#: Bytes that are read on for the end of a quoted field, which no field is longer than.
_FURTHER = 1 << 20
_NEWLINE, _RETURN, _QUOTE = b'\n\r"'


@dataclass(frozen=True)
class Block:
    """Whole lines of a file. `first`: the number of its first line; `starts`, `ends` (n,): where
    lines stand in it.
    """

    content: bytes
    first: int
    starts: np.ndarray
    ends: np.ndarray
    plain: bool

    @property
    def blank(self) -> np.ndarray:
        """Mark the empty lines, (n,)."""
        return self.starts == self.ends

    def line(self, number: int) -> str:
        """Give a line by its place in the block."""
        return self.content[self.starts[number] : self.ends[number]].decode("utf-8")

    def text(self) -> Iterator[str]:
        """Give all lines."""
        return (self.line(number) for number in range(len(self.starts)))


def read_blocks(path: Path, after: int, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """Give the lines after line `after`, about `size` bytes at a time. Raises BatchError where one
    is too long.
    """
    first = after + 1
    with open(path, "rb") as file:
        for _ in range(after):
            file.readline()
        while content := file.read(size):
            content += file.readline(LONGEST_LINE + 1)
            block = _block(content, first)
            if (block.ends - block.starts).max() > LONGEST_LINE:
                line = first + int((block.ends - block.starts).argmax())
                raise BatchError(
                    f"{str(path)!r} has more than {LONGEST_LINE:,} bytes in line {line:,}: no row is so long"
                )
            if not block.plain and block.content.count(b'"') % 2:
                block = _block(content + _rest_of_record(file), first)
            yield block
            first += len(block.starts)


def has_uniform_newlines(path: Path) -> bool:
    """Say whether all lines end in a line feed: none in the carriage return of old systems alone."""
    before = b""
    with open(path, "rb") as file:
        while content := file.read(BLOCK_BYTES):
            content = before + content
            before = content[-1:] if content[-1] == _RETURN else b""
            content = content[: len(content) - len(before)]
            if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
                return False
    return not before


def _block(content: bytes, first: int) -> Block:
    codes = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(codes == _NEWLINE)
    if content[-1] != _NEWLINE:
        ends = np.append(ends, len(content))
    starts = np.concatenate([[0], ends[:-1] + 1])
    quotes = np.flatnonzero(codes == _QUOTE)
    counts = np.searchsorted(quotes, ends) - np.searchsorted(quotes, starts)
    returned = (ends > starts) & (codes[ends - 1] == _RETURN)
    return Block(content, first, starts, ends - returned, not (counts % 2).any())


def _rest_of_record(file) -> bytes:
    """Read on to the end of the line that closes a quote; nothing where none does."""
    place, found = file.tell(), b""
    while line := file.readline():
        found += line
        if line.count(b'"') % 2:
            return found
        if len(found) > _FURTHER:
            break
    file.seek(place)
    return b""
