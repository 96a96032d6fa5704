"""The signature of the registered model in the form of the file MLmodel, and what each of its
columns means.

MLflow lets no missing value into a column of whole numbers, no whole number into one of fractions,
no time with a zone into one of times, and no column of missing values into one of texts. Rows of
partnerships have all of these. So their columns are of any type for MLflow, and the reader of
POST /v1/predict checks them, row by row.
"""

from features.derive.catalog import COLUMNS, FEATURES
from features.tables.schema import PROSPECTS, Column
from serving.http.errors import expected_values
from serving.http.request_schema import MAX_RECENT_POSTS, POST_FIELDS, RECENT_POSTS
from serving.registered_model.answer_frame import MEANINGS, TEXTS, answer_columns
from serving.registered_model.params import (
    DEFAULT_QUANTILES,
    PARAM_MEANINGS,
    PARAMS,
)
from serving.scoring.column_meanings import column_meaning

_DERIVED_NOTE = (
    "In place of those of a partnership: all of them, unknown ones as NaN. Answers are of one "
    "deliverable, without cost."
)
_WARNINGS = {"type": "array", "items": {"type": "string"}}


def signature() -> dict[str, list[dict]]:
    """Return the columns of questions and answers, and the params, as MLflow's files have them."""
    partnership = [*PROSPECTS.names, RECENT_POSTS.name]
    return {
        "inputs": [
            *({"type": "any", "name": name, "required": False} for name in partnership),
            *({"type": "double", "name": name, "required": False} for name in COLUMNS),
        ],
        "outputs": [_output(name) for name in answer_columns(DEFAULT_QUANTILES)],
        "params": list(PARAMS),
    }


def column_descriptions() -> dict[str, str]:
    """Return by name of a column of a question, or param, its meaning and what it accepts."""
    columns = {column.name: _question_text(column) for column in PROSPECTS.columns}
    columns[RECENT_POSTS.name] = _posts_text()
    return columns | PARAM_MEANINGS


def columns_page() -> str:
    """Return a page in Markdown with every column of questions and answers, and the params."""
    questions = column_descriptions()
    derived = {feature.name: f"{feature.meaning} ({feature.unit})" for feature in FEATURES}
    answers = {
        name: MEANINGS.get(name) or column_meaning(name)
        for name in answer_columns(DEFAULT_QUANTILES)
    }
    partnership = {name: text for name, text in questions.items() if name not in PARAM_MEANINGS}
    parts = (
        ("Columns of a partnership", "All may be missing.", partnership),
        ("Params", "For all rows.", PARAM_MEANINGS),
        ("Columns of answers", "One row for each row of the question.", answers),
        ("Derived columns", _DERIVED_NOTE, derived),
    )
    return "\n".join(["# Columns of the registered model", *(_part(*part) for part in parts)])


def _output(name: str) -> dict:
    if name == "warnings":
        return {**_WARNINGS, "name": name, "required": False}
    kind = "string" if name in TEXTS else "double"
    return {"type": kind, "name": name, "required": False}


def _question_text(column: Column) -> str:
    return f"{column.meaning} ({expected_values(column)})"


def _posts_text() -> str:
    fields = ", ".join(field.name for field in POST_FIELDS)
    return f"{RECENT_POSTS.meaning} (a list of up to {MAX_RECENT_POSTS} objects with {fields})"


def _part(title: str, note: str, meanings: dict[str, str]) -> str:
    rows = [f"| `{name}` | {text.replace('|', ' or ')} |" for name, text in meanings.items()]
    lines = ["", f"## {title}", "", note, "", "| column | meaning |", "|---|---|", *rows]
    return "\n".join(lines) + "\n"
