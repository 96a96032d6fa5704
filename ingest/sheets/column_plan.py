"""How one column of a sheet is read."""

from dataclasses import dataclass

from ingest.sheets.cell_results import CellReader
from ingest.sheets.sheet_types import Guess


@dataclass(frozen=True)
class ColumnPlan:
    """How the source column at position `index` is read.

    `column`: the canonical or intermediate column that it gives. `read`: cell -> (value, what is
    wrong with it). `guess` tells the user. `has_currency_column`: another column names the currency
    of its amounts.
    """

    index: int
    column: str
    kind: str
    read: CellReader
    guess: Guess
    has_currency_column: bool = False


@dataclass(frozen=True)
class SheetConventions:
    """What all columns of a sheet prove together about how numbers and dates are written.

    `decimals`: decimal mark -> a column that proves it; `date_orders`: day first -> a column that
    proves it; `languages`: those of the headers and of the words in numbers.
    """

    decimals: dict[str, str]
    date_orders: dict[bool, str]
    languages: frozenset[str]


def join_notes(notes: list[str], between: str = "; ") -> str:
    """Join the notes that say something."""
    return between.join(note for note in notes if note)
