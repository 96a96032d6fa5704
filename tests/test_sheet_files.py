import codecs
import gzip
import zipfile
from datetime import date, datetime
from functools import partial

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from ingest.sheets import SheetError, SheetOptions, read_sheet, workbook

#: Without the time, which would give one and the same test two names.
packed = partial(gzip.compress, mtime=0)
ROWS = "handle,followers\nañb,1\nb,2\n"


@pytest.fixture
def file_of(tmp_path):
    """Give a function that writes bytes to a file."""

    def write(content, name="sheet.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def book_of(tmp_path):
    """Give a function that writes worksheets, title -> rows, to an XLSX workbook."""

    def write(name="book.xlsx", change=lambda book: None, **sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        change(book)
        book.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    "content",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),
        ROWS.encode("cp1252"),
        ROWS.encode("utf-16"),
        codecs.BOM_UTF16_BE + ROWS.encode("utf-16-be"),
        ROWS.encode("utf-16-le"),
        ROWS.replace("\n", "\r\n").encode(),
        ROWS.replace("\n", "\r").encode(),
        ROWS.replace(",", ";").encode(),
        ROWS.replace(",", "\t").encode(),
        ROWS.replace(",", "|").encode(),
        ("sep=;\n" + ROWS.replace(",", ";")).encode(),
        (",,,\nTop creators of 2026\n\n" + ROWS).encode(),
        packed(ROWS.encode()),
        (ROWS + "\n,\n;;\n"[:3]).encode(),
        "handle,followers\n0,añb,1\n1,b,2\n".encode(),
        ",handle,followers\n0,añb,1\n7,b,2\n".encode(),
    ],
)
def test_the_same_rows_whatever_the_file_looks_like(content, file_of):
    sheet = read_sheet(file_of(content))
    assert sheet.rows.to_numpy().tolist() == [["añb", 1], ["b", 2]]
    assert sheet.left_out == []


def test_bytes_that_no_code_page_has_lose_no_row(file_of):
    sheet = read_sheet(file_of(b"handle,followers\na\x81\xf1,1\nb\x00,2\n"))
    assert sheet.rows["followers"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("", "a.csv", "is empty: expected a CSV or XLSX file with a header and rows"),
        ("\n\n,,,\n", "a.csv", "holds only blank rows"),
        ("handle,followers\n", "a.csv", "has a header \\('handle', 'followers'\\) and no rows"),
        (
            "foo,bar\n1,2\n",
            "a.csv",
            "has no column that is known: found 'foo', 'bar'; looked for a handle or link",
        ),
        (bytes(range(256)) * 20, "a.csv", "is no text and no XLSX workbook"),
        ('[{"a": 1}]', "a.csv", "is JSON, no spreadsheet"),
        ("<html><table></table></html>", "a.xls", "is a web page or XML"),
        (
            "handle,followers\n" + "a" * (1 << 20),
            "a.csv",
            "more than 1,048,576 characters in line 2",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "is an old Excel workbook"),
        (
            b"\xd0\xcf\x11\xe0" + bytes(60) + "EncryptedPackage".encode("utf-16-le"),
            "a.xlsx",
            "is an encrypted workbook",
        ),
        (ROWS, "a.xlsx", "is no whole XLSX workbook, in spite of its name"),
        (packed(ROWS.encode())[:-9], "a.csv.gz", "cannot be read: Compressed file ended"),
        (packed(b""), "a.csv.gz", "holds only blank rows"),
        (b"%PDF-1.7 ", "a.pdf", "is a PDF, which is not read: export the table"),
        (b"PAR1....", "a.csv", "is a Parquet file"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_with_the_reason(content, name, said, file_of):
    with pytest.raises(SheetError, match=said) as error:
        read_sheet(file_of(content, name))
    assert "\n" not in str(error.value)


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SheetError, match="is a folder: give the CSV or XLSX files in it"):
        read_sheet(tmp_path)
    with pytest.raises(SheetError, match="does not exist"):
        read_sheet(tmp_path / "absent.csv")


def test_a_gzip_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"handle,followers\n")
        for _ in range(270):
            file.write(b"a,1\n" * (1 << 18))
    with pytest.raises(SheetError, match="grows to more than 200 times its size"):
        read_sheet(path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (SheetOptions(decimal=";"), "decimal ';': expected '.' or ','"),
        (SheetOptions(delimiter=";;"), "delimiter ';;': expected one character"),
        (SheetOptions(platform="myspace"), "platform 'myspace': expected instagram"),
        (SheetOptions(encoding="klingon"), "cannot be read as klingon"),
        (SheetOptions(header_row=99), "has no line 99"),
        (
            SheetOptions(columns={"handle": "shoe_size"}),
            "'shoe_size', to which the map sends 'handle', is no column",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(options, said, file_of):
    with pytest.raises(SheetError, match=said):
        read_sheet(file_of(ROWS), options)


def test_options_overrule_what_would_be_detected(file_of):
    text = "handle,followers\nx,1\nhandle;followers\na;2\n"
    sheet = read_sheet(file_of(text), SheetOptions(delimiter=";", header_row=3, encoding="latin-1"))
    assert sheet.rows.to_numpy().tolist() == [["a", 2]]
    assert sheet.notes[:3] == [
        "encoding: latin-1, as asked for",
        "cells separated by: semicolon, as asked for",
        "header in line 3",
    ]


# --- workbooks --------------------------------------------------------------------------------------------------


def formats(book):
    sheet = book["Creators"]
    for row in (4, 5, 6):
        sheet.cell(row, 4).number_format = "0.0%"
        sheet.cell(row, 5).number_format = '"$"#,##0'
    book["secret"].sheet_state = "hidden"


CREATORS = [
    ["Campaign list"],
    [],
    ["User ID", "Handle", "Followers", "ER by followers", "Fee", "Start date", "Avg likes"],
    [12345678901, "@a", 1234, 0.034, 450, datetime(2026, 3, 1, 12), 1.5],
    [9007199254740992, "@b", 2000.0, 0.05, "=E4*2", date(2026, 4, 1), "1,5k"],
    [1.2345e18, 12345, "3.5k", 0.012, 300, 46082, None],
    [],
    [7, "@d", True, "n/a", None, "13/02/2026", "#N/A"],
]


def test_a_workbook_of_typed_cells(book_of):
    hidden = [
        ["Handle", "Followers", "Likes avg", "Views avg", "Platform", "Bio", "Country"],
        ["z", 1],
    ]
    sheet = read_sheet(
        book_of(change=formats, Notes=[["read me"]], Creators=CREATORS, secret=hidden)
    )
    assert sheet.notes[:3] == [
        (
            "worksheet: 'Creators'; not read: 'Notes', 'secret' (hidden) with 7 known column(s): "
            "name one by --worksheet to read it"
        ),
        "header in row 3",
        "2 row(s) before the header left out: 'Campaign list'",
    ]
    assert sheet.lines.tolist() == [4, 5, 6, 8]
    assert sheet.rows["creator_id"].fillna("").tolist() == ["12345678901", "", "", "7"]
    assert sheet.rows["handle"].tolist() == ["a", "b", "12345", "d"]
    assert sheet.rows["followers"].fillna(-1).tolist() == [1234, 2000, 3500, -1]
    assert sheet.rows["engagement_rate_by_followers"].fillna(-1).tolist() == [
        0.034,
        0.05,
        0.012,
        -1,
    ]
    assert sheet.rows["fee_usd"].fillna(-1).tolist() == [450, -1, 300, -1]
    assert sheet.rows["start_at"].dt.strftime("%d %b %H").tolist() == [
        "01 Mar 12",
        "01 Apr 00",
        "01 Mar 00",
        "13 Feb 00",
    ]
    assert sheet.rows["avg_likes"].fillna(-1).tolist() == [1.5, 1500, -1, -1]
    assert [(fault.line, fault.column, fault.reason.split(":")[0]) for fault in sheet.faults] == [
        (5, "User ID", "has lost digits"),
        (5, "Fee", "is a formula whose value was not saved"),
        (6, "User ID", "has lost digits"),
        (8, "Followers", "is no number"),
    ]


def test_dates_of_workbooks_that_count_from_1904(book_of):
    def change(book):
        book.epoch = CALENDAR_MAC_1904

    rows = [["handle", "start_at"], ["a", datetime(2026, 3, 1)], ["b", 44620]]
    sheet = read_sheet(book_of(change=change, Sheet=rows))
    assert sheet.rows["start_at"].dt.date.tolist() == [date(2026, 3, 1)] * 2
    assert "dates count from 1904" in sheet.notes


def test_a_worksheet_may_be_named_and_may_name_the_platform(book_of):
    path = book_of(
        Instagram=[["handle", "followers"], ["a", 1]], TikTok=[["handle", "followers"], ["b", 2]]
    )
    assert read_sheet(path).rows.to_numpy().tolist() == [["a", 1, "instagram"]]
    assert read_sheet(path, SheetOptions(sheet="TikTok")).rows.to_numpy().tolist() == [
        ["b", 2, "tiktok"]
    ]
    with pytest.raises(SheetError, match="has no worksheet 'X': it has 'Instagram', 'TikTok'"):
        read_sheet(path, SheetOptions(sheet="X"))


def with_sheet(path, target, xml):
    """Copy a workbook with another text for its first worksheet, given piece by piece."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != "xl/worksheets/sheet1.xml":
                new.writestr(name, old.read(name))
        with new.open("xl/worksheets/sheet1.xml", "w") as file:
            for piece in xml:
                file.write(piece)
    return target


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
CELL = b'<row r="1"><c r="%s" t="inlineStr"><is><t>%s</t></is></c></row>'


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ([SHEET[:-22] % b"", *[b" " * (1 << 20)] * 90, b"</worksheet>"], "would unpack to"),
        ([ENTITIES, SHEET % (CELL % (b"A1", b"&b;"))], "cannot be read as an XLSX workbook"),
        ([SHEET % (CELL % (b"XFD1", b"x"))], "has 16,384 columns in row 1"),
        ([(SHEET % b"<row><c>")[:90]], "is broken|cannot be read"),
    ],
)
def test_hostile_workbooks_are_refused(xml, said, book_of, tmp_path):
    path = with_sheet(book_of(Sheet=[["handle"], ["a"]]), tmp_path / "hostile.xlsx", xml)
    with pytest.raises(SheetError, match=said) as error:
        read_sheet(path)
    assert "\n" not in str(error.value)


def rows_in(cells, count):
    """Give a worksheet of so many rows, piece by piece."""
    start, end = SHEET.split(b"%s")
    yield start + b'<row><c t="inlineStr"><is><t>handle</t></is></c></row>'
    for _ in range(count // 1000):
        yield (b"<row>" + cells + b"</row>") * 1000
    yield end


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        (rows_in(b"<c/>", 8_000_000), "would unpack to|tags of XML in"),
        (rows_in(b"<c/>", 2_000_000), "tags of XML in"),
        ([SHEET % (CELL % (b"A1", b"x" * 2_000_000))], "holds a text of more than 1,048,576 bytes"),
    ],
    ids=["8 million rows", "2 million rows", "a long text"],
)
def test_small_workbooks_that_hold_too_much_are_refused(xml, said, book_of, tmp_path):
    path = with_sheet(book_of(Sheet=[["handle"], ["a"]]), tmp_path / "bomb.xlsx", xml)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(SheetError, match=said) as error:
        read_sheet(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "xml",
    [
        rows_in(b"", 6_000),
        [SHEET % (CELL % (b"A1", b"handle") + b'<row r="900000000"><c><v>1</v></c></row>')],
    ],
    ids=["rows", "a row far below"],
)
def test_rows_are_bounded(xml, book_of, tmp_path, monkeypatch):
    assert workbook.MOST_ROWS == 1_048_576
    monkeypatch.setattr(workbook, "MOST_ROWS", 5_000)
    path = with_sheet(book_of(Sheet=[["handle"], ["a"]]), tmp_path / "long.xlsx", xml)
    with pytest.raises(SheetError, match="has more than 5,000 rows"):
        read_sheet(path)


def test_cells_are_bounded(book_of, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_CELLS", 100)
    with pytest.raises(
        SheetError, match=r"has more than 50 rows with 100 cells: expected .* and 100 cells at most"
    ):
        read_sheet(book_of(Sheet=[["handle", "followers"], *[["a", 5]] * 60]))


def test_shared_texts_and_worksheets_are_bounded(book_of, tmp_path):
    path, target = book_of(Sheet=[["handle"], ["a"]]), tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("xl/sharedStrings.xml", b"<sst>" + b"<si/>" * 5_000_000 + b"</sst>")
    with pytest.raises(SheetError, match="tags of XML in"):
        read_sheet(target)
    many = book_of(**{f"s{number}": [["handle"], ["a"]] for number in range(101)})
    with pytest.raises(
        SheetError, match="has 101 worksheets, at most 100 are looked at: name one by --worksheet"
    ):
        read_sheet(many)
    assert len(read_sheet(many, SheetOptions(sheet="s7")).rows) == 1


def test_broken_archives_are_refused(book_of, tmp_path):
    whole = book_of(Sheet=[["handle"], ["a"]]).read_bytes()
    path = tmp_path / "cut.xlsx"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SheetError, match="is no whole XLSX workbook"):
        read_sheet(path)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(SheetError, match="is another ZIP archive, no XLSX workbook"):
        read_sheet(tmp_path / "other.zip")
