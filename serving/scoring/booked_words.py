"""What is booked, in the words of people: a short on Instagram is a reel, three of story are
stories.
"""

import re

from features.number_text import pluralize

#: Platform and format -> what people call it there, where that is another word.
_WORDS = {("instagram", "short"): "reel", ("tiktok", "short"): "video"}
_PLURALS = {"story": "stories"}
_PART = re.compile(r"(\d+) (\w+)")


def booked_words(
    platform: str | None, form: str | None, package: str | None, deliverables: float | None
) -> str | None:
    """Word what is booked: the parts of a package, else deliverables of a format; None where
    neither is known.

    >>> booked_words("instagram", None, "1 short + 3 story", 4)
    '1 reel + 3 stories'
    >>> booked_words("youtube", "short", None, 2.0), booked_words("x", None, None, 1200)
    ('2 shorts', '1,200 posts')
    """
    if package:
        return _PART.sub(lambda part: _counted(platform, part[1], part[2]), package)
    if deliverables is None:
        return None
    return _counted(platform, f"{deliverables:,.0f}", form or "post")


def _counted(platform: str | None, count: str, form: str) -> str:
    word = _WORDS.get((platform or "", form), form)
    if count != "1" and word in _PLURALS:
        return f"{count} {_PLURALS[word]}"
    return pluralize(count, word)
