"""Scrapers' JSON of Instagram, as data: of its web pages (GraphQL, instaloader), of its app, and of
Apify's actors.
"""

from features.niche.category_labels import niche_for_label
from ingest.shapes.captions import join_hashtags
from ingest.shapes.coauthors import COAUTHOR_PATHS, resolve_owner
from ingest.shapes.foreign_records import network_for_host, url_host
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import CHILD, COMMENT, Context, RecordShape
from ingest.shapes.value_parsers import InvalidValue, parse_handle, parse_number, parse_text

KIND = "instagram-scraper"
FORMAT_BY_PRODUCT = {
    "clips": "short",
    "story": "story",
    "ad": None,
    "feed": None,
    "igtv": "video",
    "carousel_container": None,
}
FORMAT_BY_TYPE = {
    "GraphImage": "image", "GraphVideo": "video", "GraphSidecar": "carousel",
    "XDTGraphImage": "image", "XDTGraphVideo": "video", "XDTGraphSidecar": "carousel",
    "GraphStoryImage": "story", "GraphStoryVideo": "story",
    "Image": "image", "Video": "video", "Sidecar": "carousel",
    1: "image", 2: "video", 8: "carousel",
}  # fmt: skip

#: No post has more; a larger number is no count.
MOST_LIKES = 1e12
LIKES_PATHS = (
    "edge_media_preview_like.count", "edge_liked_by.count", "like_count", "likesCount",
)  # fmt: skip
PLACE_FIELDS = ("location", "locationName", "locationId")
#: Fields of a post on a web page, one of which it has beside its short code.
WEB_POST_FIELDS = (
    "edge_media_preview_like", "edge_liked_by", "edge_media_to_caption", "edge_media_to_comment",
)  # fmt: skip
#: Fields of a profile by Apify's actors; a record with a single count is one if it has any of them.
BESIDE_COUNT = (
    "fullName", "biography", "profilePicUrl", "private", "businessCategoryName",
    "isBusinessAccount", "latestPosts",
    "latestIgtvVideos",
)  # fmt: skip


def _parse_likes(value: object) -> float | None:
    """Return the likes; -1 is how a hidden count is written."""
    count = parse_number(value)
    if count is not None and not -1 <= count <= MOST_LIKES:
        raise InvalidValue("is no count")
    return None if count == -1 else count


def _parse_niche(category: object) -> str | None:
    """Return the niche of a category, else of the last of several: Apify writes 'None,Artist'."""
    if not isinstance(category, str):
        return None
    for label in (category, *reversed(category.split(","))):
        if niche := niche_for_label(label.strip(), "instagram"):
            return niche
    return None


def _parse_post_id(value: object) -> str | None:
    """Return the id of a post without the account's, which the app's interface adds after a _."""
    return (parse_text(value) or "").split("_")[0] or None


def _finish(record: dict, row: dict, context: Context) -> None:
    """Add format, hidden likes, payment and place, from whichever of the forms the record has."""
    row["format"] = _format(record)
    is_disabled = record.get("like_and_view_counts_disabled")
    has_hidden_count = any(get_path(record, path) == -1 for path in LIKES_PATHS)
    if has_hidden_count or is_disabled is True:
        row["likes_hidden"], row["likes"] = True, None
    elif row.get("likes") is not None or is_disabled is False:
        row["likes_hidden"] = False
    sponsors = get_path(record, "edge_media_to_sponsor_user.edges")
    sponsors = record.get("sponsor_tags") if sponsors is None else sponsors
    if isinstance(sponsors, list):
        row["sponsored"] = bool(sponsors) or row.get("sponsored") is True
    places = [record[name] for name in PLACE_FIELDS if name in record]
    if places:
        row["has_location"] = any(places)


def _format(record: dict) -> str | None:
    """Return the format by the product, else by the type, else by is_video."""
    product = record.get("product_type", record.get("productType"))
    if isinstance(product, str) and (format_ := FORMAT_BY_PRODUCT.get(product)):
        return format_
    type_ = record.get("__typename", record.get("type", record.get("media_type")))
    if type_ is not None:
        return FORMAT_BY_TYPE.get(type_) if isinstance(type_, str | int) else None
    return "video" if record.get("is_video") is True else None


def _is_web_profile(r: dict) -> bool:
    return "edge_followed_by" in r and ("id" in r or "username" in r)


def _is_web_post(r: dict) -> bool:
    has_content = any(name in r for name in WEB_POST_FIELDS)
    return "taken_at_timestamp" in r or ("shortcode" in r and has_content)


def _is_app_post(r: dict) -> bool:
    return "taken_at" in r and ("pk" in r or "code" in r) and "taken_at_timestamp" not in r


def _is_app_profile(r: dict) -> bool:
    has_profile = any(name in r for name in ("pk", "media_count", "biography"))
    return "username" in r and "follower_count" in r and has_profile


def _is_apify_post(r: dict) -> bool:
    has_count = "likesCount" in r or "commentsCount" in r
    if "ownerUsername" in r:
        return has_count or "timestamp" in r
    return has_count and "shortCode" in r


def _is_apify_profile(r: dict) -> bool:
    """Recognise a profile by two of its counts, or by one and what only Instagram's profiles have
    beside it.
    """
    if "username" not in r or "friendsCount" in r:
        return False
    counts = sum(name in r for name in ("followersCount", "followsCount", "postsCount"))
    if counts != 1:
        return counts > 1
    host = url_host(r.get("url"))
    has_address = host is not None and network_for_host(host) == "instagram"
    return has_address or any(name in r for name in BESIDE_COUNT)


def _parse_text_unless_object(value: object) -> str | None:
    return None if isinstance(value, dict) else parse_text(value)


PARSERS = {
    "handle": parse_handle,
    "niche": _parse_niche,
    "likes": _parse_likes,
    "post_id": _parse_post_id,
}
FINISH_PATHS = (
    *PLACE_FIELDS, "edge_media_to_sponsor_user", "sponsor_tags", "__typename", "type",
    "media_type", "product_type", "productType", "is_video", "like_and_view_counts_disabled",
    *COAUTHOR_PATHS,
)  # fmt: skip
#: Where the forms hold what is no separate post.
IGNORED_PATHS = {
    CHILD: ("edge_sidecar_to_children.edges", "carousel_media", "childPosts"),
    COMMENT: (
        "edge_media_to_parent_comment.edges", "edge_media_to_comment.edges",
        "edge_media_preview_comment.edges",
        "preview_comments", "latestComments",
    ),
}  # fmt: skip

SHAPES = (
    RecordShape(
        "Instagram web profile", KIND, "instagram", "creators", _is_web_profile,
        {
            "creator_id": ("id", "pk"),
            "handle": ("username",),
            "followers": ("edge_followed_by.count",),
            "following": ("edge_follow.count",),
            "posts_count": ("edge_owner_to_timeline_media.count",),
            "niche": ("category_name", "business_category_name", "overall_category_name",
                "category_enum"),
            "bio": ("biography",),
            "verified": ("is_verified",),
            "business": ("is_business_account",),
        },
        parsers=PARSERS,
        embedded_paths=("edge_owner_to_timeline_media.edges", "edge_felix_video_timeline.edges"),
    ),
    RecordShape(
        "Instagram web post", KIND, "instagram", "posts", _is_web_post,
        {
            "post_id": ("id", "pk"),
            "posted_at": ("taken_at_timestamp", "taken_at", "date"),
            "likes": ("edge_media_preview_like.count", "edge_liked_by.count"),
            "comments": (
                "edge_media_to_comment.count", "edge_media_to_parent_comment.count",
                "edge_media_preview_comment.count",
            ),
            "views": ("video_play_count", "video_view_count"),
            "sponsored": ("is_paid_partnership",),
            "text": ("edge_media_to_caption.edges.0.node.text", "caption.text", "caption"),
        },
        {
            "creator_id": ("owner.id", "owner.pk"),
            "handle": ("owner.username",),
            "followers": ("owner.edge_followed_by.count",),
            "posts_count": ("owner.edge_owner_to_timeline_media.count",),
            "verified": ("owner.is_verified",),
        },
        parsers={**PARSERS, "text": _parse_text_unless_object},
        finish=_finish, finish_paths=FINISH_PATHS, ignored_paths=IGNORED_PATHS,
        resolve_owner=resolve_owner,
    ),
    RecordShape(
        "Instagram app post", KIND, "instagram", "posts", _is_app_post,
        {
            "post_id": ("pk", "id"),
            "posted_at": ("taken_at",),
            "likes": ("like_count",),
            "comments": ("comment_count",),
            "shares": ("reshare_count",),
            "saves": ("save_count",),
            "views": ("play_count", "ig_play_count", "view_count"),
            "sponsored": ("is_paid_partnership",),
            "text": ("caption.text", "caption_text", "caption"),
        },
        {
            "creator_id": ("user.pk", "user.pk_id", "user.id", "owner.pk", "owner.id"),
            "handle": ("user.username", "owner.username"),
            "followers": ("user.follower_count",),
            "verified": ("user.is_verified",),
        },
        parsers={**PARSERS, "text": _parse_text_unless_object},
        finish=_finish, finish_paths=FINISH_PATHS, ignored_paths=IGNORED_PATHS,
        resolve_owner=resolve_owner,
    ),
    RecordShape(
        "Instagram app profile", KIND, "instagram", "creators", _is_app_profile,
        {
            "creator_id": ("pk", "pk_id", "id"),
            "handle": ("username",),
            "followers": ("follower_count",),
            "following": ("following_count",),
            "posts_count": ("media_count",),
            "niche": ("category", "category_name", "business_category_name"),
            "bio": ("biography",),
            "verified": ("is_verified",),
            "business": ("is_business", "is_business_account"),
        },
        parsers=PARSERS,
    ),
    RecordShape(
        "Apify Instagram profile", KIND, "instagram", "creators", _is_apify_profile,
        {
            "creator_id": ("id",),
            "handle": ("username",),
            "followers": ("followersCount",),
            "following": ("followsCount",),
            "posts_count": ("postsCount",),
            "niche": ("businessCategoryName",),
            "bio": ("biography",),
            "verified": ("verified", "isVerified"),
            "business": ("isBusinessAccount",),
        },
        parsers=PARSERS,
        embedded_paths=("latestPosts", "latestIgtvVideos"),
    ),
    RecordShape(
        "Apify Instagram post", KIND, "instagram", "posts", _is_apify_post,
        {
            "post_id": ("id", "shortCode"),
            "posted_at": ("timestamp",),
            "likes": ("likesCount",),
            "comments": ("commentsCount",),
            "shares": ("sharesCount", "reshareCount"),
            "views": ("videoPlayCount", "igPlayCount", "videoViewCount"),
            "sponsored": ("isSponsored", "paidPartnership", "isPaidPartnership"),
            "text": ("caption",),
            "hashtags": ("hashtags",),
        },
        {"creator_id": ("ownerId",), "handle": ("ownerUsername",)},
        parsers={**PARSERS, "hashtags": join_hashtags}, finish=_finish, finish_paths=FINISH_PATHS,
        ignored_paths=IGNORED_PATHS, resolve_owner=resolve_owner,
    ),
)  # fmt: skip
