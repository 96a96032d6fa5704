"""The alarm: false alarms and delay with dependent outcomes; benchmarks/watch_alarm.py has more."""

import numpy as np
import pytest
from scipy.stats import norm

from monitoring.alarm import (
    BATCH,
    LEVEL,
    MONTHS,
    allowed_risks,
    check_alarm,
    outcome_risks,
)

WITHIN_CREATOR, SHARED = 0.2, 0.018


def outcomes(seed, months, per_month, creators=120):
    """Give normal scores, creators and months; those of a creator and of a month are correlated."""
    random = np.random.default_rng(seed)
    n = months * per_month
    creator, month = random.integers(0, creators, n), np.repeat(np.arange(months), per_month)
    z = random.normal(0, WITHIN_CREATOR**0.5, creators)[creator]
    z = z + random.normal(0, SHARED**0.5, months)[month]
    return z + random.normal(0, (1 - WITHIN_CREATOR - SHARED) ** 0.5, n), creator, month


def alarm(z, creator, month):
    return check_alarm(outcome_risks(norm.cdf(z)), creator, month, allowed_risks())


def test_twenty_years_without_drift_raise_hardly_any_alarm():
    raised = [alarm(*outcomes([1, run], MONTHS, 60)).is_raised for run in range(12)]
    assert sum(raised) <= 1


@pytest.mark.parametrize(("scatter", "shift"), [(1.37, 0.0), (1.0, 0.84), (1.0, -0.84)])
@pytest.mark.parametrize("after", [0, 12, 60])
def test_a_drop_of_coverage_to_65_percent_is_found_within_300_outcomes(scatter, shift, after):
    delays = []
    for run in range(15):
        z, creator, month = outcomes([2, run], after + 12, 60)
        z[after * 60 :] = z[after * 60 :] * scatter + shift
        found = alarm(z, creator, month)
        delays.append(np.inf if found.raised_at is None else found.raised_at + 1 - after * 60)
    assert (np.array(delays) <= 0).sum() <= 1  # a false alarm before the drop
    assert np.median(delays) <= 200
    assert np.mean([0 < delay <= 300 for delay in delays]) >= 0.8


@pytest.mark.parametrize("per_month", [47, 463])
def test_a_good_month_before_does_not_hide_a_drop_wherever_months_end_within_batches(per_month):
    delays = []
    for run in range(10):
        z, creator, month = outcomes([5, run], 4, per_month, creators=400)
        z = np.where(month == 0, 0.8 * z, z + 0.84)  # the first month held 89 %
        found = alarm(z, creator, month)
        delays.append(np.inf if found.raised_at is None else found.raised_at + 1 - per_month)
    assert np.mean([0 < delay <= 300 for delay in delays]) >= 0.9


def test_the_money_does_not_grow_where_risks_are_as_allowed():
    random = np.random.default_rng(3)
    allowed, n = allowed_risks(), 400
    wealth = []
    for _ in range(400):
        miss, side = random.random(n) < allowed[0], random.random(n) < allowed[1]
        risks = np.column_stack([miss, side, side]).astype(float)
        wealth.append(check_alarm(risks, np.arange(n), np.arange(n) // 40, allowed).wealth)
    assert np.mean(wealth) < 1 + 3 * np.std(wealth) / 20
    assert np.mean(np.array(wealth) >= 1 / LEVEL) <= LEVEL


def test_outcomes_of_one_creator_in_a_batch_count_as_one():
    risks = np.tile([1.0, 1.0, 0.0], (BATCH, 1))
    month = np.zeros(BATCH, dtype=int)
    one = check_alarm(risks, np.zeros(BATCH, dtype=int), month, allowed_risks())
    many = check_alarm(risks, np.arange(BATCH), month, allowed_risks())
    assert many.is_raised
    assert (many.raised_at, many.began_at, many.risk) == (BATCH - 1, 0, "miss")
    assert not one.is_raised


def test_outcomes_that_fill_no_batch_wait():
    z, creator, month = outcomes(4, 1, 50)
    found = alarm(z, creator, month)
    assert (found.outcomes, found.waiting) == (40, 10)
    none = alarm(z[:0], creator[:0], month[:0])
    assert (none.outcomes, none.waiting, none.wealth, none.is_raised) == (0, 0, 1.0, False)


def test_a_backtest_worse_than_nominal_allows_more_and_a_better_one_no_less():
    assert allowed_risks((0.76, 0.88)) == pytest.approx([0.205, 0.64, 0.64])
    assert allowed_risks((0.85, 0.95)) == pytest.approx(allowed_risks())


def test_risks_by_hand():
    pit = np.array([0.03, 0.07, 0.5, 0.8, 0.93, 0.96])
    assert outcome_risks(pit).tolist() == [
        [1, 0, 1],
        [0.5, 0, 1],
        [0, 0, 0],
        [0, 1, 0],
        [0.5, 1, 0],
        [1, 1, 0],
    ]
