"""What a run reports: how far it is, and what became of the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class RunCounts:
    """What became of the rows read: read = scored + rejected. `blank`: blank lines besides;
    `rejected_path`: the file of rejected rows, None where there are none; `summary`: lines for the
    user.
    """

    read: int = 0
    scored: int = 0
    rejected: int = 0
    blank: int = 0
    rejected_path: Path | None = None
    summary: tuple[str, ...] = ()

    def plus(self, figures: dict) -> RunCounts:
        """Return the counts with those of another chunk added."""
        return replace(
            self,
            read=self.read + figures["read"],
            scored=self.scored + figures["scored"],
            rejected=self.rejected + figures["rejected"],
            blank=self.blank + figures["blank"],
        )


@dataclass(frozen=True)
class ProgressReporter:
    """Whom a run calls.

    `progress`: with the rows done, those of them rejected, and rows in all, None where that is not
    known; `notify`: with a sentence about the list or the run.
    """

    progress: Callable[[int, int, int | None], None] = lambda done, rejected, total: None
    notify: Callable[[str], None] = lambda line: None
