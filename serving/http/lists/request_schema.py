"""What requests that bring a list as a file take: the file, and what is known of its sheet."""

from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from features.tables.vocabulary import PLATFORMS
from serving.http.request_schema import CAMPAIGN_FIELD, STRICT, Envelope
from serving.scoring.measures import RANKING_MEASURES

#: Rows of a list that are read over HTTP.
MOST_ROWS = 20_000
USES = ("score", "plan", "track")
ANSWERS = ("xlsx", "csv", "report", "rejected")
LONGEST_NAME = 255
_MOST_COLUMNS = 1_000


class ListFile(BaseModel):
    """A list as a file: CSV or another delimited text, also compressed by gzip, or XLSX."""

    model_config = STRICT

    name: str = Field(
        min_length=1, max_length=LONGEST_NAME, description="what messages and files call the list"
    )
    base64: str | None = Field(None, description="the bytes of the file; or give text")
    text: str | None = Field(
        None, description="a text with a header and rows, such as cells pasted from a spreadsheet"
    )


class ListSheet(BaseModel):
    """What is known of the sheet beforehand; all that is left out is detected, and told."""

    model_config = STRICT

    platform: Literal[PLATFORMS] | None = Field(  # type: ignore[valid-type]
        None, description="platform of rows that name none"
    )
    decimal: Literal[".", ","] | None = Field(None, description="decimal mark of numbers")
    day_first: bool | None = Field(None, description="whether 01/02/2026 is 1 February")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="between the cells of a text"
    )
    encoding: str | None = Field(None, max_length=40, description="of a text, such as utf-8")
    worksheet: str | None = Field(None, description="name of the worksheet of a workbook")
    header_row: int | None = Field(
        None, ge=1, le=1_000_000, description="line of the header, from 1"
    )
    columns: dict[str, Any] | None = Field(
        None,
        max_length=_MOST_COLUMNS,
        description="column of the list -> what it is: the name of a column, - to leave it out, or "
        "an object of column, unit, decimal, dates (day first or month first) and values",
    )


_LIST_FIELDS: dict[str, Any] = {
    "file": (ListFile, Field(description="the list")),
    "sheet": (
        ListSheet,
        Field(ListSheet.model_validate({}), description="what is known of the sheet beforehand"),
    ),
    "as_of": (Envelope.model_fields["as_of"].annotation, Envelope.model_fields["as_of"]),
}
ListReadQuestion: type[BaseModel] = create_model(
    "ListReadQuestion",
    __config__=STRICT,
    __doc__="A list as a file, to be read.",
    **_LIST_FIELDS,
    use=(  # type: ignore[arg-type]
        Literal[USES],  # type: ignore[valid-type]
        Field("score", description="score, plan or track: which columns are read, and how"),
    ),
)
_SCORE_FIELDS: dict[str, Any] = {
    **_LIST_FIELDS,
    "rank_by": (
        Literal[tuple(RANKING_MEASURES)] | None,
        Field(
            None,
            description="what the best are chosen by; cpe_usd_p50 where missing, engagements_p50 "
            "where no row has a fee",
        ),
    ),
}
ListScoreQuestion: type[BaseModel] = create_model(
    "ListScoreQuestion",
    __config__=STRICT,
    __doc__="A list as a file, to be scored row by row.",
    campaign=CAMPAIGN_FIELD,
    **_SCORE_FIELDS,
)
ListFileQuestion: type[BaseModel] = create_model(
    "ListFileQuestion",
    __config__=STRICT,
    __doc__="A list as a file, of which another file is to be made.",
    answer=(  # type: ignore[arg-type]
        Literal[ANSWERS],  # type: ignore[valid-type]
        Field(description="xlsx, csv, report (a page for the client) or rejected (rows, as CSV)"),
    ),
    hide_fees=(bool, Field(False, description="leave fees and costs out of a report")),
    **_SCORE_FIELDS,
)
#: What the fields accept.
EXPECTED_LIST_VALUES = {
    "file": "an object of name, and text or base64",
    "name": f"a text of 1 to {LONGEST_NAME} characters",
    "base64": "the bytes of the file in base64",
    "text": "a text",
    "use": f"one of {', '.join(USES)}",
    "sheet": "an object",
    "rank_by": f"one of {', '.join(RANKING_MEASURES)}",
    "answer": f"one of {', '.join(ANSWERS)}",
    "hide_fees": "true or false",
    "platform": f"one of {', '.join(PLATFORMS)}",
    "decimal": "one of ., ,",
    "day_first": "true or false",
    "delimiter": "one character",
    "encoding": "the name of an encoding, such as utf-8",
    "worksheet": "the name of a worksheet",
    "header_row": "a whole number from 1 to 1,000,000",
    "columns": f"an object of at most {_MOST_COLUMNS:,} columns",
}
