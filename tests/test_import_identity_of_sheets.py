"""Sheets whose rows name no creator, and partnerships whose ids name nothing outside of their list."""

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
    assert "names no creator: if all rows are of one, give --creator; else map the column" in found.error


def test_campaigns_of_several_creators_and_running_numbers_are_one_partnership_a_row(tmp_path):
    rows = ["1,Ana,2", "1,Bo,2", "C-2,Bo,2", "C-3,Bo,2", "C-3,Ana,2"]
    path = tmp_path / "deals.csv"
    path.write_text("\n".join(["Campaign ID,Influencer,Deliverables", *rows]), encoding="utf-8")
    found = imported(path, out=tmp_path / "out", platform="instagram")
    assert len(found["partnerships"]) == 5
    assert "C-2" in found.column("partnerships", "partnership_id")
