"""What a run reports: how far it is, and what became of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from serving.batch.best_answers import BestAnswers


#: Notes on values that are kept for a workbook.
MOST_NOTES = 50


@dataclass(frozen=True)
class RunCounts:
    """What became of the rows read: read = scored + rejected. `blank`: blank lines besides;
    `rejected_path`: the file of rejected rows, None where there are none; `summary`: lines for the
    user; `verdicts`: how many answers have each; `best`: the best of them, where a report needs
    them; `as_of`: the moment of the forecasts; `top`: how many were asked for, 0 for all; `notes`:
    on values that were not read, MOST_NOTES of them.
    """

    read: int = 0
    scored: int = 0
    rejected: int = 0
    blank: int = 0
    rejected_path: Path | None = None
    summary: tuple[str, ...] = ()
    verdicts: Mapping[str, int] = field(default_factory=dict)
    best: BestAnswers | None = None
    as_of: pd.Timestamp | None = None
    top: int = 0
    notes: tuple[str, ...] = ()

    @property
    def written(self) -> int:
        """How many answers the file has."""
        return min(self.top, self.scored) if self.top else self.scored

    def plus(self, figures: dict) -> RunCounts:
        """Return the counts with those of another chunk added."""
        return replace(
            self,
            read=self.read + figures["read"],
            scored=self.scored + figures["scored"],
            rejected=self.rejected + figures["rejected"],
            blank=self.blank + figures["blank"],
            notes=self._notes_with(figures.get("notes", ())),
        )

    def _notes_with(self, notes: Iterable[str]) -> tuple[str, ...]:
        """Return the notes with those of another chunk, each once, MOST_NOTES at most."""
        return tuple(dict.fromkeys((*self.notes, *notes)))[:MOST_NOTES]


@dataclass(frozen=True)
class ProgressReporter:
    """Whom a run calls.

    `progress`: with the rows done, those of them rejected, and rows in all, None where that is not
    known; `notify`: with a sentence about the list or the run; `check`: often; what it raises ends
    the run.
    """

    progress: Callable[[int, int, int | None], None] = lambda done, rejected, total: None
    notify: Callable[[str], None] = lambda line: None
    check: Callable[[], None] = lambda: None
