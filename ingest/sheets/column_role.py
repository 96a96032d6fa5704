"""The role of a source column: which canonical column it is, and how that is known."""

from dataclasses import dataclass, replace

from ingest.sheets.header_meanings import HeaderMeaning
from ingest.sheets.sheet_types import ColumnMapping

#: `ColumnRole.how` of a column that a map file names.
BY_MAP_FILE = "map file"


@dataclass(frozen=True)
class ColumnRole:
    """The role of the source column at position `index`.

    `target`: a canonical column or one of INTERMEDIATE_COLUMNS, None where the column is not read.
    `how`: what decided it. `meaning`: that of the header, None where it has none. `mapping`: what
    the map file says. `note` explains, `ambiguous` says what is unclear and how to settle it.
    """

    index: int
    source: str
    target: str | None
    how: str
    meaning: HeaderMeaning | None = None
    mapping: ColumnMapping | None = None
    note: str = ""
    ambiguous: str | None = None

    def as_unread(self, note: str = "", ambiguous: str | None = None) -> "ColumnRole":
        """Return the role of the same column where it is not read, and why."""
        return replace(self, target=None, note=note, ambiguous=ambiguous)

    @property
    def is_mapped(self) -> bool:
        """Whether a map file decides the role."""
        return self.how == BY_MAP_FILE

    @property
    def is_exact(self) -> bool:
        """Whether the header is a canonical name, or a column of a known layout."""
        return self.meaning is not None and self.meaning.exact

    @property
    def header_column(self) -> str:
        """The column that the header means by itself, "" where it means none."""
        return self.meaning.column if self.meaning else ""

    @property
    def concepts(self) -> frozenset[str]:
        """The concepts of the header's words."""
        return self.meaning.concepts if self.meaning else frozenset()

    @property
    def platform(self) -> str | None:
        """The platform that the header names."""
        return self.meaning.platform if self.meaning else None

    @property
    def currency(self) -> str | None:
        """The currency that the header names."""
        return self.meaning.currency if self.meaning else None

    @property
    def mapped_unit(self) -> str:
        """The unit that the map file says, in lower case; "" where it says none."""
        return (self.mapping.unit or "").lower() if self.mapping else ""
