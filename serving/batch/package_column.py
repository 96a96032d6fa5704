"""The column `package` of a list, settled with format and deliverables beside it."""

import pandas as pd

from features.tables.packages import PackageError
from ingest.sheets.package_columns import package_of_words, settle_words

_DTYPES = {"package": "str", "format": "str", "deliverables": "float64"}


def settle_packages(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[int, str]]:
    """Return rows in the types of PROSPECTS with packages in their canonical text, those of one
    format as format and deliverables; and row -> what is wrong with its package.

    A package of several formats leaves `format` empty, and `deliverables` is the number of all.
    """
    if "package" not in rows or not rows["package"].notna().any():
        return rows, {}
    columns = {
        name: rows[name].astype(object).where(rows[name].notna(), None).tolist()
        if name in rows
        else [None] * len(rows)
        for name in _DTYPES
    }
    wrong = {}
    for row, text in enumerate(columns["package"]):
        if text is None:
            continue
        given = columns["format"][row], columns["deliverables"][row]
        try:
            booking = settle_words(package_of_words(text), *given)
        except PackageError as error:
            wrong[row] = f"package {text!r} {error}"
            continue
        for name in _DTYPES:
            columns[name][row] = getattr(booking, name)
    settled = {
        name: pd.Series(columns[name], index=rows.index, dtype=dtype)
        for name, dtype in _DTYPES.items()
    }
    return rows.assign(**settled), wrong
