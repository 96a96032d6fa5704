import os

import pytest
from invented_tables import fit_small, make_queries, make_tables
from pandas.testing import assert_frame_equal

import features.derive.derive
import features.history.history
import features.history.post_readings
import features.threads
from features.derive.derive import derive
from features.threads import MIN_THREADED_ROWS, map_threads, split_rows


def test_results_come_in_the_order_of_the_parts():
    assert map_threads(lambda part: -part, range(50)) == [-part for part in range(50)]
    assert map_threads(abs, []) == []


def test_an_error_of_a_part_is_raised():
    with pytest.raises(ZeroDivisionError):
        map_threads(lambda part: 1 // part, [1, 0, 1])


def test_one_part_or_few_rows_start_no_thread(monkeypatch):
    monkeypatch.setattr(features.threads, "ThreadPoolExecutor", None)
    assert map_threads(abs, [-1]) == [1]
    assert map_threads(abs, [-1, -2], rows=MIN_THREADED_ROWS - 1) == [1, 2]


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_rows_are_split_into_parts_of_about_as_many(rows, size):
    parts = [range(rows)[part] for part in split_rows(rows, size)]
    assert [row for part in parts for row in part] == [*range(rows)]
    assert all(0 < len(part) <= size for part in parts)
    assert len(parts) == -(-rows // size)


def test_neither_the_parts_nor_the_number_of_threads_change_a_digit(monkeypatch):
    tables = make_tables(3_000, 100, topics=True, seed=4)
    queries, reference = make_queries(tables, 300), fit_small(tables)
    expected = derive(tables, queries, reference)
    monkeypatch.setattr(features.threads, "MIN_THREADED_ROWS", 0)
    monkeypatch.setattr(features.derive.derive, "CHUNK_ROWS", 16)
    for module in (features.history.history, features.history.post_readings):
        monkeypatch.setattr(module, "MIN_THREADED_ROWS", 64)
    monkeypatch.setattr(features.history.history, "NAMED_ROWS", 500)
    monkeypatch.setattr(features.history.post_readings, "SORTED_ROWS", 300)
    for cores in (1, 2, 5):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert_frame_equal(derive(tables, queries, reference), expected, check_exact=True)
