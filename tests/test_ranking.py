"""Orders of answers: ties, what has no value, limits, and which measure is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.ranking import DEFAULTS, MEASURES, ranking, value_of
from serving.results import Result


def result(name, **rest):
    return {"partnership_id": name, "evidence": "profile", **rest}


def answer(*results):
    return {"model_version": "v1", "trained_on": "simulated", "results": list(results)}


def order(found):
    return [(one["partnership_id"], one["rank"]) for one in found["results"]]


COSTS = [
    result("dear", fee_usd=9.0, cpe_usd={"p50": 0.9}),
    result("tie-1", fee_usd=5.0, cpe_usd={"p50": 0.5}),
    result("free", fee_usd=None, cpe_usd=None),
    result("tie-2", fee_usd=5.0, cpe_usd={"p50": 0.5}),
    {"partnership_id": "bad", "errors": [{"where": "partnerships[4]", "what": "x", "expected": None, "got": None}]},
    result("endless", fee_usd=5.0, cpe_usd={"p50": None}),
]


def test_ties_share_a_rank_and_what_has_no_value_comes_last_with_the_reason():
    found = ranking(answer(*COSTS), "cpe_usd_p50")
    assert order(found) == [("tie-1", 1), ("tie-2", 1), ("dear", 3), ("free", None), ("bad", None), ("endless", None)]
    assert [one["value"] for one in found["results"]] == [0.5, 0.5, 0.9, None, None, None]
    assert (found["by"], found["order"], found["asked"], found["ranked"]) == ("cpe_usd_p50", "lowest first", 6, 3)
    why = [one["unranked"] for one in found["results"][3:]]
    none = {"expected": None, "got": None}
    assert why == [
        {"where": "partnerships[2].fee_usd", "what": "is missing"}
        | {"expected": "a value, which cpe_usd_p50 needs", "got": None},
        {"where": "partnerships[4]", "what": "could not be scored: see its errors", **none},
        {"where": "partnerships[5]", **none}
        | {"what": "has no cpe_usd_p50: the cost has no finite value, see cost_note"},
    ]


def test_the_limit_cuts_what_has_a_rank_and_nothing_else():
    found = ranking(answer(*COSTS), "cpe_usd_p50", 1)
    assert order(found) == [("tie-1", 1), ("free", None), ("bad", None), ("endless", None)]
    assert (found["asked"], found["ranked"]) == (6, 3)


def test_without_a_measure_the_first_that_any_has_is_taken():
    judged = result("a", fee_usd=4.0, break_even_fee_usd=6.0, cpe_usd={"p50": 1.0}, engagements={"p50": 7.0})
    priced = judged | {"partnership_id": "b", "break_even_fee_usd": None}
    bare = priced | {"partnership_id": "c", "fee_usd": None, "cpe_usd": None}
    taken = [ranking(answer(*rows)) for rows in ([bare, priced, judged], [bare, priced], [bare])]
    assert tuple(found["by"] for found in taken) == DEFAULTS
    assert order(taken[0]) == [("a", 1), ("c", None), ("b", None)]
    assert taken[0]["results"][0]["value"] == 1.5


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_a_figure_of_answers(name):
    group, _, part = name.rpartition("_")
    assert name in (*Result.model_fields, "fee_headroom") or (group in Result.model_fields and part.startswith("p"))


@given(
    st.lists(st.none() | st.sampled_from([1.0, 2.0, 3.0]), max_size=12), st.sampled_from(["fee_usd", "engagements_p50"])
)
def test_an_order_holds_everything_once_and_best_first(values, by):
    rows = [result(str(n), **{"fee_usd": value, "engagements": {"p50": value}}) for n, value in enumerate(values)]
    found = ranking(answer(*rows), by)["results"]
    assert sorted(one["partnership_id"] for one in found) == sorted(one["partnership_id"] for one in rows)
    best = sorted((value for value in values if value is not None), reverse=by == "engagements_p50")
    assert [value_of(one, by) for one in found] == best + [None] * values.count(None)
    assert [one["rank"] for one in found[: len(best)]] == [best.index(value) + 1 for value in best]
