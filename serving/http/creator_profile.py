"""What the service knows of one creator: for GET /v1/creators/{creator_id}."""

from datetime import datetime

import numpy as np
from pydantic import BaseModel, Field

from features.derive.catalog import FEATURES, QUERY_INDEPENDENT_COLUMNS
from features.tables.creator_ids import ANOTHER_ALPHABET, find_lookalike, id_fault
from features.tables.vocabulary import EVIDENCE, NICHES, PLATFORMS
from serving.http.errors import ErrorDetail, RequestRefused, shorten_value
from serving.http.model_store import LoadedModel
from serving.scoring.prospect_batch import ProspectBatch, microseconds


class FeatureMessage(BaseModel):
    """One derived column of a creator."""

    name: str
    value: float | None = Field(description="null where it is unknown, see missing")
    unit: str
    meaning: str
    missing: str = Field(description="what makes it unknown")


class Creator(BaseModel):
    """What is known of a creator, as of a moment."""

    creator_id: str
    platform: str
    as_of: datetime = Field(
        description="now, or the moment of the snapshot that the service answers from"
    )
    stale: bool = Field(
        description="whether the snapshot is older than the service was told to trust"
    )
    model_version: str
    band: str | None
    niche: str | None
    evidence: str = Field(
        description="what a forecast of engagements rests on: history, summary or profile"
    )
    features: list[FeatureMessage]


def creator_json(loaded: LoadedModel, creator_id: str, platform: str | None, now: datetime) -> dict:
    """Give the body of GET /v1/creators/{creator_id}. Raises RequestRefused where there is no such
    creator, or several.
    """
    scorer, now_us = loaded.scorer, microseconds(now)
    on, at = _account(loaded, creator_id, platform)
    (values,) = scorer.creator_store.derive_features(ProspectBatch(1), np.array([at]), now_us)
    told = {one.name: float(values[place]) for place, one in enumerate(FEATURES)}
    bands = tuple(scorer.bundle.reference.band_edges)
    return {
        "creator_id": creator_id,
        "platform": on,
        "as_of": f"{np.datetime64(scorer.creator_store.effective_as_of(now_us) // 1_000_000, 's')}Z",
        "stale": scorer.creator_store.is_stale(now_us),
        "model_version": loaded.manifest["version"],
        "band": _named(bands, told["band_code"]),
        "niche": _named(NICHES, told["niche_code"]),
        "evidence": _named(EVIDENCE, told["engagements_evidence_code"]),
        "features": [
            _feature(one, told[one.name])
            for one in FEATURES
            if one.name in QUERY_INDEPENDENT_COLUMNS
        ],
    }


def _account(loaded: LoadedModel, creator_id: str, platform: str | None) -> tuple[str, int]:
    if platform is not None and platform not in PLATFORMS:
        wanted = f"one of {', '.join(PLATFORMS)}"
        words = "is not one of the accepted values"
        raise RequestRefused(
            400,
            "malformed",
            ErrorDetail("not_accepted", "query.platform", words, wanted, shorten_value(platform)),
        )
    names = [platform] if platform else list(PLATFORMS)
    held = [
        (name, place)
        for name in names
        if (place := loaded.scorer.creator_store.find(name, creator_id)) >= 0
    ]
    other = (
        None
        if held
        else find_lookalike(
            creator_id,
            lambda name: any(loaded.scorer.creator_store.find(at, name) >= 0 for at in names),
        )
    )
    wrong = id_fault(creator_id) or (ANOTHER_ALPHABET if other else None)
    if not held and wrong:
        wanted = None if other is None else f"{other!r}, which is known"
        raise RequestRefused.for_error(
            400,
            ErrorDetail(
                "confusable_id", "path.creator_id", wrong, wanted, shorten_value(creator_id)
            ),
        )
    if not held:
        where = f" on {platform}" if platform else ""
        wanted = "a creator of the data that the service was started with: add it there, or ask with a profile inline"
        got = shorten_value(creator_id)
        raise RequestRefused.for_error(
            404,
            ErrorDetail("unknown_creator", "path.creator_id", f"is not known{where}", wanted, got),
        )
    if len(held) > 1:
        wanted = f"one of {', '.join(name for name, _ in held)}"
        raise RequestRefused.for_error(
            400,
            ErrorDetail(
                "which_platform", "query.platform", "is missing: it stands on several", wanted
            ),
        )
    return held[0]


def _named(names: tuple[str, ...], code: float) -> str | None:
    return None if np.isnan(code) else names[int(code)]


def _feature(one, value: float) -> dict:
    value = value if np.isfinite(value) else None
    return {
        "name": one.name,
        "value": value,
        "unit": one.unit,
        "meaning": one.meaning,
        "missing": one.missing,
    }
