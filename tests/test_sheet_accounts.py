"""Whose account a row is of: what a platform column, --platform, headers, links, names and numbers say of it."""

import pytest

from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import SheetError, SheetOptions


def read(tmp_path, text, **options):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return read_sheet(path, SheetOptions(**options))


def known(sheet, *names):
    return (
        sheet.rows[list(names)]
        .astype(object)
        .where(sheet.rows[list(names)].notna(), None)
        .values.tolist()
    )


def guess(sheet, source):
    return next(one for one in sheet.guesses if one.source == source)


@pytest.mark.parametrize(
    "header",
    ["bio_link", "Link in bio", "bioLink", "Website", "External URL", "Linktree", "Media kit link", "Brand link",
     "Company", "Profile picture URL", "Thumbnail", "Enlace de la biografía", "Lien en bio", "Sitio web", "About"],
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_a_link_decides_only_where_its_column_is_the_accounts_own(tmp_path, header, first):
    cells = ["https://instagram.com/ana.private", "https://youtu.be/aaaaaaaaaaa"]
    own = ["https://www.tiktok.com/@ana_k", "https://www.tiktok.com/@bo_f"]
    rows = [
        f"{a},{b}" if first else f"{b},{a}"
        for a, b in zip([header, *cells], ["URL", *own], strict=True)
    ]
    sheet = read(
        tmp_path,
        "\n".join(f"{row},{n}00" for row, n in zip(rows, ["Followers ", 1, 2], strict=True)),
    )
    assert known(sheet, "platform", "handle") == [["tiktok", "ana_k"], ["tiktok", "bo_f"]]
    assert guess(sheet, header).column is None


@pytest.mark.parametrize("column", ["Profile link", "Link", "Channel URL", "Perfil"])
def test_a_platform_asked_for_or_in_its_column_outranks_links_which_is_noted(tmp_path, column):
    links = f"Handle,Followers,Platform,{column}\nana,10,TikTok,https://instagram.com/ana\n"
    alone = f"Handle,Followers,{column}\nana,10,https://instagram.com/ana\n"
    for sheet in (read(tmp_path, links), read(tmp_path, alone, platform="tiktok")):
        assert known(sheet, "platform", "handle") == [["tiktok", "ana"]]
        assert (
            f"{column!r}: links of another platform than their row are not used: 1, the first in line 2"
            in sheet.notes
        )


def test_rows_whose_own_column_names_another_platform_stay_of_that_and_are_counted(tmp_path):
    sheet = read(tmp_path, "Handle,Platform\nana,TikTok\nbo,\n", platform="instagram")
    assert known(sheet, "platform") == [["tiktok"], ["instagram"]]
    assert "1 row(s) name another platform than instagram, and stay of that" in sheet.notes


def test_a_row_of_a_site_that_is_not_ours_stays_without_a_platform_whatever_its_link(tmp_path):
    text = (
        "Handle,Platform,Link\nana,Twitch,https://instagram.com/ana\nbo,,https://instagram.com/bo\n"
    )
    assert known(read(tmp_path, text), "platform") == [[None], ["instagram"]]


def test_the_platform_of_a_header_outranks_links_and_a_worksheets_name_does_not(tmp_path):
    text = "IG followers,Handle,Link\n10,ana,https://www.tiktok.com/@ana\n"
    assert known(read(tmp_path, text), "platform") == [["instagram"]]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_links_of_several_platforms_and_nothing_else_leave_the_platform_open(tmp_path, order):
    links = ["https://www.tiktok.com/@ana", "https://instagram.com/ana"]
    text = f"Handle,Link,Profile URL\nana,{links[order[0]]},{links[order[1]]}\n"
    sheet = read(tmp_path, text)
    assert known(sheet, "platform") == [[None]]
    (fault,) = sheet.faults
    assert "is a link of instagram, and" in fault.reason
    assert "by --platform" in fault.reason


def test_the_link_of_an_account_outranks_that_of_a_post(tmp_path):
    text = "Handle,Best video,Link\nana,https://youtu.be/aaaaaaaaaaa,https://instagram.com/ana\n"
    assert known(read(tmp_path, text.replace("Best video", "Video")), "platform") == [["instagram"]]


def test_a_link_of_another_account_than_the_handle_is_noted(tmp_path):
    sheet = read(
        tmp_path,
        "Handle,Link\nana,https://instagram.com/ana.private\nbo,https://instagram.com/BO\n",
    )
    assert known(sheet, "handle") == [["ana"], ["bo"]]
    assert (
        "'Link': links of another account than the handle of their row, which is used: 1, the first in line 2"
        in (sheet.notes)
    )


def test_columns_of_another_platform_than_the_one_asked_for_are_left_out(tmp_path):
    sheet = read(
        tmp_path, "Handle,Followers,YouTube subscribers\nana,10,90\n", platform="instagram"
    )
    assert known(sheet, "platform", "followers") == [["instagram", 10]]
    assert guess(sheet, "YouTube subscribers").note == "of youtube; instagram is asked for"


def test_columns_of_another_platform_alone_are_refused_with_the_option(tmp_path):
    reason = "has columns of instagram alone, and --platform says tiktok: name a platform that the columns are of"
    with pytest.raises(SheetError, match=reason):
        read(tmp_path, "IG handle,IG followers\nana,10\n", platform="tiktok")


def test_links_that_name_no_account_leave_the_name_to_tell_who_it_is(tmp_path):
    text = "Name,Video,Followers\nAna,https://youtu.be/aaaaaaaaaaa,10\nBo,https://youtu.be/aaaaaaaaaab,20\n"
    assert known(read(tmp_path, text), "handle", "platform") == [
        ["Ana", "youtube"],
        ["Bo", "youtube"],
    ]


@pytest.mark.parametrize(
    "header", ["ID", "id", "influencer_id", "Account ID", "pk", "user id", "ID del creador"]
)
@pytest.mark.parametrize(
    "numbers", ["1 2 3 1 2", "5 3 1 2 4", "1 2 3 4 5", "17 950 203 4 88213", "#1 #2 #3 #4 #5"]
)
def test_a_running_number_is_no_id_beside_a_name(tmp_path, header, numbers):
    rows = "".join(
        f"{n},Creator {k},{k}000\n" for k, n in zip("12345", numbers.split(), strict=True)
    )
    sheet = read(tmp_path, f"{header},Name,Followers\n{rows}")
    assert sheet.rows["handle"].tolist() == [f"Creator {k}" for k in "12345"]
    assert "creator_id" not in sheet.rows
    assert guess(sheet, header).note == "a row number; 'Name' tells who it is"


def test_ids_of_a_platform_stay_ids(tmp_path):
    sheet = read(tmp_path, "ID,Name,Followers\n25025320,Ana,10\n4,Bo,20\n")
    assert sheet.rows["creator_id"].tolist() == ["25025320", "4"]
    sheet = read(tmp_path, "account_id,Name,Followers\nana_k,Ana,10\nbo,Bo,20\n")
    assert sheet.rows["creator_id"].tolist() == ["ana_k", "bo"]


def test_an_id_of_the_canonical_name_stays_one_unless_it_stands_for_several_names(tmp_path):
    text = "creator_id,platform,name,followers\n1,x,Ana,10\n2,x,Bo,20\n1,x,{},10\n"
    sheet = read(tmp_path, text.format("Ana"))
    assert known(sheet, "creator_id", "handle") == [["1", "Ana"], ["2", "Bo"], ["1", "Ana"]]
    sheet = read(tmp_path, text.format("Cy"))
    assert sheet.rows["handle"].tolist() == ["Ana", "Bo", "Cy"]
    assert "creator_id" not in sheet.rows
    assert "stands for several names" in guess(sheet, "creator_id").note


def test_numbers_that_come_back_name_the_authors_of_posts_where_nothing_else_does(tmp_path):
    sheet = read(
        tmp_path, "user_id,posted_at,likes\n1,2026-01-01,10\n2,2026-01-02,20\n1,2026-01-03,30\n"
    )
    assert sheet.rows["creator_id"].tolist() == ["1", "2", "1"]


def test_a_small_id_of_an_author_who_comes_back_with_the_same_name_stays_an_id(tmp_path):
    text = (
        "ownerId,ownerUsername,posted_at,likes\n123456,ana,2026-01-01,10\n123456,{},2026-01-02,20\n"
    )
    assert read(tmp_path, text.format("ana")).rows["creator_id"].tolist() == ["123456", "123456"]
    assert "creator_id" not in read(tmp_path, text.format("bo")).rows


def test_the_number_of_a_post_is_no_id_of_it(tmp_path):
    sheet = read(tmp_path, "id,handle,posted_at,likes\n2,ana,2026-01-01,10\n1,bo,2026-01-02,20\n")
    assert guess(sheet, "id").note == "a row number"
