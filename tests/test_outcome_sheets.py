"""Result sheets as campaign managers keep them, German and Spanish: nothing is read in silence."""

import re

import pytest
from click.testing import CliRunner
from review_example import entry

from creatorcast import main
from ingest.sheets.reader import IMPORTED_TABLES, read_sheet
from ingest.sheets.sheet_types import SheetOptions
from ledger.readings import read_readings
from ledger.store import open_ledger

GERMAN = (
    "Kooperations-ID;Creator;Link zum Beitrag;Veröffentlicht am;{};Likes;Kommentare\n"
    "H-1;@ana;https://www.instagram.com/reel/C1abcDEfgHi/;11.03.2026;31.03.2026;1.250;14\n"
    "H-2;@eva;https://www.instagram.com/p/C2abcDEfgHi/;12.03.2026;31.03.2026;141;3\n"
    "H-3;@leo;https://www.instagram.com/reel/C3abcDEfgHi/;12.03.2026;31.03.2026;900;3\n"
    "H-99;@eva;https://www.instagram.com/p/C4abcDEfgHi/;12.03.2026;31.03.2026;7;2\n"
    "H-2;@eva;https://www.instagram.com/p/C5abcDEfgHi/;14.03.2026;31.03.2026;5;5\n"
    "H-2;@eva;https://www.instagram.com/p/C6abcDEfgHi/;15.03.2026;31.03.2026;;\n"
)
SPANISH = (
    "Creador,Enlace publicación,Publicado el,{},Me gusta,Comentarios\n"
    "@mia,https://www.instagram.com/reel/C8abcDEfgHi/,12/03/2026,31/03/2026,1250,14\n"
    "@kim,https://www.tiktok.com/@kim/video/7123456789012345678,12/03/2026,31/03/2026,14,1\n"
    ",https://www.instagram.com/reel/C9abcDEfgHi/,13/03/2026,31/03/2026,141,3\n"
)


@pytest.fixture
def tell(tmp_path, monkeypatch):
    """Return what tells a ledger with four forecasts of a file, by its text."""
    monkeypatch.setenv("CREATORCAST_HOME", str(tmp_path))
    monkeypatch.delenv("CREATORCAST_LEDGER", raising=False)
    names = {1: ("H-1", "ana"), 2: ("H-2", "eva"), 3: ("H-3", "leo"), 4: (None, "mia")}
    package = {"package": "1 short + 3 story", "format": None, "deliverables": 4.0}
    with open_ledger(tmp_path) as ledger:
        ledger.append(
            [
                entry(
                    number,
                    partnership_id=name,
                    handle=handle,
                    creator_id=f"@{handle}",
                    **(package if number == 3 else {}),
                )
                for number, (name, handle) in names.items()
            ]
        )

    def tell(text, *options):
        path = tmp_path / "results.csv"
        path.write_text(text, encoding="utf-8")
        return CliRunner().invoke(main, ["outcomes", str(path), *options])

    tell.home = tmp_path
    return tell


def kept(tell):
    with open_ledger(tell.home) as ledger:
        return read_readings(ledger)


@pytest.mark.parametrize("sheet", [GERMAN, SPANISH])
def test_no_moment_is_guessed_while_a_column_of_dates_is_not_read(tell, sheet):
    refused = tell(sheet.format("xyz"), "--decimal", ",")
    assert refused.exit_code == 2
    assert "dates that are not read in 'xyz'" in refused.stderr
    assert kept(tell).empty
    settled = tell(sheet.format("xyz"), "--decimal", ",", "--observed-at", "2026-04-01")
    assert settled.exit_code == 3
    assert "xyz' -> not read" in settled.stdout


def test_a_german_sheet_says_of_each_column_and_each_row_what_became_of_it(tell):
    sheet = GERMAN.format("gelesen am")
    unclear = tell(sheet, "--dry-run")
    assert "UNCLEAR column 'Likes': '1.250' may be a decimal number" in unclear.stdout
    assert "column 'gelesen am' -> observed_at" in unclear.stdout
    assert re.search(r"1 rejected: 'Likes' is unclear: .*--decimal ,.*line 2\)", unclear.stderr)
    assert "6 read = 4 new readings + 0 repeated + 0 corrected + 2 rejected" in unclear.stdout
    tried, told = (tell(sheet, "--decimal", ",", *more) for more in (["--dry-run"], []))
    assert tried.stdout == told.stdout + "nothing was kept: leave out --dry-run to keep it\n"
    assert "1 rejected: has no count that is known" in told.stderr
    assert "line 7)" in told.stderr
    assert "= 3 matured + 0 young + 0 partial + 1 waiting + 0 not scored" in told.stdout
    note = "more posts came than were booked (2 and 1): the earliest count (H-2)"
    assert f"1 with a note: {note}" in told.stdout
    assert "post C4abcDEfgHi of H-99, is it H-" in told.stdout
    assert kept(tell)["read_at"].nunique() == 1
    taken_back = sheet.replace(
        "H-2;@eva;https://www.instagram.com/p/C2", "removed;@eva;instagram.com/p/C2"
    )
    again = tell(taken_back, "--decimal", ",")
    assert "0 new readings + 4 repeated + 1 corrected" in again.stdout
    assert "more posts came" not in again.stdout


def test_a_spanish_sheet_of_posts_finds_the_creators_that_it_names(tell):
    told = tell(SPANISH.format("Fecha lectura"))
    assert "column 'Fecha lectura' -> observed_at" in told.stdout
    assert "1 rejected: names no creator (results.csv line 4)" in told.stderr
    assert "1 post(s) of the creator in its time, first C8abcDEfgHi, are not marked" in told.stdout
    assert kept(tell)["creator_id"].tolist() == ["@mia", "@kim"]
    undated = tell("Creador,Enlace,Publicado el,Me gusta\n@a,instagram.com/p/C7,12/03/2026,5\n")
    assert "when the file was last changed" in undated.stdout


@pytest.mark.parametrize("tables", [("published_posts",), ("prospects",), IMPORTED_TABLES])
def test_the_words_of_managers_mean_the_same_in_every_list(tmp_path, tables):
    path = tmp_path / "list.csv"
    rows = "@a;Instagram;K1;Reel;2;300;01.03.2026\n@b;Instagram;K2;Reel;1;400;02.03.2026\n"
    german = "Creator;Plattform;Kooperations-ID;Format;Anzahl;Honorar (USD);Stand\n"
    spanish = "Creador;Plataforma;Colaboración;Formato;Cantidad;Honorarios (USD);Fecha de lectura\n"
    for header in (german, spanish):
        path.write_text(header + rows, encoding="utf-8")
        read = read_sheet(path, SheetOptions(), tables).rows
        assert read["partnership_id"].tolist() == ["K1", "K2"]
        assert read["deliverables"].tolist() == [2, 1]
        assert "observed_at" in read or tables == ("prospects",)


def test_a_name_that_several_rows_have_is_no_partnership_in_a_list_to_score(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Creator;Plattform;Kooperation\n@a;Instagram;Mai\n@b;Instagram;Mai\n")
    assert "partnership_id" not in read_sheet(path, SheetOptions(), ("prospects",)).rows
