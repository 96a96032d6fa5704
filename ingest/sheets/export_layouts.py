"""Layouts in which publishers and programs write CSV, as data: forms.csv, form_columns.csv, and the
shapes of JSON.

A layout is recognised by all columns that it needs, and says what each of its headers means. JSON
that was made flat ("authorMeta.fans", "owner/username", "user_screen_name") is read by the paths of
its shape (ingest.shapes).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ingest.shapes.record_shapes import METRICS, RecordShape
from ingest.shapes.shape_catalog import SHAPES
from ingest.sheets.header_meanings import canonical_names, header_tokens
from ingest.sheets.sheet_types import SheetError
from ingest.sheets.word_lists import read_word_list

#: Parts of names that only one network's exports have.
_DISTINCT_WORDS = (
    "edge_", "digg", "aweme", "retweet", "screen_name", "taken_at_timestamp",
)  # fmt: skip


@dataclass(frozen=True)
class LayoutColumn:
    """What some headers of a layout mean; where a file has several of them, the first counts.

    `column` "": not read, `note` says why. `needed`: every file of the layout has it.
    """

    column: str
    keys: tuple[str, ...]
    note: str = ""
    needed: bool = False


@dataclass(frozen=True)
class ExportLayout:
    """A layout: its name, and whose posts or creators it lists.

    `table` "": it is not read, and `remedy` says what to give instead.
    """

    name: str
    platform: str
    table: str
    columns: tuple[LayoutColumn, ...]
    remedy: str = ""

    @property
    def needed_columns(self) -> list[LayoutColumn]:
        return [column for column in self.columns if column.needed]

    def meanings(self, header: list[str]) -> dict[int, tuple[str, str]]:
        """Return position -> (column, note) of the headers that the layout knows."""
        keys = [_key(text) for text in header]
        meanings: dict[int, tuple[str, str]] = {}
        for column in self.columns:
            positions = [keys.index(key) for key in column.keys if key in keys]
            for number, position in enumerate(positions):
                if number and column.column:
                    meaning = ("", f"as {header[positions[0]]!r}, which is read")
                else:
                    meaning = (column.column, column.note)
                meanings.setdefault(position, meaning)
        return meanings


def match_layout(header: list[str]) -> ExportLayout | None:
    """Return the layout of a header, that with most needed columns; None where none is known."""
    keys = {_key(text) for text in header}
    complete = [
        layout
        for layout in _published_layouts()
        if all(keys & set(column.keys) for column in layout.needed_columns)
    ]
    best = max(complete, key=lambda layout: len(layout.needed_columns), default=None)
    return best or _match_flat_json(header)


def readable_layout(path: Path, header: list[str]) -> ExportLayout | None:
    """Return the layout of a file's header. Raises SheetError for a known one that is not read."""
    layout = match_layout(header)
    if layout and not layout.table:
        raise SheetError(f"{str(path)!r} is {layout.name}, which is not read: {layout.remedy}")
    return layout


def _key(text: str) -> str:
    return " ".join(header_tokens(text))


@cache
def _published_layouts() -> tuple[ExportLayout, ...]:
    columns: dict[str, list[LayoutColumn]] = {}
    for row in read_word_list("form_columns.csv"):
        keys = tuple(map(_key, row["headers"].split(" | ")))
        column = LayoutColumn(row["column"], keys, row["note"], bool(row["needed"]))
        columns.setdefault(row["form"], []).append(column)
    return tuple(
        ExportLayout(
            row["form"], row["platform"], row["table"], tuple(columns[row["form"]]), row["remedy"]
        )
        for row in read_word_list("forms.csv")
    )


@cache
def _flat_json_layouts() -> tuple[ExportLayout, ...]:
    return tuple(_flat_json_layout(shape) for shape in SHAPES if shape.table != METRICS)


def _flat_json_layout(shape: RecordShape) -> ExportLayout:
    """Return the layout of a shape's records made flat."""
    columns = []
    for name, paths in (*shape.fields.items(), *shape.creator.items()):
        keys = tuple(key for path in paths for key in _flat_keys(path))
        columns.append(LayoutColumn(name, keys))
    name = f"JSON made flat ({shape.name})"
    return ExportLayout(name, shape.platform, shape.table, tuple(columns))


def _flat_keys(path: str) -> tuple[str, ...]:
    """Return the keys of a path; GraphQL's counts are also written without their last step."""
    key = _key(path)
    return (key, key.removesuffix(" count")) if path.startswith("edge_") else (key,)


def _match_flat_json(header: list[str]) -> ExportLayout | None:
    """Return the layout of JSON made flat, None where it is none or may be of several platforms.

    It needs two headers that only such an export has, one of them a count; of GraphQL one will do.
    """
    distinct = {position for position, text in enumerate(header) if _is_distinct(text)}
    least = 1 if any(text.startswith("edge_") for text in header) else 2
    ranked: list[tuple[tuple[int, int], ExportLayout]] = []
    for layout in _flat_json_layouts():
        meanings = layout.meanings(header)
        columns = {position: column for position, (column, _) in meanings.items() if column}
        proof = [column for position, column in columns.items() if position in distinct]
        has_count = any(canonical_names().get(column) == "count" for column in proof)
        if len(proof) >= least and has_count:
            ranked.append(((len(proof), len(columns)), layout))
    if not ranked:
        return None
    highest = max(rank for rank, _ in ranked)
    best = [layout for rank, layout in ranked if rank == highest]
    platforms = {layout.platform for layout in best}
    return best[0] if len(platforms) == 1 else None


def _is_distinct(text: str) -> bool:
    """Return whether only flat JSON has such a header: a path, or a word of one network."""
    if "." in text or "/" in text:
        return True
    plain = "_".join(header_tokens(text))
    return any(word in f"{plain}_" for word in _DISTINCT_WORDS)
