"""What of two models is compared with what, and what decides."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.bundle import Bundle
from models.bundle_files import BUNDLE_FORMAT, MANIFEST_FILE
from models.bundle_folders import bundles_folder
from models.champion import champion_version, set_champion
from training.artifacts import backtest_file
from training.promote.compare import compare_with_champion
from training.promote.comparison import (
    NotComparable,
    UnseenComparison,
    compare_pairs,
    comparison_table,
)
from training.promote.coverage_check import coverage_cells
from training.promote.score_pairs import NO_PAIRS, pair_scores

CUT = pd.Timestamp("2026-03-01", tz="UTC")
DAY = pd.Timedelta(days=1)
NONE_UNSEEN = UnseenComparison(NO_PAIRS.rows, "none")
OLD, NEW = "20260301-000000-aaaaaa", "20260401-000000-bbbbbb"


def score_rows(*rows, **same):
    """Give scores as a backtest keeps them, one a dict; what a row does not tell is the same for all."""
    usual = {
        "split": "seen", "asked": "history", "creator": "tiktok/a", "posted": 1, "platform": "tiktok",
        "evidence": "history", "horizon_days": 7, "cut": CUT, "lead_days": 5.0, "y": 2.0, "crps": 0.5,
        "band": "micro", "q0.05": 1.0, "q0.1": 1.5, "q0.9": 2.5, "q0.95": 3.0,
    }  # fmt: skip
    rows = pd.DataFrame([{**usual, **same, **row} for row in rows])
    return rows.assign(
        inside_80=rows["y"].between(rows["q0.1"], rows["q0.9"]),
        inside_90=rows["y"].between(rows["q0.05"], rows["q0.95"]),
    )


def many_scores(creators=12, posts=5, crps=0.5, platform="tiktok", **same):
    """Give the scores of so many creators and posts each, at the evidence history."""
    rows = [
        {"creator": f"{platform}/{creator}", "posted": post, "platform": platform}
        for creator in range(creators)
        for post in range(posts)
    ]
    return score_rows(*rows, crps=crps, **same)


# --- like with like ---


def reasons(pairs):
    return pairs.posts["reason"].tolist()


def test_scores_of_the_same_question_are_paired():
    ours, theirs = score_rows({"crps": 0.4}), score_rows({"crps": 0.5})
    assert pair_scores(ours, theirs).rows.to_dict("records") == [
        {
            "creator": "tiktok/a", "posted": 1, "number": 0, "platform": "tiktok", "band": "micro",
            "evidence": "history", "candidate": 0.4, "champion": 0.5, "candidate_80": True, "champion_80": True,
            "candidate_90": True, "champion_90": True,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"lead_days": 6.0}, ""),
        ({"lead_days": 6.01}, "asked about more than 1 day apart"),
        ({"lead_days": 35.0, "cut": CUT - 30 * DAY}, "asked about more than 1 day apart"),
        ({"horizon_days": 14}, "judged after another number of days"),
        ({"y": 2.001}, "whose counts differ"),
        ({"y": np.nan}, "whose counts differ"),
        ({"evidence": "summary"}, "forecast from other evidence"),
        ({"posted": 2}, "that the champion was not asked about"),
        ({"creator": "tiktok/b"}, "that the champion was not asked about"),
        ({"asked": "profile", "evidence": "profile"}, "that the champion was not asked about"),
    ],
)
def test_what_is_not_alike_is_not_compared_and_told(other, reason):
    pairs = pair_scores(score_rows({}), score_rows(other))
    assert reasons(pairs) == [reason]
    assert len(pairs.rows) == (reason == "")


def test_a_post_without_a_history_counts_once_and_not_for_each_evidence_that_was_shown():
    shown = score_rows(
        *({"asked": asked, "evidence": "profile"} for asked in ("history", "summary", "profile"))
    )
    assert len(pair_scores(shown, shown).rows) == len(pair_scores(shown, shown).posts) == 1


def test_a_post_counts_once_for_each_evidence():
    shown = score_rows(
        *({"asked": asked, "evidence": asked} for asked in ("history", "summary", "profile"))
    )
    pairs = pair_scores(shown, shown)
    assert pairs.rows["evidence"].tolist() == ["history", "summary", "profile"]
    comparison = compare_pairs(pairs, 7, NONE_UNSEEN)
    assert (comparison.posts, comparison.creators) == (1, 1)
    assert comparison.table["posts"].tolist() == [1] * 6


def test_two_posts_of_one_moment_are_two():
    ours = score_rows({"y": 1.0}, {"y": 2.0})
    assert len(pair_scores(ours, ours).rows) == 2
    assert reasons(pair_scores(ours, ours[:1])) == ["", "that the champion was not asked about"]


def test_a_post_asked_about_at_several_moments_is_compared_at_those_that_are_nearest():
    cuts = [{"cut": CUT - days * DAY, "lead_days": 5.0 + days, "crps": days} for days in (0, 30)]
    ours, theirs = (
        score_rows(*cuts),
        score_rows({"lead_days": 34.5, "cut": CUT - 29.5 * DAY, "crps": 7.0}),
    )
    (row,) = pair_scores(ours, theirs).rows.to_dict("records")
    assert (row["candidate"], row["champion"]) == (30.0, 7.0)
    assert len(pair_scores(ours, theirs).posts) == 1


def test_every_post_of_the_candidate_is_compared_or_told():
    ours = many_scores()
    theirs = ours.assign(
        lead_days=np.where(ours["posted"] == 0, 40.0, 5.0),
        y=np.where(ours["posted"] == 1, 9.0, 2.0),
    )
    theirs = pd.concat([theirs[theirs["posted"] != 2], many_scores(3, 1, platform="x")])
    comparison = compare_pairs(pair_scores(ours, theirs), 7, NONE_UNSEEN)
    assert comparison.posts == 24
    assert comparison.left_out == (
        "12 posts on tiktok asked about more than 1 day apart (35 days)",
        "12 posts on tiktok that the champion was not asked about",
        "12 posts on tiktok whose counts differ",
        "3 posts on x that the candidate was not asked about",
    )


# --- what decides ---


def test_the_table_has_posts_creators_and_both_scores_by_platform_and_evidence():
    ours = pd.concat([many_scores(12, 5, 0.55), many_scores(3, 2, 0.2, "x")])
    theirs = pd.concat([many_scores(12, 5, 0.5), many_scores(3, 2, 0.4, "x")])
    table = comparison_table(pair_scores(ours, theirs).rows)
    names = [
        "platform",
        "evidence",
        "posts",
        "creators",
        "candidate",
        "champion",
        "change",
        "decides",
    ]
    found = table[names].round(6).to_numpy().tolist()
    assert found == [
        [
            "all",
            "history",
            66,
            15,
            round(34.2 / 66, 6),
            round(32.4 / 66, 6),
            round(34.2 / 32.4 - 1, 6),
            True,
        ],
        ["tiktok", "history", 60, 12, 0.55, 0.5, 0.1, False],
        ["x", "history", 6, 3, 0.2, 0.4, -0.5, False],
    ]
    np.testing.assert_allclose(
        table[["low", "high"]].to_numpy()[1:], [[0.1, 0.1], [np.nan, np.nan]]
    )


def test_the_interval_is_of_pairs_so_creators_that_differ_do_not_widen_it():
    theirs = many_scores().assign(crps=np.random.default_rng(0).uniform(0.1, 10, 60))
    ours = theirs.assign(crps=theirs["crps"] * 1.02)
    (line, *_) = comparison_table(pair_scores(ours, theirs).rows).to_dict("records")
    assert (line["low"], line["change"], line["high"]) == pytest.approx((0.02, 0.02, 0.02))


def test_the_interval_is_over_creators_and_not_over_posts():
    theirs = many_scores(12, 50, 1.0)
    effect = pd.Series(
        np.random.default_rng(1).normal(1, 0.1, 12), [f"tiktok/{n}" for n in range(12)]
    )
    ours = theirs.assign(crps=theirs["creator"].map(effect).to_numpy())
    (line, *_) = comparison_table(pair_scores(ours, theirs).rows).to_dict("records")
    # the normal interval of a mean of 12: 1.96 standard errors on either side
    assert line["high"] - line["low"] == pytest.approx(
        2 * 1.96 * effect.std(ddof=0) / 12**0.5, rel=0.15
    )


@pytest.mark.parametrize(
    ("creators", "factor", "worse"),
    [
        (
            50,
            1.05,
            ["CRPS, tiktok history: +5.0% (+5.0% to +5.0%), expected interval not above +0.5%"],
        ),
        (49, 1.05, []),
        (50, 1 + 1e-12, []),
        (50, 0.9, []),
    ],
)
def test_a_platform_decides_from_50_creators_on_even_where_all_are_better(creators, factor, worse):
    theirs = pd.concat([many_scores(creators, 2), many_scores(100, 2, platform="instagram")])
    factors = np.where(theirs["platform"] == "tiktok", factor, 0.8)
    comparison = compare_pairs(
        pair_scores(theirs.assign(crps=theirs["crps"] * factors), theirs), 7, NONE_UNSEEN
    )
    assert comparison.table["change"][0] < 0
    assert [text for text in comparison.failed if text.startswith("CRPS")] == worse


def test_summary_and_profile_decide_by_platform_alone():
    same = {"asked": "profile", "evidence": "profile"}
    theirs = pd.concat(
        [many_scores(12), many_scores(30, **same), many_scores(30, platform="x", **same)]
    )
    ours = theirs.assign(crps=theirs["crps"] * np.where(theirs["evidence"] == "profile", 1.5, 1))
    comparison = compare_pairs(pair_scores(ours, theirs), 7, NONE_UNSEEN)
    assert comparison.table[["platform", "evidence", "creators"]].to_numpy().tolist()[1] == [
        "all",
        "profile",
        60,
    ]
    assert comparison.failed == []


# --- both backtests, or nothing comparable ---


@pytest.fixture
def put(tmp_path):
    """Write a bundle that has a manifest alone, and the scores of its backtest; the first is the champion."""

    def write(version, scores=None, **told):
        manifest = {
            "version": version, "format": BUNDLE_FORMAT, "columns": [], "targets": [], "sha256": {}, "horizon_days": 7,
            "definitions": {"tiktok": "likes"}, "until": "2026-05-01T00:00:00+00:00", "data_digest": version, **told,
        }  # fmt: skip
        folder = bundles_folder(tmp_path) / version
        folder.mkdir(parents=True)
        (folder / MANIFEST_FILE).write_text(json.dumps(manifest))
        if scores is not None:
            backtest_file(tmp_path, version).parent.mkdir(parents=True, exist_ok=True)
            scores.to_parquet(backtest_file(tmp_path, version), index=False)
        if champion_version(tmp_path) is None:
            set_champion(tmp_path, version)
        return Bundle(manifest, None, {})

    return write


@pytest.mark.parametrize(
    ("change", "manifest", "reason"),
    [
        (
            {"lead_days": 35.0, "cut": CUT - 30 * DAY}, {},
            "their backtests asked about the same posts 30 days apart, and the champion cannot be loaded",
        ),
        ({}, {"horizon_days": 14}, "the candidate forecasts engagements 7 days after posting, the champion 14 days"),
        ({}, {"definitions": {}}, "the candidate and the champion do not count the same as engagements"),
        ({"creator": "tiktok/other"}, {}, "their backtests have no post in common, and "),
        ({"y": 3.0}, {}, "their backtests hold other counts of the same posts, and "),
        ({"evidence": "summary"}, {}, "the posts that their backtests have in common were forecast from other"),
        ({"split": "unseen"}, {}, "their backtests have no post in common, and "),
    ],
)  # fmt: skip
def test_nothing_comparable_says_why(put, tmp_path, change, manifest, reason):
    put(OLD, many_scores().assign(**change), **manifest)
    comparison = compare_with_champion(tmp_path, put(NEW, many_scores()))
    assert isinstance(comparison, NotComparable)
    assert str(comparison).startswith(f"nothing comparable: {reason}")
    assert "\n" not in str(comparison)


def test_a_candidate_that_was_judged_by_few_of_the_posts_of_the_champion_has_other_data(
    put, tmp_path
):
    put(OLD, pd.concat([many_scores(), many_scores(13, platform="x")]))
    said = "of the 125 posts that the champion was judged by, the candidate was by 60, and"
    assert said in str(compare_with_champion(tmp_path, put(NEW, many_scores())))


def test_a_platform_that_the_candidate_has_not_seen_is_told(put, tmp_path):
    scores = pd.concat([many_scores(), many_scores(5, platform="x")])
    known = {"tiktok": {"posts": 900}, "x": {"posts": 1200}, "youtube": {"posts": 0}}
    put(OLD, scores, platforms=known)
    candidate = put(NEW, many_scores(), platforms={"tiktok": {"posts": 950}, "x": {"posts": 0}})
    assert compare_with_champion(tmp_path, candidate).left_out == (
        "25 posts on x that the candidate was not asked about",
        "x, of which the champion has seen 1,200 posts and the candidate none",
    )


@pytest.mark.parametrize(("creators", "posts"), [(12, 4), (9, 20)])
def test_few_posts_or_creators_are_nothing_comparable(put, tmp_path, creators, posts):
    scores = many_scores(creators, posts)
    put(OLD, scores)
    said = f"asked alike about {creators * posts} posts of {creators} creators only (50 posts of 10 creators"
    assert said in str(compare_with_champion(tmp_path, put(NEW, scores)))


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text("oops"), lambda path: path.write_text("")]
)
def test_scores_that_are_gone_or_broken_are_nothing_comparable(put, tmp_path, spoil):
    put(OLD, many_scores())
    spoil(backtest_file(tmp_path, OLD))
    assert f"the backtest scores of {OLD} cannot be read, and" in str(
        compare_with_champion(tmp_path, put(NEW, many_scores()))
    )


def test_a_champion_that_is_gone_is_nothing_comparable(put, tmp_path):
    put(OLD, many_scores())
    shutil.rmtree(bundles_folder(tmp_path) / OLD)
    assert str(compare_with_champion(tmp_path, put(NEW, many_scores()))).startswith(
        "nothing comparable: the champion cannot be read: "
    )


def test_scores_of_an_earlier_version_take_the_horizon_of_their_bundle(put, tmp_path):
    put(OLD, many_scores().drop(columns="horizon_days"))
    comparison = compare_with_champion(tmp_path, put(NEW, many_scores(crps=0.4)))
    assert (comparison.posts, comparison.creators) == (60, 12)
    assert comparison.table["change"].tolist() == pytest.approx([-0.2, -0.2])


def test_a_platform_that_was_asked_about_at_other_moments_is_left_out_and_told(put, tmp_path):
    ours = pd.concat([many_scores(), many_scores(platform="youtube")])
    put(OLD, ours.assign(lead_days=np.where(ours["platform"] == "youtube", 34.0, 5.0)))
    text = compare_with_champion(tmp_path, put(NEW, ours)).text()
    assert (
        text.splitlines()[0]
        == "compared on the same 60 posts of 12 creators, engagements 7 days after posting"
    )
    assert "  tiktok: by both backtests, asked at most 1 day apart" in text.splitlines()
    assert text.splitlines()[-1] == (
        "  not compared: 60 posts on youtube asked about more than 1 day apart (29 days)"
    )


# --- coverage in every cell ---


def held_rows(candidate, champion, creators=50, posts=10, **same):
    """Give pairs in which the interval of each held in so many of ten posts of every creator."""
    rows = [
        {
            "split": "seen", "platform": "tiktok", "band": "micro", "evidence": "history",
            "creator": f"tiktok/{creator}", "posted": post,
            **{f"{model}_{level}": (post + creator) % 10 < held
               for model, held in (("candidate", candidate), ("champion", champion))
               for level in (80, 90)},
            **same,
        }
        for creator in range(creators)
        for post in range(posts)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def cell_80(rows, band="micro"):
    cells = coverage_cells(rows)
    (cell,) = cells[(cells["band"] == band) & (cells["level"] == 0.8)].itertuples()
    return cell


@pytest.mark.parametrize(
    ("candidate", "champion", "outside", "failed"),
    [
        (8, 8, False, False),
        (6, 8, True, True),  # too narrow
        (10, 8, True, True),  # too wide
        (6, 6, True, False),  # as far as the champion: staying with it mends nothing
        (8, 6, False, False),
        (6, 10, True, False),  # as far on the other side
    ],
)
def test_coverage_fails_where_the_candidate_is_farther_from_nominal_than_the_champion(
    candidate, champion, outside, failed
):
    cell = cell_80(held_rows(candidate, champion))
    assert (cell.judged, cell.outside, cell.failed) == (True, outside, failed)
    assert cell.candidate == candidate / 10
    assert cell.farther == pytest.approx(abs(candidate - 8) / 10 - abs(champion - 8) / 10)


@pytest.mark.parametrize(("creators", "judged"), [(20, True), (19, False)])
def test_a_cell_is_judged_from_200_rows_on(creators, judged):
    cell = cell_80(held_rows(6, 8, creators))
    assert (cell.rows, cell.judged, cell.failed) == (creators * 10, judged, judged)


def test_few_creators_are_no_cell_however_many_posts_they_have():
    assert not cell_80(held_rows(6, 8, creators=9, posts=100)).judged


def test_a_loss_that_few_creators_make_is_within_their_interval():
    rows = held_rows(8, 8, 30)
    one = rows["creator"] == "tiktok/0"
    cell = cell_80(rows.assign(candidate_80=rows["candidate_80"] & ~one))
    assert cell.farther == pytest.approx(0.8 / 30)
    assert cell.farther_low < 0
    assert not cell.failed


def test_small_bands_are_judged_together():
    rows = pd.concat([held_rows(6, 8, 15), held_rows(6, 8, 15, band="mega")])
    assert [cell_80(rows, band).judged for band in ("micro", "mega", "all")] == [False, False, True]
    assert cell_80(rows, "all").failed


def test_many_cells_refuse_a_model_by_chance_in_few_of_many_draws():
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(20):
        rows = pd.concat(
            [held_rows(8, 8, 20, band=band, platform=name)
             for name in ("tiktok", "instagram", "youtube") for band in ("nano", "micro", "macro")],
            ignore_index=True,
        )  # fmt: skip
        both = random.random((len(rows), 2)) < 0.8
        nine = random.random((len(rows), 2)) < 0.9
        rows[["candidate_80", "champion_80"]], rows[["candidate_90", "champion_90"]] = both, nine
        refused += coverage_cells(rows)["failed"].any()
    assert refused <= 4  # each of the simultaneous intervals holds for all cells in 95 of 100 draws


# --- creators that trained neither ---


def test_a_candidate_that_is_worse_on_creators_left_out_fails_by_those_alone(put, tmp_path):
    left_out = many_scores(60, split="unseen", platform="x")
    put(OLD, pd.concat([many_scores(), left_out]))
    candidate = put(NEW, pd.concat([many_scores(crps=0.4), left_out.assign(crps=0.6)]))
    comparison = compare_with_champion(tmp_path, candidate)
    assert comparison.unseen_note == "those that both backtests left out"
    failed = [text for text in comparison.failed if text.startswith("CRPS")]
    assert failed == [
        f"CRPS, unseen creators, {where} history: +20.0% (+20.0% to +20.0%), "
        "expected interval not above +0.5%"
        for where in ("all", "x")
    ]


def test_without_creators_left_out_the_criterion_says_why_and_does_not_fail(put, tmp_path):
    put(OLD, many_scores())
    comparison = compare_with_champion(tmp_path, put(NEW, many_scores(crps=0.4)))
    (line,) = [one for one in comparison.criteria if one.name == "CRPS, unseen creators"]
    assert (line.verdict, line.note) == (
        "not comparable",
        f"the backtest of {NEW} has no creators that it left out",
    )
    assert not [text for text in comparison.failed if text.startswith("CRPS")]
