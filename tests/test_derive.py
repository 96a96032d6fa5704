import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import build_tables
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import features.derive.derive
from features.derive.catalog import COLUMNS
from features.derive.derive import derive, derive_arrays, derive_profiles
from features.derive.effects import Effects
from features.derive.fit_reference import fit_reference
from features.derive.market_priors import MarketPriors, Prior
from features.derive.queries import Queries
from features.history.arrays import DAY_US, NAT_US
from features.history.history import History
from features.history.profiles import profile_from_fields
from features.maturation.maturation import AS_READ, published_maturation
from features.tables.vocabulary import EVIDENCE, MATURE_DAYS, NICHES, PLATFORMS

START = pd.Timestamp("2026-01-01", tz="UTC")
AS_OF = 40.0
PLATFORM = {"a": "instagram", "b": "tiktok", "c": "youtube", "d": "instagram"}
HISTORY, SUMMARY, PROFILE = range(len(EVIDENCE))
# the tables drawn are small: shrinking them would take minutes
few = settings(max_examples=15, derandomize=True, phases=[Phase.explicit, Phase.generate])


def day(number):
    return START + pd.Timedelta(days=number)


def tables_of(posts=(), creators=None, followers=()):
    if creators is None:
        creators = [account(name, day(0)) for name in PLATFORM]
    return build_tables(creators, posts, followers)


def account(name, observed_at=None, followers=20_000.0, **profile):
    return {
        "creator_id": name, "platform": PLATFORM[name], "observed_at": observed_at, "followers": followers,
        "niche": "food", "created_at": day(-365), **UNDECLARED.get(name, {}), **profile,
    }  # fmt: skip


def post(name, at, number=0, **values):
    counts = {"likes": 80.0, "comments": 15.0, "shares": 5.0, "views": 1000.0}
    named = {
        "creator_id": name,
        "platform": PLATFORM[name],
        "post_id": f"{name}-{at}-{number}",
        "posted_at": day(at),
    }
    return {**named, **counts, **values}


def questions_of(*rows):
    made = pd.DataFrame([{"creator_id": "a", "as_of": day(AS_OF), **row} for row in rows])
    starts = made["start_at"] if "start_at" in made else made["as_of"] + pd.Timedelta(days=10)
    return made.assign(platform=made["creator_id"].map(PLATFORM), start_at=starts)


def same(one, other, exact=True):
    assert_frame_equal(
        one, other, check_exact=exact, **({} if exact else {"rtol": 1e-12, "atol": 1e-12})
    )


def market_rows():
    random = np.random.default_rng(11)
    totals = np.exp(random.normal(6, 1, (40, 1)) + random.normal(0, 0.5, (40, 12)))
    posts = [
        post(
            name,
            j,
            i,
            likes=total * 0.8,
            comments=total * 0.15,
            shares=total * 0.05,
            views=total * 11,
        )
        for i, own in enumerate(totals)
        for j, total in enumerate(own)
        for name in ["abcd"[i % 4]]
    ]
    return [{**row, "creator_id": f"{row['creator_id']}{i // 12}"} for i, row in enumerate(posts)]


@pytest.fixture(scope="module")
def reference():
    posts = market_rows()
    people = {
        (row["creator_id"], row["platform"]): float(1000 + 700 * i) for i, row in enumerate(posts)
    }
    creators = [
        {"creator_id": i, "platform": p, "followers": f, "niche": "food"}
        for (i, p), f in people.items()
    ]
    # counts as they were read, so that the figures below can be worked out by hand
    return fit_reference(
        History.from_tables(tables_of(posts, creators)), day(60), maturation=AS_READ
    )


@pytest.fixture(scope="module")
def growing(reference):
    """The same market, with counts brought to the horizon by the published curves."""
    return replace(reference, maturation=published_maturation())


counts = st.one_of(st.none(), st.integers(0, 10**5).map(float))
flags = st.sampled_from([None, True, False])
captions = st.sampled_from(
    [None, "", "Vegan recipes", "gym and protein", "what a week", "nomad travel"]
)
UNDECLARED = {"b": {"niche": None, "bio": "I travel the world"}, "c": {"niche": None}}


def posts_between(first, last, most=14, topics=(None, "cake", "soup")):
    """Draw posts with posted_at in quarter days from `first` to `last`, every value of them perhaps not told."""
    one = st.fixed_dictionaries(
        {
            "creator_id": st.sampled_from("abc"),
            "at": st.integers(int(first * 4), int(last * 4)).map(lambda quarter: quarter / 4),
            "read": st.sampled_from([None, None, 2.0, 7.0, 7.0, 20.0, 90.0]),
            "likes": counts, "comments": counts, "shares": counts, "views": counts,
            "likes_hidden": flags, "repost": st.sampled_from([None, None, False, True]), "sponsored": flags,
            "format": st.sampled_from([None, "video", "image"]), "topic": st.sampled_from(topics),
            "caption_words": counts, "text": captions, "hashtags": st.sampled_from([None, "pasta #Food", "travelgram"]),
        }
    )  # fmt: skip
    return st.lists(one, max_size=most)


def rows_of(drawn, kind="p", read_after=None):
    """Give posts as rows; `read_after`: the day after which they are read, if not later."""
    made = []
    for number, values in enumerate(drawn):
        at, read = values["at"], values["read"]
        if read is not None and read_after is not None and at + read <= read_after:
            read = read_after + 0.25 - at
        observed = None if read is None else day(at + read)
        rest = {
            name: value
            for name, value in values.items()
            if name not in ("at", "read", "creator_id")
        }
        name = f"{kind}{number}"
        made.append(
            post(values["creator_id"], at, **{**rest, "post_id": name, "observed_at": observed})
        )
    return made


def readings_between(first, last):
    one = st.tuples(st.sampled_from("abc"), st.integers(first, last), st.integers(0, 10**6))
    return st.lists(one, max_size=6, unique_by=lambda drawn: drawn[:2]).map(
        lambda drawn: [
            {
                "creator_id": name,
                "platform": PLATFORM[name],
                "observed_at": day(at),
                "followers": float(count),
            }
            for name, at, count in drawn
        ]
    )


past = posts_between(0, AS_OF - MATURE_DAYS)
future = posts_between(AS_OF - MATURE_DAYS + 0.25, AS_OF + 60, topics=(None, "cake", "never seen"))
ASKED = questions_of(
    *(
        {
            "creator_id": name,
            "as_of": day(as_of),
            "start_at": day(as_of + lead),
            "sponsored": paid,
            **planned,
        }
        for name in PLATFORM
        for as_of, lead, paid, planned in [
            (
                AS_OF,
                3,
                True,
                {
                    "format": "video",
                    "topic": "cake",
                    "caption_words": 12.0,
                    "evidence_limit": "history",
                },
            ),
            (
                AS_OF,
                30.5,
                False,
                {"format": "story", "topic": "never seen", "avg_likes": 50.0, "avg_views": 900.0},
            ),
            (AS_OF, 0, None, {"evidence_limit": "summary", "avg_likes": 7.0}),
            (AS_OF, 0, True, {"evidence_limit": "profile", "avg_likes": 7.0}),
            (20.0, 100, True, {"format": "image", "topic": "soup", "brand_niche": "music"}),
            (1.0, 1, None, {}),
        ]
    )
)


@few
@given(
    past,
    future,
    future,
    readings_between(0, 40),
    readings_between(41, 99),
    readings_between(41, 99),
)
def test_what_is_known_later_changes_nothing(growing, before, one, other, seen, grown, shrunk):
    profile = {"verified": True, "niche": "music", "bio": "bass guitar"}
    earlier, late = (
        rows_of(before),
        [account(name, day(AS_OF + 1), 5.0, **profile) for name in "abcd"],
    )
    known = tables_of(earlier, followers=seen)
    expected = derive(known, ASKED, growing)
    same(
        derive(
            tables_of(earlier + rows_of(one, "later", AS_OF), followers=seen + grown),
            ASKED,
            growing,
        ),
        expected,
    )
    changed = tables_of(
        earlier + rows_of(other, "later", AS_OF),
        [*late, *(account(name, day(0)) for name in PLATFORM)],
        seen + shrunk,
    )
    same(derive(changed, ASKED, growing), expected)


def posts_read_several_times(oldest=27):
    """Draw posts of up to `oldest` quarter days, each with readings at several ages, some of them after AS_OF."""
    one = st.tuples(
        st.sampled_from("abc"),
        st.integers(1, oldest),
        st.lists(st.tuples(st.integers(1, 60), counts), min_size=1, unique_by=lambda read: read[0]),
    )
    return st.lists(one, min_size=1, max_size=8)


def readings_of(young):
    """Give one row for each reading: of the post's age in quarter days, and likes."""
    return [
        post(
            name,
            AS_OF - quarter / 4,
            post_id=f"young{number}",
            observed_at=day(AS_OF - quarter / 4 + age / 4),
            likes=likes,
        )
        for number, (name, quarter, readings) in enumerate(young)
        for age, likes in readings
    ]


@few
@given(past, posts_read_several_times())
def test_later_readings_of_young_posts_change_nothing(growing, before, young):
    readings = readings_of(young)
    until_then = [row for row in readings if row["observed_at"] <= day(AS_OF)]
    asked = ASKED[ASKED["as_of"] <= day(AS_OF)]
    known = tables_of(rows_of(before) + until_then)
    same(
        derive(tables_of(rows_of(before) + readings), asked, growing), derive(known, asked, growing)
    )


@few
@given(past, posts_read_several_times(oldest=120))
def test_later_readings_of_posts_that_were_read_before_change_nothing(growing, before, drawn):
    # a post counts from an age of a day on, by readings that show its count: one of a week without
    # any counts by its first later reading, whenever that was made
    read_before = [
        post
        for post in drawn
        if post[1] < 28 or any(4 <= age <= post[1] and likes is not None for age, likes in post[2])
    ]
    readings = readings_of(read_before)
    until_then = [row for row in readings if row["observed_at"] <= day(AS_OF)]
    asked = ASKED[ASKED["as_of"] == day(AS_OF)]
    known, all_readings = (tables_of(rows_of(before) + rows) for rows in (until_then, readings))
    same(derive(all_readings, asked, growing), derive(known, asked, growing))


def test_a_young_post_counts_by_its_newest_reading_brought_to_the_horizon(growing):
    old = [post("a", i, likes=85.0, observed_at=day(i + 30)) for i in range(20)]
    young = readings_of([("a", 12, [(2, 500.0), (4, 900.0), (11, 1900.0), (20, 9e9)])])
    asked = questions_of({"as_of": day(AS_OF)}, {"as_of": day(AS_OF - 1.9)})
    row, earlier = derive(tables_of(old + young), asked, growing).to_dict("records")
    curve = published_maturation().find("instagram", "engagements").curve
    newest = np.log1p(1915) + curve.growth(11 / 4, 30)
    assert (row["engagements_known_count"], row["last_post_age_days"]) == (21, 3)
    assert row["engagements_dev_max"] + row["engagements_log_offset"] == pytest.approx(newest)
    first = np.log1p(915) + curve.growth(1, 30)
    assert earlier["engagements_dev_max"] + earlier["engagements_log_offset"] == pytest.approx(
        first
    )
    without = derive(tables_of(old), asked, growing).to_dict("records")[0]
    assert row["engagements_log_offset"] - without["engagements_log_offset"] > 0
    assert row["engagements_effective_count"] < without["engagements_effective_count"] + 1


@few
@given(past, st.randoms(use_true_random=False))
def test_row_order_changes_nothing_but_the_order(reference, drawn, random):
    posts = rows_of(drawn) + [post("a", 3, i, likes=float(i)) for i in range(5)]
    creators = [account(name, day(at), 100.0 * at + 50) for name in PLATFORM for at in (0, 15)]
    expected = derive(tables_of(posts, creators), ASKED, reference)
    for rows in (posts, creators):
        random.shuffle(rows)
    same(derive(tables_of(posts, creators), ASKED, reference), expected)
    order = random.sample(range(len(ASKED)), len(ASKED))
    same(derive(tables_of(posts, creators), ASKED.iloc[order], reference), expected.iloc[order])


@settings(few, max_examples=6)
@given(posts_between(0, AS_OF, most=40), st.integers(0, 60))
def test_one_at_a_time_equals_all_at_once(reference, drawn, more):
    # accounts of very different lengths, so that the padding differs
    history = History.from_tables(
        tables_of(rows_of(drawn) + [post("b", i / 4, i, likes=float(i**2)) for i in range(more)])
    )
    together = derive(history, ASKED, reference)
    alone = [derive(history, ASKED.iloc[i : i + 1], reference) for i in range(len(ASKED))]
    same(pd.concat(alone), together)


@pytest.mark.parametrize("chunk", [5, 1000])
def test_questions_about_one_account_at_one_moment_share_nothing_else(
    reference, monkeypatch, chunk
):
    tables = tables_of([post("abc"[i % 3], i / 2, i, likes=float(i**2)) for i in range(60)])
    asked = ASKED[ASKED["creator_id"] == "a"].assign(as_of=day(AS_OF), start_at=day(AS_OF + 3))
    asked = pd.concat([asked, asked.assign(as_of=day(AS_OF - 9)), asked.assign(sponsored=False)])
    alone = [derive(tables, asked.iloc[i : i + 1], reference) for i in range(len(asked))]
    monkeypatch.setattr(features.derive.derive, "CHUNK_ROWS", chunk)
    same(derive(tables, asked, reference), pd.concat(alone))


@pytest.mark.parametrize("chunk", [1, 7, 23, 24, 25])
def test_chunks_change_nothing(reference, monkeypatch, chunk):
    tables = tables_of([post("abc"[i % 3], i / 2, i, likes=float(i**2)) for i in range(60)])
    expected = derive(tables, ASKED, reference)
    monkeypatch.setattr(features.derive.derive, "CHUNK_ROWS", chunk)
    same(derive(tables, ASKED, reference), expected)


def test_other_creators_change_nothing(reference):
    own = [post("a", i, likes=float(i**2)) for i in range(30)]
    asked = ASKED[ASKED["creator_id"] == "a"]
    others = [post("b", i / 4, likes=7.0) for i in range(90)]
    same(
        derive(tables_of(own + others), asked, reference), derive(tables_of(own), asked, reference)
    )


def test_tables_and_their_history_give_the_same(reference):
    tables = tables_of([post("a", i) for i in range(5)])
    same(derive(tables, ASKED, reference), derive(History.from_tables(tables), ASKED, reference))


def test_the_frames_given_stay_as_they_were(reference):
    tables, asked = tables_of([post("a", i) for i in range(5)]), ASKED.copy()
    copies = {name: table.copy() for name, table in tables.frames().items()}
    derive(tables, asked, reference)
    assert_frame_equal(asked, ASKED)
    for name, table in tables.frames().items():
        assert_frame_equal(table, copies[name])


def test_fee_and_columns_of_the_user_touch_nothing(reference):
    tables = tables_of([post("a", i) for i in range(5)])
    extra = ASKED.assign(
        fee_usd=5000.0, deliverables=3, partnership_id="p1", engagements=1e9, views=1e9, likes=1e9
    )
    same(derive(tables, extra[extra.columns[::-1]], reference), derive(tables, ASKED, reference))


def test_what_is_not_told_may_be_absent_or_missing(reference):
    tables = tables_of(
        [post("a", i, format="video", topic="cake", sponsored=True) for i in range(5)]
    )
    told = [
        "format",
        "sponsored",
        "topic",
        "caption_words",
        "has_location",
        "brand_niche",
        "avg_likes",
    ]
    missing = questions_of({}).assign(**dict.fromkeys(told))
    same(derive(tables, missing, reference), derive(tables, questions_of({}), reference))


def test_a_topic_that_is_told_but_new_differs_from_none_told(reference):
    tables = tables_of([post("a", i, topic="cake", likes=100.0 + i) for i in range(5)])
    new, none = derive(tables, questions_of({"topic": "new"}, {}), reference)[
        "engagements_dev_mean_by_topic"
    ]
    assert new == 0
    assert np.isnan(none)


def test_an_unknown_creator_is_refused(reference):
    with pytest.raises(KeyError, match="no creators row for 'b' on tiktok"):
        derive(tables_of(creators=[account("a")]), questions_of({"creator_id": "b"}), reference)


def test_a_post_counts_from_the_moment_its_counts_are_known(reference):
    moment = day(10 + MATURE_DAYS)
    asked = questions_of({"as_of": moment - pd.Timedelta(microseconds=1)}, {"as_of": moment})
    derived = derive(tables_of([post("a", 10)]), asked, reference)
    assert derived["engagements_known_count"].tolist() == [0, 1]
    assert derived["engagements_evidence_code"].tolist() == [PROFILE, HISTORY]


def test_evidence_is_the_best_there_is_within_the_limit(reference):
    averages = {"avg_likes": 80.0, "avg_comments": 15.0, "avg_shares": 5.0, "avg_views": 1000.0}
    limits = ["history", "summary", "profile", None]
    asked = questions_of(
        *({"creator_id": name, "evidence_limit": limit, **given}
          for name in ("a", "d") for given in ({}, averages) for limit in limits)
    )  # fmt: skip
    derived = derive(tables_of([post("a", 10), post("a", 20)]), asked, reference)
    best = {True: [HISTORY, SUMMARY, PROFILE, HISTORY], False: [PROFILE] * 4}
    codes = best[True] * 2 + best[False] + [SUMMARY, SUMMARY, PROFILE, SUMMARY]
    assert derived["engagements_evidence_code"].tolist() == codes
    assert derived["views_evidence_code"].tolist() == codes


def test_evidence_of_engagements_and_views_is_told_apart(reference):
    derived = derive(
        tables_of([post("a", 10, views=None)]), questions_of({}, {"avg_views": 10.0}), reference
    )
    assert derived["engagements_evidence_code"].tolist() == [HISTORY, HISTORY]
    assert derived["views_evidence_code"].tolist() == [PROFILE, SUMMARY]


def test_a_profile_question_knows_no_posts(reference):
    posts = [
        post("a", i, likes=float(i**3), format="video", topic="cake", sponsored=True)
        for i in range(20)
    ]
    planned = {"format": "video", "topic": "cake", "sponsored": True, "caption_words": 9.0}
    masked = questions_of(
        {"evidence_limit": "profile", **planned, "avg_likes": 9.0, "avg_views": 5.0}
    )
    without = derive(tables_of(), questions_of(planned), reference)
    same(derive(tables_of(posts), masked, reference), without)
    assert (without["engagements_log_offset"] == without["engagements_log_prior"]).all()


def test_a_summary_question_equals_the_same_averages_given(reference):
    posts = [post("a", i, likes=10.0 * i, comments=2.0 * i, views=500.0 * i) for i in range(25)]
    last = np.arange(13, 25)
    averages = {
        "avg_likes": 10.0 * last.mean(),
        "avg_comments": 2.0 * last.mean(),
        "avg_views": 500.0 * last.mean(),
    }
    masked = derive(
        tables_of(posts), questions_of({"evidence_limit": "summary", "format": "video"}), reference
    )
    given_ = derive(tables_of(), questions_of({**averages, "format": "video"}), reference)
    # nobody tells at what age the posts behind averages were read
    unlike = ["engagements_log_growth", "views_log_growth"]
    same(masked.drop(columns=unlike), given_.drop(columns=unlike), exact=False)
    assert masked["engagements_evidence_code"].tolist() == [SUMMARY]
    market = reference.engagements
    level = np.log1p(12 * last.mean()) + market.summary_shift
    weight, prior = 12 / (12 + market.trust), masked["engagements_log_prior"]
    assert masked["engagements_log_offset"].tolist() == pytest.approx(
        (weight * level + (1 - weight) * prior).tolist()
    )


def test_averages_are_read_in_the_order_parts_then_rates(reference):
    rates = {
        "engagement_rate_by_followers": 0.01,
        "engagement_rate_by_views": 0.1,
        "avg_views": 1000.0,
    }
    asked = questions_of(
        {"avg_likes": 70.0, "avg_comments": 10.0, **rates},
        {"avg_comments": 10.0, **rates},
        {**rates, "engagement_rate_by_followers": np.nan},
        {"avg_likes": 80.0},
    )
    derived = derive(tables_of(), asked, reference)
    means = np.expm1(derived["engagements_dev_mean_12"] + derived["engagements_log_offset"])
    share = reference.part_shares["instagram"]["likes"]
    assert means.tolist() == pytest.approx([80, 200, 100, 80 / share])


def test_followers_are_those_of_the_moment_and_a_later_snapshot_is_flagged(reference):
    creators = [account("a", day(30), 999.0), account("d", None, 999.0)]
    grown = [
        {"creator_id": "d", "platform": "instagram", "observed_at": day(30), "followers": 9999.0}
    ]
    moments = [{"creator_id": name, "as_of": day(at)} for name in "ad" for at in (29, 30)]
    derived = derive(tables_of((), creators, grown), questions_of(*moments), reference)
    assert derived["followers_late_flag"].tolist() == [1, 0, 0, 0]
    assert np.expm1(derived["followers_log"]).tolist() == pytest.approx([999, 999, 999, 9999])
    assert derived["band_code"].tolist() == [0, 0, 0, 1]


def test_unknown_followers_are_unknown_in_every_column_of_them(reference):
    derived = derive(
        tables_of((), [account("a", followers=None)]), questions_of({}), reference
    ).iloc[0]
    for name in (
        "band_code",
        "followers_log",
        "following_ratio_log",
        "engagements_log_offset_by_followers",
    ):
        assert np.isnan(derived[name])
    assert derived["followers_late_flag"] == 0
    assert np.isfinite(derived["engagements_log_offset"])


def test_counts_read_after_as_of_are_told(reference):
    read = [(10, 8), (20, 19), (25, 60), (30, 9)]
    posts = [post("a", at, observed_at=day(at + age)) for at, age in read]
    derived = derive(
        tables_of(posts), questions_of({"as_of": day(AS_OF)}, {"as_of": day(200)}), reference
    )
    assert derived["readings_late_share"].tolist() == [0.25, 0]


def test_without_views_in_the_reference_every_column_of_views_is_unknown(reference):
    derived = derive(tables_of([post("a", 10)]), questions_of({}), replace(reference, views=None))
    views = [name for name in COLUMNS if name.startswith("views_")]
    assert derived[views].isna().all(axis=None)
    assert np.isfinite(derived["engagements_log_offset"]).all()


def test_a_row_worked_by_hand(reference):
    """Three posts of 99, 9 and 99 engagements (2, 1 and 2 in ln 10), 10, 70 and 130 days old: weights 1, 1/2, 1/4."""
    ten = math.log(10)
    line = Prior(0.0, 1.0, 0.0, 5.0, {"food": ten}, 30)
    # the effective count is (7/4)^2 / (21/16) = 7/3, so that the creator weighs one half
    market = MarketPriors({"all": line}, trust=7 / 3, summary_shift=0.0)
    posts = [
        post("a", 130 - age, likes=likes, comments=9.0, views=None, format=kind, sponsored=paid, caption_words=words)
        for age, likes, kind, paid, words in [
            (10, 90.0, "video", True, 9.0), (70, 0.0, "image", False, None), (130, 90.0, "video", False, 9.0)
        ]
    ]  # fmt: skip
    creators = [
        account(
            "a", followers=999.0, following=99.0, posts_count=9.0, verified=True, created_at=day(30)
        )
    ]
    asked = questions_of(
        # 11 May 2026 is a Monday
        {
            "as_of": day(130),
            "start_at": day(130) + pd.Timedelta(days=0.75),
            "format": "video",
            "caption_words": 99.0,
        }
    )
    usual = Effects({"instagram": {"video": ten / 2}}, {"instagram": -ten / 2})
    known = replace(reference, engagements=market, views=market, effects=usual)
    row = derive(tables_of(posts, creators), asked, known).iloc[0]

    fading = [math.exp(-i / 20) for i in range(3)]
    level = (2 + (2 * fading[0] + fading[1] + 2 * fading[2]) / sum(fading)) / 2
    offset = (4 + level) / 2  # the prior: ln 1000 of the followers and ln 10 of the niche
    ewm = {k: 2 - math.exp(-1 / k) / (1 + math.exp(-1 / k) + math.exp(-2 / k)) for k in (3, 10)}
    dev = {
        "median_30d": 2, "median_90d": 1.5, "median_365d": 2,
        "median_3": 2, "median_5": 2, "median_12": 2, "median_20": 2, "ewm_3": ewm[3], "ewm_10": ewm[10],
        "ewm_30d": 2 - (1 / 4) / (1 + 1 / 4 + 1 / 16), "p10": 1.2, "p25": 1.5, "p75": 2, "p90": 2, "max": 2,
        "mean_12": math.log10(1 + (99 + 9 + 99) / 3),
    }  # fmt: skip
    # video stands twice at 2 - level; shrunk by three posts to the usual half
    video, image = (2 * (2 - level) + 3 / 2) / 5, (1 - level) / 4
    in_ln_10 = {
        "followers_log": 3, "following_ratio_log": 2 - 3, "posts_count_log": 1,
        "engagements_log_offset": offset, "engagements_log_prior": 4,
        "engagements_log_offset_by_prior": offset - 4, "engagements_log_offset_by_followers": offset - 3,
        **{f"engagements_dev_{name}": value - offset for name, value in dev.items()},
        "engagements_log_sd": math.sqrt(1 / 3), "engagements_log_mad": 0, "engagements_log_growth": 0, "engagements_log_slope": 0,
        "engagements_dev_mean_by_format": video, "video_effect": video, "image_effect": image,
        # the one paid post against the mean 1.5 of the others, shrunk by three posts to the usual -1/2
        "sponsored_effect": ((2 - 1.5) - 3 / 2) / 4,
        "sponsored_dev_median": 2 - offset, "organic_dev_median": 1.5 - offset,
        "views_log_offset": 4, "views_log_prior": 4, "views_log_offset_by_prior": 0,
        "views_log_offset_by_followers": 1,
        "caption_words_planned": 2, "caption_words_planned_by_own_mean": 1,
    }  # fmt: skip
    # the caption is ln 10 away from the two videos; the image tells none and is halved for its format
    near = math.exp(-(ten**2) / 2)
    similar = (1.25 * near * (2 - level) + 0.25 * (1 - level)) / (1.25 * near + 0.25 + 1)
    plain = {
        "platform_code": PLATFORMS.index("instagram"), "format_code": 2, "lead_days": 0.75, "start_weekday": 0,
        "start_hour": 18, "band_code": 0, "followers_late_flag": 0, "niche_code": NICHES.index("food"),
        "account_age_days": 100, "verified_flag": 1, "engagements_evidence_code": HISTORY,
        "engagements_known_count": 3, "engagements_effective_count": 7 / 3,
        "engagements_log_autocorrelation": 0, "engagements_dev_similar": similar * ten,
        "views_evidence_code": PROFILE, "views_known_count": 0, "views_effective_count": 0,
        "posts_gap_days_median": 60, "last_post_age_days": 10, "start_gap_days": 10.75,
        "like_share_median": 90 / 99, "comment_share_median": 9 / 99, "share_share_median": 5 / 99,
        "readings_late_share": 0, "hit_share": 0, "format_share": 2 / 3, "posts_count_30d": 1,
        "sponsored_share": 1 / 3, "sponsored_count_30d": 1, "sponsored_share_30d": 1,
        **{f"{name}_effect": 0 for name in ("carousel", "short", "story", "live")},
        "niche_declared_flag": 1, "niche_known_share": 1,
    }  # fmt: skip
    expected = plain | {name: value * ten for name, value in in_ln_10.items()}
    row = row[[name for name in COLUMNS if not name.startswith("authenticity_")]]
    told = row.dropna().to_dict()
    assert sorted(told) == sorted(expected)
    assert told == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", [1, 7, 2 * features.derive.derive.CHUNK_ROWS + 5])
def test_profiles_alone_are_derived_as_their_history_is(reference, n):
    random = np.random.default_rng(n)

    def some(values):
        return np.where(random.random(n) < 0.3, np.nan, values)

    platform, moment = random.integers(0, 3, n).astype(float), np.full(n, 20_000 * DAY_US)
    told = {
        name: some(random.lognormal(8, 2, n).round())
        for name in ("followers", "following", "posts_count")
    }
    told |= {
        "niche": some(random.integers(0, len(NICHES), n)),
        "verified": some(random.integers(0, 2, n)),
    }
    told["created_us"] = np.where(random.random(n) < 0.5, NAT_US, 15_000 * DAY_US)
    asks = {
        "avg_likes": some(random.lognormal(5, 2, n)),
        "avg_comments": some(random.lognormal(3, 2, n)),
    }
    asks |= {"avg_views": some(random.lognormal(9, 2, n)), "format": some(random.integers(0, 6, n))}
    asked = Queries.from_arrays(np.arange(n), moment, moment + DAY_US, asks)
    alone = derive_profiles(profile_from_fields(platform, moment, told), asked, reference)
    whole = derive_arrays(History.from_profiles(platform, moment, told), asked, reference)
    np.testing.assert_array_equal(alone, whole)
