"""Other quantiles of the totals than the usual seven, in answers of every kind."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import read_workbook, uneven_list

from creatorcast import main
from features.errors import CreatorcastError
from models.distribution import QUANTILES
from serving.batch import BatchError, BatchOptions, parse_quantiles, score_file
from serving.scoring.answer_table import ANSWER_COLUMNS
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.quantiles import columns_with, quantile_name

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
READ = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": read_workbook}


@pytest.fixture
def scored(tmp_path, scorer):
    """Score 24 rows of one to three deliverables; give the answers as a frame."""
    frame = (
        uneven_list(25).drop(index=7).assign(deliverables=np.arange(24) % 3 + 1.0, format="video")
    )
    frame["followers"] *= 200.0

    def score(*quantiles, ending="parquet", goal=np.nan, rate=np.nan, **options):
        frame.assign(goal_engagements=goal, completion_rate=rate).to_parquet(
            tmp_path / "list.parquet"
        )
        out = tmp_path / f"o.{ending}"
        options = BatchOptions(extras=AnswerOptions(quantiles=quantiles), **options)
        assert score_file(tmp_path / "list.parquet", out, scorer, AS_OF, options).scored == 24
        return READ[ending](out)

    return score


def test_chosen_quantiles_stand_in_place_of_the_seven_and_change_nothing_else(scored):
    usual, other = scored(rate=0.9), scored(0.025, 0.5, 0.9, rate=0.9)
    assert tuple(usual) == ANSWER_COLUMNS
    place = ANSWER_COLUMNS.index("engagements_p05")
    assert list(other)[place : place + 8] == [
        *("engagements_p02_5", "engagements_p50", "engagements_p90", "engagements_mean"),
        *("views_p02_5", "views_p50", "views_p90", "views_mean"),
    ]
    same = [name for name in other if name in usual]
    assert len(same) == len(other.columns) - 2
    pd.testing.assert_frame_equal(other[same], usual[same], check_exact=True)
    for what in ("engagements", "views"):
        assert (other[f"{what}_p02_5"] < usual[f"{what}_p05"]).all()


def test_the_usual_seven_by_name_are_what_comes_without(scored):
    pd.testing.assert_frame_equal(scored(*QUANTILES.values()), scored(), check_exact=True)


@pytest.mark.parametrize("probability", [0.0312, 0.333, 0.6, 0.998])
def test_a_quantile_is_reached_with_its_probability(scored, probability):
    goal = scored(probability)[f"engagements_{quantile_name(probability)}"]
    reached = scored(goal=goal.to_numpy())["probability_goal"]
    np.testing.assert_allclose(reached, 1 - probability, rtol=1e-9)


@pytest.mark.parametrize("ending", READ)
def test_they_come_in_files_of_every_kind(scored, ending):
    chosen = ("views_p99_5", "engagements_p10", "partnership_id")
    found = scored(0.1, 0.995, ending=ending, columns=chosen)
    assert tuple(found) == chosen
    found = found.sort_values("partnership_id", ignore_index=True)
    pd.testing.assert_frame_equal(
        found,
        scored(0.1, 0.995, columns=chosen).sort_values("partnership_id", ignore_index=True),
        check_exact=ending == "parquet",
    )


def test_the_best_are_chosen_by_measures_that_are_not_shown(scored):
    best = scored(0.2, top=3, rank_by="engagements_p10")
    usual = scored(top=3, rank_by="engagements_p10")
    assert best["partnership_id"].tolist() == usual["partnership_id"].tolist()
    assert tuple(best) == columns_with([0.2])


def test_the_command_takes_them(tmp_path, home, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    columns = "--columns", "partnership_id,engagements_p02_5,engagements_p97_5"
    arguments = ["score", "-", "--out", "-", *columns, "--quantiles", "0.025, 0.975"]
    result = CliRunner().invoke(
        main, arguments, input="platform,followers\nx,5000\n", catch_exceptions=False
    )
    header, row = result.stdout.splitlines()
    assert (header, result.exit_code) == (
        '"partnership_id","engagements_p02_5","engagements_p97_5"',
        0,
    )
    low, high = map(float, row.split(",")[1:])
    assert 0 <= low < high


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "quantiles '' cannot be read: expected probabilities from 0.001 to 0.999, as 0.1,0.5,0.9 for the 10, 50",
        ),
        ("10%,50%", "quantiles '10%,50%' cannot be read: expected"),
        ("0.1,,0.5", "quantiles '0.1,,0.5' cannot be read: expected"),
        (
            "10,50,90",
            "quantile 10.0 is beyond what is forecast: expected probabilities from 0.001 to 0.999",
        ),
        ("0.1,0.9995", "quantile 0.9995 is beyond"),
        ("0", "quantile 0.0 is beyond"),
        ("nan", "quantile nan is beyond"),
        ("0.1,0.1", "quantile 0.1 is wanted twice: name each once"),
        ("0.10,0.5,1e-1", "quantile 0.1 is wanted twice: name each once"),
    ],
)
def test_what_is_no_quantile_is_told(tmp_path, scorer, text, message):
    uneven_list(3).to_parquet(tmp_path / "list.parquet")
    with pytest.raises(CreatorcastError, match=message):
        score_file(
            *(tmp_path / "list.parquet", tmp_path / "o.csv", scorer, AS_OF),
            BatchOptions(extras=AnswerOptions(quantiles=parse_quantiles(text))),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["list.parquet"]


def test_a_quantile_that_is_not_chosen_is_no_column(scored):
    with pytest.raises(
        BatchError, match="column 'engagements_p90' is unknown: did you mean engagements_p"
    ):
        scored(0.1, columns=("engagements_p90",))
