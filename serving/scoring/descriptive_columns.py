"""Columns of answers that describe a row and its model: what was asked, which model answers, and
what kind of creator the row is about.
"""

from collections.abc import Mapping

import numpy as np

from features.derive.catalog import feature_column
from features.derive.reference import Reference
from features.history.arrays import NAT_US, code_positions
from features.tables.vocabulary import ENGAGEMENT_DEFINITION, EVIDENCE, NICHES, PLATFORMS, UNKNOWN
from models.bundle import Bundle
from models.cost import cost_per
from models.starter import TRAINED_ON
from serving.scoring.account_lookup import AccountLookup
from serving.scoring.deal_terms import DEFAULT_CONFIDENCE, DealTerms
from serving.scoring.prospect_batch import ProspectBatch

#: Terms that answers repeat as they were asked.
_REPEATED_TERMS = (
    "fee_usd",
    "fee",
    "currency",
    "usd_per_unit",
    "completion_rate",
    "goal_engagements",
    "target_cpe_usd",
)
# the last name of each array is that of an unknown code
_PLATFORM_NAMES = np.array([*PLATFORMS, None], dtype=object)
_DEFINITIONS = np.array([*(ENGAGEMENT_DEFINITION[name] for name in PLATFORMS), None], dtype=object)
_NICHE_NAMES = np.array([*NICHES, UNKNOWN], dtype=object)
_EVIDENCE_NAMES = np.array([*EVIDENCE, UNKNOWN], dtype=object)


def request_columns(
    prospects: ProspectBatch,
    lookup: AccountLookup,
    terms: DealTerms,
    as_of: int,
    reference: Reference,
) -> dict[str, np.ndarray]:
    """Return the columns (n,) that repeat what was asked, of every row, scored or not."""
    start_at = prospects.time("start_at")
    start_at = np.where(start_at == NAT_US, as_of, start_at)
    platform = code_positions(lookup.platform)
    confidence = terms.confidence
    if confidence is None:
        confidence = np.full(prospects.n, DEFAULT_CONFIDENCE)
    columns = {
        "partnership_id": prospects.text("partnership_id"),
        "creator_id": prospects.text("creator_id"),
        "platform": _PLATFORM_NAMES[platform],
        "start_at": start_at.view("datetime64[us]"),
        "package": prospects.text("package"),
        "deliverables": terms.deliverables,
        "confidence": confidence,
        "definition": _DEFINITIONS[platform],
        **_horizon_columns(lookup.platform, terms, reference),
    }
    repeated = {name: getattr(terms, name) for name in _REPEATED_TERMS}
    repeated["emv_source"] = terms.valued
    return columns | {name: values for name, values in repeated.items() if values is not None}


def _horizon_columns(
    platform: np.ndarray, terms: DealTerms, reference: Reference
) -> dict[str, np.ndarray]:
    """Return at how many days after posting counts are forecast, and by which curve counts of the
    platform are brought there, (n,) each; `platform` (n,): positions, NaN where unknown.
    """
    horizon_days = np.full(len(platform), reference.horizon_days)
    if terms.horizon_days is not None:
        is_asked = ~np.isnan(terms.horizon_days)
        horizon_days[is_asked] = terms.horizon_days[is_asked].astype(int)
    source = reference.maturation.bases("engagements", platform)
    source[np.isnan(platform)] = None
    return {"horizon_days": horizon_days, "maturation_source": source}


def model_columns(bundle: Bundle, n: int) -> dict[str, np.ndarray]:
    """Return the columns (n,) that say which model answers."""
    return {
        "model_version": np.full(n, bundle.manifest["version"], dtype=object),
        "trained_on": np.full(n, bundle.manifest["trained_on"], dtype=object),
    }


def basis_text(trained_on: str) -> str:
    """Word what a model rests on.

    >>> basis_text("real"), basis_text("published figures")
    ('trained on real data', 'by published figures')
    """
    return f"by {trained_on}" if trained_on == TRAINED_ON else f"trained on {trained_on} data"


def creator_columns(
    x: np.ndarray, band_names: np.ndarray, terms: DealTerms, forecasts: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return band, niche, evidence and engagement rates of rows, (n,) each.

    `x` (n, columns): the derived matrix; `band_names`: with that of an unknown band last;
    `forecasts`: the columns of the forecast totals.
    """
    engagements = forecasts["engagements_p50"]
    followers = np.expm1(feature_column(x, "followers_log"))
    columns = {
        "band": _names(band_names, feature_column(x, "band_code")),
        "niche": _names(_NICHE_NAMES, feature_column(x, "niche_code")),
        "evidence": _names(_EVIDENCE_NAMES, feature_column(x, "engagements_evidence_code")),
        "engagement_rate_by_followers_p50": cost_per(engagements / terms.deliverables, followers),
    }
    if "views_p50" in forecasts:
        columns["engagement_rate_by_views_p50"] = cost_per(engagements, forecasts["views_p50"])
    return columns


def _names(names: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the name of each code (n,), the last one for NaN."""
    return names[code_positions(codes)]
