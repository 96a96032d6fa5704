"""Why a row cannot be scored: as a sentence for lists, and in parts for programs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Breach:
    """A rule that a row breaks.

    `code`: of the errors of the service (docs/service.md); `column`: the one at fault; `what`: what
    is wrong; `expected`: what is right; `got`: the value of the column; `text`: all of it in a
    sentence that names the column.
    """

    code: str
    column: str
    what: str
    expected: str
    got: str | float | None
    text: str
