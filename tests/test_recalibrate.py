import shutil

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from matched_outcomes import END, matched_outcomes

from creatorcast import main
from features.history.arrays import DAY_US
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from ledger.matched_forecasts import WAITING
from ledger.store import open_ledger
from models.bundle import load_version
from models.bundle_folders import bundle_versions
from models.champion import champion_version, set_champion
from models.conformal import GRID
from models.model_card.text import card_text
from models.recalibration import MOST_STRETCH, adjusted_tables, fit_adjustment
from training.artifacts import outcome_scores_file, read_artifacts
from training.promote.outcome_pairs import pair_outcomes
from training.recalibrate import (
    NothingToRecalibrate,
    RetrainingDue,
    TooFewOutcomes,
    recalibrate,
)
from training.recalibration_outcomes import UsableOutcomes, usable_outcomes
from training.runs.description import run_description, run_name
from training.runs.experiment import bundle_experiment

NOW = END + 9 * DAY_US
# each recalibration simulates totals anew, of which no test asks
pytestmark = pytest.mark.usefixtures("coarse_totals")


@pytest.fixture
def own_home(home, tmp_path):
    """Give a copy of the home, whose champion is the trained bundle."""
    shutil.copytree(home / "artifacts", tmp_path / "artifacts")
    return tmp_path


def champion_of(home):
    return load_version(home, champion_version(home))


def coverage(bundle, rows):
    low, high = UsableOutcomes(rows.assign(creator="x"), {}).forecast(
        bundle.forecasters["engagements"]
    ).interval(0.8).T  # fmt: skip
    total = np.expm1(rows["outcome_ln"])
    return ((low <= total) & (total <= high)).mean()


@pytest.mark.parametrize(("moved", "stretched"), [(-0.4, 1.0), (0.3, 0.7)])
def test_recalibrating_brings_coverage_back_on_the_next_outcomes(own_home, moved, stretched):
    before = champion_of(own_home)
    made = recalibrate(
        own_home, matched_outcomes(before, 800, moved, stretched, seed=1), NOW
    ).trained.bundle
    later = matched_outcomes(before, 4000, moved, stretched, seed=2)
    assert abs(coverage(before, later) - 0.8) > 0.03
    assert 0.77 <= coverage(made, later) <= 0.84
    entry = made.manifest["recalibrated"]
    assert entry["trained"] == entry["from"] == before.version != made.version
    assert (entry["outcomes"], entry["width_ratio"] <= MOST_STRETCH) == (800, True)
    sums = before.manifest["sha256"], made.manifest["sha256"]
    same = {name for name in sums[0] if sums[0][name] == sums[1][name]}
    assert {"engagements_location.txt", "engagements_scale.txt", "reference.json"} <= same
    assert made.manifest["until"] == before.manifest["until"]
    assert champion_version(own_home) == before.version


def test_where_nothing_changed_or_it_cannot_help_nothing_is_written(own_home):
    before = champion_of(own_home)
    versions = bundle_versions(own_home)
    asked = (
        (NothingToRecalibrate, matched_outcomes(before, 4000, creators=1500, seed=4), "as chance"),
        (TooFewOutcomes, matched_outcomes(before, 199), "200 of 30 are needed"),
        (TooFewOutcomes, matched_outcomes(before, 600, creators=5, moved=-1), "of 10 creators"),
        (RetrainingDue, matched_outcomes(before, 800, stretched=1.5), "retraining is due"),
    )
    lost = matched_outcomes(before, 800, stretched=0.5)
    lost["outcome_ln"] = np.random.default_rng(0).permutation(lost["location"])
    for error, matched, words in (*asked, (RetrainingDue, lost, "retraining")):
        with pytest.raises(error, match=words):
            recalibrate(own_home, matched, NOW)
    assert bundle_versions(own_home) == versions


def test_every_outcome_is_used_or_counted_as_left_out(own_home):
    bundle = champion_of(own_home)
    matched = matched_outcomes(bundle, 400)
    matched.loc[:9, "status"] = WAITING
    matched.loc[10:14, "is_latest"] = False
    matched.loc[15:17, "location"] = np.nan
    matched.loc[18:19, "model_version"] = "another"
    since = int(matched["posted_at"].iloc[30])
    found = usable_outcomes(own_home, matched, bundle.version, since)
    assert len(found) + sum(found.left_out.values()) == 400
    assert list(found.left_out.values()) == [10, 5, 15]
    assert len(usable_outcomes(own_home, matched, bundle.version)) == 380
    shuffled = usable_outcomes(own_home, matched.sample(frac=1, random_state=0), bundle.version)
    assert shuffled.digest == usable_outcomes(own_home, matched, bundle.version).digest


def test_a_second_recalibration_starts_from_the_tables_as_they_were_trained(own_home):
    trained = champion_of(own_home)
    first = recalibrate(own_home, matched_outcomes(trained, 800, moved=-0.5), NOW).trained.bundle
    set_champion(own_home, first.version)
    matched = matched_outcomes(trained, 800, seed=7, version=first.version)  # the drift is over
    back = recalibrate(own_home, matched, NOW).trained.bundle
    ours, theirs = (b.forecasters["engagements"].conformal_ for b in (back, trained))
    np.testing.assert_allclose(ours.z[ours.place], theirs.z[theirs.place])
    entry = back.manifest["recalibrated"]
    assert (entry["trained"], entry["from"]) == (trained.version, first.version)


def test_the_gate_finds_scores_that_no_own_outcome_made(own_home):
    before = champion_of(own_home)
    matched = matched_outcomes(before, 900, moved=-0.5, changed_days=40, seed=3)
    made = recalibrate(own_home, matched, NOW).trained.bundle
    pairs, lack = pair_outcomes(own_home, made.manifest, before.manifest)
    assert lack == ""
    assert len(pairs.rows) == pytest.approx(300, abs=3)
    assert pairs.rows["candidate"].mean() < 0.97 * pairs.rows["champion"].mean()
    scores = pd.read_parquet(outcome_scores_file(own_home, made.version))
    # other outcomes of the last week change none of its forecasts, nor those before
    changed = matched.copy()
    last = changed["posted_at"] > END - 7 * DAY_US
    changed.loc[last, "outcome_ln"] -= 0.2
    other = recalibrate(own_home, changed, NOW).trained.bundle
    again = pd.read_parquet(outcome_scores_file(own_home, other.version))
    pd.testing.assert_series_equal(scores["q0.5"], again["q0.5"])
    assert pairs.rows[["candidate_80", "candidate_90"]].mean().between(0.6, 1).all()
    _, lack = pair_outcomes(own_home, made.manifest, {**before.manifest, "version": "later"})
    assert "is not the champion any more" in lack


@settings(max_examples=12)
@given(st.floats(-3, 3), st.floats(0.2, 4), st.integers(1, 400), st.sampled_from([1, 3, 200]))
def test_adjusted_tables_ascend_and_are_never_stretched_beyond_the_limit(
    trained, moved, stretched, n, creators
):
    bundle = trained.bundle
    matched = matched_outcomes(bundle, n, moved, stretched, creators=creators, platforms=("x",))
    outcomes = UsableOutcomes(matched.assign(creator=matched["creator_id"]), {})
    forecaster = bundle.forecasters["engagements"]
    fitted = fit_adjustment(outcomes.deviations(forecaster, NOW), len(PLATFORMS), len(EVIDENCE))
    tables = adjusted_tables(forecaster.conformal_, fitted)
    assert (np.diff(tables.z, axis=1) >= 0).all()
    assert tables.z.shape == (len(PLATFORMS) * len(EVIDENCE), len(GRID))
    assert fitted.spread.max() <= MOST_STRETCH
    untouched = [row for row in range(len(PLATFORMS)) if PLATFORMS[row] != "x"]
    trained_tables = forecaster.conformal_
    np.testing.assert_allclose(
        tables.z[tables.place[untouched]], trained_tables.z[trained_tables.place[untouched]]
    )
    assert fitted.outcomes.sum() == n


def test_totals_over_several_deliverables_recalibrate_as_single_ones_do(own_home):
    bundle = champion_of(own_home)
    forecaster = bundle.forecasters["engagements"]
    matched = matched_outcomes(bundle, 2000, seed=5).assign(deliverables=4.0, creator="x")
    matched["creator"] = matched["creator_id"]
    forecast = UsableOutcomes(matched, {}).forecast(forecaster)
    levels = np.random.default_rng(1).random(len(matched))
    curves = np.log1p(forecast.quantile(GRID))
    drawn = [np.interp(u, GRID, curve) for u, curve in zip(levels, curves, strict=True)]
    matched["outcome_ln"] = np.array(drawn) - 0.4
    deviations = UsableOutcomes(matched, {}).deviations(forecaster, NOW)
    fitted = fit_adjustment(deviations, len(PLATFORMS), len(EVIDENCE))
    seen = fitted.outcomes > 0
    assert fitted.spread[seen] == pytest.approx(1.0, abs=0.08)
    made = recalibrate(own_home, matched.drop(columns="creator"), NOW).trained.bundle
    moved = [row["moved"] for row in made.manifest["recalibrated"]["tables"]]
    assert moved == pytest.approx([-0.3] * len(moved), abs=0.06)  # three quarters of it


def test_the_command_says_what_it_lacks(own_home, tmp_path_factory, monkeypatch):
    def said_in(folder):
        monkeypatch.setenv("CREATORCAST_HOME", str(folder))
        ran = CliRunner().invoke(main, ["recalibrate", "--no-log"])
        assert ran.exit_code == 2
        return ran.output

    assert "no champion" in said_in(tmp_path_factory.mktemp("empty"))
    assert "there is no ledger at" in said_in(own_home)
    open_ledger(own_home).close()
    assert "0 matured outcomes of 0 creators are too few" in said_in(own_home)


def test_the_run_and_the_card_of_a_recalibrated_bundle_say_so(own_home):
    trained = read_artifacts(own_home, champion_version(own_home))
    matched = matched_outcomes(trained.bundle, 600, moved=-0.5)
    found = recalibrate(own_home, matched, NOW).trained
    manifest, before = found.bundle.manifest, trained.bundle.version
    assert bundle_experiment(manifest, found.note) == bundle_experiment(
        trained.bundle.manifest, trained.note
    )
    assert run_name(manifest, None).startswith("recalibrated by 600 outcomes | read until 2026-07")
    told = run_description(manifest, found.note, None, None)
    card = card_text(found.bundle, found.note)
    for text in (told, card):
        assert f"Recalibrated from {before} by 600 outcomes of" in text
        assert f"The figures of the backtest are of {before}" in text
    assert f"`creatorcast reproduce {before}` checks it" in card
    assert found.bundle.version in card.splitlines()[0]
    assert "## Recalibration" not in card_text(trained.bundle, trained.note)
