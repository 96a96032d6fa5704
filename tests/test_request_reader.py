"""Partnerships read column by column are those read one by one."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.http.request_reader import ParsedRequest, read_each_partnership

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = ["a", " a ", "", "  ", "1", "2"]
NUMBERS = [0, 1, 2.5, 48_000, 10**17, 2**63, 1e300, -1, "5", True, [1]]
TIMES = [
    "2026-01-01T00:00:00Z",
    "2026-06-01T02:00:00+02:00",
    "2026-01-01",
    "1990-01-01T00:00:00Z",
    "x",
    5,
]
VALUES = {
    **{
        key: [*TEXTS, 5, True]
        for key in ("partnership_id", "creator_id", "bio", "topic", "currency")
    },
    **dict.fromkeys(
        ("followers", "avg_likes", "deliverables", "fee_usd", "completion_rate", "hashtags_count"),
        NUMBERS,
    ),
    **{key: [True, False, 0, "true"] for key in ("verified", "has_location")},
    **dict.fromkeys(("start_at", "created_at"), TIMES),
    "platform": ["instagram", " tiktok ", "", "Instagram", 3],
    "niche": ["food", "cooking"],
    "format": ["video", "reel"],
    "recent_posts": [[], [{"posted_at": "2026-01-01T00:00:00Z"}], 3],
    "fee_us": [1],
}
PARTNERSHIPS = st.lists(
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from([None, *values]) for name, values in VALUES.items()}
    )
    | st.sampled_from([None, 5, [], "x"]),
    min_size=1,
    max_size=4,
)


def told(prospects):
    asked = prospects.asked
    columns = {
        name: values.tolist()
        for own in (asked.numbers, asked.codes, asked.times, asked.texts)
        for name, values in own.items()
    }
    return prospects.names, prospects.valid_positions, asked.n, prospects.faults, columns


@settings(max_examples=300)
@given(PARTNERSHIPS)
@example([{"creator_id": "a"}, {"platform": "x", "followers": 1, "partnership_id": "1"}])
@example([{"followers": 5}])
@example([{"creator_id": "a", "partnership_id": "b"}, {"creator_id": "a", "partnership_id": "b"}])
@example([{"creator_id": "a", "created_at": "2026-06-01T00:00:00Z"}])
def test_column_by_column_is_one_by_one(given_):
    found, wanted = ParsedRequest.of(given_, NOW), read_each_partnership(given_, NOW)
    np.testing.assert_equal(told(found), told(wanted))
    assert (found.posts is None) == (wanted.posts is None)
