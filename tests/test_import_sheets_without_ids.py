"""Sheets whose rows name no creator, and partnerships whose ids name nothing outside of their list."""

import re

import pandas as pd
import pytest
from messy_cases import imported


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "text",
    [
        "platform,followers,avg_likes\nx,10,2\n",
        "platform,posted_at,likes\nx,2026-01-01,2\n",
        "platform,deliverables,start_at\nx,2,2026-01-01\n",
        "No,platform,followers\n1,x,10\n2,x,20\n",
        "id,platform,followers,avg_likes\n1,x,10,1\n2,x,20,1\n",
    ],
)
def test_a_sheet_without_creators_says_so_and_names_the_option(tmp_path, kind, text):
    path = tmp_path / f"list.{kind}"
    path.write_text(text, encoding="utf-8")
    if kind == "xlsx":
        pd.read_csv(pd.io.common.StringIO(text)).to_excel(path, index=False)
    found = imported(path, out=tmp_path / "out")
    assert (
        "names no creator: if all rows are of one, give --creator; else map the column"
        in found.error
    )


def test_campaigns_of_several_creators_and_running_numbers_are_one_partnership_a_row(tmp_path):
    rows = ["1,Ana,2", "1,Bo,2", "C-2,Bo,2", "C-3,Bo,2", "C-3,Ana,2"]
    path = tmp_path / "deals.csv"
    path.write_text("\n".join(["Campaign ID,Influencer,Deliverables", *rows]), encoding="utf-8")
    found = imported(path, out=tmp_path / "out", platform="instagram")
    assert len(found["partnerships"]) == 5
    assert "C-2" in found.column("partnerships", "partnership_id")


def lists(tmp_path, second):
    for name, rows in (("a", "1,Ana,10\n2,Bo,20\n3,Cy,30\n"), ("b", second)):
        (tmp_path / f"{name}.csv").write_text(
            f"creator_id,handle,followers\n{rows}", encoding="utf-8"
        )
    return tmp_path / "a.csv", tmp_path / "b.csv"


def test_two_lists_are_not_merged_by_numbers_that_stand_for_other_people(tmp_path):
    one, other = lists(tmp_path, "1,Di,10\n2,Ed,20\n")
    reason = "creator_id '1' of x is 'ana' in one file and 'di' in another, .* by a map file"
    assert re.search(reason, imported(one, other, out=tmp_path / "both", platform="x").error)
    assert not imported(one, out=tmp_path / "out", platform="x").error
    assert re.search(reason, imported(other, out=tmp_path / "out", platform="x").error)
    found = imported(other, out=tmp_path / "out", platform="x", columns={"creator_id": "-"})
    assert sorted(found.column("creators", "creator_id")) == ["1", "2", "3", "@di", "@ed"]


def test_an_account_that_is_renamed_stays_the_same(tmp_path):
    one, other = lists(tmp_path, "1,Ana,10\n2,Bo,20\n3,Cyrus,20\n")
    assert len(imported(one, other, out=tmp_path / "out", platform="x")["creators"]) == 3
