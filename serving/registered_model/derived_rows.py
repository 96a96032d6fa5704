"""Derived columns as the registered model answers them: one deliverable a row, and no cost."""

import numpy as np

from features.derive.catalog import feature_column
from features.tables.vocabulary import PLATFORMS, UNKNOWN
from models.bundle import Bundle
from models.joint import joint_forecast, lacks_curve
from serving.registered_model.answer_frame import ERROR
from serving.registered_model.params import ModelParams
from serving.scoring.answer_table import scatter_columns
from serving.scoring.deal_terms import DealTerms, no_curve_breach
from serving.scoring.descriptive_columns import creator_columns, model_columns
from serving.scoring.quantiles import distribution_columns
from serving.scoring.warning_flags import warning_names, with_starter_warning


def derived_answers(bundle: Bundle, x: np.ndarray, asked: ModelParams) -> dict[str, np.ndarray]:
    """Return the columns of answers (n,) to derived columns x (n, len(COLUMNS)).

    Rows of no platform, or that ask for a day to which counts cannot be brought, have an `error`.
    """
    n = len(x)
    columns = model_columns(bundle, n) if n else {}
    codes = feature_column(x, "platform_code")
    is_platform = np.isin(codes, np.arange(len(PLATFORMS)))
    terms = _terms(n, asked)
    errors = {
        row: f"platform_code {codes[row]:g} is no platform: give 0 to {len(PLATFORMS) - 1}"
        for row in np.flatnonzero(~is_platform).tolist()
    }
    can_score = is_platform.copy()
    if terms.horizon_days is not None and n:
        platform = np.where(is_platform, codes, 0.0)
        lacking = is_platform & lacks_curve(
            "engagements", platform, terms.horizon_days, bundle.reference
        )
        can_score &= ~lacking
        for row in np.flatnonzero(lacking).tolist():
            errors[row] = no_curve_breach(row, platform, terms, bundle.reference).text
    if can_score.any():
        figures = _figures(bundle, x[can_score], terms[can_score], asked)
        columns |= scatter_columns(figures, can_score)
    columns[ERROR] = np.array([errors.get(row) for row in range(n)], dtype=object)
    return columns


def _terms(n: int, asked: ModelParams) -> DealTerms:
    """Return the terms of n rows of one deliverable each, without fees."""
    horizon = None if asked.horizon_days is None else np.full(n, float(asked.horizon_days))
    return DealTerms(
        deliverables=np.ones(n),
        fee_usd=None,
        completion_rate=None,
        target_cpe_usd=None,
        goal_engagements=None,
        confidence=None,
        horizon_days=horizon,
    )


def _figures(
    bundle: Bundle, x: np.ndarray, terms: DealTerms, asked: ModelParams
) -> dict[str, np.ndarray]:
    """Return the columns of rows (m,) that are forecast."""
    joint = joint_forecast(
        bundle.forecasters,
        bundle.reference,
        x,
        terms.deliverables,
        horizon_days=terms.horizon_days,
    )
    figures = distribution_columns("engagements", joint.engagements, asked.quantiles)
    if joint.views is not None:
        views = distribution_columns("views", joint.views, asked.quantiles)
        figures |= scatter_columns(views, joint.has_views)
    bands = np.array([*bundle.reference.band_edges, UNKNOWN], dtype=object)
    figures |= creator_columns(x, bands, terms, figures)
    figures["platform"] = np.array(PLATFORMS, dtype=object)[
        feature_column(x, "platform_code").astype(int)
    ]
    figures["deliverables"] = terms.deliverables
    own = np.full(len(x), float(bundle.reference.horizon_days))
    figures["horizon_days"] = own if terms.horizon_days is None else terms.horizon_days
    flags = joint.warnings(asked.quantiles)
    figures["warnings"] = warning_names(with_starter_warning(flags, bundle))
    return figures
