"""Show what a recalibration does, month by month: `python benchmarks/recalibration.py simulated|panel|shares`.

A model is fitted once. Each month one post of every creator is forecast as known at signing, at the start of the month,
from the history, the averages or the profile (a half, a quarter, a quarter). An outcome is known 7 days after its post.

- static: the tables as they were trained
- monthly: recalibrated at the start of every month by models.recalibration, with all outcomes known by then
- alarm: recalibrated at the start of each month in which monitoring.alarm is raised by the outcomes since the last time

simulated: markets that stay, drop, rise, widen or narrow from day 400 on; the model knows the first 340 days. What is
told are the next 500 outcomes after the first recalibration that could see the change.
panel: tables of real posts (--panel FOLDER), from a cut on (--cut), by month and pooled.
shares: how much of the centre is applied, on a panel: CRPS of the first and of the last months beside static.
Coverage is that of the 80 % interval; intervals (95 %) are a bootstrap over creators.
"""

import argparse
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.folder import read_tables
from features.tables.vocabulary import EVIDENCE, MATURE_DAYS, PLATFORMS
from models.conformal import GRID, ConformalTables
from models.distribution import crps
from models.forecast import Forecaster
from models.recalibration import CENTRE_SHARE, adjusted_tables, fit_adjustment
from monitoring.alarm import allowed_risks, check_alarm, outcome_risks
from training.backend import LOCAL
from training.backtest.metrics import bootstrap_means, interval
from training.dataset import Sampling, hide_content, repeat_for_each_evidence, sample_test_rows
from training.fit import Recipe, fit
from training.recalibrate import (
    RetrainingDue,
    TooFewOutcomes,
    require_coverage,
    require_enough,
)
from training.recalibration_outcomes import UsableOutcomes
from training.simulate.parameters import DEMO_MARKET
from training.simulate.simulate import simulate

TARGET = "engagements"
EVIDENCE_SHARES = (0.5, 0.25, 0.25)
LEAD_DAYS, NEXT = 60, 500
FIT_DAY, CHANGE_DAY, MONTH = 340, 400, 30
#: Move of ln counts, and factor on the posts' own noise.
SCENARIOS = {
    "stays": (0.0, 1.0),
    "drops by 39 %": (-0.5, 1.0),
    "drops by 22 %": (-0.25, 1.0),
    "rises by 49 %": (0.4, 1.0),
    "widens by 35 %": (0.0, 1.35),
    "widens by 80 %": (0.0, 1.8),
    "narrows by 25 %": (0.0, 0.75),
}
POLICIES = ("static", "monthly", "alarm")


@dataclass(frozen=True)
class Replay:
    """A forecaster, and its forecasts with their outcomes: rows as UsableOutcomes has them, with `month`."""

    forecaster: Forecaster
    rows: pd.DataFrame
    months: list[int]


def replay(history: History, months: list[int], per_month: int, seed: int) -> Replay:
    """Fit at the first of the months (microseconds, UTC), and forecast one post of each creator in each month."""
    recipe = Recipe(sampling=Sampling(per_post=1), seed=seed, threads=1)
    fitted = fit(history, months[0], recipe, targets=(TARGET,))
    forecaster, at_horizon = fitted.forecasters[TARGET], fitted.at_horizon(history)
    random = np.random.default_rng(seed)
    frames = []
    for start, end in itertools.pairwise(months):
        posts = hide_content(sample_test_rows(at_horizon, TARGET, start, end, LEAD_DAYS))
        order = random.permutation(len(posts))
        first = np.unique(posts.account[order], return_index=True)[1]
        posts = posts[order[random.permutation(first)[:per_month]]]
        asked = random.choice(len(EVIDENCE), len(posts), p=EVIDENCE_SHARES)
        rows = repeat_for_each_evidence(posts)[asked * len(posts) + np.arange(len(posts))]
        x = LOCAL.derive(at_horizon, rows.queries, fitted.reference)
        parts = forecaster._parts(forecaster._matrix(x))
        frames.append(
            pd.DataFrame(
                {
                    "month": start,
                    "posted_at": rows.posted,
                    "creator": rows.account,
                    "platform": np.array(PLATFORMS)[parts.platform],
                    "evidence": np.array(EVIDENCE)[parts.evidence],
                    "location": forecaster._location(parts),
                    "scale": parts.scale,
                    "deliverables": 1.0,
                    "outcome_ln": rows.y,
                }
            )
        )
    rows = pd.concat(frames).sort_values("posted_at", ignore_index=True)
    return Replay(forecaster, rows, months[:-1])


def judge(
    outcomes: UsableOutcomes, tables: ConformalTables, trained: ConformalTables
) -> pd.DataFrame:
    """Return the outcomes with `covered`, `crps`, `pit`, and `width` and `trained_width` of the 80 % interval."""
    platform, evidence, _ = outcomes.codes()
    location, scale, y = (
        outcomes.rows[name].to_numpy(float) for name in ("location", "scale", "outcome_ln")
    )
    low, high = np.searchsorted(GRID, [0.1, 0.9])
    place = tables.place[platform, evidence]
    z, before = tables.z[place], trained.z[trained.place[platform, evidence]]
    score = (y - location) / scale
    return outcomes.rows.assign(
        covered=(z[:, low] <= score) & (score <= z[:, high]),
        crps=crps(location, scale, z, y),
        pit=tables.probability(score, place),
        width=scale * (z[:, high] - z[:, low]),
        trained_width=scale * (before[:, high] - before[:, low]),
    )


def follow(
    data: Replay, policy: str, share: float = CENTRE_SHARE
) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    """Return the judged outcomes of all months under a policy, and (month, what was done) of each that did anything."""
    trained = tables = data.forecaster.conformal_
    judged, done = [], []
    since = 0
    for month in data.months:
        known = UsableOutcomes(data.rows, {}).until(month - MATURE_DAYS * DAY_US)
        if policy == "monthly" or (policy == "alarm" and alarmed(judged, since, month)):
            result = recalibrated_tables(data, known, month, share)
            if isinstance(result, ConformalTables):
                tables, since = result, month
            done.append((month, "recalibrated" if isinstance(result, ConformalTables) else result))
        now = data.rows[data.rows["month"] == month].reset_index(drop=True)
        judged.append(judge(UsableOutcomes(now, {}), tables, trained))
    return pd.concat(judged, ignore_index=True), done


def recalibrated_tables(
    data: Replay, known: UsableOutcomes, now: int, share: float
) -> ConformalTables | str:
    """Return the adjusted tables, or why there are none."""
    try:
        require_enough(known)
        deviations = known.deviations(data.forecaster, now)
        adjustment = fit_adjustment(deviations, len(PLATFORMS), len(EVIDENCE), share)
        covered = np.average(adjustment.covered(deviations), weights=deviations.weight)
        require_coverage(float(covered), adjustment, deviations)
    except TooFewOutcomes:
        return "too few"
    except RetrainingDue:
        return "retraining due"
    return adjusted_tables(data.forecaster.conformal_, adjustment)


def alarmed(judged: list[pd.DataFrame], since: int, now: int) -> bool:
    """Return whether the outcomes known now of forecasts made from `since` on raise the alarm."""
    if not judged:
        return False
    rows = pd.concat(judged, ignore_index=True).sort_values("posted_at")
    rows = rows[(rows["month"] >= since) & (rows["posted_at"] <= now - MATURE_DAYS * DAY_US)]
    if not len(rows):
        return False
    month = ((rows["posted_at"] - rows["posted_at"].min()) // (30 * DAY_US)).to_numpy()
    risks, creator = outcome_risks(rows["pit"].to_numpy()), rows["creator"].to_numpy()
    return check_alarm(risks, creator, month, allowed_risks()).is_raised


def with_interval(rows: pd.DataFrame, seed: int = 0) -> str:
    """Return the coverage of rows with its interval over creators."""
    draws = bootstrap_means(rows["covered"].to_numpy(float), rows["creator"].to_numpy(), seed)
    low, high = interval(draws)
    return f"{rows['covered'].mean():6.1%} ({low:.1%} to {high:.1%})"


def against(rows: pd.DataFrame, static: pd.DataFrame) -> str:
    """Return the CRPS of rows relative to static with its interval over creators, and the ratio of widths."""
    pair = np.column_stack([rows["crps"], static["crps"]])
    draws = bootstrap_means(pair, rows["creator"].to_numpy())
    low, high = interval(draws[:, 0] / draws[:, 1] - 1)
    change = pair[:, 0].mean() / pair[:, 1].mean() - 1
    return f"{change:+6.1%} ({low:+.1%} to {high:+.1%})  {rows['width'].sum() / rows['trained_width'].sum():5.2f}"


def simulated(creators: int, per_month: int, seeds: int, markets: list[str]) -> None:
    """Print the next NEXT outcomes after the first recalibration that could see the change, by scenario and seed."""
    print(
        f"{creators:,} creators, {per_month} outcomes a month; the next {NEXT} outcomes from day {CHANGE_DAY + MONTH} on"
    )
    print(f"{'market':<16} {'seed':>4}  {'static':<24} {'monthly':<24} {'CRPS':<24} {'width':>5}  "
          f"{'alarm':<24} {'CRPS':<24} {'width':>5}  done")  # fmt: skip
    for name in markets:
        move, spread = SCENARIOS[name]
        for seed in range(seeds):
            market = replace(
                DEMO_MARKET, change_day=float(CHANGE_DAY), change_ln=move, change_spread=spread
            )
            tables, _ = simulate(creators, seed, market)
            start = pd.Timestamp(market.start, tz="UTC").value // 1000
            days = [*range(FIT_DAY, market.days - MATURE_DAYS, MONTH), market.days]
            data = replay(
                History.from_tables(tables), [start + day * DAY_US for day in days], per_month, seed
            )
            first = start + (CHANGE_DAY + MONTH) * DAY_US
            found = {policy: follow(data, policy) for policy in POLICIES}
            ahead = {
                policy: rows[rows["month"] >= first].head(NEXT)
                for policy, (rows, _) in found.items()
            }
            static = ahead["static"]
            parts = [
                f"{with_interval(ahead[p]):<24} {against(ahead[p], static):<30}"
                for p in POLICIES[1:]
            ]
            done = "; ".join(
                f"{(month - start) // DAY_US}: {what}"
                for month, what in found["alarm"][1]
                if month >= first
            )
            monthly = [what for month, what in found["monthly"][1] if month == first]
            print(f"{name:<16} {seed:>4}  {with_interval(static):<24} {'  '.join(parts)}  "
                  f"monthly {', '.join(monthly)}; alarm {done or 'quiet'}", flush=True)  # fmt: skip


def panel_replay(folder: Path, cut: str, seed: int) -> Replay:
    """Return a panel from a cut on, by calendar month."""
    history = History.from_tables(read_tables(folder))
    panel = history.posts_with_engagements
    last = pd.Timestamp(int(panel.time.max()), unit="us", tz="UTC")
    starts = pd.date_range(pd.Timestamp(cut, tz="UTC"), last, freq="MS")
    return replay(
        history, [*(moment.value // 1000 for moment in starts), last.value // 1000], 10**6, seed
    )


def panel(folder: Path, cut: str, seed: int) -> None:
    """Print coverage by month under each policy, and pooled from the second month on."""
    data = panel_replay(folder, cut, seed)
    found = {policy: follow(data, policy) for policy in POLICIES}
    for policy in POLICIES[1:]:
        print(
            f"{policy}: " + ", ".join(f"{_month(month)} {what}" for month, what in found[policy][1])
        )
    judged = {policy: rows[rows["month"] > data.months[0]] for policy, (rows, _) in found.items()}
    print(
        f"{'month':<8} {'n':>5}  "
        + "  ".join(f"{policy:<24}" for policy in POLICIES)
        + "  width monthly, alarm"
    )
    for label, picked in _parts(judged["static"]):
        rows = {policy: frame[picked(frame)] for policy, frame in judged.items()}
        width = [rows[p]["width"].sum() / rows[p]["trained_width"].sum() for p in POLICIES[1:]]
        print(f"{label:<8} {len(rows['static']):>5}  "
              + "  ".join(f"{with_interval(rows[policy]):<24}" for policy in POLICIES)
              + f"  {width[0]:.2f} {width[1]:.2f}")  # fmt: skip
    for policy in POLICIES[1:]:
        print(
            f"CRPS {policy} against static, and width: {against(judged[policy], judged['static'])}"
        )
    _print_next(judged)


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, Callable[[pd.DataFrame], pd.Series]]]:
    for month in sorted(rows["month"].unique()):
        yield _month(month), lambda frame, month=month: frame["month"] == month  # type: ignore[misc]
    for evidence in EVIDENCE:
        yield evidence, lambda frame, evidence=evidence: frame["evidence"] == evidence  # type: ignore[misc]
    yield "all", lambda frame: frame["month"] > 0


def _print_next(judged: dict[str, pd.DataFrame]) -> None:
    """Print coverage of the next NEXT outcomes from each month on."""
    print(f"the next {NEXT} outcomes from each month on: coverage static, monthly, alarm")
    for month in sorted(judged["static"]["month"].unique()):
        ahead = [judged[policy][judged[policy]["month"] >= month].head(NEXT) for policy in POLICIES]
        if len(ahead[0]) == NEXT:
            print(
                f"  {_month(month)}  "
                + "  ".join(f"{rows['covered'].mean():.1%}" for rows in ahead)
            )


def _month(moment: int) -> str:
    return f"{pd.Timestamp(int(moment), unit='us'):%Y-%m}"


def shares(folder: Path, cut: str, seeds: int) -> None:
    """Print CRPS relative to static, in per cent, of the first and the last months by the share of the centre."""
    print(
        f"{'share':>5} {'first half':>10} {'last half':>10}   mean of {seeds} draws of posts and evidence"
    )
    found: dict[float, list[tuple[float, float]]] = {}
    for seed in range(seeds):
        data = panel_replay(folder, cut, seed)
        static, _ = follow(data, "static")
        middle = data.months[1 + (len(data.months) - 1) // 2]
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            rows, _ = follow(data, "monthly", share)
            early = (rows["month"] > data.months[0]) & (rows["month"] < middle)
            late = rows["month"] >= middle
            change = [
                100 * (rows["crps"][part].mean() / static["crps"][part].mean() - 1)
                for part in (early, late)
            ]
            found.setdefault(share, []).append((change[0], change[1]))
    for share, values in found.items():
        first, last = np.mean(values, axis=0)
        print(f"{share:>5.2f} {first:>+10.2f} {last:>+10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["simulated", "panel", "shares"])
    parser.add_argument("--panel", type=Path, help="folder of tables")
    parser.add_argument(
        "--cut",
        default="2022-06-01",
        help="the first of a month, at which the panel's model is fitted",
    )
    parser.add_argument(
        "--market", action="append", choices=list(SCENARIOS), help="simulated only; default: all"
    )
    parser.add_argument("--creators", type=int, default=1500)
    parser.add_argument("--per-month", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0, help="of the panel's draws")
    arguments = parser.parse_args()
    if arguments.what == "simulated":
        markets = arguments.market or list(SCENARIOS)
        simulated(arguments.creators, arguments.per_month, arguments.seeds, markets)
    elif arguments.panel is None:
        parser.error("name the folder of the panel's tables: --panel FOLDER")
    elif arguments.what == "panel":
        panel(arguments.panel, arguments.cut, arguments.seed)
    else:
        shares(arguments.panel, arguments.cut, arguments.seeds)


if __name__ == "__main__":
    main()
