"""The forecast of packages: each counted format is derived and forecast as a row of its own, and
their totals are put together (models.package_forecast).
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from features.derive.catalog import COLUMNS
from features.tables.vocabulary import FORMATS
from models.bundle import Bundle
from models.fee import MarketFee
from models.joint import JointForecast, joint_forecast
from models.package_forecast import PackageForecast
from serving.scoring.deal_terms import DealTerms
from serving.scoring.forecast_rows import ForecastRows
from serving.scoring.package_market import fee_leaves_out_parts
from serving.scoring.package_rows import (
    PackageRows,
    counted_parts,
    packages_of,
    uncounted_numbers,
)
from serving.scoring.prospect_batch import ProspectBatch
from serving.scoring.row_features import RowFeatures, RowSources


def forecast_packages(
    features: RowFeatures,
    bundle: Bundle,
    prospects: ProspectBatch,
    terms: DealTerms,
    sources: RowSources,
    platform: np.ndarray,
    as_of: int,
) -> ForecastRows:
    """Return the forecasts of m rows, all of them packages with a counted format.

    `platform` (m,): positions in PLATFORMS; `as_of`: microseconds UTC.
    """
    packages = [package for package in packages_of(prospects) if package is not None]
    package, formats, count = counted_parts(packages)
    x = np.empty((len(package), len(COLUMNS)))
    post_flags: dict[str, np.ndarray] = {}
    for code in np.unique(formats).tolist():
        rows = np.zeros(prospects.n, dtype=bool)
        rows[package[formats == code]] = True
        group = _of_format(prospects[rows], code)
        x[formats == code], flags = features.derive(group, sources[rows], platform[rows], as_of)
        for name, marked in flags.items():
            of_rows = post_flags.setdefault(name, np.zeros(prospects.n, dtype=bool))
            of_rows[rows] |= marked
    made_of = PackageRows(package, formats, count, uncounted_numbers(packages), x)
    part_joint = _part_forecast(bundle, made_of, terms)
    joint = PackageForecast.of(x, part_joint, package, count)
    parts = ForecastRows(
        _of_format(prospects[package], formats),
        terms[package],
        sources.account[package],
        as_of,
        x,
        part_joint,
        {},
    )
    return ForecastRows(
        prospects,
        replace(terms, deliverables=made_of.counted.astype(float)),
        sources.account,
        as_of,
        x[joint.parts.main],
        joint,
        post_flags,
        made_of,
        parts,
    )


def package_flags(
    rows: ForecastRows, market_fee: MarketFee | None, figures: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return by warning that only packages have, the rows (n,) that have it; `figures`: the columns
    of their answers.
    """
    packages, parts = rows.packages, rows.parts
    if packages is None or parts is None:
        return {}
    flags = {"stories_not_counted": packages.uncounted.any(axis=1)}
    if market_fee is not None:
        source = figures["market_fee_source"]
        without = fee_leaves_out_parts(market_fee, packages, rows.x, source)
        flags["market_fee_without_stories"] = without
    return flags | dict(_hidden_views(parts.joint, packages))


def _hidden_views(joint: JointForecast, packages: PackageRows) -> Iterator[tuple[str, np.ndarray]]:
    """Yield a warning for each format without views, and the packages (m,) whose views are not
    given because of it although another of their formats shows views.
    """
    some_have = np.logical_or.reduceat(joint.has_views, packages.first)
    hidden = ~joint.has_views & some_have[packages.package]
    for code in np.unique(packages.format[hidden]).tolist():
        rows = np.zeros(len(packages.first), dtype=bool)
        rows[packages.package[hidden & (packages.format == code)]] = True
        yield f"views_of_{FORMATS[code]}_not_shown", rows


def _part_forecast(bundle: Bundle, packages: PackageRows, terms: DealTerms) -> JointForecast:
    """Return the joint forecast of the parts: of one deliverable, of all of them where a package
    has one part alone, which is then forecast as a row of that format.
    """
    is_single = np.bincount(packages.package)[packages.package] == 1
    in_part = None
    if terms.completion_rate is not None:
        in_part = is_single & (terms.completion_rate < 1)[packages.package]
    horizon_days = terms.horizon_days
    return joint_forecast(
        bundle.forecasters,
        bundle.reference,
        packages.x,
        np.where(is_single, packages.count, 1).astype(float),
        in_part,
        None if horizon_days is None else horizon_days[packages.package],
    )


def _of_format(prospects: ProspectBatch, code: int | np.ndarray) -> ProspectBatch:
    """Return prospects as rows of one format each; `code`: positions in FORMATS."""
    texts = {name: values for name, values in prospects.texts.items() if name != "package"}
    codes = prospects.codes | {"format": np.broadcast_to(code, prospects.n).astype(float)}
    return replace(prospects, codes=codes, texts=texts)
