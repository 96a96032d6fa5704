import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.maturation.maturation import published_maturation
from features.tables.folder import read_tables
from features.tables.schema import PROSPECTS
from features.tables.validate import clean_table, validate
from features.tables.vocabulary import NICHES, PLATFORMS
from training.simulate import simulate as simulation
from training.simulate.niche_words import NICHE_WORDS
from training.simulate.parameters import (
    AUTHENTICITY_GRADES,
    DEMO_MARKET,
    NICHE_GROUPS,
    MarketParameters,
)
from training.simulate.simulate import SimulateError, simulate, write_market
from training.simulate.truth import momentum_columns

END = pd.Timestamp("2026-06-30", tz="UTC")
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="session")
def small():
    return simulate(400, seed=7)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return write_market(tmp_path_factory.mktemp("market") / "demo", 60, seed=1)


@pytest.fixture(scope="session")
def wide():
    """Many creators with few posts, and one row a creator: what figures published about markets are about."""
    tables, truth = simulate(12_000, seed=5, market=replace(DEMO_MARKET, posts_median=8.0))
    return tables, truth, rates_of(tables, truth)


def counted(posts):
    """Give engagements; unknown where a part is."""
    shares = posts["shares"].where(posts["platform"] == "tiktok", 0)
    return posts["likes"] + posts["comments"] + shares


def rates_of(tables, truth):
    """Give medians by creator of posts read after 60 days, brought to 30 days by the published curves."""
    posts = tables.posts[(tables.posts["observed_at"] - tables.posts["posted_at"]) > 60 * DAY]
    posts = posts[~posts["sponsored"].astype(bool)]
    codes = pd.Index(PLATFORMS).get_indexer(posts["platform"]).astype(float)
    grown, views_grown = (
        published_maturation().growth(measure, codes, 30.0, np.nan)
        for measure in ("engagements", "views")
    )
    rate = counted(posts) / posts["creator_id"].map(
        np.exp(truth.creators.set_index("creator_id")["ln_followers"])
    )
    by_views = counted(posts) / posts["views"]
    posts = posts.assign(
        ln_rate=np.log(rate.where(rate > 0)) - grown,
        ln_rate_by_views=np.log(by_views.where(rate > 0)) - grown + views_grown,
        comment_ratio=posts["comments"] / posts["likes"].where(posts["likes"] >= 30),
    )
    groups = posts.groupby("creator_id")
    rates = groups[["ln_rate", "ln_rate_by_views", "comment_ratio"]].median()
    rates = rates.assign(
        mean=groups["ln_rate"].mean(), sd=groups["ln_rate"].std(), n=groups["ln_rate"].count()
    )
    return truth.creators.set_index("creator_id").join(rates, how="inner")


def test_same_seed_same_tables_other_seed_other_tables():
    first, truth = simulate(30, seed=3)
    again, truth_again = simulate(30, seed=3)
    other, _ = simulate(30, seed=4)
    for name, frame in first.frames().items():
        pd.testing.assert_frame_equal(frame, again.frames()[name])
    pd.testing.assert_frame_equal(truth.creators, truth_again.creators)
    assert not first.creators.equals(other.creators)


def test_same_seed_same_bytes(folder, tmp_path):
    again = write_market(tmp_path / "again", 60, seed=1)
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert all((folder / name).read_bytes() == (again / name).read_bytes() for name in files)


def test_tables_are_canonical_as_they_come(small):
    tables, _ = small
    clean = validate(tables)
    for name, frame in clean.frames().items():
        pd.testing.assert_frame_equal(frame, tables.frames()[name])
    assert tables.meta == {
        "simulated": True,
        "timezone": "UTC",
        "source": "creatorcast demo market",
        "seed": 7,
        "creators": 400,
    }


def test_one_creator_is_a_market():
    for seed in range(3):
        validate(simulate(1, seed)[0])


def test_nothing_is_read_before_it_is_posted_or_after_the_end(small):
    tables, _ = small
    assert (tables.posts["observed_at"] > tables.posts["posted_at"]).all()
    assert (tables.posts["posted_at"] >= pd.Timestamp("2025-01-01", tz="UTC")).all()
    assert (
        max(
            frame["observed_at"].max()
            for frame in (tables.posts, tables.creators, tables.followers)
        )
        <= END
    )


def test_most_posts_have_a_mature_reading_and_some_an_early_one_before_it(small):
    posts = small[0].posts
    age = (posts["observed_at"] - posts["posted_at"]) / DAY
    keys = posts["post_id"]
    assert keys[age >= 7].nunique() / keys.nunique() > 0.95
    readings = keys.value_counts()
    assert readings.max() == 2
    assert 0.08 < (readings == 2).mean() < 0.2
    ordered = posts.assign(age=age).sort_values("age")
    for name in ("likes", "comments", "views"):
        later = ordered.dropna(subset=[name]).groupby("post_id")[name].diff().dropna()
        assert (later >= 0).all()


def test_what_platforms_do_not_show_is_missing(small):
    tables, truth = small
    posts = tables.posts
    still = (posts["platform"] == "instagram") & posts["format"].isin(["image", "carousel"])
    assert still.any()
    assert posts.loc[still, "views"].isna().all()
    assert posts.loc[~still, "views"].notna().all()
    hidden = posts["likes_hidden"].astype(bool)
    assert 0.02 < hidden[posts["platform"] == "instagram"].mean() < 0.2
    assert posts.loc[hidden, "likes"].isna().all()
    assert posts.loc[~hidden, "likes"].notna().all()
    assert 0.03 < 1 - truth.creators["creator_id"].isin(posts["creator_id"]).mean() < 0.15
    assert 0.05 < tables.creators["niche"].isna().mean() < 0.25


def test_partnerships_sum_their_deliverables(small):
    tables, truth = small
    deals = tables.partnerships.set_index("partnership_id")
    future = deals["start_at"] > END
    assert future.any()
    assert deals.loc[future, ["engagements", "views"]].isna().all(axis=None)
    assert deals.loc[deals["start_at"] < END - 60 * DAY, "engagements"].notna().all()
    deal = deals[
        (deals["deliverables"] == 3)
        & deals["engagements"].notna()
        & (deals["platform"] == "youtube")
    ].iloc[0]
    due = [deal["start_at"] + 7 * nth * DAY for nth in range(3)]
    posts = tables.posts[
        (tables.posts["creator_id"] == deal["creator_id"]) & tables.posts["posted_at"].isin(due)
    ]
    assert len(posts) == 3
    assert posts["sponsored"].all()
    assert counted(posts).sum() == deal["engagements"]
    assert posts["views"].sum() == deal["views"]
    assert (posts["observed_at"] == deal["observed_at"]).all()
    read_after = deals["observed_at"] - deals["start_at"]
    assert (read_after >= (7 + 7 * (deals["deliverables"] - 1)) * DAY)[~future].sum() > 50
    assert deals["observed_at"].isna().equals(deals["engagements"].isna())
    assert len(truth.partnerships) == len(deals)


BANDS = (1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000)
PUBLISHED = {
    "instagram": (3.87, 1.42, 0.97, 0.87, 1.00, 1.00, 1.14),
    "tiktok": (13.0, 11.2, 8.9, 7.6, 7.0, 6.5, 6.5),
    "youtube": (1.65, 0.67, 0.38, 0.24, 0.21, 0.16),
}


@pytest.mark.parametrize("platform", PUBLISHED)
def test_engagement_rates_by_band_are_the_published_ones(wide, platform):
    _, _, rates = wide
    rates = rates[(rates["grade"] == "none") & (rates["platform"] == platform)]
    band = pd.cut(np.exp(rates["ln_followers"]), BANDS, labels=False)
    column = "ln_rate_by_views" if platform == "tiktok" else "ln_rate"
    medians = np.exp(rates.groupby(band)[column].median())[: len(PUBLISHED[platform])]
    np.testing.assert_allclose(
        np.log(medians), np.log(np.array(PUBLISHED[platform]) / 100), atol=0.35
    )


def slope(rates, column="ln_rate"):
    known = rates.dropna(subset=[column])
    return np.polyfit(known["ln_followers"], known[column], 1)[0]


def test_slopes_of_rates_on_followers_are_the_published_ones(wide):
    _, _, rates = wide
    honest = rates[(rates["grade"] == "none") & (rates["ln_followers"] > np.log(1000))]
    instagram = honest[honest["platform"] == "instagram"]
    small = instagram["ln_followers"] < np.log(22_000)
    assert slope(instagram[small]) == pytest.approx(-0.60, abs=0.1)
    assert slope(instagram[~small]) == pytest.approx(0.04, abs=0.08)
    assert slope(honest[honest["platform"] == "tiktok"], "ln_rate_by_views") == pytest.approx(
        -0.11, abs=0.03
    )
    youtube = honest[
        (honest["platform"] == "youtube") & (honest["ln_followers"] < np.log(1_000_000))
    ]
    assert slope(youtube) == pytest.approx(-0.39, abs=0.1)


def test_spread_between_creators_and_between_posts(wide):
    _, _, rates = wide
    honest = rates[(rates["grade"] == "none") & (rates["n"] >= 5)]
    typical = [
        DEMO_MARKET.platforms[platform].ln_rate_by_followers(ln_followers)
        for platform, ln_followers in zip(honest["platform"], honest["ln_followers"], strict=True)
    ]
    between = np.var(honest["mean"] - typical) - np.mean(honest["sd"] ** 2 / honest["n"])
    assert np.sqrt(between) == pytest.approx(0.85, abs=0.06)
    assert 0.5 < honest.loc[honest["n"] >= 15, "sd"].median() < 0.75


def test_comments_per_like_lie_between_the_published_mean_and_median(wide):
    _, _, rates = wide
    assert 0.02 < rates.loc[rates["grade"] == "none", "comment_ratio"].median() < 0.04


def test_sponsored_posts_lose_a_tenth_and_creators_differ(wide):
    _, truth, _ = wide
    effect = np.expm1(truth.creators["sponsored_effect"])
    assert effect.mean() == pytest.approx(-0.10, abs=0.01)
    assert effect.std() == pytest.approx(0.20, abs=0.01)
    by_creator = truth.posts.groupby(["sponsored", "creator_id"])["ln_expected"].mean()
    assert (by_creator[True] - by_creator[False]).mean() == pytest.approx(
        np.log(0.9) - 0.02, abs=0.03
    )


def test_a_quarter_is_suspicious_in_grades_from_crude_to_hard_to_see(wide):
    tables, _, rates = wide
    assert (rates["grade"] != "none").mean() == pytest.approx(0.25, abs=0.03)
    typical = rates.groupby("platform")["ln_rate"].transform(lambda rate: rate.rank(pct=True))
    rank = typical.groupby(rates["grade"]).median()
    assert rank["crude"] < rank["drip"] < rank["none"]
    assert rank["crude"] < 0.25
    assert rank["engaged"] == pytest.approx(rank["none"], abs=0.08)
    pods, none = (
        rates[(rates["grade"] == grade) & (rates["n"] >= 5)] for grade in ("pods", "none")
    )
    assert pods["sd"].median() < 0.5 * none["sd"].median()
    assert pods["comment_ratio"].median() < 0.5 * none["comment_ratio"].median()
    steps = np.log(tables.followers["followers"]).groupby(tables.followers["creator_id"]).diff()
    jump = (
        rates["grade"]
        .to_frame()
        .join(steps.groupby(tables.followers["creator_id"]).max().rename("step"))
    )
    largest = jump.groupby("grade")["step"].median()
    assert largest["crude"] > 0.4
    assert largest[["none", "drip", "pods", "engaged"]].max() < 0.2


@pytest.mark.parametrize("exponent", [0.35, 0.7, 1.0])
def test_fee_exponent_is_the_scenario(exponent):
    market = MarketParameters(fee_exponent=exponent, posts_median=2.0, deals_per_creator=1.0)
    tables, truth = simulate(2000, seed=2, market=market)
    creators = truth.creators[truth.creators["grade"] == "none"]
    deals = tables.partnerships.merge(creators, on="creator_id").dropna(subset=["fee_usd"])
    ln_fee = np.log(deals["fee_usd"] / deals["deliverables"])
    assert np.polyfit(deals["ln_followers"], ln_fee, 1)[0] == pytest.approx(exponent, abs=0.05)


#: Shares of the counts of 30 days, at 1 and at 7 days: the published figures to which the curves are fitted.
GROWN = {
    ("instagram", "engagements"): (0.80, 0.945),
    ("tiktok", "views"): (0.376, 0.729),
    ("youtube", "engagements"): (0.62, 0.835),
}


@pytest.mark.parametrize("theta", [0.0, 0.2])
def test_counts_grow_by_the_published_curves_each_post_at_its_own_pace(theta):
    market = replace(DEMO_MARKET, truth_ages_days=(1.0, 7.0, 30.0), growth_theta=theta)
    _, truth = simulate(300, seed=8, market=market)
    counts = truth.readings.pivot_table(
        ["engagements", "views"], ["platform", "post_id"], "age_days"
    )
    for (platform, measure), shares in GROWN.items():
        count = counts.loc[platform, measure]
        # the count at 30 days says nothing of the pace
        count = np.log1p(count[count[30.0] > 500])
        growth = count[30.0] - count[1.0], count[30.0] - count[7.0]
        for ln_growth, share in zip(growth, shares, strict=True):
            assert ln_growth.min() >= 0
            assert ln_growth.mean() == pytest.approx(-np.log(share), rel=0.1, abs=0.01)
            assert ln_growth.var() == pytest.approx(-theta * np.log(share), rel=0.25, abs=0.002)
        rank = growth[0].rank().corr(growth[1].rank())
        assert theta == 0 or rank > 0.8


def test_a_market_is_read_in_one_sweep_or_on_every_day():
    for readings in ("sweep", "daily"):
        tables, _ = simulate(60, seed=6, market=replace(DEMO_MARKET, readings=readings))
        validate(tables)
        age = (tables.posts["observed_at"] - tables.posts["posted_at"]) / DAY
        outcome = tables.partnerships.dropna(subset=["engagements"])
        assert (outcome["observed_at"] - outcome["start_at"]).min() > 7 * DAY
        if readings == "sweep":
            assert tables.posts["post_id"].is_unique
            assert tables.posts["observed_at"].min() > END - DAY / 4
            assert outcome["observed_at"].min() > END - DAY / 4
        else:
            by_post = age.groupby(tables.posts["post_id"])
            grown = by_post.max() > 31
            days = by_post.apply(lambda ages: np.floor(ages[ages < 10]).nunique())
            assert days[grown].min() >= 9
            assert age.min() >= 1 / 24


def test_later_posts_are_in_the_truth_alone():
    market = replace(DEMO_MARKET, later_days=40, truth_ages_days=(7.0, 30.0))
    tables, truth = simulate(60, seed=6, market=market)
    later = truth.posts[truth.posts["posted_at"] > END]
    assert not later["post_id"].isin(tables.posts["post_id"]).any()
    ordinary = len(truth.posts) - len(later)
    assert len(later) / ordinary == pytest.approx(40 / 545, rel=0.3)
    assert (truth.readings.groupby("post_id").size() == 2).all()
    assert set(truth.readings["post_id"]) == set(truth.posts["post_id"])


def test_posts_of_one_time_have_more_in_common_than_the_level():
    _, truth = simulate(3000, seed=9, market=replace(DEMO_MARKET, posts_median=1.0))
    creators = truth.creators[truth.creators["grade"] != "pods"]
    momentum = creators[momentum_columns(DEMO_MARKET)].to_numpy(dtype=float)
    own = creators["post_sd"].to_numpy() ** 2
    total = own + momentum.var(axis=0).mean()
    # what a creator's posts spread by is what was published, 0.4 to 0.8
    assert total.mean() == pytest.approx(np.mean(np.linspace(0.4, 0.8, 101) ** 2), rel=0.05)
    near, far = ((momentum[:, :-lag] * momentum[:, lag:]).mean() for lag in (1, 12))
    assert near / momentum.var() == pytest.approx(np.exp(-7 / 45), abs=0.03)
    assert far / momentum.var() == pytest.approx(np.exp(-84 / 45), abs=0.05)


def test_every_niche_has_words_and_kin():
    assert (
        sorted(NICHE_WORDS)
        == sorted(niche for kin in NICHE_GROUPS for niche in kin)
        == sorted(NICHES)
    )
    assert all(len(words.split()) == 4 for languages in NICHE_WORDS.values() for words in languages)


def test_written_market_reads_back_without_its_truth(folder):
    tables = read_tables(folder)
    validate(tables)
    assert tables.trained_on == "simulated"
    hidden = {"grade", "ln_expected", "creator_effect", "noise", "age_days"}
    assert not any(hidden & set(frame) for frame in tables.frames().values())
    assert sorted(path.name for path in (folder / "truth").iterdir()) == [
        "creators.parquet",
        "market.json",
        "partnerships.parquet",
        "posts.parquet",
        "readings.parquet",
    ]
    assert set(pd.read_parquet(folder / "truth" / "creators.parquet")["grade"]) <= set(
        AUTHENTICITY_GRADES
    )
    written = json.loads((folder / "truth" / "market.json").read_text())
    assert MarketParameters.from_dict(written) == DEMO_MARKET


def test_prospects_are_clean_and_of_three_kinds(tmp_path):
    folder = write_market(tmp_path / "demo", 400, seed=1)
    prospects, faults = clean_table(pd.read_csv(folder / "prospects.csv", dtype="str"), PROSPECTS)
    assert faults == []
    assert len(prospects) == 200
    known = prospects["creator_id"].isin(read_tables(folder).creators["creator_id"])
    averages = (
        prospects[["avg_likes", "engagement_rate_by_followers", "engagement_rate_by_views"]]
        .notna()
        .any(axis=1)
    )
    assert known.mean() == 0.6
    assert not (known & averages).any()
    assert (~known & averages).sum() > 20
    assert (~known & ~averages).sum() > 10
    assert prospects["fee_usd"].notna().mean() > 0.75
    assert prospects["start_at"].between(END, END + 60 * DAY).all()


def test_a_simulated_set_is_replaced_and_other_folders_are_refused(tmp_path):
    out = write_market(tmp_path / "deep" / "demo", 5, seed=1)
    write_market(out, 8, seed=1)
    assert len(read_tables(out).creators) == 8
    (out / "notes.txt").write_text("mine")
    with pytest.raises(
        SimulateError, match=r"holds more than a simulated data set \(notes.txt\): choose another"
    ):
        write_market(out, 5, seed=1)
    (tmp_path / "own").mkdir()
    write_market(tmp_path / "own", 5, seed=1)
    (tmp_path / "own" / "dataset.json").write_text("{}")
    with pytest.raises(
        SimulateError, match="holds files that are no simulated data set: choose another folder"
    ):
        write_market(tmp_path / "own", 5, seed=1)
    (tmp_path / "file").write_text("x")
    with pytest.raises(SimulateError, match="is a file, expected a folder"):
        write_market(tmp_path / "file", 5, seed=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "file", "own"]


def test_nothing_half_written_stays_and_the_old_set_survives(tmp_path, monkeypatch):
    out = write_market(tmp_path / "demo", 5, seed=1)

    def full(tables, folder):
        (folder / "creators.parquet").write_text("half")
        raise OSError("no space left on device")

    monkeypatch.setattr(simulation, "write_tables", full)
    with pytest.raises(OSError, match="no space"):
        write_market(out, 8, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert len(read_tables(out).creators) == 5


@pytest.mark.parametrize(("creators", "seed"), [(0, 1), (5, -1)])
def test_impossible_sizes_are_refused(creators, seed):
    with pytest.raises(SimulateError, match="expected at least 1 creator and a seed of 0 or more"):
        simulate(creators, seed)


def test_progress_goes_from_nothing_to_all(tmp_path):
    seen = []
    write_market(
        tmp_path / "demo", 5, seed=1, progress=lambda what, share: seen.append((what, share))
    )
    assert [what for what, _ in seen] == [
        "creators",
        "posts",
        "readings",
        "tables",
        "writing",
        "done",
    ]
    assert [share for _, share in seen] == sorted(share for _, share in seen)
    assert seen[-1] == ("done", 1.0)
