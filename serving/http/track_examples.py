"""Requests to POST /v1/track that work when pasted, for the OpenAPI document."""

_PROFILE = {"platform": "instagram", "followers": 48_000, "niche": "food"}
_COUNTS = {"likes": 950, "comments": 30}

#: By name, as POST /v1/track takes them.
TRACK_EXAMPLES = {
    "given_forecast": {
        "summary": "One of two videos is online and was read twice; the forecast is given",
        "value": {
            "as_of": "2026-11-05T00:00:00Z",
            "partnerships": [
                {
                    "partnership_id": "autumn-3",
                    "platform": "tiktok",
                    "deliverables": 2,
                    "goal_engagements": 4000,
                    "forecast": {"p10": 700, "p50": 1500, "p90": 3400},
                    "published": [
                        {
                            "post_id": "v1",
                            "format": "video",
                            "posted_at": "2026-11-01T10:00:00Z",
                            "readings": [
                                {
                                    "observed_at": "2026-11-02T10:00:00Z",
                                    **{"likes": 800, "comments": 41, "shares": 60, "views": 11500},
                                },
                                {
                                    "observed_at": "2026-11-04T10:00:00Z",
                                    **{"likes": 1090, "comments": 62, "shares": 88, "views": 16400},
                                },
                            ],
                        }
                    ],
                }
            ],
        },
    },
    "by_the_model": {
        "summary": "A post of a profile, for which the model makes the forecast; 14 days ahead",
        "value": {
            "partnerships": [
                {
                    **_PROFILE,
                    "horizon_days": 14,
                    "published": [
                        {
                            "posted_at": "2026-11-01T10:00:00Z",
                            "readings": [
                                {
                                    "observed_at": "2026-11-02T09:00:00Z",
                                    "likes": 950,
                                    "comments": 30,
                                }
                            ],
                        }
                    ],
                }
            ]
        },
    },
}
