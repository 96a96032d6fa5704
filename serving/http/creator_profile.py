"""What the service knows of one creator: for GET /v1/creators/{creator_id}."""

from datetime import datetime

import numpy as np
from pydantic import BaseModel, Field

from features.derive.catalog import FEATURES, QUERY_INDEPENDENT_COLUMNS, FeatureSpec
from features.history.arrays import DAY_US
from features.tables.creator_ids import ANOTHER_ALPHABET, find_lookalike, id_fault
from features.tables.vocabulary import EVIDENCE, NICHES, PLATFORMS
from serving.http.creator_posts import NO_POSTS, CreatorPost, creator_posts
from serving.http.errors import ErrorDetail, RequestRefused, shorten_value
from serving.http.model_store import LoadedModel
from serving.scoring.prospect_batch import ProspectBatch, microseconds, moment_text


class FeatureMessage(BaseModel):
    """One derived column of a creator."""

    name: str = Field(description="of the column")
    value: float | None = Field(description="null where it is unknown, see missing")
    unit: str = Field(description="of the value, such as days, USD or share")
    meaning: str = Field(description="what the value tells")
    missing: str = Field(description="what makes it unknown")


class Creator(BaseModel):
    """What is known of a creator, as of a moment."""

    creator_id: str = Field(description="as asked for")
    platform: str = Field(description="on which the account is: instagram, tiktok, youtube or x")
    as_of: datetime = Field(
        description="now, or the moment of the snapshot that the service answers from"
    )
    stale: bool = Field(
        description="whether the snapshot is older than the service was told to trust"
    )
    model_version: str = Field(description="the model whose columns these are")
    handle: str | None = Field(description="the last one known; null from a snapshot")
    followers: float | None = Field(description="null where they are not known")
    followers_read_at: datetime | None = Field(
        description="when they were read; null from a snapshot, or where they are not known"
    )
    last_post_at: datetime | None = Field(
        description="when the newest post that can count was posted; null where none is known"
    )
    band: str | None = Field(description="size by followers; null where they are not known")
    niche: str | None = Field(description="what the creator is about; null where it is not known")
    evidence: str = Field(
        description="what a forecast of engagements rests on: history, summary or profile"
    )
    features: list[FeatureMessage] = Field(
        description="what is derived of the creator without a question: all known columns"
    )
    horizon_days: int = Field(description="days after posting to which the counts are brought")
    posts: list[CreatorPost] | None = Field(
        description="the last posts known, newest first, as many as were asked for; null where "
        "none were, or where the service knows none, see posts_note"
    )
    posts_known: int | None = Field(description="how many posts are known in all")
    posts_note: str | None = Field(description="why the posts that were asked for are not here")


def creator_json(
    loaded: LoadedModel, creator_id: str, platform: str | None, now: datetime, posts: int = 0
) -> dict:
    """Return the body of GET /v1/creators/{creator_id}, with the last `posts` posts.

    Raises RequestRefused where there is no such creator, or several.
    """
    store, bundle = loaded.scorer.creator_store, loaded.scorer.bundle
    now_us = microseconds(now)
    platform_name, account = _find_account(loaded, creator_id, platform)
    (row,) = store.derive_features(ProspectBatch(1), np.array([account]), now_us)
    values = {feature.name: float(row[place]) for place, feature in enumerate(FEATURES)}
    return {
        "creator_id": creator_id,
        "platform": platform_name,
        "as_of": _iso_second(store.effective_as_of(now_us)),
        "stale": store.is_stale(now_us),
        "model_version": loaded.manifest["version"],
        "handle": store.handle(account),
        "followers": followers_of(values["followers_log"]),
        "followers_read_at": _iso_second(store.followers_read_at(account, now_us)),
        "last_post_at": _last_post_at(values["last_post_age_days"], store.effective_as_of(now_us)),
        "band": name_of(tuple(bundle.reference.band_edges), values["band_code"]),
        "niche": name_of(NICHES, values["niche_code"]),
        "evidence": name_of(EVIDENCE, values["engagements_evidence_code"]),
        "features": [
            _feature_json(feature, values[feature.name])
            for feature in FEATURES
            if feature.name in QUERY_INDEPENDENT_COLUMNS
        ],
        "horizon_days": bundle.reference.horizon_days,
        **(creator_posts(store.posts(account, now_us), posts) if posts else NO_POSTS),
    }


def _iso_second(moment: int | None) -> str | None:
    """Return a moment, microseconds UTC, as ISO text; None for None."""
    return None if moment is None else moment_text(moment)


def _last_post_at(age_days: float, as_of: int) -> str | None:
    """Return when a post was posted that is `age_days` old, NaN for none, at a moment."""
    return None if np.isnan(age_days) else _iso_second(round(as_of - age_days * DAY_US))


def followers_of(followers_log: float) -> float | None:
    """Return a number of followers from ln(1 + it), None for NaN."""
    return None if np.isnan(followers_log) else float(round(np.expm1(followers_log)))


def _find_account(loaded: LoadedModel, creator_id: str, platform: str | None) -> tuple[str, int]:
    """Return the platform and the account of a creator. Raises RequestRefused where there is not
    exactly one.
    """
    check_platform(platform)
    platforms = (platform,) if platform else PLATFORMS
    accounts = {
        name: account
        for name in platforms
        if (account := loaded.scorer.creator_store.find(name, creator_id)) >= 0
    }
    if not accounts:
        raise _no_creator(loaded, creator_id, platform)
    if len(accounts) > 1:
        words, expected = "is missing: it stands on several", f"one of {', '.join(accounts)}"
        error = ErrorDetail("which_platform", "query.platform", words, expected)
        raise RequestRefused.for_error(400, error)
    ((name, account),) = accounts.items()
    return name, account


def check_platform(platform: str | None) -> None:
    """Raise RequestRefused for a platform of a query that there is not."""
    if platform is None or platform in PLATFORMS:
        return
    words, expected = "is not one of the accepted values", f"one of {', '.join(PLATFORMS)}"
    got = shorten_value(platform)
    error = ErrorDetail("not_accepted", "query.platform", words, expected, got)
    raise RequestRefused(400, "malformed", error)


def _no_creator(loaded: LoadedModel, creator_id: str, platform: str | None) -> RequestRefused:
    """Return why there is no such creator: its id can be mistaken, or is not known."""
    platforms = (platform,) if platform else PLATFORMS

    def is_known(name: str) -> bool:
        return any(loaded.scorer.creator_store.find(at, name) >= 0 for at in platforms)

    got = shorten_value(creator_id)
    lookalike = find_lookalike(creator_id, is_known)
    words = id_fault(creator_id) or (ANOTHER_ALPHABET if lookalike else None)
    if words:
        expected = None if lookalike is None else f"{lookalike!r}, which is known"
        error = ErrorDetail("confusable_id", "path.creator_id", words, expected, got)
        return RequestRefused.for_error(400, error)
    where = f" on {platform}" if platform else ""
    words = f"is not known{where}"
    expected = (
        "a creator of the data that the service was started with: add it there, "
        "or ask with a profile inline"
    )
    error = ErrorDetail("unknown_creator", "path.creator_id", words, expected, got)
    return RequestRefused.for_error(404, error)


def name_of(names: tuple[str, ...], code: float) -> str | None:
    """Return the name that a code stands for, None for NaN."""
    return None if np.isnan(code) else names[int(code)]


def _feature_json(feature: FeatureSpec, value: float) -> dict:
    return {
        "name": feature.name,
        "value": value if np.isfinite(value) else None,
        "unit": feature.unit,
        "meaning": feature.meaning,
        "missing": feature.missing,
    }
