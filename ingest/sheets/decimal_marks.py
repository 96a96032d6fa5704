"""Which mark is the decimal one in a column: decided from all its values, borrowed from others only
where that is safe.

Numbers with a suffix are decided apart from those without: in "1.2M" and "125.400" the point means
two things, and both are ordinary in one column.
"""

from functools import cache
from typing import NamedTuple

from ingest.sheets.number_parser import LOCAL_SUFFIXES, ParsedNumber, last_mark
from ingest.sheets.number_stats import NumberStats
from ingest.sheets.word_lists import read_word_list

MARK_NAMES = {".": "decimal point", ",": "decimal comma"}
OTHER_MARK = {".": ",", ",": "."}
MARK_REMEDY = 'say --decimal "," or ".", or give it in the map file'


class DecimalMarks(NamedTuple):
    """The decimal marks of plain numbers and of those with a suffix; None: only what is clear by
    itself is read.

    `careful`: a plain number such as 1.234 is not read as a decimal one, although the mark is the
    decimal one; `currencies`: the marks of amounts in each currency, where there are several;
    `powers`: the suffixes that mean several powers of ten, each with the one that is meant, None
    where that is open.
    """

    plain: str | None = "."
    suffixed: str | None = "."
    careful: bool = False
    currencies: dict[str | None, "DecimalMarks"] | None = None
    powers: dict[str, int | None] | None = None

    def of(self, found: ParsedNumber) -> str | None:
        """Return the mark under which a number is read, "" where nothing decides it."""
        if self.currencies and found.currency in self.currencies:
            return self.currencies[found.currency].of(found)
        proof = found.proven_mark
        mark = self.suffixed if found.power else self.plain
        if proof == "?" and not found.power and self.careful and mark == last_mark(found.core):
            return ""
        return mark or ("" if proof == "?" else proof if proof in MARK_NAMES else ".")


def decide_marks(
    figures: NumberStats, whole: bool, others: dict[str, str]
) -> tuple[DecimalMarks, str, str | None]:
    """Decide by what a column proves; return the marks, a note of them, and what is unclear.

    `whole`: the column counts; `others`: the marks that other columns of the sheet prove, each with
    one that does.
    """
    plain, told = _proven(figures, False), ""
    suffixed = _proven(figures, True)
    if plain is None:
        plain, told = _borrowed(figures, suffixed, others)
    if suffixed is None and not figures.has_both_marks(True):
        suffixed = plain or next(iter(others), None) if len(others) < 2 else plain
    marks = DecimalMarks(plain, suffixed, careful=whole)
    unclear = next(
        (text for text, found in figures.unclear.values() if marks.of(found) == ""), None
    )
    used = sorted(
        {
            mark
            for mark, group in ((plain, False), (suffixed, True))
            if mark and figures.has_marks(group)
        }
    )
    notes = told or " and ".join(MARK_NAMES[mark] for mark in used)
    if figures.has_both_marks(False) or figures.has_both_marks(True):
        notes = "decimal points and commas mixed"
    if unclear is None:
        return marks, notes, None
    return (
        marks,
        notes,
        f"{unclear!r} may be a decimal number or have a thousands mark: {MARK_REMEDY}",
    )


def decide_marks_by_currency(
    figures: NumberStats, others: dict[str, str]
) -> tuple[DecimalMarks, str, str | None]:
    """Decide for the amounts of each currency apart: what is written of one says nothing of
    another.
    """
    found = {code: decide_marks(figures.of(code), False, others) for code in figures.currencies}
    notes = "; ".join(
        f"{code or 'no currency'}: {told}" for code, (_, told, _) in found.items() if told
    )
    unclear = next((unclear for _, _, unclear in found.values() if unclear), None)
    return (
        DecimalMarks(None, None, currencies={code: marks for code, (marks, _, _) in found.items()}),
        notes,
        unclear,
    )


def suffix_powers(
    figures: NumberStats, languages: frozenset[str], power: int | None
) -> dict[str, int | None]:
    """Decide what suffixes mean that stand for several powers of ten; `power`: as the map says,
    else None.
    """
    return {
        word: power
        for word in figures.words.keys() & LOCAL_SUFFIXES.keys()
        if not languages & LOCAL_SUFFIXES[word][0]
    }


@cache
def _languages() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in read_word_list("languages.csv"):
        for word in row["words"].split(" | "):
            found.setdefault(word, set()).add(row["language"])
    return {word: frozenset(languages) for word, languages in found.items()}


def languages_of(words: list[str]) -> frozenset[str]:
    """Return the languages of a sheet by the words of its headers and of its numbers, folded; none
    tells English.

    >>> sorted(languages_of(["handle", "seguidores"])), languages_of(["handle", "followers"])
    (['es', 'pt'], frozenset({'en'}))
    """
    return frozenset().union(*(_languages().get(word, ()) for word in words)) or frozenset({"en"})


def _proven(figures: NumberStats, suffixed: bool) -> str | None:
    dot, comma = figures.proofs[suffixed, "."], figures.proofs[suffixed, ","]
    return None if bool(dot) == bool(comma) else "." if dot else ","


def _borrowed(
    figures: NumberStats, suffixed: str | None, others: dict[str, str]
) -> tuple[str | None, str]:
    """Take the mark of other numbers where it makes thousands of every unclear one, never where it
    makes decimals.
    """
    unclear = {mark for group, mark in figures.unclear if not group}
    if figures.has_both_marks(False) or not unclear:
        return None, ""
    if suffixed and unclear == {OTHER_MARK[suffixed]}:
        return suffixed, ""
    if len(others) == 1:
        ((mark, source),) = others.items()
        if unclear == {OTHER_MARK[mark]}:
            return mark, f"{MARK_NAMES[mark]}, as in {source!r}"
    return None, ""
