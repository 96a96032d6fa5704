"""Scrapers' JSON of Instagram, as data: of its web pages (GraphQL, instaloader), of its app, and of
Apify's actors.
"""

from features.niche.classifier import niche_for_label
from ingest.exports.captions import join_hashtags
from ingest.exports.coauthors import COAUTHOR_PATHS, resolve_owner
from ingest.exports.foreign_records import network_for_host, url_host
from ingest.exports.record_paths import get_path
from ingest.exports.record_shapes import CHILD, COMMENT, Context, RecordShape
from ingest.exports.value_parsers import InvalidValue, parse_handle, parse_number, parse_text

KIND = "instagram-scraper"
BY_PRODUCT = {
    "clips": "short",
    "story": "story",
    "ad": None,
    "feed": None,
    "igtv": "video",
    "carousel_container": None,
}
BY_TYPE = {
    "GraphImage": "image", "GraphVideo": "video", "GraphSidecar": "carousel",
    "XDTGraphImage": "image", "XDTGraphVideo": "video", "XDTGraphSidecar": "carousel",
    "GraphStoryImage": "story", "GraphStoryVideo": "story",
    "Image": "image", "Video": "video", "Sidecar": "carousel",
    1: "image", 2: "video", 8: "carousel",
}  # fmt: skip

#: Fields of a profile by Apify's actors, one of which tells it where it has one count alone.
BESIDE_COUNT = (
    "fullName", "biography", "profilePicUrl", "private", "businessCategoryName",
    "isBusinessAccount", "latestPosts",
    "latestIgtvVideos",
)  # fmt: skip


def _likes(value: object) -> float | None:
    """Give the likes; -1 is how a hidden count is written."""
    count = parse_number(value)
    if count is not None and (count < -1 or count > 1e12):
        raise InvalidValue("is no count")
    return None if count == -1 else count


def _niche(category: object) -> str | None:
    """Give the niche of the last category that stands for one: Apify writes 'None,Artist'."""
    parts = [category, *reversed(category.split(","))] if isinstance(category, str) else []
    return next(
        (niche for part in parts if (niche := niche_for_label(part.strip(), "instagram"))), None
    )


def _post_id(value: object) -> str | None:
    """Give the id of a post without the account's, which the app's interface adds after a _."""
    return (parse_text(value) or "").split("_")[0] or None


def _finish(record: dict, row: dict, context: Context) -> None:
    """Add format, hidden likes, payment and place: from whichever of the forms the record has."""
    row["format"] = _format(record)
    counts = ("edge_media_preview_like.count", "edge_liked_by.count", "like_count", "likesCount")
    hidden = any(get_path(record, path) == -1 for path in counts)
    if hidden or record.get("like_and_view_counts_disabled") is True:
        row["likes_hidden"], row["likes"] = True, None
    elif row.get("likes") is not None or record.get("like_and_view_counts_disabled") is False:
        row["likes_hidden"] = False
    sponsors = get_path(record, "edge_media_to_sponsor_user.edges")
    sponsors = record.get("sponsor_tags") if sponsors is None else sponsors
    if isinstance(sponsors, list):
        row["sponsored"] = bool(sponsors) or row.get("sponsored") is True
    places = [name for name in ("location", "locationName", "locationId") if name in record]
    if places:
        row["has_location"] = any(record[name] for name in places)


def _format(record: dict) -> str | None:
    """Tell the format by the product, else by the type that is given; by is_video only where no
    type is.
    """
    product = record.get("product_type", record.get("productType"))
    if isinstance(product, str) and (found := BY_PRODUCT.get(product)):
        return found
    given = record.get("__typename", record.get("type", record.get("media_type")))
    if given is not None:
        return BY_TYPE.get(given) if isinstance(given, str | int) else None
    return "video" if record.get("is_video") is True else None


def _is_web_profile(r: dict) -> bool:
    return "edge_followed_by" in r and ("id" in r or "username" in r)


def _is_web_post(r: dict) -> bool:
    told = (
        "edge_media_preview_like",
        "edge_liked_by",
        "edge_media_to_caption",
        "edge_media_to_comment",
    )
    return "taken_at_timestamp" in r or ("shortcode" in r and any(name in r for name in told))


def _is_app_post(r: dict) -> bool:
    return "taken_at" in r and ("pk" in r or "code" in r) and "taken_at_timestamp" not in r


def _is_app_profile(r: dict) -> bool:
    return (
        "username" in r
        and "follower_count" in r
        and any(name in r for name in ("pk", "media_count", "biography"))
    )


def _is_apify_post(r: dict) -> bool:
    counted = "likesCount" in r or "commentsCount" in r
    return (counted and ("shortCode" in r or "ownerUsername" in r)) or (
        "ownerUsername" in r and "timestamp" in r
    )


def _is_apify_profile(r: dict) -> bool:
    """Tell a profile by two of its counts, or one and what only Instagram's profiles have beside
    it.
    """
    counts = sum(name in r for name in ("followersCount", "followsCount", "postsCount"))
    ours = (
        any(name in r for name in BESIDE_COUNT)
        or network_for_host(url_host(r.get("url")) or "") == "instagram"
    )
    return "username" in r and (counts > 1 or (counts == 1 and ours)) and "friendsCount" not in r


PARSERS = {"handle": parse_handle, "niche": _niche, "likes": _likes, "post_id": _post_id}
FINISH_PATHS = (
    "location", "locationName", "locationId", "edge_media_to_sponsor_user", "sponsor_tags",
    "__typename", "type",
    "media_type", "product_type", "productType", "is_video", "like_and_view_counts_disabled",
    *COAUTHOR_PATHS,
)  # fmt: skip
#: Where the forms keep what is no post of its own.
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
        parsers={**PARSERS,
            "text": lambda value: None if isinstance(value, dict) else parse_text(value)},
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
        parsers={**PARSERS,
            "text": lambda value: None if isinstance(value, dict) else parse_text(value)},
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
