"""The best answers of a run, kept beside its file for a report: in memory of a few chunks, and in
the checkpoint, so that a resumed run has those of the chunks before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from serving.batch.answer_streams import AnswerStreams, encode_stream
from serving.batch.arrow_answers import answer_schema
from serving.batch.chunks import ProspectList
from serving.batch.options import BatchOptions
from serving.batch.top_answers import best_of_each, best_of_list
from serving.scoring.measures import measure_columns
from serving.workbook.list_cells import CELL

#: The file of the checkpoint that holds them.
BEST_FILE = "best"
#: The column in which they have the name of the creator as the list has it.
NAME_COLUMN = "name in the list"
#: Headers of own columns that hold such a name, folded; the first of these that a list has.
_NAME_HEADERS = ("name", "creator", "influencer", "creator name", "full name", "handle", "username")


@dataclass(frozen=True)
class BestAnswers:
    """The best answers of a list, best first by `measure`: the columns asked for, None where
    unknown, warnings as tuples; `name`: as the list has it, None where it has none.
    """

    rows: tuple[Mapping[str, Any], ...]
    measure: str


@dataclass(frozen=True)
class BestKeeper:
    """Keeps the `count` best answers of a run. `schema`: of what is kept of each; `own_name`: the
    list's own column with names, None where there is none.
    """

    schema: pa.Schema
    measures: Sequence[str]
    count: int
    own_name: str | None

    @classmethod
    def of(cls, options: BatchOptions, prospects: ProspectList) -> "BestKeeper | None":
        """Return what keeps the answers that the options ask for, None where they ask for none."""
        if not options.report_rows:
            return None
        measures = options.rank_measures()
        measured = [name for measure in measures for name in measure_columns(measure)]
        schema = answer_schema(tuple(dict.fromkeys([*options.report_columns, *measured])))
        own_name = _name_column(prospects)
        if own_name is not None:
            schema = schema.append(pa.field(NAME_COLUMN, pa.string()))
        return cls(schema, measures, options.report_rows, own_name)

    def encode(self, answers: pa.Table) -> bytes:
        """Return the best answers of a chunk as a stream."""
        return encode_stream(
            best_of_each(self.measures, answers.select(self.schema.names), self.count)
        )

    def finish(self, folder: Path) -> BestAnswers:
        """Return the best of all chunks, from the folder of the checkpoint."""
        chunks = AnswerStreams(folder / BEST_FILE)
        measure, best = best_of_list(self.measures, chunks, self.schema, self.count)
        return BestAnswers(tuple(map(_row, best.to_pylist())), measure)


def _name_column(prospects: ProspectList) -> str | None:
    """Return the own column that holds names of creators, None where there is none."""
    texts = {
        field.name.strip().casefold(): field.name
        for field in prospects.own_fields
        if field.type in (CELL, pa.string())
    }
    return next((texts[header] for header in _NAME_HEADERS if header in texts), None)


def _row(answer: dict[str, Any]) -> Mapping[str, Any]:
    """Return an answer with its warnings as a tuple and its name as `name`."""
    name = answer.pop(NAME_COLUMN, None)
    warnings = answer.get("warnings")
    return answer | {"warnings": tuple(warnings.split("; ")) if warnings else (), "name": name}
