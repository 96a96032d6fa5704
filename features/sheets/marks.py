"""Which mark is the decimal one in a column: decided from all its values, borrowed from others only where that is safe.

Numbers with a suffix are decided apart from those without: in "1.2M" and "125.400" the point means two things, and
both are ordinary in one column.
"""

from typing import NamedTuple

from features.sheets.figures import Figure, FigureSurvey, lone_mark

WORDS = {".": "decimal point", ",": "decimal comma"}
OTHER = {".": ",", ",": "."}
REMEDY = 'pass decimal="," or ".", or give it in the map file'


class Marks(NamedTuple):
    """The decimal marks of plain numbers and of those with a suffix; None: only what is clear by itself is read.

    `careful`: a plain number such as 1.234 is not read as a decimal one, although the mark is the decimal one.
    """

    plain: str | None = "."
    suffixed: str | None = "."
    careful: bool = False

    def of(self, found: Figure) -> str | None:
        """Give the mark under which a number is read, "" where nothing decides it."""
        proof = found.proves
        mark = self.suffixed if found.power else self.plain
        if proof == "?" and not found.power and self.careful and mark == lone_mark(found.core):
            return ""
        return mark or ("" if proof == "?" else proof if proof in WORDS else ".")


def decide(figures: FigureSurvey, whole: bool, others: dict[str, str]) -> tuple[Marks, str, str | None]:
    """Decide from what a column proves; give the marks, how to tell them, and what is unclear.

    `whole`: the column counts; `others`: the marks that other columns of the sheet prove, each with one that does.
    """
    plain, told = _proven(figures, False), ""
    suffixed = _proven(figures, True)
    if plain is None:
        plain, told = _borrowed(figures, suffixed, others)
    if suffixed is None and not figures.mixed(True):
        suffixed = plain or next(iter(others), None) if len(others) < 2 else plain
    marks = Marks(plain, suffixed, careful=whole)
    unclear = next((text for text, found in figures.unclear.values() if marks.of(found) == ""), None)
    used = sorted({mark for mark, group in ((plain, False), (suffixed, True)) if mark and figures.seen(group)})
    notes = told or " and ".join(WORDS[mark] for mark in used)
    if figures.mixed(False) or figures.mixed(True):
        notes = "decimal points and commas mixed"
    if unclear is None:
        return marks, notes, None
    return marks, notes, f"{unclear!r} may be a decimal number or have a thousands mark: {REMEDY}"


def _proven(figures: FigureSurvey, suffixed: bool) -> str | None:
    dot, comma = figures.proofs[suffixed, "."], figures.proofs[suffixed, ","]
    return None if bool(dot) == bool(comma) else "." if dot else ","


def _borrowed(figures: FigureSurvey, suffixed: str | None, others: dict[str, str]) -> tuple[str | None, str]:
    """Take the mark of other numbers where it makes thousands of every unclear one, never where it makes decimals."""
    unclear = {mark for group, mark in figures.unclear if not group}
    if figures.mixed(False) or not unclear:
        return None, ""
    if suffixed and unclear == {OTHER[suffixed]}:
        return suffixed, ""
    if len(others) == 1:
        ((mark, source),) = others.items()
        if unclear == {OTHER[mark]}:
            return mark, f"{WORDS[mark]}, as in {source!r}"
    return None, ""
