"""promote and rollback: which bundle is the champion, decided after a check and a fair comparison.

The comparison is training.promote.compare's. Where nothing is comparable, nothing is decided, and
the champion stays unless it is forced. The rule: docs/promotion.md.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from features.errors import CreatorcastError
from models.bundle import Bundle, load_version
from models.bundle_folders import latest_bundle
from models.champion import champion_version, previous_champion, restore_champion, set_champion
from models.champion_history import ForcedPromotion
from training.home_lock import home_lock
from training.promote.compare import compare_with_champion
from training.promote.comparison import Comparison, NotComparable
from training.promote.comparison_inputs import SEEN, stored_scores
from training.promote.coverage_check import coverage_cells
from training.promote.criteria import (
    COVERAGE,
    Criterion,
    coverage_criteria,
    criteria_text,
    not_comparable,
)

#: Characters of a reason that are kept, and failed criteria that a sentence names.
MAX_REASON, NAMED = 500, 3


class PromotionRefused(CreatorcastError):
    """The bundle fails a criterion, or nothing is comparable; `promotion` says which."""

    def __init__(self, text: str, promotion: "Promotion"):
        super().__init__(text)
        self.promotion = promotion


class ReasonMissing(CreatorcastError):
    """A promotion by force has no reason, or one that cannot be kept."""


class RollbackRefused(CreatorcastError):
    """There is no champion before the present one."""


@dataclass(frozen=True)
class Promotion:
    """A bundle that is promoted, the version of the champion before, and how both compare.

    - `previous_version`, `comparison`: None where there was no champion; `comparison` too where the
      bundle is it already
    - `criteria`: every criterion with its verdict
    - `forced`: why it was promoted all the same, and what it failed; None where nothing was failed
    """

    bundle: Bundle
    previous_version: str | None
    comparison: Comparison | NotComparable | None
    criteria: tuple[Criterion, ...] = ()
    forced: ForcedPromotion | None = None

    def text(self, all_cells: bool = False) -> str:
        """Return the comparison and the criteria in lines
        (training.promote.criteria.criteria_text).
        """
        if isinstance(self.comparison, Comparison):
            return self.comparison.text(all_cells)
        told = [] if self.comparison is None else [str(self.comparison)]
        table = criteria_text(self.criteria, all_cells) if self.criteria else []
        return "\n".join([*told, *table])


def promote(
    home: Path,
    version: str | None = None,
    force: str | None = None,
    data: Path | None = None,
    dry_run: bool = False,
    report: Callable[[str], None] = lambda text: None,
) -> Promotion:
    """Make a bundle (default: the last made) the champion; with `dry_run`, change nothing.

    - `force`: the reason to promote it even where it fails a criterion or cannot be compared, which
      is kept with what it failed
    - `data`: tables whose later posts both models forecast; default: the tables that trained the
      bundle, where the backtests are not comparable

    Raises BundleError where the bundle is missing or broken, PromotionRefused where it fails a
    criterion or nothing is comparable, unless forced, ReasonMissing, and
    training.home_lock.HomeError.
    """
    reason = None if force is None else checked_reason(force)
    with nullcontext() if dry_run else home_lock(home, report):
        bundle = load_version(home, latest_bundle(home).name if version is None else version)
        promotion = _decide(home, bundle, data, report)
        refusal = refusal_reason(promotion)
        if refusal and reason is None:
            raise PromotionRefused(refusal, promotion)
        if refusal and reason is not None:
            promotion = replace(promotion, forced=ForcedPromotion(reason, _failures(promotion)))
        if not dry_run:
            set_champion(home, bundle.version, promotion.forced)
    return promotion


def checked_reason(text: str) -> str:
    """Return a reason as one line. Raises ReasonMissing where it is empty or too long."""
    reason = " ".join(text.split())
    if not reason:
        raise ReasonMissing('--force without a reason: say why, such as --reason "new market"')
    if len(reason) > MAX_REASON:
        raise ReasonMissing(
            f"the reason of --force has {len(reason):,} characters: at most {MAX_REASON} are kept"
        )
    return reason


def refusal_reason(promotion: Promotion) -> str:
    """Return why the criteria are against a promotion, "" where they are not."""
    comparison, version = promotion.comparison, promotion.bundle.version
    champion = promotion.previous_version
    if isinstance(comparison, NotComparable):
        remedy = (
            "name tables with later posts (--data DATA), or " if comparison.later_posts_help else ""
        )
        decided = f"so nothing is decided and {champion} stays the champion"
        return f"{comparison}; {decided}: {remedy}promote {version} with --force --reason TEXT"
    failed = [] if comparison is None else comparison.failed
    if failed:
        more = f"; and {len(failed) - NAMED:,} more" if len(failed) > NAMED else ""
        return (
            f"{version} fails {len(failed)} of {len(promotion.criteria)} criteria, so {champion} "
            f"stays the champion: {'; '.join(failed[:NAMED])}{more}; --force --reason TEXT "
            "promotes it all the same"
        )
    return ""


def _decide(
    home: Path, bundle: Bundle, data: Path | None, report: Callable[[str], None]
) -> Promotion:
    """Return the promotion with its criteria, without changing anything."""
    before = champion_version(home)
    if before == bundle.version:
        return Promotion(bundle, before, None)
    if before is None:
        return Promotion(bundle, None, None, tuple(_own_coverage(home, bundle)))
    comparison = compare_with_champion(home, bundle, data, report)
    criteria = comparison.criteria
    if isinstance(comparison, NotComparable):
        criteria = [*criteria, *_own_coverage(home, bundle)]
    return Promotion(bundle, before, comparison, tuple(criteria))


def _own_coverage(home: Path, bundle: Bundle) -> list[Criterion]:
    """Return the coverage of a bundle's own backtest, which is told and decides nothing."""
    scores = stored_scores(home, bundle.manifest)
    if scores is None or not len(scores):
        return [not_comparable(COVERAGE, f"the backtest of {bundle.version} cannot be read")]
    named = {"inside_80": "candidate_80", "inside_90": "candidate_90"}
    rows = scores.rename(columns=named).assign(split=SEEN)
    rows = rows.drop_duplicates(["creator", "posted", "cut", "y", "evidence"])
    return coverage_criteria(coverage_cells(rows))


def _failures(promotion: Promotion) -> tuple[str, ...]:
    comparison = promotion.comparison
    if isinstance(comparison, Comparison):
        return tuple(comparison.failed)
    return (str(comparison),)


def rollback(
    home: Path, dry_run: bool = False, report: Callable[[str], None] = lambda text: None
) -> tuple[Bundle, str]:
    """Make the previous champion the champion again; return it, and the version of the present one.

    Raises RollbackRefused where there is none, BundleError where it is missing or broken, and
    models.champion_history.ChampionHistoryError.
    """
    with nullcontext() if dry_run else home_lock(home, report):
        current, earlier = champion_version(home), previous_champion(home)
        if current is None:
            raise RollbackRefused("there is no champion yet: creatorcast promote makes one")
        if earlier is None:
            raise RollbackRefused(
                f"no champion before {current} is known: creatorcast promote VERSION names another"
            )
        bundle = load_version(home, earlier)
        if not dry_run:
            restore_champion(home)
    return bundle, current
