"""Records that look like those of a known shape and are not: comments, and posts and accounts of
other networks.

Many networks share names of fields (id, text, created_at, followers_count). So what a record says
of itself outranks its shape: a field that only another network has, or the host of the record's own
address.
"""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

FACEBOOK = "Facebook"
#: Network -> its hosts, also with a prefix (www, m).
HOSTS = {
    "instagram": ("instagram.com", "instagr.am"),
    "tiktok": ("tiktok.com", "tiktokv.com"),
    "youtube": ("youtube.com", "youtu.be"),
    "x": ("x.com", "twitter.com", "t.co"),
    "Threads": ("threads.net", "threads.com"),
    FACEBOOK: ("facebook.com", "fb.com", "fb.watch"),
    "Bluesky": ("bsky.app", "bsky.social"),
    "Reddit": ("reddit.com", "redd.it"),
    "LinkedIn": ("linkedin.com",),
    "Pinterest": ("pinterest.com", "pin.it"),
    "Twitch": ("twitch.tv",),
    "VK": ("vk.com", "vk.ru"),
    "Tumblr": ("tumblr.com",),
    "Weibo": ("weibo.com", "weibo.cn"),
    "Vimeo": ("vimeo.com",),
    "Dailymotion": ("dailymotion.com",),
    "Snapchat": ("snapchat.com",),
    "Telegram": ("t.me", "telegram.me"),
    "Mastodon": ("mastodon.social", "mstdn.social", "truthsocial.com"),
    "Rumble": ("rumble.com",),
    "Kick": ("kick.com",),
    "Bilibili": ("bilibili.com",),
    "SoundCloud": ("soundcloud.com",),
}
PLATFORMS = ("instagram", "tiktok", "youtube", "x")
#: Fields with the address of the record itself: any host but its network's contradicts.
RECORD_URL_FIELDS = (
    "permalink",
    "permalink_url",
    "webpage_url",
    "post_url",
    "share_url",
    "tweetUrl",
)
#: Fields with the address of a post, but the web site of an account: in posts the host of another
#: network contradicts.
URL_FIELDS = ("url", "link", "uri", "postUrl", "html_url")
#: Network -> what only its records have: a field, a field=how its value begins, or
#: fields+beside+each other.
MARKS = {
    "Threads": (
        "media_product_type=THREADS", "media_type=TEXT_POST", "is_quote_post",
        "threads_profile_picture_url",
        "threads_biography", "text_post_app_info={",
    ),
    "Bluesky": ("uri=at://", "did=did:", "$type=app.bsky."),
    "Mastodon": ("reblogs_count", "acct"),
    "Misskey": ("renoteCount",),
    "Reddit": ("subreddit", "link_karma"),
    FACEBOOK: (
        "fan_count", "created_time+message", "created_time+story", "created_time+permalink_url",
        "facebookUrl",
        "facebookId",
    ),
    "LinkedIn": ("urn=urn:li:", "id=urn:li:", "public_identifier", "publicIdentifier"),
    "Pinterest": ("pin_count", "board_count", "board_id", "pin_metrics",
        "account_type+profile_image"),
    "Twitch": ("broadcaster_type", "broadcaster_id", "user_login"),
    "VK": ("from_id+owner_id",),
    "Tumblr": ("blog_name", "note_count"),
    "Weibo": ("idstr", "mblogid", "attitudes_count"),
    "Telegram": ("peer_id", "forwards+date"),
    "Bilibili": ("bvid",),
    "SoundCloud": ("track_count", "playback_count"),
    "gallery-dl": ("category+subcategory+extension",),
}  # fmt: skip
#: Where yt-dlp names the site of a record, the first that is there.
EXTRACTOR_FIELDS = ("extractor_key", "ie_key", "extractor")
YT_DLP_NETWORKS = re.compile("youtube|tiktok|instagram|twitter", re.IGNORECASE)
#: Tools that read many networks: the field that names the network, and those that are read here.
TOOLS = (
    *((field, "yt-dlp", YT_DLP_NETWORKS) for field in EXTRACTOR_FIELDS),
    ("_type", "snscrape", re.compile(r"snscrape\.modules\.twitter\.")),
)
#: Fields that only comments have.
COMMENT_FIELDS = frozenset((
    "parent_comment_id", "reply_comment_total", "replyCommentTotal", "comment_like_count",
    "commentUrl", "comment_id", "commentId", "did_report_as_spam", "repliesToId",
    "topLevelComment", "authorChannelId", "author_is_uploader",
))  # fmt: skip
#: Fields beside the text of a comment, one of which each form of comments has.
BESIDE_TEXT = frozenset((
    "parent_id", "from", "username", "like_count", "hidden", "media", "ownerUsername", "cid",
    "video_id", "answers",
))  # fmt: skip
#: Fields of a comment whose time is called created_at, as that of many posts is.
BESIDE_CREATED_AT = frozenset(("parent_id", "cid", "video_id", "answers"))
#: Fields of posts that no comment has.
POST_FIELDS = frozenset((
    "caption", "media_type", "media_product_type", "media_url", "permalink", "shortcode",
    "shortCode", "comments_count", "commentsCount", "comment_count", "commentCount",
    "video_description", "view_count", "taken_at", "statistics", "public_metrics",
))  # fmt: skip
#: Where records name their kind, and the kinds of comments.
KIND_FIELDS = ("kind", "content_type", "type", "__typename")
COMMENT_KIND = re.compile(r"youtube#comment(Thread)?|(XDT|Graph)?Comment(Dict)?|comment")
TIME_FIELDS = frozenset(("timestamp", "create_time", "createTime", "time", "created_at_utc"))


class Mark(NamedTuple):
    """What only the records of a network have: a field whose value begins in some way, with other
    fields beside it.
    """

    network: str
    start: str
    beside: tuple[str, ...]


def _marks_by_field() -> dict[str, list[Mark]]:
    """Return the marks of MARKS by their first field."""
    by_field: dict[str, list[Mark]] = {}
    for network, texts in MARKS.items():
        for text in texts:
            names, _, start = text.partition("=")
            field, *beside = names.split("+")
            by_field.setdefault(field, []).append(Mark(network, start, tuple(beside)))
    return by_field


MARKS_BY_FIELD = _marks_by_field()
#: Fields by which a record can contradict its shape.
CONTRADICTING_FIELDS = frozenset((
    *MARKS_BY_FIELD, *RECORD_URL_FIELDS, *URL_FIELDS, *(field for field, *_ in TOOLS),
))  # fmt: skip


def is_comment(record: dict) -> bool:
    """Return whether a record is a comment, which is nobody's post."""
    kinds = (record.get(name) for name in KIND_FIELDS)
    if any(isinstance(kind, str) and COMMENT_KIND.fullmatch(kind) for kind in kinds):
        return True
    names = record.keys()
    if not POST_FIELDS.isdisjoint(names):
        return False
    if not COMMENT_FIELDS.isdisjoint(names):
        return True
    if not isinstance(record.get("text"), str):
        return False
    if not TIME_FIELDS.isdisjoint(names):
        return not BESIDE_TEXT.isdisjoint(names)
    return "created_at" in names and not BESIDE_CREATED_AT.isdisjoint(names)


def find_foreign_network(record: dict, platform: str | None, table: str = "") -> str | None:
    """Return the network, tool or host that a record says it is of, None where that is `platform`
    or nothing is said.

    `table` is what the shape of the record gives. Without a platform only networks that are not
    read are named.
    """
    if CONTRADICTING_FIELDS.isdisjoint(record):
        return None
    return (
        _network_of_tool(record)
        or _network_by_marks(record)
        or _network_by_address(record, platform, table)
    )


def _network_of_tool(record: dict) -> str | None:
    """Return the network that a tool for many networks names, where it is not read."""
    for field, tool, read_networks in TOOLS:
        name = record.get(field)
        if not isinstance(name, str) or read_networks.match(name):
            continue
        if tool != "snscrape" or name.startswith(tool):
            network = name.removeprefix("snscrape.modules.").partition(".")[0]
            return f"{network} (of {tool})"
    return None


def _network_by_marks(record: dict) -> str | None:
    for field, value in record.items():
        for mark in MARKS_BY_FIELD.get(field, ()):
            if _starts_with(value, mark.start) and all(name in record for name in mark.beside):
                return mark.network
    return None


def _network_by_address(record: dict, platform: str | None, table: str) -> str | None:
    """Return the network or host of the record's own address; the web site of an account may be
    anywhere.
    """
    fields = RECORD_URL_FIELDS if table == "creators" else RECORD_URL_FIELDS + URL_FIELDS
    for field in fields:
        host = url_host(record.get(field))
        if host is None:
            continue
        network = network_for_host(host)
        if network is None:
            if platform and field in RECORD_URL_FIELDS:
                return host
        elif network != platform and (platform or network not in PLATFORMS):
            return network
    return None


def _starts_with(value: object, start: str) -> bool:
    """Return whether a value begins as a mark says: "" is any value, "{" an object with fields."""
    if start == "{":
        return isinstance(value, dict) and bool(value)
    return not start or (isinstance(value, str) and value.startswith(start))


def url_host(address: object) -> str | None:
    """Return the host of a web address, None of anything else."""
    if not isinstance(address, str) or not address.startswith(("http://", "https://")):
        return None
    try:
        return urlsplit(address).hostname or None
    except ValueError:
        return None


def network_for_host(host: str) -> str | None:
    """Return the network that a host belongs to.

    >>> network_for_host("www.threads.net"), network_for_host("example.org")
    ('Threads', None)
    """
    for network, hosts in HOSTS.items():
        if any(host == one or host.endswith(f".{one}") for one in hosts):
            return network
    return None
