"""The door: frames as they come in, checked against the schema once, with every fault reported
together.

After `validate` nothing checks again: columns, dtypes, ranges, keys and references are as
`features.tables.schema` says.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.errors import CreatorcastError
from features.tables.column_checks import DATE_OUT_OF_RANGE, BrokenRule, broken_rules, rule_text
from features.tables.creator_ids import add_lookalike_hint, find_faulty_ids
from features.tables.currency import CurrencyRates, check_fees, convert_fee
from features.tables.model import Tables
from features.tables.schema import (
    DTYPES,
    TABLE_SPECS,
    Column,
    TableSpec,
)

NO_TIME_ZONE = 'has no time zone: add Z or an offset, or declare "timezone": "UTC" in dataset.json'
IMPOSSIBLE_DATE = "is no date that exists: write 2026-03-01T12:00:00Z"
NOT_A_DATE = "is no date: write 2026-03-01T12:00:00Z"
MISSING_COLUMN = "is missing: the column is required"
UNKNOWN_CREATOR = "is no creator of that platform in the creators table: add a row there"


@dataclass(frozen=True)
class TableFault:
    """One fault: table, row (0-based position, -1 for the whole table), column, value and the rule
    that it breaks.
    """

    table: str
    row: int
    column: str
    value: object
    rule: str

    def __str__(self) -> str:
        place = f"{self.table}, data row {self.row + 1}" if self.row >= 0 else self.table
        return f"{place}: {self.message}"

    @property
    def message(self) -> str:
        """The column, the value and the rule."""
        return f"{self.column} {_shown(self.value)} {self.rule}"


def _shown(value: object) -> str:
    """Word a value: texts in quotes, moments in ISO form, numbers without an exponent.

    >>> _shown("a"), _shown(1.5e19), _shown(pd.Timestamp("2026-01-01")), _shown(2e-05)
    ("'a'", '15000000000000000000', '2026-01-01T00:00:00', '0.00002')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    long = isinstance(value, float) and "e" in repr(value) and abs(value) < 1e21
    return np.format_float_positional(value, trim="-") if long else repr(value)


class InvalidTables(CreatorcastError):
    """Tables break the schema: `faults` lists every fault, the message names the first twenty."""

    def __init__(self, faults: list[TableFault]):
        self.faults = faults
        shown = "\n".join(f"  {fault}" for fault in faults[:20])
        more = f"\n  ... and {len(faults) - 20:,} more" if len(faults) > 20 else ""
        super().__init__(
            f"{len(faults):,} fault(s) in the tables; correct the rows named:\n{shown}{more}"
        )


def validate(tables: Tables, now: pd.Timestamp | None = None) -> Tables:
    """Check all tables; give them back clean, in canonical columns and dtypes.

    `now` (default: the present) is the moment after which nothing can have been observed.
    Raises InvalidTables with every fault of every table.

    - columns that the schema does not know are left out, optional ones that are absent are added as
      missing
    - values that are not of their column's kind, out of range or not in its list are faults, never
      coerced
    - keys are unique; posts, followers and partnerships refer to creators that have a row
    - fees of partnerships in other currencies are turned into fee_usd by `meta["usd_per_unit"]`
    """
    now = now or pd.Timestamp.now(tz="UTC")
    clean, faults = {}, []
    for name, frame in tables.frames().items():
        clean[name], found = clean_table(
            frame, TABLE_SPECS[name], utc=tables.meta.get("timezone") == "UTC"
        )
        faults += (
            found
            + _repeated_keys(clean[name], TABLE_SPECS[name])
            + _time_faults(clean[name], name, now)
        )
    odd = {(fault.table, fault.row) for fault in faults if fault.column == "creator_id"}
    faults += [fault for fault in _orphans(clean) if (fault.table, fault.row) not in odd]
    faults = _with_known_ids(faults, clean["creators"]) + _disagreeing_readings(clean["posts"])
    deals, rates = (
        clean["partnerships"],
        CurrencyRates(tables.meta.get("usd_per_unit") or CurrencyRates().usd_per_unit),
    )
    terms = deals["fee_usd"].to_numpy(), deals["fee"].to_numpy(), deals["currency"]
    for rule, rows in check_fees(*terms, rates).items():
        faults += _faults_at("partnerships", deals, rule.column, rows, rule.message)
    clean["partnerships"] = deals.assign(
        fee_usd=convert_fee(*terms, rates), fee=np.nan, currency=_missing(len(deals), "str")
    )
    if faults:
        raise InvalidTables(
            sorted(
                faults, key=lambda fault: (list(clean).index(fault.table), fault.row, fault.column)
            )
        )
    return Tables(**clean, meta=dict(tables.meta))


def clean_table(
    frame: pd.DataFrame, spec: TableSpec, utc: bool = False, whole: bool = True
) -> tuple[pd.DataFrame, list[TableFault]]:
    """Bring a frame to the columns and dtypes of `spec`, and list every value that breaks a rule of
    its column.

    `utc` declares that times without an offset are UTC; without it they are faults. Columns that
    are absent are added as missing where the table is to be `whole`. A value that cannot be read as
    its column's kind is missing in the result. The frame given is not changed; the result is
    numbered from 0.
    """
    n, frame = len(frame), frame.reset_index(drop=True)
    faults = [
        TableFault(spec.name, -1, c.name, None, MISSING_COLUMN)
        for c in spec.columns
        if c.required and c.name not in frame
    ]
    clean = {}
    for column in spec.columns:
        if column.name not in frame:
            if whole:
                clean[column.name] = _missing(n, DTYPES[column.kind])
            continue
        clean[column.name], found = _parse(frame[column.name], column, utc)
        unread = {row for row, _, _ in found}
        found += [
            broken for broken in _broken(clean[column.name], column) if broken[0] not in unread
        ]
        faults += [
            TableFault(spec.name, row, column.name, value, rule) for row, value, rule in found
        ]
    return pd.DataFrame(clean, index=range(n)), faults


def validate_table(frame: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    """Give a table clean, as `clean_table` does, its keys unique; raises InvalidTables with every
    fault.
    """
    clean, faults = clean_table(frame, spec)
    faults += _repeated_keys(clean, spec)
    if faults:
        raise InvalidTables(sorted(faults, key=lambda fault: (fault.row, fault.column)))
    return clean


def _broken(values: pd.Series, column: Column) -> list[tuple]:
    """Give (row, value, rule) of every value, read as its kind, that breaks a rule of its column."""
    found = []
    for rule, rows in broken_rules(column, values).items():
        at = np.flatnonzero(rows)
        given = values.iloc[at].tolist() if rule is not BrokenRule.MISSING else [None] * len(at)
        found += zip(at.tolist(), given, [rule_text(rule, column)] * len(at), strict=True)
    return found + _odd_ids(values) if column.identifier else found


def _odd_ids(values: pd.Series) -> list[tuple]:
    """Give (row, value, rule) of every id that reads like another one."""
    wrong = find_faulty_ids(values.dropna().unique())
    if not wrong:
        return []
    rows = np.flatnonzero(values.isin(list(wrong)))
    return [
        (row, value, wrong[value])
        for row, value in zip(rows.tolist(), values.iloc[rows].tolist(), strict=True)
    ]


def _with_known_ids(faults: list[TableFault], creators: pd.DataFrame) -> list[TableFault]:
    """Name the creator that the id of a fault looks like, where the creators table has it."""
    ids = {
        fault.value
        for fault in faults
        if fault.column == "creator_id" and isinstance(fault.value, str)
    }
    odd = find_faulty_ids(ids)
    if not odd:
        return faults
    known = set(creators["creator_id"].dropna())
    rules = {
        (text, wrong): add_lookalike_hint(wrong, text, known.__contains__)
        for text, wrong in odd.items()
    }
    return [replace(fault, rule=_rule_of(fault, rules)) for fault in faults]


def _rule_of(fault: TableFault, rules: dict[tuple, str]) -> str:
    return (
        rules.get((fault.value, fault.rule), fault.rule)
        if isinstance(fault.value, str)
        else fault.rule
    )


def _repeated_keys(frame: pd.DataFrame, spec: TableSpec) -> list[TableFault]:
    key = list(spec.key)
    rows = np.flatnonzero(frame.duplicated(key) & frame[key[0]].notna())
    rule = f"repeats an earlier row with the same {', '.join(key)}: keep one"
    return [TableFault(spec.name, int(row), key[0], frame[key[0]].iloc[row], rule) for row in rows]


def _time_faults(frame: pd.DataFrame, name: str, now: pd.Timestamp) -> list[TableFault]:
    faults = []
    observed = frame["observed_at"] if "observed_at" in frame else pd.Series(now, index=frame.index)
    for column in {"observed_at", "posted_at", "created_at"} & set(frame):
        late = frame[column] > now + pd.Timedelta(days=1)
        after_reading = (
            ~late & (frame[column] > observed) if column != "observed_at" else late & False
        )
        faults += [
            TableFault(name, int(r), column, str(frame[column][r]), "lies in the future")
            for r in late[late].index
        ]
        faults += [
            TableFault(
                name, int(r), column, str(frame[column][r]), f"is after observed_at {observed[r]}"
            )
            for r in after_reading[after_reading].index
        ]
    return faults


def _orphans(clean: dict[str, pd.DataFrame]) -> list[TableFault]:
    creators = clean["creators"]
    known = pd.MultiIndex.from_frame(creators[["creator_id", "platform"]])
    faults = []
    for name in ("posts", "followers"):
        frame = clean[name]
        orphan = ~pd.MultiIndex.from_frame(frame[["creator_id", "platform"]]).isin(known)
        faults += _faults_at(
            name, frame, "creator_id", orphan & frame["creator_id"].notna(), UNKNOWN_CREATOR
        )
    return faults + _partnership_orphans(clean["partnerships"], creators)


def _partnership_orphans(deals: pd.DataFrame, creators: pd.DataFrame) -> list[TableFault]:
    accounts = creators[["creator_id", "platform"]].drop_duplicates()
    platforms = deals["creator_id"].map(accounts.groupby("creator_id").size())
    full = pd.MultiIndex.from_frame(accounts)
    known = np.where(
        deals["platform"].isna(),
        platforms.notna(),
        pd.MultiIndex.from_frame(deals[["creator_id", "platform"]]).isin(full),
    )
    ambiguous = deals["platform"].isna() & (platforms > 1)
    rule = "stands on several platforms: name the platform"
    return _faults_at("partnerships", deals, "creator_id", ~known, UNKNOWN_CREATOR) + _faults_at(
        "partnerships", deals, "creator_id", ambiguous, rule
    )


def _disagreeing_readings(posts: pd.DataFrame) -> list[TableFault]:
    readings = posts[posts.duplicated(["platform", "post_id"], keep=False)]
    first = readings.groupby(["platform", "post_id"])[["posted_at", "creator_id"]].transform(
        "first"
    )
    faults = []
    for column in first:
        given = readings[column].notna() & first[column].notna()
        rows = readings.index[given & (readings[column] != first[column])]
        rule = "differs from an earlier reading of the same post: keep one"
        faults += [
            TableFault("posts", int(row), column, str(posts[column][row]), rule) for row in rows
        ]
    return faults


def _faults_at(name: str, frame: pd.DataFrame, column: str, at, rule: str) -> list[TableFault]:
    return [
        TableFault(name, int(row), column, frame[column].iloc[row], rule)
        for row in np.flatnonzero(at)
    ]


def _missing(length: int, dtype: str) -> pd.Series:
    return pd.Series(None, index=range(length), dtype=dtype)


def _parse(values: pd.Series, column: Column, utc: bool) -> tuple[pd.Series, list[tuple]]:
    """Read one column as its kind; give it with (row, value, rule) of each given value that cannot
    be read.
    """
    if values.isna().all():
        return _missing(len(values), DTYPES[column.kind]), []
    if isinstance(values.dtype, pd.CategoricalDtype):  # a dictionary of Parquet
        values = values.astype(values.cat.categories.dtype)
    if column.kind == "time":
        parsed, rule = _parse_time(values, utc)
    else:
        parsed, rule = {"text": _parse_text, "flag": _parse_flag}.get(column.kind, _parse_number)(
            values
        )
    lost = parsed.isna() & values.notna()
    if not lost.to_numpy().any():
        return parsed, []
    rows = np.flatnonzero(lost & _given(values))
    rules = rule.iloc[rows] if isinstance(rule, pd.Series) else [rule] * len(rows)
    return parsed, list(zip(rows.tolist(), _values_at(values, rows), rules, strict=True))


def _values_at(values: pd.Series, rows: np.ndarray) -> list:
    """Give values at some places; moments as text, which can tell years that no datetime has."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.iloc[rows].tolist()
    return np.datetime_as_string(_in_utc(values)[rows]).tolist()


def _in_utc(values: pd.Series) -> np.ndarray:
    """Give moments, with a zone or without one, as NumPy has them."""
    return values.to_numpy(dtype=f"datetime64[{values.dt.unit}]")


def _given(values: pd.Series) -> pd.Series:
    """Mark the known values that are not blank."""
    known = values.notna()
    return known & (values.astype(str).str.strip() != "") if _is_text(values) else known


def _is_text(values: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(values.dtype) or values.dtype == object


def _parse_text(values: pd.Series) -> tuple[pd.Series, str]:
    if not _is_text(values):  # an id kept as a number has lost leading zeros and, past 2^53, digits
        return _missing(len(values), "str"), "is a number: keep the column as text"
    text = values.astype("str").str.strip()
    return text.mask(text == ""), "is not text"


def _parse_number(values: pd.Series) -> tuple[pd.Series, str]:
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(
        values.dtype
    ):
        return _missing(len(values), "float64"), "is not a number: write it as 1234.5"
    numbers = (
        values
        if values.dtype == np.float64
        else pd.to_numeric(values, errors="coerce").astype("float64")
    )
    if np.isinf(numbers).any():
        numbers = numbers.where(np.isfinite(numbers))
    return numbers, "is not a finite number: write it as 1234.5"


_FLAGS = {
    "true": True,
    "false": False,
    "1": True,
    "0": False,
    "1.0": True,
    "0.0": False,
    "yes": True,
    "no": False,
}


def _parse_flag(values: pd.Series) -> tuple[pd.Series, str]:
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean"), ""
    text = values.astype("str").str.strip().str.lower()
    return text.map(_FLAGS).astype("boolean"), "is not true or false"


def _parse_time(values: pd.Series, utc: bool) -> tuple[pd.Series, pd.Series | str]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _zoned(values, utc)
    if not _is_text(values):
        number = pd.api.types.is_numeric_dtype(values.dtype)
        return _missing(
            len(values), DTYPES["time"]
        ), "is a number, no date: write 2026-03-01T12:00:00Z" if number else NOT_A_DATE
    text = values.astype("str").str.strip()
    times = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601").astype(DTYPES["time"])
    naive = times.notna() & ~text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True, na=False)
    rules = pd.Series(IMPOSSIBLE_DATE, index=values.index).mask(naive, NO_TIME_ZONE)
    return (times if utc else times.mask(naive)), rules


#: Moments that every unit of NumPy from seconds to nanoseconds can tell.
_FIRST, _LAST = np.datetime64("1700"), np.datetime64("2200")


def _zoned(values: pd.Series, utc: bool) -> tuple[pd.Series, pd.Series | str]:
    """Read moments that are kept as such, in whichever unit: seconds reach years that microseconds
    do not.
    """
    if values.dt.tz is None and not utc:
        return _missing(len(values), DTYPES["time"]), NO_TIME_ZONE
    moments = _in_utc(values)
    with np.errstate(invalid="ignore"):
        far = (moments < _FIRST) | (moments > _LAST)
    near = np.where(far, np.datetime64("NaT"), moments).astype("datetime64[us]")
    return pd.Series(near, index=values.index).dt.tz_localize("UTC").astype(
        DTYPES["time"]
    ), DATE_OUT_OF_RANGE
