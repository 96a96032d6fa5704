"""Requests to POST /v1/plan that work when pasted, for the OpenAPI document."""

_SMALL = {
    "partnership_id": "small",
    "platform": "instagram",
    "followers": 48_000,
    "niche": "food",
    "format": "carousel",
    "fee_usd": 400,
}
_BIG = {
    "partnership_id": "big",
    "platform": "instagram",
    "followers": 480_000,
    "niche": "food",
    "format": "short",
    "deliverables": 2,
    "fee_usd": 5200,
    "agency": "15 %",
}
_VIDEO = {
    "partnership_id": "video",
    "platform": "tiktok",
    "followers": 120_000,
    "niche": "food",
    "format": "video",
    "fee_usd": 900,
    "max_deliverables": 2,
}

#: By name, as POST /v1/plan takes them.
PLAN_EXAMPLES = {
    "budget": {
        "summary": "The most engagements for 3,000 USD",
        "value": {"budget": 3000, "partnerships": [_SMALL, _BIG, _VIDEO]},
    },
    "rules": {
        "summary": "The best chance of 3,000 engagements, with rules",
        "value": {
            "budget": 2500,
            "by": "goal",
            "goal": 3000,
            "rules": {
                "max_creators": 2,
                "must_have": ["video"],
                "max_share": "80 %",
                "platform": {"instagram": {"max_creators": 1}},
                "fee_parts": {"usage_rights": "10 %"},
            },
            "partnerships": [_SMALL, _BIG, _VIDEO],
        },
    },
}
