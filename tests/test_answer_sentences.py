"""Whatever is asked, sentences hold figures that a person can read and that agree with each other."""

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of

from features.number_text import (
    format_amount,
    format_estimates,
    format_fraction,
    format_number,
    pluralize,
)
from features.tables.currency import CurrencyRates
from features.tables.schema import format_exact
from models.bundle import load_bundle
from models.champion import champion_folder
from serving.scoring.scorer import Scorer

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
RATES = CurrencyRates({"USD": 1.0, "EUR": 1.1, "JPY": 0.0065, "KWD": 3.2})
#: What no figure for people looks like, and nouns in the plural behind 1.
UNREADABLE = re.compile(
    r"\d[eE][+-]?\d|\b(nan|inf|None)\b|(?<![\d,.])-0(?![\d,.])|(?<![\d,.])1 (posts|engagements|deals|followers)\b"
)
COSTS = re.compile(
    r"^(?:About|Under) ([\d,]+) engagements?\b.*?; at ([\d,.]+) \w+ that is ([\d,.]+) \w+ each"
)
FOLLOWERS, FEES = (
    (1, 5, 50, 3000, 10**6, 9 * 10**11),
    (None, 0.01, 0.37, 7, 99.995, 1_234_567.5, 1e9),
)
POSTS, COMPLETION, LIKES = (1, 2, 100), (None, 0.01, 0.5, 0.996, 0.99995, 1.0), (None, 1.0)


def questions():
    """Give questions of many magnitudes, some with a target or a fee in another currency."""
    cases = itertools.product(FOLLOWERS, FEES, POSTS, COMPLETION, LIKES)
    for number, (followers, fee, posts, completion, likes) in enumerate(cases):
        row = {
            "platform": "instagram",
            "followers": followers,
            "deliverables": posts,
            "completion_rate": completion,
        }
        row |= {"avg_likes": likes, "fee_usd": fee}
        if fee and number % 3 == 0:
            row["target_cpe_usd"] = (1e-4, 0.3, 1e6)[number % 7 % 3]
        if fee and number % 4 == 0:
            row |= {"fee_usd": None, "fee": fee, "currency": ("EUR", "JPY", "KWD")[number % 3]}
        yield row


@pytest.fixture(scope="module")
def answers(home):
    scorer = Scorer(load_bundle(champion_folder(Path(home))), rates=RATES)
    return answers_of(scorer, list(questions()), AS_OF)[0]


def test_every_figure_is_readable(answers):
    texts = [*answers["sentence"], *answers["cost_note"].dropna()]
    assert len(texts) > 1500
    assert [text for text in texts if UNREADABLE.search(text)] == []
    assert any("1 engagement" in text for text in texts)


def reach(words):
    """Give the least and most that a figure in words may stand for."""
    value, (_, _, part) = float(words.replace(",", "")), words.partition(".")
    half = 0.5 * 10 ** -len(part) if part else 0.5
    return value - half, value + half


def test_the_cost_is_the_fee_over_the_engagements_named(answers):
    checked = 0
    for text in answers["sentence"]:
        if not (figures := COSTS.match(text)):
            continue
        count = float(figures[1].replace(",", ""))
        half = 0.5 if count < 10 else 0.5 * 10 ** (len(str(int(count))) - 2)
        least, most = (0.0, 1.0) if text.startswith("Under") else (count - half, count + half)
        fee, cost = reach(figures[2]), reach(figures[3])
        assert fee[0] / (most + 1e-9) <= cost[1], text
        assert least <= 0 or cost[0] <= fee[1] / least, text
        checked += 1
    assert checked > 800


def test_less_than_all_is_never_told_as_all(answers):
    nearly_all = answers.loc[answers["completion_rate"] == 0.99995, "sentence"]
    assert nearly_all.str.contains("at a completion rate of 0.99995 ").all()
    assert (
        not answers["sentence"]
        .str.startswith("About 0 engagements")
        .loc[answers["cpe_usd_p50"].notna()]
        .any()
    )


@pytest.mark.parametrize("exponent", range(-9, 13))
def test_formatters_never_give_an_exponent(exponent):
    for value in np.array([1.0, 1.2345678, 4.9999999, 9.9999999]) * 10.0**exponent:
        for words in (
            format_amount,
            lambda number: format_estimates(np.array([number]))[0],
            format_number,
            format_exact,
            *([format_fraction] if value <= 1 else []),
        ):
            text = words(float(value))
            assert re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d+)?|\d+\.\d+", text), (words, value, text)
        for noun in ("post", "engagement"):
            assert not UNREADABLE.search(pluralize(format_number(float(value)), noun))
