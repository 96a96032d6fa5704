"""What a list holds and cannot be read is named in the warnings of its row, not only in the notes of the run."""

import numpy as np
import pandas as pd
import pytest

from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import SheetOptions
from serving.batch import BatchOptions, ProgressReporter, score_file
from serving.batch.score_chunk import _add_warnings

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")


def unused(words):
    return {
        name.removesuffix("_not_used") for name in words.split("; ") if name.endswith("_not_used")
    }


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        (
            "Engagement-Rate",
            ["3,4 %", "n/a", "5,1 %"],
            ["engagement_rate", None, "engagement_rate"],
        ),
        (
            "engagement_rate_by_followers",
            ["0.5", "", "0.9"],
            ["engagement_rate_by_followers"] * 1 + [None] + ["engagement_rate_by_followers"],
        ),
        ("Likes", ["300", "", "20"], ["avg_likes", None, "avg_likes"]),
        ("start_at", ["01/02/2027", "", "03/04/2027"], ["start_at", None, "start_at"]),
        ("Category", ["Food", "", "Quantum knitting"], [None, None, "niche"]),
    ],
)
def test_what_a_list_holds_and_cannot_be_read_is_named_in_its_row(
    scorer, tmp_path, kind, column, cells, expected
):
    frame = pd.DataFrame(
        {"platform": "instagram", "followers": [2000, 3000, 4000], "format": "video", column: cells}
    )
    path = tmp_path / f"list.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_excel(path, index=False)
    assert score_file(path, tmp_path / "out.parquet", scorer, AS_OF, BatchOptions()).scored == 3
    found = [
        unused(words) for words in pd.read_parquet(tmp_path / "out.parquet")["warnings"].fillna("")
    ]
    assert found == [{name} if name else set() for name in expected]


def test_columns_without_warnings_are_read_alike(scorer, tmp_path):
    pd.DataFrame({"platform": ["x"], "followers": [2000], "Likes": [3]}).to_csv(
        tmp_path / "list.csv", index=False
    )
    options = BatchOptions(columns=("engagements_p50",))
    assert (
        score_file(tmp_path / "list.csv", tmp_path / "out.csv", scorer, AS_OF, options).scored == 1
    )


def test_a_sheet_marks_the_rows_whose_values_it_leaves_out(tmp_path):
    frame = pd.DataFrame(
        {
            "handle": ["a", "b", "c"],
            "followers": ["1.234", "55", "1.2M"],
            "ER": ["3 %", "", "n/a"],
            "Category": ["Food", "Quantum", "-"],
        }
    )
    frame.to_csv(tmp_path / "list.csv", index=False)
    unread = {
        name: rows.tolist() for name, rows in read_sheet(tmp_path / "list.csv").unread.items()
    }
    assert unread == {
        "followers": [True, False, False],
        "engagement_rate": [True, False, False],
        "niche": [False, True, False],
    }


def test_a_row_that_was_not_scored_gets_no_warning():
    warnings = np.array([("few_posts",), None, ()], dtype=object)
    _add_warnings(
        warnings, {"niche_not_used": np.array([False, True, True, True])}, np.array([1, 2, 3])
    )
    assert warnings.tolist() == [("few_posts", "niche_not_used"), None, ("niche_not_used",)]


def test_columns_that_a_parquet_list_does_not_have_are_told(scorer, tmp_path):
    frame = pd.DataFrame(
        {
            "platform": ["instagram"],
            "followers": [2000.0],
            "avg_like": [3.0],
            "note": ["a"],
            "n": [1],
        }
    )
    frame.to_parquet(tmp_path / "list.parquet", index=False)
    frame[["platform", "followers"]].to_parquet(tmp_path / "plain.parquet", index=False)
    options = BatchOptions(sheet=SheetOptions(columns={"n": "posts_count", "note": "-"}))
    lines = []
    for name, chosen in (("list", options), ("plain", BatchOptions())):
        watcher = ProgressReporter(notify=lines.append)
        score_file(
            tmp_path / f"{name}.parquet", tmp_path / "out.parquet", scorer, AS_OF, chosen, watcher
        )
    told = [line for line in lines if "not read" in line]
    assert told == ["not read, because a list has no such columns: 'avg_like'"]
