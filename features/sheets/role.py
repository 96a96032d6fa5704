"""What one source column was taken for."""

from dataclasses import dataclass, replace

from features.sheets.names import Name
from features.sheets.result import Mapped


@dataclass(frozen=True)
class Role:
    """What a source column was taken for. `target`: a canonical column or one of PSEUDO, None where it is not read."""

    index: int
    source: str
    target: str | None
    how: str
    name: Name | None = None
    mapped: Mapped | None = None
    note: str = ""
    ambiguous: str | None = None

    def out(self, note: str = "", ambiguous: str | None = None) -> "Role":
        """Give it as one that is not read, and why."""
        return replace(self, target=None, note=note, ambiguous=ambiguous)

    @property
    def platform(self) -> str | None:
        return self.name.platform if self.name else None
