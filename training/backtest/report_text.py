"""The results of a backtest as text for a terminal."""

import numpy as np
import pandas as pd

from features.maturation.curve_text import curves_text
from features.tables.vocabulary import TARGETS
from training.backtest.age_table import age_lines, age_table
from training.backtest.evaluate import OUR_MODEL, REFERENCE_BASELINE
from training.backtest.report_tables import ENOUGH_POSTS, BacktestResult, breakdowns, totals_table

#: Posts from which on a creator's level can be known about as well as the oracle knows it.
MANY_POSTS = 30


def training_text(record: BacktestResult, manifest: dict) -> str:
    """Return what was trained, and its backtest beside the baselines, as text."""
    lines = [
        (
            f"trained on {manifest['trained_on']} data: {manifest['accounts']:,} accounts, "
            f"{manifest['posts']:,} posts"
        ),
        (
            f"with known engagements, {manifest['rows']['engagements']:,} rows; horizon "
            f"{manifest['horizon_days']} days"
        ),
        curves_text(manifest["maturation"], TARGETS[0], manifest["horizon_days"]),
        *forecaster_lines(record),
        *_uncalibrated_lines(manifest["platforms"]),
    ]
    return "\n".join(lines)


def _uncalibrated_lines(platforms: dict[str, dict]) -> list[str]:
    lacking = [name for name, platform in platforms.items() if not platform["calibration"]]
    return [
        f"{name}: no later posts to set its intervals by, which may be too narrow; answers say so"
        for name in lacking
    ]


def backtest_text(record: BacktestResult, about: dict) -> str:
    """Return all tables of a backtest as text."""
    classes = breakdowns(record.scores)
    posts = f"{about['posts']:,} posts with known {about['target']}"
    extent = f"{posts}; horizon {about['horizon_days']} days"
    lines = [
        f"{about['trained_on']} data: {about['accounts']:,} accounts, {extent}",
        curves_text(record.curves, about["target"], about["horizon_days"]),
        *forecaster_lines(record),
        *_cut_lines(record),
        *_evidence_lines(classes),
        *_history_lines(classes),
        *age_lines(age_table(record.scores), about["horizon_days"]),
        *_oracle_lines(record.scores),
        *_total_lines(totals_table(record.totals)),
        *_cell_lines(record.coverage),
    ]
    if about["trained_on"] == "simulated":
        lines += [
            "",
            "simulated data: a demo and a test bench; nothing about real creators follows from it",
        ]
    return "\n".join(lines)


def forecaster_lines(record: BacktestResult) -> list[str]:
    """Return the table of forecasters, seen creators and unseen."""
    lines = [
        f"backtest: asked on {_cuts_text(record)} about the later posts;",
        "error is the mean absolute error of ln(1 + count), at the age at which each was read",
    ]
    for split, rows in record.table.groupby("split", sort=False):
        lines += ["", _split_title(split, rows.iloc[0]), *_split_lines(rows)]
    return lines + _platform_lines(record)


def _cuts_text(record: BacktestResult) -> str:
    days = {
        name: ", ".join(f"{cut:%Y-%m-%d}" for cut in cuts) for name, cuts in record.cuts.items()
    }
    if len(days) == 1:
        return next(iter(days.values()))
    return "; ".join(f"{name} {of}" for name, of in days.items())


def _platform_lines(record: BacktestResult) -> list[str]:
    """Return a line for each platform, where there are several or one was not judged."""
    table = record.by_platform
    if len(record.platforms) == 1 and table["rows"].all():
        return []
    header = (
        f"  {'platform':<10} {'creators':<8} {'posts':>7} {'error':>7} "
        f"{'against median':>15} {'80 %':>6} {'90 %':>6}"
    )
    lines = ["", "by platform", header]
    for row in table.itertuples():
        start = f"  {row.platform:<10} {row.split:<8} {row.rows:>7,} "
        if not row.rows:
            lines.append(
                f"{start}not judged: no later posts of creators with {ENOUGH_POSTS} or more "
                f"posts before"
            )
            continue
        lines.append(
            f"{start}{row.mae:>7.3f} {row.vs_median:>+15.1%} {row.coverage_80:>6.1%} "
            f"{row.coverage_90:>6.1%}"
        )
    return lines


def _cut_lines(record: BacktestResult) -> list[str]:
    several = len(record.cuts) > 1
    lines = [
        "",
        "by cut",
        (
            f"  {'cut':<12} {'platform  ' if several else ''}{'creators':<8} {'posts':>7} "
            f"{'error':>7} {'against median':>15} {'80 %':>6}"
        ),
    ]
    for row in record.by_cut.itertuples():
        platform = f"{row.platform:<10}" if several else ""
        lines.append(
            f"  {row.cut:%Y-%m-%d}   {platform}{row.split:<8} {row.rows:>7,} {row.mae:>7.3f} "
            f"{row.vs_median:>+15.1%} "
            f"{row.coverage_80:>6.1%}"
        )
    ours = record.by_cut.groupby("split")[["coverage_80", "coverage_90", "crps"]].mean()
    for split, row in ours.iterrows():
        lines.append(
            f"  mean over cuts, {split}: the 80 % interval held {row.coverage_80:.1%}, the 90 % "
            f"{row.coverage_90:.1%}; "
            f"CRPS {row.crps:.3f}"
        )
    return lines


def _evidence_lines(rows: pd.DataFrame) -> list[str]:
    lines = [
        "",
        "by what is shown of the creator",
        (
            f"  {'shown':<9} {'creators':<8} {'posts':>7} {'error':>7} "
            f"{'against offset':>15} {'80 %':>6} {'width':>6}"
        ),
    ]
    for row in rows[rows["by"] == "asked"].sort_values(["split", "mae"]).to_dict("records"):
        lines.append(
            f"  {row['class']:<9} {row['split']:<8} {row['rows']:>7,} {row['mae']:>7.3f} "
            f"{row['vs_offset']:>+15.1%} "
            f"{row['coverage_80']:>6.1%} {row['width_80']:>6.2f}"
        )
    return lines


def _history_lines(rows: pd.DataFrame) -> list[str]:
    """Return error and coverage by the number of posts known before."""
    lines = [
        "",
        "by posts known before",
        (f"  {'known':<10} {'creators':<8} {'posts':>7} {'error':>7} {'80 %':>6} {'width':>6}"),
    ]
    group = rows[rows["by"] == "posts_before"]
    least = group["class"].str.extract(r"([0-9.]+)")[0].astype(float)
    for row in group.assign(least=least).sort_values(["split", "least"]).to_dict("records"):
        low, high = row["class"].strip("[)").split(", ")
        posts = "none" if high == "1.0" else f"{float(low):.0f} to {float(high) - 1:.0f}"
        posts = f"{float(low):.0f} or more" if high == "inf" else posts
        lines.append(
            f"  {posts:<10} {row['split']:<8} {row['rows']:>7,} {row['mae']:>7.3f} "
            f"{row['coverage_80']:>6.1%} "
            f"{row['width_80']:>6.2f}"
        )
    return lines


def _oracle_lines(scores: pd.DataFrame) -> list[str]:
    """Return our CRPS beside that of the oracle, which knows every creator; [] without one."""
    if "crps_oracle" not in scores:
        return []
    lines = [
        "",
        "against the oracle, which knows every creator's level and the whole market (CRPS)",
    ]
    with_oracle = scores[scores["crps_oracle"].notna()]
    many = with_oracle["posts_before"] >= MANY_POSTS
    for name, rows in (
        (f"{MANY_POSTS} posts or more before", with_oracle[many]),
        ("fewer posts before", with_oracle[~many]),
    ):
        for split, group in rows.groupby("split"):
            ours, theirs = group["crps"].mean(), group["crps_oracle"].mean()
            extent = f"{len(group):,} posts of {group['creator'].nunique():,} {split} creators"
            lines.append(
                f"  {name}: {ours:.3f}, the oracle {theirs:.3f} ({ours / theirs - 1:+.1%}), "
                f"{extent}"
            )
    return lines


def _total_lines(rows: pd.DataFrame) -> list[str]:
    lines = [
        "",
        "totals of several deliverables, outcomes brought to the horizon",
        (f"  {'number':<7} {'creators':<8} {'totals':>7} {'error':>7} {'80 %':>6} {'90 %':>6}"),
    ]
    for row in rows.itertuples():
        lines.append(
            f"  {row.deliverables:<7} {row.split:<8} {row.rows:>7,} {row.mae:>7.3f} "
            f"{row.coverage_80:>6.1%} "
            f"{row.coverage_90:>6.1%}"
        )
    return lines


def _cell_lines(coverage: pd.DataFrame) -> list[str]:
    judged = coverage[coverage["judged"]]
    failing = judged[judged["fails"]]
    lines = [
        "",
        (
            f"coverage by platform, band and evidence: {len(judged)} of {len(coverage)} cells have "
            f"50 creators and 200 rows, {len(failing)} of them miss 80 % by more than 6 points "
            "beyond doubt"
        ),
    ]
    for row in failing.itertuples():
        lines.append(
            f"  {row.split} {row.platform} {row.band} {row.evidence}: {row.coverage_80:.1%} "
            f"({row.coverage_80_low:.1%} to {row.coverage_80_high:.1%}), {row.rows:,} rows of "
            f"{row.creators:,} creators"
        )
    return lines


def _split_title(split: str, row: pd.Series) -> str:
    who = (
        "creators that trained the model"
        if split == "seen"
        else "creators that did not train the model"
    )
    return (
        f"{who}: {row['rows']:,} posts of {row['creators']:,} creators with 5 or more posts before"
    )


def _split_lines(rows: pd.DataFrame) -> list[str]:
    lines = [
        (
            f"  {'forecaster':<30} {'error':>6}  {'95 % interval':>15}  {'against median':>26}  "
            f"{'rank':>5}"
        )
    ]
    for row in rows.sort_values("mae").itertuples():
        against = f"{row.vs_median:+.1%} ({row.vs_median_low:+.1%} to {row.vs_median_high:+.1%})"
        if row.forecaster == REFERENCE_BASELINE:
            against = "-"
        lines.append(
            f"  {row.forecaster:<30} {row.mae:>6.3f}  {row.mae_low:>6.3f} to {row.mae_high:.3f}  "
            f"{against:>26}  "
            f"{'-' if np.isnan(row.spearman_within) else f'{row.spearman_within:.2f}':>5}"
        )
    ours = rows[rows["forecaster"] == OUR_MODEL].iloc[0]
    ceiling = f" (the oracle's {ours.crps_oracle:.3f})" if "crps_oracle" in rows else ""
    lines.append(
        f"  {OUR_MODEL}: CRPS {ours.crps:.3f}{ceiling}; the 80 % interval held "
        f"{ours.coverage_80:.1%}, the 90 % "
        f"{ours.coverage_90:.1%}; rank: Spearman within platform and band"
    )
    return lines
