"""Hashtags as exports write them."""

import ast
import re

_BETWEEN_TAGS = re.compile(r"[,;|\n]")
#: Fields in which an object holds the name of a hashtag.
_TAG_NAMES = ("name", "title", "text", "tag", "hashtagName", "hashtag_name")


def hashtags_in(text: str) -> str:
    """Return the hashtags of a text, separated by spaces. The text has # before them or signs
    between them, or is a list of JSON or Python.

    >>> hashtags_in("#food,#recipe"), hashtags_in("food;home cooking"), hashtags_in("[]")
    ('food recipe', 'food homecooking', '')
    """
    tags = ["".join(tag.strip(" \"'").lstrip("#").split()) for tag in _split_tags(text.strip())]
    return " ".join(tag for tag in tags if tag)


def _split_tags(text: str) -> list[str]:
    if text[:1] in "[{(" and text[-1:] in "]})":
        tags = _listed_tags(text)
        if tags is not None:
            return tags
        text = text[1:-1]
    if _BETWEEN_TAGS.search(text):
        return _BETWEEN_TAGS.sub("#", text).split("#")
    return text.replace("#", " ").split()


def _listed_tags(text: str) -> list[str] | None:
    """Return the tags of a list of texts or objects, None where the text is no such list."""
    try:
        values = ast.literal_eval(re.sub(r"\b(null|true|false)\b", "None", text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(values, dict):
        values = [values]
    elif isinstance(values, set):
        values = sorted(values)
    names = [_tag_name(value) if isinstance(value, dict) else value for value in values]
    return [str(name) for name in names if name]


def _tag_name(tag: dict) -> object:
    return next((tag[field] for field in _TAG_NAMES if field in tag), "")
