"""Both models asked anew at one moment about the later posts of a data folder, which neither has seen.

- Tables that are exactly those the candidate was trained on end where its knowledge ends. So its recipe is fitted to
  what was known at an earlier moment: the end of what the champion knows, or on each platform the candidate's backtest
  cut where that is later. The champion answers as it is.
- Of other tables, both answer as they are, at the later end of what the two know.

But: the target is engagements alone, and questions reach no further ahead than both models were trained for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.derive import derive
from features.history import DAY_US, History
from features.reference import Reference
from features.vocabulary import EVIDENCE
from models.bundle import Bundle
from models.forecast import Boosting, Forecaster
from training.comparison import enough, extent, needed
from training.dataset import Labelled, Sampling, hide_content, sample_test_rows
from training.fit import Recipe, fit, moment, select
from training.pairing import Pairs, pair
from training.train import data_end

TARGET = "engagements"


class NotReforecast(ValueError):
    """Both models cannot be asked anew; the reason is a part of a sentence."""


@dataclass(frozen=True)
class Moments:
    """When both are asked, by platform (microseconds, UTC), and whether the candidate is its recipe fitted then.

    `candidate_end`: the end of what the candidate has seen.
    """

    by_platform: dict[str, int]
    candidate_end: int
    fit_anew: bool

    def notes(self, platforms: list[str]) -> list[str]:
        """Say how both were asked on some platforms."""
        days = " and ".join(sorted({f"{moment(self.by_platform[name]):%Y-%m-%d}" for name in platforms}))
        line = f"{', '.join(platforms)}: both asked anew on {days} about later posts"
        if not self.fit_anew:
            return [line]
        end = f"{moment(self.candidate_end):%Y-%m-%d}"
        return [
            line,
            f"the candidate as its recipe fitted to what was known then: what it learned until {end} is left out",
        ]


def moments_of(candidate: dict, champion: dict, platforms: set[str], cuts: dict[str, int], same_data: bool) -> Moments:
    """Choose the moments from both manifests; `cuts`: the candidate's backtest cut by platform.

    `same_data`: the tables are those that the candidate was trained on.
    """
    end, own_end = knowledge_end(champion), knowledge_end(candidate)
    if same_data:
        return Moments({name: max(end, cuts.get(name, end)) for name in sorted(platforms)}, own_end, True)
    return Moments(dict.fromkeys(sorted(platforms), max(end, own_end)), own_end, False)


def knowledge_end(manifest: dict) -> int:
    """Give the end of what a bundle has seen (microseconds, UTC)."""
    return pd.Timestamp(_entry(manifest, "until")).value // 1000


def reforecast(
    history: History,
    candidate: Bundle,
    champion: Bundle,
    moments: Moments,
    report: Callable[[str], None] = lambda text: None,
) -> Pairs:
    """Ask both about the later posts and pair the scores. Raises NotReforecast.

    Raises also features.reference.TooLittleData where the recipe cannot be fitted to what was known then.
    """
    parts = later_parts(history, moments, min(longest_lead_days(bundle.manifest) for bundle in (candidate, champion)))
    theirs = {at: scores(history, champion.reference, champion.forecasters[TARGET], rows) for at, rows in parts.items()}
    _check_extent(theirs, moments)
    ours = {at: _candidate_scores(history, candidate, at, rows, moments, report) for at, rows in parts.items()}
    return pair(*(pd.concat(own.values(), ignore_index=True) for own in (ours, theirs)))


def later_parts(history: History, moments: Moments, lead_days: float) -> dict[int, Labelled]:
    """Give the posts that are asked about, mature at the end of the data, by the moment. Raises NotReforecast."""
    latest = data_end(history) - history.horizon_days * DAY_US
    parts = {}
    for at in sorted(set(moments.by_platform.values())):
        rows = hide_content(sample_test_rows(history, TARGET, at, latest, lead_days))
        platforms = {name for name, own in moments.by_platform.items() if own == at}
        rows = select(rows, rows.questions["platform"].isin(platforms).to_numpy())
        if len(rows):
            parts[at] = rows
    if not parts:
        raise NotReforecast(_too_few(0, 0, moments))
    return parts


def scores(history: History, reference: Reference, forecaster: Forecaster, rows: Labelled) -> pd.DataFrame:
    """Score a forecaster on labelled questions at every evidence: the columns of training.pairing."""
    parts = []
    for asked in EVIDENCE:
        x = derive(history, rows.questions.assign(evidence_limit=asked), reference)
        evidence = np.array(EVIDENCE)[x[f"{TARGET}_evidence_code"].to_numpy(int)]
        parts.append(
            pd.DataFrame(
                {
                    "asked": asked,
                    "creator": history.accounts[rows.account].to_numpy(),
                    "posted": rows.posted,
                    "platform": rows.questions["platform"].to_numpy(),
                    "evidence": evidence,
                    "horizon_days": history.horizon_days,
                    "cut": rows.questions["as_of"].to_numpy(),
                    "lead_days": x["lead_days"].to_numpy(),
                    "y": rows.y,
                    "crps": forecaster.crps(x, rows.y),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def recipe_of(manifest: dict) -> Recipe:
    """Give the recipe that a bundle was trained with. Raises NotReforecast where this code does not know it."""
    values = {name: value for name, value in _entry(manifest, "recipe").items() if name != "dask"}
    parts = {"sampling": Sampling, "location": Boosting, "scale": Boosting}
    try:
        return Recipe(**{**values, **{name: kind(**values[name]) for name, kind in parts.items()}})
    except (KeyError, TypeError) as error:
        raise NotReforecast(f"the recipe of {manifest['version']} is not one of this code ({error})") from error


def longest_lead_days(manifest: dict) -> float:
    """Give how far ahead of a post a bundle was trained to be asked."""
    sampling = _entry(manifest, "recipe").get("sampling", {})
    return _entry({"version": manifest["version"], **sampling}, "longest_lead_days")


def _entry(manifest: dict, name: str):
    if name not in manifest:
        raise NotReforecast(f"the manifest of {manifest['version']} lacks {name!r}")
    return manifest[name]


def _candidate_scores(history, candidate: Bundle, at: int, rows: Labelled, moments: Moments, report) -> pd.DataFrame:
    if not moments.fit_anew:
        return scores(history, candidate.reference, candidate.forecasters[TARGET], rows)
    report(f"fitting the recipe of {candidate.version} to what was known on {moment(at):%Y-%m-%d}")
    fitted = fit(history, at, recipe_of(candidate.manifest), targets=(TARGET,), report=report)
    return scores(history, fitted.reference, fitted.forecasters[TARGET], rows)


def _check_extent(parts: dict[int, pd.DataFrame], moments: Moments) -> None:
    rows = pd.concat(parts.values(), ignore_index=True)
    rows = rows[rows["asked"] == EVIDENCE[0]]
    if not enough(rows):
        raise NotReforecast(_too_few(*extent(rows), moments))


def _too_few(posts: int, creators: int, moments: Moments) -> str:
    first = moment(min(moments.by_platform.values()))
    return (
        f"the tables hold {posts:,} posts of {creators:,} creators with known posts after {first:%Y-%m-%d}, which "
        f"neither has seen ({needed()})"
    )
