"""Ids that read alike but differ are refused with the reason, through every door; honest ones of any script are not."""

import json
import re
import time
import warnings
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from conftest import table

from features.tables.creator_ids import (
    ANOTHER_ALPHABET,
    MAX_ID_LENGTH,
    find_faulty_ids,
    find_lookalike,
    find_lookalikes,
    id_fault,
)
from features.tables.model import Tables
from features.tables.schema import CREATORS, POSTS
from features.tables.validate import InvalidTables, validate
from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportOptions
from ingest.exports.importer import import_files
from serving.batch import open_list, score_file
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = pd.Timestamp("2026-05-01T00:00:00Z")
UNSEEN = {
    "c\u200b1": "U+200B ZERO WIDTH SPACE at position 2",
    "c\u200c1": "U+200C ZERO WIDTH NON-JOINER at position 2",
    "c1\u200d": "U+200D ZERO WIDTH JOINER at position 3",
    "\ufeffc1": "U+FEFF ZERO WIDTH NO-BREAK SPACE at position 1",
    "c1\u00ad": "U+00AD SOFT HYPHEN at position 3",
    "c\u00a01": "U+00A0 NO-BREAK SPACE at position 2",
    "c\u30001": "U+3000 IDEOGRAPHIC SPACE at position 2",
    "c\u202e1": "U+202E RIGHT-TO-LEFT OVERRIDE at position 2",
    "c\u20661": "U+2066 LEFT-TO-RIGHT ISOLATE at position 2",
    "c\x001": "U+0000 a control character at position 2",
    "c\t1": "U+0009 a control character at position 2",
    "c\x7f1": "U+007F a control character at position 2",
    "c\u20281": "U+2028 LINE SEPARATOR at position 2",
    "c\u034f1": "U+034F COMBINING GRAPHEME JOINER at position 2",
    "c\ufe0f1": "U+FE0F VARIATION SELECTOR-16 at position 2",
    "c\u31641": "U+3164 HANGUL FILLER at position 2",
    "c\u28001": "U+2800 BRAILLE PATTERN BLANK at position 2",
    "c\U000e00411": "U+E0041 TAG LATIN CAPITAL LETTER A at position 2",
    "c\ue0001": "U+E000 a control character at position 2",
}
TAKE_OUT = "which cannot be seen: take it out"
LOST = "which stands for a character that was lost: write the id anew"
MARK = "a mark that changes how others look: take it out"
MIXED = "letters, which it may look like: write the id in one alphabet"
ACUTE = "which with what stands beside it reads like U+00E9 LATIN SMALL LETTER E WITH ACUTE: write 'café' (Unicode's NFC)"
SPACE = UNSEEN["c\u200b1"]
ALIKE = {
    "ｃ1": "U+FF43 FULLWIDTH LATIN SMALL LETTER C at position 1, which looks like 'c': write that",
    "c１": "U+FF11 FULLWIDTH DIGIT ONE at position 2, which looks like '1': write that",
    "𝒄1": "U+1D484 MATHEMATICAL BOLD ITALIC SMALL C at position 1, which looks like 'c': write that",
    "a\u2010b": "U+2010 HYPHEN at position 2, which looks like '-': write that",
    "c¹": "U+00B9 SUPERSCRIPT ONE at position 2, which looks like '1': write that",
    "c\u03381": f"U+0338 COMBINING LONG SOLIDUS OVERLAY at position 2, {MARK}",
    "c1\u0301": f"U+0301 COMBINING ACUTE ACCENT at position 3, {MARK}",
    "\u0301c1": f"U+0301 COMBINING ACUTE ACCENT at position 1, {MARK}",
    "cafe\u0301": f"U+0065 LATIN SMALL LETTER E at position 4, {ACUTE}",
    "с1ana": f"U+0441 CYRILLIC SMALL LETTER ES at position 1 among Latin {MIXED}",
    "anaο": f"U+03BF GREEK SMALL LETTER OMICRON at position 4 among Latin {MIXED}",
    "кухня.a": f"U+0061 LATIN SMALL LETTER A at position 7 among Cyrillic {MIXED}",
    "c٣": f"U+0663 ARABIC-INDIC DIGIT THREE at position 2 among Latin {MIXED}",
    "c\ufffd1": f"U+FFFD REPLACEMENT CHARACTER at position 2, {LOST}",
}
HONEST = [
    "ana.cooks_7", "@ana-cooks", "Ana Cooks", "UC_x5XG1OV2P6uZZ5FSM9Ttw", '@the "real" one', "7234567890123456789",
    "@müller.küche", "zoë", "Ångström", "Ngọc_Ánh", "İstanbul", "Ọ́lá", "кухня_дома.1", "Єва", "ανα.κουζίνα", "料理王",
    "アナ・クッキング", "ｱﾅ", "かーめん", "料理ana", "맛집_서울", "맛집kim", "ㅋㅋ", "مطبخ_١٢", "می\u200cپزم",
    "אנה.מבשלת", "अनिता", "क्\u200dष", "ไทย.ครัว", "Անի", "ანა", "🔥ana", "l·l", "ʻokina",
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrong"), [*UNSEEN.items(), *ALIKE.items()])
def test_the_character_and_its_place_are_named(text, wrong):
    assert id_fault(text) == f"holds {wrong}, {TAKE_OUT}" if text in UNSEEN else f"holds {wrong}"


@pytest.mark.parametrize("text", HONEST)
def test_ids_of_one_script_are_let_be(text):
    assert id_fault(text) is None


def test_scripts_of_equal_length_are_told_alike_in_every_run():
    assert id_fault("аb") == id_fault("аb")
    assert "CYRILLIC SMALL LETTER A at position 1 among Latin" in id_fault("аb")
    assert "ARMENIAN CAPITAL LETTER AYB at position 2 among Cyrillic" in id_fault("аԱ")


def test_the_id_that_is_meant_is_found():
    known = {"c1", "café", "cook", "кухня", "c/1"}.__contains__
    for text in UNSEEN:
        assert find_lookalike(text, known) == "c1"
    assert [find_lookalike(text, known) for text in ("ｃ１", "cafe\u0301", "сооk", "kухня", "c\u03381", "nobody\u200b")] == [
        "c1", "café", "cook", "кухня", "c1", None,
    ]  # fmt: skip


def test_a_million_plain_ids_cost_nothing():
    ids = [f"creator_{number % 20_000}" for number in range(1_000_000)]
    began = time.process_time()
    assert find_faulty_ids(ids) == {}
    assert time.process_time() - began < 1.0
    assert find_faulty_ids([*ids, None, "c\u200b1"]).keys() == {"c\u200b1"}


def posts_of(*names):
    rows = [
        {
            "creator_id": name,
            "platform": "instagram",
            "post_id": str(number),
            "posted_at": AS_OF - pd.Timedelta(days=20),
        }
        for number, name in enumerate(names)
    ]
    return table(rows, POSTS)


def creators_of(*names):
    return table(
        [{"creator_id": name, "platform": "instagram", "followers": 2e4} for name in names],
        CREATORS,
    )


def test_tables_with_such_ids_are_refused_and_the_known_one_is_named():
    posts = posts_of("c1", "c\u200b1", "зоя", "зoя", "nobody")
    with pytest.raises(InvalidTables) as refused:
        validate(Tables(creators=creators_of("c1", "зоя", "c2\u00ad"), posts=posts))
    shy, space, latin, unknown = map(str, refused.value.faults)
    assert (
        shy
        == rf"creators, data row 3: creator_id 'c2\xad' holds U+00AD SOFT HYPHEN at position 3, {TAKE_OUT}"
    )
    assert (
        space
        == rf"posts, data row 2: creator_id 'c\u200b1' holds {SPACE}, {TAKE_OUT}; 'c1' is known"
    )
    assert latin == (
        f"posts, data row 4: creator_id 'зoя' holds U+006F LATIN SMALL LETTER O at position 2 among Cyrillic {MIXED}; "
        "'зоя' is known"
    )
    assert unknown.startswith(
        "posts, data row 5: creator_id 'nobody' is no creator of that platform"
    )


@pytest.fixture(scope="module")
def known(bundle):
    tables = validate(
        Tables(creators=creators_of("c1", "café", "кухня"), posts=posts_of("c1", "кухня"))
    )
    return Scorer(bundle, tables)


LATIN_K = "U+006B LATIN SMALL LETTER K at position 1"
CAFE = ALIKE["cafe\u0301"]
LISTED = ["c1", "c\u200b1", "кухня", "kухня", "ｃ１", "cafe\u0301", "nobody\u202e"]
REASONS = {
    "c\u200b1": rf"creator_id 'c\u200b1' holds {SPACE}, {TAKE_OUT}; 'c1' is known",
    "kухня": f"creator_id 'kухня' holds {LATIN_K} among Cyrillic {MIXED}; 'кухня' is known",
    "ｃ１": f"creator_id 'ｃ１' holds {ALIKE['ｃ1']}; 'c1' is known",
    "cafe\u0301": f"creator_id 'cafe\u0301' holds {CAFE}; 'café' is known",
    "nobody\u202e": rf"creator_id 'nobody\u202e' holds U+202E RIGHT-TO-LEFT OVERRIDE at position 7, {TAKE_OUT}",
}


@pytest.mark.parametrize("profile", [{}, {"followers": 5000.0}])
def test_a_row_is_refused_whether_or_not_it_brings_a_profile(known, profile):
    """A row with a profile was answered from that, and the known creator's posts were lost in silence."""
    rows = [{"creator_id": name, "platform": "instagram", **profile} for name in LISTED]
    found = known.score(ProspectBatch.from_rows(rows), microseconds(AS_OF))
    assert {LISTED[row]: reasons for row, reasons in found.reasons.items()} == {
        name: [reason] for name, reason in REASONS.items()
    }


@pytest.mark.parametrize("ending", ["csv", "long.csv", "xlsx", "parquet"])
def test_lists_reject_such_rows_with_the_reason(known, tmp_path, monkeypatch, ending):
    if ending == "long.csv":
        monkeypatch.setattr(open_list, "FAST_CSV_MIN_LINES", 1)
    rows = pd.DataFrame({"creator_id": LISTED, "platform": "instagram", "followers": 5000.0})
    path, out = tmp_path / f"list.{ending}", tmp_path / "scored.csv"
    if ending == "xlsx":
        rows.to_excel(path, index=False)
    else:
        rows.to_parquet(path) if ending == "parquet" else rows.to_csv(path, index=False)
    tally = score_file(path, out, known, AS_OF)
    assert (tally.read, tally.scored, tally.rejected) == (len(LISTED), 2, len(REASONS))
    rejected = pd.read_csv(tally.rejected_path)
    assert rejected["reasons"].tolist() == list(REASONS.values())
    assert rejected["creator_id"].tolist() == list(REASONS)


def test_over_http_such_ids_are_refused_by_themselves(home, tmp_path):
    creators_of("c1", "café", "кухня").to_parquet(tmp_path / "creators.parquet")
    champion = ModelStore(Settings(home, tmp_path))
    champion.start()
    champion.stop()
    client = TestClient(build_app(champion))
    rows = [{"creator_id": name, "platform": "instagram", "followers": 5000.0} for name in LISTED]
    answers = client.post(
        "/v1/predict", json={"as_of": AS_OF.isoformat(), "partnerships": rows}
    ).json()["results"]
    wrong = {
        name: one["errors"] for name, one in zip(LISTED, answers, strict=True) if one.get("errors")
    }
    assert wrong.keys() == REASONS.keys()
    for name, (error,) in wrong.items():
        told = REASONS[name].removeprefix(f"creator_id {name!r} ").partition("; ")[0]
        assert told in json.dumps(error, ensure_ascii=False)
        assert ("'c1'" in json.dumps(error)) == ("'c1'" in REASONS[name])
    got = client.get(f"/v1/creators/{quote('c' + chr(0x200B) + '1')}")
    assert (got.status_code, got.json()["code"]) == (400, "confusable_id")
    (error,) = got.json()["errors"]
    assert (error["what"], error["expected"]) == (
        f"holds {SPACE}, {TAKE_OUT}",
        "'c1', which is known",
    )
    assert client.get("/v1/creators/nobody").status_code == 404


def test_imports_reject_records_of_such_ids_and_count_them(tmp_path):
    rows = pd.DataFrame(
        {"creator_id": LISTED, "platform": "instagram", "followers": 5000, "avg_likes": 12}
    )
    rows.to_csv(tmp_path / "list.csv", index=False)
    report = import_files([tmp_path / "list.csv"], tmp_path / "data")
    (file,) = report.files
    assert file.rejected == {"names its creator by an id that reads like another": len(REASONS)}
    assert pd.read_parquet(tmp_path / "data" / "creators.parquet")["creator_id"].tolist() == [
        "c1",
        "кухня",
    ]
    assert pd.read_parquet(tmp_path / "data" / "prospects.parquet")["creator_id"].tolist() == [
        "c1",
        "кухня",
    ]
    with pytest.raises(SourceError, match=re.escape(r"--creator '@a\u200b' holds U+200B")):
        import_files([tmp_path / "list.csv"], tmp_path / "more", ImportOptions(creator="@a\u200b"))


def test_arrays_of_ids_are_taken_too():
    assert find_faulty_ids(np.array(["c1", None, "c\u200b1"], dtype=object)).keys() == {"c\u200b1"}
    assert find_faulty_ids(pd.Series(["c1", "c\u200b1"]).unique()).keys() == {"c\u200b1"}


def test_an_id_of_another_script_that_reads_like_a_known_one_is_refused():
    """A Cyrillic es before digits reads like the Latin c; where nothing like it is known it is let be."""
    twin = "\u0441" + "0000006"
    assert find_lookalikes([twin, "кухня", "c1", None], {"c0000006"}.__contains__) == {
        twin: ANOTHER_ALPHABET
    }
    assert find_lookalikes([twin], {"c1"}.__contains__) == {}
    assert find_lookalikes([twin], {"c0000006", twin}.__contains__) == {}


def test_such_an_id_in_a_row_names_the_one_that_is_known(bundle):
    creators = creators_of("c0000006")
    rows = [
        {"creator_id": name, "platform": "instagram", "followers": 3000.0}
        for name in ("\u0441" + "0000006", "кухня")
    ]
    scored = Scorer(bundle, validate(Tables(creators=creators))).score(
        ProspectBatch.from_rows(rows), microseconds(AS_OF)
    )
    assert scored.reasons == {
        0: ["creator_id '\u04410000006' has letters of another alphabet; 'c0000006' is known"]
    }


@pytest.mark.parametrize("sign", ["x", "я", "e\u0301", "\U0001f600"])
def test_an_id_is_of_a_bounded_length_whatever_it_is_written_in(sign):
    long = sign * (MAX_ID_LENGTH + 1)
    assert id_fault(long) == f"has {len(long):,} characters: give an id of at most {MAX_ID_LENGTH}"
    assert find_faulty_ids(["a", long]) == {long: id_fault(long)}
    assert id_fault("x" * MAX_ID_LENGTH) is None
    assert find_lookalikes([long], lambda name: True) == {}
