"""The recipe file: all of it read and printed, faults told together, and every key changes the fit."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from features.history.history import History
from features.tables.vocabulary import TARGETS
from models.boosting import Boosting
from training.backtest.backtest import backtest
from training.fit import (
    FittedModels,
    derive_training_rows,
    fit,
    fit_forecaster,
    score_later_posts,
)
from training.later_posts import derive_later_posts, label_later_posts
from training.platform_times import time_of_post_share, times_by_platform
from training.recipe import FEATURE_GROUPS, Recipe, columns_of_group, needed_columns
from training.recipe_file import RecipeError, read_recipe, recipe_text, with_options
from training.recipe_keys import KEYS
from training.sampling import Sampling
from training.simulate.simulate import write_market
from training.train import mature_end
from training.training_data import read_training_tables

SMALL = Recipe(
    sampling=Sampling(per_post=1),
    location=Boosting(trees=12, leaves=7, learning_rate=0.1, min_child=10),
    scale=Boosting(trees=6, leaves=5, learning_rate=0.1, min_child=10),
    folds=2,
    threads=1,
)
#: Another value of each key; `threads` must change nothing, `targets` and `creator_parts` have
#: tests of their own.
CHANGED = {
    "horizon_days": 14, "brings_counts": False, "folds": 3, "calibration_share": 0.4,
    "calibration_half_life_days": 5.0, "widen": 0.5, "left_out": ("timing",), "seed": 1,
    "sampling.longest_lead_days": 20.0, "sampling.per_post": 2, "sampling.summary_share": 0.5,
    "sampling.profile_share": 0.6, "sampling.content_share": 0.1, "sampling.creator_power": 0.0,
    "sampling.half_life_days": 20.0,
    **{f"{part}.{name}": value for part in ("location", "scale") for name, value in {
        "trees": 9, "leaves": 3, "min_child": 40, "lambda_l2": 0.5, "learning_rate": 0.3,
        "subsample": 0.4, "colsample": 0.9,
    }.items()},
    "location.patience": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    folder = write_market(tmp_path_factory.mktemp("recipe") / "data", creators=25, seed=3)
    return History.from_tables(read_training_tables(folder))


def changed(recipe, key, value):
    section, _, name = key.rpartition(".")
    if not section:
        return with_options(recipe, {name: value})
    return replace(recipe, **{section: replace(getattr(recipe, section), **{name: value})})


#: Keys that change what is learned from rows, and leave the rows.
LEARNING = ("location", "scale", "sampling.creator_power", "sampling.half_life_days", "folds")


class Fits:
    """Fits of recipes; rows are derived once for all that draw the same."""

    def __init__(self, history):
        self.history, self.derived = history, {}

    def rows(self, recipe):
        """Give the rows of a fit at the backtest's cut, and the later posts that calibrate it."""
        history, until, target = self.history, mature_end(self.history), TARGETS[0]
        cut = time_of_post_share(history, target, until, 1 - recipe.calibration_share)
        training = derive_training_rows(history, target, cut, recipe)
        at_horizon = training.reference.at_horizon(history)
        lead = recipe.sampling.longest_lead_days
        posts = label_later_posts(at_horizon, target, cut, until, lead)
        return training, derive_later_posts(at_horizon, posts, training.reference)

    def text(self, recipe, key=""):
        """Give the calibrated forecaster of engagements as text: its boosters and its tables."""
        keeps_rows = key.startswith(LEARNING) or key in ("widen", "left_out", "threads")
        derived = "" if keeps_rows or key == "calibration_half_life_days" else key
        if derived not in self.derived:
            self.derived[derived] = self.rows(recipe)
        training, later = self.derived[derived]
        forecaster = fit_forecaster(TARGETS[0], training, recipe)
        model = FittedModels(training.until, training.reference, {TARGETS[0]: forecaster}, {})
        until = mature_end(self.history)
        scores = score_later_posts(self.history, TARGETS[0], model, later, until, recipe)
        forecaster.calibrate(scores)
        boosters = [forecaster.location_.text, forecaster.scale_.text]
        return repr([boosters, forecaster.correction_, forecaster.conformal_.z.tolist()])


def test_the_printed_file_has_every_key_with_its_meaning_and_reads_as_the_default(tmp_path):
    text = recipe_text(Recipe(), "two\nlines")
    (tmp_path / "r.toml").write_text(text)
    assert read_recipe(tmp_path / "r.toml") == Recipe()
    assert text.startswith("# two\n# lines\n")
    lines = text.splitlines()
    for key in KEYS:
        place = lines.index(next(line for line in lines if line.startswith(f"{key.name} = ")))
        assert lines[place - 1].startswith("# ")
    named = {f"{key.section}.{key.name}".strip(".") for key in KEYS}
    values = asdict(Recipe())
    fields = {name for name, value in values.items() if not isinstance(value, dict)} | {
        f"{part}.{name}"
        for part, value in values.items()
        if isinstance(value, dict)
        for name in value
    }
    # one seed for all, and the scale's booster is never stopped early
    assert named == fields - {"sampling.seed", "scale.patience"}
    other = with_options(replace(SMALL, left_out=("brand", "start_hour")), {"seed": 7})
    (tmp_path / "r.toml").write_text(recipe_text(other))
    assert read_recipe(tmp_path / "r.toml") == other
    assert Recipe.from_parameters(other.parameters()) == replace(other, threads=0)


REMEDY = "take it out of the list"
FAULTY = """\
horizon_day = 3
folds = "3"
seed = true
widen = nan
left_out = ["timming", "engagements_log_offset", "followers_late_flag"]
targets = ["views"]
[sampling]
per_post = 0
summary_share = 0.6
profile_share = 0.5
seed = 3
[locatio]
trees = 1
[scale]
patience = 1
learning_rate = 0
"""


def test_all_faults_of_a_file_are_told_together(tmp_path):
    path = tmp_path / "faulty.toml"
    path.write_text(FAULTY)
    with pytest.raises(RecipeError) as refused:
        read_recipe(path)
    title, *lines = str(refused.value).splitlines()
    assert title == f"{str(path)!r} is no recipe, 14 faults:"
    assert [line.strip() for line in lines] == [
        "line 1, horizon_day: is no key of a recipe: did you mean horizon_days?",
        "line 2, folds: is '3': expected a whole number from 2 to 50",
        "line 3, seed: is true: expected a whole number from 0 to 2,147,483,647",
        "line 4, widen: is nan: expected a number from 0 to 2",
        f"line 5, left_out: names 'engagements_log_offset', which cannot be left out, as every forecast rests on it: {REMEDY}",
        f"line 5, left_out: names 'followers_late_flag', from which models do not learn: {REMEDY}",
        "line 5, left_out: names 'timming', which is no column: did you mean timing?",
        'line 6, targets: is ["views"]: expected ["engagements"] or ["engagements", "views"]',
        "line 8, sampling.per_post: is 0: expected a whole number from 1 to 20",
        "line 9, sampling.summary_share: is 1.1 together with profile_share: expected below 1",
        "line 11, sampling.seed: belongs to the top",
        "line 12, locatio: there is no section [locatio]: did you mean location?",
        "line 15, scale.patience: belongs to [location]",
        "line 16, scale.learning_rate: is 0: expected a number above 0, up to 1",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"widen = ", "is no TOML"),
        (b"\xff", "is not UTF-8 text"),
        (b"location = 3", "line 1, location: is 3: expected a section [location] with keys"),
        (b"targets = [1]", 'targets: is [1]: expected ["engagements"]'),
        (
            b'left_out = ["offset"]',
            "names 'offset' (engagements_log_offset, views_log_offset), which",
        ),
        (b"left_out = [2]", "left_out: names 2: expected names of columns or groups, as text"),
        (b"x = 2026-01-01\n[sampling.x]\ny=1", "2 faults"),
    ],
)
def test_what_is_no_recipe_is_refused(tmp_path, content, told):
    (tmp_path / "r.toml").write_bytes(content)
    with pytest.raises(RecipeError) as refused:
        read_recipe(tmp_path / "r.toml")
    assert told in str(refused.value)


def test_every_key_but_the_threads_changes_the_fit(history):
    named = {f"{key.section}.{key.name}".strip(".") for key in KEYS}
    assert named == {*CHANGED, "targets", "creator_parts", "threads"}
    fits = Fits(history)
    before = fits.text(SMALL)
    assert fits.text(replace(SMALL, threads=2), "threads") == before
    same = [
        key
        for key, value in CHANGED.items()
        if fits.text(changed(SMALL, key, value), key) == before
    ]
    assert same == []


def test_each_group_leaves_out_columns_that_no_forecast_needs(history):
    for group in FEATURE_GROUPS:
        assert columns_of_group(group), group
        assert not needed_columns() & {*columns_of_group(group)}
    everything = replace(SMALL, left_out=tuple(FEATURE_GROUPS))
    fitted = fit(history, mature_end(history), everything, targets=TARGETS[:1])
    forecaster = fitted.forecasters[TARGETS[0]]
    left_out = {*everything.left_out_columns()}
    assert left_out
    assert not left_out & {*forecaster.columns_}
    assert left_out <= {*forecaster.state()[0]["leave_out"]}


def test_the_backtest_leaves_out_the_part_of_the_creators_that_the_recipe_says(history):
    until = times_by_platform(mature_end(history))
    record, _ = backtest(history, until, replace(SMALL, creator_parts=2))
    unseen = record.scores.loc[record.scores["split"] == "unseen", "creator"].nunique()
    all_creators = record.scores.loc[record.scores["split"] == "seen", "creator"].nunique()
    assert 0.25 < unseen / all_creators < 0.75
    assert np.isfinite(record.scores["crps"]).all()
