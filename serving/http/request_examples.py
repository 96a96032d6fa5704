"""Requests that work when pasted, for the OpenAPI document."""

_PROFILE = {"platform": "instagram", "followers": 48_000, "niche": "food"}
_DEAL = {"brand_niche": "food", "format": "carousel", "deliverables": 2, "fee_usd": 900}
_WHEN = {"start_at": "2026-11-20T09:00:00Z"}

#: Requests by name, as predict and explain take them.
EXAMPLES = {
    "averages": {
        "summary": "A profile with the averages of a vendor's export",
        "value": {
            "as_of": "2026-11-01T00:00:00Z",
            "partnerships": [
                {
                    "partnership_id": "autumn-1",
                    **_PROFILE,
                    "avg_likes": 1150,
                    "avg_comments": 31,
                    **_DEAL,
                    **_WHEN,
                }
            ],
        },
    },
    "recent_posts": {
        "summary": "A profile with its recent posts",
        "value": {
            "as_of": "2026-11-01T00:00:00Z",
            "partnerships": [
                {
                    "partnership_id": "autumn-2",
                    **_PROFILE,
                    "recent_posts": [
                        {
                            "posted_at": "2026-10-02T18:00:00Z",
                            "format": "carousel",
                            "likes": 1420,
                            "comments": 40,
                        },
                        {
                            "posted_at": "2026-10-09T18:30:00Z",
                            "format": "video",
                            "likes": 980,
                            "comments": 22,
                        },
                        {
                            "posted_at": "2026-10-16T17:45:00Z",
                            "format": "image",
                            "likes": 1105,
                            "comments": 35,
                        },
                    ],
                    **_DEAL,
                }
            ],
        },
    },
    "package": {
        "summary": "Several formats booked together",
        "value": {
            "partnerships": [
                {
                    **_PROFILE,
                    "package": [
                        {"format": "short", "deliverables": 1},
                        {"format": "story", "deliverables": 3},
                    ],
                    "fee_usd": 700,
                }
            ]
        },
    },
    "profile": {
        "summary": "Two profiles of which nothing else is known",
        "value": {
            "partnerships": [
                {"platform": "tiktok", "followers": 320_000, "niche": "dance", "fee_usd": 2500},
                {"platform": "youtube", "followers": 91_000, "format": "video"},
            ]
        },
    },
}

#: The same for rank.
RANK_EXAMPLES = {
    "best_fee": {
        "summary": "Two profiles, the fee that pays best first",
        "value": {
            "partnerships": [
                {
                    "partnership_id": "big",
                    "platform": "instagram",
                    "followers": 480_000,
                    "niche": "food",
                }
                | {"fee_usd": 5200},
                {"partnership_id": "small", **_PROFILE, "fee_usd": 400},
            ]
        },
    },
    "most_engagements": {
        "summary": "The best by engagements, no fees told",
        "value": {
            "by": "engagements_p50",
            "limit": 1,
            "partnerships": [
                _PROFILE,
                {"platform": "tiktok", "followers": 320_000, "niche": "dance"},
            ],
        },
    },
}
