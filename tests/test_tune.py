"""The search for a better recipe: inside of the training window, continued, stopped, and never claiming noise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from features.history.history import History
from models.boosting import Boosting
from training.platform_times import time_of_post_share, times_of_accounts
from training.recipe import Recipe
from training.recipe_file import read_recipe
from training.recipe_keys import KEYS
from training.sampling import Sampling
from training.simulate.simulate import write_market
from training.train import mature_end
from training.training_data import data_digest, read_training_tables
from training.tune.confirm import confirm
from training.tune.cuts import TARGET, TuningError, derive_tuning_cuts
from training.tune.space import SPACE, suggest_recipe, with_values
from training.tune.study_file import STUDY_NAME, open_study, search_name
from training.tune.tune import tune

#: A default with intervals so wide that any trial is better.
BAD = Recipe(
    sampling=Sampling(per_post=1),
    location=Boosting(trees=10, leaves=4, min_child=10),
    scale=Boosting(trees=5, leaves=4, min_child=10),
    folds=2,
    widen=2.0,
    threads=1,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_market(tmp_path_factory.mktemp("tune") / "data", creators=40, seed=6)


@pytest.fixture(scope="module")
def searched(data, tmp_path_factory):
    """Give a home with a search of two trials from a bad default, its result and what it told."""
    home, told = tmp_path_factory.mktemp("home"), []
    return home, tune(data, home, BAD, 10, told.append, trials=2), told


def test_a_planted_bad_default_is_beaten_on_posts_that_no_trial_saw(searched):
    _, result, told = searched
    assert not result.recommends_default
    assert result.confirmation.high < 0
    assert result.text().splitlines()[1].startswith("better than the default: CRPS ")
    best = read_recipe(result.file)
    assert best == replace(with_values(BAD, result.best_values))
    assert best.widen <= 0.15
    assert "the default recipe: CRPS" in "\n".join(told)
    assert sum(line.startswith("trial ") for line in told) == 2


def test_the_same_command_continues_a_search_that_was_killed_or_stopped(searched, data):
    home, first, _ = searched
    with open_study(first.study, 0) as study:
        study.ask()  # a trial that a killed process left running
        with pytest.raises(TuningError, match="another creatorcast tune works on"):
            tune(data, home, BAD, 10, trials=1)

    def stop(done, total, text):
        raise KeyboardInterrupt

    again = tune(data, home, BAD, 10, progress=stop, trials=5)
    assert again.interrupted
    assert (again.name, again.trials) == (first.name, {"complete": 3, "fail": 1})
    assert again.best_crps <= first.best_crps
    assert "the search was stopped; the same command continues it" in again.text()
    assert read_recipe(again.file).widen <= 0.15
    digest = data_digest(read_training_tables(data))
    assert search_name(data, digest, BAD) == first.name
    assert search_name(data, digest, replace(BAD, seed=9)) != first.name


def test_a_search_says_what_it_continues_and_what_stays_when_it_is_stopped_early(
    searched, data, tmp_path
):
    home, first, _ = searched
    told = []

    def stop(text):
        told.append(text)
        if text.startswith("deriving"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"keeps \d+ trials: the same command continues"):
        tune(data, home, BAD, 10, stop, trials=1)
    assert any(text.startswith(f"continues {first.study.name}, ") for text in told)
    with pytest.raises(KeyboardInterrupt, match="nothing is kept, the same command begins anew"):
        tune(data, tmp_path, BAD, 10, stop, trials=1)
    assert not [*tmp_path.iterdir()]
    assert "times as long in its trees" in first.text()


def test_nothing_after_the_last_cut_of_the_backtest_is_read_and_cuts_lie_apart(data):
    history = History.from_tables(read_training_tables(data))
    until = mature_end(history)
    cuts = derive_tuning_cuts(history, until, BAD)
    last = time_of_post_share(history, TARGET, until, 1 - BAD.calibration_share)
    confirmed = cuts.confirmation.scored.posts
    assert (confirmed.posted < times_of_accounts(history, last, confirmed.account)).all()
    starts = cuts.confirmation.fit.until
    for cut in cuts.selection:
        posts = cut.scored.posts
        assert (posts.posted < times_of_accounts(history, starts, posts.account)).all()
        assert (cut.earlier.until < cut.fit.until).all()
        assert (cut.fit.until < starts).all()
    assert (confirmed.posted > times_of_accounts(history, starts, confirmed.account)).all()
    with pytest.raises(TuningError, match="too little to tune on"):
        derive_tuning_cuts(history, history.posts_with_engagements.time.min() + 0 * until, BAD)


def test_noise_is_not_told_as_gain_and_a_gain_is():
    claims, gains = 0, 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        creator = np.repeat(np.arange(80), 20)
        default = random.gamma(2.0, 0.2, len(creator))
        by_creator = random.normal(0, 0.01, 80)[creator]
        noise = random.normal(0, 0.05, len(creator)) + by_creator
        claims += confirm(default, default + noise, creator, 1).beats_default
        gains += confirm(default, 0.97 * default + noise, creator, 1).beats_default
    assert claims <= 12  # 2.5 % of 200 are 5
    assert gains >= 190


def test_a_default_that_no_trial_beats_is_kept(searched):
    _, result, _ = searched
    kept = replace(result, confirmation=None)
    assert "nothing beats the default: no trial is better" in kept.text()
    noise = replace(result.confirmation, low=-0.01, high=0.002)
    kept = replace(result, confirmation=noise)
    assert kept.recommends_default
    assert "nothing beats the default beyond noise" in kept.text()


def test_the_space_is_told_and_is_inside_of_what_recipes_may_be():
    page = (Path(__file__).parents[1] / "docs" / "recipe.md").read_text()
    for part in SPACE:
        row = f"| `{part.key}` | {part.low:g} | {part.high:g} | {'log ' if part.log else ''}|"
        assert row in page
    keys = {(key.section, key.name): key for key in KEYS}
    for dimension in SPACE:
        key = keys[dimension.section, dimension.name]
        assert (key.fault(dimension.low), key.fault(dimension.high)) == (None, None)
    study = optuna.create_study(study_name=STUDY_NAME)
    trial = study.ask()
    recipe = suggest_recipe(trial, Recipe())
    assert recipe == with_values(Recipe(), trial.params)
    assert recipe != Recipe()
    assert recipe.sampling.per_post == 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # of MLflow 3.17
def test_a_search_is_one_run_with_a_run_below_it_for_each_trial(searched, data):
    from mlflow import MlflowClient

    from training.tune.search_runs import log_search

    home, _, _ = searched
    for trials in (1, 2):
        result = tune(data, home, replace(BAD, widen=1.9), 10, trials=1)
        run = log_search(result, home, None)
        assert log_search(result, home, None) == run
        client = MlflowClient(f"sqlite:///{home}/artifacts/mlflow.db")
        experiment = client.get_run(run).info.experiment_id
        runs = client.search_runs([experiment], f"tags.search = '{result.name}'")
        below = [one for one in runs if one.data.tags.get("mlflow.parentRunId") == run]
        assert (len(runs), len(below)) == (trials + 1, trials)
        assert {one.info.status for one in runs} == {"FINISHED"}
        assert {dimension.key for dimension in SPACE} <= {*below[0].data.params}
        assert below[0].data.metrics["crps"] > 0
        parent = client.get_run(run).data
        assert parent.tags["mlflow.note.content"] == result.text()
        assert parent.params["widen"] == "1.9"
        assert {file.path for file in client.list_artifacts(run)} >= {result.file.name}
