import json
import os
from pathlib import Path

import numpy as np
import pytest

from ingest.sheets import ColumnMapping, SheetOptions, read_sheet

DATA = Path(os.environ.get("CREATORCAST_REAL_DATA", "absent"))
EXPORTS = DATA / "exports"
FILES = (
    "call2go_creator_links_pt.csv",
    "insta-influencers_top200_kaggle.csv",
    "nigerian-tiktok_ranking_cp1252.csv",
    "youtuber-scripts_creators.xlsx",
)

pytestmark = pytest.mark.skipif(
    not EXPORTS.is_dir(), reason="CREATORCAST_REAL_DATA names no folder of real exports"
)


@pytest.fixture(scope="module")
def expected():
    found = json.loads((EXPORTS / "expected.json").read_text())
    return {name: found[f"vendor/{name}"] for name in FILES}


def read(name, **options):
    return read_sheet(EXPORTS / "vendor" / name, SheetOptions(**options))


def measured(sheet, column):
    """Say of a column what expected.json says: words of closed lists as the source has them."""
    values = sheet.labels[column] if column in sheet.labels else sheet.rows.get(column)
    if values is None:
        return {"missing": len(sheet.rows)}
    known = values.dropna()
    if column in sheet.labels:
        return {
            "missing": int(values.isna().sum()),
            "distinct": known.nunique(),
            "values": known.value_counts().to_dict(),
        }
    return {
        "missing": int(values.isna().sum()),
        "min": known.min(),
        "max": known.max(),
        "sum": known.sum(),
    }


@pytest.mark.parametrize("name", FILES)
def test_every_figure_agrees(name, expected):
    sheet, said = read(name), expected[name]
    assert len(sheet.rows) == said["creator_rows"]
    assert sheet.rows["handle"].nunique() == said["creators_distinct"]
    assert (sheet.faults, sheet.left_out, sheet.table) == ([], [], "creators")
    for column, figures in said["creators"].items():
        found = measured(sheet, column)
        assert {figure: found[figure] for figure in figures} == figures, column


def test_links_of_other_sites_are_left_out(expected):
    sheet, said = read("call2go_creator_links_pt.csv"), expected["call2go_creator_links_pt.csv"]
    given = {
        name: int((sheet.original[f"link_{name}"].str.strip() != "").sum())
        for name in ("youtube", "twitch", "discord")
    }
    assert given == {name: said[f"{name}_links"] for name in given}
    assert sheet.blank_rows == said["blank_rows"]
    assert set(sheet.rows["platform"]) == {"youtube"}
    assert not sheet.rows["handle"].str.contains(r"[@\s]").any()


def test_two_columns_of_one_meaning_are_told_and_a_map_settles_them(expected):
    name = "insta-influencers_top200_kaggle.csv"
    sheet = read(name)
    assert sheet.extra["total_likes"].max() == expected[name]["total_likes_max"]
    assert sorted(guess.source for guess in sheet.guesses if guess.ambiguous) == [
        "Avg Like",
        "Avg likes",
    ]
    assert set(sheet.rows["country"].dropna()) == {"CA", "CI", "CZ", "ES", "ID", "PR", "US"}
    mapped = read(name, columns={"Avg Like": ColumnMapping("avg_likes"), "Avg likes": "-"})
    assert int((mapped.rows["avg_likes"] == 0).sum()) == expected[name]["avg_like_zero"]
    assert not any(guess.ambiguous for guess in mapped.guesses)


def test_a_rate_is_settled_by_the_figures_beside_it():
    sheet = read("insta-influencers_top200_kaggle.csv")
    rates = sheet.rows["engagement_rate_by_followers"]
    assert rates.iloc[[0, 17, 22]].tolist() == pytest.approx([0.0139, 0.258, 0.0])


def test_the_unnamed_index_has_gaps_and_is_no_column(expected):
    sheet, said = read("youtuber-scripts_creators.xlsx"), expected["youtuber-scripts_creators.xlsx"]
    index = sheet.original["(column 1)"].astype(int)
    assert bool((np.diff(index) > 1).any()) == said["index_gaps"]
    assert sheet.guesses[0].note == "a row number"
