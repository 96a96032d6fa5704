"""The pandas side of the benchmark: an independent implementation of the signals of posts, which derive must meet."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks" / "features_scale.py"


@pytest.fixture(scope="module")
def bench():
    """Import the script as a module."""
    spec = importlib.util.spec_from_file_location("features_scale", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pandas_and_derive_give_the_same_signals(bench):
    tables = bench.make_tables(6_000, 60, topics=True)
    both, different, missing = bench.compare(
        tables, bench.make_questions(tables, 300), bench.fit_small(tables)
    )
    assert different == []
    assert {
        "engagements_log_offset",
        "views_dev_p90",
        "sponsored_effect",
        "engagements_dev_similar",
    } <= set(both)
    assert {name.split("_")[0] for name in missing} == {"niche", "authenticity"}
