"""Tables as they come in, checked against the schema once, with every fault reported together.

After `validate` nothing checks again: columns, dtypes, ranges, keys and references are as
`features.tables.schema` says.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.errors import CreatorcastError
from features.tables.column_checks import BrokenRule, broken_rules, rule_text
from features.tables.creator_ids import add_lookalike_hint, find_faulty_ids
from features.tables.currency import CurrencyRates, check_fees, convert_fee
from features.tables.model import Tables
from features.tables.parse_columns import ValueFault, missing_column, parse_column
from features.tables.schema import DTYPES, TABLE_SPECS, Column, TableSpec

MISSING_COLUMN = "is missing: the column is required"
UNKNOWN_CREATOR = "is no creator of that platform in the creators table: add a row there"
SEVERAL_PLATFORMS = "stands on several platforms: name the platform"
#: Faults that the message of InvalidTables names.
MAX_NAMED_FAULTS = 20


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
        return f"{self.column} {_value_text(self.value)} {self.rule}"


def _value_text(value: object) -> str:
    """Return a value in words: texts in quotes, times in ISO form, numbers without an exponent;
    those that are read only nearly, above 2**53, are said to be so.

    >>> _value_text("a"), _value_text(1.5e15), _value_text(99999999999999999999.0)
    ("'a'", '1500000000000000.0', 'about 1e+20')
    >>> _value_text(pd.Timestamp("2026-01-01")), _value_text(2e-05)
    ('2026-01-01T00:00:00', '0.00002')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, float) and 2.0**53 < abs(value) < math.inf:
        return f"about {value:.15g}"
    if isinstance(value, float) and "e" in repr(value):
        return np.format_float_positional(value, trim="-")
    return repr(value)


class InvalidTables(CreatorcastError):
    """Tables break the schema: `faults` lists every fault, the message names the first twenty."""

    def __init__(self, faults: list[TableFault]):
        self.faults = faults
        lines = "\n".join(f"  {fault}" for fault in faults[:MAX_NAMED_FAULTS])
        unnamed = len(faults) - MAX_NAMED_FAULTS
        more = f"\n  ... and {unnamed:,} more" if unnamed > 0 else ""
        super().__init__(
            f"{len(faults):,} fault(s) in the tables; correct the rows named:\n{lines}{more}"
        )


def validate(tables: Tables, now: pd.Timestamp | None = None) -> Tables:
    """Check all tables and return them clean, in canonical columns and dtypes.

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
    utc = tables.meta.get("timezone") == "UTC"
    clean: dict[str, pd.DataFrame] = {}
    faults: list[TableFault] = []
    for name, frame in tables.frames().items():
        spec = TABLE_SPECS[name]
        clean[name], faults_of_table = clean_table(frame, spec, utc=utc)
        faults += faults_of_table
        faults += _repeated_keys(clean[name], spec)
        faults += _time_faults(clean[name], name, now)
    faulty_ids = {(fault.table, fault.row) for fault in faults if fault.column == "creator_id"}
    orphans = _orphans(clean)
    faults += [fault for fault in orphans if (fault.table, fault.row) not in faulty_ids]
    faults = _name_known_ids(faults, clean["creators"])
    faults += _disagreeing_readings(clean["posts"])
    clean["partnerships"], fee_faults = _fees_in_usd(clean["partnerships"], tables.meta)
    faults += fee_faults
    if faults:
        order = list(clean)
        faults.sort(key=lambda fault: (order.index(fault.table), fault.row, fault.column))
        raise InvalidTables(faults)
    return Tables(**clean, meta=dict(tables.meta))


def clean_table(
    frame: pd.DataFrame, spec: TableSpec, utc: bool = False, whole: bool = True
) -> tuple[pd.DataFrame, list[TableFault]]:
    """Return a frame in the columns and dtypes of `spec`, and every value that breaks a rule of its
    column.

    `utc` declares that times without an offset are UTC; without it they are faults. Columns that
    are absent are added as missing where the table is to be `whole`. A value that cannot be read as
    its column's kind is missing in the result. `frame` is not changed; the result is numbered from
    0.
    """
    n, frame = len(frame), frame.reset_index(drop=True)
    faults = [
        TableFault(spec.name, -1, column.name, None, MISSING_COLUMN)
        for column in spec.columns
        if column.required and column.name not in frame
    ]
    clean = {}
    for column in spec.columns:
        if column.name in frame:
            clean[column.name], value_faults = _clean_column(frame[column.name], column, utc)
            faults += [
                TableFault(spec.name, fault.row, column.name, fault.value, fault.rule)
                for fault in value_faults
            ]
        elif whole:
            clean[column.name] = missing_column(n, DTYPES[column.kind])
    return pd.DataFrame(clean, index=range(n)), faults


def validate_table(frame: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    """Return a table clean, as `clean_table` does, its keys unique; raises InvalidTables with every
    fault.
    """
    clean, faults = clean_table(frame, spec)
    faults += _repeated_keys(clean, spec)
    if faults:
        raise InvalidTables(sorted(faults, key=lambda fault: (fault.row, fault.column)))
    return clean


def _clean_column(
    values: pd.Series, column: Column, utc: bool
) -> tuple[pd.Series, list[ValueFault]]:
    parsed, unread = parse_column(values, column, utc)
    unread_rows = {fault.row for fault in unread}
    broken = [fault for fault in _broken(parsed, column) if fault.row not in unread_rows]
    return parsed, unread + broken


def _broken(values: pd.Series, column: Column) -> list[ValueFault]:
    """Return every value, read as its kind, that breaks a rule of its column."""
    faults = []
    for rule, is_broken in broken_rules(column, values).items():
        rows = np.flatnonzero(is_broken)
        if not len(rows):
            continue
        is_missing = rule is BrokenRule.MISSING
        broken = [None] * len(rows) if is_missing else values.iloc[rows].tolist()
        text = rule_text(rule, column)
        faults += [
            ValueFault(row, value, text) for row, value in zip(rows.tolist(), broken, strict=True)
        ]
    return faults + _faulty_ids(values) if column.identifier else faults


def _faulty_ids(values: pd.Series) -> list[ValueFault]:
    """Return every id that reads like another one."""
    rules = find_faulty_ids(values.dropna().unique())
    if not rules:
        return []
    rows = np.flatnonzero(values.isin(list(rules)))
    ids = values.iloc[rows].tolist()
    return [
        ValueFault(row, text, rules[text]) for row, text in zip(rows.tolist(), ids, strict=True)
    ]


def _name_known_ids(faults: list[TableFault], creators: pd.DataFrame) -> list[TableFault]:
    """Return the faults with the creator that an id looks like, where the creators table has it."""
    ids = {
        fault.value
        for fault in faults
        if fault.column == "creator_id" and isinstance(fault.value, str)
    }
    faulty = find_faulty_ids(ids)
    if not faulty:
        return faults
    creator_ids = set(creators["creator_id"].dropna())
    return [_with_hint(fault, faulty, creator_ids.__contains__) for fault in faults]


def _with_hint(
    fault: TableFault, faulty: dict[str, str], is_known: Callable[[str], bool]
) -> TableFault:
    text = fault.value
    if not isinstance(text, str) or faulty.get(text) != fault.rule:
        return fault
    return replace(fault, rule=add_lookalike_hint(fault.rule, text, is_known))


def _repeated_keys(frame: pd.DataFrame, spec: TableSpec) -> list[TableFault]:
    key = list(spec.key)
    is_repeated = frame.duplicated(key) & frame[key[0]].notna()
    rule = f"repeats an earlier row with the same {', '.join(key)}: keep one"
    return _faults_at(spec.name, frame, key[0], is_repeated, rule)


def _time_faults(frame: pd.DataFrame, name: str, now: pd.Timestamp) -> list[TableFault]:
    """Return the times that lie in the future, and those after the row's observed_at."""
    faults = []
    observed = frame["observed_at"] if "observed_at" in frame else pd.Series(now, index=frame.index)
    for column in {"observed_at", "posted_at", "created_at", "start_at"} & set(frame):
        times = frame[column]
        # a partnership may be planned
        is_future = (times > now + pd.Timedelta(days=1)) & (column != "start_at")
        is_after_reading = ~is_future & (times > observed)
        for row in np.flatnonzero(is_future):
            rule = "lies in the future"
            faults.append(TableFault(name, int(row), column, str(times[row]), rule))
        for row in np.flatnonzero(is_after_reading):
            rule = f"is after observed_at {observed[row]}"
            faults.append(TableFault(name, int(row), column, str(times[row]), rule))
    return faults


def _orphans(clean: dict[str, pd.DataFrame]) -> list[TableFault]:
    """Return the rows of posts, followers and partnerships whose creator has no row."""
    creators = clean["creators"]
    known_accounts = pd.MultiIndex.from_frame(creators[["creator_id", "platform"]])
    faults = []
    for name in ("posts", "followers"):
        frame = clean[name]
        accounts = pd.MultiIndex.from_frame(frame[["creator_id", "platform"]])
        is_orphan = ~accounts.isin(known_accounts) & frame["creator_id"].notna()
        faults += _faults_at(name, frame, "creator_id", is_orphan, UNKNOWN_CREATOR)
    return faults + _partnership_orphans(clean["partnerships"], creators)


def _partnership_orphans(deals: pd.DataFrame, creators: pd.DataFrame) -> list[TableFault]:
    accounts = creators[["creator_id", "platform"]].drop_duplicates()
    platforms = deals["creator_id"].map(accounts.groupby("creator_id").size())
    names_platform = deals["platform"].notna()
    on_platform = pd.MultiIndex.from_frame(deals[["creator_id", "platform"]]).isin(
        pd.MultiIndex.from_frame(accounts)
    )
    is_known = np.where(names_platform, on_platform, platforms.notna())
    is_ambiguous = ~names_platform & (platforms > 1)
    return [
        *_faults_at("partnerships", deals, "creator_id", ~is_known, UNKNOWN_CREATOR),
        *_faults_at("partnerships", deals, "creator_id", is_ambiguous, SEVERAL_PLATFORMS),
    ]


def _disagreeing_readings(posts: pd.DataFrame) -> list[TableFault]:
    """Return the readings that tell another moment or creator than the post's first reading."""
    key = ["platform", "post_id"]
    readings = posts[posts.duplicated(key, keep=False)]
    first = readings.groupby(key)[["posted_at", "creator_id"]].transform("first")
    rule = "differs from an earlier reading of the same post: keep one"
    faults = []
    for column in first:
        both_known = readings[column].notna() & first[column].notna()
        rows = readings.index[both_known & (readings[column] != first[column])]
        values = posts[column]
        faults += [TableFault("posts", int(row), column, str(values[row]), rule) for row in rows]
    return faults


def _fees_in_usd(deals: pd.DataFrame, meta: dict) -> tuple[pd.DataFrame, list[TableFault]]:
    """Return partnerships with all fees in fee_usd, and the faults of their fees."""
    rates = CurrencyRates(meta.get("usd_per_unit") or CurrencyRates().usd_per_unit)
    fee_usd, fee = deals["fee_usd"].to_numpy(), deals["fee"].to_numpy()
    faults = []
    for rule, rows in check_fees(fee_usd, fee, deals["currency"], rates).items():
        faults += _faults_at("partnerships", deals, rule.column, rows, rule.message)
    converted = deals.assign(
        fee_usd=convert_fee(fee_usd, fee, deals["currency"], rates),
        fee=np.nan,
        currency=missing_column(len(deals), "str"),
    )
    return converted, faults


def _faults_at(
    name: str, frame: pd.DataFrame, column: str, is_broken: np.ndarray | pd.Series, rule: str
) -> list[TableFault]:
    values = frame[column]
    return [
        TableFault(name, int(row), column, values.iloc[row], rule)
        for row in np.flatnonzero(is_broken)
    ]
