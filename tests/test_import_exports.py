"""Every figure that expected.json has of the real exports, read as an import reads them."""

import importlib.util
import json
import os
from pathlib import Path

import pandas as pd
import pytest

from ingest.exports.import_job import ImportOptions
from ingest.exports.importer import import_files

EXPORTS = Path(os.environ.get("CREATORCAST_REAL_DATA", "absent")) / "exports"
SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks" / "import_exports.py"
EXPECTED = json.loads((EXPORTS / "expected.json").read_text()) if EXPORTS.is_dir() else {}

pytestmark = pytest.mark.skipif(
    not EXPECTED, reason="CREATORCAST_REAL_DATA names no folder that holds exports/"
)


@pytest.fixture(scope="module")
def bench():
    """Import the benchmark, which compares, as a module."""
    spec = importlib.util.spec_from_file_location("import_exports", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_files_are_there():
    assert len(EXPECTED) == 21


@pytest.mark.parametrize("name", EXPECTED)
def test_every_figure_agrees(bench, name):
    figures = bench.compare(EXPORTS, name, EXPECTED[name])
    assert len(figures) >= 5
    assert [figure for figure in figures if figure[1] != figure[2]] == []


def test_all_files_import_together_and_again(bench, tmp_path):
    own = {**bench.OWNERS, **bench.PLATFORMS}
    paths = [EXPORTS / name for name in EXPECTED if name not in own and "insights" not in name]
    creators, posts = [], []
    for _ in range(2):
        report = import_files(paths, tmp_path / "out", ImportOptions())
        creators.append(pd.read_parquet(tmp_path / "out" / "creators.parquet"))
        posts.append(pd.read_parquet(tmp_path / "out" / "posts.parquet"))
    pd.testing.assert_frame_equal(*creators)
    pd.testing.assert_frame_equal(*posts)
    assert report.rejected == 0
