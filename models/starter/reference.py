"""The market as published figures tell it."""

import pandas as pd

from features.derive.authenticity import AUTHENTICITY_PARTS, UNKNOWN_SCALE, SignNorm
from features.derive.effects import Effects
from features.derive.reference import Reference
from features.niche.fitted_niches import FittedNiches
from features.tables.vocabulary import FORMATS_WITH_VIEWS, PLATFORM_FORMATS, PLATFORMS
from models.starter.levels import prior_sd, starter_market

#: When the newest of the figures was published.
PUBLISHED_UNTIL = pd.Timestamp("2025-11-30", tz="UTC")
#: ln of the engagements of paid over other posts: 128 Instagram creators of 2017. It is a usual
#: effect that signals are shrunk to; no forecast is lowered by it, as sources conflict in sign.
PAID_EFFECTS = {"instagram": -0.10}


def starter_reference() -> Reference:
    """Return the reference: published levels and curves, and no creators."""
    return Reference(
        engagements=starter_market("engagements"),
        views=starter_market("views"),
        part_shares={},
        views_shown={name: list(shown) for name, shown in FORMATS_WITH_VIEWS.items()},
        formats_posted={name: list(PLATFORM_FORMATS[name]) for name in PLATFORMS},
        platforms_until={},
        norms=_norms(),
        effects=Effects({}, PAID_EFFECTS),
        niche_classifier=FittedNiches.of_seeds(),
        sponsored_posts=0,
        until=PUBLISHED_UNTIL.isoformat(),
        creators=0,
    )


def _norms() -> dict[str, dict[str, SignNorm]]:
    """Return what is ordinary for the signs of authenticity: how far levels lie from what followers
    suggest is published; of the other signs nothing is, so that nothing is odd about them.
    """
    signs = {sign for sign, _, _ in AUTHENTICITY_PARTS.values()}
    unknown = dict.fromkeys(sorted(signs), SignNorm(0.0, UNKNOWN_SCALE))
    platforms = {name: {**unknown, "gap": SignNorm(0.0, prior_sd(name))} for name in PLATFORMS}
    return {"all": unknown, **platforms}
