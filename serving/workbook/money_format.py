"""Amounts as cells show them: rounded as sentences round them, with the code of their currency."""

import math
from collections.abc import Sequence

import numpy as np

from features.number_text import MIN_TWO_DECIMALS, MIN_WHOLE, round_amount, round_amounts
from serving.workbook.contents import WHOLE


def money_cell(value: float | None, currency: str) -> tuple[float | None, str]:
    """Return an amount rounded, and its format.

    >>> money_cell(1234.5, "EUR"), money_cell(0.30492, "USD"), money_cell(0.0042, "USD")
    ((1235.0, '#,##0 "EUR"'), (0.3, '#,##0.00 "USD"'), (0.0042, '0.0000 "USD"'))
    """
    if value is None or not math.isfinite(value):
        return None, WHOLE
    rounded = round_amount(value)
    return rounded, f'{_digits(abs(rounded))} "{currency}"'


def money_cells(amounts: np.ndarray, currencies: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return amounts rounded, and their formats, (m,), as `money_cell` does; NaN is unknown."""
    is_known = np.isfinite(amounts)
    rounded = np.where(is_known, round_amounts(np.where(is_known, amounts, 0.0)), np.nan)
    digits = {size: _digits(size) for size in set(np.abs(rounded[is_known]).tolist())}
    formats = [
        f'{digits[size]} "{currency}"' if size == size else WHOLE
        for size, currency in zip(np.abs(rounded).tolist(), currencies, strict=True)
    ]
    return rounded, formats


def _digits(size: float) -> str:
    if size == 0 or size >= MIN_WHOLE:
        return WHOLE
    if size >= MIN_TWO_DECIMALS:
        return "#,##0.00"
    return f"0.{'0' * max(2, 1 - math.floor(math.log10(size)))}"
