"""What the rows of a sheet are, whose figure a column is, and publishers' forms."""

from pathlib import Path

import pytest
from messy_cases import MESSY, imported

from features.sheets import read_sheet
from features.sheets.readers import read_hashtags


@pytest.fixture
def sheet_of(tmp_path):
    """Give a function that reads a text as a sheet."""

    def read(text, name="sheet.csv"):
        path = Path(tmp_path / name)
        path.write_text(text, encoding="utf-8")
        return read_sheet(path)

    return read


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("#food,#recipe,#vegan", "food recipe vegan"),
        ("#food #recipe#vegan", "food recipe vegan"),
        ("food;home cooking;vegan", "food homecooking vegan"),
        ("food recipe", "food recipe"),
        ("[]", ""),
        ("{}", ""),
        ('["food", "vegan"]', "food vegan"),
        ("['food', 'vegan']", "food vegan"),
        ("[food, vegan]", "food vegan"),
        ('[{"id": 1, "name": "food", "cover": null}, {"name": "vegan"}]', "food vegan"),
    ],
)
def test_hashtags_are_read_in_the_forms_that_exports_have(cell, tags):
    assert read_hashtags(cell) == (tags, "")


def test_hashtags_of_a_column_are_counted(tmp_path):
    found = imported(MESSY / "18_hashtags_comma.csv", out=tmp_path / "out")
    assert found.column("posts", "hashtags_count") == [3, 0, 3]
    path = tmp_path / "list.csv"
    path.write_text("handle,platform,posted,likes,hashtags\n@a,IG,2026-03-01,1,#x #y\n@a,IG,2026-03-02,1,[]\n")
    assert imported(path, out=tmp_path / "other").column("posts", "hashtags_count") == [2, 0]


def test_a_dictionary_of_counts_is_no_niche(tmp_path):
    found = imported(MESSY / "34_dict_as_niche.csv", out=tmp_path / "out")
    assert found.column("creators", "niche") == ["food", "sports", "gaming"]


def test_two_posts_of_one_day_without_ids_are_two(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "handle,platform,posted,likes\n@a,IG,2026-03-01,10\n@a,IG,2026-03-01,20\n@a,IG,2026-03-01,10\n@a,IG,2026-03-02,5\n"
    )
    posts = imported(path, out=tmp_path / "out")["posts"]
    assert [(post["post_id"], post["likes"]) for post in posts] == [
        ("@a 2026-03-01T00:00:00Z", 10),
        ("@a 2026-03-01T00:00:00Z 2", 20),
        ("@a 2026-03-02T00:00:00Z", 5),
    ]
