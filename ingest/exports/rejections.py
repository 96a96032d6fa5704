"""Where a record stands in an imported file, and what was not read of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where a record stands: the name of the file, and the place in it in words."""

    file: str
    record: str

    def within(self, part: str) -> "Place":
        """Return the place of a part of this record.

        >>> Place("posts.json", "record 2").within("media").record
        'record 2, media'
        """
        return Place(self.file, f"{self.record}, {part}")


@dataclass(frozen=True)
class Rejection:
    """A record that gives no row, or a value that stays unknown (`field` is then its column)."""

    place: Place
    reason: str
    field: str = ""
    value: str = ""
