"""Rows that can be scored, with their features and forecasts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from models.joint import JointForecast
from serving.scoring.deal_terms import DealTerms
from serving.scoring.package_rows import PackageRows
from serving.scoring.prospect_batch import ProspectBatch


@dataclass(frozen=True)
class ForecastRows:
    """n rows that can be scored, all of one format each, or all packages.

    `account` (n,): position among the known creators, -1 for none; `x` (n, columns): the derived
    matrix, of a package that of its main part; `post_flags`: by warning about recent posts the rows
    (n,) that have it. `packages`: what they are made of, None for rows of one format; `parts`: the
    forecasts of those parts.
    """

    prospects: ProspectBatch
    terms: DealTerms
    account: np.ndarray
    as_of: int
    x: np.ndarray
    joint: JointForecast
    post_flags: dict[str, np.ndarray]
    packages: PackageRows | None = None
    parts: "ForecastRows | None" = None


#: Is given the forecasts of rows that were scored, and their columns of answers, (n,) each.
KeepForecasts = Callable[[ForecastRows, Mapping[str, np.ndarray]], None]
