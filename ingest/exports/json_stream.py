"""The JSON values of a file, one at a time, in bounded memory: a document, an array, pages one
after another, or lines.

gzip and xz are read as they are, UTF-8 and UTF-16 with their marks. For a value that cannot be read
there is a `MalformedValue` where the next one can still be found (a bad line, a value too deep);
else the file is refused. But: not by ijson, which refuses NaN, integers beyond 64 bits and bytes
that are no UTF-8, stops at the first bad line, and takes 2.7 times as long.
"""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from pathlib import Path

from ingest.exports.decompress import CHUNK, ReadProgress, open_text
from ingest.exports.errors import SourceError

#: Characters that one value may have: a page, a line, an element of an array.
LONGEST = 128 << 20
#: An error this near to the end of what was read may come of the cut: more is read first.
NEAR_END = 16
#: Lines at the beginning that show whether a file is JSON Lines.
HEAD_LINES = 200
MARKS_AND_BLANKS = "\ufeff\x00 \t\r"
SPACE = re.compile(r"[ \t\r\n\ufeff\x00]*")
STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
TOO_DEEP = "is nested too deeply"
ENDS = "it ends in the middle"
WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


@dataclass(frozen=True)
class MalformedValue:
    """A value that is no JSON, or none that can be held: why, and its first characters."""

    reason: str
    excerpt: str


def read_json_values(
    path: Path, progress: ReadProgress = lambda done, total: None
) -> Iterator[tuple[str, object]]:
    """Yield (place, value) of each JSON value of a file: the lines, else the elements of an array,
    else documents.

    Raises SourceError where the file cannot be read, holds no JSON, or ends before its JSON does.
    """
    with open_text(path, progress) as stream:
        text = _Text(path, stream)
        if not text.peek():
            raise SourceError(f"{str(path)!r} is empty: expected an export with records")
        if _are_lines(text.head()):
            yield from _lines(text)
        else:
            yield from _documents(text)


def is_json_text(head: str) -> bool:
    """Return whether text begins like JSON, or holds lines that each are."""
    return head.lstrip(MARKS_AND_BLANKS + "\n")[:1] in ("{", "[") or _are_lines(head)


def _are_lines(head: str) -> bool:
    """Return whether text is JSON Lines, by its first lines: each is a value of its own, or the
    text does not begin with a document.
    """
    first_lines = head[:CHUNK].split("\n")[:HEAD_LINES]
    lines = [line for line in first_lines if line.strip(MARKS_AND_BLANKS)]
    if len(lines) < 2:
        return False
    if _value_of(lines[0]) is not None:
        return True
    if not _is_broken(head):
        return False
    whole_lines = lines if len(head) < CHUNK else lines[:-1]
    return any(isinstance(_value_of(line), dict | list) for line in whole_lines)


def _is_broken(head: str) -> bool:
    """Return whether text cannot be the beginning of documents that follow each other."""
    at = _skip_space(head, 0)
    try:
        while at < len(head):
            if head[at] not in "{[":
                return True
            _, end = JSONDecoder().raw_decode(head, at)
            at = _skip_space(head, end)
    except JSONDecodeError as error:
        return not _breaks_off(head, error.pos, error.msg)
    except (RecursionError, ValueError):
        return True
    return False


def _skip_space(text: str, at: int) -> int:
    """Return the position of the next character that is no space."""
    space = SPACE.match(text, at)
    return space.end() if space else at


def _value_of(line: str) -> object:
    """Return the value that a line is by itself, None where it is none."""
    try:
        return json.loads(line.strip(MARKS_AND_BLANKS))
    except (RecursionError, ValueError):
        return None


def _lines(text: "_Text") -> Iterator[tuple[str, object]]:
    """Yield the value of each line that is not blank."""
    for number, line in enumerate(text.lines(), start=1):
        stripped = line.strip(MARKS_AND_BLANKS + "\n")
        if stripped:
            yield f"line {number:,}", _read_line(stripped)


def _read_line(line: str) -> object:
    """Return the value of a line, MalformedValue where it has none."""
    if len(line) >= LONGEST:
        return MalformedValue(f"is longer than {LONGEST >> 20} million characters", line[:80])
    try:
        return json.loads(line)
    except JSONDecodeError as error:
        return MalformedValue(f"is no JSON: {error.msg} at character {error.pos + 1:,}", line[:80])
    except RecursionError:
        return MalformedValue(TOO_DEEP, line[:80])
    except ValueError as error:
        return MalformedValue(f"is no JSON that can be held: {_first_words(error)}", line[:80])


def _documents(text: "_Text") -> Iterator[tuple[str, object]]:
    """Yield the elements of arrays, and other documents whole, as they follow each other."""
    number = 0
    while text.peek():
        if text.peek() == "[":
            yield from _elements(text, number)
        else:
            yield f"document {number + 1}", text.value()
        number += 1


def _elements(text: "_Text", document: int) -> Iterator[tuple[str, object]]:
    """Yield the elements of an array; `document`: the number of documents before it."""
    text.take("[")
    number = 0
    within = f"document {document + 1}, " if document else ""
    while text.peek() != "]":
        if number:
            text.take(",")
        number += 1
        yield f"{within}record {number:,}", text.element()
    text.take("]")


class _Text:
    """Text that is read as it is needed, and the place reached in it."""

    def __init__(self, path: Path, stream: io.TextIOWrapper):
        self._path, self._stream = path, stream
        self._text, self._at, self._before, self._ended = "", 0, 0, False
        self._decoder = JSONDecoder()

    def head(self) -> str:
        """Return the text at the beginning, about CHUNK characters of it."""
        while len(self._text) < CHUNK and self._more():
            pass
        return self._text

    def lines(self) -> Iterator[str]:
        """Yield all lines from the beginning; one longer than LONGEST is cut."""
        for line in io.StringIO(self._text, newline="\n"):
            if not line.endswith("\n"):
                line += self._stream.readline(LONGEST)
            yield line
        while True:
            while len(line) >= LONGEST and not line.endswith("\n"):
                line = self._stream.readline(LONGEST)
            if not (line := self._stream.readline(LONGEST)):
                return
            yield line

    def peek(self) -> str:
        """Return the next character that is no space, '' at the end."""
        while True:
            self._at = _skip_space(self._text, self._at)
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, mark: str) -> None:
        """Pass a mark such as a comma; raises SourceError where another character stands there."""
        character = self.peek()
        if not character:
            raise self._fault(ENDS)
        if character != mark:
            raise self._fault(f"{mark!r} was expected, found {character!r}")
        self._at += 1

    def value(self) -> object:
        """Return the next value; raises SourceError where it is no JSON or too deep."""
        try:
            return self._decode()
        except SourceError:
            raise
        except RecursionError:
            raise SourceError(f"{str(self._path)!r} {TOO_DEEP} to be an export") from None
        except JSONDecodeError as error:
            raise self._fault(error.msg, error.pos) from None
        except ValueError as error:
            raise self._fault(_first_words(error)) from None

    def element(self) -> object:
        """Return the next value of an array; one that cannot be held is stepped over, and a
        MalformedValue returned. Raises SourceError where it is no JSON.
        """
        try:
            return self._decode()
        except SourceError:
            raise
        except JSONDecodeError as error:
            raise self._fault(error.msg, error.pos) from None
        except RecursionError:
            return MalformedValue(TOO_DEEP, self._step_over())
        except ValueError as error:
            return MalformedValue(f"cannot be held: {_first_words(error)}", self._step_over())

    def _decode(self) -> object:
        """Return the next value, with as much text read as it needs; raises the errors of json, and
        SourceError for a value that is too long.
        """
        self.peek()
        self._drop()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                if end + NEAR_END < len(self._text) or not self._more():  # a number could go on
                    self._at = end
                    return value
            except JSONDecodeError as error:
                cut = error.pos >= len(self._text) - NEAR_END or error.msg.startswith(
                    "Unterminated"
                )
                if not (cut and self._more()):
                    raise
            if len(self._text) - self._at > LONGEST:
                raise SourceError(
                    f"{str(self._path)!r} holds one JSON value of more than "
                    f"{LONGEST >> 20} million characters: write its records as JSON "
                    "Lines, one a line, to be read one by one"
                )

    def _step_over(self) -> str:
        """Pass a value by its brackets alone, up to what follows it in the array; return its first
        characters.
        """
        excerpt, depth, at = self._text[self._at : self._at + 80], 0, self._at
        while True:
            for match in STRUCTURE.finditer(self._text, at):
                mark = match.group()
                if depth == 0 and mark in ",]":
                    self._at = match.start()
                    return excerpt
                at = match.end()
                depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark, 0)
            if not self._more():
                raise self._fault(ENDS)

    def _more(self) -> bool:
        """Read on, as much again as is held, so that a long value is not decoded too often; return
        whether there was more.
        """
        added = "" if self._ended else self._stream.read(max(CHUNK, len(self._text) - self._at))
        self._ended = not added
        self._text += added
        return bool(added)

    def _drop(self) -> None:
        """Forget what has been read, once that is most of what is held."""
        if self._at > CHUNK:
            self._before += self._at
            self._text, self._at = self._text[self._at :], 0

    def _fault(self, problem: str, at: int | None = None) -> SourceError:
        """Return the error for a place; text that is no JSON at all is told apart from JSON that
        breaks off.
        """
        at = self._at if at is None else at
        where = f"character {self._before + at + 1:,}"
        if self._ended and _breaks_off(self._text, at, problem):
            return SourceError(
                f"{str(self._path)!r} is cut short: its JSON breaks off at {where}; fetch it again"
            )
        return SourceError(
            f"{str(self._path)!r} is no JSON at {where}: {problem} at {self._text[at : at + 30]!r}"
        )


def _breaks_off(text: str, at: int, problem: str) -> bool:
    """Return whether JSON ends too early, and is not other text, by the place and the words of an
    error.
    """
    rest = text[at:]
    is_cut = problem.startswith(("Unterminated", "Invalid \\", ENDS))
    return is_cut or any(word.startswith(rest) for word in WORDS)


def _first_words(error: Exception) -> str:
    return str(error).split(";")[0][:100]
