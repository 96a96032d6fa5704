"""What the service counts: right over all workers, and never a reason to fail."""

import os

import pytest

from serving.http.counts import ROWS, SharedCounters
from serving.http.metrics import METRICS_MEMORY, Metrics

FIRST, SECOND = ({"version": name, "trained_on": "simulated"} for name in ("v1", "v2"))


def figures(metrics):
    """Give the value of every series."""
    lines = [
        line.rpartition(" ") for line in metrics.text().decode().splitlines() if line[0] != "#"
    ]
    return {name: float(value) for name, _, value in lines}


def models(metrics):
    return {
        name: value
        for name, value in figures(metrics).items()
        if name.startswith("creatorcast_model_info")
    }


@pytest.fixture
def environment():
    """Give the environment of workers that share their figures."""
    environment = {}
    Metrics(["/a"]).share(environment)
    yield environment
    os.close(int(environment[METRICS_MEMORY]))


def worker(environment, number):
    metrics = Metrics(["/a"])
    metrics.join(environment, number)
    return metrics


def test_whichever_worker_is_asked_tells_the_figures_of_all(environment):
    one, two = worker(environment, 1), worker(environment, 2)
    one.request("/a", "200", 0.02)
    two.request("/a", "200", 40.0)
    two.request("/a", "799", 0.0005)
    two.results("/a", ["history", "history", None])
    values = figures(one)
    assert values == figures(two)
    assert values['creatorcast_requests_total{code="200",endpoint="/a"}'] == 2
    assert values['creatorcast_requests_total{code="other",endpoint="/a"}'] == 1
    assert values['creatorcast_partnerships_total{endpoint="/a",evidence="history"}'] == 2
    assert values['creatorcast_partnerships_rejected_total{endpoint="/a"}'] == 1
    within = [
        values[f'creatorcast_request_seconds_bucket{{endpoint="/a",le="{le}"}}']
        for le in (0.0005, 0.025, "+Inf")
    ]
    assert within == [1, 2, 3]
    assert values['creatorcast_request_seconds_count{endpoint="/a"}'] == 3
    assert values['creatorcast_request_seconds_sum{endpoint="/a"}'] == pytest.approx(40.0205)


def test_what_has_no_series_of_its_own_is_counted_as_other(environment):
    one = worker(environment, 1)
    one.request("/made/up", "799", 1.0)
    one.results("/made/up", ["a new one", None])
    values = figures(one)
    assert values['creatorcast_requests_total{code="other",endpoint="other"}'] == 1
    assert values['creatorcast_partnerships_total{endpoint="other",evidence="other"}'] == 1
    assert values['creatorcast_partnerships_rejected_total{endpoint="other"}'] == 1


def test_a_worker_in_the_place_of_a_dead_one_goes_on_from_its_figures(environment):
    other = worker(environment, 2)
    for _ in range(3):
        worker(environment, 1).request("/a", "200", 1.0)
    assert figures(other)['creatorcast_requests_total{code="200",endpoint="/a"}'] == 3


def test_only_models_that_a_worker_answers_from_are_told(environment):
    one, two = worker(environment, 1), worker(environment, 2)
    assert models(one) == {}
    one.model(FIRST)
    two.model(FIRST)
    assert models(two) == {'creatorcast_model_info{trained_on="simulated",version="v1"}': 1}
    one.model(SECOND)
    assert set(models(two)) == {
        f'creatorcast_model_info{{trained_on="simulated",version="{name}"}}'
        for name in ("v1", "v2")
    }
    two.model(SECOND)
    assert models(one) == {'creatorcast_model_info{trained_on="simulated",version="v2"}': 1}
    worker(environment, 2)
    assert set(models(one)) == {'creatorcast_model_info{trained_on="simulated",version="v2"}'}


@pytest.mark.parametrize(
    "manifest", [{}, {"version": None, "trained_on": [1]}, {"version": "\0\ud800😀" * 5000}]
)
def test_no_manifest_keeps_a_model_from_being_told(environment, manifest):
    one = worker(environment, 1)
    one.model(manifest)
    assert len(models(one)) == 1


def test_without_memory_to_share_each_worker_counts_alone_and_it_is_told(monkeypatch, caplog):
    def refused(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", refused, raising=False)
    environment = {METRICS_MEMORY: "7"}
    Metrics(["/a"]).share(environment)
    assert environment == {}
    assert [record.getMessage() for record in caplog.records] == [
        "figures are not shared, /metrics tells those of the worker that is asked: [Errno 24] Too many open files"
    ]
    one = worker(environment, 1)
    one.request("/a", "200", 1.0)
    assert figures(one)['creatorcast_requests_total{code="200",endpoint="/a"}'] == 1


def short_file(folder):
    return os.open(folder / "short", os.O_RDWR | os.O_CREAT)


@pytest.mark.parametrize(
    ("descriptor", "number"),
    [
        (lambda _: "no number", 1),
        (lambda _: 999_999, 1),
        (short_file, 1),
        (lambda _: SharedCounters(5).share(), 1),
        (lambda _: SharedCounters(5000).share(), ROWS),
    ],
    ids=["no number", "not open", "too short", "of another shape", "too many workers"],
)
def test_a_worker_that_cannot_share_counts_alone_and_says_so(tmp_path, caplog, descriptor, number):
    one = worker({METRICS_MEMORY: str(descriptor(tmp_path))}, number)
    one.request("/a", "200", 1.0)
    one.model(FIRST)
    assert [record.getMessage()[:44] for record in caplog.records] == [
        "figures of this worker are its own alone: CR"
    ]
    assert figures(one)['creatorcast_requests_total{code="200",endpoint="/a"}'] == 1
    assert len(models(one)) == 1


def test_where_there_are_no_files_in_memory_a_nameless_one_is_shared(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    environment = {}
    Metrics(["/a"]).share(environment)
    assert list(tmp_path.iterdir()) == []
    worker(environment, 1).request("/a", "200", 1.0)
    assert (
        figures(worker(environment, 2))['creatorcast_requests_total{code="200",endpoint="/a"}'] == 1
    )
