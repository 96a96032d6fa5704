"""creatorcast outcomes: every form of file, what is told of it, and nothing half kept."""

import re

import pandas as pd
import pytest
from click.testing import CliRunner
from review_example import campaign_entries, outcome_list

from creatorcast import main
from features.tables.folder import write_tables
from features.tables.model import Tables
from ledger.readings import read_readings
from ledger.store import open_ledger


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give a home whose ledger has the campaign of review_example."""
    monkeypatch.setenv("CREATORCAST_HOME", str(tmp_path))
    monkeypatch.delenv("CREATORCAST_LEDGER", raising=False)
    with open_ledger(tmp_path) as ledger:
        ledger.append(campaign_entries())
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(main, [str(one) for one in arguments], prog_name="creatorcast")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def sums_of(output):
    """Return the numbers of the lines "A = B + C ..." and check that they add up."""
    found = []
    for line in output.splitlines():
        if re.match(r"[\d,]+ .* = ", line):
            whole, parts = line.split(" = ")
            numbers = [int(text.replace(",", "")) for text in re.findall(r"\d[\d,]*", parts)]
            assert int(re.match(r"[\d,]+", whole)[0].replace(",", "")) == sum(numbers), line
            found.append(numbers)
    return found


def kept(home):
    with open_ledger(home) as ledger:
        return read_readings(ledger)


def test_a_list_of_posts_settles_partnerships_and_the_same_list_again_changes_nothing(home):
    path = home / "came.csv"
    outcome_list().to_csv(path, index=False)
    tried = run("outcomes", path, "--dry-run")
    assert kept(home).empty
    first, second = run("outcomes", path), run("outcomes", path)
    assert tried.stdout == first.stdout + "nothing was kept: leave out --dry-run to keep it\n"
    assert sums_of(first.stdout) == [[7, 0, 0, 0], [5, 0, 0, 2, 2]]
    assert sums_of(second.stdout) == [[0, 7, 0, 0], [5, 0, 0, 2, 2]]
    changed = outcome_list().assign(likes=lambda rows: rows["likes"] + (rows.index == 0))
    changed.to_excel(home / "later.xlsx", index=False)
    assert sums_of(run("outcomes", home / "later.xlsx").stdout)[0] == [0, 6, 1, 0]
    history = run("outcomes", "--history", "SP-1").stdout
    assert re.findall(r"│ +([\d,]+) │ +- │", history) == ["3,000", "3,001"]
    assert (
        "no reading of a post or partnership 'SP-0'" in run("outcomes", "--history", "SP-0").stdout
    )


def test_rows_that_are_no_reading_are_counted_with_the_reason(home):
    path = home / "came.csv"
    rows = outcome_list().astype({"likes": object})
    rows.loc[0, "likes"] = "many"
    rows.loc[1, "platform"] = None
    rows.loc[2, "observed_at"] = "2026-03-01T00:00:00Z"
    rows.to_csv(path, index=False)
    result = run("outcomes", path)
    assert result.exit_code == 3
    assert sums_of(result.stdout)[0] == [4, 0, 0, 3]
    for reason in ("'many'", "names no platform", "was read before it was posted"):
        assert reason in result.stderr


def test_exports_tables_and_totals_are_read_too(home):
    totals = home / "totals.csv"
    totals.write_text(
        "partnership_id,creator,platform,format,start date,engagements,observed_at\n"
        "SP-1,creator_1,instagram,reel,2026-03-11,1200,2026-04-10\n"
        "SP-2,creator_2,instagram,reel,2026-03-11,,2026-04-10\n"
    )
    found = run("outcomes", totals).stdout
    assert sums_of(found) == [[1, 0, 0, 0], [1, 0, 0, 8, 0]]
    assert "1 partnerships without counts: not over yet" in found
    moments = {"posted_at": "2026-03-12T00:00:00Z", "observed_at": "2026-04-11T00:00:00Z"}
    post = {"creator_id": "c7", "platform": "instagram", "post_id": "x", "likes": 9, "comments": 1}
    posts = pd.DataFrame([post | moments | {"sponsored": True, "format": "short"}])
    creators = pd.DataFrame([{"creator_id": "c7", "platform": "instagram"}])
    write_tables(Tables(creators=creators, posts=posts), home / "tables")
    assert sums_of(run("outcomes", home / "tables").stdout) == [[1, 0, 0, 0], [2, 0, 0, 7, 0]]
    assert run("review", "spring").stdout.count("│ ▼ below, fewer than 1 in 200 │") == 1


def test_a_file_that_cannot_be_read_leaves_nothing_of_the_others(home):
    good, bad = home / "came.csv", home / "bad.csv"
    outcome_list().to_csv(good, index=False)
    bad.write_text("a,b\n1,2\n")
    result = run("outcomes", good, bad)
    assert result.exit_code == 2
    assert "bad.csv" in result.stderr
    assert kept(home).empty
    assert run("outcomes", home / "none.csv").exit_code == 2
    assert "name files, or an id by --history" in run("outcomes").stderr
