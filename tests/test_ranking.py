"""Orders of answers: ties, what has no value, limits, and which measure is taken."""

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.answer import RequestAnswer
from serving.http.ranking import rank_answer
from serving.http.response_schema import Result
from serving.scoring.measures import DEFAULT_MEASURES, RANKING_MEASURES, measure_columns

HEAD = {"model_version": "v1", "trained_on": "simulated"}
FIGURES = sorted(
    {column for name in RANKING_MEASURES for column in measure_columns(name)}
    | {"goal_engagements", "target_cpe_usd"}
)


def result(name, **figures):
    return {"partnership_id": name, **figures}


def ranked(*rows, by=None, limit=None):
    """Rank rows of flat figures; a row of errors is one that was refused."""
    columns = {
        name: np.array([row.get(name, np.nan) for row in rows], dtype=float) for name in FIGURES
    }
    written = [orjson.dumps(row)[1:-1] for row in rows]
    answered = RequestAnswer(
        HEAD, written, columns, np.array(["errors" in row for row in rows], dtype=bool)
    )
    return orjson.loads(rank_answer(answered, by, limit))


def order(found):
    return [(one["partnership_id"], one["rank"]) for one in found["results"]]


COSTS = [
    result("dear", fee_usd=9.0, cpe_usd_p50=0.9),
    result("tie-1", fee_usd=5.0, cpe_usd_p50=0.5),
    result("free"),
    result("tie-2", fee_usd=5.0, cpe_usd_p50=0.5),
    {"partnership_id": "bad", "errors": [{"where": "partnerships[4]", "what": "x"}]},
    result("endless", fee_usd=5.0),
]


def test_ties_share_a_rank_and_what_has_no_value_comes_last_with_the_reason():
    found = ranked(*COSTS, by="cpe_usd_p50")
    assert order(found) == [
        ("tie-1", 1),
        ("tie-2", 1),
        ("dear", 3),
        ("free", None),
        ("bad", None),
        ("endless", None),
    ]
    assert [one["value"] for one in found["results"]] == [0.5, 0.5, 0.9, None, None, None]
    assert (found["by"], found["order"], found["asked"], found["ranked"]) == (
        "cpe_usd_p50",
        "lowest first",
        6,
        3,
    )
    why = [one["unranked"] for one in found["results"][3:]]
    none = {"expected": None, "got": None}
    assert why == [
        {"code": "missing", "where": "partnerships[2].fee_usd", "what": "is missing"}
        | {"expected": "a value, which cpe_usd_p50 needs", "got": None},
        {
            "code": "not_scored",
            "where": "partnerships[4]",
            "what": "could not be scored: see its errors",
            **none,
        },
        {"code": "no_value", "where": "partnerships[5]", **none}
        | {"what": "has no cpe_usd_p50: the cost has no finite value, see cost_note"},
    ]


def test_the_limit_cuts_what_has_a_rank_and_nothing_else():
    found = ranked(*COSTS, by="cpe_usd_p50", limit=1)
    assert order(found) == [("tie-1", 1), ("free", None), ("bad", None), ("endless", None)]
    assert (found["asked"], found["ranked"]) == (6, 3)


def test_without_a_measure_the_first_that_any_has_is_taken():
    dear = result("dear", fee_usd=4.0, cpe_usd_p50=0.8, break_even_fee_usd=9.0, engagements_p50=5.0)
    cheap = result("cheap", fee_usd=4.0, cpe_usd_p50=0.2, break_even_fee_usd=5.0)
    large, small = result("large", engagements_p50=7.0), result("small", engagements_p50=1.0)
    priced, unpriced = ranked(small, dear, large, cheap), ranked(small, large)
    assert (priced["by"], unpriced["by"]) == DEFAULT_MEASURES
    assert order(priced) == [("cheap", 1), ("dear", 2), ("small", None), ("large", None)]
    assert order(unpriced) == [("large", 1), ("small", 2)]


@pytest.mark.parametrize("name", RANKING_MEASURES)
def test_every_measure_is_a_figure_of_answers(name):
    group, _, part = name.rpartition("_")
    assert name in (*Result.model_fields, "fee_headroom") or (
        group in Result.model_fields and part.startswith("p")
    )


@given(
    st.lists(st.none() | st.sampled_from([1.0, 2.0, 3.0]), max_size=12),
    st.sampled_from(["fee_usd", "engagements_p50"]),
)
def test_an_order_holds_everything_once_and_best_first(values, by):
    rows = [
        result(str(n), **({} if value is None else {by: value})) for n, value in enumerate(values)
    ]
    found = ranked(*rows, by=by)["results"]
    assert sorted(one["partnership_id"] for one in found) == sorted(
        one["partnership_id"] for one in rows
    )
    best = sorted((value for value in values if value is not None), reverse=by == "engagements_p50")
    assert [one.get(by) for one in found] == best + [None] * values.count(None)
    assert [one["rank"] for one in found[: len(best)]] == [best.index(value) + 1 for value in best]
