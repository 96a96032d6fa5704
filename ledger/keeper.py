"""Keeps forecasts while answers are made: into the journal at once, into the database by a thread.

Whatever fails, no answer waits for it: it is logged once, and counted.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ledger.count_names import KEPT, LOST, WAITING
from ledger.forecast_batch import ForecastBatch
from ledger.journal import Journal, JournalError
from ledger.losses import add_losses
from ledger.settings import LedgerSettings

if TYPE_CHECKING:
    from ledger.store import Ledger

#: Seconds between two moves into the database, and the longest pause after failures.
_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
#: Seconds that the end of a process waits for the last move.
_STOP_SECONDS = 5.0

_WORKS_AGAIN = {
    "journal": "forecasts are kept again",
    "database": "the database works again, and has the forecasts that waited in the journal",
}


class ForecastKeeper:
    """Keeps the forecasts of one process. `count`: is told what was counted, and how many.

    `lost_for`: why the last ones were lost; `doubles`: how many the database had already.
    """

    def __init__(
        self,
        settings: LedgerSettings,
        count: Callable[[str, float], None] = lambda what, number: None,
        log: logging.Logger | None = None,
    ):
        self.settings, self._count = settings, count
        self._log = log or logging.getLogger(__name__)
        self._journal = Journal(settings.journal, settings.journal_bytes)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._parent = 0
        self._faults: dict[str, str] = {}
        self._unnoted, self.doubles = 0, 0
        self.lost_for = ""
        self._ledger: Ledger | None = None

    def start(self) -> None:
        """Begin to move what waits into the database, for all processes of this service."""
        self._parent = os.getppid()
        self._thread.start()

    def stop(self) -> None:
        """Move what waits, where a thread does that, and end."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        self._note_losses()
        self._journal.close()
        if self._ledger is not None:
            self._ledger.close()

    def keep(self, batches: Sequence[ForecastBatch]) -> str | None:
        """Keep forecasts; return None where they are kept, else why they are not. Never raises."""
        number = sum(batch.n for batch in batches)
        try:
            self._journal.append(batches)
        except JournalError as error:
            return self.lose(number, str(error), error.details)
        except Exception as error:  # no fault of the ledger may cost an answer
            return self.lose(number, f"they could not be encoded ({type(error).__name__})")
        self._tell("journal", "")
        self._count(KEPT, number)
        self._count(WAITING, number)
        return None

    def lose(self, number: int, reason: str, details: str = "") -> str:
        """Count forecasts that could not be kept, log the reason once, and return it.

        `details`: place and remedy, for who runs it: kept in `lost_for`, told by the log.
        """
        self._count(LOST, number)
        self.lost_for = ": ".join(filter(None, (reason, details)))
        self._unnoted += number
        self._tell("journal", f"forecasts are NOT kept: {self.lost_for}")
        return reason

    def _run(self) -> None:
        pause = _PAUSE
        while not self._ended.wait(pause):
            pause = min(2 * pause, _LONGEST_PAUSE) if self.move() else _PAUSE
            self._note_losses()
        self.move()

    def _note_losses(self) -> None:
        """Write down, for `creatorcast ledger status`, what was lost since that was done last."""
        number = self._unnoted
        if number and add_losses(self.settings.journal, number, self.lost_for):
            self._unnoted -= number

    def move(self) -> str:
        """Move what waits into the database; return why that was not possible, "" where it was."""
        # imported here: what keeps nothing need not wait for SQLAlchemy
        from ledger.move import move_journal
        from ledger.store import open_ledger

        try:
            if self._ledger is None:
                self._ledger = open_ledger(self.settings.home, self.settings.address)
            moved = move_journal(self._journal, self._ledger, self._parent)
        except Exception as error:  # of whatever kind: what waits is tried again
            fault = str(error) or type(error).__name__
            place = str(self.settings.journal)
            self._tell(
                "database", f"{fault}; forecasts wait in the journal {place!r}, and none is lost"
            )
            return fault
        self._tell("database", "")
        self.doubles += moved.doubles
        if moved.damaged:
            self._log.error(
                "ledger: %d damaged lines of the journal were set aside in %r",
                moved.damaged,
                str(self.settings.journal),
            )
        if moved.own or moved.refused:
            self._count(WAITING, -(moved.own + moved.refused))
        if moved.refused:
            self._count(LOST, moved.refused)
            self._unnoted, self.lost_for = (
                self._unnoted + moved.refused,
                "the database refuses them",
            )
        return ""

    def _tell(self, what: str, fault: str) -> None:
        """Log that something begins to fail, fails otherwise, or works again."""
        if fault == self._faults.get(what, ""):
            return
        self._faults[what] = fault
        if fault:
            self._log.error("ledger: %s", fault)
        else:
            self._log.warning("ledger: %s", _WORKS_AGAIN[what])
