"""What a cell holds, as the XML of a worksheet has it, of a whole column at a time.

A cell is written as `<c r="B7" s="3">...</c>`: its place, the number of its style, and its value.
A body here begins with the quotation mark behind that number, so `"><v>12</v></c>`.
Source: ECMA-376, part 1, 18.3.1.4 (cells), 22.9.2.19 (characters that XML cannot hold).
"""

import html
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.workbook.cells import FIRST_YEAR, LARGEST_WHOLE, clean_text
from serving.workbook.contents import MAX_CELL_CHARACTERS

#: The type of all XML: a block of rows with long texts may be larger than 2 GB.
XML = pa.large_string()
#: The body of a cell that has a style alone.
EMPTY_BODY = '"/>'
_TEXT, _TEXT_END = '" t="inlineStr"><is><t>', "</t></is></c>"
_SPACED_TEXT = '" t="inlineStr"><is><t xml:space="preserve">'
#: Texts that are not written as they stand.
_ODD = r"^$|^[\s\pZ\x{85}]|[\s\pZ\x{85}]$|[&<>\x00-\x1f\x{fffe}\x{ffff}]|_x[0-9a-fA-F]{4}_"
_LOOKS_ESCAPED = re.compile("(_x[0-9a-fA-F]{4}_)")
#: Days from 1899-12-31, the day 0 of Excel, to 1970-01-01, and its 1900-02-28, behind which it has
#: a day that never was.
_DAYS_TO_1970, _LAST_RIGHT_DAY = 25_568, 59
_DAY_SECONDS, _SECOND_US = 86_400, 1_000_000


def join_xml(*pieces: str | pa.Array, omit_null: bool = False) -> pa.Array:
    """Return texts joined row by row, (m,); null where a piece is, or the piece left out."""
    handling = "skip" if omit_null else "emit_null"
    texts = [pa.scalar(piece, XML) if isinstance(piece, str) else piece for piece in (*pieces, "")]
    return pc.binary_join_element_wise(*texts, null_handling=handling)


def cell_bodies(values: pa.Array) -> pa.Array:
    """Return the bodies of the cells of texts, numbers, truth values, days or moments, (m,); null
    where a value is null. What Excel cannot hold is a text, or empty where it is no number.
    """
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return _text_bodies(values.cast(XML))
    if pa.types.is_boolean(values.type):
        return join_xml('" t="b"><v>', values.cast(pa.int8()).cast(XML), "</v></c>")
    if pa.types.is_integer(values.type):
        return _whole_bodies(values)
    if pa.types.is_floating(values.type):
        return pc.if_else(pc.is_finite(values), _number_bodies(values), pa.scalar(EMPTY_BODY, XML))
    if pa.types.is_temporal(values.type):
        return _moment_bodies(values)
    return pa.nulls(len(values), XML)


def _number_bodies(values: pa.Array) -> pa.Array:
    """Return numbers in the fewest digits that are read back as the same float64."""
    return join_xml('"><v>', values.cast(XML), "</v></c>")


def _whole_bodies(values: pa.Array) -> pa.Array:
    texts = values.cast(XML)
    digits = pc.binary_length(pc.utf8_ltrim(texts, "-"))
    is_large = pc.greater_equal(digits, len(str(LARGEST_WHOLE)))
    return pc.if_else(is_large, _text_bodies(texts), _number_bodies(values))


def _text_bodies(texts: pa.Array) -> pa.Array:
    bodies = join_xml(_TEXT, texts, _TEXT_END)
    is_long = pc.greater(pc.binary_length(texts), MAX_CELL_CHARACTERS // 2)
    is_odd = pc.fill_null(pc.or_(is_long, pc.match_substring_regex(texts, _ODD)), False)
    odd = [_odd_body(text) for text in texts.filter(is_odd).to_pylist()]
    return pc.replace_with_mask(bodies, is_odd, pa.array(odd, XML)) if odd else bodies


def _odd_body(text: str) -> str:
    """Return the body of any text.

    >>> _odd_body("a < b"), _odd_body(" "), _odd_body("")
    ('" t="inlineStr"><is><t>a &lt; b</t></is></c>', \
'" t="inlineStr"><is><t xml:space="preserve"> </t></is></c>', '"/>')
    """
    text = clean_text(text)
    if not text:
        return EMPTY_BODY
    start = _SPACED_TEXT if text[0].isspace() or text[-1].isspace() else _TEXT
    escaped = _LOOKS_ESCAPED.sub(r"_x005F\1", text).replace("\r", "_x000D_")
    return f"{start}{html.escape(escaped, quote=False)}{_TEXT_END}"


def _moment_bodies(values: pa.Array) -> pa.Array:
    """Return days or moments, UTC, as days since 1899-12-31; those before 1900 as texts."""
    is_old = pc.less(pc.year(values), FIRST_YEAR)
    bodies = _number_bodies(_serial_days(values))
    if not pc.any(is_old).as_py():
        return bodies
    old = [value.isoformat() for value in values.filter(is_old).to_pylist()]
    texts = _text_bodies(pa.array(old, XML))
    return pc.replace_with_mask(bodies, pc.fill_null(is_old, False), texts)


def _serial_days(values: pa.Array) -> pa.Array:
    """Return days or moments as Excel counts them, (m,), null where they are."""
    moments = values.cast(pa.timestamp("us", getattr(values.type, "tz", None)))
    us = pc.fill_null(moments.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    days, rest = np.divmod(us, _DAY_SECONDS * _SECOND_US)
    seconds, rest = np.divmod(rest, _SECOND_US)
    serial = days + _DAYS_TO_1970 + (seconds + rest / _SECOND_US) / _DAY_SECONDS
    if pa.types.is_timestamp(values.type):
        # a moment of the first day is a time alone
        serial = np.where(np.floor(serial) == 1, serial - 1, serial)
    serial = np.where(serial > _LAST_RIGHT_DAY, serial + 1, serial)
    return pa.array(serial, mask=values.is_null().to_numpy(zero_copy_only=False))
