"""Addresses of profiles and posts: which platform, whose, which post."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, unquote

_HOSTS = {
    "instagram.com": "instagram", "instagr.am": "instagram", "tiktok.com": "tiktok",
    "youtube.com": "youtube", "youtu.be": "youtube", "x.com": "x", "twitter.com": "x",
}  # fmt: skip
_ELSEWHERE = (
    "facebook.com", "fb.com", "twitch.tv", "discord.gg", "discord.com", "linkedin.com",
    "pinterest.com", "snapchat.com", "threads.net", "threads.com", "kick.com", "linktr.ee", "t.me",
    "bsky.app",
)  # fmt: skip
_ADDRESS = re.compile(r"(?:https?:)?//\S+|(?:[\w-]+\.)+[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
#: Longer texts are no address.
LONGEST = 1000
_SITES = (*_HOSTS, *_ELSEWHERE)
_PARTS = re.compile(
    r"(?:(?:https?:)?//)?(?P<host>[^/?#:]*)(?::\d+)?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?", re.I
)
#: Paths that are no account.
_NOT_NAMES = {
    "instagram": {"explore", "accounts", "about", "directory", "stories", "direct"},
    "tiktok": {"discover", "tag", "music", "t", "foryou", "explore"},
    "youtube": {"results", "playlist", "feed", "hashtag", "gaming", "about"},
    "x": {"home", "search", "hashtag", "explore", "i", "intent", "share"},
}
_POST = {
    "instagram": re.compile(r"^/(?:(?P<name>[\w.]+)/)?(?:p|reel|reels|tv)/(?P<post>[\w-]+)"),
    "tiktok": re.compile(r"^/@(?P<name>[\w.\-]+)/(?:video|photo)/(?P<post>\d+)"),
    "youtube": re.compile(r"^/(?:shorts|live|embed)/(?P<post>[\w-]{6,})"),
    "x": re.compile(r"^/(?P<name>\w+)/status(?:es)?/(?P<post>\d+)"),
}

#: What addresses of short videos have in their path.
_SHORT_VIDEO = re.compile(r"/(?:reels?|shorts)/", re.I)


@dataclass(frozen=True)
class Link:
    """What an address says. `platform`: None for another site, "" for a handle, which names no
    platform.
    """

    platform: str | None
    handle: str | None = None
    creator_id: str | None = None
    post_id: str | None = None


def parse_link(text: str) -> Link | None:
    """Return what an address says, None where the text is no address.

    >>> parse_link("https://www.instagram.com/some.name/?hl=en")
    Link(platform='instagram', handle='some.name', creator_id=None, post_id=None)
    """
    return _link_of(text.strip().strip("<>")) if len(text) <= LONGEST else None


def format_of_link(text: str) -> str | None:
    """Return the format that the address of a post names, None where it leaves it open.

    >>> format_of_link("https://www.instagram.com/reel/C1abcDEfgHi/")
    'short'
    """
    link = parse_link(text)
    if link is None or not link.post_id:
        return None
    return "short" if _SHORT_VIDEO.search(text.partition("?")[0]) else None


def parse_account_link(text: str) -> Link | None:
    """Return the link in a text, None where it names no account of a platform."""
    link = parse_link(text)
    return link if link and link.platform and (link.handle or link.creator_id) else None


@lru_cache(maxsize=1 << 16)
def _link_of(text: str) -> Link | None:
    if not _ADDRESS.fullmatch(text):
        return None
    parts = _PARTS.match(text)
    if parts is None:
        return None
    full_host = parts["host"].lower()
    host = full_host.removeprefix("www.")
    site = _site_of(host)
    if site in _HOSTS:
        return _link(_HOSTS[site], unquote(parts["path"]), parts["query"] or "", host)
    is_address = site or "/" in text or full_host.startswith("www.")
    return Link(None) if is_address else None


def _site_of(host: str) -> str | None:
    """Return which of _SITES a host belongs to, None where it belongs to none."""
    if host in _HOSTS:
        return host
    return next((name for name in _SITES if f".{host}".endswith(f".{name}")), None)


def _link(platform: str, path: str, query: str, host: str) -> Link:
    if platform == "youtube" and (video := _youtube_video(path, query, host)):
        return Link(platform, post_id=video.split("/")[0])
    post = _POST[platform].match(path)
    if post:
        return Link(platform, post.groupdict().get("name"), post_id=post["post"])
    first, _, rest = path.strip("/").partition("/")
    if platform == "youtube" and first in ("channel", "c", "user"):
        name = rest.partition("/")[0].strip() or None
        return Link(platform, creator_id=name) if first == "channel" else Link(platform, name)
    if platform == "tiktok" and not first.startswith("@"):
        return Link(platform)
    name = first.strip().lstrip("@")
    is_name = name.lower() not in _NOT_NAMES[platform] and re.fullmatch(r"[\w.\-]+", name)
    return Link(platform, name if is_name else None)


def _youtube_video(path: str, query: str, host: str) -> str:
    """Return the video of an address of YouTube, its id first; "" where the address shows none."""
    if host == "youtu.be":
        return path.strip("/")
    if path == "/watch":
        return parse_qs(query).get("v", [""])[0]
    return ""
