"""The curves of a market that grows by known ones are found again from its readings."""

from dataclasses import replace

import pytest

from features.maturation.curve import Curve
from training.simulate.parameters import DEMO_MARKET
from training.simulate.simulate import simulate

fit_curves = pytest.importorskip("features.maturation.fit_curves")
reading_pairs = pytest.importorskip("features.history.reading_pairs")

#: Other than the published ones, so that those explain nothing.
KNOWN = {"engagements": Curve(0.166, 0.3), "views": Curve(0.6, 0.1)}


@pytest.mark.parametrize(
    ("readings", "creators", "theta"), [("daily", 100, 0.0), ("mixed", 500, 0.2)]
)
def test_known_curves_are_found_again(readings, creators, theta):
    platforms = {
        name: replace(platform, curves=KNOWN) for name, platform in DEMO_MARKET.platforms.items()
    }
    market = replace(DEMO_MARKET, platforms=platforms, readings=readings, growth_theta=theta)
    tables, _ = simulate(creators, seed=21, market=market)
    pairs = reading_pairs.ReadingPairs.from_tables(tables).growth_pairs()
    fitted = fit_curves.fit_maturation(pairs)
    for platform in platforms:
        for measure, curve in KNOWN.items():
            found = fitted.find(platform, measure)
            assert found.basis == "fitted"
            for age in (1.0, 7.0):
                assert found.curve.growth(age, 30.0) == pytest.approx(
                    curve.growth(age, 30.0), abs=0.05 if age == 7.0 else 0.08
                ), (platform, measure, age)
