"""What forecasts of different creators err together by: recovered where it is, near 0 elsewhere."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from models.manifest_schema import Manifest
from models.shared_shock import DEFAULT_SHOCK, SharedShock, estimate_shared_shock
from training.shared_errors import shared_shock_of_scores

CREATORS, NICHES, FORECASTS, WINDOWS, POSTS = 240, 6, 80, 3, 2


def scores(platform: float, niche: float, own: float = 0.3, seed: int = 0) -> pd.DataFrame:
    """Return scores whose normal scores share `platform` and `niche` of their variance between
    creators, and `own` within a creator and window.
    """
    random = np.random.default_rng(seed)
    shape = np.indices((2, CREATORS // 2, FORECASTS, WINDOWS, POSTS)).reshape(5, -1)
    on, creator, forecast, window, _ = shape
    of_creator = creator % NICHES

    def shock(*keys: np.ndarray) -> np.ndarray:
        place = np.unique(np.array(keys), axis=1, return_inverse=True)[1]
        return random.normal(size=place.max() + 1)[place]

    normal = np.sqrt(platform) * shock(on, forecast, window)
    normal += np.sqrt(niche) * shock(on, of_creator, forecast, window)
    normal += np.sqrt(own) * shock(on, creator, forecast, window)
    normal += np.sqrt(1 - platform - niche - own) * random.normal(size=len(on))
    return pd.DataFrame(
        {
            "asked": "history",
            "split": "seen",
            "pit": ndtr(1.3 * normal),
            "creator": on * CREATORS + creator,
            "platform": np.array(["instagram", "tiktok"])[on],
            "niche": np.array(["food", "travel", "beauty", "gaming", "tech", "unknown"])[
                of_creator
            ],
            "cut": forecast,
            "lead_days": window * 28.0 + random.uniform(0, 28, len(on)),
        }
    )


@pytest.mark.parametrize(("platform", "niche"), [(0.0, 0.0), (0.15, 0.0), (0.08, 0.12)])
def test_shocks_are_recovered_and_their_interval_holds_them(platform: float, niche: float) -> None:
    found = shared_shock_of_scores(scores(platform, niche))
    assert found.source == "backtest"
    assert found.n_creators == CREATORS
    assert found.windows == 2 * FORECASTS * WINDOWS
    assert found.platform.correlation == pytest.approx(platform, abs=0.02)
    assert found.niche.correlation == pytest.approx(niche, abs=0.02)
    for part, truth in ((found.platform, platform), (found.niche, niche)):
        assert part.low <= part.correlation <= part.high
        assert part.low - 0.005 <= truth <= part.high + 0.005


def test_few_windows_stay_near_the_default() -> None:
    every = scores(0.3, 0.0)
    few = shared_shock_of_scores(every[(every["cut"] == 0) & (every["platform"] == "tiktok")])
    assert few.windows == 3
    assert few.platform.correlation < 0.3 * 3 / 18 * 3
    assert few.platform.low >= DEFAULT_SHOCK.platform.low * 15 / 18 - 1e-4


def test_few_creators_or_scores_give_the_default() -> None:
    none = np.empty(0)
    assert estimate_shared_shock(none, none, none, none, none, none) == DEFAULT_SHOCK
    every = scores(0.2, 0.0)
    assert shared_shock_of_scores(every[every["creator"] < 40]) == DEFAULT_SHOCK


def test_the_order_of_scores_plays_no_part() -> None:
    every = scores(0.1, 0.05)
    shuffled = every.sample(frac=1, random_state=1)
    expected, found = shared_shock_of_scores(every), shared_shock_of_scores(shuffled)
    assert found.platform.correlation == pytest.approx(expected.platform.correlation, abs=2e-4)
    assert found.niche.correlation == pytest.approx(expected.niche.correlation, abs=2e-4)


def test_the_manifest_keeps_it_and_old_bundles_take_the_default() -> None:
    found = shared_shock_of_scores(scores(0.1, 0.05))
    assert SharedShock.of_manifest({"shared_shock": found.to_json()}) == found
    assert SharedShock.of_manifest({}) == DEFAULT_SHOCK
    assert Manifest.model_fields["shared_shock"].default is None


def test_shares_of_totals_grow_with_deliverables_and_stay_below_one() -> None:
    correlation, k = np.array([0.5, 0.5, 0.0, 0.0]), np.array([1.0, 3.0, 3.0, 1000.0])
    a, b = DEFAULT_SHOCK.shares(correlation, k)
    assert a[:3] == pytest.approx([0.018, 0.018 / (2 / 3), 0.018 * 3])
    assert b[0] == pytest.approx(0.003)
    assert (a + b < 1).all()
