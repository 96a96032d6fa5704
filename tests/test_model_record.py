"""The record of a model in sentences: every figure is that of the manifest."""

import math
from pathlib import Path

import pytest

from models.model_record import ENOUGH_POSTS, model_record, wilson_interval
from training.backtest.report_tables import ENOUGH_POSTS as ENOUGH_POSTS_OF_THE_BACKTEST

SEEN = {
    "split": "seen",
    "forecaster": "creatorcast",
    "rows": 7411,
    "creators": 650,
    "mae": math.log(1.6),
    "vs_median": -0.075,
    "vs_median_low": -0.104,
    "vs_median_high": -0.046,
    "coverage_80": 0.832,
    "coverage_90": 0.93,
}
BASELINE = SEEN | {"forecaster": "ridge", "rows": 1}


def manifest(*rows: dict, trained_on: str = "real", **more: object) -> dict:
    """A manifest with these rows of its backtest."""
    backtest = {"table": [*rows, BASELINE], "platforms": [], "coverage": []}
    return {"version": "v1", "trained_on": trained_on, "backtest": backtest} | more


def test_the_test_is_told_with_its_figures_and_their_interval() -> None:
    record = model_record(manifest(SEEN, accounts=800, posts=38506, until="2026-06-29T23:24:51"))
    assert record.about == (
        (
            "The forecasts are by the model v1, trained on 38,506 posts of 800 accounts, until "
            "2026-06-29."
        ),
    )
    assert record.tests == (
        (
            "In a test on 7,411 later posts of 650 creators whose earlier posts it had learned from, "
            "the 80 % range held 83 % and the 90 % range held 93 %."
        ),
        (
            "There the forecast of a post and its outcome differed by a factor of 1.6 on average; its "
            "error was 7.5 % below that of the creator's own median (95 % interval 4.6 to 10.4 %)."
        ),
    )
    assert [(check.level, check.share, check.posts) for check in record.coverage] == [
        (80, 0.832, 7411),
        (90, 0.93, 7411),
    ]


def test_a_difference_that_may_be_none_or_a_loss_is_not_told_as_a_gain() -> None:
    doubtful = SEEN | {"vs_median": -0.01, "vs_median_low": -0.03, "vs_median_high": 0.02}
    worse = SEEN | {"vs_median": 0.05, "vs_median_low": 0.01, "vs_median_high": 0.09}
    told = [model_record(manifest(row)).tests[1] for row in (doubtful, worse)]
    assert "1.0 % below that of the creator's own median" in told[0]
    assert "(95 % interval -2.0 to 3.0 %, so the two may be equal)" in told[0]
    assert "5.0 % above that of the creator's own median (95 % interval 1.0 to 9.0 %)" in told[1]


def test_what_a_model_rests_on_is_told() -> None:
    simulated = model_record(manifest(SEEN, trained_on="simulated"))
    assert "It was trained on a simulated market: nothing about real creators follows." in (
        simulated.about
    )
    starter = model_record({"version": "starter-1", "trained_on": "published figures"})
    assert "published figures" in starter.about[0]
    assert "no record of its own" in starter.tests[0]
    table = (Path(__file__).parents[1] / "docs" / "starter.md").read_text(encoding="utf-8")
    for evidence, held in (("history", 78), ("summary", 77), ("profile", 81)):
        row = next(
            line
            for line in table.split("\n")
            if f"| panel | instagram | engagements | {evidence}" in line
        )
        share, posts = row.split(" | ")[6], row.split(" | ")[4]
        assert round(float(share.split("%")[0])) == held
        assert f"{held} %" in starter.tests[0]
        assert evidence == "profile" or f"{posts} public Instagram posts" in starter.tests[0]
    untested = model_record({"version": "v1", "trained_on": "real"})
    assert untested.tests == (
        "No test of it is recorded: how good its forecasts are is not known.",
    )
    assert untested.coverage == starter.coverage == ()


def test_cells_are_added_by_evidence_and_failing_ones_are_named() -> None:
    cell = {"split": "seen", "platform": "tiktok", "band": "nano", "evidence": "profile"}
    cells = [
        cell | {"rows": 300, "coverage_80": 0.6, "fails": True},
        cell | {"rows": 100, "coverage_80": 1.0, "fails": False, "band": "micro"},
    ]
    found = manifest(SEEN, platforms={"x": {"backtest": 0}, "tiktok": {"backtest": 400}})
    found["backtest"]["coverage"] = cells
    record = model_record(found)
    assert (
        "Where only the profile was known (400 forecasts), the 80 % range held 70 %."
        in record.tests
    )
    assert (
        "The 80 % range held 60 % for known creators on TikTok, nano where only the profile was "
        "known: do not rely on it there." in record.limits
    )
    assert "On X its forecasts were not tested." in record.limits


def test_the_interval_is_as_wide_as_the_creators_are_few() -> None:
    assert wilson_interval(0.8, 10)[0] < wilson_interval(0.8, 1000)[0] < 0.8
    assert wilson_interval(1.0, 5)[1] == pytest.approx(1)
    assert ENOUGH_POSTS == ENOUGH_POSTS_OF_THE_BACKTEST
