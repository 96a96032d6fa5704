"""Texts that a spreadsheet would run as formulas: what is written for people has an apostrophe
before them.

As OWASP advises ("CSV Injection"): a cell that begins with = + - @, a tab or a line end is taken
for a formula by whoever opens the file. The apostrophe is taken off again when such a file is read;
a number such as -5 needs none. Parquet, JSON and XLSX say what is text and keep it exactly.
"""

import re
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

APOSTROPHE = "'"
#: Beginnings of formulas, also as East Asian keyboards write them, after apostrophes that stand
#: there already; and
#: texts that begin so but are numbers, or a dash alone.
FORMULA_PATTERN = "^'*[=+\\-@\t\r\n＝＋－＠]"
NUMBER_PATTERN = "^[+-]?([0-9][0-9.,]*([eE][+-]?[0-9]+)?[ \u00a0]?%?)?$"
_EQUALS = re.compile("'+=")
_FORMULAS, _NUMBERS = re.compile(FORMULA_PATTERN), re.compile(NUMBER_PATTERN)


def escape_formula(text: str) -> str:
    """Return a text such that no spreadsheet runs it as a formula.

    >>> [escape_formula(text) for text in ("=1+1", "@anna", "-5", "a", "'=1")]
    ["'=1+1", "'@anna", '-5', 'a', "''=1"]
    """
    return APOSTROPHE + text if _FORMULAS.match(text) and not _NUMBERS.fullmatch(text) else text


def unescape_formula(text: str) -> str:
    """Return the text of a cell that `escape_formula` wrote, or of any other as it is.

    >>> [unescape_formula(escape_formula(text)) for text in ("=1+1", "-5", "a", "'=1", "it's")]
    ['=1+1', '-5', 'a', "'=1", "it's"]
    """
    return text[1:] if text[:1] == APOSTROPHE and _FORMULAS.match(text) else text


def unescape_cell(text: str) -> str:
    """Return the text of a cell of a sheet; one that begins with = keeps its guard, as a formula
    would have none.

    >>> unescape_cell("'@anna"), unescape_cell("'=1")
    ('@anna', "'=1")
    >>> strip_apostrophe(unescape_cell("'=1")), strip_apostrophe("=1")
    ('=1', '=1')
    """
    return text if _EQUALS.match(text) else unescape_formula(text)


def strip_apostrophe(text: str) -> str:
    """Return what `unescape_cell` gave without the guard that it left."""
    return text[1:] if _EQUALS.match(text) else text


def escape_formula_array(texts: pa.Array) -> pa.Array:
    """Guard each text of an Arrow column; null stays null."""
    risky = pc.match_substring_regex(texts, FORMULA_PATTERN)
    if not pc.any(risky).as_py():
        return texts
    risky = pc.and_not(risky, pc.match_substring_regex(texts, NUMBER_PATTERN))
    return pc.if_else(risky, pc.binary_join_element_wise(APOSTROPHE, texts, ""), texts)


def escape_formula_sql(column: str) -> str:
    """Return the SQL of DuckDB that guards a column of texts."""
    formula, number = (
        f"regexp_matches({column}, {_sql(FORMULA_PATTERN)})",
        f"regexp_matches({column}, {_sql(NUMBER_PATTERN)})",
    )
    escaped = f"{_sql(APOSTROPHE)} || {column}"
    return f"CASE WHEN {formula} AND NOT {number} THEN {escaped} ELSE {column} END AS {column}"


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def escape_formula_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Guard each text of a frame, and the names of its columns, as it is written to CSV."""
    return _each_text(frame, escape_formula)


def unescape_formula_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the texts of a CSV file that was read as text."""
    return _each_text(frame, unescape_formula)


def _each_text(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    texts = [
        name
        for name in frame
        if pd.api.types.is_string_dtype(frame[name].dtype) or frame[name].dtype == object
    ]
    changed = {name: _changed(frame[name], change) for name in texts}
    return frame.assign(**changed).rename(
        columns=lambda name: change(name) if isinstance(name, str) else name
    )


def _changed(values: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Return a column with its texts changed; each distinct text is changed once."""
    texts = (text for text in values.dropna().unique() if isinstance(text, str))
    changes = {text: new for text in texts if (new := change(text)) != text}
    if not changes:
        return values
    return values.where(~values.isin(list(changes)), values.map(changes)).astype(values.dtype)
