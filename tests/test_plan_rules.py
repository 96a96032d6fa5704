"""Rules of a plan as users write them, parts of fees, and what of it contradicts itself."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.tables.currency import CurrencyRates
from serving.plan.fees import FeePart, FeePartError, merge_parts, parse_fee_part, part_amounts
from serving.plan.options import Options
from serving.plan.problem import PlanError
from serving.plan.rules import Limits, check_rules, linear_rules
from serving.plan.rules_file import RULE_NAMES, RulesError, parse_rules, read_rules_file, rules_json

RATES = CurrencyRates({"USD": 1.0, "EUR": 1.25})


def options(fee, platform=("tiktok", "instagram", "instagram"), **columns):
    n = len(fee)
    texts = {"platform": platform, "band": ("nano",) * n, "niche": ("food",) * n}
    texts |= {"evidence": ("history", "summary", "profile")[:n], **columns}
    whole = np.arange(n)
    return Options(
        row=whole,
        candidate=whole,
        key=np.array([f"k{n}" for n in whole], dtype=object),
        deliverables=np.ones(n, dtype=int),
        fee=np.array(fee, dtype=float),
        fee_for_engagement=np.array(fee, dtype=float),
        fee_source=np.full(n, "quoted", dtype=object),
        times=np.ones(n, dtype=int),
        market_fee=np.full((n, 3), np.nan),
        parts=[[]] * n,
        expected=np.array(fee, dtype=float),
        authenticity=np.array([0.2, 0.9, np.nan]),
        group=np.zeros(n, dtype=int),
        forecast=whole,
        names_of_row=[frozenset({"anna"}), frozenset({"ben", "ben b."}), frozenset({"cleo"})],
        **{name: np.array(values, dtype=object) for name, values in texts.items()},
    )


TOML = """
min_creators = 2
max_creators = 3
must_have = ["@Anna"]
exclude = ["cleo"]
max_fee = 250
max_share = "40 %"
least_authenticity = 0.5
least_evidence = "summary"

[platform.instagram]
min_creators = 1
max_share = 0.5

[fee_parts]
usage_rights = "10 %"
agency = "150 EUR"
"""


def test_a_rules_file_becomes_linear_rules_in_the_words_of_the_user(tmp_path):
    (tmp_path / "plan.toml").write_text(TOML)
    rules = read_rules_file(tmp_path / "plan.toml", "EUR")
    (tmp_path / "plan.json").write_text(json.dumps(rules_json(rules)))
    assert read_rules_file(tmp_path / "plan.json", "EUR") == rules
    found = linear_rules(rules, options([100, 200, 300]), 500.0, "EUR")
    told = {rule.name: (rule.coefficients.tolist(), rule.low, rule.high) for rule in found}
    assert told == {
        "at least 2 creators": ([1, 1, 1], 2, np.inf),
        "at most 3 creators": ([1, 1, 1], -np.inf, 3),
        "at least 1 creator on instagram": ([0, 1, 1], 1, np.inf),
        "at most 50 % of the budget on creators on instagram": ([0, 200, 300], -np.inf, 250),
        "must have @Anna": ([1, 0, 0], 1, np.inf),
        "without cleo": ([0, 0, 1], -np.inf, 0),
        "a fee of at most 250 EUR a creator": ([0, 0, 1], -np.inf, 0),
        "at most 40 % of the budget on one creator": ([0, 0, 1], -np.inf, 0),
        "an authenticity of at least 0.5": ([1, 0, 0], -np.inf, 0),
        "at least the evidence summary": ([0, 0, 1], -np.inf, 0),
    }


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"max_creaters": 3}, "max_creaters is no known rule: did you mean max_creators?"),
        (
            {"platform": {"tictoc": {"max_creators": 1}}},
            "platform.tictoc is no known rule: did you",
        ),
        (
            {"platform": {"tiktok": {"max": 1}}},
            "platform.tiktok.max is no known rule: did you mean",
        ),
        ({"platform": {"tiktok": {}}}, "platform.tiktok has no limit: some of min_creators"),
        ({"platform": "tiktok"}, "platform is 'tiktok': a table"),
        ({"min_creators": 2.5}, "min_creators is 2.5: a whole number"),
        ({"min_creators": True}, "min_creators is True: a whole number"),
        ({"min_creators": -1}, "min_creators is -1: a whole number"),
        ({"max_share": 40}, "max_share is 40: write '40 %' or 0.4"),
        ({"max_share": 0}, "max_share is 0, which leaves nobody: a share such as '40 %'"),
        ({"max_share": "40"}, "max_share is '40': a share"),
        ({"max_fee": float("nan")}, "max_fee is nan: an amount"),
        ({"max_fee": 0}, "max_fee is 0: an amount above 0"),
        ({"least_evidence": "histroy"}, "least_evidence is 'histroy': did you mean history?"),
        ({"least_probability": 1}, "least_probability is 1: between 0 and 1"),
        ({"must_have": "anna"}, "must_have is 'anna': a list of ids"),
        ({"must_have": ["anna", 3]}, "must_have[1] is 3: an id or a handle"),
        ({"fee_parts": {"agency": "20"}}, "fee_parts.agency '20' may be a percentage or an amount"),
        ({"fee_parts": {"rights": "20 %"}}, "fee_parts.rights is no known rule"),
        ([], "rules is a list of 0: a table of names and values"),
    ],
)
def test_a_rule_that_cannot_be_read_is_told_with_its_place(document, told):
    with pytest.raises(RulesError) as raised:
        parse_rules(document, "EUR")
    assert str(raised.value).startswith(told)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.toml", b"max_fee = ", "is no TOML"),
        ("a.toml", b"max_fee = 1\nmax_fee = 2", "is no TOML"),
        ("a.json", b"{", "is no JSON"),
        ("a.json", b'{"max_fee": 1, "max_fee": 2}', "'max_fee' stands twice"),
        ("a.toml", b"\xff\xfe", "cannot be read"),
        ("a.toml", b"[platform.tiktok]\nmax_creaters = 1", "did you mean max_creators?"),
    ],
)
def test_a_rules_file_that_cannot_be_read_is_named(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RulesError, match=r"a\.(toml|json): ") as raised:
        read_rules_file(tmp_path / name, "EUR")
    assert told in str(raised.value)
    with pytest.raises(RulesError, match="No such file"):
        read_rules_file(tmp_path / "none.toml", "EUR")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"min_creators": 5, "max_creators": 3}, "the least, 5, is above the most, 3"),
        ({"niche": {"food": {"min_share": 0.5, "max_share": 0.4}}}, "of the niche food: the least"),
        ({"must_have": ["@Anna"], "exclude": ["anna "]}, "must be in the plan and is excluded"),
        ({"must_have": ["a", "b"], "max_creators": 1}, "2 creators must be in the plan, which may"),
        (
            {
                "max_creators": 3,
                "platform": {"tiktok": {"min_creators": 2}, "instagram": {"min_creators": 2}},
            },
            "the least numbers of creators by platform are 4 together",
        ),
        (
            {"band": {"nano": {"min_share": "60 %"}, "micro": {"min_share": "50 %"}}},
            "the least shares of the budget by band are 110% together",
        ),
    ],
)
def test_rules_that_contradict_each_other_are_refused_before_anything_is_solved(document, told):
    with pytest.raises(PlanError) as raised:
        check_rules(parse_rules(document, "EUR"))
    assert told in str(raised.value)


_limits = st.fixed_dictionaries(
    {},
    optional={
        "min_creators": st.integers(0, 9),
        "max_creators": st.integers(0, 9),
        "min_share": st.floats(0, 1),
        "max_share": st.floats(0, 1),
    },
)
_documents = st.fixed_dictionaries(
    {},
    optional={
        "min_creators": st.integers(0, 100),
        "max_fee": st.floats(0.01, 1e9),
        "least_authenticity": st.floats(0, 1),
        "exclude": st.lists(st.text("ab@_", min_size=1), min_size=1, max_size=3),
        "platform": st.dictionaries(
            st.sampled_from(["tiktok", "x"]), _limits.filter(bool), min_size=1
        ),
        "fee_parts": st.dictionaries(
            st.sampled_from(["agency", "usage_rights"]),
            st.sampled_from(["20 %", "7.5 %", "250 EUR", "$ 30"]),
            min_size=1,
        ),
    },
)


@given(_documents)
def test_rules_are_the_same_after_they_were_written_and_read_again(document):
    rules = parse_rules(document, "EUR")
    assert parse_rules(json.loads(json.dumps(rules_json(rules))), "EUR") == rules


_values = st.sampled_from(
    [None, True, "", "40 %", -1, 0.5, 1e308, float("inf"), [1], {"a": {}}, [[]]]
)


@given(st.dictionaries(st.sampled_from(RULE_NAMES), _values))
def test_whatever_is_written_is_read_or_refused_with_a_sentence(document):
    with contextlib.suppress(RulesError):
        assert isinstance(parse_rules(document, "EUR").creators, Limits)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("20 %", FeePart("agency", share=0.2)),
        ("7,5%", FeePart("agency", share=0.075)),
        ("20 percent", FeePart("agency", share=0.2)),
        ("150 EUR", FeePart("agency", amount=150.0, currency="EUR")),
        ("EUR 1,500,000", FeePart("agency", amount=1_500_000.0, currency="EUR")),
        ("€20", FeePart("agency", amount=20.0, currency="EUR")),
        ("150", FeePart("agency", amount=150.0)),
        (150.5, FeePart("agency", amount=150.5)),
        (0.125, FeePart("agency", share=0.125)),
        *((nothing, None) for nothing in ("", "-", "0", "0 %", "included", None)),
    ],
)
def test_a_part_of_a_fee_is_a_share_or_an_amount(text, part):
    assert parse_fee_part("agency", text) == part


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("20", "may be a percentage or an amount: write '20 %', or the amount"),
        (100, "may be a percentage or an amount"),
        ("1.500 EUR", "can be read in two ways: write it without marks, such as 1500"),
        ("a lot", "is no part of a fee"),
        ("-20 %", "is no part of a fee"),
        ("EUR 20 USD", "is no part of a fee"),
        ("400 %", "is above 300 %"),
        ("1e30", "is no part of a fee"),
        (True, "is no part of a fee"),
    ],
)
def test_a_part_of_a_fee_that_is_not_clear_is_refused(text, told):
    with pytest.raises(FeePartError) as raised:
        parse_fee_part("agency", text)
    assert told in str(raised.value)


def test_parts_are_added_in_the_currency_of_the_plan():
    own = (FeePart("agency", share=0.2), FeePart("exclusivity", amount=100.0, currency="USD"))
    for_all = (FeePart("agency", share=0.5), FeePart("usage_rights", amount=10.0, currency="EUR"))
    parts = merge_parts(own, for_all)
    assert [part.name for part in parts] == ["usage_rights", "exclusivity", "agency"]
    amounts = part_amounts(1000.0, 2.0, parts, "EUR", RATES)
    assert dict(amounts) == {"usage_rights": 20.0, "exclusivity": 160.0, "agency": 200.0}
    with pytest.raises(FeePartError, match="CHF has no rate"):
        part_amounts(1.0, 1.0, [FeePart("agency", amount=200.0, currency="CHF")], "EUR", RATES)
