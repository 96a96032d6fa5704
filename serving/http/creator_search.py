"""The creators that the service knows, by a part of an id or a handle: for GET /v1/creators."""

from datetime import datetime

from pydantic import BaseModel, Field

from features.derive.catalog import feature_column
from features.tables.vocabulary import NICHES, PLATFORMS
from serving.http.creator_profile import check_platform, followers_of, name_of
from serving.http.model_store import LoadedModel
from serving.scoring.prospect_batch import ProspectBatch, microseconds

DEFAULT_FOUND, MAX_FOUND = 20, 100


class FoundCreator(BaseModel):
    """A creator that the service knows, as of now."""

    creator_id: str = Field(description="as requests take it")
    platform: str = Field(description="on which the account is")
    handle: str | None = Field(description="the last one known; null from a snapshot")
    followers: float | None = Field(description="null where they are not known")
    band: str | None = Field(description="follower band")
    niche: str | None = Field(description="the declared one, else the likeliest by its texts")


class FoundCreators(BaseModel):
    """Creators that fit a search, best match first, then those with most followers."""

    total: int = Field(description="how many fit, shown or not")
    creators: list[FoundCreator] = Field(description="the first of them")


def found_creators_json(
    loaded: LoadedModel, search: str, platform: str | None, limit: int, now: datetime
) -> dict:
    """Return the body of GET /v1/creators. Raises RequestRefused for a platform that there is
    not.
    """
    check_platform(platform)
    store, bundle = loaded.scorer.creator_store, loaded.scorer.bundle
    if not len(store):
        return {"total": 0, "creators": []}
    code = None if platform is None else PLATFORMS.index(platform)
    accounts, total = store.index.search(search, code, limit)
    if not total:
        return {"total": 0, "creators": []}
    x = store.derive_features(ProspectBatch(len(accounts)), accounts, microseconds(now))
    followers, band_codes, niche_codes = (
        feature_column(x, name) for name in ("followers_log", "band_code", "niche_code")
    )
    bands = tuple(bundle.reference.band_edges)
    creators = []
    for row, account in enumerate(accounts.tolist()):
        platform_name, creator_id = store.account_name(account)
        found = {
            "creator_id": creator_id,
            "platform": platform_name,
            "handle": store.handle(account),
            "followers": followers_of(followers[row]),
            "band": name_of(bands, band_codes[row]),
            "niche": name_of(NICHES, niche_codes[row]),
        }
        creators.append(found)
    return {"total": total, "creators": creators}
