"""Texts that a spreadsheet would run as formulas: what is written for people has an apostrophe before them.

As OWASP advises ("CSV Injection"): a cell that begins with = + - @, a tab or a line end is taken for a formula by
whoever opens the file. The apostrophe is taken off again when such a file is read; a number such as -5 needs none.
Parquet, JSON and XLSX say what is text and keep it exactly.
"""

import re

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

GUARD = "'"
#: Beginnings of formulas, also as East Asian keyboards write them, after apostrophes that stand there already; and
#: texts that begin so but are numbers, or a dash alone.
FORMULA = "^'*[=+\\-@\t\r\n＝＋－＠]"
NUMBER = "^[+-]?([0-9][0-9.,]*([eE][+-]?[0-9]+)?[ \u00a0]?%?)?$"
_EQUALS = re.compile("'+=")
_FORMULAS, _NUMBERS = re.compile(FORMULA), re.compile(NUMBER)


def guarded(text: str) -> str:
    """Give a text as a cell that no spreadsheet runs.

    >>> guarded("=1+1"), guarded("@anna"), guarded("-5"), guarded("a"), guarded("'=1")
    ("'=1+1", "'@anna", '-5', 'a', "''=1")
    """
    return GUARD + text if _FORMULAS.match(text) and not _NUMBERS.fullmatch(text) else text


def unguarded(text: str) -> str:
    """Give the text of a cell that `guarded` wrote, or of any other as it is.

    >>> [unguarded(guarded(text)) for text in ("=1+1", "-5", "a", "'=1", "it's")]
    ['=1+1', '-5', 'a', "'=1", "it's"]
    """
    return text[1:] if text[:1] == GUARD and _FORMULAS.match(text) else text


def cell_text(text: str) -> str:
    """Give the text of a cell of a sheet; one that begins with = keeps its guard, as a formula would have none.

    >>> cell_text("'@anna"), cell_text("'=1"), literal(cell_text("'=1")), literal("=1")
    ('@anna', "'=1", '=1', '=1')
    """
    return text if _EQUALS.match(text) else unguarded(text)


def literal(text: str) -> str:
    """Give what `cell_text` gave without the guard that it left."""
    return text[1:] if _EQUALS.match(text) else text


def guarded_array(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Guard each text of an Arrow column; null stays null."""
    risky = pc.match_substring_regex(texts, FORMULA)
    if not pc.any(risky).as_py():
        return texts
    risky = pc.and_not(risky, pc.match_substring_regex(texts, NUMBER))
    return pc.if_else(risky, pc.binary_join_element_wise(GUARD, texts, ""), texts)


def guarded_sql(column: str) -> str:
    """Give the SQL of DuckDB that guards a column of texts."""
    formula, number = f"regexp_matches({column}, {_sql(FORMULA)})", f"regexp_matches({column}, {_sql(NUMBER)})"
    return f"CASE WHEN {formula} AND NOT {number} THEN {_sql(GUARD)} || {column} ELSE {column} END AS {column}"


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def guarded_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Guard each text of a frame, and the names of its columns, as it is written to CSV."""
    return _each_text(frame, guarded)


def unguarded_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the texts of a CSV file that was read as text."""
    return _each_text(frame, unguarded)


def _each_text(frame: pd.DataFrame, change) -> pd.DataFrame:
    texts = [name for name in frame if pd.api.types.is_string_dtype(frame[name].dtype) or frame[name].dtype == object]
    changed = {name: _changed(frame[name], change) for name in texts}
    return frame.assign(**changed).rename(columns=lambda name: change(name) if isinstance(name, str) else name)


def _changed(values: pd.Series, change) -> pd.Series:
    """Change the texts of a column of which that makes others; each distinct one is looked at once."""
    texts = (text for text in values.dropna().unique() if isinstance(text, str))
    changes = {text: new for text in texts if (new := change(text)) != text}
    if not changes:
        return values
    return values.where(~values.isin(list(changes)), values.map(changes)).astype(values.dtype)
