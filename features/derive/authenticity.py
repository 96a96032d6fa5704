"""Signs of bought engagement, each compared with accounts of the same platform, and one score.

Every part is from 0 (ordinary) to 1 (far outside of what is ordinary); the score is 1 without a
sign, and nears 0 with many. A sign is a reason to look, never proof: honest accounts go viral, and
well-made bought engagement shows no sign at all.
"""

from dataclasses import dataclass

import numpy as np

from features.derive import window_stats
from features.history.arrays import DAY_US, NAT_US
from features.history.history import History
from features.tables.vocabulary import PLATFORMS

#: Part -> (its sign, direction: -1 small is odd, 1 large is odd, 0 both, weight in the score).
AUTHENTICITY_PARTS = {
    "engagement_low": ("gap", -1, 0.7),
    "engagement_high": ("gap", 1, 0.3),
    "comments_few": ("comments", -1, 0.6),
    "evenness": ("spread", -1, 0.6),
    "followers_jump": ("jump", 1, 0.8),
    "following_many": ("following", 1, 0.3),
    "views_apart": ("views", 0, 0.3),
}
DIRECTIONS, WEIGHTS = (
    np.array([[part[column]] for part in AUTHENTICITY_PARTS.values()]) for column in (1, 2)
)
PART_COLUMNS = tuple(f"authenticity_{part}" for part in AUTHENTICITY_PARTS)
PART_MEANINGS = {
    "engagement_low": "level far below what followers, platform and niche suggest",
    "engagement_high": "level far above what followers, platform and niche suggest",
    "comments_few": "few comments among the engagements",
    "evenness": "spread between posts too small to be human",
    "followers_jump": "a jump in followers far above the account's own growth",
    "following_many": "follows many accounts for its followers",
    "views_apart": "engagements far from what the views suggest, either way",
}
#: Robust standard deviations that are ordinary, and how many more make a part 1.
ORDINARY, SPAN = 1.5, 3.0
#: Posts that a spread, and follower readings that a jump, must rest on.
MIN_POSTS, MAX_FOLLOWER_READINGS = 8, 24
#: Growths between readings that a jump must stand among.
MIN_GROWTHS = 3
#: Scale of a sign that too few accounts show: nothing is odd about it.
UNKNOWN_SCALE = 1e9
#: Accounts that a platform needs for separate norms.
MIN_ACCOUNTS = 30


@dataclass(frozen=True)
class SignNorm:
    """What is ordinary for one sign on one platform: median and robust standard deviation (1.4826
    MAD).
    """

    median: float
    scale: float


def raw_signs(
    gap: np.ndarray,
    comment_share: np.ndarray,
    by_views: np.ndarray,
    log_sd: np.ndarray,
    known_count: np.ndarray,
    jump: np.ndarray,
    following_ratio_log: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the raw signs of each account, (n,), NaN where they cannot be read.

    `gap`: level minus prior; `comment_share`, `by_views` (ln), `log_sd`, `known_count`: of the
    known posts; `following_ratio_log`: ln(1 + following) minus ln(1 + followers).
    """
    return {
        "gap": gap,
        "comments": np.log(comment_share + 1e-3),
        "spread": np.where(known_count >= MIN_POSTS, np.log(log_sd + 1e-3), np.nan),
        "jump": jump,
        "following": following_ratio_log,
        "views": by_views,
    }


def follower_jump(history: History, account: np.ndarray, as_of: np.ndarray) -> np.ndarray:
    """Return the largest ln growth between neighbouring readings known at as_of, minus the median
    one, (n,); NaN with fewer than four readings.
    """
    panel = history.followers
    jump = np.full(len(account), np.nan)
    start, stop = panel.start[account], panel.end_row(account, as_of)
    enough = np.flatnonzero(stop - start > MIN_GROWTHS)
    if not len(enough):
        return jump
    rows, exists = window_stats.last_rows(start[enough], stop[enough], MAX_FOLLOWER_READINGS)
    dated = exists & (panel.time[rows] != NAT_US)
    counts = np.where(dated, np.log1p(panel.columns["followers"][rows]), np.nan)
    days = np.diff(np.where(dated, panel.time[rows], 0), axis=1) / -DAY_US
    growth = counts[:, :-1] - counts[:, 1:]
    growth = np.where(
        np.isfinite(growth) & (days >= 1), growth / np.maximum(days / 30, 1.0), np.nan
    )
    largest = window_stats.quantile(growth, 1.0) - window_stats.quantile(growth, 0.5)
    jump[enough] = np.where(window_stats.count_known(growth) >= MIN_GROWTHS, largest, np.nan)
    return jump


def fit_norms(signs: dict[str, np.ndarray], platform: np.ndarray) -> dict[str, dict[str, SignNorm]]:
    """Return platform name or "all" -> sign -> norm; a platform with few accounts is left out."""
    groups = {"all": np.ones(len(platform), bool)}
    for code, name in enumerate(PLATFORMS):
        on_platform = platform == code
        if on_platform.sum() >= MIN_ACCOUNTS:
            groups[name] = on_platform
    norms = {}
    for name, rows in groups.items():
        norms[name] = {sign: _norm(values[rows]) for sign, values in signs.items()}
    return norms


def norm_tables(norms: dict[str, dict[str, SignNorm]]) -> tuple[np.ndarray, np.ndarray]:
    """Return median and scale of every part's sign, each (parts, platforms + 1); a platform without
    separate norms has those of all.
    """
    of_platforms = [norms.get(name, norms["all"]) for name in (*PLATFORMS, "all")]
    signs = [sign for sign, _, _ in AUTHENTICITY_PARTS.values()]
    medians = [[of_signs[sign].median for of_signs in of_platforms] for sign in signs]
    scales = [[max(of_signs[sign].scale, 1e-6) for of_signs in of_platforms] for sign in signs]
    return np.array(medians), np.array(scales)


def authenticity_columns(
    signs: dict[str, np.ndarray], tables: tuple[np.ndarray, np.ndarray], platform: np.ndarray
) -> dict[str, np.ndarray]:
    """Return `authenticity_score` and one column for each part, (n,) each; NaN where no sign could
    be read.

    A part is how far outside of its platform's norm (`tables`, by `norm_tables`) a sign lies.
    """
    median, scale = tables
    code = np.where(np.isnan(platform), len(PLATFORMS), platform).astype(int)
    values = np.array([signs[sign] for sign, _, _ in AUTHENTICITY_PARTS.values()])
    z = (values - median[:, code]) / scale[:, code]
    z = np.where(DIRECTIONS == 0, np.abs(z), DIRECTIONS * z)
    parts = np.minimum(np.maximum((z - ORDINARY) / SPAN, 0.0), 1.0)
    is_known = ~np.isnan(parts)
    score = np.multiply.reduce(1 - WEIGHTS * np.where(is_known, parts, 0.0), axis=0)
    return {
        "authenticity_score": np.where(is_known.any(axis=0), score, np.nan),
        **dict(zip(PART_COLUMNS, parts, strict=True)),
    }


def _norm(values: np.ndarray) -> SignNorm:
    values = values[np.isfinite(values)]
    if len(values) < 3:
        return SignNorm(0.0, UNKNOWN_SCALE)
    median = float(np.median(values))
    return SignNorm(median, float(1.4826 * np.median(np.abs(values - median))))
