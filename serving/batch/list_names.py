"""The names of creators as a list has them, for people: they find no creator."""

from collections.abc import Sequence

from ingest.sheets.header_meanings import header_meaning
from serving.batch.chunks import Chunk, ProspectList

#: Headers that sheets do not read as names, as they may hold handles.
_OTHER_HEADERS = ("influencer", "influencer name")


def name_column(prospects: ProspectList) -> int | None:
    """Return the position of the column of the source that holds names of creators, None where
    there is none.
    """
    places = range(len(prospects.header))
    return next((place for place in places if _is_name(prospects.header[place])), None)


def names_of_rows(chunk: Chunk, column: int | None, rows: Sequence[int]) -> list[str | None]:
    """Return the names that a column of the source has for rows, None where it has none."""
    if column is None or not len(rows):
        return [None] * len(rows)
    return [str(cells[column] or "").strip() or None for cells in chunk.text(list(rows))]


def _is_name(header: str) -> bool:
    meaning = header_meaning(header)
    words = " ".join(header.lower().replace("_", " ").split())
    return words in _OTHER_HEADERS or (meaning is not None and meaning.column == "name")
