"""Words that stand for a value of a closed list: missing, yes and no, platform, format, country,
language, niche.
"""

import re
from functools import cache, lru_cache

import ftfy
from babel import Locale
from babel.core import get_global

from features.niche.category_labels import niche_for_label
from features.niche.tokens import fold, fold_label, seed_words
from features.tables.vocabulary import NICHES
from ingest.sheets.word_lists import LANGUAGES, read_word_list

_MISSING = r"""
- | -- | --- | — | – | . | ? | none | null | nil | nan | n/a | na | n.a. | n.a | #n/a | #na | n/d
nd | n.d. | s/d | unknown | undefined | not available | not known | not set | (blank) | (none)
(null) | [null] | <na> | nat | #null! | \n | tbd | tbc | desconocido | desconocida | sin dato
sin datos | no disponible | desconhecido | desconhecida | nao informado | nao disponivel | sem dados
inconnu | inconnue | non renseigne | non disponible | n.c. | unbekannt | k.a. | keine angabe
nicht bekannt | tidak diketahui | tidak ada
"""
#: Words, folded, by which people and programs say that nothing is known.
MISSING = frozenset(word.strip() for word in re.split(r"[|\n]", _MISSING))
LONGEST_MISSING = max(map(len, MISSING)) + 4

_MARKS = {**dict.fromkeys("✓✔✅☑", True), **dict.fromkeys("✗✘❌✖", False)}
_BETWEEN = re.compile(r"[,;/|>•+&\n]|\s(?:and|y|e|et|und|dan)\s")
#: Codes of Unicode's territories that are no countries.
_NOT_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}
_CATALOGUES = ("vendor", "modash", "hypeauditor", "instagram", "tiktok", "youtube")
_CERTAIN = ftfy.TextFixerConfig(
    replace_lossy_sequences=False, decode_inconsistent_utf8=False, restore_byte_a0=False
)
_MOJIBAKE = re.compile(r"[ÂÃâãäåæçèéÐÑðïŒ][\u0080-\u00bf\u0152-\u2122]")


def is_missing(text: str) -> bool:
    """Return whether a cell says that nothing is known."""
    if len(text) > LONGEST_MISSING or text[:1].isdigit():
        return False
    if text.lower() in MISSING:
        return True
    if text.isascii() and " " not in text:
        return False
    return " ".join(fold(text).split()) in MISSING


def fix_mojibake(text: str) -> str:
    """Repair UTF-8 that was read as cp1252 where that is certain, else return the text as it is.

    >>> fix_mojibake("BeyoncÃ©"), fix_mojibake("SÃO")
    ('Beyoncé', 'SÃO')
    """
    if text.isascii() or not _MOJIBAKE.search(text):
        return text
    return ftfy.fix_encoding(text, _CERTAIN)


@cache
def _listed(name: str) -> dict[str, str]:
    """Return the words of a list in values.csv, folded -> the value that each stands for."""
    values: dict[str, str] = {}
    for row in read_word_list("values.csv"):
        if row["list"] == name:
            values |= {fold_label(word): row["value"] for word in row["words"].split(" | ")}
    return values


@lru_cache(maxsize=1 << 14)
def platform_of(text: str) -> str | None:
    """Return the platform that a word stands for, "elsewhere" for one that is known but not ours,
    None else.

    >>> platform_of("IG"), platform_of("TikTok video"), platform_of("Twitch")
    ('instagram', 'tiktok', 'elsewhere')
    >>> platform_of("Instagram, TikTok") is None
    True
    """
    label = fold_label(text)
    platform_words = _listed("platform")
    if label in platform_words:
        return platform_words[label]
    words = [word for word in label.split() if len(word) > 1]
    platforms = {platform_words[word] for word in words if word in platform_words}
    return platforms.pop() if len(platforms) == 1 and len(label) < 30 else None


def format_of(text: str) -> str | None:
    """Return the format that a word stands for."""
    return _listed("format").get(fold_label(text))


def fee_word_of(text: str) -> str | None:
    """Return what a word in place of a fee stands for: "gift" for one that is paid in goods, "open"
    for an open price.
    """
    return _listed("fee").get(fold_label(text))


def is_deliverable(text: str) -> bool:
    """Return whether a word stands for a deliverable and names no format."""
    return fold_label(text) in _listed("deliverable")


def flag_of(text: str) -> bool | None:
    """Return what yes or no in six languages, 1 or 0, a tick or a cross stands for."""
    value = _listed("flag").get(fold_label(text))
    if value:
        return value == "true"
    mark = text.strip().rstrip("\ufe0f")
    return _MARKS.get(mark)


@cache
def _countries() -> dict[str, str]:
    """Return the folded names and codes of countries -> ISO 3166-1 code; ambiguous names are left
    out.
    """
    names: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code not in _NOT_COUNTRIES:
                names.setdefault(_country_key(name), set()).add(code)
                names.setdefault(code.lower(), set()).add(code)
    codes = {next(iter(codes_of_name)) for codes_of_name in names.values()}
    for alias, territories in get_global("territory_aliases").items():
        if len(territories) == 1 and territories[0] in codes and alias.isalpha():
            names.setdefault(alias.lower(), set()).add(territories[0])
    listed = {_country_key(name): code for name, code in _listed("country").items()}
    return _unambiguous(names) | listed


def _unambiguous(codes_by_name: dict[str, set[str]]) -> dict[str, str]:
    """Return the names that stand for one code alone -> the code."""
    return {name: next(iter(codes)) for name, codes in codes_by_name.items() if len(codes) == 1}


def _country_key(name: str) -> str:
    return fold_label(re.sub(r"\(.*?\)|^the ", "", name.replace("’", "'").lower()))


@lru_cache(maxsize=1 << 14)
def country_of(text: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of a country's name in six languages, code or flag.

    >>> country_of("Deutschland"), country_of("CÔTE D'IVOIRE"), country_of("UK"), country_of("🇧🇷")
    ('DE', 'CI', 'GB', 'BR')
    """
    text = text.strip()
    if len(text) == 2 and all(0x1F1E6 <= ord(letter) <= 0x1F1FF for letter in text):
        text = "".join(chr(ord(letter) - 0x1F1E6 + ord("A")) for letter in text)
    else:
        text = re.sub("[\U0001f1e6-\U0001f1ff]", "", text).strip()
    return _countries().get(_country_key(text))


def country_in(place: str) -> str | None:
    """Return the country of a place that names one, and no other ("Madrid, Spain")."""
    whole = country_of(place)
    if whole:
        return whole
    parts = [part.strip() for part in re.split(r"[,;/|]| - ", place)]
    countries = {country_of(part) for part in parts if len(part) > 2} - {None}
    return countries.pop() if len(countries) == 1 else None


@cache
def _languages() -> dict[str, str]:
    """Return the folded names and codes of languages -> ISO 639-1 code; ambiguous names are left
    out.
    """
    names: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).languages.items():
            base = code.partition("_")[0]
            if len(base) == 2:
                names.setdefault(fold_label(name), set()).add(base)
                names.setdefault(base, set()).add(base)
    return _unambiguous(names)


@lru_cache(maxsize=1 << 14)
def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of a language's name in six languages or its tag ("pt-BR"); of a
    list, of the first.
    """
    names = re.sub(r"\(.*?\)|^(?i:bahasa|idioma|lengua|língua)\s", "", text)
    first_name = re.split(r"[,;/|]", names)[0].strip()
    main_subtag = re.split(r"[-_]", first_name.lower())[0]
    return _languages().get(fold_label(first_name)) or _languages().get(main_subtag)


@lru_cache(maxsize=1 << 14)
def niche_of(text: str) -> str | None:
    """Return the niche that a category stands for, or most of a list of categories; of equally
    frequent niches the first.

    >>> niche_of("Beauty & Cosmetics"), niche_of("Travel, Food, travel"), niche_of("Something")
    ('beauty', 'travel', None)
    """
    if text.lstrip().startswith("{"):
        return None  # a dictionary of counts: its first word is not the most frequent one
    whole = _niche(text)
    if whole:
        return whole
    categories = [part.strip(" .[]'\"#") for part in _BETWEEN.split(text)]
    niches = [niche for category in categories if (niche := _niche(category))]
    return max(niches, key=niches.count) if niches else None


def _niche(label: str) -> str | None:
    """Return the niche of one category: by its name, by a catalogue, or by a seed word of one niche
    alone.
    """
    folded = fold_label(label)
    if folded in NICHES:
        return folded
    if not folded or folded.isdigit():
        return None
    for catalogue in _CATALOGUES:
        niche = niche_for_label(label, catalogue)
        if niche:
            return niche
    niches = seed_words().get(folded, ())
    return niches[0] if len(niches) == 1 else None
