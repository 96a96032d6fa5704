"""Forms in which publishers and programs write CSV, as data: forms.csv, form_columns.csv, and the
shapes of JSON.

A form is recognised by all columns that it needs, and tells what each of its headers means. JSON
that was made flat ("authorMeta.fans", "owner/username", "user_screen_name") is read by the paths of
its shape (ingest.exports.record_finder).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ingest.shapes.record_shapes import METRICS
from ingest.shapes.shape_catalog import SHAPES
from ingest.sheets.header_meanings import canonical_names, header_tokens
from ingest.sheets.sheet_types import SheetError
from ingest.sheets.word_lists import read_word_list

#: Parts of names that only one network's exports have.
_OWN_WORDS = ("edge_", "digg", "aweme", "retweet", "screen_name", "taken_at_timestamp")


@dataclass(frozen=True)
class LayoutColumn:
    """What some headers of a form mean, the first of them that there is counts; `column` "": not
    read, `note` why.
    """

    column: str
    keys: tuple[str, ...]
    note: str = ""
    needed: bool = False


@dataclass(frozen=True)
class ExportLayout:
    """A form: its name, whose posts or creators it lists; `table` "" where it is not read, `remedy`
    what to give.
    """

    name: str
    platform: str
    table: str
    columns: tuple[LayoutColumn, ...]
    remedy: str = ""

    def meanings(self, header: list[str]) -> dict[int, tuple[str, str]]:
        """Give position -> (column, note) of the headers that the form knows."""
        keys, found = [_key(text) for text in header], {}
        for one in self.columns:
            at = [keys.index(key) for key in one.keys if key in keys]
            for number, position in enumerate(at):
                same = ("", f"as {header[at[0]]!r}, which is read")
                found.setdefault(
                    position, same if number and one.column else (one.column, one.note)
                )
        return found


def match_layout(header: list[str]) -> ExportLayout | None:
    """Give the form of a header, that with most needed columns; None where it is none that is
    known.
    """
    keys = {_key(text) for text in header}
    complete = [
        f for f in _published() if all(keys & set(one.keys) for one in f.columns if one.needed)
    ]
    best = max(complete, key=lambda form: sum(one.needed for one in form.columns), default=None)
    return best or _flat_shape(header)


def readable_layout(path: Path, header: list[str]) -> ExportLayout | None:
    """Give the form of a file's header. Raises SheetError for one that is known and not read."""
    form = match_layout(header)
    if form and not form.table:
        raise SheetError(f"{str(path)!r} is {form.name}, which is not read: {form.remedy}")
    return form


def _key(text: str) -> str:
    return " ".join(header_tokens(text))


@cache
def _published() -> tuple[ExportLayout, ...]:
    columns: dict[str, list[LayoutColumn]] = {}
    for row in read_word_list("form_columns.csv"):
        keys = tuple(map(_key, row["headers"].split(" | ")))
        columns.setdefault(row["form"], []).append(
            LayoutColumn(row["column"], keys, row["note"], bool(row["needed"]))
        )
    return tuple(
        ExportLayout(
            row["form"], row["platform"], row["table"], tuple(columns[row["form"]]), row["remedy"]
        )
        for row in read_word_list("forms.csv")
    )


@cache
def _shapes() -> tuple[ExportLayout, ...]:
    return tuple(
        ExportLayout(
            f"JSON made flat ({shape.name})",
            shape.platform,
            shape.table,
            tuple(
                LayoutColumn(name, tuple(key for path in paths for key in _flat(path)))
                for name, paths in (*shape.fields.items(), *shape.creator.items())
            ),
        )
        for shape in SHAPES
        if shape.table != METRICS
    )


def _flat(path: str) -> tuple[str, ...]:
    """Give the keys of a path; GraphQL's counts are also written without their last step."""
    whole = _key(path)
    return (whole, whole.removesuffix(" count")) if path.startswith("edge_") else (whole,)


def _flat_shape(header: list[str]) -> ExportLayout | None:
    """Give the shape whose paths the headers are: two that only such an export has, one of them a
    count.

    One of GraphQL's names is enough.
    """
    own = {k for k, text in enumerate(header) if "." in text or "/" in text or _has_own_word(text)}
    least = 1 if any(text.startswith("edge_") for text in header) else 2
    ranked = []
    for form in _shapes():
        found = {k: column for k, (column, _) in form.meanings(header).items() if column}
        proof = [column for k, column in found.items() if k in own]
        if len(proof) >= least and any(
            canonical_names().get(column) == "count" for column in proof
        ):
            ranked.append((len(proof), len(found), form))
    best = max(ranked, key=lambda one: one[:2], default=None)
    rivals = {one[2].platform for one in ranked if best and one[:2] == best[:2]}
    return best[2] if len(rivals) == 1 else None


def _has_own_word(text: str) -> bool:
    plain = "_".join(header_tokens(text))
    return any(word in f"{plain}_" for word in _OWN_WORDS)
