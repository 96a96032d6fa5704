"""Candidate against champion on creators that trained neither.

- where both backtests left the same creators out and asked alike: the scores that they kept
- else creators of whose posts neither bundle knew any, where the tables have enough of them
- else both recipes: the champion's is fitted at the cut of the candidate's backtest, without the
  creators that this left out, and asked about their later posts. Equal recipes give equal fits.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.fit_reference import TooLittleData
from features.history.history import History
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from models.bundle import Bundle
from training.backtest.backtest import creator_folds
from training.backtest.evaluate import evaluate_fit
from training.fit import Recipe, fit
from training.promote.comparison import (
    ENOUGH_CREATORS,
    ENOUGH_POSTS,
    UnseenComparison,
)
from training.promote.comparison_inputs import (
    UNSEEN,
    ReforecastError,
    scores_of_split,
    stored_scores,
    tables_to_ask,
)
from training.promote.reforecast import TARGET, knowledge_ends, recipe_from_manifest
from training.promote.score_pairs import NO_PAIRS, POST_KEY, SCORE_COLUMNS, pair_scores


def compare_unseen(
    home: Path,
    candidate: Bundle,
    champion: dict,
    newcomers: pd.DataFrame,
    other_tables: bool,
    report: Callable[[str], None] = lambda text: None,
) -> UnseenComparison:
    """Return the pairs of creators that trained neither, or why there are too few.

    - `champion`: its manifest
    - `newcomers`: pairs of creators of whose posts neither knew any
    - `other_tables`: whether tables were named that did not train the candidate
    """
    of_newcomers = UnseenComparison(newcomers, "creators without a post before, both asked anew")
    if other_tables and has_enough(newcomers):
        return of_newcomers
    ours = _left_out_scores(home, candidate.manifest)
    theirs = _left_out_scores(home, champion)
    if len(ours) and len(theirs) and has_enough(pairs := pair_scores(ours, theirs).rows):
        return UnseenComparison(pairs, "those that both backtests left out")
    if has_enough(newcomers):
        return of_newcomers
    if _boosters(candidate.manifest) == _boosters(champion) != {}:
        return _none("both have the same boosters, which learned from the same creators")
    if not len(ours):
        return _none(f"the backtest of {candidate.version} has no creators that it left out")
    try:
        return _compare_recipes(home, candidate, champion, ours, report)
    except (ReforecastError, TooLittleData) as error:
        return _none(str(error))


def has_enough(rows: pd.DataFrame) -> bool:
    """Return whether pairs are enough to decide, at the best evidence that they have."""
    for evidence in EVIDENCE:
        group = rows[rows["evidence"] == evidence]
        if len(group):
            return len(group) >= ENOUGH_POSTS and group["creator"].nunique() >= ENOUGH_CREATORS
    return False


def _compare_recipes(
    home: Path,
    candidate: Bundle,
    champion: dict,
    ours: pd.DataFrame,
    report: Callable[[str], None],
) -> UnseenComparison:
    recipe, other = (recipe_from_manifest(bundle) for bundle in (candidate.manifest, champion))
    if replace(recipe, threads=0) == replace(other, threads=0):
        pairs = pair_scores(ours, ours).rows
        return _enough(pairs, "both have the same recipe, so fitted alike they forecast alike")
    tables, _ = tables_to_ask(home, candidate, None)
    other = replace(other, seed=recipe.seed, threads=recipe.threads)
    report("fitting the champion's recipe without the creators that the candidate left out")
    theirs = _scores_of_recipe(History.from_tables(tables), candidate.manifest, other, ours)
    how = "the champion is its recipe, fitted without those that the candidate's backtest left out"
    return _enough(pair_scores(ours, theirs).rows, how)


def _scores_of_recipe(
    history: History, candidate: dict, recipe: Recipe, ours: pd.DataFrame
) -> pd.DataFrame:
    """Fit a recipe at the cut of the candidate's backtest; score the creators left out there."""
    cuts = ours.groupby("platform")["cut"].max()
    latest = cuts.max()
    cut = np.array([cuts.get(name, latest).value // 1000 for name in PLATFORMS])
    ends = knowledge_ends(candidate)
    until = np.array([ends.get(name, max(ends.values())) for name in PLATFORMS])
    held_out = creator_folds(history, recipe) == 0
    fitted = fit(history, cut, recipe, ~held_out, targets=(TARGET,))
    evaluation = evaluate_fit(history, fitted, until, recipe, held_out, TARGET, baselines=False)
    if evaluation is None:
        raise ReforecastError("the creators left out have no later posts")
    scores = evaluation.scores
    names = history.accounts[scores["creator"]].to_numpy()
    scores = scores.assign(creator=names, horizon_days=recipe.horizon_days, split=UNSEEN)
    return scores_of_split(scores, UNSEEN)


def _left_out_scores(home: Path, manifest: dict) -> pd.DataFrame:
    """Return a bundle's scores of the creators that its backtest left out; empty without any."""
    scores = stored_scores(home, manifest, UNSEEN)
    return pd.DataFrame(columns=SCORE_COLUMNS) if scores is None else scores


def _enough(rows: pd.DataFrame, note: str) -> UnseenComparison:
    if has_enough(rows):
        return UnseenComparison(rows, note)
    posts, creators = len(rows.drop_duplicates(POST_KEY)), rows["creator"].nunique()
    return _none(
        f"{posts:,} posts of {creators:,} creators that trained neither are too few "
        f"({ENOUGH_POSTS} of {ENOUGH_CREATORS} are needed)"
    )


def _none(reason: str) -> UnseenComparison:
    return UnseenComparison(NO_PAIRS.rows, reason)


def _boosters(manifest: dict) -> dict[str, str]:
    """Return the digests of a bundle's trees."""
    return {
        name: digest
        for name, digest in manifest["sha256"].items()
        if name.startswith(TARGET) and name.endswith(".txt")
    }
