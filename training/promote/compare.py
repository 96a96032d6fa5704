"""Candidate against champion on the same queries: by their backtests, or by new forecasts.

The scores of both backtests are compared where they answer the same queries. After a retrain on
longer data, the two backtests have the same posts with other leads, so no two scores are
comparable: then both models make new forecasts of later posts (training.promote.reforecast). The
rule: docs/promotion.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.derive.fit_reference import TooLittleData
from features.history.history import History
from features.tables.vocabulary import PLATFORMS
from models.bundle import Bundle, load_version
from models.bundle_files import BundleError, read_manifest
from models.champion import champion_folder, champion_version
from training.dataset import account_of_rows
from training.promote.comparison import (
    Comparison,
    NotComparable,
    compare_pairs,
    count_posts_and_creators,
    has_enough_pairs,
    minimum_text,
)
from training.promote.comparison_inputs import ReforecastError, stored_scores, tables_to_ask
from training.promote.outcome_pairs import NOTE, is_recalibrated, pair_outcomes
from training.promote.reforecast import choose_origins, newcomers, reforecast
from training.promote.score_pairs import (
    COMPARABLE,
    COUNTS_DIFFER,
    LEAD_TOLERANCE_DAYS,
    LEADS_DIFFER,
    NO_PAIRS,
    NOT_FORECAST_BY_CHAMPION,
    ScorePairs,
    merge_pairs,
    pair_scores,
)
from training.promote.unseen import compare_unseen
from training.recalibration_outcomes import trained_version

#: Share of the posts that the champion was judged by which tables must hold to be the champion's,
#: grown or not.
SAME_DATA = 0.5


@dataclass(frozen=True)
class ComparisonSource:
    """Scores of both models from one source: their backtests, or new forecasts.

    - `pairs`: the scores that are comparable
    - `notes`: function from platform names to lines that say how the forecasts were made
    - `shortfall`: what the source lacks to decide, "" where nothing
    - `newcomers`: creators of whose posts neither model knew any
    """

    pairs: ScorePairs
    notes: Callable[[list[str]], list[str]]
    shortfall: str
    newcomers: frozenset[str] = frozenset()

    @property
    def newcomer_rows(self) -> pd.DataFrame:
        """Return the pairs of newcomers."""
        return self.pairs.rows[self.pairs.rows["creator"].isin(self.newcomers)]


def compare_with_champion(
    home: Path,
    candidate: Bundle,
    data: Path | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> Comparison | NotComparable:
    """Compare the candidate with the champion on the queries that both answered.

    `data`: tables with later posts that both models forecast first, whatever their backtests have.
    Raises what reading the tables raises.
    """
    try:
        champion = read_manifest(champion_folder(home))
    except BundleError as error:
        return NotComparable(f"the champion cannot be read: {error}", later_posts_help=False)
    difference = _other_target(candidate.manifest, champion)
    if difference:
        return NotComparable(difference, later_posts_help=False)
    if data is None and is_recalibrated(candidate.manifest):
        return _compare_outcomes(home, candidate, champion)
    stored = pair_stored_scores(home, candidate.manifest, champion)
    platforms_lacking = stored.pairs.platforms(compared=False)
    if data is not None or not has_enough_pairs(stored.pairs.rows):
        new_forecasts = pair_new_forecasts(home, candidate, data, set(PLATFORMS), report)
        sources = [new_forecasts, stored]
    elif platforms_lacking:
        sources = [stored, pair_new_forecasts(home, candidate, None, platforms_lacking, report)]
    else:
        sources = [stored]
    lacking = _unseen_platforms(candidate.manifest, champion)
    compared, lacks = _pairs_of_sources(sources, stored)
    if not has_enough_pairs(compared.pairs.rows):
        return NotComparable(", and ".join(lacks))
    new_rows = pd.concat([source.newcomer_rows for source in sources], ignore_index=True)
    unseen = compare_unseen(home, candidate, champion, new_rows, data is not None, report)
    notes = (*lacks, *compared.notes([]))
    return compare_pairs(compared.pairs, candidate.manifest["horizon_days"], unseen, notes, lacking)


def _compare_outcomes(home: Path, candidate: Bundle, champion: dict) -> Comparison | NotComparable:
    """Compare a recalibrated candidate with the champion on outcomes of the ledger."""
    pairs, lack = pair_outcomes(home, candidate.manifest, champion)
    if lack:
        return NotComparable(lack)
    if not has_enough_pairs(pairs.rows):
        posts, creators = count_posts_and_creators(pairs.rows)
        return NotComparable(
            f"{posts:,} outcomes of {creators:,} creators judge it ({minimum_text()})"
        )
    unseen = compare_unseen(home, candidate, champion, NO_PAIRS.rows, False)
    return compare_pairs(pairs, candidate.manifest["horizon_days"], unseen, (NOTE,))


def pair_stored_scores(home: Path, candidate: dict, champion: dict) -> ComparisonSource:
    """Pair the scores of both backtests, by the bundles' manifests."""
    scores = [stored_scores(home, manifest) for manifest in (candidate, champion)]
    unreadable = [
        manifest["version"]
        for manifest, frame in zip((candidate, champion), scores, strict=True)
        if frame is None
    ]
    if unreadable:
        return ComparisonSource(
            NO_PAIRS,
            _stored_notes,
            f"the backtest scores of {' and '.join(unreadable)} cannot be read",
        )
    pairs = pair_scores(*scores)
    lack = _stored_lack(pairs)
    return ComparisonSource(NO_PAIRS if lack else pairs, _stored_notes, lack)


def pair_new_forecasts(
    home: Path,
    candidate: Bundle,
    data: Path | None,
    platforms: set[str],
    report: Callable[[str], None],
) -> ComparisonSource:
    """Return new forecasts of later posts by both models; no pairs where there cannot be any."""
    try:
        champion = _champion(home)
        tables, same = tables_to_ask(home, candidate, data)
        history = History.from_tables(tables)
        if data is None:
            _check_same_data(home, champion.manifest, history)
        moments = choose_origins(
            candidate.manifest, champion.manifest, _cuts(home, candidate), same
        )
        pairs = reforecast(history, candidate, champion, moments, platforms, report)
    except (ReforecastError, TooLittleData) as error:
        return ComparisonSource(NO_PAIRS, list, str(error))
    return ComparisonSource(pairs, moments.notes, "", newcomers(history, moments))


def _champion(home: Path) -> Bundle:
    version = champion_version(home)
    assert version is not None  # compare_with_champion has read its manifest
    try:
        return load_version(home, version)
    except BundleError as error:
        raise ReforecastError(f"the champion cannot be loaded: {error}") from error


def _check_same_data(home: Path, champion: dict, history: History) -> None:
    """Raise ReforecastError where the tables are not data that the champion has seen."""
    # a recalibrated champion has seen the posts of the one whose boosters it has
    scores = stored_scores(home, {**champion, "version": trained_version(champion)})
    if scores is None:
        raise ReforecastError("so it is not known which posts the champion was judged by")
    judged = scores[["creator", "posted"]].drop_duplicates()
    panel = history.posts_with_engagements
    posts = pd.DataFrame(
        {"creator": history.accounts[account_of_rows(panel)], "posted": panel.time}
    )
    shared = len(judged.merge(posts.drop_duplicates()))
    if shared < SAME_DATA * len(judged):
        raise ReforecastError(
            f"the candidate's tables are other data: of the {len(judged):,} posts that the "
            f"champion was judged by they "
            f"hold {shared:,}"
        )


def _cuts(home: Path, candidate: Bundle) -> dict[str, int]:
    """Return the moment of the candidate's backtest by platform (microseconds, UTC)."""
    scores = stored_scores(home, candidate.manifest)
    if scores is None:
        return {}
    return {
        name: cut.value // 1000 for name, cut in scores.groupby("platform")["cut"].max().items()
    }


def _other_target(candidate: dict, champion: dict) -> str:
    """Return the way in which the two forecast different things, "" where they do not."""
    ours, theirs = candidate["horizon_days"], champion["horizon_days"]
    if ours != theirs:
        return (
            f"the candidate forecasts engagements {ours} days after posting, the champion {theirs} "
            "days after"
        )
    if candidate.get("definitions") != champion.get("definitions"):
        return "the candidate and the champion do not count the same as engagements"
    return ""


def _unseen_platforms(candidate: dict, champion: dict) -> list[str]:
    """Return a text for each platform that trained the champion and not the candidate."""
    platforms = {
        name: entry for name, entry in champion.get("platforms", {}).items() if entry["posts"]
    }
    return [
        f"{name}, of which the champion has seen {entry['posts']:,} posts and the candidate none"
        for name, entry in platforms.items()
        if not candidate.get("platforms", {}).get(name, {}).get("posts")
    ]


def _pairs_of_sources(
    sources: list[ComparisonSource], stored: ComparisonSource
) -> tuple[ComparisonSource, list[str]]:
    """Return each platform's pairs of the first source that has any, and what the sources lack."""
    parts: list[ScorePairs] = []
    notes: list[str] = []
    covered: set[str] = set()
    for source in sources:
        platforms = source.pairs.platforms(compared=True) - covered
        if platforms:
            parts.append(source.pairs.for_platforms(platforms))
            notes += source.notes(sorted(platforms))
            covered |= platforms
    for source in sources:
        platforms = source.pairs.platforms(compared=False) - covered
        parts.append(source.pairs.for_platforms(platforms))
        covered |= platforms
    compared = ComparisonSource(merge_pairs(parts), lambda platforms: notes, "")
    return compared, _lacks(sources, stored)


def _lacks(sources: list[ComparisonSource], stored: ComparisonSource) -> list[str]:
    """Return what the backtests lack, and then what later posts lack."""
    others = [source for source in sources if source is not stored]
    return [source.shortfall for source in (stored, *others) if source.shortfall]


def _stored_notes(platforms: list[str]) -> list[str]:
    return [
        (
            f"{', '.join(platforms)}: by both backtests, asked at most {LEAD_TOLERANCE_DAYS:g} day "
            f"apart"
        )
    ]


def _stored_lack(pairs: ScorePairs) -> str:
    """Return why the scores of the backtests decide nothing, "" where they do."""
    posts, creators = count_posts_and_creators(pairs.rows)
    champion_posts, shared = len(pairs.champion_posts), int(pairs.champion_posts["shared"].sum())
    unlike = pairs.posts[~pairs.posts["reason"].isin([NOT_FORECAST_BY_CHAMPION, COMPARABLE])]
    if not shared:
        return "their backtests have no post in common"
    if not posts and len(unlike):
        return _unlike_text(unlike)
    if shared < SAME_DATA * champion_posts:
        return (
            f"of the {champion_posts:,} posts that the champion was judged by, the candidate was "
            f"by {shared:,}"
        )
    if not has_enough_pairs(pairs.rows):
        return (
            f"their backtests asked alike about {posts:,} posts of {creators:,} creators only "
            f"({minimum_text()})"
        )
    return ""


def _unlike_text(posts: pd.DataFrame) -> str:
    reason = posts["reason"].value_counts().index[0]
    if reason == LEADS_DIFFER:
        days = posts["gap_days"].median()
        return f"their backtests asked about the same posts {days:.0f} days apart"
    if reason == COUNTS_DIFFER:
        return "their backtests hold other counts of the same posts"
    return f"the posts that their backtests have in common were {reason}"
