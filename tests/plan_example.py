"""A complete plan of invented figures, in the shape of serving.plan.answer.Plan."""


def figures(p10, p50, p90, mean):
    return {"p10": p10, "p50": p50, "p90": p90, "mean": mean}


PLAN_EXAMPLE = {
    "plan_version": 1,
    "currency": "EUR",
    "budget": 2000.0,
    "spend": 1937.5,
    "left": 62.5,
    "objective": {
        "kind": "mean",
        "measure": "engagements",
        "level": None,
        "goal": 9000.0,
        "value": 9650.0,
    },
    "status": "complete",
    "gap": 0.0,
    "seed": 1,
    "scenarios": 500,
    "as_of": "2026-07-01T00:00:00Z",
    "model_version": "starter-1",
    "trained_on": "published figures",
    "counts": {"read": 6, "candidates": 5, "rejected": 1, "in_plan": 2, "left_out": 3},
    "roster": [
        {
            "partnership_id": "row 1",
            "creator_id": "@anna_bakes",
            "name": "Anna Bakes",
            "platform": "instagram",
            "band": "micro",
            "niche": "food",
            "evidence": "summary",
            "format": "short",
            "package": None,
            "deliverables": 2,
            "fee": {
                "total": 1237.5,
                "for_engagement": 1100.0,
                "source": "quoted",
                "low": 500.0,
                "typical": 900.0,
                "high": 1500.0,
                "parts": [
                    {"name": "usage_rights", "amount": 110.0},
                    {"name": "agency", "amount": 27.5},
                ],
            },
            "engagements": figures(3100.0, 5400.0, 9200.0, 5950.0),
            "views": None,
            "cpe": 0.2037,
            "break_even_fee": 1480.0,
            "adds": 5950.0,
            "sentence": "About 5,400 engagements over 2 deliverables.",
            "warnings": ["starter_model"],
        },
        {
            "partnership_id": "row 4",
            "creator_id": "c7",
            "name": "c7",
            "platform": "tiktok",
            "band": "nano",
            "niche": None,
            "evidence": "history",
            "format": None,
            "package": "1 short + 3 story",
            "deliverables": 4,
            "fee": {
                "total": 700.0,
                "for_engagement": 700.0,
                "source": "rate_card",
                "low": 300.0,
                "typical": 480.0,
                "high": 700.0,
                "parts": [],
            },
            "engagements": figures(1500.0, 3300.0, 7000.0, 3700.0),
            "views": figures(20000.0, 41000.0, 90000.0, 48000.0),
            "cpe": 0.2121,
            "break_even_fee": None,
            "adds": 3700.0,
            "sentence": "About 3,300 engagements over 1 short and 3 stories.",
            "warnings": ["starter_model", "stories_not_counted"],
        },
    ],
    "total": {
        "creators": 2,
        "deliverables": 6,
        "engagements": figures(5600.0, 9100.0, 14400.0, 9650.0),
        "views": None,
        "cpe": 0.1978,
        "probability_goal": 0.52,
    },
    "left_out": [
        {
            "partnership_id": "row 2",
            "creator_id": "@big_one",
            "name": "Big One",
            "reason": "over_budget",
            "text": "Big One: 5,000 EUR is more than the budget of 2,000 EUR.",
            "replaced_by": None,
        },
        {
            "partnership_id": "row 3",
            "creator_id": "@next_one",
            "name": "Next One",
            "reason": "costs_more",
            "text": "Next One: 0.31 EUR an engagement; the plan pays 0.20 EUR.",
            "replaced_by": ["row 4"],
        },
        {
            "partnership_id": "row 5",
            "creator_id": "@no_fee",
            "name": "no_fee",
            "reason": "no_fee",
            "text": "no_fee: no fee is given, and there is no market fee.",
            "replaced_by": None,
        },
    ],
    "rejected": [
        {"row": 7, "partnership_id": None, "reasons": ["platform 'myspace' is unknown"]},
    ],
    "binding": [
        {
            "name": "at most 2 creators",
            "text": "at most 2 creators: without it the plan would bring 900 engagements more",
        }
    ],
    "next_1000": {
        "amount": 1000.0,
        "adds": 2900.0,
        "text": "1,000 EUR more would bring about 2,900 engagements.",
    },
    "frontier": [
        {
            "budget": 700.0,
            "spend": 700.0,
            "creators": 1,
            "engagements": figures(1500.0, 3300.0, 7000.0, 3700.0),
        },
        {
            "budget": 2000.0,
            "spend": 1937.5,
            "creators": 2,
            "engagements": figures(5600.0, 9100.0, 14400.0, 9650.0),
        },
    ],
    "close_plans": [
        {
            "text": "Next One in place of c7 (1,900 EUR) would bring 9,500 engagements.",
            "roster": ["row 1", "row 3"],
            "spend": 1900.0,
            "mean": 9500.0,
            "probability_better": 0.53,
        }
    ],
    "shared_shock": {
        "platform": {"correlation": 0.03, "low": 0.01, "high": 0.06},
        "niche": {"correlation": 0.01, "low": 0.0, "high": 0.03},
        "source": "default",
    },
    "warnings": ["another plan is within noise of this one"],
    "sentence": "Sign 2 of 5 creators for 1,938 EUR: about 9,100 engagements (80 %: 5,600-14,000).",
    "settings": {},
}
