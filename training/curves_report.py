"""How counts grow with the age of a post, by the readings of the user's own tables: the curves as a
table, as text and as a picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.history.reading_pairs import ReadingPairs
from features.maturation.curve import Curve
from features.maturation.fit_curves import MIN_POSTS, MIN_POSTS_ALONE, fit_maturation
from features.maturation.growth_pairs import GrowthPairs
from features.maturation.maturation import (
    FITTED,
    MEASURES,
    NO_CURVE,
    PUBLISHED,
    MaturationCurve,
    published_maturation,
)
from features.maturation.share_intervals import (
    MIN_INTERVAL_ACCOUNTS,
    draw_curves,
    share_intervals,
    share_of_horizon,
)
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import ENGAGEMENT_PARTS, HORIZON_DAYS, PLATFORMS

#: Age, as texts and columns name it, and in days.
SHARE_AGES = {"1 h": 1 / 24, "6 h": 0.25, "24 h": 1, "3 d": 3, "7 d": 7, "14 d": 14, "90 d": 90}
_AGES = np.array(list(SHARE_AGES.values()))


@dataclass(frozen=True)
class CurveReport:
    """The curve of a platform and measure of the tables.

    - `curve`: None where there is neither a fitted nor a published one
    - `published`: the published curve; `pairs`: the growth that was read, None where none was
    - `drawn`: the curve fitted to draws of the accounts; none where it is not fitted
    """

    platform: str
    measure: str
    curve: MaturationCurve | None
    published: MaturationCurve | None
    pairs: GrowthPairs | None
    drawn: list[Curve]

    def shares(self, age_days: np.ndarray) -> np.ndarray:
        """Return the share of the count of 30 days at each age (n,), NaN without a curve."""
        if self.curve is None:
            return np.full(len(age_days), np.nan)
        return share_of_horizon(self.curve.curve, age_days)

    def intervals(self, age_days: np.ndarray) -> np.ndarray:
        """Return the 95 % interval of each share (n, 2), NaN where the curve is not fitted."""
        return share_intervals(self.drawn, age_days)

    @property
    def basis(self) -> str:
        """FITTED, PUBLISHED or NO_CURVE."""
        return NO_CURVE if self.curve is None else self.curve.basis

    @property
    def posts_read_again(self) -> int:
        """The posts that were read several times."""
        return 0 if self.pairs is None else self.pairs.within_curve().posts


def publish_curves(
    data: Path, out: Path | None = None, say: Callable[[str], None] = lambda text: None
) -> str:
    """Fit the curves to the tables in `data` and return them as text; where `out` is given, write
    curves.csv, curves.txt and curves.png there.

    Raises features.tables.frames.DataFolderError or features.tables.validate.InvalidTables.
    """
    say(f"reading {data}")
    tables = validate(read_tables(data))
    pairs = ReadingPairs.from_tables(tables)
    reports = curve_reports(tables, pairs)
    text = curves_text(reports, pairs, tables.trained_on)
    if out is not None:
        from training.curves_plot import curves_figure  # matplotlib takes half a second

        out.mkdir(parents=True, exist_ok=True)
        curves_table(reports).to_csv(out / "curves.csv", index=False)
        (out / "curves.txt").write_text(text + "\n")
        figure = curves_figure(reports, tables.trained_on)
        if figure is not None:
            figure.savefig(out / "curves.png", dpi=120)
    return text


def curve_reports(tables: Tables, pairs: ReadingPairs) -> list[CurveReport]:
    """Return the curve of each platform and measure that the tables hold counts of; for a platform
    without any count, every published one.
    """
    growth, published = pairs.growth_pairs(), published_maturation()
    fitted = fit_maturation(growth, published)
    known = _measures_with_counts(tables)
    reports = []
    for platform in PLATFORMS:
        for measure in known.get(platform, ()):
            found = growth.get(platform, {}).get(measure)
            curve, default = (one.find(platform, measure) for one in (fitted, published))
            if curve is not None or known[platform] != MEASURES:
                reports.append(_report(platform, measure, curve, default, found))
    return reports


def curves_table(reports: list[CurveReport]) -> pd.DataFrame:
    """Return a row for each curve: its parameters, what it rests on, and its shares, `share_7d`,
    with their intervals, `share_7d_low` and `share_7d_high`.
    """
    rows = []
    for one in reports:
        curve = one.curve
        row = {
            "platform": one.platform,
            "measure": one.measure,
            "basis": one.basis,
            "posts_read_again": one.posts_read_again,
            "tau_days": np.nan if curve is None else curve.tau_days,
            "gamma": np.nan if curve is None else curve.gamma,
            "theta": np.nan if curve is None else curve.theta,
        }
        for age, share, (low, high) in zip(
            SHARE_AGES, one.shares(_AGES), one.intervals(_AGES), strict=True
        ):
            name = f"share_{age.replace(' ', '')}"
            row |= {name: share, f"{name}_low": low, f"{name}_high": high}
        rows.append(row | {"source": None if curve is None else curve.source})
    return pd.DataFrame(rows)


def curves_text(reports: list[CurveReport], pairs: ReadingPairs, trained_on: str) -> str:
    """Return the curves as text: what they rest on, and a block for each platform."""
    lines = [
        f"how counts grow with the age of a post, on {trained_on} data",
        f"share of the count of {HORIZON_DAYS} days that is reached at each age, in %",
        "below it where the curve is fitted: 95 % interval, over accounts drawn with replacement",
        *_readings_lines(reports, pairs),
    ]
    for platform in dict.fromkeys(one.platform for one in reports):
        of_platform = [one for one in reports if one.platform == platform]
        lines += ["", platform, _HEADING, *(line for one in of_platform for line in _lines(one))]
        lines += ["sources:", *(f"  {one.measure}: {_source(one)}" for one in of_platform)]
    if not reports:
        lines += ["", "these tables have no account on a platform that is known"]
    if trained_on == "simulated":
        lines += ["", "simulated data: nothing about real posts follows from it"]
    return "\n".join(lines)


def _measures_with_counts(tables: Tables) -> dict[str, tuple[str, ...]]:
    """Return the measures of which any count is known, by platform; all for one without counts."""
    posts, found = tables.posts, {}
    for platform in set(tables.creators["platform"]) & set(PLATFORMS):
        rows = posts[posts["platform"] == platform]
        known = {name for name in MEASURES[1:] if rows[name].notna().any()}
        parts = ENGAGEMENT_PARTS[platform]
        if rows[list(parts)].notna().all(axis=1).any():
            known.add("engagements")
        found[platform] = tuple(name for name in MEASURES if name in known) or MEASURES
    return found


def _report(
    platform: str,
    measure: str,
    curve: MaturationCurve | None,
    published: MaturationCurve | None,
    pairs: GrowthPairs | None,
) -> CurveReport:
    drawn = []
    if curve is not None and curve.basis == FITTED and pairs is not None:
        drawn = draw_curves(pairs, curve, published)
    return CurveReport(platform, measure, curve, published, pairs, drawn)


_HEADING = f"  {'':<12}{'posts':>8}{'tau, d':>8}{'gamma':>7}  {'basis':<10}" + "".join(
    f"{age:>9}" for age in SHARE_AGES
)


def _lines(one: CurveReport) -> list[str]:
    """Return the shares of a curve in one line, and their intervals in another."""
    curve = one.curve
    tau, gamma = ("-", "-") if curve is None else (f"{curve.tau_days:.3g}", f"{curve.gamma:.3g}")
    shares = "".join(f"{_percent(share):>9}" for share in one.shares(_AGES))
    posts = f"{one.posts_read_again:,}"
    first = f"  {one.measure:<12}{posts:>8}{tau:>8}{gamma:>7}  {one.basis:<10}{shares}"
    if one.basis != FITTED:
        return [first]
    if not one.drawn:
        needed = f"no interval: it takes posts of {MIN_INTERVAL_ACCOUNTS} accounts or more"
        return [first, " " * (len(first) - len(shares)) + f"  {needed}"]
    ranges = "".join(
        f"{f'{_percent(low)}-{_percent(high)}':>9}" for low, high in one.intervals(_AGES)
    )
    return [first, " " * (len(first) - len(shares)) + ranges]


def _percent(share: float) -> str:
    if np.isnan(share):
        return "-"
    return f"{100 * share:.1f}" if share < 0.0995 else f"{100 * share:.0f}"


def _readings_lines(reports: list[CurveReport], pairs: ReadingPairs) -> list[str]:
    """Return what the curves rest on, and what was not used."""
    posts = len(np.unique(pairs.post))
    lines = [f"{posts:,} posts were read several times, {len(pairs.post):,} pairs of readings"]
    if not posts:
        lines = ["no post was read twice at known moments: the published curves are shown"]
    elif not any(one.basis == FITTED for one in reports):
        lines.append("too few for a curve: the published curves are shown")
    fell = pairs.fell()
    if fell.any():
        lines.append(
            f"{fell.sum():,} pairs have a count that fell, as platforms correct counts: they count "
            "as they are"
        )
    if pairs.copies:
        lines.append(
            f"{pairs.copies:,} readings are not used: they repeat all counts of a reading made "
            f"less than a day before"
        )
    return lines


def _source(one: CurveReport) -> str:
    """Return where a curve comes from, and why it is not fitted."""
    needed = MIN_POSTS if one.published is not None else MIN_POSTS_ALONE
    few = "no post was read twice" if not one.posts_read_again else (
        f"{one.posts_read_again:,} posts were read several times, {needed} are needed"
    )  # fmt: skip
    if one.curve is None:
        return f"none: {few}, and there is no published curve; counts stay as they were read"
    if one.basis != FITTED or one.pairs is None:
        return f"{PUBLISHED}, as {few}: {one.curve.source}"
    youngest, oldest = one.pairs.age_from_days.min(), one.pairs.age_to_days.max()
    ages = f"read at {_age_text(youngest)} to {_age_text(oldest)}"
    return f"{one.curve.source}; {ages}, outside of which nothing was read"


def _age_text(days: float) -> str:
    return f"{24 * days:.0f} hours" if days < 2 else f"{days:.0f} days"
