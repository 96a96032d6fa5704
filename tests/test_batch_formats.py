"""Lists of every kind into answers of every kind: what docs/batch.md shows, and what Parquet files may hold."""

import re
import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np
import openpyxl
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import serving.batch.runner
from creatorcast import main
from serving.batch import BatchError, BatchOptions, RunCounts, score_file
from serving.batch.answer_streams import AnswerStreams, encode_stream
from serving.batch.duplicate_ids import DuplicateIds, offer_keys
from serving.batch.writers import writer_for
from serving.http.answer import RequestAnswer
from serving.http.ranking import rank_answer
from serving.scoring.measures import RANKING_MEASURES

AS_OF = pd.Timestamp("2026-07-01T00:00:00Z")
DOCS = (Path(__file__).parents[1] / "docs" / "batch.md").read_text(encoding="utf-8")
MESSY, TRANSCRIPT, REJECTED = (
    re.search(rf"```{kind}\n(.*?)```", DOCS, re.DOTALL)[1] for kind in ("text", "console", "csv")
)
PROFILE = {"platform": "instagram", "followers": 20_000.0}


@pytest.fixture
def folder(tmp_path, home, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, given=None):
    return CliRunner().invoke(
        main, ["score", *arguments, "--as-of", "2026-07-01"], input=given, catch_exceptions=False
    )


def test_the_transcript_of_the_docs_is_what_comes(folder):
    (folder / "messy.csv").write_text(MESSY, encoding="utf-8")
    command, *lines = TRANSCRIPT.splitlines()
    assert command == "$ creatorcast score messy.csv --as-of 2026-07-01 --out scored.csv"
    result = run("messy.csv", "--out", "scored.csv")
    said = [
        line for line in result.output.splitlines() if not line.startswith(("verdict", "cost per"))
    ]
    assert (result.exit_code, sorted(said)) == (3, sorted(lines))
    assert (folder / "scored.csv.rejected.csv").read_text(encoding="utf-8") == REJECTED
    answers = pd.read_csv("scored.csv")
    assert answers["creator_id"].tolist() == ["'@müller.küche", "'@fit_mit_anna", "'@zoë"]
    assert answers["fee_usd"].tolist() == [12500.0, 900.0, 1250.5]
    assert answers["band"].tolist() == ["mega", "micro", "micro"]
    assert answers["start_at"].tolist() == [
        f"2026-09-{day}T00:00:00Z" for day in ("01", "15", "20")
    ]


def test_a_workbook_says_the_same_as_the_text(folder, scorer):
    (folder / "messy.csv").write_text(MESSY, encoding="utf-8")
    sheet = (book := openpyxl.Workbook()).active
    for line in MESSY.replace('"@the ""real"" one"', '@the "real" one').splitlines():
        *cells, last = line.split(";") if line else [""]
        date = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", last)
        sheet.append([*cells, datetime(int(date[3]), int(date[2]), int(date[1])) if date else last])
    book.save("messy.xlsx")
    told = {
        kind: score_file(folder / f"messy.{kind}", folder / f"{kind}.csv", scorer, AS_OF)
        for kind in ("csv", "xlsx")
    }
    assert (
        (told["xlsx"].read, told["xlsx"].scored) == (told["csv"].read, told["csv"].scored) == (7, 3)
    )
    told = [pd.read_csv(f"{kind}.csv").drop(columns="Start") for kind in ("xlsx", "csv")]
    pd.testing.assert_frame_equal(*told)  # a date of a workbook is told as one
    places = pd.read_csv("xlsx.csv.rejected.csv")[["line", "reasons"]]
    pd.testing.assert_frame_equal(places, pd.read_csv("csv.csv.rejected.csv")[["line", "reasons"]])


def test_lines_are_those_of_the_source_across_blank_lines_and_quoted_ends(folder, scorer):
    text = 'platform,followers,bio\ninstagram,5000,"two\nlines"\n\nmyspace,5,x\ninstagram,5000,"a\nb\nc"\nmyspace,6,y\n'
    (folder / "list.csv").write_text(text)
    tally = score_file(folder / "list.csv", folder / "o.csv", scorer, AS_OF)
    assert (tally.read, tally.scored, tally.rejected, tally.blank) == (4, 2, 2, 1)
    assert pd.read_csv("o.csv.rejected.csv")["line"].tolist() == [5, 9]


def test_a_row_with_too_many_cells_keeps_them_all(folder, scorer):
    (folder / "list.csv").write_text("platform,followers\ninstagram,5000\nx,1,2,3\n")
    assert score_file(folder / "list.csv", folder / "o.csv", scorer, AS_OF).rejected == 1
    (row,) = pd.read_csv("o.csv.rejected.csv", dtype="str").to_dict("records")
    assert (row["platform"], row["followers"], row["line"]) == ("x", "1 | 2 | 3", "3")
    assert row["reasons"] == "has 4 cells for 2 columns: quote cells that hold the separator"


def test_standard_input_and_output(folder):
    result = run(
        "-",
        "--out",
        "-",
        "--columns",
        "partnership_id,band",
        given="platform,followers\nx,5000\nx,800000\n",
    )
    assert result.stdout == '"partnership_id","band"\n"row 1","nano"\n"row 2","macro"\n'
    assert "2 read = 2 scored + 0 rejected" in result.stderr
    assert list(folder.iterdir()) == []


def test_the_best_alone_in_a_workbook(folder, scorer, monkeypatch):
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", 3)
    fees = [500.0, 90.0, None, 700.0, 20.0, 60.0, 90.0, 3000.0]
    pd.DataFrame([{**PROFILE, "fee_usd": fee} for fee in fees]).to_parquet("list.parquet")
    for ending in ("csv", "parquet", "xlsx"):
        options = BatchOptions(("partnership_id", "fee_usd"), 4, "cpe_usd_p50")
        assert (
            score_file(
                folder / "list.parquet", folder / f"o.{ending}", scorer, AS_OF, options
            ).scored
            == 8
        )
        read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[ending]
        read = read(f"o.{ending}").drop(columns="Rank", errors="ignore")
        assert read.values.tolist() == [
            ["row 5", 20],
            ["row 6", 60],
            ["row 2", 90],
            ["row 7", 90],
        ]
    score_file(
        folder / "list.parquet",
        folder / "o.csv",
        scorer,
        AS_OF,
        BatchOptions(("fee_usd",), 1, "fee_headroom"),
    )
    assert pd.read_csv("o.csv").values.tolist() == [[20]]


@pytest.mark.parametrize(
    ("fees", "measure"),
    [
        ([None, 700.0, 300.0, None, None, 90.0, 300.0], "cpe_usd_p50"),
        ([None] * 7, "engagements_p50"),
    ],
)
def test_the_best_by_the_measure_that_the_service_takes(folder, scorer, monkeypatch, fees, measure):
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", 2)
    rows = {
        **PROFILE,
        "followers": 1e5 * (1 + np.arange(7) % 4),
        "fee_usd": pd.Series(fees, dtype=float),
    }
    pd.DataFrame(rows).to_parquet("list.parquet")
    score_file(folder / "list.parquet", folder / "all.parquet", scorer, AS_OF)
    tally = score_file(
        folder / "list.parquet", folder / "best.parquet", scorer, AS_OF, BatchOptions(top=3)
    )
    everything = pd.read_parquet("all.parquet")
    written = [
        orjson.dumps({"partnership_id": name})[1:-1] for name in everything["partnership_id"]
    ]
    columns = {name: everything[name].to_numpy() for name in everything}
    ranked = orjson.loads(
        rank_answer(RequestAnswer({}, written, columns, np.zeros(7, dtype=bool)), limit=3)
    )
    assert ranked["by"] == measure
    best = [one["partnership_id"] for one in ranked["results"][:3]]
    assert pd.read_parquet("best.parquet")["partnership_id"].tolist() == best
    others = "the first that any row has of cpe_usd_p50, engagements_p50"
    assert (
        tally.summary[-1] == f"the best by {measure}, {RANKING_MEASURES[measure].order} ({others})"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            BatchOptions(columns=("engagements_p5",)),
            "column 'engagements_p5' is unknown: did you mean engagements_p",
        ),
        (BatchOptions(columns=("reasons",)), "column 'reasons' is unknown"),
        (
            BatchOptions(columns=("band", "niche", "band")),
            "column 'band' is wanted twice: name each once",
        ),
        (BatchOptions(top=3, rank_by="cpe"), "measure 'cpe' is unknown: "),
        (
            BatchOptions(rank_by="fee_usd"),
            "--rank-by fee_usd puts the best in order: say how many by --top",
        ),
    ],
)
def test_options_that_cannot_be(folder, scorer, options, message):
    pd.DataFrame([PROFILE]).to_parquet("list.parquet")
    with pytest.raises(BatchError, match=message):
        score_file(folder / "list.parquet", folder / "o.csv", scorer, AS_OF, options)
    assert [path.name for path in folder.iterdir()] == ["list.parquet"]


def test_a_folder_of_parquet_files_is_one_list(folder, scorer):
    (folder / "lists" / "_temporary").mkdir(parents=True)
    (folder / "lists" / "_SUCCESS").touch()
    pd.DataFrame([{**PROFILE, "partnership_id": "a"}] * 2).to_parquet("lists/part-1.parquet")
    pd.DataFrame([{**PROFILE, "partnership_id": "b", "followers": -1.0}]).to_parquet(
        "lists/part-2.parquet"
    )
    tally = score_file(folder / "lists", folder / "o.parquet", scorer, AS_OF)
    assert (tally.read, tally.scored) == (3, 1)
    assert pd.read_csv("o.parquet.rejected.csv")[["row", "reasons"]].values.tolist() == [
        [2, "partnership_id 'a' repeats an earlier row: each once"],
        [3, "followers -1.0 is below 0, the least possible"],
    ]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            {"followers": [[1.0]]},
            None,
            r"column 'followers' of .* holds list<.*>, no plain values: expected text",
        ),
        (
            {"followers": [1.0]},
            {"platform": ["x"]},
            r"part-2\.parquet' lacks the column 'followers': expected what",
        ),
        (
            {"followers": [1.0]},
            {"followers": ["1"]},
            r"part-2\.parquet' 'followers' holds texts, not numbers: expected",
        ),
        (
            {"colour": ["red"]},
            None,
            r"has none of the columns of a prospect list: found colour; expected creator_id",
        ),
    ],
)
def test_parquet_that_cannot_be_used(folder, scorer, first, second, message):
    (folder / "lists").mkdir()
    for number, columns in enumerate(filter(None, (first, second)), 1):
        pq.write_table(pa.table(columns), f"lists/part-{number}.parquet")
    with pytest.raises(BatchError, match=message):
        score_file(folder / "lists", folder / "o.csv", scorer, AS_OF)
    assert [path.name for path in folder.iterdir()] == ["lists"]


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", " a", "c ", "", None, "d"]), max_size=6), max_size=6
    )
)
def test_an_id_repeats_where_an_earlier_row_has_it(chunks):
    seen, held, wanted = DuplicateIds(), set(), []
    for row in (one.strip() if one else None for chunk in chunks for one in chunk):
        wanted.append(bool(row) and row in held)
        held.add(row)
    assert [
        told
        for chunk in chunks
        for told in seen.find_repeats(pd.Series(chunk, dtype="str")).tolist()
    ] == wanted


def test_offers_of_other_moments_are_others():
    times = ["2026-07-01", None, "2026-07-01T00:00:01Z", None, "2026-07-01T00:00:00Z"]
    rows = pd.DataFrame({"creator_id": ["a", "a", "a", "b", " a"]}, dtype="str")
    rows["start_at"] = pd.to_datetime(times, utc=True, format="ISO8601").as_unit("us")
    seen = DuplicateIds()
    assert seen.find_repeats(offer_keys(rows)).tolist() == [False, False, False, False, True]
    assert seen.find_repeats(offer_keys(rows[1:2])).tolist() == [True]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 40), max_size=5))
def test_answers_that_are_kept_come_back_chunk_by_chunk(sizes):
    rng = np.random.default_rng(len(sizes))
    schema = pa.schema(
        [
            ("x", pa.float64()),
            ("s", pa.dictionary(pa.int32(), pa.string())),
            ("t", pa.timestamp("us", "UTC")),
        ]
    )
    chunks = []
    for size in sizes:
        texts = pa.array([None if k % 3 == 0 else f"s{k}" for k in range(size)], pa.string())
        columns = [
            rng.normal(size=size),
            texts.dictionary_encode(),
            [k or None for k in range(size)],
        ]
        chunks.append(pa.table(columns, schema=schema))
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "answers"
        kept.write_bytes(b"".join(map(encode_stream, chunks)))
        streams = AnswerStreams(kept)
        for _ in range(2):
            assert list(streams) == [chunk for chunk in chunks if len(chunk)]
        kept.write_bytes(b"".join(map(encode_stream, chunks[:1])))  # what a resumed run has
        with writer_for(".parquet", schema).open(kept) as file:
            for chunk in chunks[1:]:
                file.add(encode_stream(chunk))
            path = file.finish(RunCounts())
        read = pq.read_table(path)
        assert pq.ParquetFile(path).num_row_groups == sum(size > 0 for size in sizes)
    whole = pa.concat_tables([schema.empty_table(), *chunks])
    assert read.equals(whole.cast(read.schema))
