"""Imports as a whole: what lands in which table, merging, repetition, and that nothing is half-written."""

import json
import os
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.tables.folder import read_tables
from features.tables.validate import validate
from ingest.exports import json_reader
from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportJob, ImportOptions
from ingest.exports.importer import import_files
from ingest.exports.part_writer import PartWriter
from ingest.exports.report import FileReport, RejectionWriter
from ingest.exports.report_text import format_report

JAN, FEB, MAR = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))


def tweet(number, author="5", likes=3, **more):
    counts = {"like_count": likes, "reply_count": 1, "retweet_count": 0}
    return {
        "id": str(number), "text": f"post {number} #tag", "author_id": author, "created_at": "2025-12-01T00:00:00Z",
        "public_metrics": counts, **more,
    }  # fmt: skip


def user(number="5", followers=100, **more):
    return {
        "id": number,
        "username": f"One{number}",
        "public_metrics": {"followers_count": followers},
        **more,
    }


@pytest.fixture
def files(tmp_path):
    """Write exports as files that were last changed at a moment; give their paths."""

    def write(*contents, changed=JAN, name="export"):
        paths = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{name}{number}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            os.utime(path, (changed.timestamp(), changed.timestamp()))
            paths.append(path)
        return paths

    return write


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def rows(out, table):
    """Give the rows of a table as dicts of what is known in them, times as text."""
    frame = pd.read_parquet(out / f"{table}.parquet")
    for name in frame.select_dtypes("datetimetz"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%d")
    return [
        {name: value for name, value in row.items() if not pd.isna(value)}
        for row in frame.to_dict("records")
    ]


def everything(out):
    return {path.name: pd.read_parquet(path) for path in sorted(out.glob("*.parquet"))}


def same(one, other):
    assert list(one) == list(other)
    for name, frame in one.items():
        pd.testing.assert_frame_equal(frame, other[name])


def test_posts_bring_their_creators_and_all_of_it_is_valid(files, out):
    page = {"data": [tweet(1), tweet(2, "6")], "includes": {"users": [user("5", verified=True)]}}
    report = import_files(files(page), out)
    known = {
        "creator_id": "5",
        "platform": "x",
        "handle": "one5",
        "followers": 100.0,
        "verified": True,
    }
    assert rows(out, "creators") == [
        known | {"observed_at": "2026-01-01"},
        {"creator_id": "6", "platform": "x"},
    ]
    assert rows(out, "followers") == [
        {"creator_id": "5", "platform": "x", "observed_at": "2026-01-01", "followers": 100.0}
    ]
    assert rows(out, "posts")[0] == {
        "platform": "x", "post_id": "1", "observed_at": "2026-01-01", "creator_id": "5", "posted_at": "2025-12-01",
        "likes": 3.0, "comments": 1.0, "shares": 0.0, "repost": False, "text": "post 1 #tag", "hashtags": "tag",
        "caption_words": 3.0, "hashtags_count": 1.0, "mentions_count": 0.0,
    }  # fmt: skip
    assert report.tables == {
        "creators": 2,
        "followers": 1,
        "partnerships": 0,
        "posts": 2,
        "prospects": 0,
    }
    assert (report.stub_creators, report.rejected, report.conflicts) == (1, 0, [])
    validate(read_tables(out))


def test_the_same_files_again_change_nothing(files, out):
    paths = files([tweet(1), tweet(2)], {"data": [user()]})
    import_files(paths, out)
    first = everything(out)
    report = import_files(paths, out)
    same(first, everything(out))
    assert report.conflicts == []
    moved = files([tweet(1), tweet(2)], {"data": [user()]}, changed=FEB, name="copy")
    report = import_files(moved, out)
    same(first, everything(out))
    assert [file.how for file in report.files] == ["before", "before"]


def test_a_later_file_adds_followers_and_counts(files, out):
    import_files(files([tweet(1, likes=3), user(followers=100, description="old")]), out)
    import_files(files([tweet(1, likes=9), user(followers=120)], changed=FEB, name="later"), out)
    assert [(row["observed_at"], row["followers"]) for row in rows(out, "followers")] == [
        ("2026-01-01", 100.0),
        ("2026-02-01", 120.0),
    ]
    assert [(row["observed_at"], row["likes"]) for row in rows(out, "posts")] == [
        ("2026-01-01", 3.0),
        ("2026-02-01", 9.0),
    ]
    (creator,) = rows(out, "creators")
    assert (creator["observed_at"], creator["followers"], creator["bio"]) == (
        "2026-02-01",
        120.0,
        "old",
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_newer_observation_wins_whatever_the_order(files, out, order):
    (old,) = files([user(followers=100, description="old", verified=True)], name="old")
    (new,) = files([user(followers=120, description="new")], changed=FEB, name="new")
    import_files([(old, new)[at] for at in order], out)
    (creator,) = rows(out, "creators")
    assert (creator["followers"], creator["bio"], creator["verified"]) == (120.0, "new", True)


def test_what_differs_at_one_moment_is_a_conflict_and_the_later_given_stays(files, out):
    report = import_files(
        files([tweet(1, likes=3), user(verified=True)], [tweet(1, likes=4), user(verified=False)]),
        out,
    )
    assert {(one.table, one.id, one.field, *one.values, one.kept) for one in report.conflicts} == {
        ("posts", "1", "likes", "3.0", "4.0", "4.0"),
        ("creators", "5", "verified", "false", "true", "false"),
    }
    assert rows(out, "posts")[0]["likes"] == 4.0
    assert "conflict: posts x 1: likes is 3.0 and 4.0 at one moment, kept 4.0" in format_report(
        report, out
    )


def test_repeated_records_count_once(files, out):
    report = import_files(files([tweet(1), tweet(1), tweet(2)]), out)
    assert (report.files[0].records, len(rows(out, "posts"))) == ({"X post": 3}, 2)


def test_a_post_has_one_author_and_one_time(files, out):
    first = tweet(1) | {"created_at": "2025-12-05T00:00:00Z"}
    report = import_files(
        files([first], name="a") + files([tweet(1, "6")], changed=FEB, name="b"), out
    )
    assert {(row["posted_at"], row["creator_id"]) for row in rows(out, "posts")} == {
        ("2025-12-01", "6")
    }
    assert {(one.field, one.kept[:10]) for one in report.conflicts} == {
        ("creator_id", "6"),
        ("posted_at", "2025-12-01"),
    }


def test_an_account_known_by_its_handle_is_the_one_with_that_handle(files, out):
    video = {"id": 7, "create_time": 1764547200, "view_count": 9, "username": "One"}
    import_files(files({"data": {"videos": [video]}}), out)
    assert [row["creator_id"] for row in rows(out, "creators")] == ["@one"]
    item = {"userInfo": {"user": {"id": "66", "uniqueId": "one"}, "stats": {"followerCount": 5}}}
    import_files(files(item, name="profile"), out)
    assert [(row["creator_id"], row["handle"]) for row in rows(out, "creators")] == [("66", "one")]
    assert [row["creator_id"] for row in rows(out, "posts")] == ["66"]
    import_files(files({"data": {"videos": [video]}}), out)
    assert [row["creator_id"] for row in rows(out, "posts")] == ["66"]


def test_a_handle_of_two_accounts_links_to_neither(files, out):
    items = [
        {"userInfo": {"user": {"id": number, "uniqueId": "one"}, "stats": {}}}
        for number in ("66", "67")
    ]
    video = {"id": 7, "create_time": 1764547200, "view_count": 9, "username": "one"}
    import_files(files(items, {"data": {"videos": [video]}}), out)
    assert sorted(row["creator_id"] for row in rows(out, "creators")) == ["66", "67", "@one"]


INSIGHTS = {
    "data": [
        {
            "name": "saved",
            "period": "lifetime",
            "values": [{"value": 0}],
            "id": "17/insights/saved/lifetime",
        },
        {
            "name": "reach",
            "period": "lifetime",
            "values": [{"value": 5}],
            "id": "17/insights/reach/lifetime",
        },
    ]
}
MEDIA = {
    "data": [
        {
            "id": "17",
            "media_type": "IMAGE",
            "timestamp": "2025-12-01T00:00:00+0000",
            "like_count": 1,
        }
    ]
}


def test_metrics_fill_the_newest_reading_of_their_post(files, out):
    report = import_files(files(MEDIA, INSIGHTS), out, ImportOptions(creator="1784"))
    (post,) = rows(out, "posts")
    assert (post["likes"], post["saves"], post["creator_id"]) == (1.0, 0.0, "1784")
    assert report.files[1].ignored["metric reach"] == 1
    before = everything(out)
    import_files(files(MEDIA, INSIGHTS), out, ImportOptions(creator="1784"))
    same(before, everything(out))


def test_metrics_of_an_unknown_post_are_refused_or_told(files, out):
    with pytest.raises(
        SourceError, match=r"'export0.json' holds metrics of post '17', which no file gives"
    ):
        import_files(files(INSIGHTS), out)
    report = import_files(files(INSIGHTS, [tweet(1)]), out)
    assert report.notes == [
        "metrics of 1 post(s) that no file gives were left out: 17; import them together with the posts"
    ]


def test_posts_that_do_not_say_whose_they_are(files, out):
    (path,) = files({"data": [tweet(1, None), tweet(2, None)]})
    with pytest.raises(
        SourceError,
        match=r"export0.json': its 2 record\(s\) do not say whose they are: name the creator",
    ):
        import_files([path], out)
    assert not out.exists()
    import_files([path], out, ImportOptions(creator="@One"))
    assert rows(out, "creators") == [{"creator_id": "@one", "platform": "x", "handle": "one"}]
    report = import_files(files({"data": [tweet(3), tweet(4, None)]}, name="mixed"), out)
    assert report.files[0].rejected == {"does not say whose it is": 1}


def test_only_one_account_can_be_named_by_the_user(files, out):
    account = {"bio_description": "", "follower_count": 5, "display_name": "n"}
    report = import_files(
        files([{"data": account}, {"data": account | {"follower_count": 6}}]),
        out,
        ImportOptions(creator="9"),
    )
    assert [(row["creator_id"], row["followers"]) for row in rows(out, "creators")] == [("9", 5.0)]
    assert report.files[0].rejected == {"is one more account without an id": 1}


def test_when_a_file_was_read(files, out, tmp_path):
    (path,) = files([tweet(1), user()])
    told = import_files([path], tmp_path / "told", ImportOptions(observed_at=MAR))
    assert (told.files[0].moment, told.files[0].how) == ("2026-03-01T00:00:00+00:00", "told")
    early = import_files(
        [path], tmp_path / "early", ImportOptions(observed_at=datetime(2025, 1, 1, tzinfo=UTC))
    )
    assert early.files[0].rejected == {"was posted after it was read": 1}
    os.utime(path, (0, 0))
    unknown = import_files([path], out)
    assert (unknown.files[0].moment, unknown.files[0].how) == (None, "")
    assert "lies before what it tells of: that is no moment of reading" in unknown.files[0].notes[0]
    assert all(
        "observed_at" not in row for table in ("creators", "posts") for row in rows(out, table)
    )
    assert not (out / "followers.parquet").exists()


def test_rejected_records_and_values_stand_in_a_file(files, out):
    bad = [tweet(2) | {"created_at": None}, {"error": "gone"}, 5, tweet(3, likes={"n": 1})]
    report = import_files(files([tweet(1), *bad]), out)
    read = pd.read_csv(out / "rejected.csv")
    assert read.fillna("").to_dict("records") == [
        {"file": "export0.json", "record": "record 2", "field": "", "value": "id 2",
         "reason": "has no time of posting: ask for tweet.fields=created_at,author_id,public_metrics"},
        {"file": "export0.json", "record": "record 3", "field": "", "value": "",
         "reason": "is an error reported instead of data: gone"},
        {"file": "export0.json", "record": "record 4", "field": "", "value": "5",
         "reason": "is no record: int instead of an object"},
        {"file": "export0.json", "record": "record 5", "field": "likes", "value": "{'n': 1}",
         "reason": "is an object, no number"},
    ]  # fmt: skip
    assert [row["post_id"] for row in rows(out, "posts")] == ["1", "3"]
    told = json.loads((out / "import.json").read_text())
    assert told["tables"]["posts"] == 2
    assert sum(told["files"][0]["rejected"].values()) == report.rejected == 3
    import_files(files([tweet(1)], name="good"), out)
    assert not (out / "rejected.csv").exists()


def test_dry_run_tells_and_writes_nothing(files, out, tmp_path):
    paths = files([tweet(1), user()])
    before = sorted(tmp_path.iterdir())
    report = import_files(paths, out, dry_run=True)
    text = format_report(report, out, dry=True)
    assert sorted(tmp_path.iterdir()) == before
    assert "posts, the first rows:" in text
    assert text.endswith("out would hold 1 creators, 1 followers, 1 posts")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, 2", "is cut short"),
        (
            '{"error": {"message": "expired"}}',
            r"holds no record that can be read: 1 is an error reported .*expired\)",
        ),
        ('{"foo": 1}', r"holds no record .*fields: 'foo'\); looked for YouTube Data API v3, "),
        ("", "is empty"),
    ],
)
def test_a_bad_file_stops_the_import_before_anything_is_written(
    files, out, tmp_path, content, message
):
    import_files(files([tweet(1)]), out)
    before = everything(out)
    with pytest.raises(SourceError, match=message):
        import_files(files([tweet(2)], content, name="more"), out)
    same(before, everything(out))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_ordinary_answer_without_results_is_no_fault(files, out):
    report = import_files(files([tweet(1)], {"data": [], "meta": {"result_count": 0}}), out)
    assert report.files[1].notes == ["it is a page without records"]
    with pytest.raises(SourceError, match="nothing to import: no file holds a record"):
        import_files(files({"data": []}, name="empty"), out.with_name("none"))


def test_platform_and_kind_are_held_to(files, out):
    (path,) = files([tweet(1)])
    with pytest.raises(
        SourceError, match="holds records of x, but --platform says tiktok: leave the option out"
    ):
        import_files([path], out, ImportOptions(platform="tiktok"))
    with pytest.raises(SourceError, match="holds no record that can be read"):
        import_files([path], out, ImportOptions(kind="tiktok-api"))
    with pytest.raises(SourceError, match="'tables' is no kind: expected one of youtube-api"):
        import_files([path], out, ImportOptions(kind="tables"))


def test_out_must_be_able_to_take_the_tables(files, out, tmp_path):
    paths = files([tweet(1)])
    with pytest.raises(SourceError, match="is a file: name a folder"):
        import_files(paths, paths[0])
    out.mkdir()
    (out / "posts.csv").write_text("post_id\n")
    with pytest.raises(SourceError, match=r"holds posts.csv: only Parquet tables can be added to"):
        import_files(paths, out)
    (out / "posts.csv").unlink()
    (out / "posts.parquet").write_text("oops")
    with pytest.raises(
        SourceError, match=r"holds tables that cannot be added to: .*; name another folder"
    ):
        import_files(paths, out)
    (out / "posts.parquet").unlink()
    (out / "dataset.json").write_text('{"simulated": true}')
    with pytest.raises(
        SourceError, match="holds a simulated market: real data must not be mixed into it"
    ):
        import_files(paths, out)


def test_the_same_content_twice_in_one_import_is_read_once(files, out):
    report = import_files(files([tweet(1)], [tweet(1)]), out)
    assert report.notes == ["export1.json holds the same as a file before it: read once"]


def test_a_sheet_of_averages_becomes_a_list_to_score(out, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "Handle,Platform,Followers,Avg Likes\n@One,Instagram,1200,30\nTwo,Instagram,2500,\n"
    )
    report = import_files([path], out, ImportOptions(observed_at=JAN))
    creators = [(row["creator_id"], row["followers"]) for row in rows(out, "creators")]
    assert creators == [("@one", 1200.0), ("@two", 2500.0)]
    assert rows(out, "prospects") == [
        {
            "creator_id": "@one",
            "platform": "instagram",
            "handle": "one",
            "followers": 1200.0,
            "avg_likes": 30.0,
        }
    ]
    assert report.files[0].kind == "spreadsheet of creators"


def test_a_sheet_that_tells_no_platform_asks_for_it(out, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Handle,Followers\n@One,1200\n")
    with pytest.raises(
        SourceError, match="does not say of which platform it is: name it by --platform"
    ):
        import_files([path], out)


def test_a_sheet_of_deals_gives_partnerships(out, tmp_path):
    path = tmp_path / "deals.csv"
    path.write_text(
        "handle,platform,start_at,deliverables,fee_usd,engagements\n"
        "one,instagram,2026-01-05T00:00:00Z,2,450,900\none,instagram,2026-02-05T00:00:00Z,1,,\n"
    )
    import_files([path], out)
    deals = sorted(rows(out, "partnerships"), key=lambda deal: deal["start_at"])
    assert [(deal["creator_id"], deal.get("fee_usd")) for deal in deals] == [
        ("@one", 450.0),
        ("@one", None),
    ]
    before = everything(out)
    import_files([path], out)
    same(before, everything(out))


GARBAGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.just(float("nan")),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.sampled_from(["id", "text", "data", "user", "error"]), st.integers() | st.text(max_size=3)),
    st.fixed_dictionaries({"id": st.just("1"), "text": st.just("t"), "created_at": st.text(max_size=8)}),
    st.fixed_dictionaries({"aweme_id": st.integers() | st.none(), "statistics": st.just({"digg_count": {}})}),
)  # fmt: skip
BROKEN = st.sampled_from(
    ["{", '{"id": "1", "te', "[[[[", "]", "NaN", "\ufeff", "x" * 50, '{"a": 1}}', '"', "[" * 3000]
)


def mixture(folder, garbage, broken, as_lines):
    """Write three good posts among garbage; give the file."""
    mixed = [json.dumps(tweet(900 + number)) for number in range(3)]
    for at, value in garbage:
        mixed.insert(at, json.dumps(value))
    for at, text in broken if as_lines else []:
        mixed.insert(at, text)
    path = folder / "export.json"
    path.write_text("\n".join(mixed) if as_lines else f"[{','.join(mixed)}]")
    return path


MIXTURES = (
    st.lists(st.tuples(st.integers(0, 3), GARBAGE), max_size=6),
    st.lists(st.tuples(st.integers(0, 3), BROKEN), max_size=3),
    st.booleans(),
)


@settings(max_examples=150)
@given(*MIXTURES)
def test_no_good_record_is_lost_among_garbage(tmp_path_factory, garbage, broken, as_lines):
    folder = tmp_path_factory.mktemp("mixture")
    path = mixture(folder, garbage, broken, as_lines)
    with RejectionWriter(folder / "rejected.csv") as rejected:
        parts, report = PartWriter(folder / "parts"), FileReport("export.json", "")
        options = ImportOptions(kind="x-api", creator="77")
        json_reader.read(
            ImportJob(
                path, parts, report, rejected, options, None, MAR, MAR, lambda done, total: None
            )
        )
    posts = pd.concat(map(pd.read_parquet, (folder / "parts" / "posts").glob("*.parquet")))
    assert {"900", "901", "902"} <= set(posts["post_id"])
    assert posts.loc[posts["post_id"] == "900", "likes"].tolist() == [3.0]
    assert report.records["X post"] == len(posts)


@settings(max_examples=6)
@given(*MIXTURES)
def test_a_mixture_imports_to_valid_tables(tmp_path_factory, garbage, broken, as_lines):
    folder = tmp_path_factory.mktemp("mixture")
    import_files(
        [mixture(folder, garbage, broken, as_lines)],
        folder / "out",
        ImportOptions(creator="77", observed_at=MAR),
    )
    validate(read_tables(folder / "out"))


@settings(max_examples=6)
@given(st.permutations(range(4)), st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_the_order_of_files_does_not_matter_where_their_moments_differ(
    tmp_path_factory, order, likes
):
    folder = tmp_path_factory.mktemp("order")
    paths = []
    for number in range(4):
        path = folder / f"{number}.json"
        records = [
            tweet(1, likes=likes[number]),
            tweet(10 + number),
            user(followers=likes[number], description=str(number)),
        ]
        path.write_text(json.dumps(records))
        moment = (JAN + timedelta(days=number)).timestamp()
        os.utime(path, (moment, moment))
        paths.append(path)
    import_files(paths, folder / "one")
    import_files([paths[at] for at in order], folder / "other")
    same(everything(folder / "one"), everything(folder / "other"))
