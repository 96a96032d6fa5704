"""Amounts and counts in words: rounded as money, readable at any size."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.number_text import (
    format_amount,
    format_estimates,
    format_money,
    format_number,
    format_probabilities,
    format_probability,
    pluralize,
)
from serving.batch.answer_summary import AnswerSummary
from serving.scoring.sentences import comparables_text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"), (-0.0, "0"), (50, "50"), (14.7098, "14.71"), (12.3, "12.30"), (1.005, "1.01"), (0.125, "0.13"),
        (99.994, "99.99"), (99.995, "100"), (100.4, "100"), (1234.5, "1,235"), (1234567.25, "1,234,567"),
        (1e15, "1,000,000,000,000,000"), (0.1, "0.10"), (0.09999, "0.10"), (0.0521, "0.052"), (0.05, "0.05"),
        (0.0042, "0.0042"), (0.00425, "0.0043"), (1e-7, "0.0000001"), (-3.456, "-3.46"), (-1234.5, "-1,235"),
    ],
)  # fmt: skip
def test_amounts_are_worded_as_money(value, words):
    assert format_amount(value) == words
    assert format_money(value, "EUR") == f"{words} EUR"


@given(st.floats(1e-12, 1e15))
def test_amounts_are_near_and_plain_at_any_size(value):
    words = format_amount(value)
    assert re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d{2,})?", words)
    assert float(words.replace(",", "")) == pytest.approx(value, rel=0.051)


@given(st.floats(1e-12, 1e15), st.floats(1e-12, 1e15))
def test_amounts_keep_their_order(one, other):
    small, large = sorted((one, other))
    assert float(format_amount(small).replace(",", "")) <= float(
        format_amount(large).replace(",", "")
    )


@given(st.integers(0, 1000), st.sampled_from((0.0, 0.5, 1.0)), st.floats(0, 1))
def test_probabilities_are_worded_alike_alone_and_together(thousandths, towards, other):
    edge = thousandths / 1000
    values = np.array([edge, np.nextafter(edge, towards), other])
    assert format_probabilities(values) == [format_probability(one) for one in values.tolist()]


def test_counts_and_their_nouns():
    assert format_estimates(np.array([0.2, -0.0, 1.4, 7.4, 99.6, 3412.7, 1e12])) == [
        "0", "0", "1", "7", "100", "3,400", "1,000,000,000,000",
    ]  # fmt: skip
    assert [pluralize(format_number(value), "post") for value in (1, 2, 1.5, 1200)] == [
        "1 post", "2 posts", "1.5 posts", "1,200 posts",
    ]  # fmt: skip


def test_comparables_word_single_figures():
    one = {"creator_id": "c", "followers": 1.0, "niche": None, "posts": 1.0, "engagements_p50": 1.2}
    assert comparables_text([{**one, "deals": 1.0, "cpe_usd": 14.7098}]) == (
        "c (1 follower, niche unknown): 1 engagement a post over 1 post, 1 deal at 14.71 USD each"
    )


def test_the_summary_of_a_list_words_costs_as_amounts():
    """Costs are counted in classes of a hundredth of log10; 1,234.5 lies in class 309."""
    summary = AnswerSummary()
    summary.add({"cpe_usd_p50": {"-238": 1, "116": 1, "309": 2}})
    said = "a quarter up to 0.0042, half up to 14.62, three quarters up to 1,245"
    assert summary.lines() == [f"cost per engagement, USD, of 4 with a fee: {said}"]


@given(st.lists(st.floats(0, 1e15), min_size=1, max_size=20))
def test_estimates_are_those_of_pythons_own_rounding(values):
    expected = [f"{float(f'{value:.2g}') if value >= 10 else value:,.0f}" for value in values]
    assert format_estimates(np.array(values)) == expected
