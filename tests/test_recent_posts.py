"""Posts that a partnership brings: beside those that are known of its creator, and none of them left out in silence."""

import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of, table

from features.derive.derive import derive
from features.history.arrays import DAY_US
from features.history.extend import extend_history
from features.history.history import History, PostDetails
from features.history.post_readings import PostReadings
from features.history.post_use import PostUse, classify_readings, count_uses
from features.snapshot.writer import write_snapshot
from features.tables.model import Tables
from features.tables.schema import CREATORS, POSTS
from features.tables.vocabulary import PLATFORMS
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.scoring.creator_store import TableCreatorStore
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer
from serving.scoring.warning_flags import recent_post_warnings
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = pd.Timestamp("2026-05-01T00:00:00Z")
DAY = pd.Timedelta(days=1)
PROFILE = {"platform": "instagram", "followers": 20_000.0, "niche": "food", "format": "video"}
OF_POSTS = ("recent_posts", "posts_")


def post(number=0, age=20, likes=900.0, comments=10.0, **changes):
    """A post of the creator `new`, so many days old at AS_OF."""
    own = {
        "creator_id": "new",
        "platform": "instagram",
        "post_id": f"n{number}",
        "posted_at": AS_OF - age * DAY,
    }
    return {**own, "format": "video", "likes": likes, "comments": comments} | changes


def told_of(answer):
    """Give the warnings of an answer that are about posts."""
    return [
        name
        for name in answer["warnings"]
        if name.startswith(OF_POSTS)
        and name not in ("posts_read_after_as_of", "posts_still_growing")
    ]


def one_answer(scorer, rows, own=None):
    answers, reasons = answers_of(scorer, rows, AS_OF, None if own is None else table(own, POSTS))
    assert reasons == [[]] * len(rows)
    return answers.to_dict("records")


def with_more_readings(posts):
    """Read some posts again: young, at the horizon, later, without a moment; hide, complete and repost some."""
    random = np.random.default_rng(4)
    frames = [posts]
    for age, share in ((3, 0.3), (7, 0.3), (40, 0.3)):
        again = posts[random.random(len(posts)) < share].copy()
        again["observed_at"] = again["posted_at"] + age * DAY
        again[["likes", "comments", "views"]] *= 1 + age / 100
        frames.append(again)
    found = pd.concat(frames, ignore_index=True)
    draw = random.random(len(found))
    found["likes_hidden"] = found["likes_hidden"].mask(draw < 0.05, True)
    found["repost"] = found["repost"].mask((draw > 0.05) & (draw < 0.1), True)
    found["comments"] = found["comments"].mask((draw > 0.1) & (draw < 0.12))
    found["observed_at"] = found["observed_at"].mask((draw > 0.12) & (draw < 0.2))
    found["topic"] = found["topic"].mask(draw > 0.9, "own topic")
    return found.drop_duplicates(["platform", "post_id", "observed_at"], ignore_index=True)


@pytest.fixture(scope="module")
def busy(tables):
    """Twelve creators of several platforms that have posts, and all readings of their posts."""
    posts = tables.posts[tables.posts["posted_at"] < AS_OF + 30 * DAY]
    size = posts.groupby(["platform", "creator_id"]).size()
    chosen = pd.concat(
        [
            size[name].nlargest(4).reset_index().assign(platform=name)
            for name in ("instagram", "tiktok")
        ]
    )
    keys = pd.MultiIndex.from_frame(chosen[["platform", "creator_id"]])
    own = posts[pd.MultiIndex.from_frame(posts[["platform", "creator_id"]]).isin(keys)]
    return chosen, with_more_readings(own)


@pytest.mark.parametrize("share", [0.03, 0.4, 1.0])
def test_posts_brought_count_as_if_the_tables_held_them(bundle, tables, busy, share):
    """PostReadings are drawn out of the tables and brought: all is the same, to the last digit."""
    chosen, readings = busy
    rows = [
        {
            **row,
            "format": "video",
            "topic": "own topic",
            "fee_usd": 300.0,
            "start_at": AS_OF + 9 * DAY,
        }
        for row in chosen[["platform", "creator_id"]].to_dict("records")
    ]
    drawn = np.random.default_rng(7).random(len(readings)) < share
    whole = Tables(creators=tables.creators, followers=tables.followers, posts=readings)
    less = replace(whole, posts=readings[~drawn].reset_index(drop=True))
    wanted = one_answer(Scorer(bundle, whole), rows)
    found = one_answer(Scorer(bundle, less), rows, readings[drawn].to_dict("records"))
    without = one_answer(Scorer(bundle, less), rows)
    for one, expected, before in zip(found, wanted, without, strict=True):
        own = {name for name in one["warnings"] if name.startswith("recent_posts")}
        assert {*one["warnings"]} - own == {*expected["warnings"]}
        for name in set(one) - {"warnings", "partnership_id"}:
            assert one[name] == expected[name] or (
                pd.isna(one[name]) and pd.isna(expected[name])
            ), name
        assert one["engagements_p50"] != before["engagements_p50"]


def test_two_fresh_posts_do_not_lose_the_known_ones(bundle, tables, busy):
    """What was wrong: a known creator that brought two posts was answered from those two."""
    row = busy[0][["platform", "creator_id"]].to_dict("records")[0]
    fresh = [
        {
            **row,
            "post_id": f"fresh {n}",
            "posted_at": AS_OF - (8 + n) * DAY,
            "likes": 40.0,
            "comments": 0.0,
            "shares": 0.0,
        }
        for n in range(2)
    ]
    scorer = Scorer(bundle, tables)
    known, both = (one_answer(scorer, [row], own)[0] for own in (None, fresh))
    assert both["evidence"] == known["evidence"] == "history"
    assert both["engagements_p50"] != known["engagements_p50"]
    history, _, brought = extend_history(
        scorer.creator_store.history,
        np.array([scorer.creator_store.find(row["platform"], row["creator_id"])]),
        PostReadings.from_frame(table(fresh, POSTS), np.zeros(2, dtype=int)),
    )
    account = scorer.creator_store.find(row["platform"], row["creator_id"])
    first, last = scorer.creator_store.history.posts.start[account : account + 2]
    assert (len(history.posts.time), brought.sum()) == (last - first + 2, 2)


def test_a_known_post_is_known_by_its_id_or_its_moment(bundle, tables):
    creators = table(
        [{"creator_id": "new", "platform": "instagram", "followers": 20_000.0}], CREATORS
    )
    held = [post(n, age=20 + n, observed_at=AS_OF - 5 * DAY) for n in range(3)]
    scorer = Scorer(bundle, Tables(creators=creators, posts=table(held, POSTS)))
    row = {"creator_id": "new", "platform": "instagram"}
    alone = one_answer(scorer, [row])[0]

    def asked(*own, nameless=False):
        readings = PostReadings.from_frame(table(own, POSTS), np.zeros(len(own), dtype=int))
        readings = replace(readings, has_no_id=np.full(len(own), nameless))
        found = scorer.score(ProspectBatch.from_rows([row]), microseconds(AS_OF), readings)
        return found.frame().iloc[0]

    later = [post(n, age=20 + n, likes=9e6, observed_at=AS_OF - DAY) for n in range(3)]
    for nameless in (False, True):
        again = asked(*later, nameless=nameless)
        assert again["engagements_p50"] == alone["engagements_p50"]
        assert told_of(again) == ["recent_posts_known_already"]
    moved = asked(
        post(0, age=3, likes=9e6, observed_at=AS_OF - DAY)
    )  # an id decides before a moment
    assert moved["engagements_p50"] == alone["engagements_p50"]
    earlier = asked(post(0, age=20, likes=9e6, observed_at=AS_OF - 10 * DAY))
    assert earlier["engagements_p50"] > alone["engagements_p50"]
    assert told_of(earlier) == []


SOME = {
    "recent_posts_after_as_of": [post(n, age=-1 - n) for n in range(3)],
    "recent_posts_too_young": [post(n, age=6 - n) for n in range(3)],
    "recent_posts_read_too_early": [post(n, observed_at=AS_OF - 19.5 * DAY) for n in range(3)],
    "recent_posts_hidden_likes": [post(n, likes_hidden=True) for n in range(3)],
    "recent_posts_incomplete": [post(n, comments=None) for n in range(3)],
    "recent_posts_are_reposts": [post(n, repost=True) for n in range(3)],
}


@pytest.mark.parametrize("name", SOME)
def test_posts_none_of_which_counts_say_why(scorer, name):
    (found,) = one_answer(scorer, [{**PROFILE, "creator_id": "new"}], SOME[name])
    assert found["evidence"] == "profile"
    assert told_of(found) == [name]


@pytest.mark.parametrize("name", SOME)
def test_posts_some_of_which_count_say_that_some_do_not(scorer, name):
    (found,) = one_answer(
        scorer, [{**PROFILE, "creator_id": "new"}], [*SOME[name], post(9, age=30)]
    )
    assert found["evidence"] == "history"
    assert told_of(found) == ["recent_posts_partly_used"]


def test_young_posts_count_from_24_hours_on_by_what_was_read_by_as_of(bundle, scorer):
    """The same holds for posts of a request and for those of the tables."""
    creators = table([{"creator_id": "new", "platform": "instagram", "followers": 2e4}], CREATORS)
    for hours, counts in ((23, False), (25, True), (70, True), (73, False)):
        own = [post(n, age=3, observed_at=AS_OF + (hours - 72) * DAY / 24) for n in range(3)]
        (found,) = one_answer(scorer, [{**PROFILE, "creator_id": "new"}], own)
        held = Scorer(bundle, Tables(creators=creators, posts=table(own, POSTS)))
        (known,) = one_answer(held, [{"creator_id": "new", "platform": "instagram"}])
        assert {found["evidence"], known["evidence"]} == {"history" if counts else "profile"}
        assert told_of(found) == ([] if counts else ["recent_posts_too_young"]), hours
        assert told_of(known) == ([] if counts else ["posts_too_young"]), hours


def test_a_reading_after_as_of_of_a_young_post_changes_nothing(scorer):
    """It would tell the future of the post: the reading before as_of counts as it is."""
    own = [post(n, age=3 + n, observed_at=AS_OF - DAY) for n in range(3)]
    late = [post(n, age=3 + n, likes=9e6, observed_at=AS_OF + DAY) for n in range(3)]
    rows = [{**PROFILE, "creator_id": "new"}]
    before, after = (one_answer(scorer, rows, posts)[0] for posts in (own, own + late))
    assert after["engagements_p50"] == before["engagements_p50"]
    assert told_of(after) == []


def test_forecasts_that_rest_on_growth_not_read_yet_say_so(scorer):
    row = {**PROFILE, "creator_id": "new", "platform": "tiktok"}
    for hours, grows in ((26, True), (24 * 25, False)):
        observed = AS_OF - 40 * DAY + hours * DAY / 24
        own = [post(n, age=40, shares=1.0, observed_at=observed) for n in range(5)]
        (found,) = one_answer(scorer, [row], [{**one, "platform": "tiktok"} for one in own])
        assert ("posts_still_growing" in found["warnings"]) is grows, hours


def test_all_reasons_are_told_and_rows_keep_theirs(scorer):
    own = [*SOME["recent_posts_too_young"][:1], *SOME["recent_posts_are_reposts"][1:]]
    others = [post(20 + n, age=30 + n, creator_id="good") for n in range(3)]
    rows = [{**PROFILE, "creator_id": name} for name in ("none", "new", "good")]
    found = one_answer(scorer, rows, [*own, *others])
    assert [told_of(one) for one in found] == [
        [],
        ["recent_posts_too_young", "recent_posts_are_reposts"],
        [],
    ]


def test_readings_of_one_post_are_no_loss(scorer):
    """A young reading beside a grown-up one, and a later one: the post counts once."""
    own = [post(0, observed_at=AS_OF - days * DAY) for days in (17, 12, 1)]
    (found,) = one_answer(scorer, [{**PROFILE, "creator_id": "new"}], own)
    assert (found["evidence"], told_of(found)) == ("history", [])


def test_posts_before_the_last_96_are_told(scorer):
    own = [post(n, age=10 + n) for n in range(97)]
    found = [
        one_answer(scorer, [{**PROFILE, "creator_id": "new"}], some)[0] for some in (own[:96], own)
    ]
    assert [told_of(one) for one in found] == [[], ["recent_posts_partly_used"]]


def drawn_readings(seed, n=400, accounts=5):
    """Draw readings of all sorts."""
    random = np.random.default_rng(seed)
    posted = microseconds(AS_OF) - random.integers(-10, 60, n) * DAY_US
    likes = np.where(random.random(n) < 0.2, np.nan, random.integers(0, 500, n))
    told = {
        "likes": likes,
        "comments": np.where(random.random(n) < 0.1, np.nan, 3.0),
        "shares": np.full(n, 1.0),
    }
    told |= {name: random.random(n) < 0.15 for name in ("likes_hidden", "repost")}
    observed = np.where(
        random.random(n) < 0.3, np.iinfo(np.int64).min, posted + random.integers(0, 30, n) * DAY_US
    )
    names = [
        f"{moment} {number}"
        for moment, number in zip(posted, random.integers(0, 3, n), strict=True)
    ]
    account = random.integers(0, accounts, n)
    # a table has each reading of a post once
    rows = np.flatnonzero(
        ~pd.DataFrame({"account": account, "name": names, "observed": observed}).duplicated()
    )
    return taken(
        PostReadings(account, posted, observed, np.array(names, dtype=object), told, {}), rows
    )


def taken(readings, rows):
    told = {name: values[rows] for name, values in readings.columns.items()}
    own = readings.account, readings.posted_at, readings.observed_at, readings.post_id
    return PostReadings(*(values[rows] for values in own), told, {})


@pytest.mark.parametrize("seed", range(8))
def test_every_post_has_one_use_and_those_that_count_are_those_of_the_features(bundle, seed):
    readings, accounts = drawn_readings(seed), 5
    platform = np.array([0.0, 1, 2, 3, 0])
    moment = np.full(accounts, microseconds(AS_OF))
    counts = count_uses(classify_readings(readings, platform, moment), readings.account, accounts)
    assert counts.sum(axis=1).tolist() == np.bincount(readings.account, minlength=accounts).tolist()
    assert (counts.sum(axis=0) > 0).sum() >= 8
    history = History.from_profiles(platform, moment, {}, None, readings)
    asked = pd.DataFrame(
        {
            "as_of": [AS_OF] * accounts,
            "start_at": AS_OF,
            "platform": [PLATFORMS[int(p)] for p in platform],
        }
    )
    history = replace(history, accounts=pd.Index(asked["platform"] + "/" + asked.index.astype(str)))
    x = derive(history, asked.assign(creator_id=asked.index.astype(str)), bundle.reference)
    assert counts[:, PostUse.COUNTS].tolist() == x["engagements_known_count"].tolist()
    flags = recent_post_warnings(counts)
    told = np.array(list(flags.values()))
    lost = counts[:, PostUse.BEFORE_WINDOW :].sum(axis=1) + counts[:, PostUse.KNOWN_ALREADY] > 0
    assert (told.any(axis=0) == lost).all()


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_uses_beside_known_posts_add_up_too(share):
    readings = drawn_readings(11, accounts=1)
    keep = np.random.default_rng(1).random(len(readings.account)) < share
    held, brought = (taken(readings, np.flatnonzero(rows)) for rows in (keep, ~keep))
    moment = np.array([microseconds(AS_OF)])
    known = History.from_profiles(np.array([0.0]), moment, {}, None, held)
    known = replace(known, details=PostDetails.from_readings(held, known))
    history, both, own = extend_history(known, np.array([0]), brought)
    use = classify_readings(both, history.platform, moment, own)
    assert count_uses(use[own], both.account[own], 1).sum() == (~keep).sum()
    assert {PostUse.KNOWN_ALREADY, PostUse.COUNTS, PostUse.OTHER_READING} <= {*use[own].tolist()}
    whole = History.from_profiles(np.array([0.0]), moment, {}, None, readings)
    np.testing.assert_array_equal(
        history.posts_with_engagements.time, whole.posts_with_engagements.time
    )
    panels = [found.posts_with_engagements for found in (history, whole)]
    np.testing.assert_array_equal(*(panel.early.known_from for panel in panels))
    for name in ("engagements_log_read", "age_read_days"):
        values = [
            panel.take(name, np.arange(len(panel.time) + len(panel.early.known_from)))
            for panel in panels
        ]
        np.testing.assert_array_equal(*values)


def test_a_history_without_ids_takes_no_posts_besides(tables, bundle):
    with pytest.raises(ValueError, match="keeps no details of its posts"):
        extend_history(History.from_tables(tables), np.array([0]), drawn_readings(0, accounts=1))
    with pytest.raises(ValueError, match="keeps no details of its posts"):
        TableCreatorStore(
            History.from_tables(tables), bundle.reference, None
        ).missing_post_warnings(np.array([0]), 0)


KNOWN = {
    "posts_after_as_of": "recent_posts_after_as_of",
    "posts_too_young": "recent_posts_too_young",
    "posts_read_too_early": "recent_posts_read_too_early",
    "posts_incomplete": "recent_posts_hidden_likes",
    "posts_are_reposts": "recent_posts_are_reposts",
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_creators_none_of_whose_posts_counts_say_why(bundle, name):
    creators = table(
        [{"creator_id": who, "platform": "instagram", "followers": 2e4} for who in ("new", "bare")],
        CREATORS,
    )
    scorer = Scorer(bundle, Tables(creators=creators, posts=table(SOME[KNOWN[name]], POSTS)))
    rows = [{"creator_id": who, "platform": "instagram"} for who in ("new", "bare")]
    found = one_answer(scorer, rows)
    assert [told_of(one) for one in found] == [[name], []]
    assert {one["evidence"] for one in found} == {"profile"}


def test_known_creators_with_young_and_early_readings_are_told_apart(bundle):
    creators = table([{"creator_id": "new", "platform": "instagram", "followers": 2e4}], CREATORS)
    own = [
        post(0, age=5, observed_at=AS_OF - 4.5 * DAY),
        post(1, age=-3),
        post(2, age=30, repost=True),
    ]
    scorer = Scorer(bundle, Tables(creators=creators, posts=table(own, POSTS)))
    (found,) = one_answer(scorer, [{"creator_id": "new", "platform": "instagram"}])
    assert told_of(found) == ["posts_too_young", "posts_after_as_of", "posts_are_reposts"]


@pytest.fixture(scope="module")
def over_http(home, market_folder, tables, bundle, tmp_path_factory):
    """Clients over the tables, and over a snapshot of them as of AS_OF."""
    path = tmp_path_factory.mktemp("snapshot") / "known.arrow"
    write_snapshot(
        History.from_tables(tables),
        bundle.reference,
        AS_OF,
        path,
        bundle.version,
    )
    clients = []
    for settings in (Settings(home, market_folder), Settings(home, snapshot=path)):
        champion = ModelStore(settings)
        champion.start()
        champion.stop()
        clients.append(TestClient(build_app(champion)))
    return clients


def asked_of(client, *rows, as_of=AS_OF):
    response = client.post(
        "/v1/predict", json={"as_of": as_of.isoformat(), "partnerships": list(rows)}
    )
    return response.json()["results"]


def brought(age, likes=40.0, **changes):
    own = {
        "posted_at": (AS_OF - age * DAY).isoformat(),
        "likes": likes,
        "comments": 0.0,
        "shares": 0.0,
    }
    return own | changes


def test_over_http_known_posts_and_those_of_the_request_are_used(over_http, busy):
    row = busy[0][["platform", "creator_id"]].to_dict("records")[0]
    alone, both, late = asked_of(
        over_http[0],
        row,
        {**row, "partnership_id": "both", "recent_posts": [brought(8), brought(9)]},
        {**row, "partnership_id": "late", "recent_posts": [brought(3), brought(-1)]},
    )
    assert both["engagements"] != alone["engagements"]
    assert late["engagements"] == alone["engagements"]
    assert (told_of(both), told_of(late)) == (
        [],
        ["recent_posts_too_young", "recent_posts_after_as_of"],
    )
    assert {one["evidence"] for one in (alone, both, late)} == {"history"}


def test_beside_a_snapshot_the_better_evidence_is_used_and_the_other_named(over_http, tables, busy):
    _, mapped = over_http
    known = busy[0][["platform", "creator_id"]].to_dict("records")[0]
    fresh = [brought(8), brought(9)]
    alone, few = asked_of(mapped, known, {**known, "partnership_id": "few", "recent_posts": fresh})
    assert few["engagements"] == alone["engagements"]
    assert told_of(few) == ["recent_posts_not_used"]
    accounts = tables.creators[["platform", "creator_id"]].drop_duplicates()
    bare = accounts[~accounts["creator_id"].isin(tables.posts["creator_id"])].to_dict("records")[0]
    own, other = asked_of(
        mapped,
        {**bare, "followers": 9000.0, "recent_posts": fresh},
        {**bare, "creator_id": "nobody", "followers": 9000.0, "recent_posts": fresh},
    )
    assert own["engagements"] == other["engagements"]
    assert (own["evidence"], {*own["warnings"]} - {*other["warnings"]}) == (
        "history",
        {"snapshot_not_used"},
    )


def test_before_the_snapshot_the_posts_of_the_request_are_used(over_http, busy):
    row = busy[0][["platform", "creator_id"]].to_dict("records")[0]
    (found,) = asked_of(
        over_http[1], {**row, "recent_posts": [brought(20), brought(21)]}, as_of=AS_OF - DAY
    )
    assert found["evidence"] == "history"
    assert (found["as_of"], "snapshot_not_used" in found["warnings"]) == (
        "2026-04-30T00:00:00Z",
        True,
    )
    assert all(one < other for one, other in pairwise(list(found["engagements"].values())[:7]))


def test_every_warning_about_posts_is_explained():
    root = Path(__file__).parents[1]
    names = {
        *recent_post_warnings(np.zeros((1, len(PostUse)), dtype=int)),
        *KNOWN,
        "recent_posts_not_used",
        "snapshot_not_used",
    }
    for page in ("docs/answers.md", "docs/service.md"):
        assert {name for name in names if f"`{name}`" not in (root / page).read_text()} == set()
