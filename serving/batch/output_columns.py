"""The columns of a file of answers: the list's own and those of the answers, in their order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa

from serving.batch.arrow_answers import answer_schema
from serving.batch.options import BatchOptions, check_repeats, unknown_column
from serving.workbook.list_cells import CELL

#: Put before the name of an own column that an answer has too.
OWN_PREFIX = "list_"


@dataclass(frozen=True)
class OutputColumns:
    """`names`: of the columns in their order; `own`: name of an own column among them -> the
    field of the list.
    """

    names: tuple[str, ...]
    own: dict[str, pa.Field]

    def schema(self, keeps_cells: bool, besides: Sequence[str] = ()) -> pa.Schema:
        """Return the schema of the columns, followed by the columns `besides` of the answers.

        `keeps_cells`: what a workbook says of a cell beside its text is kept.
        """
        names = tuple(dict.fromkeys((*self.names, *besides)))
        answers = answer_schema([name for name in names if name not in self.own])
        return pa.schema(
            [
                self._own_field(name, keeps_cells) if name in self.own else answers.field(name)
                for name in names
            ]
        )

    def _own_field(self, name: str, keeps_cells: bool) -> pa.Field:
        field = self.own[name].with_name(name)
        return field if keeps_cells or field.type != CELL else field.with_type(pa.string())


def choose_columns(
    options: BatchOptions, own_fields: Sequence[pa.Field], kept: Collection[str]
) -> OutputColumns:
    """Return the columns that the options name; where they name none, the own columns `kept`, and
    all of the answers.

    A name that both have is that of the answers; the list's own gets OWN_PREFIX. Raises BatchError
    for an unknown column, or one that is named twice.
    """
    known = options.known_columns()
    own = _own_names(own_fields, known)
    if not options.columns:
        chosen = {name: field for name, field in own.items() if field.name in kept}
        return OutputColumns((*chosen, *known), chosen)
    name_of = {field.name: name for name, field in own.items()} | {name: name for name in own}
    names = []
    for column in options.columns:
        if column not in known and column not in name_of:
            raise unknown_column(column, (*known, *name_of))
        names.append(column if column in known else name_of[column])
    check_repeats("column", names)
    return OutputColumns(tuple(names), {name: own[name] for name in names if name in own})


def _own_names(own_fields: Sequence[pa.Field], known: Collection[str]) -> dict[str, pa.Field]:
    """Return the names that own columns have among the answers, whatever case they are in."""
    used = {name.casefold() for name in known}
    names: dict[str, pa.Field] = {}
    for field in own_fields:
        name = field.name
        while name.casefold() in used:
            name = OWN_PREFIX + name
        used.add(name.casefold())
        names[name] = field
    return names
