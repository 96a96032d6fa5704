"""How cells look. Verdicts are told apart by a symbol and by light and dark, in blue and orange: so
they are in print, and for readers who do not tell red from green.
"""

from typing import TYPE_CHECKING

from serving.scoring.verdict import VERDICT_WORDS
from serving.workbook.contents import GENERAL

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

_FONT = {"font_name": "Calibri", "font_size": 11, "valign": "vcenter"}
_LINE = {"bottom": 1, "bottom_color": "#D0D5DB"}
_DARK_BLUE, _LIGHT_BLUE, _GREY, _LIGHT_ORANGE, _DARK_ORANGE = (
    "#1F5A96", "#CFE2F3", "#EEEEEE", "#FCE4CC", "#B8530A",
)  # fmt: skip
#: Verdict -> what its cell says, and the colours of its ground and letters.
VERDICTS = {
    name: (" ".join(VERDICT_WORDS[name]), *colours)
    for name, colours in {
        "worth_it": (_DARK_BLUE, "#FFFFFF"),
        "probably_worth_it": (_LIGHT_BLUE, "#0B2F55"),
        "even": (_GREY, "#333333"),
        "probably_overpriced": (_LIGHT_ORANGE, "#6B2E00"),
        "overpriced": (_DARK_ORANGE, "#FFFFFF"),
    }.items()
}


class Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, book: "Workbook"):
        self._book = book
        self._formats: dict[tuple, Format] = {}

    def _style(self, **properties: object) -> "Format":
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format({**_FONT, **_LINE, **properties})
        return self._formats[key]

    def number(self, number_format: str = GENERAL) -> "Format":
        """Return the style of numbers and moments with a format of Excel."""
        return self._style(num_format=number_format)

    def text(self) -> "Format":
        """Return the style of short texts, on one line."""
        return self._style(indent=1)

    def wrapped(self) -> "Format":
        """Return the style of sentences."""
        return self._style(text_wrap=True, indent=1)

    def bar(self) -> "Format":
        """Return the style of bars made of characters."""
        return self._style(font_name="Courier New", font_size=9, font_color=_DARK_BLUE, indent=1)

    def verdict(self, name: str) -> "Format":
        """Return the style of one of VERDICTS."""
        _, ground, letters = VERDICTS[name]
        return self._style(bg_color=ground, font_color=letters, bold=letters == "#FFFFFF", indent=1)

    def faulty(self) -> "Format":
        """Return the style of a cell for which its row was rejected."""
        return self._style(bg_color=_LIGHT_ORANGE, bold=True, border=2, border_color=_DARK_ORANGE)

    def header(self, own: bool) -> "Format":
        """Return the style of the names of columns; `own`: those of the list."""
        ground, letters = (_GREY, "#222222") if own else (_DARK_BLUE, "#FFFFFF")
        return self._style(bg_color=ground, font_color=letters, bold=True, text_wrap=True, indent=1)

    def total(self, number_format: str = GENERAL) -> "Format":
        """Return the style of the sums below a table."""
        return self._style(
            num_format=number_format or GENERAL, bold=True, top=2, indent=0 if number_format else 1
        )

    def plain(self) -> "Format":
        """Return the style of a line above a table."""
        return self._style(bottom=0)

    def note(self) -> "Format":
        """Return the style of sentences above a table."""
        return self._style(text_wrap=True, bottom=0)

    def section(self) -> "Format":
        """Return the style of a heading on the sheet about the answers."""
        return self._style(bold=True, font_size=13, font_color=_DARK_BLUE)

    def label(self) -> "Format":
        """Return the style of what a line on that sheet is about."""
        return self._style(bold=True, text_wrap=True)
