"""Which record is the header, and what its columns are called: names that look like data, groups, equal names."""

import pandas as pd
import pytest

from ingest.sheets import SheetError, SheetOptions, read_sheet
from ingest.sheets.headers import unique_column_names

ROWS = "ana.k,Instagram,12000,340,25\nbo.f,TikTok,56000,1200,50\n"


def read(tmp_path, text, **options):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return read_sheet(path, SheetOptions(**options))


def guess(sheet, source):
    return next(one for one in sheet.guesses if one.source == source)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    "odd",
    [
        "55+",
        "18-24",
        "25%",
        "100k+",
        "Likes 1",
        "EUR 2024",
        "@ana",
        "https://agency.example/x",
        "$450",
        "12.5",
        "1M+",
    ],
)
def test_a_name_that_looks_like_data_does_not_kill_the_header(tmp_path, kind, odd):
    text = f"Influencer,Platform,Followers,Avg likes,{odd}\n{ROWS}"
    sheet = read(tmp_path, text)
    if kind == "xlsx":
        pd.read_csv(tmp_path / "list.csv").to_excel(tmp_path / "list.xlsx", index=False)
        sheet = read_sheet(tmp_path / "list.xlsx")
    assert sheet.rows["followers"].tolist() == [12000, 56000]
    assert sheet.rows["handle"].tolist() == ["ana.k", "bo.f"]
    assert guess(sheet, odd).column is None


def test_names_above_texts_are_a_header_too(tmp_path):
    sheet = read(
        tmp_path, "Influencer,Niche,Country,55+\nana.k,Food,US,\nbo.f,Travel,US,\n", platform="x"
    )
    assert sheet.rows["handle"].tolist() == ["ana.k", "bo.f"]


def test_a_list_without_a_header_is_refused_as_before(tmp_path):
    with pytest.raises(SheetError, match="has no column that is known"):
        read(tmp_path, "@ana,Instagram,Video,12000\n@bo,TikTok,Video,56000\n")


@pytest.mark.parametrize(
    ("header", "used"),
    [
        ("Followers,Followers 2024", "Followers"),
        ("Followers (2023),Followers", "Followers"),
        ("2024 Seguidores,Seguidores", "Seguidores"),
    ],
)
def test_of_a_figure_and_that_of_a_year_the_one_without_a_year_is_used(tmp_path, header, used):
    sheet = read(tmp_path, f"Handle,Platform,{header}\nana,Instagram,12000,11000\n")
    assert guess(sheet, used).column == "followers"
    assert [one.note for one in sheet.guesses if one.note] == [f"of a year; {used!r} is used"]


def test_the_figure_of_a_year_alone_is_unclear(tmp_path):
    sheet = read(tmp_path, "Handle,Platform,Followers 2024\nana,Instagram,12000\n")
    assert "map 'Followers 2024' to followers" in guess(sheet, "Followers 2024").ambiguous
    assert "followers" not in sheet.rows


@pytest.mark.parametrize(
    "text",
    [
        "Creator,,Instagram,,TikTok,\nName,Country,Followers,Avg likes,Followers,Avg likes\n",
        "Profile,Info,IG,,TT,\nName,Country,Followers,Avg likes,Followers,Avg likes\n",
        "Perfil,,Instagram,,Tik Tok,\nNombre,País,Seguidores,Promedio de me gusta,Seguidores,Promedio de me gusta\n",
        "Name,Country,Instagram,,TikTok,\n,,Followers,Avg likes,Followers,Avg likes\n",
    ],
)
@pytest.mark.parametrize(
    ("platform", "followers", "likes"), [("instagram", 12000, 340), ("tiktok", 90000, 5000)]
)
def test_platforms_above_columns_count_whatever_stands_beside_them(
    tmp_path, text, platform, followers, likes
):
    sheet = read(
        tmp_path,
        f"{text}Ana,US,12000,340,90000,5000\nBo,UK,56000,1200,8000,300\n",
        platform=platform,
    )
    assert sheet.rows[["followers", "avg_likes"]].iloc[0].tolist() == [followers, likes]
    assert set(sheet.rows["platform"]) == {platform}


def test_platforms_above_as_many_columns_are_no_header(tmp_path):
    text = "Creator,Instagram,TikTok\nName,Followers,Followers\nAna,12000,90000\n"
    sheet = read(tmp_path, text, platform="tiktok")
    assert sheet.rows[["handle", "followers"]].values.tolist() == [["Ana", 90000]]


@pytest.mark.parametrize(
    ("platform", "handle", "followers"), [("instagram", "ana", 12000), ("tiktok", "anatok", 90000)]
)
def test_a_column_of_a_platform_tells_whose_the_equal_columns_after_it_are(
    tmp_path, platform, handle, followers
):
    text = "Name,Instagram,Followers,TikTok,Followers\nAna,@ana,12k,@anatok,90k\nBo,@bo,56k,@botok,8k\n"
    sheet = read(tmp_path, text, platform=platform)
    assert sheet.rows[["handle", "followers"]].iloc[0].tolist() == [handle, followers]


@pytest.mark.parametrize(
    ("platform", "followers"), [("instagram", 12000), ("tiktok", 90000), ("youtube", 1000)]
)
def test_handles_and_links_of_platforms_tell_whose_the_figures_after_them_are(
    tmp_path, platform, followers
):
    text = (
        "Name,Instagram handle,Followers,TikTok handle,Followers,YouTube link,Subscribers\n"
        "Ana,@ana,12k,@anatok,90k,https://youtube.com/@anayt,1k\n"
    )
    assert read(tmp_path, text, platform=platform).rows["followers"].tolist() == [followers]


@pytest.mark.parametrize(
    "header", ["Followers,Followers", "Followers,followers", "Instagram,Followers,Followers"]
)
def test_the_second_of_two_equal_names_is_named_by_its_number(tmp_path, header):
    extra = "@ana," if header.startswith("Insta") else ""
    text = f"Handle,{header}\nana,{extra}12000,11000\n"
    sheet = read(tmp_path, text, platform="instagram")
    second = sheet.guesses[-1].source
    assert second.casefold() == "followers (2)"
    assert "map one of them to followers, the other to -" in sheet.guesses[-1].ambiguous
    mapped = read(
        tmp_path, text, platform="instagram", columns={"Followers": "-", second: "followers"}
    )
    assert mapped.rows["followers"].tolist() == [11000]


def test_a_map_may_use_the_names_of_the_file_where_a_platform_stands_before_them(tmp_path):
    text = "Name,Instagram,Followers,TikTok,Followers\nAna,@ana,12k,@anatok,90k\n"
    columns = {"Followers (2)": "followers", "Followers": "-", "Instagram": "-"}
    assert read(tmp_path, text, columns=columns).rows["followers"].tolist() == [90000]


def test_names_stay_different_where_the_file_has_numbers_of_its_own():
    assert unique_column_names(["A", "A", "A (2)", "a"]) == ["A", "A (3)", "A (2)", "a (4)"]
