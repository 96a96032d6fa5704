import numpy as np
import pandas as pd
import pytest

from features.derive.derive import derive
from features.derive.fit_reference import fit_reference
from features.derive.queries import Queries
from features.history.arrays import to_us
from features.history.history import History
from features.tables.model import Tables
from features.tables.validate import validate
from training.backtest.baselines import rule_of_thumb_forecasts


@pytest.fixture
def fading():
    """A creator with 200 posts of 99 engagements, then a hundred of none a day apart; b has none; c, d are a market."""
    days = pd.date_range("2026-01-01", periods=300, freq="D", tz="UTC")
    own = {"creator_id": "a", "posted_at": days, "likes": [98.0] * 200 + [0.0] * 100}
    others = [
        {"creator_id": name, "posted_at": days[:50], "likes": likes}
        for name, likes in (("c", 9.0), ("d", 19.0))
    ]
    posts = pd.concat([pd.DataFrame(one) for one in (own, *others)], ignore_index=True)
    posts = posts.assign(
        platform="instagram",
        post_id=posts.index.astype("str"),
        comments=posts["likes"].gt(50) * 1.0,
    )
    creators = pd.DataFrame(
        {"creator_id": ["a", "b", "c", "d"], "platform": "instagram", "followers": 1000.0}
    )
    return History.from_tables(validate(Tables(creators=creators, posts=posts)))


def test_the_creators_median_is_of_every_known_post_and_the_others_of_the_last(fading):
    days = pd.to_datetime(
        ["2026-07-26", "2026-08-13", "2026-12-01", "2025-12-01", "2026-12-01"], utc=True
    )
    questions = pd.DataFrame(
        {
            "creator_id": ["a", "a", "a", "a", "b"],
            "platform": "instagram",
            "as_of": days,
            "start_at": days,
        }
    )
    account, moments = fading.account_indexes(questions), to_us(questions["as_of"])
    queries = Queries.from_arrays(account, moments, moments, {})
    reference = fit_reference(fading, pd.Timestamp("2026-12-01", tz="UTC"))
    x = derive(fading, questions, reference)
    found, unknown = (
        rule_of_thumb_forecasts(reference.at_horizon(fading), "engagements", queries, x),
        x["engagements_log_offset"].tolist()[3:],
    )
    # counts of unknown age are grown up: at the horizon they were less
    growth = float(reference.growth("engagements", np.array([0.0]), np.nan)[0])
    assert growth < 0
    many, none = np.log(100) + growth, 0.0
    # known at the second moment: 200 posts of 99 engagements and 18 of none
    assert found["creator's median"].tolist() == pytest.approx([many] * 3 + unknown)
    assert found["median of last 96"].tolist() == pytest.approx([many] * 2 + [none] + unknown)
    assert found["median of last 12"].tolist() == pytest.approx([many, none, none, *unknown])
