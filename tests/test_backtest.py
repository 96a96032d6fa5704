import os
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL_RECIPE

import training.backtest.age_table
import training.backtest.backtest
import training.fit
from features.derive.fit_reference import TooLittleData
from features.history.arrays import DAY_US
from features.history.history import History
from features.maturation.curve_text import curves_text
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import EVIDENCE, MATURE_DAYS
from training.backtest.age_table import AGE_CLASSES, age_classes, age_lines, age_table
from training.backtest.backtest import backtest
from training.backtest.evaluate import (
    EVALUATED_DELIVERABLES,
    ORACLE_NAME,
    OUR_MODEL,
    OUR_MODEL_WITH_CONTENT,
    REFERENCE_BASELINE,
)
from training.backtest.plots import (
    FEWEST_CREATORS,
    backtest_figures,
    coverage_by_cell,
    width_by_cell,
)
from training.backtest.report_tables import (
    ENOUGH_POSTS,
    breakdowns,
    coverage_by_group,
    forecaster_table,
    headline_rows,
    reliability_by_split,
    totals_table,
)
from training.backtest.report_text import backtest_text, training_text
from training.fit import FittedModels, Recipe
from training.simulate.oracle import Oracle
from training.train import mature_end

FORECASTERS = {
    OUR_MODEL,
    OUR_MODEL_WITH_CONTENT,
    "followers x trailing rate",
    "mean of last 12",
    "median of last 12",
    "median of last 96",
    REFERENCE_BASELINE,
    "offset alone",
    "mean of the band",
    "followers x rate of the band",
    "ridge",
    "boosting without history",
    "LightGBM default",
}


@pytest.fixture(scope="module")
def market(market_folder):
    return History.from_tables(validate(read_tables(market_folder)))


@pytest.fixture(scope="module")
def scores():
    """Two creators, forecasts 1 off and the rule 2 off; the second has too few posts for the headline."""
    frame = pd.DataFrame(
        {
            "split": "seen",
            "asked": "history",
            "creator": [0, 0, 0, 1],
            "platform": "x",
            "band": "nano",
            "evidence": "history",
            "posts_before": [9, 9, 9, ENOUGH_POSTS - 1],
            "y": [1.0, 2.0, 3.0, 50.0],
            "crps": [0.1, 0.2, 0.3, 9.0],
            f"forecast: {OUR_MODEL}": [2.0, 3.0, 4.0, 0.0],
            f"forecast: {REFERENCE_BASELINE}": [-1.0, 0.0, 1.0, 0.0],
        }
    )
    return frame.assign(**{"q0.05": 0.0, "q0.1": 1.5, "q0.5": 2.0, "q0.9": 2.5, "q0.95": 3.5})


def test_every_forecaster_stands_in_the_table_for_seen_and_unseen_on_the_same_rows(trained):
    table = trained.backtest.table
    for split in ("seen", "unseen"):
        rows = table[table["split"] == split]
        assert sorted(rows["forecaster"]) == sorted(FORECASTERS)
        assert rows["rows"].nunique() == rows["creators"].nunique() == 1
        assert (rows["mae_low"] <= rows["mae"]).all()
        assert (rows["mae"] <= rows["mae_high"]).all()
    assert np.isfinite(table[["mae", "vs_median", "spearman"]]).all(axis=None)


def test_scored_posts_lie_after_the_cut_and_their_counts_are_known(trained, market):
    scores, cut = trained.backtest.scores, trained.backtest.scores["cut"]
    posted = pd.to_datetime(scores["posted"], unit="us", utc=True)
    assert (posted > cut).all()
    latest = (
        mature_end(market)[market.platform[scores["creator"]].astype(int)] - MATURE_DAYS * DAY_US
    )
    assert (scores["posted"] <= latest).all()
    assert ((posted - cut) / pd.Timedelta(days=1)).to_numpy() == pytest.approx(
        scores["lead_days"].to_numpy()
    )
    assert scores["lead_days"].max() <= 120
    shown = scores[scores["asked"] == EVIDENCE[0]]
    assert np.isfinite(shown[[c for c in shown if c.startswith("forecast: ")]]).all(axis=None)


@pytest.fixture(scope="module")
def rolling(market, market_folder, coarse_totals):
    """Give the record of two cuts of the simulated market, with the oracle."""
    oracle = Oracle.read(market_folder, draws=128)
    record, _ = backtest(
        market, mature_end(market), SMALL_RECIPE, cuts=2, oracle=oracle, learning=True, totals=True
    )
    return record


def test_unseen_creators_train_nothing_that_judges_them(market, monkeypatch):
    fitted, judged = [], []

    def fit(history, until, recipe, accounts, *_, **__):
        fitted.append(accounts)
        return FittedModels(until, None, {}, {})

    def judge(history, fitted, until, recipe, only=None, *_):
        judged.append(only)
        raise StopIteration

    monkeypatch.setattr(training.fit, "fit_uncalibrated", fit)
    monkeypatch.setattr(training.backtest.backtest, "evaluate_fit", judge)
    with pytest.raises(StopIteration):
        backtest(market, mature_end(market), Recipe(threads=os.cpu_count()))
    # of both splits the model and the one that calibrates it
    assert fitted[0] is fitted[1] is judged[0] is None
    assert (fitted[2] == fitted[3]).all()
    assert not (fitted[2] & judged[1]).any()
    assert (fitted[2] | judged[1]).all()
    assert judged[1].mean() == pytest.approx(1 / Recipe().creator_parts, abs=0.1)


def test_unseen_rows_are_of_the_creators_held_out(rolling):
    unseen = rolling.scores[rolling.scores["split"] == "unseen"]
    for cuts in rolling.cuts.values():
        first, second = (set(unseen.loc[unseen["cut"] == cut, "creator"]) for cut in cuts)
        assert first
        assert second
        assert not first & second
    assert set(unseen["creator"]) < set(
        rolling.scores.loc[rolling.scores["split"] == "seen", "creator"]
    )


def test_every_cut_is_asked_with_every_evidence_and_nothing_before_it(rolling):
    assert {name: len(cuts) for name, cuts in rolling.cuts.items()} == dict.fromkeys(
        rolling.platforms, 2
    )
    for cut, scores in rolling.scores.groupby("cut"):
        assert (pd.to_datetime(scores["posted"], unit="us", utc=True) > cut).all()
        assert set(scores["asked"]) == set(EVIDENCE)
    assert set(rolling.by_cut.groupby(["split", "platform"]).size()) == {2}
    assert set(rolling.by_cut["platform"]) == set(rolling.platforms)


def test_width_grows_as_less_of_the_creator_is_shown(rolling):
    rows = breakdowns(rolling.scores)
    rows = rows[(rows["by"] == "asked") & (rows["split"] == "seen")].set_index("class")
    assert (
        rows.loc["history", "width_80"]
        < rows.loc["summary", "width_80"]
        < rows.loc["profile", "width_80"]
    )
    assert set(rows["creators"]) == {rows["creators"].iloc[0]}


def test_nobody_beats_the_oracle(rolling):
    table = rolling.table[rolling.table["split"] == "seen"].set_index("forecaster")
    assert table["mae"].idxmin() == ORACLE_NAME
    assert table.loc[OUR_MODEL, "crps_oracle"] < table.loc[OUR_MODEL, "crps"]


def test_totals_are_of_posts_in_a_row_and_each_post_once(rolling, market):
    table = totals_table(rolling.totals)
    assert set(table["deliverables"]) == set(EVALUATED_DELIVERABLES)
    singles = rolling.totals[
        (rolling.totals["deliverables"] == 1) & (rolling.totals["split"] == "seen")
    ]
    known = rolling.scores[
        (rolling.scores["asked"] == "history") & (rolling.scores["split"] == "seen")
    ]
    counts = np.maximum(np.expm1(known["y"] + known["growth"]), 0)  # brought to the horizon
    np.testing.assert_allclose(np.sort(singles["total"]), np.sort(counts), rtol=1e-9)
    five = rolling.totals[
        (rolling.totals["deliverables"] == 5) & (rolling.totals["split"] == "seen")
    ]
    assert 5 * len(five) <= len(singles)


def test_breakdowns_hold_the_headline_rows_once_each(rolling):
    rows = breakdowns(rolling.scores)
    headline = len(headline_rows(rolling.scores))
    for by in ("platform", "band", "niche", "lead_days", "age_read_days"):
        assert rows.loc[rows["by"] == by, "rows"].sum() == headline


def test_the_text_tells_every_part(rolling):
    about = {
        "target": "engagements",
        "trained_on": "simulated",
        "accounts": 9,
        "posts": 9,
        "horizon_days": 30,
    }
    text = backtest_text(rolling, about)
    assert text.splitlines()[1] == curves_text(rolling.curves, "engagements", 30)
    for part in (
        "by cut",
        "by age in days at which the outcome was read",
        "by what is shown",
        "totals of several",
        "coverage by platform",
        ORACLE_NAME,
        "simulated data: a",
    ):
        assert part in text


def test_a_forecast_that_was_told_the_answers_has_no_error(trained):
    scores = trained.backtest.scores
    table = forecaster_table(scores.assign(**{f"forecast: {OUR_MODEL}": scores["y"]})).set_index(
        ["split", "forecaster"]
    )
    for split in ("seen", "unseen"):
        row = table.loc[(split, OUR_MODEL)]
        assert row[["mae", "mae_low", "mae_high"]].tolist() == [0, 0, 0]
        assert row["vs_median"] == -1
        assert row[["spearman", "spearman_within"]].tolist() == pytest.approx([1, 1])


def test_the_headline_counts_creators_with_enough_posts(scores):
    table = forecaster_table(scores).set_index("forecaster")
    ours = table.loc[OUR_MODEL]
    assert ours[["rows", "creators", "mae", "vs_median", "spearman"]].tolist() == pytest.approx(
        [3, 1, 1, -0.5, 1]
    )
    assert ours[["crps", "coverage_80", "coverage_90", "width_80"]].tolist() == pytest.approx(
        [0.2, 1 / 3, 1, 1]
    )
    assert table.loc[REFERENCE_BASELINE, ["mae", "vs_median"]].tolist() == [2, 0]
    assert np.isnan(table.loc[REFERENCE_BASELINE, "crps"])


def test_a_cell_needs_fifty_creators_to_be_judged(scores):
    cell = coverage_by_group(scores).iloc[0]
    assert cell[["rows", "creators", "judged", "coverage_80"]].tolist() == [4, 2, False, 0.25]
    many = pd.concat([scores.assign(creator=number) for number in range(50)])
    cell = coverage_by_group(many).iloc[0]
    assert cell[["judged", "coverage_80", "fails"]].tolist() == [True, 0.25, True]


def test_reliability_is_the_share_of_outcomes_below_each_quantile(scores):
    table = reliability_by_split(scores.assign(pit=[0.1, 0.5, 0.9, 0.9]))
    own = headline_rows(scores.assign(pit=[0.1, 0.5, 0.9, 0.9]))["pit"]
    assert table["level"].tolist() == pytest.approx([k / 20 for k in range(1, 20)])
    for row in table.itertuples():
        assert row.below == pytest.approx((own <= row.level).mean())
        assert row.below_low <= row.below <= row.below_high
    assert table["rows"].unique().tolist() == [3]


def test_bias_by_age_is_against_the_horizon_and_against_the_age_at_reading(scores, monkeypatch):
    """Forecasts for the age at reading lie 1 above the outcomes; those for the horizon, growth more."""
    ages = {"age_read_days": [7.0, 10.0, np.nan, 3.0], "growth": [0.3, 0.1, -0.06, 9.0]}
    few = age_table(scores.assign(**ages, curve="fitted"))
    assert not few["exceeds"].any()
    assert "-1.000 (too few creators) " in "\n".join(age_lines(few, 30))
    monkeypatch.setattr(training.backtest.age_table, "MIN_CREATORS", 1)
    fitted = age_table(scores.assign(**ages, curve="fitted"))
    assert fitted["age_read"].tolist() == ["7-14", "not told"]  # the second creator has few posts
    assert fitted[["rows", "creators"]].to_numpy().tolist() == [[2, 1], [1, 1]]
    assert fitted["bias"].tolist() == pytest.approx([-1, -1])
    assert fitted["bias_as_read"].tolist() == pytest.approx([-1.2, -0.94])
    assert fitted["mae"].tolist() == pytest.approx([1, 1])
    assert fitted["coverage_80"].tolist() == [0.5, 0]
    assert fitted["exceeds"].tolist() == [True, True]
    text = "\n".join(age_lines(fitted, 30))
    assert "-1.000 (-1.000 to -1.000)**" in text
    assert "*: the bias is more than 0.05 from 0 although the curve was fitted" in text
    assert not age_table(scores.assign(y=scores["y"] + 0.97, **ages, curve="fitted"))[
        "exceeds"
    ].any()
    published = age_table(scores.assign(**ages, curve="published"))
    assert not published["exceeds"].any()
    assert "*" not in "\n".join(age_lines(published, 30))


def test_every_age_has_one_class():
    ages = [0.0, 6.99, 7.0, 14.0, 30.0, 90.0, 400.0, np.nan]
    names = [AGE_CLASSES[place] for place in age_classes(np.array(ages))]
    assert names == [
        *("0-7", "0-7", "7-14", "14-30", "30-90", "90 and more", "90 and more", "not told")
    ]


def test_forecasts_are_moved_to_the_age_at_which_the_outcome_was_read(trained):
    scores = trained.backtest.scores
    is_younger = scores["age_read_days"] < 30
    assert is_younger.any()
    assert (scores.loc[is_younger, "growth"] > 0).all()
    assert (scores.loc[~is_younger, "growth"] <= 0).all()
    ages = age_table(scores)
    assert ages["rows"].sum() == len(headline_rows(scores))
    moved = (ages["bias"] - ages["bias_as_read"]).groupby(ages["age_read"]).mean()
    assert (moved[["7-14", "14-30"]] > 0).all()


def test_cells_hold_every_scored_post_once(trained):
    cells = trained.backtest.coverage
    assert cells["rows"].sum() == len(trained.backtest.scores)
    assert (cells["coverage_80"] <= cells["coverage_90"]).all()
    assert not cells.duplicated(["split", "platform", "band", "evidence"]).any()


def test_without_known_engagements_there_is_nothing_to_judge():
    creators = pd.DataFrame({"creator_id": ["a"], "platform": ["instagram"], "followers": [100.0]})
    history = History.from_tables(validate(Tables(creators=creators)))
    with pytest.raises(
        TooLittleData, match="no post has known engagements: posts need likes and comments"
    ):
        backtest(history, mature_end(history), Recipe())


@pytest.mark.parametrize("draw", [coverage_by_cell, width_by_cell])
def test_a_picture_says_that_no_group_has_creators_enough(trained, draw):
    coverage = trained.backtest.coverage
    figure = draw(coverage[coverage["creators"] < FEWEST_CREATORS])
    assert figure.axes[0].get_title() == "no group has 10 creators or more"
    figure.savefig(BytesIO())


def test_pictures_and_text_show_every_forecaster(trained, rolling):
    drawn = backtest_figures(trained.backtest)
    names = {
        f"{name}.png"
        for name in [
            "error_by_forecaster",
            "error_by_followers",
            "error_by_history",
            "coverage_by_cell",
            "width_by_cell",
            "reliability",
            "pit",
            "learning_curve",
            "bias_by_age_seen",
            "bias_by_age_unseen",
            "curves",
        ]
    }
    assert {*drawn} == names
    assert {*backtest_figures(rolling)} == names
    axes = drawn["error_by_forecaster.png"].axes
    assert [{label.get_text() for label in one.get_yticklabels()} for one in axes] == [
        FORECASTERS,
        FORECASTERS,
    ]
    for figure in drawn.values():
        figure.canvas.draw()
    text = training_text(trained.backtest, trained.bundle.manifest)
    assert text.startswith("trained on simulated data: 150 accounts, ")
    assert "\ncounts brought to 30 days after posting: " in text
    assert all(text.count(f"  {name} ") == 2 for name in FORECASTERS - {OUR_MODEL})
