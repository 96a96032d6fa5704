"""Hashtags as exports write them."""

import ast
import re

_BETWEEN_TAGS = re.compile(r"[,;|\n]")
#: Under which lists of objects name a hashtag.
_TAG_NAMES = ("name", "title", "text", "tag", "hashtagName", "hashtag_name")


def hashtags_in(text: str) -> str:
    """Return the hashtags of a text, separated by spaces: it has # or signs between them, or is a
    list of JSON or Python.

    >>> hashtags_in("#food,#recipe"), hashtags_in("food;home cooking"), hashtags_in("[]")
    ('food recipe', 'food homecooking', '')
    """
    text, listed = text.strip(), None
    if text[:1] in "[{(" and text[-1:] in "]})":
        listed = _listed_tags(text)
        text = text[1:-1]
    if listed is None and _BETWEEN_TAGS.search(text):
        listed = [tag for part in _BETWEEN_TAGS.split(text) for tag in part.split("#")]
    listed = text.replace("#", " ").split() if listed is None else listed
    tags = ["".join(tag.strip(" \"'").lstrip("#").split()) for tag in listed]
    return " ".join(tag for tag in tags if tag)


def _listed_tags(text: str) -> list[str] | None:
    """Return the tags of a list of texts or objects, None where the text is none."""
    try:
        values = ast.literal_eval(re.sub(r"\b(null|true|false)\b", "None", text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    values = (
        [values]
        if isinstance(values, dict)
        else sorted(values)
        if isinstance(values, set)
        else list(values)
    )
    named = [
        next((v[n] for n in _TAG_NAMES if n in v), "") if isinstance(v, dict) else v for v in values
    ]
    return [str(name) for name in named if name]
