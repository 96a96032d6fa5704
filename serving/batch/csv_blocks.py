"""A text file in blocks of whole lines, each with the numbers of its lines and where they stand.

No block holds half a record: a line with an odd number of quotes goes on in the next line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ingest.sheets.text_files import LONGEST_LINE
from serving.batch.errors import BatchError

BLOCK_BYTES = 1 << 23
#: Bytes that are read on for the end of a quoted field, which no field is longer than.
MAX_QUOTED_BYTES = 1 << 20
_LINE_FEED, _CARRIAGE_RETURN, _QUOTE = b'\n\r"'


@dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    `first`: the number of its first line, from 1; `starts`, `ends` (n,): bytes in `content` between
    which each line stands, without its end; `one_line_records`: no record goes over several lines.
    """

    content: bytes
    first: int
    starts: np.ndarray
    ends: np.ndarray
    one_line_records: bool

    @property
    def blank(self) -> np.ndarray:
        """Mark the empty lines, (n,)."""
        return self.starts == self.ends

    def line(self, number: int) -> str:
        """Return a line by its place in the block, from 0."""
        return self.content[self.starts[number] : self.ends[number]].decode("utf-8")

    def lines(self) -> Iterator[str]:
        """Yield all lines."""
        return (self.line(number) for number in range(len(self.starts)))


def read_blocks(path: Path, after: int, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield the lines after line `after`, about `size` bytes at a time.

    Raises BatchError for a line of more than LONGEST_LINE bytes.
    """
    first = after + 1
    with open(path, "rb") as file:
        for _ in range(after):
            file.readline()
        while content := file.read(size):
            content += file.readline(LONGEST_LINE + 1)
            block = _split_lines(content, first)
            _check_lengths(path, block)
            if not block.one_line_records and content.count(b'"') % 2:
                block = _split_lines(content + _rest_of_record(file), first)
            yield block
            first += len(block.starts)


def has_uniform_newlines(path: Path) -> bool:
    """Tell whether every line ends in a line feed, none in a carriage return alone, as those of old
    systems do.
    """
    held_back = b""
    with open(path, "rb") as file:
        while content := file.read(BLOCK_BYTES):
            content = held_back + content
            held_back = content[-1:] if content[-1] == _CARRIAGE_RETURN else b""
            content = content[: len(content) - len(held_back)]
            if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
                return False
    return not held_back


def _split_lines(content: bytes, first: int) -> Block:
    codes = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(codes == _LINE_FEED)
    if content[-1] != _LINE_FEED:
        ends = np.append(ends, len(content))
    starts = np.concatenate([[0], ends[:-1] + 1])
    quotes = np.flatnonzero(codes == _QUOTE)
    quotes_per_line = np.searchsorted(quotes, ends) - np.searchsorted(quotes, starts)
    returns = (ends > starts) & (codes[ends - 1] == _CARRIAGE_RETURN)
    return Block(content, first, starts, ends - returns, not (quotes_per_line % 2).any())


def _check_lengths(path: Path, block: Block) -> None:
    lengths = block.ends - block.starts
    longest = int(lengths.argmax())
    if lengths[longest] > LONGEST_LINE:
        raise BatchError(
            f"{str(path)!r} has more than {LONGEST_LINE:,} bytes in line "
            f"{block.first + longest:,}: no row is so long"
        )


def _rest_of_record(file: BinaryIO) -> bytes:
    """Read on to the end of the line that closes a quote; nothing where none does."""
    start, content = file.tell(), b""
    while line := file.readline():
        content += line
        if line.count(b'"') % 2:
            return content
        if len(content) > MAX_QUOTED_BYTES:
            break
    file.seek(start)
    return b""
