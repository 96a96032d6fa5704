import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.tables.schema import DTYPES, TABLE_SPECS
from ingest.sheets.reader import iter_sheet, read_sheet
from ingest.sheets.sheet_types import ColumnMapping, SheetError, SheetFault, SheetOptions


@pytest.fixture
def sheet_of(tmp_path):
    """Give a function that reads a text as a sheet."""

    def read(
        text, encoding="utf-8", tables=("creators", "posts", "partnerships", "prospects"), **options
    ):
        path = tmp_path / "sheet.csv"
        path.write_bytes(text.encode(encoding))
        return read_sheet(path, SheetOptions(**options), tables)

    return read


def rows_of(sheet):
    """Give the rows as plain lists, missing as None, moments as dates."""

    def plain(value):
        if pd.isna(value):
            return None
        return value.date().isoformat() if isinstance(value, pd.Timestamp) else value

    return [[plain(value) for value in row] for row in sheet.rows.itertuples(index=False)]


def guess_of(sheet, source):
    return next(guess for guess in sheet.guesses if guess.source == source)


SPANISH = """Listado de creadores;;;;;;
;;;;;;
Nombre;Usuario;Red social;Seguidores;Me gusta promedio;Tasa de interacción;Tarifa (USD)
Ana Peña;@ana.pena;Instagram;125.400;3.210,5;2,6 %;$ 1.200,50
Luis;@luis;TikTok;1.234.567;98.000;8 %;2.000
Eva;@eva;IG;12.300;450;3,7%;n/d
;;;;;;
"""


def test_a_spanish_sheet_of_an_agency(sheet_of):
    sheet = sheet_of(SPANISH, "cp1252")
    assert list(sheet.rows) == [
        "handle", "platform", "followers", "avg_likes", "engagement_rate_by_followers", "fee_usd"
    ]  # fmt: skip
    assert rows_of(sheet) == [
        ["ana.pena", "instagram", 125_400, 3_210.5, 0.026, 1_200.5],
        ["luis", "tiktok", 1_234_567, 98_000, 0.08, 2_000],
        ["eva", "instagram", 12_300, 450, 0.037, None],
    ]
    assert (
        guess_of(sheet, "Tasa de interacción").note
        == "percent; agrees with 'Me gusta promedio' / 'Seguidores'"
    )
    assert sheet.lines.tolist() == [4, 5, 6]
    assert (sheet.blank_rows, sheet.faults, sheet.left_out, sheet.table) == (1, [], [], "creators")
    assert sheet.notes[:3] == [
        "encoding: cp1252 (Windows), as its bytes are no UTF-8",
        "cells separated by: semicolon",
        "header in line 3",
    ]
    assert sheet.original["Nombre"].tolist() == ["Ana Peña", "Luis", "Eva"]


LANGUAGES = {
    "pt": "Perfil;Seguidores;Média de curtidas;Taxa de engajamento por seguidor;País;Categoria;Idioma",
    "fr": "Pseudo;Abonnés;Mentions J'aime moyennes;Taux d'engagement par abonné;Pays;Catégorie;Langue",
    "de": "Benutzername;Abonnenten;Durchschnittliche Likes;Interaktionsrate pro Follower;Land;Kategorie;Sprache",
    "id": "Nama pengguna;Pengikut;Rata-rata suka;Tingkat keterlibatan per pengikut;Negara;Kategori;Bahasa",
    "es": "Usuario;Seguidores;Me gusta promedio;Tasa de interacción por seguidor;País;Categoría;Idioma",
    "en": "Username;Follower count;Avg. likes;Engagement rate by followers;Country;Category;Language",
}
WORDS = {
    "pt": "Alemanha;Moda;Alemão",
    "fr": "Allemagne;Mode;allemand",
    "de": "Deutschland;Mode;Deutsch",
    "id": "Jerman;Fashion;Jerman",
    "es": "Alemania;Moda;alemán",
    "en": "Germany;Fashion;German",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_and_words_in_six_languages(language, sheet_of):
    header = LANGUAGES[language].replace("Pseudo", "Nom d'utilisateur").replace("Perfil", "Usuário")
    sheet = sheet_of(f"{header}\n@anna;12,5k;1,2k;3,4%;{WORDS[language]}\n")
    assert list(sheet.rows) == [
        "handle", "followers", "avg_likes", "engagement_rate_by_followers", "country", "niche", "language"
    ]  # fmt: skip
    assert rows_of(sheet) == [["anna", 12_500, 1_200, pytest.approx(0.034), "DE", "fashion", "de"]]


def test_what_is_ambiguous_is_named_and_left_missing(sheet_of):
    text = (
        "handle,followers,start_date,fee,er\na,1.234,01/02/2026,450,0.5\nb,987,03/03/2026,0,0.3\n"
    )
    sheet = sheet_of(text)
    assert rows_of(sheet) == [["a", None, None, None], ["b", 987, "2026-03-03", 0]]
    unclear = {guess.source: guess.ambiguous for guess in sheet.guesses if guess.ambiguous}
    assert list(unclear) == ["followers", "start_date", "fee", "er"]
    assert unclear["followers"].startswith(
        "'1.234' may be a decimal number or have a thousands mark"
    )
    assert unclear["start_date"].startswith("'01/02/2026' may be day first or month first")
    assert "names no currency" in unclear["fee"]
    assert "by followers or by views" in unclear["er"]
    assert sheet.faults == []
    assert sum("left missing" in note for note in sheet.notes) == 3


def test_each_ambiguity_is_settled_by_options_or_by_the_map(sheet_of):
    text = (
        "handle,followers,start_date,fee,er\na,1.234,01/02/2026,450,0.5\nb,987,03/03/2026,0,0.3\n"
    )
    columns = {
        "fee": ColumnMapping("fee_usd"),
        "er": ColumnMapping("engagement_rate_by_views", unit="percent"),
    }
    sheet = sheet_of(text, decimal=",", day_first=True, columns=columns)
    assert rows_of(sheet) == [
        ["a", 1234, "2026-02-01", 0.005, 450],
        ["b", 987, "2026-03-03", 0.003, 0],
    ]
    by_column = {
        **columns,
        "followers": ColumnMapping("followers", decimal=","),
        "start_date": ColumnMapping("start_at", day_first=False),
    }
    assert rows_of(sheet_of(text, columns=by_column))[0][:3] == ["a", 1234, "2026-01-02"]


def test_decimal_marks_are_borrowed_only_where_they_make_thousands(sheet_of):
    sheet = sheet_of('handle,followers,avg_likes\na,"12,345",10.5\n')
    assert rows_of(sheet) == [["a", 12_345, 10.5]]
    assert guess_of(sheet, "followers").note == "decimal point, as in 'avg_likes'"
    assert sheet_of("handle,followers,avg_likes\na,12.345,10.5\n").rows["followers"].isna().all()


def test_two_columns_of_one_meaning_are_both_left_out_and_told(sheet_of):
    sheet = sheet_of("Handle,Avg like,Avg like,Followers\na,1,2,3\n")
    assert rows_of(sheet) == [["a", 3]]
    assert [bool(guess.ambiguous) for guess in sheet.guesses] == [False, True, True, False]
    assert list(sheet.original) == ["Handle", "Avg like", "Avg like (2)", "Followers"]


def test_columns_of_several_platforms_side_by_side_need_one_named(sheet_of):
    text = "Name,Instagram,IG Followers,TikTok,TikTok Followers\nJane,@jane,12k,https://tiktok.com/@janett,40k\n"
    assert rows_of(sheet_of(text)) == [["Jane"]]
    assert rows_of(sheet_of(text, platform="tiktok")) == [[40_000, "tiktok", "janett", None]]
    assert rows_of(sheet_of(text, platform="instagram")) == [["jane", 12_000, "instagram"]]


def test_platforms_may_stand_in_a_row_above_the_header(sheet_of):
    text = ",Instagram,,TikTok,,\nName,Handle,Followers,Handle,Followers,Country\nJane,@jane,12k,@janett,40k,Spain\n"
    sheet = sheet_of(text, platform="tiktok")
    assert rows_of(sheet) == [["janett", 40_000, "ES", "tiktok"]]
    assert [guess.source for guess in sheet.guesses][1:4] == [
        "Instagram Handle",
        "Instagram Followers",
        "TikTok Handle",
    ]


def test_rows_of_data_are_no_header(sheet_of):
    with pytest.raises(
        SheetError, match="has no column that is known: found '@ana', 'Instagram', '12000'"
    ):
        sheet_of("@ana,Instagram,12000\n@luis,TikTok,500\n")


def test_a_column_named_for_a_platform_holds_what_its_values_say(sheet_of):
    sheet = sheet_of("Instagram\n@a\nhttps://www.instagram.com/b/\nc.d\n")
    assert rows_of(sheet) == [["instagram", name, None] for name in ("a", "b", "c.d")]
    assert rows_of(sheet_of("Name,Instagram\nAna,12.5k\n")) == [["Ana", 12_500, "instagram"]]


def test_deals_of_an_agency(sheet_of):
    text = (
        "Campaign ID,Influencer,Platform,Content Type,# of Posts,Rate,Engagements,Total Views,Start Date\n"
        "C1,@a,Instagram Reels,Reel,2,$1500,900,20000,2025-01-15\nC2,@b,Twitch,Video,1,$900,,3000,13/02/2025\n"
    )
    sheet = sheet_of(text)
    assert sheet.table == "partnerships"
    assert rows_of(sheet) == [
        ["C1", "a", "instagram", "short", 900, 20_000, "2025-01-15", 1500],
        ["C2", "b", None, "video", None, 3000, "2025-02-13", 900],
    ]
    assert [(guess.source, guess.ambiguous[:12]) for guess in sheet.guesses if guess.ambiguous] == [
        ("# of Posts", "posts booked")
    ]
    assert sheet.faults == [
        SheetFault(
            3,
            "Platform",
            "Twitch",
            "is no platform of ours: expected instagram, tiktok, youtube or x",
        )
    ]


def test_a_list_of_channels_is_no_list_of_posts(sheet_of):
    text = "channel_id,subscriberCount,viewCount,videoCount,publishedAt,description\nUCa,12,50,3,2015-06-01T10:00:00Z,hi\n"
    sheet = sheet_of(text)
    assert sheet.table == "creators"
    assert rows_of(sheet) == [["UCa", 12, 3, "2015-06-01", "hi", "youtube"]]


def test_links_tell_platform_handle_and_channel(sheet_of):
    text = (
        "Link,Followers\nhttps://www.instagram.com/x1/ ,1\nhttps://www.tiktok.com/@x2?lang=en,2\n"
        "https://youtube.com/channel/UC-123456789,3\nyoutube.com/@x4,4\nhttps://twitter.com/x5,5\n"
        "https://www.twitch.tv/x6,6\nno link,7\n"
    )
    sheet = sheet_of(text)
    assert sheet.rows[["platform", "handle", "creator_id"]].fillna("").to_numpy().tolist() == [
        ["instagram", "x1", ""],
        ["tiktok", "x2", ""],
        ["youtube", "", "UC-123456789"],
        ["youtube", "x4", ""],
        ["x", "x5", ""],
        ["", "", ""],
        ["", "", ""],
    ]
    assert sheet.faults == [SheetFault(8, "Link", "no link", "is no link")]


def test_ids_are_text_to_the_letter(sheet_of):
    text = 'user_id,username\n00123,+1234\n1.23457E+17,b\n9007199254740993,c\n12345.0,@d\n"=""0042""",none\n'
    sheet = sheet_of(text)
    assert rows_of(sheet) == [
        ["00123", "+1234"],
        [None, "b"],
        ["9007199254740993", "c"],
        ["12345", "d"],
        ["0042", None],
    ]
    assert [fault.line for fault in sheet.faults] == [3]


def test_posts_with_hidden_likes_and_captions_over_two_lines(sheet_of):
    text = (
        "id,shortCode,ownerUsername,timestamp,url,likesCount,commentsCount,videoViewCount,caption,type\n"
        "3141592653589793238,CxA,acc,2024-05-01T10:00:00.000Z,https://www.instagram.com/p/CxA/,-1,12,,"
        '"Hello, ""you""\nsecond line",Image\n'
        "3141592653589793239,CxB,acc,2024-05-02T10:00:00.000Z,https://www.instagram.com/p/CxB/,15,3,120,hi,Reel\n"
    )
    sheet = sheet_of(text)
    assert sheet.table == "posts"
    assert sheet.lines.tolist() == [2, 4]
    assert sheet.rows.iloc[0].dropna().to_dict() == {
        "post_id": "3141592653589793238",
        "handle": "acc",
        "posted_at": pd.Timestamp("2024-05-01T10:00:00Z"),
        "comments": 12,
        "text": 'Hello, "you"\nsecond line',
        "format": "image",
        "platform": "instagram",
        "likes_hidden": True,
    }
    assert sheet.rows["likes"].tolist()[1] == 15
    assert sheet.faults == []


def test_fees_of_other_currencies_are_never_converted(sheet_of):
    sheet = sheet_of('handle,Fee\na,$450\nb,450 USD\nc,"€ 1.200,50"\nd,gifted\ne,$1.5k\n')
    assert sheet.rows["fee_usd"].fillna(-1).tolist() == [450, 450, -1, -1, 1500]
    assert sheet.rows["fee"].fillna(-1).tolist() == [-1, -1, 1200.5, -1, -1]
    assert sheet.rows["currency"].dropna().tolist() == ["EUR"]
    assert sheet.faults == []
    assert "'Fee': 1 value(s) are no amount: 'gifted' (1)" in sheet.notes
    guess = guess_of(sheet_of("handle,Preis (€)\na,100\nb,200\n"), "Preis (€)")
    assert (guess.column, guess.currency, guess.ambiguous) == ("fee", "EUR", None)
    assert guess.note == "in EUR: becomes fee_usd by the rates of --rates"


@pytest.mark.parametrize(
    ("header", "values", "expected"),
    [
        ("engagement_rate_by_followers", ["3.4%", "0.5%"], [0.034, 0.005]),
        ("engagement_rate_by_followers", ["3.4", "0.05", "2.2"], [0.034, 0.0005, 0.022]),
        ("engagement_rate_by_followers", ["0.034", "0.005"], [0.034, 0.005]),
        ("ER by views %", ["0.5", "3"], [0.005, 0.03]),
        ("engagement_rate_by_followers", ["0.5", "0.9"], [None, None]),
        ("engagement_rate_by_followers", ["0", "3,4 %"], [0, 0.034]),
    ],
)
def test_percentages_against_fractions(header, values, expected, sheet_of):
    rows = "".join(f'{k},"{value}"\n' for k, value in enumerate(values))
    found = sheet_of(f"handle,{header}\n{rows}").rows.iloc[:, 1]
    assert found.astype(object).where(found.notna(), None).tolist() == pytest.approx(expected)


def test_units_of_the_header_multiply(sheet_of):
    assert rows_of(sheet_of("Account,Followers (millions)\n@a,672\n@b,638.5\n")) == [
        ["a", 672e6],
        ["b", 638.5e6],
    ]
    assert rows_of(
        sheet_of(
            "handle,reach in k\na,12.5\n",
            columns={"reach in k": ColumnMapping("followers", unit="k")},
        )
    ) == [["a", 12_500]]


def test_ragged_rows_are_told_and_never_shifted(sheet_of):
    text = 'handle,followers,country\na,10,Spain\nb,20\nSmith, John,30,France\nc,30,France,\n"d,40,Germany\ne,5,"Italy"\n'
    sheet = sheet_of(text)
    assert rows_of(sheet) == [
        ["a", 10, "ES"],
        ["b", 20, None],
        ["c", 30, "FR"],
        ['"d', 40, "DE"],
        ["e", 5, "IT"],
    ]
    assert [(fault.line, fault.reason) for fault in sheet.left_out] == [
        (4, "has 4 cells for 3 columns: quote cells that hold the separator")
    ]
    assert (
        "1 row(s) have fewer cells than the header: the last columns are missing there"
        in sheet.notes
    )


def test_repeated_headers_and_totals_are_no_rows(sheet_of):
    sheet = sheet_of("Handle,Followers\n@a,100\nHandle,Followers\n@b,200\n\nTotal,300\n")
    assert rows_of(sheet) == [["a", 100], ["b", 200]]
    assert [fault.reason for fault in sheet.left_out] == [
        "repeats the header",
        "sums up other rows",
    ]
    assert sheet.blank_rows == 1


def test_scrambled_text_is_repaired_and_the_original_kept(sheet_of):
    sheet = sheet_of("handle,country,bio\na,CÃ´te d'Ivoire,CAFÉ»\n")
    assert rows_of(sheet) == [["a", "CI", "CAFÉ»"]]
    assert sheet.original["country"].tolist() == ["CÃ´te d'Ivoire"]


def test_only_columns_of_the_tables_asked_for_are_read(sheet_of):
    sheet = sheet_of("handle,followers,avg_likes\na,1,2\n", tables=("creators",))
    assert list(sheet.rows) == ["handle", "followers"]
    assert (
        guess_of(sheet, "avg_likes").note == "known as avg_likes, for which creators have no column"
    )


def test_rows_have_the_dtypes_of_the_schema(sheet_of):
    sheet = sheet_of(
        "handle,platform,followers,verified,created_at,niche\na,ig,1,yes,2020-01-01,Food\nb,,,,,\n"
    )
    kinds = {name: DTYPES[TABLE_SPECS["creators"][name].kind] for name in sheet.rows}
    assert {name: str(dtype) for name, dtype in sheet.rows.dtypes.items()} == kinds
    assert sheet.rows.iloc[1].isna().tolist() == [False, True, True, True, True, True]


# --- properties -------------------------------------------------------------------------------------------------

HEADER = ["handle", "followers", "engagement_rate_by_followers", "posted_at", "country"]
GOOD = [
    ["good0", "10.4M", "3.4%", "2026-03-01", "Spain"],
    ["good1", "12345", "3,5 %", "2026-03-02T10:00:00Z", "Brasil"],
    ["good2", "0", "0%", "Mar 3, 2026", "DE"],
]
EXPECTED = [
    ["good0", 10_400_000, 0.034, "2026-03-01", "ES"],
    ["good1", 12_345, 0.035, "2026-03-02", "BR"],
    ["good2", 0, 0, "2026-03-03", "DE"],
]
printable = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8)
cells = st.one_of(
    printable,
    st.sampled_from(["1,5", "1.234", "-", "=1+1", "01/02/2026", "NaN", "1e5", "€5", '"', "\n"]),
)
raw_lines = st.one_of(
    printable.filter(lambda text: '"' not in text),
    st.sampled_from(['"x', 'a,"b', ",,,,", ",,,,,,,x", ""]),
)


def as_csv(rows):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def lines_with(good, junk):
    """Put the texts of junk among the good ones: (place, text)."""
    texts = [as_csv([row]) for row in good]
    for place, text in junk:
        texts.insert(place % (len(texts) + 1), text)
    return as_csv([HEADER]) + "".join(texts)


def check_good_rows(path, text, records):
    path.write_text(text, encoding="utf-8", newline="")
    sheet = read_sheet(path)
    good = sheet.rows["handle"].isin(["good0", "good1", "good2"])
    kept = replace(sheet, rows=sheet.rows.loc[good, HEADER])
    assert sorted(rows_of(kept)) == [[a, b, pytest.approx(c), d, e] for a, b, c, d, e in EXPECTED]
    assert len(sheet.rows) + sheet.blank_rows + len(sheet.left_out) == records
    assert len(sheet.rows) == len(sheet.lines) == len(sheet.original)
    assert len(sheet.guesses) == sheet.original.shape[1]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.lists(cells, min_size=5, max_size=5)), max_size=6))
def test_garbage_cells_lose_no_good_row_and_change_no_good_value(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("junk") / "sheet.csv"
    rows = [(place, as_csv([row])) for place, row in junk]
    check_good_rows(path, lines_with(GOOD, rows), records=3 + len(junk))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), raw_lines), max_size=6))
def test_garbage_lines_lose_no_good_row(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("junk") / "sheet.csv"
    check_good_rows(
        path,
        lines_with(GOOD, [(place, f"{line}\n") for place, line in junk]),
        records=3 + len(junk),
    )


def test_chunks_without_rows_are_empty_sheets_of_the_same_columns(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text("handle,followers,posted_at,verified\n\n\na,1,2026-03-01,yes\n,,,\n")
    parts = list(iter_sheet(path, rows=2))
    assert [len(part.rows) for part in parts] == [0, 1]
    assert [part.blank_rows for part in parts] == [2, 1]
    assert parts[0].rows.dtypes.equals(parts[1].rows.dtypes)


@settings(max_examples=15)
@given(st.integers(1, 7), st.integers(0, 20))
def test_in_chunks_the_same_is_read(tmp_path_factory, size, rows):
    path = tmp_path_factory.mktemp("chunks") / "sheet.csv"
    path.write_text(
        as_csv(
            [
                HEADER,
                *GOOD,
                *[[f"u{k}", f"{k},5k", "1%", "25/03/2026", "France"] for k in range(rows)],
            ]
        )
    )
    whole, parts = read_sheet(path), list(iter_sheet(path, rows=size))
    assert [len(part.rows) for part in parts[:-1]] == [size] * (len(parts) - 1)
    pd.testing.assert_frame_equal(
        pd.concat([part.rows for part in parts], ignore_index=True), whole.rows
    )
    assert np.concatenate([part.lines for part in parts]).tolist() == whole.lines.tolist()
    assert all(part.guesses == whole.guesses for part in parts)
