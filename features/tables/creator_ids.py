"""Ids of creators that read alike to people but not to programs: what is wrong with one, and how it
is written plainly.

An id may hold letters, digits, signs and plain blanks of any language. It is refused for

- what cannot be seen: controls, format characters (zero width, soft hyphen, byte order mark,
  direction marks), blanks other than the plain one, fillers and variation selectors; and what
  stands for a character that was lost. Joiners between letters of scripts that need them, such as
  Persian and Hindi, are let be
- what looks like something else: full-width and styled forms of ASCII, letters written as several
  characters that are one (Unicode's NFC), marks that overlay a character or stand on none
- wholly of one script, but read like an id of another script that is known (`find_lookalikes`)
- more than MAX_ID_LENGTH characters, which no platform has and which take long to look at
- letters of several scripts, but Latin beside Chinese, Japanese or Korean (the "highly restrictive"
  level of Unicode Technical Standard 39)

But: scripts are told by the first word of a character's Unicode name, and words wholly of one
script that look like words of another (a Cyrillic "сосо") are let be where no such other id is
known.
"""

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

#: Characters that an id may have.
MAX_ID_LENGTH = 512

#: Categories of what cannot be seen, or is not the same everywhere; Zs is let be where it is the
#: plain blank.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs")
#: Besides those, what Unicode lets programs leave out when they draw a text
#: (Default_Ignorable_Code_Point), and blanks.
_IGNORABLE = (
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065),
    (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)  # fmt: skip
_LOST = "\ufffd"
#: What is wrong with an id that reads like a known one of another script.
ANOTHER_ALPHABET = "has letters of another alphabet"
#: Marks that are drawn across the character before them, or around it.
_OVERLAYS = ((0x0334, 0x0338), (0x0488, 0x0489), (0x20D2, 0x20E0), (0x20E2, 0x20EB))
#: Hyphens that Unicode does not take for the plain one.
_HYPHENS = "\u2010\u2011\u2012\u2212"
#: Joiners, and the scripts in which they change what is seen.
_JOINERS = "\u200c\u200d"
_JOINED = {
    "ARABIC", "SYRIAC", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA",
    "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN",
}  # fmt: skip
#: First words of names -> the script that they are of, where they are not the same; None: of any.
_SCRIPTS = {
    "CJK": "HAN", "IDEOGRAPHIC": "HAN", "KATAKANA-HIRAGANA": "KATAKANA",
    "ARABIC-INDIC": "ARABIC", "EXTENDED": "ARABIC",
    "MODIFIER": None, "COMBINING": None,
}  # fmt: skip
#: Scripts whose letters stand together in one id.
_TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
#: Letters of other alphabets, and the Latin ones that they look like.
_ALIKE = str.maketrans(
    "аеорсхуіѕјһԁԛԝкАВЕКМНОРСТХУІЅЈαοενρυχικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcxyisjhdqwkABEKMHOPCTXYISJaoevpuxikABEZHIKMNOPTYX",
)
_CYRILLIC = str.maketrans("aeopcxyisjkABEKMHOPCTXY", "аеорсхуіѕјкАВЕКМНОРСТХУ")


def find_faulty_ids(ids: Iterable[str | None]) -> dict[str, str]:
    """Return the ids among these that are refused, with what is wrong of each; None stands for no
    id.
    """
    texts = {text for text in ids if text is not None}
    joined = "".join(texts)
    if (
        joined.isascii()
        and joined.isprintable()
        and max(map(len, texts), default=0) <= MAX_ID_LENGTH
    ):
        return {}
    return {text: wrong for text in texts if (wrong := id_fault(text))}


def id_fault(text: str) -> str | None:
    """Return what is wrong with an id, and the remedy; None where nothing is.

    >>> id_fault("ana.cooks_7"), id_fault("кухня"), id_fault("料理ana")
    (None, None, None)
    >>> id_fault("c\\u200b1")
    'holds U+200B ZERO WIDTH SPACE at position 2, which cannot be seen: take it out'
    """
    if len(text) > MAX_ID_LENGTH:
        return f"has {len(text):,} characters: give an id of at most {MAX_ID_LENGTH}"
    if text.isascii() and text.isprintable():
        return None
    for position, sign in enumerate(text, 1):
        if wrong := _sign_fault(text, position, sign):
            return f"holds {_named(sign)} at position {position}, {wrong}"
    return _composition_fault(text) or _script_fault(text)


def unseen_fault(text: str) -> str | None:
    """Return which character of a name cannot be seen, or stands for one that was lost, and the
    remedy; None where there is none. Names of any letters, signs and plain blanks pass.

    >>> unseen_fault("spring\\u200b")
    'holds U+200B ZERO WIDTH SPACE at position 7, which cannot be seen: take it out'
    """
    if text.isascii() and text.isprintable():
        return None
    for position, sign in enumerate(text, 1):
        if _is_unseen(sign) and not (sign in _JOINERS and _joins(text, position)):
            return f"holds {_named(sign)} at position {position}, which cannot be seen: take it out"
        if sign == _LOST:
            return f"holds {_named(sign)} at position {position}, which stands for a lost character"
    return None


def find_lookalikes(ids: Iterable[str | None], known: Callable[[str], bool]) -> dict[str, str]:
    """Return those of the ids that are not known, but look like one that is, with what is wrong of
    each.
    """
    texts = {
        text
        for text in ids
        if text is not None and not text.isascii() and len(text) <= MAX_ID_LENGTH
    }
    return {
        text: ANOTHER_ALPHABET for text in texts if not known(text) and find_lookalike(text, known)
    }


def find_lookalike(text: str, known: Callable[[str], bool]) -> str | None:
    """Return the id that is known of those that this one looks like; None where none is, or it is
    too long to look at.
    """
    if len(text) > MAX_ID_LENGTH:
        return None
    seen = "".join(sign for sign in text if not _is_unseen(sign) and not _overlays(sign))
    plain = unicodedata.normalize("NFKC", seen).strip()
    candidates = (seen, plain, plain.translate(_ALIKE), plain.translate(_CYRILLIC))
    return next((one for one in candidates if one and one != text and known(one)), None)


def add_lookalike_hint(wrong: str, text: str, known: Callable[[str], bool]) -> str:
    """Add to what is wrong with an id that another one, which it looks like, is known."""
    other = find_lookalike(text, known)
    return wrong if other is None else f"{wrong}; {other!r} is known"


def _sign_fault(text: str, position: int, sign: str) -> str | None:
    """Return what is wrong with one character, whatever stands beside it but for marks."""
    if sign.isascii() and sign.isprintable():
        return None
    if _is_unseen(sign) and not (sign in _JOINERS and _joins(text, position)):
        return "which cannot be seen: take it out"
    if sign == _LOST:
        return "which stands for a character that was lost: write the id anew"
    plain = "-" if sign in _HYPHENS else unicodedata.normalize("NFKC", sign)
    if plain.isascii():
        return f"which looks like {plain!r}: write that"
    if unicodedata.category(sign)[0] == "M":
        before = text[position - 2] if position > 1 else ""
        if _overlays(sign) or not before or unicodedata.category(before)[0] not in "LM":
            return "a mark that changes how others look: take it out"
    return None


def _joins(text: str, position: int) -> bool:
    """Return whether both neighbours of a joiner are of one script that needs it."""
    if not 1 < position < len(text):
        return False
    before, after = _script(text[position - 2]), _script(text[position])
    return before == after and before in _JOINED


def _composition_fault(text: str) -> str | None:
    whole = unicodedata.normalize("NFC", text)
    if whole == text:
        return None
    position = next(
        n for n, (one, other) in enumerate(zip(text, whole + " ", strict=False)) if one != other
    )
    return (
        f"holds {_named(text[position])} at position {position + 1}, "
        f"which with what stands beside it reads like {_named(whole[position])}: "
        f"write {whole!r} (Unicode's NFC)"
    )


def _script_fault(text: str) -> str | None:
    scripts = [_script(sign) for sign in text]
    held = sorted({script for script in scripts if script})
    if len(held) < 2 or any(together.issuperset(held) for together in _TOGETHER):
        return None
    few = min(held, key=lambda script: (scripts.count(script), script == "LATIN"))
    most = max((script for script in held if script != few), key=scripts.count)
    position = scripts.index(few)
    return (
        f"holds {_named(text[position])} at position {position + 1} among {most.capitalize()} "
        "letters, which it may look like: write the id in one alphabet"
    )


@lru_cache(4096)
def _script(sign: str) -> str | None:
    """Return the script of a letter, mark or digit, None for what is of any script."""
    if unicodedata.category(sign)[0] not in "LM" and unicodedata.category(sign) != "Nd":
        return None
    if sign.isascii():
        return "LATIN" if sign.isalpha() else None
    first = unicodedata.name(unicodedata.normalize("NFKC", sign)[0], "").partition(" ")[0]
    return _SCRIPTS.get(first, first or None)


@lru_cache(4096)
def _overlays(sign: str) -> bool:
    return _within(sign, _OVERLAYS)


@lru_cache(4096)
def _is_unseen(sign: str) -> bool:
    return sign != " " and (unicodedata.category(sign) in _UNSEEN or _within(sign, _IGNORABLE))


def _within(sign: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= ord(sign) <= high for low, high in ranges)


def _named(sign: str) -> str:
    return f"U+{ord(sign):04X} {unicodedata.name(sign, 'a control character')}"
