"""The word lists of this package, which are data beside the code."""

import csv
from pathlib import Path

#: In which column names, countries, languages and months are understood.
LANGUAGES = ("en", "es", "pt", "fr", "de", "id")

_HERE = Path(__file__).parent


def read_word_list(name: str) -> list[dict[str, str]]:
    """Read one of the lists."""
    with open(_HERE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
