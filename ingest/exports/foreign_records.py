"""Records that look like those of a known shape and are not: comments, and posts and accounts of
other networks.

Many networks share names of fields (id, text, created_at, followers_count). So what a record says
of itself outranks its shape: a field that only another network has, or the host of the record's own
address.
"""

import re
from urllib.parse import urlsplit

FACEBOOK = "Facebook"
#: Network -> its hosts; what stands before them (www, m) does not matter.
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
#: Tools that read many networks: the field that tells the network, and what is read of it.
TOOLS = (
    *(
        (field, "yt-dlp", re.compile("youtube|tiktok|instagram|twitter", re.IGNORECASE))
        for field in EXTRACTOR_FIELDS
    ),
    ("_type", "snscrape", re.compile(r"snscrape\.modules\.twitter\.")),
)
#: Fields that only comments have.
COMMENT_FIELDS = frozenset((
    "parent_comment_id", "reply_comment_total", "replyCommentTotal", "comment_like_count",
    "commentUrl", "comment_id",
    "commentId", "did_report_as_spam", "repliesToId", "topLevelComment", "authorChannelId",
    "author_is_uploader",
))  # fmt: skip
#: Fields beside the text of a comment, one of which each form of comments has.
BESIDE_TEXT = frozenset((
    "parent_id", "from", "username", "like_count", "hidden", "media", "ownerUsername", "cid",
    "video_id", "answers",
))  # fmt: skip
#: Fields that tell a comment where its time is called created_at, as that of many posts is.
BESIDE_CREATED_AT = frozenset(("parent_id", "cid", "video_id", "answers"))
#: Fields of posts that no comment has.
POST_FIELDS = frozenset((
    "caption", "media_type", "media_product_type", "media_url", "permalink", "shortcode",
    "shortCode", "comments_count",
    "commentsCount", "comment_count", "commentCount", "video_description", "view_count",
    "taken_at", "statistics",
    "public_metrics",
))  # fmt: skip
COMMENT_KIND = re.compile(r"youtube#comment(Thread)?|(XDT|Graph)?Comment(Dict)?|comment")
TIME_FIELDS = frozenset(("timestamp", "create_time", "createTime", "time", "created_at_utc"))


def _mark(written: str) -> tuple[str, str, tuple[str, ...]]:
    """Give a mark as its first field, how that field's value begins, and the fields beside it."""
    name, _, begins = written.partition("=")
    first, *beside = name.split("+")
    return first, begins, tuple(beside)


_BY_FIELD = {
    field: [
        (network, *mark[1:])
        for network, marks in MARKS.items()
        for mark in map(_mark, marks)
        if mark[0] == field
    ]
    for field in {_mark(written)[0] for marks in MARKS.values() for written in marks}
}
#: Fields by which a record can contradict its shape.
_TELLING = frozenset((*_BY_FIELD, *RECORD_URL_FIELDS, *URL_FIELDS, *(field for field, *_ in TOOLS)))


def is_comment(record: dict) -> bool:
    """Tell whether a record is a comment, which is nobody's post."""
    kinds = (record.get(name) for name in ("kind", "content_type", "type", "__typename"))
    if any(isinstance(kind, str) and COMMENT_KIND.fullmatch(kind) for kind in kinds):
        return True
    names = record.keys()
    if not POST_FIELDS.isdisjoint(names):
        return False
    if not COMMENT_FIELDS.isdisjoint(names):
        return True
    beside = (
        BESIDE_TEXT
        if not TIME_FIELDS.isdisjoint(names)
        else BESIDE_CREATED_AT
        if "created_at" in names
        else ()
    )
    return isinstance(record.get("text"), str) and any(name in names for name in beside)


def find_foreign_network(record: dict, platform: str | None, table: str = "") -> str | None:
    """Name what a record says that it is of, a network or a host, where that is not `platform`;
    else None.

    `table` is what the shape of the record gives. Without a platform only networks that are not
    read are named.
    """
    names = record.keys()
    if _TELLING.isdisjoint(names):
        return None
    for field, tool, ours in TOOLS:
        made = record.get(field)
        if (
            isinstance(made, str)
            and ours.match(made) is None
            and (tool != "snscrape" or made.startswith(tool))
        ):
            return f"{made.removeprefix('snscrape.modules.').partition('.')[0]} (of {tool})"
    for field in _BY_FIELD.keys() & names:
        for network, begins, beside in _BY_FIELD[field]:
            if _begins(record[field], begins) and all(name in record for name in beside):
                return network
    for field in RECORD_URL_FIELDS + URL_FIELDS * (table != "creators"):
        host = url_host(record.get(field))
        network = host and network_for_host(host)
        if network and network != platform and (platform or network not in PLATFORMS):
            return network
        if host and not network and platform and field in RECORD_URL_FIELDS:
            return host
    return None


def _begins(value: object, begins: str) -> bool:
    if begins == "{":
        return isinstance(value, dict) and bool(value)
    return not begins or (isinstance(value, str) and value.startswith(begins))


def url_host(address: object) -> str | None:
    """Give the host of a web address, None of anything else."""
    if not isinstance(address, str) or not address.startswith(("http://", "https://")):
        return None
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def network_for_host(host: str) -> str | None:
    """Give the network that a host belongs to.

    >>> network_for_host("www.threads.net"), network_for_host("example.org")
    ('Threads', None)
    """
    owners = (
        name
        for name, hosts in HOSTS.items()
        if any(host == one or host.endswith(f".{one}") for one in hosts)
    )
    return next(owners, None)
