"""Why a row cannot be scored, said once: as a sentence for lists, and in parts for programs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Breach:
    """A rule that a row breaks: `code` of serving.http.errors.CODES, `column` at fault, what is
    wrong, what was expected.

    `got`: the column's value; `text`: all of it in a sentence that names the column.
    """

    code: str
    column: str
    what: str
    expected: str
    got: str | float | None
    text: str
