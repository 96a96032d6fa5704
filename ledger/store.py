"""The ledger: forecasts as they were made, in a database of SQLite or Postgres."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Engine, select
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    SQLAlchemyError,
)

from ledger.database import (
    database_url,
    is_missing_file,
    make_engine,
    no_ledger,
    place_of,
    reason_of,
    writing,
)
from ledger.entry_rows import ROW_NAMES, decode_column, entry_row
from ledger.errors import LedgerError
from ledger.forecast_entry import ForecastEntry
from ledger.migrate import migrate
from ledger.settings import home_address, ledger_address, ledger_file
from ledger.tables import FORECASTS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Ledger", "LedgerError", "ledger_address", "open_ledger"]
#: Rows of one statement.
_BATCH = 1000


def open_ledger(home: Path, address: str | None = None, makes: bool = True) -> Ledger:
    """Return the ledger at an address, else that in the SQLite file of the home, made if need be
    and with its tables at the latest version.

    The folder of the home's file is made too, any other must be there. `makes`: whether a ledger
    that is not there is made. Raises LedgerError where the ledger cannot be used.
    """
    url = database_url(address or home_address(home))
    with ExitStack() as on_failure:
        try:
            if not makes and is_missing_file(url):
                raise no_ledger(url)
            if makes and str(url.database) == str(ledger_file(home).absolute()):
                ledger_file(home).parent.mkdir(exist_ok=True)
            engine = make_engine(url)
            on_failure.callback(engine.dispose)
            migrate(engine, makes)
        except (SQLAlchemyError, OSError) as error:
            raise LedgerError(
                f"ledger {place_of(url)} cannot be opened: {reason_of(error)}: check that the "
                f"place exists, is reached and may be written"
            ) from None
        on_failure.pop_all()
    return Ledger(engine)


class Ledger:
    """Forecasts and outcomes of one database. `engine`: SQLAlchemy's, for the tables of
    ledger.tables.
    """

    def __init__(self, engine: Engine):
        self.engine = engine

    @property
    def place(self) -> str:
        """Where it is, without user and password."""
        return place_of(self.engine.url)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection within a transaction that writes: all of it is kept, or nothing.

        Raises LedgerError where the database fails.
        """
        try:
            with self.engine.connect() as connection, writing(connection).begin():
                yield connection
        except SQLAlchemyError as error:
            raise self._failed("written", error) from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that reads. Raises LedgerError where the database fails."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._failed("read", error) from None

    def append(self, entries: Sequence[ForecastEntry]) -> None:
        """Keep forecasts, all or none; one whose forecast_id is kept already stays as it is.

        Raises LedgerError where the database fails.
        """
        self.append_rows([entry_row(entry) for entry in entries])

    def append_rows(self, rows: Sequence[tuple]) -> int:
        """Keep forecasts as `append` does, given as rows of `ledger.entry_rows`; return how many
        were not kept already.
        """
        if not rows:
            return 0
        # the driver itself takes the values, at half the time: none of them needs a conversion
        mark = "%s" if self.engine.dialect.name == "postgresql" else "?"
        statement = (
            f"INSERT INTO {FORECASTS.name} ({', '.join(ROW_NAMES)}) "
            f"VALUES ({', '.join([mark] * len(ROW_NAMES))}) ON CONFLICT DO NOTHING"
        )
        with self.writing() as connection:
            return sum(
                connection.exec_driver_sql(statement, list(rows[start : start + _BATCH])).rowcount
                for start in range(0, len(rows), _BATCH)
            )

    def forecasts(
        self,
        campaign: str | None = None,
        since: int | None = None,
        until: int | None = None,
        model_version: str | None = None,
    ) -> pd.DataFrame:
        """Return forecasts in the order in which they were made: the columns of FORECASTS, JSON
        decoded, of a campaign, made from `since` to before `until` (microseconds UTC), by a model.
        """
        wanted: list[ColumnElement[bool]] = []
        if campaign is not None:
            wanted.append(FORECASTS.c.campaign == campaign)
        if since is not None:
            wanted.append(FORECASTS.c.made_at >= since)
        if until is not None:
            wanted.append(FORECASTS.c.made_at < until)
        if model_version is not None:
            wanted.append(FORECASTS.c.model_version == model_version)
        return self.select_forecasts(*wanted)

    def select_forecasts(self, *wanted: ColumnElement[bool]) -> pd.DataFrame:
        """Return the forecasts for which all conditions hold, as `forecasts` does."""
        import pandas as pd

        order = FORECASTS.c.made_at, FORECASTS.c.forecast_id
        with self.reading() as connection:
            rows = connection.execute(select(FORECASTS).where(*wanted).order_by(*order)).all()
        columns = zip(*rows, strict=True) if rows else ((),) * len(FORECASTS.c)
        return pd.DataFrame(
            {
                column.name: decode_column(column, values)
                for column, values in zip(FORECASTS.c, columns, strict=True)
            }
        )

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _failed(self, what: str, error: SQLAlchemyError) -> LedgerError:
        return LedgerError(
            f"ledger {self.place} cannot be {what}: {reason_of(error)}: make room, or see that it "
            f"is reached and may be written",
            is_refused=_is_refused(error),
        )


def _is_refused(error: SQLAlchemyError) -> bool:
    """Return whether the values are at fault: of the errors of programming those of the driver,
    which has no code of the database for them.
    """
    if isinstance(error, InterfaceError | ProgrammingError):
        return getattr(error.orig, "sqlstate", None) is None
    return isinstance(error, DataError | IntegrityError)
