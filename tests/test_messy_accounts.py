"""Whose account, and what the columns are called: the given cases, as tests/messy has them."""

import pytest
from messy_cases import MESSY, imported

from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import SheetOptions
from serving.batch.sheet_list import SheetList


def case(name, tmp_path, **options):
    return imported(MESSY / name, out=tmp_path / "out", **options)


@pytest.mark.parametrize(
    ("name", "followers"), [("21_age_header.csv", [12000, 56000]), ("22_header_year.csv", [12000])]
)
def test_a_header_with_a_name_like_data_is_read_by_import_and_by_score(name, followers, tmp_path):
    assert case(name, tmp_path).column("creators", "followers") == followers
    (lot,) = SheetList(MESSY / name, SheetOptions()).chunks(100)
    assert lot.rows["followers"].tolist() == followers


@pytest.mark.parametrize(
    ("platform", "followers"), [("instagram", [12000, 56000]), ("tiktok", [90000, 8000])]
)
def test_equal_names_after_a_platform_or_below_it_are_told_apart(platform, followers, tmp_path):
    for name in ("27_duplicate_headers.csv", "28_group_header.csv"):
        assert (
            case(name, tmp_path / name, platform=platform).column("creators", "followers")
            == followers
        )


def test_a_map_names_the_second_of_two_equal_names(tmp_path):
    columns = {"Followers (2)": "followers", "Followers": "-", "Instagram": "-"}
    found = case("27_duplicate_headers.csv", tmp_path, columns=columns)
    assert found.column("creators", "followers") == [90000, 8000]
    assert set(found.column("creators", "platform")) == {"tiktok"}


def test_score_takes_equal_names_and_tells_them_apart_in_its_output():
    path = MESSY / "27_duplicate_headers.csv"
    found = SheetList(path, SheetOptions(columns={"Followers": "-", "Instagram": "-"}))
    assert found.header == [
        "Name",
        "Instagram",
        "Instagram Followers",
        "TikTok",
        "TikTok Followers",
    ]
    assert read_sheet(path, SheetOptions(platform="tiktok")).rows["followers"].tolist() == [
        90000,
        8000,
    ]


def test_links_that_are_not_the_accounts_own_decide_nothing(tmp_path):
    creators = case("01_bio_link.csv", tmp_path)["creators"]
    assert [(row["platform"], row["creator_id"], row["handle"]) for row in creators] == [
        ("tiktok", name, name) for name in ("ana_k", "bo_fit", "cy_e")
    ]


def test_the_platform_asked_for_outranks_links_in_import_and_in_score(tmp_path):
    name = "02_bio_link_platform_given.csv"
    found = case(name, tmp_path, platform="tiktok")
    assert (
        found.column("creators", "platform")
        == found.column("prospects", "platform")
        == ["tiktok"] * 3
    )
    (lot,) = SheetList(MESSY / name, SheetOptions(platform="tiktok")).chunks(100)
    assert lot.rows["platform"].tolist() == ["tiktok"] * 3
    assert not lot.reasons


def test_a_running_number_that_repeats_names_nobody(tmp_path):
    found = case("16_running_ids_repeat.csv", tmp_path)
    assert sorted(found.column("creators", "handle")) == [
        "ana kitchen",
        "bo fit",
        "cy game",
        "di style",
        "ed travel",
    ]
    assert sorted(found.column("creators", "followers")) == [7800, 9000, 12000, 56000, 450000]


def test_deals_without_a_creator_say_so(tmp_path):
    name = "24_deals_without_creator.csv"
    assert (
        "names no creator: if all rows are of one, give --creator; else map"
        in case(name, tmp_path).error
    )
    assert len(case(name, tmp_path, creator="@ana")["partnerships"]) == 2
