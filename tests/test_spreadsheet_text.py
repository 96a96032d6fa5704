"""Texts that a spreadsheet would run as formulas: guarded in all CSV that is written, and read back as they were."""

import csv
import re

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import serving.batch.open_list
import serving.batch.runner
from creatorcast import main
from features.files.formula_escape import escape_formula, unescape_formula
from features.tables.folder import read_tables
from serving.batch import BatchOptions, score_file
from serving.frame_file import write_frame

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
RISKY = [
    "=1+1",
    '=HYPERLINK("x","y")',
    "+cmd|' /C calc'!A0",
    "-1+2",
    "@SUM(1)",
    "＝1",
    "'=1",
    "''@a",
    "it's",
    "-5",
    "a",
]
STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def safe(cell):
    """Say whether a cell of a file is no formula: nothing that begins as one but a number."""
    return (
        not cell.startswith(STARTS)
        or re.fullmatch(r"[+-][0-9.,]*([eE][+-]?[0-9]+)?[ ]?%?", cell) is not None
    )


def cells_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [cell for row in csv.reader(file) for cell in row]


@given(st.text(st.sampled_from("=+-@\t\r\n'ab5,.％＝ "), max_size=6))
def test_what_is_guarded_is_safe_and_comes_back(text):
    assert unescape_formula(escape_formula(text)) == text
    assert safe(escape_formula(text))


def write_list(path, ids):
    frame = pd.DataFrame(
        {"partnership_id": ids, "platform": "instagram", "followers": 20_000.0, "fee_usd": 100.0}
    )
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:  # as our CSV is once somebody has opened it and saved it as a workbook
        frame.map(
            lambda value: escape_formula(value) if isinstance(value, str) else value
        ).to_excel(path, index=False)
    return path


@pytest.mark.parametrize("name", ["list.parquet", "list.xlsx"])
@pytest.mark.parametrize(
    "options",
    [BatchOptions(), BatchOptions(top=20, rank_by="cpe_usd_p50")],
    ids=["all", "the best"],
)
def test_answers_in_csv_are_safe_and_in_parquet_and_xlsx_exact(name, options, scorer, tmp_path):
    ids = RISKY
    source = write_list(tmp_path / name, ids)
    for ending in ("csv", "parquet", "xlsx"):
        assert score_file(source, tmp_path / f"out.{ending}", scorer, AS_OF, options).scored == len(
            ids
        )
    cells = cells_of(tmp_path / "out.csv")
    assert all(map(safe, cells))
    assert set(map(escape_formula, ids)) <= set(cells)
    assert pd.read_parquet(tmp_path / "out.parquet")["partnership_id"].tolist() == ids
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["All columns"]
    header, *rows = sheet.values
    assert [row[header.index("partnership_id")] for row in rows] == ids
    assert {cell.data_type for row in sheet for cell in row} <= {"s", "n", "d"}  # no formula


@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
def test_rejected_rows_that_are_corrected_keep_their_ids(long, scorer, tmp_path, monkeypatch):
    monkeypatch.setattr(serving.batch.open_list, "FAST_CSV_MIN_LINES", 3 if long else 10**6)
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", 4)
    ids = [*RISKY, "b", "c"]
    source = write_list(tmp_path / "list.parquet", ids)
    good = score_file(source, tmp_path / "good.parquet", scorer, AS_OF)
    assert good.scored == len(ids)
    pd.read_parquet(source).assign(followers=-1.0).to_parquet(source)
    bad = score_file(source, tmp_path / "bad.csv", scorer, AS_OF)
    assert bad.rejected == len(ids)
    assert all(map(safe, cells_of(bad.rejected_path)))
    for round_ in range(2):  # rejected once more, and then corrected
        again = tmp_path / f"again{round_}.csv"
        again.write_text(bad.rejected_path.read_text().replace("-1.0", "-2.0"))
        bad = score_file(again, tmp_path / f"bad{round_}.csv", scorer, AS_OF)
        assert bad.rejected == len(ids)
    again.write_text(bad.rejected_path.read_text().replace("-2.0", "20000"))
    score_file(again, tmp_path / "corrected.parquet", scorer, AS_OF)
    answers = pd.read_parquet(tmp_path / "corrected.parquet")
    assert answers["partnership_id"].tolist() == ids
    wanted = pd.read_parquet(tmp_path / "good.parquet")
    pd.testing.assert_frame_equal(answers, wanted)


def test_the_names_of_columns_are_guarded_too(scorer, tmp_path):
    (tmp_path / "list.csv").write_text("platform,followers,=cmd\ninstagram,-1,x\n")
    tally = score_file(tmp_path / "list.csv", tmp_path / "out.csv", scorer, AS_OF)
    assert all(map(safe, cells_of(tally.rejected_path)))


def test_other_commands_write_safe_files(home, tmp_path, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    write_frame(pd.DataFrame({"@name": RISKY, "value": range(len(RISKY))}), tmp_path / "frame.csv")
    assert all(map(safe, cells_of("frame.csv")))
    (tmp_path / "data").mkdir()
    pd.DataFrame({"creator_id": ["@SUM(1)", "-1+2", "a"], "platform": "x"}).to_csv(
        "data/creators.csv", index=False
    )
    run = CliRunner().invoke
    run(main, ["features", "data", "--out", "features.csv", "--as-of", "2026-06-01"])
    (tmp_path / "posts.csv").write_text(
        "handle,platform,followers,fee\n=1+1,instagram,=2+2,3\nanna,instagram,5,7\n"
    )
    assert run(main, ["import", "posts.csv", "--out", "tables"]).exit_code == 3
    assert all(map(safe, cells_of("tables/rejected.csv")))
    assert (
        all(map(safe, cells_of("features.csv"))) if (tmp_path / "features.csv").exists() else True
    )


def test_tables_read_back_what_was_guarded(tmp_path):
    (tmp_path / "creators.csv").write_text("creator_id,platform\n'@anna,x\n'it,x\n''=b,x\n")
    assert read_tables(tmp_path).creators["creator_id"].tolist() == ["@anna", "'it", "'=b"]
