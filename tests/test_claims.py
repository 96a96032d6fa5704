"""Claims against data made to show them, to show the opposite, and to show nothing."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from creatorcast import main
from training.claims import COST_CLAIM, ENOUGH_CREATORS, RATE_CLAIM, focus_findings, size_findings

N = 400


@pytest.fixture
def people():
    """Give creators whose ln rate falls by 0.5 for ten times the followers on Instagram, rises on TikTok by 0.5."""
    random = np.random.default_rng(3)
    size = random.uniform(3, 7, N)
    platform = np.where(np.arange(N) < N // 2, "instagram", "tiktok")
    slope = np.where(platform == "instagram", -0.5, 0.5)
    rate = slope * size - 3 + 0.3 * random.normal(size=N)
    focus = random.random(N)
    return pd.DataFrame(
        {
            "platform": platform,
            "band": "micro",
            "niche": np.where(random.random(N) < 0.5, "food", "travel"),
            "followers": 10**size,
            "engagement_rate_by_followers": rate,
            "niche_focus": focus,
            "engagements": rate
            + size * np.log(10)
            + np.where(platform == "instagram", 1.0, 0.0) * focus,
            "cpe_usd": random.normal(size=N),
        }
    )


def test_a_claim_is_shown_refuted_or_neither_and_says_by_how_much(people):
    here, there = size_findings(people, "engagement_rate_by_followers", RATE_CLAIM)
    assert (here.platform, here.creators, here.is_shown) == ("instagram", N // 2, True)
    assert here.low < here.effect < here.high
    assert here.effect == pytest.approx(-0.5, abs=0.08)
    assert (there.platform, there.is_shown) == ("tiktok", False)
    assert [found.is_shown for found in size_findings(people, "cpe_usd", COST_CLAIM)] == [
        None,
        None,
    ]


def test_costs_that_grow_with_size_show_the_claim(people):
    dearer = people.assign(cpe_usd=0.4 * np.log10(people["followers"]) + 0.1 * people["cpe_usd"])
    assert [found.is_shown for found in size_findings(dearer, "cpe_usd", COST_CLAIM)] == [
        True,
        True,
    ]


def test_focus_is_tested_beside_followers_and_niche(people):
    here, there = focus_findings(people)
    assert here.is_shown is True
    assert here.effect == pytest.approx(1.0 / np.sqrt(12), abs=0.08)
    assert there.is_shown is None


def test_too_few_creators_or_none_show_nothing(people):
    (few,) = size_findings(
        people.head(ENOUGH_CREATORS - 1), "engagement_rate_by_followers", RATE_CLAIM
    )
    assert np.isnan(few.effect)
    assert few.is_shown is None
    assert size_findings(people.assign(cpe_usd=np.nan), "cpe_usd", COST_CLAIM) == []


def test_the_interval_covers_what_is_true_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        size = random.uniform(3, 7, 150)
        frame = pd.DataFrame(
            {
                "platform": "x",
                "followers": 10**size,
                "cpe_usd": 0.2 * size + random.normal(size=150),
            }
        )
        (found,) = size_findings(frame, "cpe_usd", COST_CLAIM)
        held += found.low <= 0.2 <= found.high
    assert held >= 52


def test_the_report_of_a_market_without_fees_says_that_it_cannot_show_costs(
    market_folder, tmp_path
):
    for name in ("creators.parquet", "posts.parquet", "dataset.json"):
        (tmp_path / name).write_bytes((market_folder / name).read_bytes())
    result = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1].startswith("counts brought to 30 days after posting: ")
    place = lines.index('"small creators cost less per engagement"')
    assert (
        lines[place + 1]
        == "  this data cannot show it: no partnership has both a fee and engagements"
    )
    assert (
        lines[-1]
        == "simulated data: a demo and a test bench; nothing about real creators follows from it"
    )


def test_the_report_of_a_folder_that_is_none_is_one_error(tmp_path):
    result = CliRunner().invoke(main, ["report", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "is no folder: expected one with creators" in result.stderr
