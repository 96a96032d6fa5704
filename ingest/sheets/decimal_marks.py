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
#: What is unclear of a number, in the texts of guesses.
MAY_BE_EITHER = "may be a decimal number or have a thousands mark"
_MARK_WORDS = {".": "dot", ",": "comma"}
BETWEEN_THOUSANDS = {".": "dot between thousands", ",": "comma between thousands"}


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

    def of(self, number: ParsedNumber) -> str | None:
        """Return the mark with which a number is read, "" where nothing decides it."""
        if self.currencies and number.currency in self.currencies:
            return self.currencies[number.currency].of(number)
        is_unclear = number.proven_mark == "?"
        mark = self.suffixed if number.power else self.plain
        if is_unclear and not number.power and self.careful and mark == last_mark(number.core):
            return ""
        if mark:
            return mark
        if is_unclear:
            return ""
        return number.proven_mark if number.proven_mark in MARK_NAMES else "."


def decide_marks(
    figures: NumberStats, whole: bool, others: dict[str, str], means: bool = False
) -> tuple[DecimalMarks, str, str | None]:
    """Decide by what a column proves; return the marks, a note of them, and what is unclear.

    `whole`: the column counts; `means`: it has means of counts; `others`: the marks that other
    columns of the sheet prove, each with what does.
    """
    plain, note = _proven(figures, False), ""
    suffixed = _proven(figures, True)
    if plain is None and whole:
        plain, note = _by_grouping(figures)
    if plain is None:
        plain, note = _borrowed(figures, suffixed, others)
    if plain is None and means and list(others) != [figures.grouping_mark(means=True)]:
        plain, note = _by_grouping(figures, means=True)
    if suffixed is None and not figures.has_both_marks(True):
        suffixed = plain
        if not suffixed and len(others) < 2:
            suffixed = next(iter(others), None)
    marks = DecimalMarks(plain, suffixed, careful=whole)
    if figures.has_both_marks(False) or figures.has_both_marks(True):
        note = "decimal points and commas mixed"
    note = note or _name_marks(figures, plain, suffixed)
    unclear = next((one for one in figures.unclear.values() if marks.of(one[1]) == ""), None)
    if unclear is None:
        return marks, note, None
    text, number = unclear
    mark = last_mark(number.core)
    remedy = (
        f"say --decimal {OTHER_MARK[mark]} if the {_MARK_WORDS[mark]} stands between thousands, "
        f"--decimal {mark} if it is the decimal mark (or give it in a map file)"
    )
    return marks, note, f"{text!r} {MAY_BE_EITHER}: {remedy}"


def _name_marks(figures: NumberStats, plain: str | None, suffixed: str | None) -> str:
    """Return the names of the marks that the numbers of a column have."""
    marks = set()
    if plain and figures.has_marks(False):
        marks.add(plain)
    if suffixed and figures.has_marks(True):
        marks.add(suffixed)
    return " and ".join(MARK_NAMES[mark] for mark in sorted(marks))


def decide_marks_by_currency(
    figures: NumberStats, others: dict[str, str]
) -> tuple[DecimalMarks, str, str | None]:
    """Decide the marks of each currency by its own amounts alone; return the same as
    `decide_marks`.
    """
    currencies: dict[str | None, DecimalMarks] = {}
    notes: list[str] = []
    ambiguities: list[str] = []
    for code in figures.currencies:
        marks, note, ambiguity = decide_marks(figures.of(code), False, others)
        currencies[code] = marks
        if note:
            notes.append(f"{code or 'no currency'}: {note}")
        if ambiguity:
            ambiguities.append(ambiguity)
    marks = DecimalMarks(None, None, currencies=currencies)
    return marks, "; ".join(notes), next(iter(ambiguities), None)


def suffix_powers(
    figures: NumberStats, languages: frozenset[str], power: int | None
) -> dict[str, int | None]:
    """Return which power of ten each suffix with several meanings has; `power`: as the map says,
    else None.
    """
    return {
        word: power
        for word in figures.words.keys() & LOCAL_SUFFIXES.keys()
        if not languages & LOCAL_SUFFIXES[word][0]
    }


@cache
def _languages() -> dict[str, frozenset[str]]:
    """Return the words of languages.csv -> the languages that have them."""
    languages_by_word: dict[str, set[str]] = {}
    for row in read_word_list("languages.csv"):
        for word in row["words"].split(" | "):
            languages_by_word.setdefault(word, set()).add(row["language"])
    return {word: frozenset(languages) for word, languages in languages_by_word.items()}


def languages_of(words: list[str]) -> frozenset[str]:
    """Return the languages of a sheet by the folded words of its headers and its numbers; English
    where no word decides.

    >>> sorted(languages_of(["handle", "seguidores"])), languages_of(["handle", "followers"])
    (['es', 'pt'], frozenset({'en'}))
    """
    languages = frozenset().union(*(_languages().get(word, ()) for word in words))
    return languages or frozenset({"en"})


def _proven(figures: NumberStats, suffixed: bool) -> str | None:
    """Return the one mark that values prove, None where none does or both are proven."""
    proves_dot = bool(figures.proofs[suffixed, "."])
    proves_comma = bool(figures.proofs[suffixed, ","])
    if proves_dot == proves_comma:
        return None
    return "." if proves_dot else ","


def _borrowed(
    figures: NumberStats, suffixed: str | None, others: dict[str, str]
) -> tuple[str | None, str]:
    """Return the mark of other numbers, and a note of it, where each unclear number then has a
    thousands mark; None where one would become a decimal number.
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


def _by_grouping(figures: NumberStats, means: bool = False) -> tuple[str | None, str]:
    """Return the decimal mark of a column whose numbers all have their mark between thousands, and
    a note of it.
    """
    group = figures.grouping_mark(means)
    if group is None:
        return None, ""
    note = f"{BETWEEN_THOUSANDS[group]}: all numbers with it have three digits behind it"
    return OTHER_MARK[group], note
