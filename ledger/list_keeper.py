"""Keeps the forecasts of a command, and tells at its end what became of them."""

import logging
from collections import Counter
from collections.abc import Sequence

from ledger.count_names import LOST, WAITING
from ledger.forecast_batch import ForecastBatch
from ledger.keeper import ForecastKeeper
from ledger.settings import LedgerSettings

#: A command tells at its end what failed; it needs no log.
_SILENT = logging.Logger("ledger")
_SILENT.addHandler(logging.NullHandler())


class ListKeeper:
    """Keeps forecasts as they are made: none is lost where the command is stopped, and none costs
    an answer.
    """

    def __init__(self, settings: LedgerSettings, campaign: str | None = None):
        self.settings, self.campaign = settings, campaign
        self._counts: Counter[str] = Counter()
        self._keeper = ForecastKeeper(settings, self._count, _SILENT)
        self._fault, self._given = "", 0
        self._left_out: Counter[str] = Counter()

    def keep(self, batches: Sequence[ForecastBatch], lost: int = 0, fault: str = "") -> None:
        """Keep batches; `lost`: forecasts that could not be put into them, and why."""
        self._given += lost + sum(batch.n for batch in batches)
        if lost:
            self._keeper.lose(lost, fault)
        if batches:
            self._keeper.keep(batches)
            if not self._fault:  # else at the end, once more
                self._fault = self._keeper.move()

    def leave_out(self, number: int, reason: str) -> None:
        """Note forecasts that the ledger does not keep, and why."""
        self._left_out[reason] += number

    def finish(self) -> list[str]:
        """Move what waits into the database; return what became of the forecasts, as sentences."""
        self._fault = self._keeper.move()
        waiting, lost = self._counts[WAITING], self._counts[LOST]
        stored = self._given - waiting - lost
        self._keeper.stop()
        named = f" (campaign {self.campaign})" if self.campaign else ""
        lines = []
        if doubles := min(self._keeper.doubles, stored):
            lines.append(
                f"{stored - doubles:,} new forecasts kept in the ledger{named}, {doubles:,} were "
                f"there already"
            )
        elif stored:
            lines.append(f"{_forecasts(stored)} kept in the ledger{named}")
        if waiting:
            lines.append(
                f"{_forecasts(waiting)} NOT yet in the ledger{named}: {self._fault}; kept in "
                f"{str(self.settings.journal)!r}, and moved by the next `creatorcast ledger status`"
            )
        if lost:
            lines.append(f"{_forecasts(lost)} NOT kept{named}: {self._keeper.lost_for}")
        for reason, number in self._left_out.items():
            if number:
                lines.append(f"{_forecasts(number)} not kept{named}: {reason}")
        return lines or [f"no forecasts for the ledger{named}"]

    def _count(self, what: str, number: float) -> None:
        self._counts[what] += round(number)


def _forecasts(number: int) -> str:
    return f"{number:,} forecast{'' if number == 1 else 's'}"
