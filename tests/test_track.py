"""`creatorcast track`: what a list of readings becomes, row by row, and what is said of it."""

import json
import re
from pathlib import Path

import orjson
import pandas as pd
import pytest
from click.testing import CliRunner

from creatorcast import main
from features.maturation.maturation import published_maturation
from serving.scoring.prospect_batch import microseconds
from serving.track.answer_json import answers_json
from serving.track.tracked import Reading, TrackedPartnership, TrackedPost
from serving.track.tracker import Tracker

DOCUMENT = (Path(__file__).parents[1] / "docs" / "track.md").read_text()
AS_OF = "2026-07-01"
STARTER = "starter_model"
ROW = {
    "partnership_id": "deal",
    "creator_id": "c1",
    "platform": "tiktok",
    "post_id": "v1",
    "posted_at": "2026-06-01T10:00:00Z",
    "observed_at": "2026-06-04T10:00:00Z",
    "likes": 1100,
    "comments": 60,
    "shares": 80,
}
FORECAST = {"forecast_p10": 500, "forecast_p50": 1000, "forecast_p90": 2600}


@pytest.fixture
def track(tmp_path, monkeypatch):
    """Track rows; give the result, the rows of the answers, and those rejected."""
    monkeypatch.chdir(tmp_path)

    def invoke(*rows, ending=".csv", as_of=AS_OF, more=()):
        pd.DataFrame(rows).to_csv("list.csv", index=False)
        arguments = ["track", "list.csv", "--out", f"out{ending}", "--as-of", as_of, *more]
        result = CliRunner().invoke(main, arguments, prog_name="creatorcast")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        rejected = tmp_path / f"out{ending}.rejected.csv"
        return (
            result,
            pd.read_csv("out.csv") if ending == ".csv" else None,
            pd.read_csv(rejected)["reasons"].tolist() if rejected.exists() else [],
        )

    return invoke


@pytest.fixture
def with_champion(home, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))


def only(frame, row, **wanted):
    """Give the one row of a kind as a dict without what is missing."""
    found = frame[frame["row"] == row]
    for name, value in wanted.items():
        found = found[found[name] == value]
    assert len(found) == 1
    return found.iloc[0].dropna().to_dict()


def test_a_running_post_is_told_in_a_sentence(track):
    result, answers, rejected = track({**ROW, **FORECAST, "goal_engagements": 1500})
    assert (result.exit_code, rejected) == (0, [])
    post, deal = only(answers, "post"), only(answers, "partnership")
    growth = published_maturation().curves["tiktok"]["engagements"].curve.growth(3, 30)
    assert 1240 < post["engagements_p10"] < post["engagements_p50"] < 1240 * (1.1 + growth)
    assert post["sentence"].startswith("After 3 days 1,240 engagements; ")
    assert post["sentence"].endswith(
        " by day 30 (80 %); ahead of 9 in 10 outcomes of its forecast."
    )
    assert post["engagements_share_reached"] == pytest.approx(1240 / post["engagements_p50"])
    assert 3 < post["engagements_day_90"] < 30
    assert post["maturation_source"].startswith("engagements: published figures: ")
    assert deal["engagements_p50"] == pytest.approx(post["engagements_p50"], rel=0.01)
    assert deal["make_good_engagements"] == pytest.approx(500, rel=0.01)  # half of the median
    assert deal["probability_make_good"] == 0
    assert "reaches the goal of 1,500 with probability 0." in deal["sentence"]


def test_the_answers_are_printed_where_no_file_is_named(track):
    track(ROW)
    result = CliRunner().invoke(main, ["track", "list.csv", "--as-of", AS_OF])
    assert result.exit_code == 0
    assert "deal: After 3 days 1,240 engagements" in result.stdout
    assert " 3 days │ 1,240 │" in result.stdout
    low, high = re.search(r"engagements; (\S+) to (\S+) by day 30", result.stdout).groups()
    assert f"{low} - {high} │" in result.stdout
    track({**ROW, "observed_at": "2026-06-29T10:00:00Z", "horizon_days": 7})
    over = CliRunner().invoke(main, ["track", "list.csv", "--as-of", AS_OF]).stdout
    outcome = re.search(r"at day 7: about (\S+) engagements", over).group(1)
    assert f" {outcome} │    100% │" in over
    assert "no champion in 'artifacts': the starter model answers" in result.stderr


def test_several_posts_and_readings_make_a_partnership(track):
    rows = [
        {**ROW, **FORECAST, "deliverables": 3, "fee_usd": 900},
        {**ROW, "observed_at": "2026-06-02T10:00:00Z", "likes": 500, "comments": 20, "shares": 30},
        {**ROW, "post_id": "v2", "posted_at": "2026-06-03T09:00:00Z", "likes": 90},
    ]
    _, answers, rejected = track(*rows)
    deal = only(answers, "partnership")
    assert rejected == []
    assert (deal["deliverables"], deal["published"], deal["read"]) == (3, 2, 2)
    assert deal["engagements_now"] == 1240 + 230
    fast, slow = (only(answers, "post", post_id=name) for name in ("v1", "v2"))
    alone = only(track(ROW)[1], "post")
    assert fast["engagements_p50"] > alone["engagements_p50"]  # it more than doubled in two days
    assert slow["engagements_pace"] < 0.3 < 0.7 < fast["engagements_pace"]
    assert deal["engagements_p50"] > fast["engagements_p50"] + slow["engagements_p50"] + 300
    assert deal["cpe_usd_p50"] == pytest.approx(900 / deal["engagements_p50"])
    assert deal["sentence"].startswith("2 of 3 deliverables are online and read, with 1,470 ")


def test_without_a_forecast_the_rest_has_no_total(track):
    _, answers, _ = track({**ROW, "deliverables": 2, "goal_engagements": 10})
    deal = only(answers, "partnership")
    assert "engagements_p50" not in deal
    assert "probability_goal" not in deal
    reason = "1 of 2 deliverables has no engagements yet, and there is no forecast"
    assert f"no total is forecast: {reason}." in deal["sentence"]
    assert "give followers, averages or recent posts" in deal["forecast_reason"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"observed_at": "2026-05-31T10:00:00Z"}, "is before posted_at 2026-06-01T10:00:00Z"),
        ({"horizon_days": 0}, "horizon_days 0 is below 1, the least possible"),
        ({"horizon_days": 1000}, "horizon_days 1,000 is above 90, the most accepted"),
        ({"likes": -5}, "likes '-5' is below 0"),
        ({"posted_at": None}, "posted_at is missing: say when the post went online"),
        ({"observed_at": None}, "observed_at is missing: say when these counts were read"),
        ({"platform": None}, "platform is missing, and no creator"),
        ({"forecast_p50": 500}, "are given together or not at all"),
        ({**FORECAST, "forecast_p50": 5}, "forecast_p90 must ascend"),
        ({"likes": None}, "post 'v1' has no reading with likes and comments and shares or with"),
        ({"likes": None, "comments": None, "shares": None}, "observed_at stands without counts"),
        ({"platform": "x", "likes": None, "views": 99}, "views alone, for which there is no curve"),
        ({"observed_at": "2026-06-01T10:50:00Z"}, "was read in its first hour only"),
        ({"observed_at": "2026-07-04T10:00:00Z"}, "was read after as_of only"),
        ({"posted_at": "2026-07-04T10:00:00Z"}, "is after 2026-07-01T00:00:00Z, the moment of"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(track, change, reason):
    good = {**ROW, "partnership_id": "other", "post_id": "v9", "horizon_days": 30}
    result, answers, rejected = track({**good, **ROW, **change}, good)
    assert result.exit_code == 3
    assert only(answers, "partnership")["partnership_id"] == "other"
    assert len(rejected) == 1
    assert reason in rejected[0]
    assert "2 read = 1 used + 1 rejected: 1 partnership with 1 post" in result.stdout


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "observed_at is that of an earlier row of the post: keep one"),
        ({"posted_at": "2026-06-02T10:00:00Z", "observed_at": "2026-06-05T10:00:00Z"}, "of the post"),
        ({"post_id": "v2", "creator_id": "c2"}, "creator_id c2 differs from c1 of an earlier row"),
        ({"post_id": "v2", "goal_engagements": 9}, "goal_engagements 9 differs from 5 of an earl"),
    ],
)  # fmt: skip
def test_a_row_that_contradicts_an_earlier_one_is_left_out(track, change, reason):
    _, answers, rejected = track({**ROW, "goal_engagements": 5}, {**ROW, **change})
    deal = only(answers, "partnership")
    assert (deal["published"], deal["warnings"]) == (1, f"{STARTER}; rejected_rows_not_used")
    assert reason in rejected[0]


@pytest.mark.parametrize(
    ("rows", "warning", "now"),
    [
        ([{"observed_at": "2026-06-03T10:00:00Z", "likes": 2000}], "counts_fell_later_one_used", 1240),
        ([{"observed_at": "2026-07-02T10:00:00Z"}], "readings_after_as_of_not_used", 1240),
        ([{"observed_at": "2026-06-01T10:30:00Z"}], "readings_of_the_first_hour_not_used", 1240),
        ([{"observed_at": "2026-06-05T10:00:00Z", "likes": None}], "engagements_unknown_at_some_readings", 1240),
        ([{"observed_at": "2026-06-05T10:00:00Z", "likes_hidden": True}],
         "engagements_unknown_at_some_readings; likes_hidden", 1240),
        ([{"observed_at": "2026-06-05T10:00:00Z", "views": 900}], "implausible_counts", 1240),
        ([{"observed_at": "2026-06-05T10:00:00Z", "views": 1900}], None, 1240),
        ([{"observed_at": "2026-06-29T10:00:00Z", "likes": 9000, "horizon_days": 14}], "read_after_horizon", 9140),
    ],
)  # fmt: skip
def test_what_is_not_used_of_the_readings_is_told(track, rows, warning, now):
    _, answers, rejected = track(ROW, *({**ROW, **row} for row in rows))
    post = only(answers, "post")
    assert (post.get("warnings"), post["engagements_now"], rejected) == (warning, now, [])


def test_a_post_older_than_its_horizon_has_its_outcome(track):
    _, answers, _ = track({**ROW, "observed_at": "2026-06-29T10:00:00Z", "horizon_days": 7})
    post, deal = only(answers, "post"), only(answers, "partnership")
    assert post["engagements_p10"] == post["engagements_p90"] < 1240
    outcome = f"{post['engagements_p50']:,.0f}"
    assert post["sentence"] == (
        f"Its outcome at day 7: about {outcome} engagements, brought back from 1,240 engagements "
        "read after 28 days."
    )
    assert deal["sentence"] == post["sentence"]


def test_a_post_that_was_not_read_counts_by_the_forecast(track):
    unread = {**ROW, "post_id": "v2", "observed_at": "2026-06-01T10:05:00Z"}
    _, answers, _ = track({**ROW, **FORECAST}, unread)
    deal = only(answers, "partnership")
    assert (deal["published"], deal["read"]) == (2, 1)
    assert deal["warnings"] == f"{STARTER}; posts_without_reading_by_forecast"
    assert "engagements_p50" in deal


def test_posts_with_hidden_likes_are_not_called_read(track):
    hidden = {**ROW, "post_id": "v2", "likes": None, "likes_hidden": True, "views": 9000}
    _, answers, _ = track({**ROW, **FORECAST}, hidden)
    deal = only(answers, "partnership")
    assert (deal["published"], deal["read"], deal["engagements_now"]) == (2, 1, 1240)
    assert deal["warnings"] == f"{STARTER}; posts_without_reading_by_forecast"
    assert deal["sentence"].startswith("1 of 2 deliverables is online and read, with 1,240 eng")
    alone = [{**hidden, **FORECAST, "goal_engagements": 900}, {**hidden, "post_id": "v3"}]
    _, answers, rejected = track(*alone)
    deal = only(answers, "partnership")
    assert (deal["read"], deal["views_now"], rejected) == (2, 18000, [])
    assert deal["engagements_p50"] == pytest.approx(deal["engagements_forecast_p50"])
    assert "by the forecast made before" in deal["sentence"]
    assert deal["probability_goal"] > 0.9
    _, answers, rejected = track(*({**row, "views": None} for row in alone))
    deal = only(answers, "partnership")
    assert (deal["read"], rejected) == (0, [])
    assert deal["sentence"].startswith("0 of 2 deliverables are online and read; by the forecast")
    _, _, rejected = track({**hidden, "views": None}, {**ROW, "partnership_id": "other"})
    assert "was read with hidden likes, and its views are not given" in rejected[0]


def test_posts_beyond_those_booked_do_not_move_the_line(track):
    later = {**ROW, "post_id": "v2", "posted_at": "2026-06-02T10:00:00Z"}
    booked = {**ROW, **FORECAST, "deliverables": 1}
    alone, deal = (only(track(*rows)[1], "partnership") for rows in ([booked], [booked, later]))
    assert deal["make_good_engagements"] == alone["make_good_engagements"]
    assert deal["engagements_forecast_p50"] == alone["engagements_forecast_p50"]
    assert deal["engagements_p50"] > 2 * 1240
    assert deal["sentence"].startswith("2 deliverables are online, 1 was booked, with 2,480 eng")
    assert (deal["booked"], deal["deliverables"]) == (1, 2)


def test_a_post_in_the_middle_of_its_forecast_is_told_so(track):
    row = {**ROW, "forecast_p10": 1500, "forecast_p50": 2100, "forecast_p90": 4000}
    _, answers, _ = track(row)
    share = only(answers, "post")["engagements_pace"]
    assert 0.45 < share < 0.55
    assert "; in the middle of its forecast" in only(answers, "post")["sentence"]


def test_the_day_of_90_percent_of_nothing_is_unknown(track):
    none = {**ROW, "likes": 0, "comments": 0, "shares": 0}
    assert "engagements_day_90" not in only(track(none)[1], "post")
    assert 3 < only(track({**none, **FORECAST})[1], "post")["engagements_day_90"] <= 30
    old = {**ROW, "observed_at": "2026-06-29T10:00:00Z", "horizon_days": 7}
    assert only(track(old)[1], "post")["engagements_day_90"] < 7


def test_an_answer_says_what_made_it(with_champion, track, trained, tmp_path, monkeypatch):
    asked = {**ROW, "followers": 50_000}
    _, answers, _ = track(asked)
    version = trained.bundle.version
    assert set(answers["trained_on"]) == {"simulated"}
    assert set(answers["model_version"]) == {version}
    assert set(answers["as_of"]) == {"2026-07-01T00:00:00Z"}
    assert {"format_not_told", "niche_unknown"} <= {
        *only(answers, "partnership")["warnings"].split("; ")
    }
    _, given, _ = track({**asked, **FORECAST})
    assert "niche_unknown" not in str(only(given, "partnership").get("warnings"))
    printed = CliRunner().invoke(main, ["track", "list.csv", "--as-of", AS_OF]).stdout
    assert f"model {version}, trained on simulated data, as of 2026-07-01T00:00:00Z\n" in printed
    monkeypatch.setenv("CREATORCAST_HOME", str(tmp_path))
    _, answers, _ = track(asked)
    deal = only(answers, "partnership")
    assert set(answers["trained_on"]) == {"published figures"}
    assert "starter_model" in deal["warnings"].split("; ")
    assert deal["make_good_engagements"] > 0  # half of what the starter forecasts
    _, answers, _ = track({**ROW, **FORECAST})
    assert "starter_model" in only(answers, "partnership")["warnings"].split("; ")


def test_json_has_the_head_of_the_service():
    moment = microseconds(pd.Timestamp(AS_OF, tz="UTC"))
    reading = Reading(moment - 10**11, {"likes": 9.0, "comments": 2.0})
    post = TrackedPost("a", moment - 3 * 10**11, (reading,))
    made = Tracker(None).track([TrackedPartnership("deal", "instagram", (post,))], moment)
    told = orjson.loads(orjson.dumps(answers_json(made)))
    assert list(told) == ["as_of", "model_version", "trained_on", "results"]
    assert (told["as_of"], told["model_version"], told["trained_on"]) == (
        *("2026-07-01T00:00:00Z", None, "none"),
    )
    assert told["results"][0]["posts"][0]["engagements"]["count"] == 11
    assert not {"model", "trained_on"} & set(told["results"][0])
    assert answers_json([]) == {"results": []}


def test_the_champion_makes_the_forecast_of_before(with_champion, track, tables, market_folder):
    posts = tables.posts
    young = posts[posts["posted_at"] > posts["posted_at"].max() - pd.Timedelta(days=20)]
    named = young.drop_duplicates("platform").assign(deliverables=2.0)
    assert len(named) == 3
    rows = named[["platform", "post_id", "deliverables"]].to_dict("records")
    _, answers, rejected = track(*rows, more=("--data", str(market_folder)))
    assert rejected == []
    for row in named.itertuples():
        deal = only(answers, "partnership", partnership_id=row.post_id)
        assert (deal["creator_id"], deal["forecast_source"]) == (row.creator_id, "model")
        assert deal["forecast_evidence"] == "history"
        post = only(answers, "post", partnership_id=row.post_id)
        assert post["engagements_now"] <= post["engagements_p10"] * (1 + 1e-9)
        assert 0 <= post["engagements_pace"] <= 1
        assert post["engagements_p50"] < deal["engagements_p50"]


def test_a_profile_is_enough_for_a_forecast_and_an_unknown_creator_is_not(with_champion, track):
    _, answers, _ = track({**ROW, "followers": 50_000}, {**ROW, "partnership_id": "nobody"})
    deal, other = (only(answers, "partnership", partnership_id=n) for n in ("deal", "nobody"))
    assert (deal["forecast_source"], deal["forecast_evidence"]) == ("model", "profile")
    assert "creator_id 'c1' is unknown on tiktok" in other["forecast_reason"]


def test_every_kind_of_file_has_the_same_answers(track, tmp_path):
    _, answers, _ = track({**ROW, **FORECAST})
    track({**ROW, **FORECAST}, ending=".parquet")
    pd.testing.assert_frame_equal(
        pd.read_parquet("out.parquet")[["engagements_p50"]], answers[["engagements_p50"]]
    )
    track({**ROW, **FORECAST}, ending=".json")
    (told,) = json.loads((tmp_path / "out.json").read_text())["results"]
    assert told["engagements"]["horizon"]["p50"] == answers["engagements_p50"][0]
    rows = pd.DataFrame([{**ROW, **FORECAST}]).astype({"posted_at": "datetime64[us, UTC]"})
    rows.drop(columns="platform").assign(colour=1).to_parquet("list.parquet")
    arguments = ["track", "list.parquet", "--out", "again.csv", "--as-of", AS_OF]
    result = CliRunner().invoke(main, [*arguments, "--platform", "tiktok"])
    assert "a list has no such columns: 'colour'" in result.stderr
    pd.testing.assert_frame_equal(pd.read_csv("again.csv"), answers)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "'nowhere.csv' does not exist"),
        (["list.csv", "--out", "out.txt"], "'out.txt' has an unknown ending"),
        (["names.csv"], "'names.csv' has no column that is"),
    ],
)
def test_what_cannot_be_tracked_at_all_is_refused(track, tmp_path, arguments, message):
    track(ROW)
    (tmp_path / "names.csv").write_text("colour,size\nred,3\n")
    result = CliRunner().invoke(main, ["track", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_the_page_of_the_documentation_shows_what_happens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, rows, _, shown, rest = DOCUMENT.split("```", 4)
    Path("campaign.csv").write_text(rows.removeprefix("text\n"))
    command, _, *lines = shown.removeprefix("console\n$ creatorcast ").splitlines()
    result = CliRunner().invoke(main, command.split())
    assert result.exit_code == 0
    assert lines == [line for line in result.stdout.splitlines() if line in lines]
    told = set(re.findall(r"`(\w+)`", rest.split("| warning | |")[1].split("## ")[0]))
    sources = [*Path(__file__).parents[1].glob("serving/track/*.py")]
    code = "".join(source.read_text() for source in sources)
    named = set(re.findall(r'^[A-Z_]+(?:, [A-Z_]+)* = "(\w+_\w+)"', code, re.MULTILINE))
    assert len(named) > 8
    assert named | {"no_curve_of_views", "rejected_rows_not_used"} <= told


def test_a_spreadsheet_as_people_keep_it_is_read(track, tmp_path):
    (tmp_path / "list.csv").write_text(
        "Creator;Platform;Post ID;Posted at;Observed at;Likes;Comments;Shares;Views\n"
        "@anna;TikTok;v1;01.06.2026 10:00;02.06.2026 10:00;1,2k;40;60;12.000\n"
        "@anna;TikTok;v1;01.06.2026 10:00;04.06.2026 10:00;1,5k;60;80;16.000\n"
    )
    arguments = ["track", "list.csv", "--out", "out.csv", "--as-of", AS_OF]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.output.count("rejected:")) == (0, 1)
    post = only(pd.read_csv("out.csv"), "post")
    assert (post["engagements_now"], post["views_now"]) == (1640, 16000)
    assert only(pd.read_csv("out.csv"), "partnership")["creator_id"] == "'@anna"


def test_a_date_that_may_be_two_is_not_called_missing(track):
    unclear = {"posted_at": "01/06/2026 10:00", "observed_at": "02/06/2026 10:00"}
    result, _, rejected = track({**ROW, **unclear})
    assert "say --day-first or --month-first" in result.stderr
    assert rejected[0].startswith("posted_at could not be read: see what was said of its column")
    _, answers, rejected = track({**ROW, **unclear}, more=("--day-first",))
    assert only(answers, "post")["engagements_age_days"] == 1
    assert rejected == []
