"""Publishers' forms of CSV under other names, and what the rows of a sheet prove."""

import csv
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from ingest.sheets import SheetError, SheetOptions, read_sheet
from ingest.sheets.export_layouts import match_layout
from ingest.sheets.word_lists import read_word_list

STUDIO = {
    "en": "Content,Video title,Video publish time,Subscribers,Likes,Comments added,Impressions,Views",
    "old": "Video,Video title,Video publish time,Subscribers gained,Likes,Comments added,Impressions,Views",
    "de": 'Videos,Videotitel,Veröffentlichungszeitpunkt des Videos,Abonnenten,"""Mag ich""-Bewertungen",'
    "Kommentare hinzugefügt,Impressionen,Aufrufe",
    "es": "Contenido,Título del vídeo,Hora de publicación del vídeo,Suscriptores,Me gusta,Comentarios añadidos,"
    "Impresiones,Visualizaciones",
    "fr": "Contenu,Titre de la vidéo,Heure de publication de la vidéo,Abonnés,Mentions J'aime,Commentaires ajoutés,"
    "Impressions,Vues",
    "pt": "Conteúdo,Título do vídeo,Horário de publicação do vídeo,Inscritos,Marcações Gostei,Comentários adicionados,"
    "Impressões,Visualizações",
    "id": "Konten,Judul video,Waktu publikasi video,Subscriber,Suka,Komentar ditambahkan,Tayangan,Penayangan",
}


@pytest.fixture
def sheet_of(tmp_path):
    """Give a function that reads a text as a sheet."""

    def read(text, **options):
        path = Path(tmp_path / "sheet.csv")
        path.write_text(text, encoding="utf-8")
        return read_sheet(path, SheetOptions(**options))

    return read


@pytest.mark.parametrize("language", STUDIO)
def test_youtube_studio_in_six_languages(sheet_of, language):
    sheet = sheet_of(STUDIO[language] + '\nabcDEF12345,One,"Feb 19, 2026",9,20,3,50000,8000\n')
    (row,) = sheet.rows.to_dict("records")
    assert (sheet.table, row["post_id"], row["platform"]) == ("posts", "abcDEF12345", "youtube")
    assert (row["likes"], row["comments"], row["views"]) == (20, 3, 8000)
    assert "followers" not in row


def test_meta_business_suite_in_german(sheet_of):
    sheet = sheet_of(
        "Beitrags-ID,Konto-ID,Konto-Benutzername,Kontoname,Beschreibung,Dauer (Sek.),Veröffentlichungszeitpunkt,"
        "Permalink,Beitragstyp,Datenkommentar,Datum,Aufrufe,Reichweite,„Gefällt mir“-Angaben,Geteilte Inhalte,Follows,"
        "Kommentare,Gespeicherte Beiträge\n"
        "1790,1784,ana.k,Ana,Text,,19.09.2026 18:00,https://www.instagram.com/p/DAaa/,IG Karussell,,Gesamt,7100,5200,"
        "210,31,6,9,96\n"
    )
    (row,) = sheet.rows.to_dict("records")
    assert (row["post_id"], row["handle"], row["format"], row["text"]) == (
        "1790",
        "ana.k",
        "carousel",
        "Text",
    )
    assert [row[name] for name in ("likes", "comments", "shares", "saves", "views")] == [
        210,
        9,
        31,
        96,
        7100,
    ]
    assert not {"followers", "following"} & set(row)


def test_a_list_of_posts_for_scoring_is_told(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("handle,platform,followers,posted,likes\na,IG,900,2026-01-01,5\n")
    assert any(
        "each row is a post" in note for note in read_sheet(path, tables=("prospects",)).notes
    )


def test_counts_of_a_post_by_day_are_refused(sheet_of):
    header = "Post ID,Account username,Publish time,Permalink,Date,Likes"
    post = "1790,ana.k,09/19/2026 18:00,https://www.instagram.com/p/DAaa/"
    assert sheet_of(f"{header}\n{post},Lifetime,210\n").rows["likes"].tolist() == [210]
    with pytest.raises(SheetError, match="counts of each day"):
        sheet_of(f"{header}\n{post},09/19/2026,200\n{post},09/20/2026,10\n")


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (
            '"Tweet id","Tweet permalink","Tweet text","time","impressions","engagements","retweets"',
            "X Analytics",
        ),
        (
            "position,channelId,channelTitle,videoId,publishedAt,videoTitle,viewCount,likeCount",
            "YouTube Data Tools",
        ),
        (
            "_type,url,date,rawContent,id,user,replyCount,retweetCount,likeCount,conversationId",
            "snscrape",
        ),
        ("username,edge_followed_by.count,edge_follow.count,biography", "Instagram web profile"),
        ("username,edge_followed_by.count,biography", "Instagram web profile"),
        ("shortcode,taken_at_timestamp,edge_liked_by,edge_media_to_comment", "Instagram web post"),
        ("id,snippet/publishedAt,snippet/channelId,statistics/viewCount", "YouTube video"),
        ("stats.diggCount,stats.playCount,author.uniqueId,createTime,desc,id", "TikTok web item"),
        (
            "author.public_metrics.followers_count,author.username,public_metrics.like_count,id",
            "X post",
        ),
    ],
)
def test_a_form_is_known_by_its_header(header, form):
    assert form in match_layout(next(csv.reader([header]))).name


@pytest.mark.parametrize(
    "header",
    [
        "handle,platform,followers,avg_likes",
        "id,author_id,author_username,text,created_at",
        "username,like_count,comment_count,posted",
        "Name,Followers,URL,Description,Type,Likes",
    ],
)
def test_ordinary_headers_are_no_form(header):
    assert match_layout(header.split(",")) is None


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (
            "Datum,Videos,Videotitel,Veröffentlichungszeitpunkt des Videos,Dauer,Aufrufe",
            "figures of each day",
        ),
        ("Post ID,Page ID,Page name,Title,Publish time,Permalink,Reach", "posts of Facebook"),
        ("Date,Impressions,Likes,Engagements,New follows,Unfollows,Replies", "figures of each day"),
        ("Age,Women,Men", "demographics"),
        ("Campaign name,Reach,Impressions,Amount spent (USD),Likes", "ads manager"),
    ],
)
def test_a_form_that_is_not_read_is_refused_by_its_name(sheet_of, header, told):
    with pytest.raises(SheetError, match=told):
        sheet_of(f"{header}\n" + ",".join("1" for _ in header.split(",")))


def test_figures_of_each_day_are_no_posts(sheet_of):
    days = "".join(f"2026-03-0{day},{day * 10},{day * 1000}\n" for day in range(1, 6))
    with pytest.raises(SheetError, match="figures of each day"):
        sheet_of(f"Date,Likes,Video views\n{days}")
    assert (
        sheet_of("Date,Likes,Views\n2026-03-01,5,100\n2026-03-09,6,90\n2026-03-10,7,80\n").table
        == "posts"
    )


@pytest.mark.parametrize(
    "header",
    [
        "date_utc",
        "snapshot_utc",
        "captured_at",
        "last_seen",
        "Export date",
        "Datum",
        "scraped at",
        "Timestamp",
    ],
)
def test_a_history_of_followers_by_whatever_date(sheet_of, header):
    sheet = sheet_of(
        f"handle,{header},followers,following\na,2026-01-17,900,5\na,2026-01-18,905,5\na,2026-01-20,930,6\n"
    )
    assert sheet.table == "creators"
    assert sheet.rows["observed_at"].dt.strftime("%d").tolist() == ["17", "18", "20"]


@pytest.mark.parametrize(
    "rows",
    [
        (
            "Link,Date,Followers\nhttps://tiktok.com/@a,2026-01-01,900\nhttps://tiktok.com/@b,2026-01-01,50\n"
            "https://tiktok.com/@a,2026-01-02,905\nhttps://tiktok.com/@b,2026-01-02,52\n"
        ),
        (
            "Account,Platform,Date,Followers\na,IG,2026-01-01,900\na,TikTok,2026-01-01,50\na,IG,2026-01-02,905\n"
            "a,TikTok,2026-01-02,52\n"
        ),
    ],
)
def test_a_history_of_several_accounts(sheet_of, rows):
    sheet = sheet_of(rows)
    assert sheet.rows["followers"].tolist() == [900, 50, 905, 52]
    assert sheet.rows["observed_at"].dt.day.tolist() == [1, 1, 2, 2]


def test_tiktok_studio_in_german(sheet_of):
    rows = sheet_of(
        "Videotitel,Videolink,Veröffentlichungszeit,Likes insgesamt,Kommentare insgesamt,Aufrufe insgesamt\n"
        "eins,https://www.tiktok.com/@ana/video/7400000000000000001,2026-03-01 09:10,300,22,5000\n"
    ).rows
    assert rows[
        ["post_id", "handle", "text", "likes", "comments", "views"]
    ].to_numpy().tolist() == [["7400000000000000001", "ana", "eins", 300, 22, 5000]]


def test_what_posts_gained_is_no_history_and_no_account(sheet_of):
    sheet = sheet_of("Post URL,Posted,Likes,Subscribers\nhttps://youtu.be/abcdefghijk,2026-03-01,50,2\n"
                     "https://youtu.be/abcdefghijl,2026-03-02,60,9\n")  # fmt: skip
    guess = next(guess for guess in sheet.guesses if guess.source == "Subscribers")
    assert "gained by the post" in guess.ambiguous
    assert "followers" not in sheet.rows


def test_followers_gained_at_each_date_are_no_history(sheet_of):
    sheet = sheet_of("Date,Subscribers\n2026-01-01,12\n2026-01-02,30\n2026-01-03,7\n")
    assert "followers" not in sheet.rows
    assert any("gained since the last date" in (guess.ambiguous or "") for guess in sheet.guesses)


def test_a_name_names_who_posted_where_the_link_does_not(sheet_of):
    rows = sheet_of(
        "Influencer,Post link,Posted,Likes\nana,https://www.instagram.com/p/DA1/,2026-01-01,9\n"
    ).rows
    assert rows[["handle", "post_id"]].to_numpy().tolist() == [["ana", "DA1"]]


def test_what_describes_a_post_is_not_of_its_account(sheet_of):
    rows = sheet_of(
        "handle,posted,likes,Caption,Description,lang\na,2026-01-01,9,short,a long one,en\n"
    ).rows
    assert "bio" not in rows
    assert "language" not in rows
    assert sheet_of("handle,followers,Description\na,900,a cook\n").rows["bio"].tolist() == [
        "a cook"
    ]


@pytest.mark.parametrize("header", ["Followers", "Author followers", "channel subscribers"])
def test_followers_of_the_account_beside_its_posts(sheet_of, header):
    sheet = sheet_of(
        f"handle,{header},posted,likes\na,12000,2026-03-01,50\na,12000,2026-03-02,60\nb,900,2026-03-02,6\n"
    )
    assert sheet.rows["followers"].tolist() == [12000, 12000, 900]


@pytest.mark.parametrize(
    "header", ["Created", "Date created", "Creation date", "Erstellt am", "Created time"]
)
def test_when_a_row_was_made_is_neither_opening_nor_posting(sheet_of, header):
    creators = sheet_of(f"handle,followers,avg likes,{header}\na,12000,50,2026-03-01\n")
    posts = sheet_of(f"handle,posted,likes,{header}\na,2026-03-01,50,2026-04-01\n")
    assert "created_at" not in {*creators.rows, *posts.rows}
    assert posts.rows["posted_at"].dt.strftime("%m").tolist() == ["03"]
    assert any("when the row was made" in (guess.ambiguous or "") for guess in creators.guesses)


@pytest.mark.parametrize(
    ("header", "column"), [("created_at", "created_at"), ("Account created", "created_at")]
)
def test_when_an_account_was_opened(sheet_of, header, column):
    assert column in sheet_of(f"handle,followers,avg likes,{header}\na,12000,50,2026-03-01\n").rows


@pytest.mark.parametrize("header", ["% of views", "Views %", "Share of voice", "Likes (%)"])
def test_a_share_is_no_count(sheet_of, header):
    sheet = sheet_of(f"handle,posted,comments,{header}\na,2026-03-01,50,45\n")
    assert not {"views", "likes", "shares"} & set(sheet.rows)


def test_one_figure_in_two_columns_is_settled_on_x_alone(sheet_of):
    text = "handle,posted,likes,Shares,Reposts,Impressions\na,2026-03-01,50,1,7,900\n"
    assert "shares" not in sheet_of(text, platform="tiktok").rows
    rows = sheet_of(text, platform="x").rows
    assert (rows["shares"].tolist(), rows["views"].tolist()) == ([7], [900])


def test_impressions_are_no_views(sheet_of):
    sheet = sheet_of("handle,platform,posted,likes,Impressions,Views\na,IG,2026-03-01,50,900,700\n")
    assert sheet.rows["views"].tolist() == [700]
    assert any(guess.note.startswith("impressions are no views") for guess in sheet.guesses)


def test_one_word_does_not_decide_what_the_rows_are(sheet_of):
    creators = "handle,followers,avg likes,Tags\na,1200,30,food\nb,1300,40,travel\n"
    posts = "Account,Posted,Total Interactions,Likes,Description\na,2026-03-01,55,50,hello\n"
    assert sheet_of(creators).table == "creators"
    sheet = sheet_of(posts)
    assert (sheet.table, sheet.rows["text"].tolist()) == ("posts", ["hello"])


def test_the_lists_of_forms_fit_together():
    forms = {row["form"] for row in read_word_list("forms.csv")}
    assert {row["form"] for row in read_word_list("form_columns.csv")} == forms


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        (
            [
                ["Content", "Video title", "Video publish time", "Views"],
                ["abcDEF12345", "One", "Feb 19, 2026", 9],
            ],
            "posts",
        ),
        (
            [
                ["Date", "Channel ID", "Subscribers"],
                *([datetime(2026, 1, d), "UCa", 900 + d] for d in (1, 2)),
            ],
            "creators",
        ),
        (
            [
                ["Timestamp", "Instagram handle", "Average likes"],
                [datetime(2026, 1, 1, 9), "@ana", 40],
            ],
            "creators",
        ),
    ],
)
def test_the_same_in_a_workbook(tmp_path, rows, table):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    sheet = read_sheet(tmp_path / "book.xlsx")
    assert (sheet.table, "post_id" in sheet.rows) == (table, table == "posts")
    assert (
        sheet.rows["observed_at"].notna().all()
        if rows[0][0] == "Date"
        else "observed_at" not in sheet.rows
    )
