"""Lines that tell what is unclear of a sheet, with the remedy."""

from collections.abc import Iterable

from ingest.sheets.decimal_marks import MAY_BE_EITHER
from ingest.sheets.sheet_types import Guess


def unclear_lines(guesses: Iterable[Guess]) -> list[str]:
    """Return a line for each column that is unclear; decimal marks come first, in one line."""
    unclear = [guess for guess in guesses if guess.ambiguous]
    marks = [guess for guess in unclear if has_unclear_mark(guess)]
    lines = [
        f"UNCLEAR column {guess.source!r}: {guess.ambiguous}"
        for guess in unclear
        if guess not in marks
    ]
    if not marks:
        return lines
    named = "column" if len(marks) == 1 else "columns"
    sources = ", ".join(repr(guess.source) for guess in marks)
    return [f"UNCLEAR {named} {sources}: {marks[0].ambiguous}", *lines]


def column_lines(guesses: Iterable[Guess]) -> list[str]:
    """Return what each column of a list was read as: first those that are unclear, then all others
    but those with the canonical name, whose values need no word.
    """
    guesses = list(guesses)
    return [*unclear_lines(guesses), *(_clear_line(one) for one in guesses if _is_told(one))]


def _is_told(guess: Guess) -> bool:
    return not guess.ambiguous and (
        guess.how != "exact name" or guess.unit not in (None, "fraction")
    )


def _clear_line(guess: Guess) -> str:
    details = "; ".join(part for part in (guess.how, guess.note) if part)
    return f"column {guess.source!r} -> {guess.column or 'not read'} ({details})"


def has_unclear_mark(guess: Guess) -> bool:
    """Return whether it is open which mark of a column is the decimal one."""
    return MAY_BE_EITHER in (guess.ambiguous or "")
