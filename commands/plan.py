"""The command that chooses a roster within a budget: plan."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.campaign import CAMPAIGN, campaign_keeper, tell_kept
from commands.command_group import Command
from commands.options import add_sheet_options, build_sheet_options
from commands.parameter_types import FILE, FOLDER, Amount, Moment
from commands.reports import ReportRequest, add_report_options
from commands.scorer_inputs import build_scorer, input_files

if TYPE_CHECKING:
    import pandas as pd

    from ledger.list_keeper import ListKeeper
    from serving.plan.candidates import CandidateList
    from serving.plan.settings import PlanSettings
    from serving.scoring.scorer import Scorer

# fmt: off
#: What a plan is chosen by.
PLAN_OPTIONS = (
    click.option("--budget", type=Amount(), help="What may be spent, in --currency."),
    click.option(
        "--currency", help="Of the budget, the rules and the answer. Default: USD.",
    ),
    click.option(
        "--maximise", "measure", type=click.Choice(["engagements", "views"]),
        help="What to get most of. Default: engagements.",
    ),
    click.option(
        "--by", type=click.Choice(["mean", "cvar", "quantile", "goal"]),
        help="mean: most expected (default). cvar: most expected if it goes badly, in the worst "
        "--level of cases. quantile: most that is reached in all but --level of cases. goal: the "
        "best chance to reach --goal.",
    ),
    click.option(
        "--level", type=float, help="Share of bad cases for cvar and quantile. Default: 0.1.",
    ),
    click.option("--goal", type=Amount(), help="Total to reach; the answer tells its probability."),
    click.option(
        "--rules", type=FILE,
        help="TOML or JSON file of rules: numbers of creators, platforms, niches, bands, fees "
        "(docs/plan.md).",
    ),
    click.option("--min-creators", type=click.IntRange(0), help="At least so many creators."),
    click.option("--max-creators", type=click.IntRange(0), help="At most so many creators."),
    click.option("--must-have", help="Ids or handles that must be in it, with commas between."),
    click.option("--exclude", help="Ids or handles to leave out, with commas between."),
    click.option("--max-fee", type=Amount(), help="The most that one creator may cost."),
    click.option(
        "--max-share", help="The most of the budget that one creator may cost, such as 25%.",
    ),
    click.option(
        "--market-fee", type=click.Choice(["low", "typical", "high"]),
        help="What to plan with where no fee is quoted. Default: high.",
    ),
    click.option(
        "--max-deliverables", type=click.IntRange(1, 100),
        help="How often a fee for one deliverable may be bought, where the list has no such "
        "column. Default: 3.",
    ),
    click.option(
        "--scenarios", type=int,
        help="Draws that cvar, quantile and goal choose by. Default: 500.",
    ),
    click.option("--seed", type=int, help="Of the draws: same seed, same plan. Default: 1."),
    click.option(
        "--time-limit", type=click.FloatRange(0.1, 3600),
        help="Seconds to search; then the best plan so far with its gap. Default: 10.",
    ),
)
# fmt: on


def _add_plan_options(command: Any) -> Any:
    for option in reversed(PLAN_OPTIONS):
        command = option(command)
    return command


@click.command(cls=Command)
@click.argument("candidates", type=FILE)
@_add_plan_options
@click.option("--data", type=FOLDER, help="Tables of the creators that rows name by creator_id.")
@click.option("--rates", type=FILE, help="File of currencies and usd_per_unit.")
@click.option(
    "--out", type=FILE, help="Save the plan there: .json all of it, .csv the roster, .xlsx sheets."
)
@click.option("--picture", type=FILE, help="Draw budget against engagements: .png or .svg.")
@click.option(
    "--saved", type=FILE, help="A saved plan (.json): told at today's fees and forecasts, against "
    "the best plan of today.",
)  # fmt: skip
@click.option("--against", type=FILE, help="With --saved: another saved plan to compare with.")
@click.option("--as-of", type=Moment(), help="The moment of the forecasts. Default: now.")
@click.option(
    "--platform", help="Platform of rows that name none: instagram, tiktok, youtube or x."
)
@CAMPAIGN
@add_report_options
@add_sheet_options
@click.pass_context
def plan(
    ctx: click.Context,
    candidates: Path,
    data: Path | None,
    rates: Path | None,
    out: Path | None,
    picture: Path | None,
    saved: Path | None,
    against: Path | None,
    as_of: pd.Timestamp | None,
    platform: str | None,
    campaign: str | None,
    report: ReportRequest,
    **given: Any,
) -> None:
    """Choose whom of the list CANDIDATES to sign within a budget, and for how many deliverables.

    CANDIDATES is CSV, XLSX or Parquet as for `creatorcast score`; it may have max_deliverables,
    usage_rights, whitelisting, exclusivity and agency (such as 20 % or 150 EUR), too. Exit code 0:
    all rows were used; 3: some were rejected, which is told; 2: no plan. See docs/plan.md.
    """
    import pandas as pd

    from features.files.change_guard import require_unchanged
    from serving.batch.open_list import check_list
    from serving.plan.files import ENDINGS, PICTURE_ENDINGS, check_outputs
    from serving.plan.list_reader import read_candidates
    from serving.scoring.prospect_batch import microseconds

    if saved is not None and report.path is not None:
        raise click.UsageError(
            "--report is of a new plan, and --saved compares an old one: leave out --saved and "
            "name --budget and --currency, and the report is of the plan of today"
        )
    keeper = _plan_keeper(campaign, saved)
    check_list(candidates)  # before the model is loaded, which takes seconds
    sheet = {name: given.pop(name) for name in _SHEET_NAMES}
    settings = _settings(saved, against, given)
    outputs = {"the plan": (out, ENDINGS), "the picture": (picture, PICTURE_ENDINGS)}
    if saved is not None:
        outputs["the plan"] = (out, (".json",))
    given_files = {"rates": rates, "rules": given.get("rules"), "saved": saved, "against": against}
    inputs = {"the list": candidates, **input_files(data, sheet["columns"], **given_files)}
    check_outputs(
        {what: (path, endings) for what, (path, endings) in outputs.items() if path is not None},
        inputs,
    )
    report.check(inputs, {"the plan": out, "the picture": picture})
    with require_unchanged(data, rates):
        listed = read_candidates(candidates, build_sheet_options(platform, **sheet))
        scorer = build_scorer(data, rates, None)
    for note in listed.notes:
        click.echo(note, err=True)
    moment = microseconds(as_of if as_of is not None else pd.Timestamp.now(tz="UTC"))
    if saved is None:
        rejected = _print_plan(scorer, listed, settings, moment, out, picture, report, keeper)
    else:
        rejected = _print_comparison(scorer, listed, settings, moment, (saved, against), out)
    if rejected:
        ctx.exit(3)


_SHEET_NAMES = (
    *("columns", "delimiter", "encoding", "decimal", "day_first", "worksheet", "header_row"),
)


def _plan_keeper(campaign: str | None, saved: Path | None) -> ListKeeper | None:
    """Return what keeps the forecasts of a new plan, None where none are kept."""
    if saved is None:
        return campaign_keeper(campaign)
    if campaign is not None:
        raise click.UsageError(
            "--campaign keeps the forecasts of a new plan, and --saved compares an old one: leave "
            "one of them out"
        )
    return None


def _print_plan(
    scorer: Scorer,
    listed: CandidateList,
    settings: PlanSettings,
    as_of: int,
    out: Path | None,
    picture: Path | None,
    report: ReportRequest,
    keeper: ListKeeper | None,
) -> int:
    """Make a plan, print and write it; return how many rows were rejected."""
    from serving.ledger_entries import AskedBy, ForecastCollector
    from serving.plan.files import write_plan
    from serving.plan.planner import make_plan
    from serving.plan.terminal import print_plan
    from serving.scoring.prospect_batch import now_us

    campaign = None if keeper is None else keeper.campaign
    names = dict(zip(listed.ids, listed.names, strict=True))
    forecasts = ForecastCollector(AskedBy("plan", now_us(), campaign), names=names)
    keep = None if keeper is None else forecasts
    with _quiet_solver():
        made = make_plan(scorer, listed, settings, as_of, keep)
    if keeper is not None:
        keeper.keep(forecasts.batches, forecasts.lost, forecasts.fault)
    # files first: what reads the standard output may end before all is printed
    if out is not None:
        write_plan(made, out)
    if picture is not None:
        from serving.plan.picture import write_picture

        write_picture(made, picture)
    report.write_planned(made, scorer.bundle.manifest)
    counts = made["counts"]
    with _surviving_closed_pipe():
        print_plan(made)
        _print_rejected(made["rejected"], listed.place_word)
        click.echo(
            f"{counts['read']:,} read = {counts['in_plan']:,} in the plan + "
            f"{counts['left_out']:,} left out + {counts['rejected']:,} rejected"
            + (f"; plan in {out}" if out else "")
        )
    tell_kept(keeper)
    return counts["rejected"]


def _print_comparison(
    scorer: Scorer,
    listed: CandidateList,
    settings: PlanSettings,
    as_of: int,
    paths: tuple[Path, Path | None],
    out: Path | None,
) -> int:
    """Compare plans, print and write that; return how many rows of the list were rejected."""
    from serving.plan.comparison import compare_plans
    from serving.plan.files import read_plan, write_json
    from serving.plan.terminal import print_comparison

    saved, against = (None if path is None else read_plan(path) for path in paths)
    assert saved is not None
    with _quiet_solver():
        compared = compare_plans(scorer, listed, saved, against, settings, as_of)
    if out is not None:
        write_json(compared, out)
    rejected = listed.rejected if compared["best"] is None else compared["best"]["rejected"]
    with _surviving_closed_pipe():
        print_comparison(compared)
        _print_rejected(rejected, listed.place_word)
        if out is not None:
            click.echo(f"comparison in {out}")
    return len(rejected)


def _print_rejected(rejected: Any, place_word: str) -> None:
    for one in rejected[:20]:
        click.echo(f"rejected {place_word} {one['row']}: {'; '.join(one['reasons'])}", err=True)
    if len(rejected) > 20:
        click.echo(f"{len(rejected) - 20:,} more rejected rows: all are in --out", err=True)


def _settings(saved: Path | None, against: Path | None, given: dict[str, Any]) -> PlanSettings:
    """Return the settings of the options; those of a saved plan where they are not given."""
    from dataclasses import replace

    from serving.plan.files import read_plan
    from serving.plan.rules_file import read_rules_file
    from serving.plan.settings import PlanSettings, build_objective, settings_from_json

    options = {name: value for name, value in given.items() if value is not None}
    if saved is None:
        if against is not None:
            raise click.UsageError("--against compares with --saved: give both")
        if "budget" not in options:
            raise click.UsageError("--budget is missing: how much may be spent")
        settings = PlanSettings(options.pop("budget"))
    else:
        settings = settings_from_json(read_plan(saved)["settings"])
    settings = replace(settings, currency=options.pop("currency", settings.currency))
    rules_path = options.pop("rules", None)
    rules = settings.rules
    if rules_path is not None:
        rules = read_rules_file(rules_path, settings.currency)
    rules = _with_options(rules, options, "" if rules_path is None else str(rules_path))
    goal = options.get("goal", settings.goal)
    if {"by", "level"} & options.keys() or saved is None:
        by, level = options.pop("by", "mean"), options.pop("level", None)
        settings = replace(settings, objective=build_objective(by, level, goal))
    return replace(settings, rules=rules, **options)


def _with_options(rules: Any, options: dict[str, Any], path: str) -> Any:
    """Return rules with those that options give; a rule is given by one of the two."""
    from dataclasses import replace

    from serving.plan.problem import PlanError
    from serving.plan.rules_file import parse_rules

    names = ("min_creators", "max_creators", "must_have", "exclude", "max_fee", "max_share")
    chosen = {name: options.pop(name) for name in names if name in options}
    for name in ("must_have", "exclude"):
        if name in chosen:
            chosen[name] = [one.strip() for one in chosen[name].split(",") if one.strip()]
    if (share := chosen.get("max_share")) is not None:
        with contextlib.suppress(ValueError):
            chosen["max_share"] = float(share)
    own = parse_rules(chosen, "USD", "option")
    creators = rules.creators
    for name in chosen:
        holder = creators if name.endswith("_creators") else rules
        if path and getattr(holder, name) not in (None, ()):
            option = f"--{name.replace('_', '-')}"
            raise PlanError(f"{option} is a rule of {path!r}, too: keep one of them")
        if name.endswith("_creators"):
            creators = replace(creators, **{name: getattr(own.creators, name)})
        else:
            rules = replace(rules, **{name: getattr(own, name)})
    return replace(rules, creators=creators)


@contextlib.contextmanager
def _surviving_closed_pipe() -> Iterator[None]:
    """Print until whoever reads the standard output has enough."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)  # lest the flush at the end of the process fails, too
        os.close(nothing)


@contextlib.contextmanager
def _quiet_solver() -> Iterator[None]:
    """Keep what the solver's library itself writes away from standard output."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is no standard output
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)
