"""What the feature code means is held by a golden file: other values need another FEATURES_VERSION.

`make golden` writes the file anew, after the version was raised.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from conftest import table

import features.derive.version
from features.derive.authenticity import AUTHENTICITY_PARTS, SignNorm
from features.derive.catalog import COLUMNS
from features.derive.derive import derive
from features.derive.effects import Effects
from features.derive.market_priors import MarketPriors, Prior
from features.derive.reference import Reference
from features.derive.version import FEATURES_VERSION
from features.niche.classifier import NicheClassifier
from features.tables.model import Tables
from features.tables.schema import CREATORS, FOLLOWERS, POSTS

GOLDEN = Path(__file__).with_name("golden_features.json")
START = pd.Timestamp("2026-01-01", tz="UTC")
AS_OF = START + pd.Timedelta(days=400)
FORMATS = ("video", "image", None, "carousel")


def creators():
    """Give accounts with and without a declared niche, a bio, followers."""
    shared = {
        "following": 300.0,
        "posts_count": 90.0,
        "verified": True,
        "created_at": START - pd.Timedelta(days=900),
    }
    rows = [
        {
            "creator_id": "ana",
            "platform": "instagram",
            "followers": 24_000.0,
            "niche": "food",
            **shared,
        },
        {
            "creator_id": "ben",
            "platform": "tiktok",
            "followers": 310_000.0,
            "bio": "Vegan recipes and baking",
        },
        {"creator_id": "cem", "platform": "youtube", "niche": "gaming", "business": True},
        {
            "creator_id": "dia",
            "platform": "x",
            "followers": 900.0,
            "bio": "gym, protein, squats",
            **shared,
        },
        {"creator_id": "eva", "platform": "instagram", "followers": 1_500_000.0, "niche": "travel"},
    ]
    return table([{**row, "observed_at": START} for row in rows], CREATORS)


def followers():
    """Give monthly readings of one account, with a jump."""
    counts = [20_000, 20_400, 20_900, 21_200, 27_000, 27_300, 27_900]
    own = {"creator_id": "ana", "platform": "instagram"}
    rows = [
        {**own, "observed_at": START + pd.Timedelta(days=30 * n), "followers": c}
        for n, c in enumerate(counts)
    ]
    return table(rows, FOLLOWERS)


def posts():
    """Give posts whose counts, formats, payment, topics and texts vary, of accounts with many of them and few."""
    rows = []
    for creator, platform, count, level in (
        ("ana", "instagram", 40, 900),
        ("ben", "tiktok", 14, 20_000),
        ("cem", "youtube", 3, 400),
        ("dia", "x", 1, 12),
    ):
        for n in range(count):
            likes = float(level + level * (n * 7 % 11) // 9)
            rows.append(
                {
                    "creator_id": creator,
                    "platform": platform,
                    "post_id": f"{creator}{n}",
                    "posted_at": START + pd.Timedelta(days=380 - 9 * n, hours=n % 24),
                    "observed_at": AS_OF + pd.Timedelta(days=3) if n % 5 == 4 else None,
                    "format": FORMATS[n % 4],
                    "likes": likes,
                    "comments": float(n % 6) + likes // 50,
                    "shares": likes // 20 if n % 3 or platform in ("tiktok", "x") else None,
                    "saves": likes // 30,
                    "views": likes * 9 if n % 4 != 1 else None,
                    "likes_hidden": n == 6,
                    "sponsored": n % 7 == 2 if n % 2 == 0 else None,
                    "text": "pasta recipe" if n % 3 else None,
                    "hashtags": "food baking" if n % 4 else None,
                    "caption_words": float(n % 9),
                    "hashtags_count": float(n % 4),
                    "mentions_count": float(n % 2),
                    "has_location": n % 5 == 0,
                    "topic": ("soup", "cake", None)[n % 3],
                }
            )
    return table(rows, POSTS)


def questions():
    """Ask about every account with history, averages and profile, with and without a plan."""
    content = {
        "caption_words": 4.0,
        "hashtags_count": 2.0,
        "mentions_count": 1.0,
        "has_location": 0.0,
    }
    plan = {"format": "video", "brand_niche": "food", "topic": "cake", "sponsored": 1.0, **content}
    averages = {"avg_likes": 700.0, "avg_comments": 30.0, "avg_views": 9_000.0}
    accounts = creators()[["creator_id", "platform"]].to_dict("records")
    rows = [
        {**account, "start_at": AS_OF + pd.Timedelta(days=lead), "evidence_limit": limit, **told}
        for account in accounts
        for lead, limit, told in (
            (0, "history", {}),
            (30.3, "history", plan),
            (12, "summary", plan | {"topic": "never seen", "has_location": 1.0, "format": "image"}),
            (5, "profile", {}),
            (90, "history", averages | {"format": "short"}),
            (1, "history", {"engagement_rate_by_followers": 0.04}),
            (1, "history", {"engagement_rate_by_views": 0.1, "avg_views": 800.0}),
        )
    ]
    return pd.DataFrame(rows).assign(as_of=AS_OF)


def market(level):
    line = Prior(level, 0.75, -0.1, level + 7, {"food": 0.2, "gaming": -0.1}, 60, 6.2)
    own = {"all": line, "instagram": replace(line, intercept=level - 0.3, creators=40)}
    return MarketPriors(
        own, trust=0.4, summary_shift=-0.15, creators={"instagram": 40, "tiktok": 12, "youtube": 8}
    )


def reference():
    """Give a market by hand, so that the values depend on nothing that is fitted."""
    signs = {sign for sign, _, _ in AUTHENTICITY_PARTS.values()}
    return Reference(
        engagements=market(-0.8),
        views=market(1.4),
        part_shares={"instagram": {"likes": 0.96, "comments": 0.04}},
        views_shown={
            "instagram": ["video", "short"],
            "tiktok": ["video", "unknown"],
            "youtube": ["video"],
            "x": [],
        },
        formats_posted={
            "instagram": ["image", "video", "short"],
            "tiktok": ["video"],
            "youtube": ["video"],
            "x": [],
        },
        platforms_until={},
        norms={
            name: {sign: SignNorm(0.1, 0.8) for sign in sorted(signs)} for name in ("all", "tiktok")
        },
        effects=Effects({"instagram": {"video": 0.1, "image": -0.05}}, {"instagram": -0.1}),
        niche_classifier=NicheClassifier().fit(),
        sponsored_posts=4,
        until=AS_OF.isoformat(),
        creators=60,
    )


def derived():
    return derive(Tables(creators(), followers(), posts()), questions(), reference())


def digests(frame):
    """Give a short digest of each column, its values rounded to six decimals."""
    words = {
        name: " ".join(f"{value:.6f}" for value in frame[name].round(6) + 0.0) for name in frame
    }
    return {name: hashlib.sha256(text.encode()).hexdigest()[:8] for name, text in words.items()}


def differing(frame):
    """Name the columns whose values are not those of the golden file."""
    golden, own = json.loads(GOLDEN.read_text())["columns"], digests(frame)
    return sorted(name for name in {*golden, *own} if golden.get(name) != own.get(name))


def test_other_values_need_another_version():
    assert differing(derived()) == [], (
        "raise FEATURES_VERSION in features/derive/version.py, then run `make golden`"
    )
    golden = json.loads(GOLDEN.read_text())["version"]
    assert golden == FEATURES_VERSION, "the golden file is of another version: run `make golden`"


def test_the_fixture_tells_of_every_column():
    known = derived().notna().mean()
    assert known[known == 0].index.tolist() == []
    assert tuple(known.index) == COLUMNS


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("features.derive.level_offset.SUMMARY_POSTS", 13.0),
        ("features.derive.market_priors.KNOT", 11.0),
        ("features.derive.effects.SHRINKAGE_POSTS", 4.0),
        ("features.niche.text.TEXT_POSTS", 2),
        ("features.derive.authenticity.ORDINARY", 0.2),
    ],
)
def test_a_changed_figure_in_the_code_is_found(monkeypatch, place, value):
    monkeypatch.setattr(place, value)
    assert differing(derived())


def test_the_version_is_a_number_that_only_rises():
    assert isinstance(FEATURES_VERSION, int)
    assert features.derive.version.features_version() == FEATURES_VERSION >= 1


def write() -> None:
    """Write the golden file anew. Raises SystemExit where the values changed and the version did not."""
    frame, golden = derived(), json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    if golden.get("version") == FEATURES_VERSION and differing(frame):
        raise SystemExit(
            f"{', '.join(differing(frame))} changed: raise FEATURES_VERSION in features/derive/version.py first"
        )
    GOLDEN.write_text(
        json.dumps({"version": FEATURES_VERSION, "columns": digests(frame)}, indent=1) + "\n"
    )


if __name__ == "__main__":
    write()
