"""Promotion: the whole way of a retrain, which bundle is named, the registry, the list of bundles and the commands."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import SMALL_RECIPE

from creatorcast import main
from features.derive.derive import derive
from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.folder import read_tables, write_tables
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import MATURE_DAYS, PLATFORMS, TARGETS
from models.bundle import check_bundle, load_bundle, load_version, save_bundle
from models.bundle_files import MANIFEST_FILE, BundleError
from models.bundle_folders import bundles_folder, created_at, note_file
from models.champion import (
    champion_file,
    champion_folder,
    champion_history_file,
    champion_version,
    set_champion,
)
from training.artifacts import backtest_file, training_data_folder
from training.bundle_list import bundles_text
from training.platform_times import days_text
from training.promote.compare import compare_with_champion
from training.promote.comparison import NotComparable
from training.promote.comparison_inputs import UNSEEN, stored_scores
from training.promote.promote import PromotionRefused, RollbackRefused, promote, rollback
from training.promote.reforecast import ReforecastError, choose_origins, recipe_from_manifest
from training.registry import (
    RegistryError,
    registered_bundle,
    registered_bundles,
    store_exists,
    wanted_marks,
)
from training.simulate.simulate import simulate
from training.train import train

#: Engagements are what promotion compares.
RECIPE = replace(SMALL_RECIPE, targets=TARGETS[:1])

# --- the whole way: a retrain on tables that have grown by a month ---


def shortened(tables, days):
    """Give tables as they were so many days earlier, without readings of young posts.

    Those of the next days would be known a week later, when the last post of these tables is.
    """
    end = tables.posts["posted_at"].max() - pd.Timedelta(days=days)
    posts = tables.posts[tables.posts["posted_at"] <= end]
    age = posts["observed_at"] - posts["posted_at"]
    return replace(tables, posts=posts[~(age < pd.Timedelta(days=MATURE_DAYS))])


def of_first_creators(tables, count):
    """Give the tables of so many creators."""
    some = tables.creators["creator_id"].unique()[:count]
    frames = (frame[frame["creator_id"].isin(some)] for frame in tables.frames().values())
    return Tables(*frames, meta=tables.meta)


@pytest.fixture(scope="module")
def retrained(tables, coarse_totals, tmp_path_factory):
    """Give a home with a champion of 60 days ago and a bundle of 30 days ago, and the folders of the tables."""
    place = tmp_path_factory.mktemp("retrained")
    folders = {}
    for name, days in (("old", 60), ("new", 30), ("later", 0)):
        folders[name] = place / name
        write_tables(shortened(of_first_creators(tables, 60), days), folders[name])
    bundles = {name: train(folders[name], place / "home", RECIPE).bundle for name in ("old", "new")}
    promote(place / "home", bundles["old"].version)
    return place / "home", bundles, folders


@pytest.fixture
def grown(retrained, tmp_path):
    """Give a copy of the home that may be changed, the bundles and the folders."""
    home, bundles, folders = retrained
    return shutil.copytree(home, tmp_path / "home"), bundles, folders


def later_posts(folder, manifest):
    """Count the posts after the end of what a bundle has seen, their creators, and those of creators with posts before.

    Of each platform; known are posts with engagements that were read at 7 days or later.
    """
    history = History.from_tables(validate(read_tables(folder)))
    track = history.posts_with_engagements
    account = np.repeat(np.arange(len(track.start) - 1), np.diff(track.start))
    ends = {
        name: pd.Timestamp(own["until"]).value // 1000
        for name, own in manifest["platforms"].items()
    }
    end = np.array(
        [ends[name] for name in np.array(PLATFORMS)[history.platform[account].astype(int)]]
    )
    later = (track.time > end) & (track.time <= end + 120 * DAY_US) & track.has_outcome
    known = track.known_count(account, end) > 0
    return int(later.sum()), len(set(account[later])), int((later & known).sum())


def ends_text(bundle):
    return days_text(
        {
            name: pd.Timestamp(own["until"])
            for name, own in sorted(bundle.manifest["platforms"].items())
        }
    )


def test_after_a_retrain_both_are_asked_anew_at_the_end_of_what_the_champion_knows(grown):
    home, bundles, folders = grown
    comparison = promote(home, dry_run=True).comparison
    posts, creators, with_history = later_posts(folders["new"], bundles["old"].manifest)
    assert (comparison.posts, comparison.creators) == (posts, creators)
    lines = comparison.table.set_index(["platform", "evidence"])
    assert lines.loc[("all", "history"), "posts"] == with_history
    assert lines.loc[("all", "profile"), "posts"] == posts
    # the same recipe fitted to the same posts is the same model
    assert lines["change"].abs().max() < 1e-9
    assert comparison.failed == []
    end = bundles["new"].manifest["until"][:10]
    apart, asked, recipe = comparison.notes
    assert re.fullmatch(r"their backtests asked about the same posts \d\d days apart", apart)
    assert (
        asked
        == f"instagram, tiktok, youtube: both asked anew about posts after {ends_text(bundles['old'])}"
    )
    assert recipe.endswith(
        f"recipe fitted to what was known then; what it learned until {end} is left out"
    )


def test_the_champion_is_asked_as_it_is(grown, tables):
    home, bundles, folders = grown
    history = History.from_tables(validate(read_tables(folders["new"])))
    ends = {
        name: pd.Timestamp(own["until"])
        for name, own in bundles["old"].manifest["platforms"].items()
    }
    posts = validate(read_tables(folders["new"])).posts
    comparison = promote(home, dry_run=True).comparison
    track = history.posts_with_engagements
    account = np.repeat(np.arange(len(track.start) - 1), np.diff(track.start))
    end = pd.Series(np.array(PLATFORMS)[history.platform[account].astype(int)]).map(ends)
    later = np.flatnonzero(track.time > end.array.as_unit("us").asi8)
    keys = history.accounts[account[later]].str.split("/", n=1)
    asked = pd.DataFrame(
        {
            "platform": keys.str[0],
            "creator_id": keys.str[1],
            "as_of": end[later].to_numpy(),
            "start_at": pd.to_datetime(track.time[later], unit="us", utc=True),
            "format": track.take("format", later),
        }
    )
    names = posts.drop_duplicates(["creator_id", "posted_at"]).set_index(
        ["creator_id", "posted_at"]
    )
    for column in ("format", "sponsored", "brand_niche"):
        asked[column] = (
            names[column]
            .reindex(pd.MultiIndex.from_frame(asked[["creator_id", "start_at"]]))
            .to_numpy()
        )
    x = derive(history, asked.assign(evidence_limit="profile"), bundles["old"].reference)
    track = bundles["old"].reference.at_horizon(history).posts_with_engagements
    crps = bundles["old"].forecasters["engagements"].crps(x, track.take("engagements_log", later))
    line = comparison.table.set_index(["platform", "evidence"]).loc[("all", "profile")]
    assert line["champion"] == pytest.approx(crps.mean(), rel=1e-9)


def test_a_worse_recipe_is_refused_whatever_it_learned_since(grown):
    home, bundles, folders = grown
    worse = train(folders["new"], home, replace(RECIPE, widen=2.0)).bundle
    with pytest.raises(
        PromotionRefused, match=rf"^{worse.version} fails \d+ of \d+ criteria, so .* stays"
    ) as refusal:
        promote(home)
    comparison = refusal.value.promotion.comparison
    assert comparison.failed[0].startswith("CRPS, all history: +")
    assert champion_version(home) == bundles["old"].version
    check_recipes_on_creators_left_out(home, comparison, worse, bundles["new"])
    assert promote(home, force="because").comparison.failed == comparison.failed
    assert champion_version(home) == worse.version


def check_recipes_on_creators_left_out(home, comparison, candidate, of_champions_recipe):
    """Check that both recipes were asked about the creators that the candidate's backtest left out:
    the champion's as the bundle of this recipe, on the same tables, was by its own backtest.
    """
    assert comparison.unseen_note == (
        "the champion is its recipe, fitted without those that the candidate's backtest left out"
    )
    line = comparison.unseen.set_index(["platform", "evidence"]).loc[("all", "history")]
    for name, bundle in (("candidate", candidate), ("champion", of_champions_recipe)):
        scores = stored_scores(home, bundle.manifest, UNSEEN)
        scores = scores[(scores["asked"] == "history") & (scores["evidence"] == "history")]
        assert len(scores) == line["posts"]
        assert line[name] == pytest.approx(scores["crps"].mean(), rel=1e-9)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (
            lambda folder, note: note.unlink(),
            "it is not known where the tables are that {new} was trained on",
        ),
        (
            lambda folder, note: shutil.rmtree(folder),
            "the tables that {new} was trained on cannot be read: '",
        ),
        (
            lambda folder, note: write_tables(shortened(read_tables(folder), 1), folder),
            "have changed since {new} was trained on them",
        ),
    ],
)
def test_without_the_tables_of_the_candidate_nothing_is_comparable(grown, tmp_path, spoil, reason):
    home, bundles, folders = grown
    folder, new = shutil.copytree(folders["new"], tmp_path / "copy"), bundles["new"].version
    note = note_file(home, new)
    note.write_text(json.dumps({"data": str(folder)}))
    spoil(folder, note)
    with pytest.raises(PromotionRefused) as refusal:
        promote(home, new)
    text = str(refusal.value)
    assert re.match(
        r"nothing comparable: their backtests asked about the same posts \d\d days apart, and ",
        text,
    )
    assert reason.format(new=new) in text
    assert text.endswith(
        f"so nothing is decided and {bundles['old'].version} stays the champion: name tables with later posts "
        f"(--data DATA), or promote {new} with --force --reason TEXT"
    )
    assert champion_version(home) == bundles["old"].version
    assert isinstance(promote(home, new, force="because").comparison, NotComparable)
    assert champion_version(home) == new


def test_of_later_tables_both_are_asked_as_they_are(grown):
    home, bundles, folders = grown
    comparison = promote(home, data=folders["later"], dry_run=True).comparison
    posts, creators, _ = later_posts(folders["later"], bundles["new"].manifest)
    assert (comparison.posts, comparison.creators) == (posts, creators)
    assert comparison.table["change"].abs().max() > 1e-4
    (line,) = [note for note in comparison.notes if "anew" in note]
    assert line.endswith(f"both asked anew about posts after {ends_text(bundles['new'])}")


def test_tables_without_later_posts_are_told(grown):
    home, bundles, folders = grown
    days = ends_text(bundles["new"])
    with pytest.raises(
        PromotionRefused,
        match=f"the tables hold 0 posts of 0 creators with known posts after {days}, ",
    ):
        promote(home, data=folders["old"])


def test_a_bundle_older_than_the_champion_is_compared_with_nothing(grown):
    home, bundles, _ = grown
    promote(home)
    with pytest.raises(
        PromotionRefused, match=r"the tables hold 0 posts .* which neither has seen"
    ):
        promote(home, bundles["old"].version)


@pytest.mark.slow
def test_two_recipes_on_the_same_tables_are_compared_by_their_backtests(grown):
    home, _, folders = grown
    promote(home)
    other = train(folders["new"], home, replace(RECIPE, folds=3)).bundle
    comparison = compare_with_champion(home, other)
    scores = pd.read_parquet(backtest_file(home, other.version))
    seen = scores[scores["split"] == "seen"]
    assert (
        comparison.posts
        == len(seen.drop_duplicates(["creator", "posted"]))
        == (seen["asked"] == "history").sum()
    )
    assert comparison.left_out == ()
    assert comparison.notes == (
        "instagram, tiktok, youtube: by both backtests, asked at most 1 day apart",
    )


@pytest.mark.slow
def test_a_platform_that_has_grown_is_asked_anew_and_the_others_are_compared_by_their_backtests(
    tables, tmp_path
):
    end, posts = tables.posts["posted_at"].max(), tables.posts
    early = posts[
        (posts["platform"] != "youtube") | (posts["posted_at"] <= end - pd.Timedelta(days=60))
    ]
    write_tables(replace(tables, posts=early), tmp_path / "early")
    write_tables(tables, tmp_path / "all")
    champion = train(tmp_path / "early", tmp_path, RECIPE).bundle
    promote(tmp_path)
    candidate = train(tmp_path / "all", tmp_path, RECIPE).bundle
    comparison = compare_with_champion(tmp_path, candidate)
    assert comparison.notes[:2] == (
        "instagram, tiktok: by both backtests, asked at most 1 day apart",
        f"youtube: both asked anew about posts after {champion.manifest['platforms']['youtube']['until'][:10]}",
    )
    by_platform = comparison.table.set_index(["platform", "evidence"])
    kept = pd.read_parquet(backtest_file(tmp_path, candidate.version))
    kept = kept[(kept["split"] == "seen") & (kept["asked"] == "profile")]
    youtube, _, _ = later_posts(tmp_path / "all", champion.manifest)
    found = [
        by_platform.loc[(name, "profile"), "posts"] for name in ("instagram", "tiktok", "youtube")
    ]
    assert found == [*(sum(kept["platform"] == name) for name in ("instagram", "tiktok")), youtube]
    assert comparison.posts == sum(found)
    assert comparison.left_out == ()


@pytest.mark.slow
def test_beside_an_old_champion_the_candidate_is_asked_at_its_own_cut(tables, tmp_path):
    write_tables(shortened(tables, 250), tmp_path / "old")
    write_tables(tables, tmp_path / "new")
    train(tmp_path / "old", tmp_path, RECIPE)
    promote(tmp_path)
    candidate = train(tmp_path / "new", tmp_path, RECIPE)
    comparison = compare_with_champion(tmp_path, candidate.bundle)
    kept = candidate.backtest.scores[candidate.backtest.scores["split"] == "seen"]
    days = days_text(kept.groupby("platform")["cut"].max().to_dict())
    assert (
        comparison.notes[-2]
        == f"instagram, tiktok, youtube: both asked anew about posts after {days}"
    )
    assert comparison.posts == len(kept.drop_duplicates(["creator", "posted"]))
    # fitted at that cut, the candidate's recipe is what its backtest judged
    line = comparison.table.set_index(["platform", "evidence"]).loc[("all", "history")]
    assert line["candidate"] == pytest.approx(
        kept[kept["evidence"] == "history"]["crps"].mean(), rel=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize("other", ["market", "creators"])
def test_a_candidate_of_other_data_is_compared_on_tables_that_are_named_alone(
    grown, tables, tmp_path, other
):
    home, bundles, folders = grown
    if other == "market":  # the same names of creators
        own = shortened(simulate(80, 9)[0], 30)
    else:
        own = shortened(of_first_creators(tables, 16), 30)
    write_tables(own, tmp_path / "other")
    candidate = train(tmp_path / "other", home, RECIPE).bundle
    with pytest.raises(
        PromotionRefused,
        match=r"and the candidate's tables are other data: of the [0-9,]+ posts that",
    ):
        promote(home)
    assert champion_version(home) == bundles["old"].version
    assert compare_with_champion(home, candidate, folders["later"]).posts > 100


def test_the_folder_of_the_tables_and_the_horizon_are_kept_beside_the_scores(retrained):
    home, bundles, folders = retrained
    version = bundles["new"].version
    assert training_data_folder(home, version) == folders["new"].resolve()
    assert set(pd.read_parquet(backtest_file(home, version))["horizon_days"]) == {30}
    assert str(folders["new"]) not in (bundles_folder(home) / version / MANIFEST_FILE).read_text()


def test_the_recipe_is_read_back_from_the_manifest(retrained):
    _, bundles, _ = retrained
    manifest = bundles["new"].manifest
    recipe = replace(RECIPE, threads=0)  # which decide nothing and are not kept
    assert recipe_from_manifest(manifest) == recipe
    on_cluster = {**manifest, "recipe": {**manifest["recipe"], "dask": "tcp://x"}}
    assert recipe_from_manifest(on_cluster) == recipe


def test_a_recipe_of_other_code_is_told(retrained):
    _, bundles, _ = retrained
    manifest = bundles["new"].manifest
    for recipe in ({**manifest["recipe"], "layers": 3}, {}):
        with pytest.raises(
            ReforecastError, match=f"the recipe of {manifest['version']} is not one of this code"
        ):
            recipe_from_manifest({**manifest, "recipe": recipe})
    with pytest.raises(
        ReforecastError, match=f"the manifest of {manifest['version']} lacks 'recipe'"
    ):
        recipe_from_manifest({"version": manifest["version"]})


def day(number):
    return int((pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=number)).timestamp() * 1e6)


def knowing(until, **platforms):
    """Give what a manifest says of the end of what a bundle has seen, in days."""
    text = {
        name: {"until": str(pd.Timestamp(day(number), unit="us", tz="UTC"))}
        for name, number in platforms.items()
    }
    manifest = {"version": "v", "until": str(pd.Timestamp(day(until), unit="us", tz="UTC"))}
    return manifest | ({"platforms": text} if platforms else {})


@pytest.mark.parametrize(
    ("candidate", "champion", "cuts", "same_data", "moments"),
    [
        # a month later, the same tables as the candidate's: the end of what the champion has seen
        (knowing(60), knowing(30), {"tiktok": 20}, True, [30, 30, 30, 30]),
        # an old champion: the candidate's cut, where it is later
        (knowing(60), knowing(30), {"tiktok": 50}, True, [30, 50, 30, 30]),
        # other tables: the later end
        (knowing(60), knowing(30), {"tiktok": 50}, False, [60, 60, 60, 60]),
        # platforms that end in different years, and one that the champion has never seen
        (
            knowing(60, instagram=9, tiktok=60, x=50), knowing(30, instagram=9, tiktok=30),
            {"instagram": 5, "tiktok": 20, "x": 40}, True, [9, 30, 30, 40],
        ),
        (knowing(60, tiktok=60, x=50), knowing(70, tiktok=30, instagram=70), {}, False, [70, 60, 70, 50]),
    ],
)  # fmt: skip
def test_the_moment_at_which_both_are_asked(candidate, champion, cuts, same_data, moments):
    found = choose_origins(
        candidate, champion, {name: day(cut) for name, cut in cuts.items()}, same_data
    )
    assert PLATFORMS == ("instagram", "tiktok", "youtube", "x")
    assert [found.by_platform[name] for name in PLATFORMS] == [day(number) for number in moments]
    assert found.is_refitted == same_data
    assert found.until.tolist() == [day(number) for number in moments]


# --- which bundle is named ---


@pytest.fixture
def copied(home, tmp_path):
    """Give a copy of the home with the trained bundle as champion."""
    return shutil.copytree(home, tmp_path / "copied")


def second(home, trained, factor, version="29990101-000000-second", horizon_days=30):
    """Add a bundle whose backtest errs `factor` times as much on the same rows."""
    bundle = load_bundle(trained.folder)
    bundle.manifest.update(version=version, horizon_days=horizon_days)
    bundle = replace(bundle, reference=replace(bundle.reference, horizon_days=horizon_days))
    save_bundle(bundle, bundles_folder(home) / version)
    scores = pd.read_parquet(backtest_file(home, trained.bundle.version))
    scores.assign(crps=scores["crps"] * factor).to_parquet(backtest_file(home, version))
    return bundle


def test_a_worse_bundle_needs_force(copied, trained):
    worse = second(copied, trained, 1.5)
    with pytest.raises(
        PromotionRefused, match=r"fails .* CRPS, all history: \+50.0%.* --force --reason TEXT"
    ):
        promote(copied)
    assert champion_version(copied) == trained.bundle.version
    assert promote(copied, force="because").comparison.failed
    assert champion_version(copied) == worse.version


def test_a_better_bundle_is_promoted(copied, trained):
    better = second(copied, trained, 0.8)
    promotion = promote(copied)
    assert promotion.comparison.table["change"].tolist() == pytest.approx(
        [-0.2] * len(promotion.comparison.table)
    )
    assert (promotion.bundle.version, promotion.previous_version) == (
        better.version,
        trained.bundle.version,
    )
    assert champion_version(copied) == better.version


def test_the_first_bundle_is_promoted_without_a_comparison(copied, trained):
    champion_file(copied).unlink()
    promotion = promote(copied)
    assert (promotion.previous_version, promotion.comparison) == (None, None)
    assert {one.name for one in promotion.criteria} == {"coverage 80%", "coverage 90%"}
    assert {one.verdict for one in promotion.criteria} <= {"passed", "outside, told only"}
    assert champion_file(copied).read_text() == f"{trained.bundle.version}\n"


def test_the_champion_may_be_promoted_again(copied, trained):
    before = champion_history_file(copied).read_text()
    promotion = promote(copied)
    assert (promotion.previous_version, promotion.comparison) == (trained.bundle.version, None)
    assert champion_history_file(copied).read_text() == before


def test_a_tampered_bundle_is_refused_and_the_champion_stays(copied, trained):
    bundle = second(copied, trained, 0.8)
    path = bundles_folder(copied) / bundle.version / "engagements_location.txt"
    path.write_text(path.read_text().replace("leaf_value=", "leaf_value=9", 1))
    with pytest.raises(BundleError, match="differs from what the manifest says"):
        promote(copied)
    assert champion_version(copied) == trained.bundle.version


@pytest.mark.parametrize("version", [None, "29990101-000000-absent"])
def test_a_bundle_that_is_not_there_cannot_be_promoted(tmp_path, version):
    with pytest.raises(BundleError, match=r"no bundle.*: run creatorcast train DATA first"):
        promote(tmp_path, version)
    assert not champion_file(tmp_path).exists()


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("absent", r"'absent' is no bundle of '.*bundles': there are {there} \("),
        ("", "'' is no bundle of '.*bundles': there are "),
        (".", "'.' is a path, expected the version of a bundle in '.*bundles': there are "),
        ("..", "'..' is no bundle of '.*bundles': there are "),
        (
            "{bundles}/{there}",
            "is a path, expected the version of a bundle in '.*bundles': there are {there} ",
        ),
        ("../bundles/{there}", "is a path, expected the version of a bundle"),
        ("{there}/", "is a path, expected the version of a bundle"),
        ("{elsewhere}", "is a path, expected the version of a bundle"),
    ],
)
def test_only_versions_of_bundles_of_the_home_are_promoted(
    copied, trained, tmp_path, version, fault
):
    there = trained.bundle.version
    names = {"bundles": bundles_folder(copied), "there": there, "elsewhere": tmp_path / "elsewhere"}
    shutil.copytree(trained.folder, tmp_path / "elsewhere")
    with pytest.raises(BundleError, match=fault.format(**names)):
        promote(copied, version.format(**names), force="because")
    assert champion_version(copied) == there


def test_a_bundle_in_a_folder_of_another_name_is_refused(copied, trained):
    shutil.copytree(trained.folder, bundles_folder(copied) / "renamed")
    for act in (
        lambda: promote(copied, "renamed", force="because"),
        lambda: load_version(copied, "renamed"),
    ):
        with pytest.raises(
            BundleError,
            match=f"renamed' holds the bundle '{trained.bundle.version}': .*, rename the",
        ):
            act()


def test_many_bundles_are_counted_in_the_message(tmp_path):
    for day in range(1, 9):
        (bundles_folder(tmp_path) / f"2026030{day}").mkdir(parents=True)
    (bundles_folder(tmp_path) / ".20260309.77").mkdir()
    with pytest.raises(
        BundleError, match=r"are 20260308, 20260307, 20260306, 20260305, 20260304 and 3 older \("
    ):
        promote(tmp_path, "absent")


def test_a_pointer_that_is_no_version_is_refused(tmp_path):
    champion_file(tmp_path).parent.mkdir()
    champion_file(tmp_path).write_text("/elsewhere/bundle\n")
    with pytest.raises(
        BundleError, match="champion' names '/elsewhere/bundle', expected the version of a bundle"
    ):
        champion_folder(tmp_path)


@pytest.mark.parametrize("lacking", ["version", "columns", "targets", "sha256"])
def test_a_manifest_that_lacks_something_is_no_bundle(copied, trained, lacking):
    path = bundles_folder(copied) / trained.bundle.version / MANIFEST_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), lacking: None}))
    with pytest.raises(
        BundleError, match=f"is no bundle: manifest.json lacks '{lacking}': restore it or retrain"
    ):
        check_bundle(path.parent)


def test_rollback_makes_the_champion_before_champion_again(copied, trained):
    better = second(copied, trained, 0.8)
    promote(copied)
    files = {
        path: path.read_bytes() for path in (champion_file(copied), champion_history_file(copied))
    }
    assert rollback(copied, dry_run=True)[1] == better.version
    assert files == {path: path.read_bytes() for path in files}
    bundle, left = rollback(copied)
    assert (bundle.version, left) == (trained.bundle.version, better.version)
    assert champion_version(copied) == trained.bundle.version
    with pytest.raises(
        RollbackRefused, match=f"no champion before {trained.bundle.version} is known: creatorcast"
    ):
        rollback(copied)


def test_rollback_to_a_broken_bundle_is_refused_and_the_champion_stays(copied, trained):
    better = second(copied, trained, 0.8)
    promote(copied)
    (bundles_folder(copied) / trained.bundle.version / "reference.json").write_text("{}")
    with pytest.raises(BundleError, match="differs from what the manifest says"):
        rollback(copied)
    shutil.rmtree(bundles_folder(copied) / trained.bundle.version)
    with pytest.raises(BundleError, match=r"is no bundle of '.*': there are "):
        rollback(copied)
    assert champion_version(copied) == better.version


def test_rollback_without_a_champion_is_refused(tmp_path):
    with pytest.raises(
        RollbackRefused, match="there is no champion yet: creatorcast promote makes one"
    ):
        rollback(tmp_path)


# --- the registry, and the list of bundles ---


@pytest.fixture
def store(copied, trained):
    """Give the home with a store of MLflow in which version 1 is another bundle and version 3 the trained one."""
    with sqlite3.connect(copied / "artifacts" / "mlflow.db") as database:
        database.executescript(
            "CREATE TABLE model_versions (name, version, current_stage);"
            "CREATE TABLE model_version_tags (name, version, key, value);"
            "CREATE TABLE registered_model_aliases (name, alias, version);"
            "INSERT INTO registered_model_aliases VALUES ('creatorcast', 'champion', 3);"
        )
        for number, bundle, stage in (
            (1, "gone", "None"),
            (2, "deleted", "Deleted_Internal"),
            (3, trained.bundle.version, "None"),
        ):
            database.execute(
                "INSERT INTO model_versions VALUES ('creatorcast', ?, ?)", (number, stage)
            )
            tag = (number, bundle)
            database.execute(
                "INSERT INTO model_version_tags VALUES ('creatorcast', ?, 'bundle_version', ?)", tag
            )
            database.execute(
                "INSERT INTO model_version_tags VALUES ('creatorcast', ?, 'trained_on', 'x')",
                (number,),
            )
    database.close()
    return copied


def test_the_registry_tells_which_version_is_which_bundle(store, trained):
    assert registered_bundles(store, None) == {1: "gone", 3: trained.bundle.version}
    assert registered_bundle(store, None, 3) == trained.bundle.version
    address = f"sqlite:///{store / 'artifacts' / 'mlflow.db'}"
    assert registered_bundles(Path("elsewhere"), address) == registered_bundles(store, None)
    with pytest.raises(
        RegistryError,
        match=rf"2 is no version .*: it has 3 \({trained.bundle.version}\), 1 \(gone\)$",
    ):
        registered_bundle(store, None, 2)


def test_without_a_store_nothing_is_registered_and_none_is_made(tmp_path):
    assert not store_exists(tmp_path, None)
    assert registered_bundles(tmp_path, None) == {}
    with pytest.raises(
        RegistryError,
        match=r"1 is no version of the registry in 'sqlite:///.*': it has none: name the",
    ):
        registered_bundle(tmp_path, None, 1)
    assert list(tmp_path.iterdir()) == []


def test_the_challenger_is_the_registered_bundle_that_was_made_last(copied, trained):
    later_data, made_last = "29990101-000000-second", "20200101-000000-third"
    for version in (later_data, made_last):
        second(copied, trained, 1.0, version)
    note_file(copied, made_last).write_text('{"created_at": "2999-06-01T00:00:00+00:00"}')
    registered = {1: trained.bundle.version, 2: made_last, 3: later_data}
    assert wanted_marks(copied, registered).aliases == {"champion": 1, "challenger": 2}


def test_a_store_that_is_none_is_told(tmp_path):
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "mlflow.db").write_text(
        "no database, but long enough to be looked at as one" * 20
    )
    with pytest.raises(
        RegistryError,
        match=r"the MLflow store '.*mlflow.db' cannot be used: file is not a database",
    ):
        registered_bundles(tmp_path, None)


def test_the_list_of_bundles(store, trained):
    manifest, version = trained.bundle.manifest, trained.bundle.version
    second(store, trained, 0.8)
    promote(store)
    record = trained.backtest.table.iloc[0]
    (bundles_folder(store) / "20990101-000000-empty").mkdir()
    header, newest, broken, oldest, *note = bundles_text(
        store, registered_bundles(store, None)
    ).splitlines()
    assert re.split(r" {2,}", header) == [
        "version", "registry", "trained on", "source", "data", "until", "made", "posts", "horizon",
        "curves", "error", "against median", "80 % held",
    ]  # fmt: skip
    bases = {measures["engagements"]["basis"] for measures in manifest["maturation"].values()}
    (curves,) = bases  # all of them by published figures, or all fitted
    figures = [
        f"{manifest['posts']:,}", "30 days", curves, f"{record['mae']:.3f}",
        f"{record['vs_median']:+.1%}", f"{record['coverage_80']:.1%}",
    ]  # fmt: skip
    data = [
        *("simulated", "creatorcast demo market", manifest["data_digest"][:6]),
        manifest["until"][:10],
    ]
    first_made = created_at(store, version)[:16].replace("T", " ")
    for row, own, made in (
        (newest, ["29990101-000000-second", "-", "champion"], "2999-01-01 00:00"),
        (oldest, [version, "3", "before"], first_made),
    ):
        assert re.split(r" {2,}", row) == [*own, *data, made, *figures]
    assert re.split(r" {2,}", broken)[:2] == ["20990101-000000-empty", "-"]
    assert "broken: '" in broken
    assert "is no bundle: manifest.json cannot be read (" in broken
    assert note[0].startswith("data: start of the digest")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (
            lambda folder: (folder / "engagements.json").write_text("{}"),
            "differs from what the manifest says",
        ),
        (
            lambda folder: (folder / MANIFEST_FILE).write_text("oops"),
            "manifest.json cannot be read (",
        ),
        (
            lambda folder: (folder / MANIFEST_FILE).write_bytes(b"\xff\xfe"),
            "manifest.json cannot be read (",
        ),
        (lambda folder: folder.rename(folder.with_name("renamed")), "holds the bundle '"),
        (
            lambda folder: told(folder, format=3),
            "is a bundle of format 3, expected format 4: retrain with this version",
        ),
        (lambda folder: told(folder, columns=["a"]), "was trained on other feature columns"),
        (lambda folder: told(folder, until="one day"), "its manifest is not whole ("),
        (lambda folder: told(folder, backtest=None), "its manifest is not whole ("),
        (lambda folder: told(folder, sha256={}), "names no reference.json in its manifest"),
    ],
)
def test_broken_bundles_are_listed_with_the_reason(copied, trained, spoil, reason):
    spoil(bundles_folder(copied) / trained.bundle.version)
    _, row, *_ = bundles_text(copied, {}).splitlines()
    assert reason in row
    assert row.split()[0] in (trained.bundle.version, "renamed")


def told(folder, **changes):
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    (folder / MANIFEST_FILE).write_text(json.dumps({**manifest, **changes}))


def test_a_bundle_without_a_record_of_seen_creators_is_not_broken(copied, trained):
    told(bundles_folder(copied) / trained.bundle.version, backtest={"table": []})
    assert re.split(r" {2,}", bundles_text(copied, {}).splitlines()[1])[-3:] == ["-", "-", "-"]


def test_a_champion_without_a_bundle_and_a_broken_history_are_told(copied):
    set_champion(copied, "gone")
    champion_history_file(copied).write_text("oops")
    *_, lost, history = bundles_text(copied, {}).splitlines()
    assert lost == "champion gone: there is no such bundle"
    assert "champions.jsonl', line 1: 'oops' names no champion" in history


# --- the commands ---


@pytest.fixture
def run(copied, monkeypatch, tmp_path):
    """Run a command over the copied home, in an empty working directory; give the result."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("CREATORCAST_HOME", str(copied))

    def invoke(*arguments):
        result = CliRunner().invoke(
            main, [str(argument) for argument in arguments], prog_name="creatorcast"
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


def contents(home):
    return {
        path: path.read_bytes()
        for path in sorted((home / "artifacts").rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("factor", "code"), [(0.8, 0), (1.5, 3)])
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(run, copied, trained, factor, code):
    bundle, before = second(copied, trained, factor), contents(copied)
    dry = run("promote", "--dry-run")
    assert contents(copied) == before
    assert dry.exit_code == code
    assert dry.stdout.splitlines()[0].startswith("compared on the same ")
    real = run("promote", "--no-log")
    assert (real.exit_code, real.stderr) == (code, dry.stderr)
    same = len(dry.stdout.splitlines()) - (code == 0)
    assert real.stdout.splitlines()[:same] == dry.stdout.splitlines()[:same]
    if code:
        assert real.stderr.startswith(f"creatorcast: {bundle.version} fails ")
    else:
        assert (
            dry.stdout.splitlines()[-1]
            == f"{bundle.version} would be the champion; nothing was changed"
        )
        assert (
            real.stdout.splitlines()[-1]
            == f"champion is now {bundle.version} (trained on simulated data)"
        )


def test_a_model_of_another_horizon_decides_nothing_and_later_posts_are_no_remedy(
    run, copied, trained
):
    version = second(copied, trained, 0.8, horizon_days=14).version
    result = run("promote", "--no-log")
    assert (result.exit_code, "not comparable" in result.stdout) == (3, True)
    reason = "the candidate forecasts engagements 14 days after posting, the champion 30 days after"
    decided = f"so nothing is decided and {trained.bundle.version} stays the champion: promote {version} with --force --reason TEXT"
    assert result.stderr == f"creatorcast: nothing comparable: {reason}; {decided}\n"


def test_every_criterion_is_printed_or_counted(run, copied, trained):
    second(copied, trained, 1.5)
    short, whole = (run("promote", "--dry-run", *more).stdout for more in ([], ["--all-cells"]))
    criteria = promote(copied, force="x", dry_run=True).criteria
    verdict = r"(FAILED|passed|passed: outside, as the champion|told only|not comparable)"
    shown, all_shown = (
        re.findall(rf"^  (?:CRPS|coverage).*  {verdict}$", text, re.M) for text in (short, whole)
    )
    assert sorted(all_shown) == sorted(one.verdict for one in criteria)
    assert all_shown == sorted(all_shown, key=lambda verdict: verdict != "FAILED")  # failed first
    failed = [one for one in criteria if one.verdict == "FAILED"]
    assert shown.count("FAILED") == len(failed) > 0
    assert len(shown) - len(failed) < 7
    counted = sum(int(number) for number in re.findall(r"(\d+) more (?:passed|told)", short))
    assert len(shown) + counted == len(criteria)


def test_a_first_champion_is_told_in_a_few_lines(run, copied):
    champion_file(copied).unlink()
    lines = run("promote", "--dry-run").stdout.splitlines()
    assert len(lines) < 10
    assert [line.split()[:2] for line in lines[1:3]] == [["coverage", "80%"], ["coverage", "90%"]]


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_where_nothing_is_comparable_every_criterion_says_so(run, copied, trained, options):
    backtest_file(copied, second(copied, trained, 0.8).version).unlink()
    result = run("promote", "--no-log", *options)
    (line,) = result.stderr.splitlines()
    said = "nothing comparable: the backtest scores of 29990101-000000-second cannot be"
    assert (result.exit_code, line.startswith(f"creatorcast: {said}")) == (3, True)
    told, header, *table = result.stdout.splitlines()
    assert told.startswith(said)
    assert header.split()[:2] == ["criterion", "where"]
    assert [re.split(r" {2,}", row.strip()) for row in table[:3]] == [
        [name, "not comparable"] for name in ("CRPS", "CRPS, unseen creators", "coverage")
    ]
    forced = run("promote", "--no-log", "--force", "--reason", "they  know\nmore", *options)
    assert forced.exit_code == 0
    assert "forced, although it failed 1: they know more" in forced.stdout.splitlines()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--force"], "--force without a reason: say why, such as --reason "),
        (["--force", "--reason", " \n"], "--force without a reason: say why, such as --reason "),
        (["--force", "--reason", "x" * 501], "the reason of --force has 501 characters: at most"),
        (["--reason", "better"], "--reason without --force: a reason is kept of forced promotions"),
    ],
)
def test_force_needs_a_reason(run, copied, trained, options, fault):
    second(copied, trained, 1.5)
    before = contents(copied)
    result = run("promote", "--no-log", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"creatorcast: {fault}")
    assert contents(copied) == before


def test_why_it_was_forced_is_kept_and_listed(run, copied, trained):
    version = second(copied, trained, 1.5).version
    assert run("promote", "--no-log", "--force", "--reason", "a new market").exit_code == 0
    line = json.loads(champion_history_file(copied).read_text().splitlines()[-1])
    assert (line["version"], line["forced"]["reason"]) == (version, "a new market")
    assert line["forced"]["failed"][0].startswith("CRPS, all history: +50.0%")
    told = run("bundles").stdout
    assert f"{version} was promoted by force on {line['since'][:10]}: a new market" in told
    assert run("rollback", "--no-log").exit_code == 0
    assert "a new market (rolled back)" in run("bundles").stdout


def test_force_that_was_not_needed_keeps_no_reason(run, copied, trained):
    second(copied, trained, 0.8)
    result = run("promote", "--no-log", "--force", "--reason", "to be sure")
    assert "--force was not needed: its reason is not kept" in result.stdout.splitlines()
    assert "to be sure" not in champion_history_file(copied).read_text()


def test_a_dry_run_of_the_champion_says_that_it_is_the_champion_already(run, trained):
    result = run("promote", "--dry-run")
    said = f"{trained.bundle.version} is the champion already; nothing was changed\n"
    assert (result.exit_code, result.stdout) == (0, said)


def test_promote_takes_a_version_of_the_registry(run, store, trained):
    result = run("promote", "3", "--no-log")
    assert result.exit_code == 0
    assert (
        result.stdout == f"champion is now {trained.bundle.version} (trained on simulated data)\n"
    )
    gone = run("promote", "1", "--no-log")
    assert (gone.exit_code, gone.stdout) == (2, "")
    assert gone.stderr.startswith(
        f"creatorcast: 'gone' is no bundle of '{bundles_folder(store)}': there are "
    )
    unknown = run("promote", "77")
    assert unknown.stderr.startswith("creatorcast: 77 is no version of the registry in 'sqlite:///")


def test_promote_and_rollback_make_no_store(run, copied, trained):
    second(copied, trained, 0.8)
    assert run("promote").exit_code == 0
    would = (
        f"{trained.bundle.version} would be the champion again, in place of 29990101-000000-second"
    )
    assert run("rollback", "--dry-run").stdout == f"{would}; nothing was changed\n"
    registers = "MLflow has no store here: creatorcast log makes one and registers it"
    said = f"champion is again {trained.bundle.version} (trained on simulated data); {registers}\n"
    assert run("rollback").stdout == said
    refused = run("rollback")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith(
        f"creatorcast: no champion before {trained.bundle.version} is known"
    )
    assert not (copied / "artifacts" / "mlflow.db").exists()


def test_bundles_lists_them_without_mlflow(store, trained, tmp_path):
    check = (
        "import sys, creatorcast\n"
        "try:\n"
        "    creatorcast.main(['bundles'])\n"
        "finally:\n"
        "    print('mlflow' in sys.modules)\n"
    )
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "CREATORCAST_HOME": str(store)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", check],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    _, row, *_, imported = done.stdout.splitlines()
    assert re.split(r" {2,}", row)[:3] == [trained.bundle.version, "3", "champion"]
    assert imported == "False"


def test_bundles_of_an_empty_home_say_how_to_make_one(run, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", "nowhere")
    result = run("bundles")
    assert (result.exit_code, result.stdout) == (
        0,
        "no bundle in 'nowhere/artifacts/bundles': run creatorcast train DATA first\n",
    )


def test_bundles_are_listed_where_the_store_cannot_be_read(run, copied):
    (copied / "artifacts" / "mlflow.db").write_text("no database" * 100)
    result = run("bundles")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("the MLflow store '")


def test_snapshot_takes_versions_of_bundles_alone(run, market_folder, trained):
    for version in ("absent", str(trained.folder)):
        result = run("snapshot", market_folder, "--bundle", version, "--out", "snapshot.arrow")
        assert result.exit_code == 2
        assert "(creatorcast bundles)" in result.stderr


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_a_fifo_beside_a_bundle_holds_no_promotion(run, copied, trained, kind):
    version = second(copied, trained, 0.8).version
    path = backtest_file(copied, version).with_suffix(f".{kind}")
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert run("promote", "--dry-run").exit_code in (0, 3)
