import json

import pytest

from ingest.sheets.mapping_file import read_mapping
from ingest.sheets.reader import read_sheet
from ingest.sheets.sheet_types import ColumnMapping, SheetError, SheetOptions


@pytest.fixture
def file_of(tmp_path):
    def write(text, name="map.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


MAP = {
    "Reach": ColumnMapping("followers", "k"),
    "Notes": ColumnMapping("-"),
    "When": ColumnMapping("start_at", day_first=True),
}


@pytest.mark.parametrize(
    "text",
    [
        "source,column,unit,dates\nReach,followers,k,\nNotes,-,,\nWhen,start_at,,day first\n",
        "Source;Column;Unit;Dates\nReach;followers;k;\nNotes;-;;\nWhen;start_at;;Day first\n",
        json.dumps({"Reach": {"column": "followers", "unit": "k"}, "Notes": "-",
                    "When": {"column": "start_at", "dates": "day first"}}),
        json.dumps([{"source": "Reach", "column": "followers", "unit": "k"}, {"source": "Notes", "column": "-"},
                    {"source": "When", "column": "start_at", "dates": "day first"}]),
    ],
)  # fmt: skip
def test_a_map_is_read_from_csv_and_json(text, file_of):
    assert read_mapping(file_of(text)) == MAP


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected source, column"),
        ("a,b\n1,2\n", "has the columns a, b: expected source, column"),
        ("source,column\n", "names no column"),
        ("source,column\n,followers\n", "has no source in line 2"),
        ("source,column\na,followers\na,likes\n", "names 'a' twice"),
        ("source,column,unit\na,followers,parsec\n", "gives the unit 'parsec' in line 2"),
        ("source,column,decimal\na,followers,;\n", "gives the decimal ';' in line 2"),
        (
            "source,column,dates\na,start_at,last\n",
            "gives dates 'last' in line 2: expected day first or month first",
        ),
        (
            "source,column,value,means\na,niche,Foodies,foood\n",
            "'Foodies' means 'foood' in line 2: expected one of|expected art",
        ),
        (
            "source,column,value,means\na,country,Muenchen,Muenchen\n",
            "expected a country or its ISO 3166-1 code",
        ),
        ("source,column,value,means\na,verified,klar,perhaps\n", "expected yes or no"),
        (
            "source,column,value,means\na,followers,many,1000\n",
            "maps values of 'followers' in line 2: expected one of",
        ),
        (
            "source,column,value,means\na,niche,Foodies,food\na,niche,Foodies,pets\n",
            "gives the value 'Foodies'",
        ),
        (
            "source,column,value,means\na,niche,Foodies,\n",
            "gives value or means alone in line 2: give both",
        ),
        ('{"a": {"column": "niche", "values": ["food"]}}', "expected an object of texts"),
        ('{"a": ', "is no JSON"),
        ('{"a": 3}', "says 3 in entry 1"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_map_says_why(text, said, file_of):
    with pytest.raises(SheetError, match=said):
        read_mapping(file_of(text))


def test_a_map_that_is_not_there(tmp_path):
    with pytest.raises(SheetError, match="cannot be read"):
        read_mapping(tmp_path / "absent.csv")


def test_the_map_overrules_names_and_is_told(file_of):
    path = file_of("Handle,Reach,Notes,When,Followers\na,1.5,x,01/02/2026,9\n", "sheet.csv")
    sheet = read_sheet(path, SheetOptions(columns={**MAP, "Absent": "likes"}))
    assert list(sheet.rows) == ["handle", "followers", "start_at"]
    assert sheet.rows["followers"].tolist() == [1500]
    assert [(guess.column, guess.how) for guess in sheet.guesses] == [
        ("handle", "exact name"),
        ("followers", "map file"),
        (None, "map file"),
        ("start_at", "map file"),
        (None, "exact name"),
    ]
    assert sheet.guesses[4].note == "means the same as 'Reach', which is used"
    assert "the map names columns that are not there: 'Absent'" in sheet.notes


@pytest.mark.parametrize(
    "text",
    [
        ("source,column,value,means\nRubrik,niche,Foodies,food\nRubrik,,Die Schrauber,automotive\n"
        "Art,format,Kurzfilm,short\n"),
        json.dumps({"Rubrik": {"column": "niche", "values": {"Foodies": "food", "Die Schrauber": "automotive"}},
                    "Art": {"column": "format", "values": {"Kurzfilm": "short"}}}),
    ],
)  # fmt: skip
def test_a_map_explains_the_words_of_a_sheet(text, file_of):
    columns = read_mapping(file_of(text))
    path = file_of(
        "Handle,Rubrik,Art\na,FOODIES,Kurzfilm\nb,die schrauber,Reel\nc,Travel,\n", "sheet.csv"
    )
    sheet = read_sheet(path, SheetOptions(columns=columns))
    assert sheet.rows["niche"].tolist() == ["food", "automotive", "travel"]
    assert sheet.rows["format"].tolist()[:2] == ["short", "short"]
    assert (sheet.unread, [note for note in sheet.notes if "never occur" in note]) == ({}, [])


def test_platforms_countries_and_flags_are_explained_and_idle_values_told(file_of):
    rows = "Konto,platform,Das Gramm,instagram\nLand,country,Ländle,DE\nEcht,verified,klar,yes\nLand,country,Insel,GB\n"
    columns = read_mapping(file_of(f"source,column,value,means\n{rows}"))
    path = file_of("Handle,Konto,Land,Echt\na,das gramm,Ländle,klar\n", "sheet.csv")
    sheet = read_sheet(path, SheetOptions(columns=columns))
    assert sheet.rows.iloc[0].to_dict() == {
        "handle": "a",
        "platform": "instagram",
        "country": "DE",
        "verified": True,
    }
    assert "the map explains values of 'Land' that never occur: 'Insel'" in sheet.notes
