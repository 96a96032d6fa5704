"""New forecasts by both models, at one moment, of later posts that neither has seen.

- The tables of the candidate's training end where its knowledge ends. So its recipe is fitted to
  what was known at an earlier moment: the end of what the champion knows, or the cut of the
  candidate's backtest where that is later, by platform. The champion forecasts as it is.
- With other tables, both forecast as they are, at the later end of what the two know.

But: the target is engagements only, and leads are no longer than both models were trained for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.derive.reference import Reference
from features.history.arrays import DAY_US
from features.history.history import History
from features.maturation.maturation import AS_READ
from features.tables.vocabulary import (
    BAND_EDGES,
    EVIDENCE,
    HORIZON_DAYS,
    MATURE_DAYS,
    PLATFORMS,
    UNKNOWN,
)
from models.bundle import Bundle
from models.conformal import GRID
from models.distribution import crps
from models.fitted_forecaster import FittedForecaster
from training.backend import LOCAL
from training.dataset import (
    LabelledQueries,
    hide_content,
    repeat_for_each_evidence,
    sample_test_rows,
)
from training.fit import Recipe, fit
from training.platform_times import days_text, timestamps_by_platform, to_timestamp
from training.promote.comparison import count_posts_and_creators, has_enough_pairs, minimum_text
from training.promote.comparison_inputs import ReforecastError
from training.promote.score_pairs import ScorePairs, pair_scores
from training.train import mature_end

TARGET = "engagements"


@dataclass(frozen=True)
class ForecastOrigins:
    """The moments of the new forecasts.

    - `by_platform`: moment by platform (microseconds, UTC)
    - `candidate_end`: the end of what the candidate has seen
    - `is_refitted`: whether the candidate's recipe is fitted to what was known at these moments
    """

    by_platform: dict[str, int]
    candidate_end: int
    is_refitted: bool

    @property
    def until(self) -> np.ndarray:
        """Return the moments (platforms,) by position in PLATFORMS."""
        return np.array([self.by_platform[name] for name in PLATFORMS])

    def days(self, platforms: set[str]) -> str:
        """Name the days of some platforms."""
        return days_text({name: to_timestamp(self.by_platform[name]) for name in sorted(platforms)})

    def notes(self, platforms: list[str]) -> list[str]:
        """Return lines that say how the forecasts on some platforms were made."""
        line = (
            f"{', '.join(platforms)}: both asked anew about posts after {self.days(set(platforms))}"
        )
        if not self.is_refitted:
            return [line]
        end = f"{to_timestamp(self.candidate_end):%Y-%m-%d}"
        recipe = "the candidate is its recipe fitted to what was known then"
        return [line, f"{recipe}; what it learned until {end} is left out"]


def choose_origins(
    candidate: dict, champion: dict, cuts: dict[str, int], same_data: bool
) -> ForecastOrigins:
    """Return the moments for both manifests.

    `cuts`: the candidate's backtest cut by platform; `same_data`: whether the tables are those that
    the candidate was trained on.
    """
    champion_ends, candidate_ends = knowledge_ends(champion), knowledge_ends(candidate)
    other = cuts if same_data else candidate_ends
    latest = knowledge_end(champion)
    moments = {name: _later(champion_ends.get(name), other.get(name), latest) for name in PLATFORMS}
    return ForecastOrigins(moments, knowledge_end(candidate), same_data)


def knowledge_end(manifest: dict) -> int:
    """Return the end of what a bundle has seen, outcomes that recalibrated it included
    (microseconds, UTC).
    """
    return max(_microseconds(_entry(manifest, "until")), _end_of_outcomes(manifest))


def knowledge_ends(manifest: dict) -> dict[str, int]:
    """Return the end of what a bundle has seen, by platform; unseen platforms are left out."""
    if "platforms" not in manifest:
        return dict.fromkeys(PLATFORMS, knowledge_end(manifest))
    outcomes = _end_of_outcomes(manifest)
    return {
        name: max(_microseconds(platform["until"]), outcomes)
        for name, platform in manifest["platforms"].items()
    }


def reforecast(
    history: History,
    candidate: Bundle,
    champion: Bundle,
    moments: ForecastOrigins,
    platforms: set[str],
    report: Callable[[str], None] = lambda text: None,
) -> ScorePairs:
    """Forecast the later posts of some platforms by both models, and pair the scores.

    Raises ReforecastError, and features.derive.reference.TooLittleData where the recipe cannot
    be fitted to what was known then.
    """
    rows = label_posts_after_origins(
        history,
        moments,
        platforms,
        min(longest_lead_days(b.manifest) for b in (candidate, champion)),
    )
    days = moments.days(
        platforms & set(timestamps_by_platform(history, moments.until)) or platforms
    )
    if not len(rows):
        raise _too_few(0, 0, days)
    champion_scores = score_forecaster(
        history, champion.reference, champion.forecasters[TARGET], rows
    )
    with_history = champion_scores[champion_scores["asked"] == EVIDENCE[0]]
    if not has_enough_pairs(with_history):
        raise _too_few(*count_posts_and_creators(with_history), days)
    reference, forecaster = candidate.reference, candidate.forecasters[TARGET]
    if moments.is_refitted:
        report(f"fitting the recipe of {candidate.version} to what was known on {days}")
        fitted = fit(
            history,
            moments.until,
            recipe_from_manifest(candidate.manifest),
            targets=(TARGET,),
            report=report,
        )
        reference, forecaster = fitted.reference, fitted.forecasters[TARGET]
    return pair_scores(score_forecaster(history, reference, forecaster, rows), champion_scores)


def newcomers(history: History, moments: ForecastOrigins) -> frozenset[str]:
    """Return the creators of whose posts nothing was known at the moment of their platform."""
    accounts = np.arange(len(history.accounts))
    as_of = moments.until[history.platform.astype(int)]
    known = history.posts_with_engagements.known_count(accounts, as_of)
    return frozenset(history.accounts[known == 0])


def label_posts_after_origins(
    history: History, moments: ForecastOrigins, platforms: set[str], lead_days: float
) -> LabelledQueries:
    """Return the posts of some platforms after the moments, as known at signing.

    Their counts are known at the end of the data, and are as they were read.
    """
    latest = mature_end(history) - MATURE_DAYS * DAY_US
    history = history.at_horizon(AS_READ, HORIZON_DAYS)
    rows = hide_content(sample_test_rows(history, TARGET, moments.until, latest, lead_days))
    codes = [PLATFORMS.index(name) for name in platforms]
    return rows[np.isin(history.platform[rows.account], codes)]


def score_forecaster(
    history: History, reference: Reference, forecaster: FittedForecaster, rows: LabelledQueries
) -> pd.DataFrame:
    """Return a forecaster's scores of labelled queries at every evidence, each judged at the age at
    which its outcome was read.

    `rows`: with counts as they were read.
    The columns are training.promote.score_pairs.SCORE_COLUMNS.
    """
    repeated = repeat_for_each_evidence(rows)
    x = LOCAL.derive(history, repeated.queries, reference)
    growth = reference.growth(TARGET, x["platform_code"].to_numpy(), repeated.age_read_days)
    location, scale, table, evidence_codes = forecaster.distribution_parts(x)
    y_at_horizon = repeated.y + growth
    z = (y_at_horizon - location) / scale
    platform_codes = history.platform[repeated.account].astype(int)
    return pd.DataFrame(
        {
            "asked": np.repeat(EVIDENCE, len(rows)),
            "creator": history.accounts[repeated.account].to_numpy(),
            "posted": repeated.posted,
            "platform": np.array(PLATFORMS)[platform_codes],
            "evidence": np.array(EVIDENCE)[evidence_codes],
            "horizon_days": reference.horizon_days,
            "cut": pd.to_datetime(repeated.queries.as_of, unit="us", utc=True),
            "lead_days": x["lead_days"].to_numpy(),
            "y": repeated.y,
            "crps": crps(location, scale, table, y_at_horizon),
            "band": np.array([*BAND_EDGES, UNKNOWN])[
                x["band_code"].fillna(len(BAND_EDGES)).to_numpy(int)
            ],
            "inside_80": _inside(z, table, 0.8),
            "inside_90": _inside(z, table, 0.9),
        }
    )


def _inside(z: np.ndarray, table: np.ndarray, level: float) -> np.ndarray:
    """Return whether each z (n,) lies in the central interval of its quantiles (n, len(GRID))."""
    low, high = np.searchsorted(GRID, [0.5 - level / 2, 0.5 + level / 2])
    return (table[:, low] <= z) & (z <= table[:, high])


def recipe_from_manifest(manifest: dict) -> Recipe:
    """Return the recipe that a bundle was trained with. Raises ReforecastError where this code does
    not know it.
    """
    values = {name: value for name, value in _entry(manifest, "recipe").items() if name != "dask"}
    try:
        return Recipe.from_parameters(values)
    except (KeyError, TypeError) as error:
        raise ReforecastError(
            f"the recipe of {manifest['version']} is not one of this code ({error})"
        ) from error


def longest_lead_days(manifest: dict) -> float:
    """Return the longest lead that a bundle was trained for."""
    sampling = _entry(manifest, "recipe").get("sampling", {})
    return _entry({"version": manifest["version"], **sampling}, "longest_lead_days")


def _too_few(posts: int, creators: int, days: str) -> ReforecastError:
    return ReforecastError(
        f"the tables hold {posts:,} posts of {creators:,} creators with known posts after "
        f"{days}, which neither has "
        f"seen ({minimum_text()})"
    )


def _end_of_outcomes(manifest: dict) -> int:
    """Return the end of the outcomes that recalibrated a bundle, 0 where none did."""
    entry = manifest.get("recalibrated")
    return _microseconds(entry["until"]) if entry else 0


def _later(end: int | None, other: int | None, latest: int) -> int:
    """Return the later of two moments, either of which may be unknown; `latest` for none."""
    moments = [moment for moment in (end, other) if moment is not None]
    return max(moments, default=latest)


def _microseconds(text: str) -> int:
    return pd.Timestamp(text).value // 1000


def _entry(manifest: dict, name: str) -> Any:
    if name not in manifest:
        raise ReforecastError(f"the manifest of {manifest['version']} lacks {name!r}")
    return manifest[name]
