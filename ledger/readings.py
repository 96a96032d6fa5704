"""Readings of posts and totals of partnerships in the ledger: added file by file, never changed.

A reading says what a post (or a partnership, by its totals) had at a moment. Of one post and moment
the counts that were recorded last stand; what stood before stays in the table as its history.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import orjson
import pandas as pd
from sqlalchemy import ColumnElement, Connection, insert, select, text

from features.tables.model import Tables
from ledger.entry_rows import decode_column
from ledger.matching.read_posts import COUNTS, FACTS, clean_readings, post_numbers
from ledger.reading_rows import ReadingCounts, add_rejected, reading_rows
from ledger.store import Ledger
from ledger.tables import OUTCOME_IMPORTS, READINGS

#: Rows and values of one statement.
_BATCH = 2000
#: Facts whose change makes a row a correction, though its counts are those that stand.
_NEWS = tuple(name for name in FACTS if name not in ("platform", "post_id"))
CONTRADICTION = "the files have other counts of the same post and moment: keep one of them"


def add_readings(
    ledger: Ledger, tables: Tables, source: str, now: int, dry_run: bool = False
) -> ReadingCounts:
    """Keep the readings of posts and the totals of partnerships; return what became of them.

    All or nothing is kept; nothing with `dry_run`. `tables`: validated; its posts may have a column
    partnership_id beside their own. `source`: where they come from, for people; `now`: microseconds
    UTC. Raises LedgerError where the database fails.
    """
    with adding_readings(ledger, tables, source, now, dry_run) as (counts, _):
        return counts


@contextmanager
def adding_readings(
    ledger: Ledger, tables: Tables, source: str, now: int, dry_run: bool = False
) -> Iterator[tuple[ReadingCounts, Connection]]:
    """Add readings as `add_readings` does, and yield what became of them and the connection, which
    sees them; they are kept at the end, unless it is a `dry_run`.
    """
    rows, counts = reading_rows(tables, now)
    with ledger.writing() as connection:
        if ledger.engine.dialect.name == "postgresql":  # one import at a time, as in SQLite
            connection.execute(text("LOCK TABLE readings IN SHARE ROW EXCLUSIVE MODE"))
        kept = _sort_out(connection, rows, counts)
        _insert(connection, kept, source, now, counts)
        yield counts, connection
        if dry_run:
            connection.rollback()


def read_readings(ledger: Ledger) -> pd.DataFrame:
    """Return all readings in the order in which they were recorded, the columns of READINGS."""
    with ledger.reading() as connection:
        return select_readings(connection)


def select_readings(connection: Connection, *wanted: ColumnElement[bool]) -> pd.DataFrame:
    """Return the readings for which all conditions hold, as `read_readings` does."""
    rows = connection.execute(select(READINGS).where(*wanted).order_by(READINGS.c.reading_id)).all()
    columns = zip(*rows, strict=True) if rows else ((),) * len(READINGS.c)
    named = zip(READINGS.c, columns, strict=True)
    return pd.DataFrame({column.name: decode_column(column, values) for column, values in named})


def counts_json(counts: ReadingCounts) -> dict[str, int | dict[str, int]]:
    """Return the counts as they are kept with the import."""
    kept = {name: value for name, value in vars(counts).items() if name != "places"}
    return {**kept, "rejected": dict(counts.rejected)}


def _sort_out(connection: Connection, rows: pd.DataFrame, counts: ReadingCounts) -> pd.DataFrame:
    """Return the rows that tell something new, and count them all."""
    known = _known_rows(connection, rows)
    every = clean_readings(pd.concat([known, rows]) if len(known) else rows)
    own = np.arange(len(every)) >= len(known)
    post = post_numbers(every)
    moment = [post, every["read_at"].to_numpy()]
    contradicts = _contradictions(every, moment, own)
    if contradicts.any():
        add_rejected(counts, every, np.where(contradicts, CONTRADICTION, ""))
    every, own, post = every[~contradicts], own[~contradicts], post[~contradicts]
    moment = [post, every["read_at"].to_numpy()]
    is_first = (every.groupby(moment).cumcount() == 0).to_numpy()
    news = np.zeros(len(every), dtype=bool)
    for name in (*COUNTS, *_NEWS):
        groups = moment if name in COUNTS else [post]
        before = every[name].groupby(groups).ffill().groupby(groups).shift()
        news |= (every[name].notna() & ~(before == every[name])).to_numpy(dtype=bool)
    counts.new = int((own & is_first).sum())
    counts.corrections = int((own & ~is_first & news).sum())
    counts.repeats = int((own & ~is_first & ~news).sum())
    return every[own & (is_first | news)]


def _contradictions(every: pd.DataFrame, moment: list[np.ndarray], own: np.ndarray) -> np.ndarray:
    """Mark the own rows (n,) of a post and moment of which the files have several counts."""
    wrong = np.zeros(len(every), dtype=bool)
    for name in COUNTS:
        values = every[name].where(own)
        wrong |= (values.groupby(moment).transform("nunique") > 1).to_numpy()
    return wrong & own


def _known_rows(connection: Connection, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the readings of the ledger that are of the same posts and partnerships."""
    frames = []
    for name in ("post_id", "partnership_id"):
        used = rows["post_id"].isna() == (name == "partnership_id")
        ids = rows.loc[used, name].dropna().unique().tolist()
        for start in range(0, len(ids), _BATCH):
            is_wanted = READINGS.c[name].in_(ids[start : start + _BATCH])
            totals_only = READINGS.c.post_id.is_(None) if name == "partnership_id" else None
            conditions = [is_wanted] if totals_only is None else [is_wanted, totals_only]
            frames.append(select_readings(connection, *conditions))
    known = [frame for frame in frames if len(frame)]
    if not known:
        return pd.DataFrame(columns=rows.columns)
    return pd.concat(known).drop_duplicates("reading_id").sort_values("reading_id")[rows.columns]


def _insert(
    connection: Connection, rows: pd.DataFrame, source: str, now: int, counts: ReadingCounts
) -> None:
    """Insert the import and its rows."""
    kept = orjson.dumps(counts_json(counts)).decode()
    of_import = insert(OUTCOME_IMPORTS).values(recorded_at=now, source=source, counts=kept)
    key = connection.execute(of_import).inserted_primary_key
    assert key is not None
    names = [name for name in rows if name in READINGS.c]
    values = rows[names].astype(object).where(rows[names].notna(), None)
    records = [
        {"import_id": key[0], "recorded_at": now, **row} for row in values.to_dict("records")
    ]
    for start in range(0, len(records), _BATCH):
        connection.execute(insert(READINGS), records[start : start + _BATCH])
