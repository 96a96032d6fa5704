"""What one source column was taken for."""

from dataclasses import dataclass, replace

from ingest.sheets.header_meanings import HeaderMeaning
from ingest.sheets.sheet_types import ColumnMapping


@dataclass(frozen=True)
class ColumnRole:
    """What a source column was taken for. `target`: a canonical column or one of PSEUDO, None where
    it is not read.
    """

    index: int
    source: str
    target: str | None
    how: str
    name: HeaderMeaning | None = None
    mapping: ColumnMapping | None = None
    note: str = ""
    ambiguous: str | None = None

    def as_unread(self, note: str = "", ambiguous: str | None = None) -> "ColumnRole":
        """Give it as one that is not read, and why."""
        return replace(self, target=None, note=note, ambiguous=ambiguous)

    @property
    def platform(self) -> str | None:
        return self.name.platform if self.name else None
