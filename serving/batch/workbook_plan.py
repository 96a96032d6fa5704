"""What a run tells its workbook of the list, the model and the options."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from models.model_record import model_record
from serving.batch.chunks import ProspectList
from serving.batch.options import BatchOptions
from serving.batch.output_columns import OutputColumns
from serving.workbook.contents import AboutLine, RejectedList, WorkbookPlan


def workbook_plan(
    columns: OutputColumns,
    prospects: ProspectList,
    options: BatchOptions,
    manifest: Mapping[str, Any],
    as_of: pd.Timestamp,
    list_name: str,
    check: Callable[[], None],
) -> WorkbookPlan:
    """Return what the workbook of a run is made of. `manifest`: of the bundle that answers;
    `check`: called while it is written.
    """
    return WorkbookPlan(
        own=tuple(columns.own),
        columns=columns.names,
        chosen=bool(options.columns),
        measures=options.rank_measures(),
        most_rows=options.top or None,
        rejected=RejectedList(
            tuple(prospects.header),
            prospects.position_name,
            prospects.faulty_names,
            {field.name: field for field in prospects.own_fields},
        ),
        as_of=as_of.to_pydatetime(warn=False).replace(tzinfo=None),
        facts=tuple(_facts(manifest, as_of, list_name, prospects.notes)),
        check=check,
    )


def _facts(
    manifest: Mapping[str, Any], as_of: pd.Timestamp, list_name: str, notes: Sequence[str]
) -> Iterator[AboutLine]:
    yield AboutLine("file", list_name)
    yield AboutLine("as of", f"{as_of:%Y-%m-%d %H:%M} UTC: nothing later is used")
    for number, note in enumerate(note for note in notes if note):
        yield AboutLine("" if number else "how it was read", note)
    yield AboutLine("The model", "")
    yield AboutLine("version", str(manifest["version"]))
    yield AboutLine("trained on", str(manifest["trained_on"]))
    if "until" in manifest:
        yield AboutLine("its data ends", str(manifest["until"])[:10])
    record = model_record(manifest)
    for label, sentences in (
        ("what it is", record.about),
        ("how good it was", record.tests),
        ("its limits", record.limits),
    ):
        for number, sentence in enumerate(sentences):
            yield AboutLine("" if number else label, sentence)
