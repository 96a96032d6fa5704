import numpy as np
import pandas as pd
import pytest
from conftest import build_tables

from features.history.arrays import to_us
from features.history.history import History
from features.niche.classifier import NicheClassifier
from features.niche.text import (
    TEXT_POSTS,
    TEXT_STEP,
    brand_fit,
    likeliest_niche,
    niche_columns,
    niche_distribution,
)
from features.tables.vocabulary import NICHES

START = pd.Timestamp("2026-01-01", tz="UTC")
UNKNOWN = len(NICHES)
FOOD, TRAVEL = NICHES.index("food"), NICHES.index("travel")


def history_of(*texts, **profile):
    posts = [
        {
            "creator_id": "a",
            "platform": "instagram",
            "post_id": f"p{i:03}",
            "text": text,
            "likes": 1.0,
            "comments": 1.0,
        }
        | {"posted_at": START + pd.Timedelta(days=i)}
        for i, text in enumerate(texts)
    ]
    creators = [{"creator_id": "a", "platform": "instagram", **profile}]
    return History.from_tables(build_tables(creators, posts))


def told(history, day=1000, shown=True):
    moment = to_us(pd.Series([START + pd.Timedelta(days=day)]))
    return niche_distribution(
        history, np.array([0]), moment, np.array([shown]), NicheClassifier().fit()
    )


@pytest.mark.parametrize(
    "made", [history_of(), history_of("what a week"), history_of(None, bio="...")]
)
def test_text_that_tells_nothing_is_unknown(made):
    assert told(made)[0, UNKNOWN] == 1
    assert np.isnan(likeliest_niche(np.array([np.nan]), told(made))).all()


@pytest.mark.parametrize(
    "words", [{"hashtags": "foodporn, #pasta"}, {"topic": "street food"}, {"text": "#StreetFood"}]
)
def test_captions_hashtags_and_topics_are_read(words):
    account = {"creator_id": "a", "platform": "instagram"}
    posts = [{**account, "post_id": "p", "posted_at": START, **words}]
    assert told(History.from_tables(build_tables([account], posts))).argmax() == FOOD


def test_hidden_posts_leave_the_bio():
    history = history_of(*["travel the world"] * 5, bio="Vegan recipes and baking")
    assert told(history, shown=False).argmax() == FOOD
    assert told(history, day=5, shown=True).argmax() == FOOD
    assert told(history, shown=True)[0, TRAVEL] > told(history, shown=False)[0, TRAVEL]


def test_long_accounts_are_read_anew_every_few_posts():
    old, new = ["travel the world"] * TEXT_POSTS, ["Vegan recipes"] * TEXT_STEP
    history = history_of(*old, *new)
    # the last post is known a horizon after it was posted
    almost, all_known = len(old) + len(new) - 2 + 7, len(old) + len(new) - 1 + 7
    np.testing.assert_array_equal(told(history, almost), told(history, len(old) - 1 + 7))
    assert told(history, almost)[0, FOOD] < told(history, all_known)[0, FOOD]


def test_the_declared_niche_stands_and_fits_brands_by_relatedness():
    text = told(history_of(bio="Vegan recipes and baking")).repeat(3, axis=0)
    declared = np.array([TRAVEL, np.nan, TRAVEL])
    columns = niche_columns(declared, text)
    assert columns["niche_code"].tolist() == [TRAVEL, FOOD, TRAVEL]
    assert columns["niche_declared_flag"].tolist() == [1, 0, 1]
    assert columns["niche_known_share"][0] == 1 > columns["niche_known_share"][1] > 0.5
    brand = np.array([TRAVEL, FOOD, np.nan])
    fit = brand_fit(~np.isnan(declared), columns["niche_code"], text[:, :-1], brand)
    assert fit[0] == 1
    assert 0.5 < fit[1] <= 1
    assert np.isnan(fit[2])


def test_nothing_known_has_no_fit_and_no_focus():
    declared, text = np.array([np.nan]), told(history_of())
    columns = niche_columns(declared, text)
    assert np.isnan([columns["niche_code"][0], columns["niche_focus"][0]]).all()
    assert columns["niche_known_share"].tolist() == [0]
    assert np.isnan(brand_fit(~np.isnan(declared), declared, text[:, :-1], np.array([FOOD]))).all()
    assert list(niche_columns(declared, None)) == [
        "niche_declared_flag",
        "niche_code",
        "niche_known_share",
    ]
