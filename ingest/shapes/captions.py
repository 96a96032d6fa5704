"""What a caption shows: its words, hashtags and mentions."""

import re

from ingest.shapes.value_parsers import parse_text

WORD = re.compile(r"\S*\w\S*")
HASHTAG = re.compile(r"(?<![\w&/#])#(\w+)")
MENTION = re.compile(r"(?<![\w@./])@(\w[\w.]*)")


def find_hashtags(caption: str) -> list[str]:
    """Return the hashtags of a caption, in its order.

    >>> find_hashtags("wow #Cel #anohduwd, not a&#39;b")
    ['Cel', 'anohduwd']
    """
    return HASHTAG.findall(caption) if "#" in caption else []


def find_mentions(caption: str) -> set[str]:
    """Return the accounts that a caption mentions, in lower case."""
    if "@" not in caption:
        return set()
    return {name.rstrip(".").lower() for name in MENTION.findall(caption)}


def count_words(caption: str) -> int:
    """Count the words of a caption: parts between spaces that hold a letter or digit.

    >>> count_words("Soft launch — #new @shop 🎉")
    4
    """
    return len(WORD.findall(caption))


def add_caption_columns(row: dict, is_empty: bool = False) -> None:
    """Add hashtags, and the counts of words, hashtags and mentions, to the row of a post.

    A row without text stays as it is, unless its caption `is_empty`: then the counts are 0.
    """
    caption = row.get("text")
    if caption is None and not is_empty:
        return
    caption = caption or ""
    hashtags = row["hashtags"].split() if row.get("hashtags") else find_hashtags(caption)
    row["hashtags"] = " ".join(hashtags) or None
    row["caption_words"] = float(count_words(caption))
    row["hashtags_count"] = float(len(hashtags))
    row["mentions_count"] = float(len(find_mentions(caption)))


def join_hashtags(values: object, name: str = "name") -> str | None:
    """Return a list of hashtags as one text, None where there are none.

    `values`: texts, or objects whose field `name` is the text.
    """
    items = values if isinstance(values, list) else []
    names = [item.get(name) if isinstance(item, dict) else item for item in items]
    hashtags = [text.strip().lstrip("#") for text in names if isinstance(text, str)]
    without_spaces = ["".join(hashtag.split()) for hashtag in hashtags if hashtag]
    return parse_text(" ".join(without_spaces)) if hashtags else None
