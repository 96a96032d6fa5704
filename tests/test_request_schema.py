from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from features.history.arrays import NAT_US
from features.tables import validate
from features.tables.schema import POSTS, PROSPECTS
from serving.http.errors import ErrorDetail, RequestRefused
from serving.http.openapi import EXAMPLES, openapi
from serving.http.request_reader import read_partnerships
from serving.http.request_schema import Partnership, Post, read_request
from serving.http.response_json import result_fields
from serving.scoring.answer_table import AnswerTable
from serving.scoring.prospect_batch import microseconds
from serving.settings import SERVICE, Settings, serve_command, settings_from

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROFILE = {"platform": "instagram", "followers": 48_000}


def read(*partnerships, **rest):
    return read_partnerships(
        read_request(orjson.dumps({"partnerships": list(partnerships), **rest})).partnerships, NOW
    )


def faults_of(partnership):
    found = read(partnership)
    assert found.valid_positions == ([] if found.faults else [0])
    return [
        (f.where.removeprefix("partnerships[0]"), f.what, f.expected, f.got)
        for f in found.faults.get(0, ())
    ]


def refusal_of(body):
    with pytest.raises(RequestRefused) as caught:
        read_request(body)
    return caught.value.code, [(f.where, f.what) for f in caught.value.faults]


def test_fields_are_the_columns_of_the_tables():
    assert list(Partnership.model_fields) == [*PROSPECTS.names, "recent_posts"]
    assert list(Post.model_fields) == [
        name for name in POSTS.names if name not in ("platform", "creator_id")
    ]


def test_every_fault_of_a_partnership_is_named():
    asked = {
        "creator_id": 5,
        "followrs": 3,
        "format": "reel",
        "deliverables": "2",
        "fee_usd": -1,
        "verified": 1,
    }
    assert faults_of(asked) == [
        (".creator_id", "is not text", "text", 5),
        (".verified", "is not true or false", "true or false", 1),
        (
            ".format",
            "is not one of the accepted values",
            "one of image, carousel, video, short, story, live",
            "reel",
        ),
        (".deliverables", "is not a number", "a whole number from 1 to 100", "2"),
        (
            ".fee_usd",
            "is below 0.01, the least possible",
            "a number from 0.01 to 1,000,000,000",
            -1,
        ),
        (".followrs", "is no known field", "did you mean followers?", 3),
    ]


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("2026-04-01T00:00:00", "has no time zone: add Z or an offset"),
        ("2026-04-01", "has no time zone: add Z or an offset"),
        ("2026-02-30T00:00:00Z", "is no date that exists"),
        ("1999-01-01T00:00:00Z", "lies outside 2004 to 2100"),
        ("0001-01-01T00:00:00+23:00", "lies outside 2004 to 2100"),
        (1_772_323_200, "is no date that exists"),
        ("1772323200", "is no date that exists"),
        ([], "is no date that exists"),
    ],
)
def test_times_must_exist_and_have_a_zone(given, what):
    assert [fault[:2] for fault in faults_of({**PROFILE, "start_at": given})] == [
        (".start_at", what)
    ]


def test_a_creator_must_be_named_or_described():
    assert faults_of({})[0][:2] == (".platform", "is missing, and so is creator_id")
    assert faults_of({"recent_posts": [{"posted_at": "2026-01-01T00:00:00Z"}]})[0][:2] == (
        ".platform",
        "is missing",
    )
    assert faults_of({"creator_id": "a"}) == faults_of({"platform": "x"}) == []


def test_faults_of_recent_posts_are_named_by_place():
    posts = [
        {
            "post_id": "1",
            "posted_at": "2026-01-01T00:00:00Z",
            "observed_at": "2025-12-31T00:00:00Z",
        },
        {"post_id": "2", "posted_at": "2026-04-01T00:00:00Z"},
        {"post_id": "2", "posted_at": None},
    ]
    assert [fault[:2] for fault in faults_of({**PROFILE, "recent_posts": posts})] == [
        (".recent_posts[0].observed_at", "is before posted_at"),
        (".recent_posts[1].posted_at", "lies in the future"),
        (".recent_posts[2].posted_at", "is missing"),
        (".recent_posts[2].post_id", "repeats an earlier post"),
    ]
    assert faults_of({**PROFILE, "recent_posts": [{"likes": 3}]})[0][:2] == (
        ".recent_posts[0].posted_at",
        "is missing",
    )
    slip = {"posted_at": "2026-01-01T00:00:00Z", "like": 3}
    assert faults_of({**PROFILE, "recent_posts": [slip]})[0][2] == "did you mean likes?"


def test_readings_of_one_post_must_agree_on_its_moment():
    """Two moments made two posts of one, which counted twice."""
    first, other = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"
    readings = [
        {"post_id": "1", "posted_at": first, "observed_at": "2026-01-09T00:00:00Z"},
        {
            "post_id": "1",
            "posted_at": "2026-01-01T01:00:00+01:00",
            "observed_at": "2026-01-10T00:00:00Z",
        },
        {"post_id": "1", "posted_at": other, "observed_at": "2026-01-11T00:00:00Z"},
        {"posted_at": first},
        {"posted_at": first},
    ]
    (fault,) = faults_of({**PROFILE, "recent_posts": readings})
    assert fault[:2] == (
        ".recent_posts[2].posted_at",
        "differs from an earlier reading of the post",
    )
    assert fault[2] == "2026-01-01T00:00:00+00:00, as there"


def test_recent_posts_are_bounded():
    posts = [{"posted_at": "2026-01-01T00:00:00Z"}] * 501
    assert faults_of({**PROFILE, "recent_posts": posts}) == [
        (".recent_posts", "is too long", "at most 500", "a list of 501")
    ]


def test_of_very_many_faults_the_rest_is_counted():
    faults = faults_of({**PROFILE, "recent_posts": [{}] * 400})
    assert len(faults) == 51
    assert faults[-1][1] == "has 350 more faults"
    assert len(faults_of({**PROFILE, **{f"field{n}": n for n in range(10_000)}})) == 51


def test_values_are_shown_cut_short():
    assert faults_of({**PROFILE, "niche": "y" * 5000})[0][3] == "y" * 77 + "..."
    assert faults_of({**PROFILE, "x" * 5000: 1})[0][0] == "." + "x" * 77 + "..."


def test_rows_without_an_id_are_numbered_and_repeats_are_faults():
    found = read(
        PROFILE, {**PROFILE, "partnership_id": "1"}, {**PROFILE, "partnership_id": " 1 "}, PROFILE
    )
    assert found.names == ["row-1", "1", "1", "4"]
    assert {place: [f.what for f in faults] for place, faults in found.faults.items()} == {
        1: ["is that of partnerships[2] too"],
        2: ["is that of partnerships[1] too"],
    }
    assert found.prospects.texts["partnership_id"].tolist() == ["row-1", "4"]


def test_all_that_share_an_id_are_faulty_and_some_are_named():
    found = read(
        *[{**PROFILE, "partnership_id": "a"}] * 6, {"partnership_id": "a", "followers": -1}
    )
    assert found.valid_positions == []
    assert [faults[-1] for _, faults in sorted(found.faults.items())][::3] == [
        ErrorDetail(
            "repeated_id",
            f"partnerships[{n}].partnership_id",
            f"is that of {others} too",
            "each id once",
            "a",
        )
        for n, others in (
            (0, "partnerships[1], partnerships[2], partnerships[3] and 3 more"),
            (3, "partnerships[0], partnerships[1], partnerships[2] and 3 more"),
            (6, "partnerships[0], partnerships[1], partnerships[2] and 3 more"),
        )
    ]
    assert [fault.code for fault in found.faults[6]] == ["below_minimum", "repeated_id"]


def test_as_of_is_read_in_utc():
    envelope = read_request(b'{"as_of": "2026-01-01T02:00:00+02:00", "partnerships": [{}]}')
    assert envelope.as_of == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "code", "places"),
    [
        (b"", "not_json", ["body"]),
        (b'{"partnerships": [{"followers": NaN}]}', "not_json", ["body"]),
        (b'{"partnerships": [{"followers": -Infinity}]}', "not_json", ["body"]),
        (b'{"partnerships": [{"followers": 1e400}]}', "not_json", ["body"]),
        (b'{"partnerships": [{"followers": ' + b"9" * 400 + b"}]}", "not_json", ["body"]),
        (b'{"partnerships": ' + b"[" * 5000 + b"]" * 5000 + b"}", "not_json", ["body"]),
        (b'{"partnerships": [{"handle": "\\ud800"}]}', "not_json", ["body"]),
        (b'{"partnerships": [{"handle": "\xff"}]}', "not_json", ["body"]),
        (b"[]", "malformed", ["body"]),
        (b"null", "malformed", ["body"]),
        (b"{}", "malformed", ["partnerships"]),
        (b'{"partnerships": []}', "malformed", ["partnerships"]),
        (b'{"partnerships": {}}', "malformed", ["partnerships"]),
        (b'{"partnerships": [' + b"{}," * 1000 + b"{}]}", "malformed", ["partnerships"]),
        (b'{"partnership": {}, "as_of": 3}', "malformed", ["as_of", "partnerships", "partnership"]),
    ],
)
def test_what_is_no_question_is_refused_as_a_whole(body, code, places):
    found, details = refusal_of(body)
    assert (found, [where for where, _ in details]) == (code, places)


SAME_VERDICT = [
    ("followers", [-1, 0, 0.5, 10**12, 10**12 + 1, 1e30]),
    ("deliverables", [0, 1, 1.5, 100, 101]),
    ("fee_usd", [-0.01, 0, 1e9, 1.1e9]),
    ("fee", [-1, 0, 0.01, 1e12, 1.1e12]),
    ("completion_rate", [-0.1, 0, 0.01, 1, 1.1]),
    ("target_cpe_usd", [-1, 0, 0.0001, 1e7]),
    ("goal_engagements", [0, 1, 2.5]),
    ("confidence", [0, 0.01, 0.99, 1]),
    ("emv_like_usd", [-1, 0, 0.5]),
    ("engagement_rate_by_views", [0, 1, 1.01]),
    ("avg_likes", [-1, 1e300]),
    ("format", ["image", " image ", "reel", "Image", ""]),
    ("niche", ["food", "kochen"]),
    ("platform", ["x", "myspace"]),
    ("handle", ["é", "名前", "\x00", 5]),
    ("verified", [True, False, "maybe"]),
    (
        "start_at",
        [
            "2026-04-01T00:00:00Z",
            "2026-04-01T00:00:00+02:00",
            "2026-04-01",
            "2003-12-31T23:59:59Z",
            "soon",
        ],
    ),
    ("start_at", ["2004-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2100-01-01T00:00:01Z", 17]),
]


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in SAME_VERDICT for value in values]
)
def test_a_request_and_a_table_get_the_same_verdict(field, value):
    _, in_table = validate.clean_table(pd.DataFrame({field: [value]}), PROSPECTS)
    in_request = faults_of({"creator_id": "a", field: value})
    assert bool(in_request) == bool(in_table), (in_request, in_table)


def test_what_rows_bring_becomes_arrays():
    post = {
        "posted_at": "2026-01-01T00:00:00Z",
        "likes": 7,
        "likes_hidden": False,
        "format": "video",
        "text": "soup",
    }
    found = read(
        {
            "creator_id": "a",
            "fee_usd": 5,
            "start_at": "2026-04-01T02:00:00+02:00",
            "verified": True,
        },
        {
            **PROFILE,
            "creator_id": "a",
            "recent_posts": [post, {**post, "likes": None, "post_id": "x"}],
        },
        {**PROFILE, "handle": " ", "recent_posts": []},
    )
    asked, posts = found.prospects, found.posts
    assert asked.texts["creator_id"].tolist() == ["a", "a", None]
    assert "handle" not in asked.texts
    assert asked.time("start_at").tolist() == [
        microseconds(datetime(2026, 4, 1, tzinfo=UTC)),
        NAT_US,
        NAT_US,
    ]
    np.testing.assert_array_equal(asked.number("fee_usd"), [5, np.nan, np.nan])
    np.testing.assert_array_equal(asked.number("verified"), [1, np.nan, np.nan])
    assert (posts.account.tolist(), posts.post_id.tolist()) == ([1, 1], ["recent-0", "x"])
    assert posts.observed_at.tolist() == [microseconds(NOW)] * 2  # those of the request
    np.testing.assert_array_equal(posts.columns["likes"], [7, np.nan])
    assert posts.columns["format"].tolist() == [2, 2]
    assert posts.texts["text"].to_pylist() == ["soup", "soup"]
    assert "views" not in posts.columns
    assert read({**PROFILE, "recent_posts": None}, {**PROFILE, "recent_posts": []}).posts is None


def test_fields_nest_distributions_and_keep_unknown_null():
    columns = {
        "views_p50": np.array([10.0, np.nan]),
        "views_mean": np.array([12.5, np.nan]),
        "cpe_usd_p10": np.array([np.inf, 2.0]),
        "as_of": np.array(["2026-03-01", "2026-03-01T00:00:00.25"], dtype="datetime64[us]"),
        "niche": np.array(["food", None], dtype=object),
        "horizon_days": np.array([7, 7]),
    }
    assert [orjson.loads(b"{%b}" % row) for row in result_fields(AnswerTable(2, columns, {}))] == [
        {"views": {"p50": 10.0, "mean": 12.5}, "cpe_usd": None}
        | {"as_of": "2026-03-01T00:00:00Z", "niche": "food", "horizon_days": 7},
        {"views": None, "cpe_usd": {"p10": 2.0}}
        | {"as_of": "2026-03-01T00:00:00.250000Z", "niche": None, "horizon_days": 7},
    ]


def test_examples_are_questions_without_faults():
    for example in EXAMPLES.values():
        envelope = read_request(orjson.dumps(example["value"]))
        assert (
            read_partnerships(envelope.partnerships, datetime(2026, 11, 2, tzinfo=UTC)).faults == {}
        )


def test_openapi_refers_only_to_what_it_holds():
    document = openapi()
    wanted = {
        part.split('"')[0]
        for part in orjson.dumps(document).decode().split("#/components/schemas/")[1:]
    }
    assert wanted <= set(document["components"]["schemas"])
    fields = document["components"]["schemas"]["Partnership"]
    assert fields["additionalProperties"] is False
    assert fields["properties"]["deliverables"]["anyOf"][0] == {
        **{"maximum": 100, "minimum": 1, "multipleOf": 1, "type": "number"}
    }


def test_settings_come_from_the_environment(tmp_path):
    assert settings_from({}) == Settings(Path("."))
    given = {"CREATORCAST_HOME": str(tmp_path), "CREATORCAST_DATA": "data"}
    assert settings_from(given) == Settings(tmp_path, Path("data"))
    assert serve_command(port=3001)[1:7] == [
        "serve",
        SERVICE,
        "--host",
        "127.0.0.1",
        "--port",
        "3001",
    ]
