"""promote and rollback: which bundle is the champion, decided after a check and a fair comparison.

The comparison is training.promote.compare's. Where nothing is comparable, nothing is decided, and
the champion stays unless it is forced. The rule: docs/promotion.md.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from features.errors import CreatorcastError
from models.bundle import Bundle, load_version
from models.bundle_folders import latest_bundle
from models.champion import champion_version, previous_champion, restore_champion, set_champion
from training.home_lock import home_lock
from training.promote.compare import compare_with_champion
from training.promote.comparison import Comparison, NotComparable


class PromotionRefused(CreatorcastError):
    """The bundle is worse than the champion, or nothing is comparable; `comparison` says which."""

    def __init__(self, text: str, comparison: Comparison | NotComparable):
        super().__init__(text)
        self.comparison = comparison


class RollbackRefused(CreatorcastError):
    """There is no champion before the present one."""


@dataclass(frozen=True)
class Promotion:
    """A bundle that is promoted, the version of the champion before, and how both compare.

    `previous_version` and `comparison` are None where there was no champion; `comparison` too where
    the bundle is it already.
    """

    bundle: Bundle
    previous_version: str | None
    comparison: Comparison | NotComparable | None


def promote(
    home: Path,
    version: str | None = None,
    force: bool = False,
    data: Path | None = None,
    dry_run: bool = False,
    report: Callable[[str], None] = lambda text: None,
) -> Promotion:
    """Make a bundle (default: the newest) the champion; with `dry_run`, decide and change nothing.

    `data`: tables whose later posts both models forecast; default: the tables that trained the
    bundle, where the backtests are not comparable. Raises BundleError where the bundle is missing
    or broken, PromotionRefused where it is worse than the champion or nothing is comparable, unless
    `force`, and training.home_lock.HomeError.
    """
    with nullcontext() if dry_run else home_lock(home, report):
        bundle = load_version(home, latest_bundle(home).name if version is None else version)
        before = champion_version(home)
        comparison = None
        if before not in (None, bundle.version):
            comparison = compare_with_champion(home, bundle, data, report)
            refusal = refusal_reason(bundle.version, before, comparison)
            if refusal and not force:
                raise PromotionRefused(refusal, comparison)
        if not dry_run:
            set_champion(home, bundle.version)
    return Promotion(bundle, before, comparison)


def refusal_reason(version: str, champion: str, comparison: Comparison | NotComparable) -> str:
    """Return why a comparison is against a promotion, "" where it is not."""
    if isinstance(comparison, NotComparable):
        remedy = (
            "name tables with later posts (--data DATA), or " if comparison.later_posts_help else ""
        )
        decided = f"so nothing is decided and {champion} stays the champion"
        return f"{comparison}; {decided}: {remedy}promote {version} with --force"
    if comparison.worse_lines:
        return (
            f"{version} is worse than the champion {champion} beyond doubt, which stays: "
            f"{'; '.join(comparison.worse_lines)}; --force promotes it all the same"
        )
    return ""


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
