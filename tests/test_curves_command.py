"""creatorcast curves: what it says of tables with and without repeated readings."""

import os

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from creatorcast import main
from features.maturation.curve import Curve
from features.maturation.maturation import published_maturation

TRUE = Curve(0.5, 0.3)
START = pd.Timestamp("2024-01-01", tz="UTC")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # the command sets these for its own process; they must not outlive the test
    for name in ("MLFLOW_DISABLE_TELEMETRY", "BENTOML_DO_NOT_TRACK", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, os.environ.get(name, "true"))

    def invoke(*arguments):
        result = CliRunner().invoke(main, ["curves", *map(str, arguments)], prog_name="creatorcast")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return invoke


def write_data(folder, ages, posts=40, platform="tiktok", counts=("likes", "comments", "shares")):
    """Tables of ten creators: each post has 10,000 counts at 90 days and is read at these ages."""
    folder.mkdir()
    creators = pd.DataFrame({"creator_id": [f"c{n}" for n in range(10)], "platform": platform})
    creators.assign(observed_at=START, handle=creators["creator_id"]).to_csv(
        folder / "creators.csv", index=False
    )
    rng, rows = np.random.default_rng(0), []
    for post in range(posts):
        posted = START + pd.Timedelta(days=post)
        base = 10_000 * rng.lognormal(0, 1)
        for age in ages:
            share = TRUE.share(np.nan if age is None else age) / TRUE.share(90)
            row = {name: round(base * share) for name in counts}
            read = posted + pd.Timedelta(days=age) if age else None
            rows.append({"post_id": f"p{post}", "creator_id": f"c{post % 10}", "posted_at": posted}
                        | row | {"observed_at": read, "platform": platform})  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "posts.csv", index=False)
    return folder


def line_of(text, start):
    (line,) = (line for line in text.splitlines() if line.strip().startswith(start))
    return line.split()


def test_curves_are_fitted_and_drawn_where_posts_were_read_several_times(run, tmp_path):
    data = write_data(tmp_path / "data", ages=(0.1, 0.3, 1.5, 6, 20, 80), posts=400)
    result = run(data, "--out", "curves")
    assert result.exit_code == 0, result.output
    text = result.stdout
    assert "400 posts were read several times, 2,000 pairs of readings" in text
    assert line_of(text, "likes ")[1:5:3] == ["400", "fitted"]
    shares = [float(share) for share in line_of(text, "likes ")[5:]]
    expected = 100 * TRUE.share([1 / 24, 0.25, 1, 3, 7, 14, 90]) / TRUE.share(30)
    np.testing.assert_allclose(shares, expected, atol=1.6)
    assert "readings of 400 posts; the published curve weighs as 30 more: as views" in text
    assert sorted(path.name for path in (tmp_path / "curves").iterdir()) == [
        "curves.csv",
        "curves.png",
        "curves.txt",
    ]
    assert (tmp_path / "curves" / "curves.txt").read_text() in text
    assert (tmp_path / "curves" / "curves.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(tmp_path / "curves" / "curves.csv").set_index("measure")
    assert list(table.index) == ["engagements", "likes", "comments", "shares"]
    likes = table.loc["likes"]
    assert (likes["platform"], likes["basis"], likes["posts_read_again"]) == (
        "tiktok",
        "fitted",
        400,
    )
    assert 100 * likes["share_7d"] == pytest.approx(expected[4], abs=1.6)
    assert likes["share_7d_low"] <= likes["share_7d"] <= likes["share_7d_high"]


@pytest.mark.parametrize("ages", [(9,), (None,)], ids=["read once", "at unknown moments"])
def test_without_repeated_readings_the_published_curves_are_shown(run, tmp_path, ages):
    data = write_data(tmp_path / "data", ages=ages)
    text = run(data).stdout
    assert "no post was read twice at known moments: the published curves are shown" in text
    published = published_maturation().find("tiktok", "likes").curve
    shares = line_of(text, "likes ")
    assert shares[1] == "0"
    assert shares[4] == "published"
    assert float(shares[7]) == pytest.approx(
        100 * published.share(1) / published.share(30), abs=0.5
    )
    assert "likes: published, as no post was read twice: as views" in text
    lines = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
    assert lines[:5] == ["posts", "engagements", "likes", "comments", "shares"]  # no intervals


def test_a_few_posts_read_twice_are_told(run, tmp_path):
    text = run(write_data(tmp_path / "data", ages=(2, 9), posts=4)).stdout
    assert "4 posts were read several times, 4 pairs of readings" in text
    assert "too few for a curve: the published curves are shown" in text
    assert "likes: published, as 4 posts were read several times, 10 are needed: as views" in text


def test_a_measure_without_any_curve_is_told(run, tmp_path):
    data = write_data(tmp_path / "data", ages=(9,), platform="x", counts=("views",))
    text = run(data, "--out", "out").stdout
    assert line_of(text, "views ")[1:] == ["0", "-", "-", "none", *["-"] * 7]
    assert (
        "views: none: no post was read twice, and there is no published curve; counts stay as they "
        "were read"
    ) in text
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "curves.csv",
        "curves.txt",
    ]


def test_tables_without_posts_show_every_published_curve(run, tmp_path):
    data = write_data(tmp_path / "data", ages=(9,))
    (data / "posts.csv").unlink()
    text = run(data).stdout
    for measure in ("engagements", "views", "saves"):
        assert line_of(text, f"{measure} ")[4] == "published"


def test_copies_that_are_not_used_are_told(run, tmp_path):
    data = write_data(tmp_path / "data", ages=(2, 9, 20))
    posts = pd.read_csv(data / "posts.csv")
    late = pd.to_datetime(posts["observed_at"]) + pd.Timedelta(hours=7)
    pd.concat([posts, posts.assign(observed_at=late)]).to_csv(data / "posts.csv", index=False)
    large = int((posts[["likes", "comments", "shares"]].max(axis=1) >= 1000).sum())
    assert f"{large} readings are not used: they repeat all counts" in run(data).stdout


def test_what_is_no_folder_of_tables_is_one_clear_error(run, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for argument, words in (
        ("absent", "is no folder: expected one with creators.parquet or creators.csv"),
        ("empty", "holds no creators.parquet or creators.csv"),
        ("file", "is a file"),
    ):
        result = run(argument)
        assert result.exit_code == 2
        assert words in result.stderr
        assert result.stdout == ""


def test_readings_of_few_accounts_give_no_interval(run, tmp_path):
    data = write_data(tmp_path / "data", ages=(1, 7, 30), posts=40)
    posts = pd.read_csv(data / "posts.csv").assign(creator_id="c0")
    posts.to_csv(data / "posts.csv", index=False)
    shown = run(data).output
    assert "no interval: it takes posts of 10 accounts or more" in shown
    assert "read at 24 hours to 30 days, outside of which nothing was read" in shown
