import json
import os

import numpy as np
import pandas as pd
import pytest

from features import out_of_core
from features.derive.derive import derive
from features.derive.fit_reference import TooLittleData, fit_reference
from features.history.history import History
from features.out_of_core import PartitionError, derive_folder
from features.partition import parts as partition_parts
from features.partition import table_sources
from features.tables.folder import read_tables
from features.tables.frames import DataFolderError
from features.tables.validate import InvalidTables, validate

AS_OF = pd.Timestamp("2026-06-01", tz="UTC")
TABLES = ("creators", "followers", "posts")


@pytest.fixture(scope="module")
def in_memory(market_folder):
    """Give the features of the market as derived in memory, after creator_id and platform."""
    tables = validate(read_tables(market_folder))
    history = History.from_tables(tables)
    accounts = tables.creators[["creator_id", "platform"]].drop_duplicates(ignore_index=True)
    found = derive(
        history, accounts.assign(as_of=AS_OF, start_at=AS_OF), fit_reference(history, AS_OF)
    )
    return pd.concat([accounts, found], axis=1)


@pytest.fixture(scope="module")
def as_csv(market_folder, tmp_path_factory):
    """Give the market as CSV files in a folder whose name is awkward in SQL and in patterns."""
    return write(tmp_path_factory.mktemp("csv") / "it's [1]*", ".csv", *tables_of(market_folder))


def tables_of(folder):
    return [pd.read_parquet(folder / f"{name}.parquet") for name in TABLES]


def write(folder, ending, creators, followers, posts):
    folder.mkdir(exist_ok=True)
    for name, frame in zip(TABLES, (creators, followers, posts), strict=True):
        if ending == ".csv":
            frame.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")
        else:
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


def read(path):
    text = {"creator_id": "str", "platform": "str"}
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=text)


def derived(folder, out, parts=None):
    derive_folder(folder, AS_OF, out, parts)
    return read(out)


@pytest.mark.parametrize("parts", [None, 1, 7])
def test_the_result_is_that_of_the_way_in_memory(market_folder, in_memory, tmp_path, parts):
    pd.testing.assert_frame_equal(
        derived(market_folder, tmp_path / "f.parquet", parts), in_memory, check_exact=True
    )


@pytest.mark.parametrize(("parts", "ending"), [(1, ".csv"), (7, ".parquet")])
def test_csv_gives_the_same_as_parquet(as_csv, in_memory, tmp_path, parts, ending):
    found = derived(as_csv, tmp_path / f"it's [2]*{ending}", parts)
    pd.testing.assert_frame_equal(found, in_memory, check_exact=True, check_dtype=False)


def test_the_order_of_the_creators_table_and_of_no_other_decides(
    market_folder, in_memory, tmp_path
):
    creators, followers, posts = tables_of(market_folder)
    folder = write(
        tmp_path / "data",
        ".parquet",
        creators[::-1],
        followers.sample(frac=1),
        posts.sample(frac=1),
    )
    found = derived(folder, tmp_path / "f.parquet", 3)
    key = ["creator_id", "platform"]
    assert (
        found[key].to_numpy().tolist()
        == creators[key].drop_duplicates(keep="last")[::-1].to_numpy().tolist()
    )
    aligned = found.set_index(key).loc[pd.MultiIndex.from_frame(in_memory[key])].reset_index()
    pd.testing.assert_frame_equal(aligned, in_memory)


def test_the_market_is_fitted_to_the_same_sample_whatever_the_number_of_parts(
    market_folder, in_memory, tmp_path, monkeypatch
):
    monkeypatch.setitem(table_sources.PARTITION_ROWS, "creators", 40)
    stages = []
    accounts = derive_folder(
        market_folder, AS_OF, tmp_path / "f.parquet", progress=lambda *stage: stages.append(stage)
    )
    found = read(tmp_path / "f.parquet")
    assert accounts == len(in_memory)
    assert [what for what, _ in stages if what.startswith("part ")] == [
        f"part {n} of 4" for n in (1, 2, 3, 4)
    ]
    shares = [share for _, share in stages]
    assert (shares[0], shares[-1], shares) == (0, 1, sorted(shares))
    for parts in (1, 7):
        pd.testing.assert_frame_equal(
            derived(market_folder, tmp_path / "g.parquet", parts), found, check_exact=True
        )
    assert not np.allclose(found["engagements_log_prior"], in_memory["engagements_log_prior"])


def test_wide_posts_make_more_parts(market_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(
        table_sources.PARTITION_ROWS,
        "posts",
        len(pd.read_parquet(market_folder / "posts.parquet")) + 1,
    )
    monkeypatch.setattr(table_sources, "TYPICAL_ROW_BYTES", 25)
    stages = []
    derive_folder(
        market_folder,
        AS_OF,
        tmp_path / "f.parquet",
        progress=lambda what, share: stages.append(what),
    )
    assert sum(what.startswith("part ") for what in stages) > 1


def test_more_parts_than_accounts(market_folder, tmp_path):
    creators, followers, posts = (
        frame[frame["creator_id"] < "c0000012"] for frame in tables_of(market_folder)
    )
    folder = write(tmp_path / "data", ".parquet", creators, followers, posts)
    found = [derived(folder, tmp_path / "f.parquet", parts) for parts in (1, 15)]
    pd.testing.assert_frame_equal(*found, check_exact=True)


def test_spaces_around_names_are_no_part_of_them(market_folder, in_memory, tmp_path):
    creators, followers, posts = tables_of(market_folder)
    posts.loc[::2, "creator_id"] = " \u3000" + posts["creator_id"][::2] + "\n"
    creators["platform"] += "\t"
    found = derived(
        write(tmp_path / "data", ".parquet", creators, followers, posts), tmp_path / "f.parquet", 7
    )
    pd.testing.assert_frame_equal(found, in_memory, check_exact=True)


def spoil(creators, followers, posts):
    """Put faults into all three tables; posts of one creator get the ids of another's."""
    creators.loc[3, "followers"] = -1
    followers.loc[5, "observed_at"] = followers["observed_at"][5] + pd.Timedelta(days=20_000)
    other = posts.index[
        (posts["platform"] == posts["platform"][0])
        & (posts["creator_id"] != posts["creator_id"][0])
    ][0]
    posts.loc[other, ["post_id", "observed_at"]] = [
        " " + posts["post_id"][0],
        posts["observed_at"][0],
    ]
    posts.loc[[20, 21], "likes"] = -5
    posts.loc[30, "creator_id"] = "nobody"
    posts.loc[40, "platform"] = None
    posts.loc[50, "format"] = "reel"
    return creators, followers, posts


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize("parts", [1, 7])
def test_all_faults_are_those_of_the_way_in_memory_with_the_rows_of_the_files(
    market_folder, tmp_path, ending, parts
):
    folder = write(tmp_path / "data", ending, *spoil(*tables_of(market_folder)))
    with pytest.raises(InvalidTables) as expected:
        validate(read_tables(folder))
    with pytest.raises(
        InvalidTables, match="posts, data row 31: creator_id 'nobody' is no creator"
    ) as found:
        derive_folder(folder, AS_OF, tmp_path / "f.parquet", parts)
    assert [str(fault) for fault in found.value.faults] == [
        str(fault) for fault in expected.value.faults
    ]
    assert {(f.table, f.row) for f in found.value.faults} >= {
        ("creators", 3),
        ("posts", 20),
        ("posts", 50),
    }
    rules = " ".join(fault.rule for fault in found.value.faults)
    assert "repeats an earlier row" in rules
    assert "differs from an earlier reading of the same post" in rules
    assert os.listdir(tmp_path) == ["data"]


def test_a_missing_column_is_told_once(market_folder, tmp_path):
    creators, followers, posts = tables_of(market_folder)
    folder = write(
        tmp_path / "data",
        ".parquet",
        creators,
        followers,
        posts.drop(columns=["post_id", "posted_at"]),
    )
    with pytest.raises(InvalidTables) as caught:
        derive_folder(folder, AS_OF, tmp_path / "f.parquet", 3)
    assert [str(fault) for fault in caught.value.faults] == [
        "posts: post_id None is missing: the column is required",
        "posts: posted_at None is missing: the column is required",
    ]


def test_checking_stops_once_there_are_very_many_faults(market_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(partition_parts, "MAX_TABLE_FAULTS", 1)
    monkeypatch.setitem(table_sources.PARTITION_ROWS, "creators", 40)
    creators, followers, posts = tables_of(market_folder)
    folder = write(tmp_path / "data", ".parquet", creators, followers, posts.assign(likes=-1))
    with pytest.raises(InvalidTables) as caught:
        derive_folder(folder, AS_OF, tmp_path / "f.parquet")
    assert 0 < len(caught.value.faults) < len(posts) / 2


def test_times_without_a_zone_follow_what_dataset_json_declares(market_folder, in_memory, tmp_path):
    creators, followers, posts = tables_of(market_folder)
    posts["posted_at"] = posts["posted_at"].dt.tz_localize(None)
    folder = write(tmp_path / "data", ".parquet", creators, followers, posts)
    with pytest.raises(InvalidTables, match="has no time zone"):
        derive_folder(folder, AS_OF, tmp_path / "f.parquet", 3)
    (folder / "dataset.json").write_text(json.dumps({"timezone": "UTC"}))
    pd.testing.assert_frame_equal(
        derived(folder, tmp_path / "f.parquet", 3), in_memory, check_exact=True
    )


def test_nothing_but_the_result_stays(market_folder, tmp_path):
    derive_folder(market_folder, AS_OF, tmp_path / "f.parquet", 2)
    assert os.listdir(tmp_path) == ["f.parquet"]


@pytest.mark.parametrize("place", ["derive", "_write_sorted"])
def test_a_failure_leaves_what_was_there(market_folder, tmp_path, monkeypatch, place):
    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(out_of_core, place, fail)
    (tmp_path / "f.csv").write_text("an earlier result")
    with pytest.raises(PartitionError, match=r"f\.csv' cannot be made: No space left on device"):
        derive_folder(market_folder, AS_OF, tmp_path / "f.csv", 2)
    assert (os.listdir(tmp_path), (tmp_path / "f.csv").read_text()) == (
        ["f.csv"],
        "an earlier result",
    )


def test_too_little_memory_is_told(market_folder, tmp_path):
    with pytest.raises(PartitionError, match="allow more memory_gb"):
        derive_folder(market_folder, AS_OF, tmp_path / "f.parquet", memory_gb=0.001)
    assert os.listdir(tmp_path) == []


def test_creators_alone_are_too_little_to_fit(market_folder, tmp_path):
    (tmp_path / "data").mkdir()
    tables_of(market_folder)[0].to_parquet(tmp_path / "data" / "creators.parquet")
    with pytest.raises(TooLittleData, match="at least 3 are needed"):
        derive_folder(tmp_path / "data", AS_OF, tmp_path / "f.parquet", 2)


def test_places_that_cannot_be_used_are_refused(market_folder, tmp_path):
    for out, parts, message in (
        ("f.xlsx", None, r"f\.xlsx' has an unknown ending: expected \.csv or \.parquet"),
        ("f.csv", 0, "0 parts: expected at least 1"),
        ("none/f.csv", None, "cannot be made"),
        (market_folder / "posts.parquet", None, "is a table of the data: name another file"),
    ):
        with pytest.raises(PartitionError, match=message):
            derive_folder(market_folder, AS_OF, tmp_path / out, parts)


def test_folders_that_cannot_be_read_are_refused(tmp_path):
    folder, out = tmp_path / "data", tmp_path / "f.parquet"
    with pytest.raises(DataFolderError, match="is no folder"):
        derive_folder(folder, AS_OF, out)
    folder.mkdir()
    with pytest.raises(DataFolderError, match=r"holds no creators\.parquet"):
        derive_folder(folder, AS_OF, out)
    (folder / "creators.csv").write_text("creator_id,platform\na,x\nb,x,1\n")
    with pytest.raises(DataFolderError, match=r"creators\.csv' cannot be read"):
        derive_folder(folder, AS_OF, out)
    (folder / "creators.parquet").write_text("no parquet")
    with pytest.raises(DataFolderError, match="holds both"):
        derive_folder(folder, AS_OF, out)
    (folder / "creators.csv").unlink()
    with pytest.raises(DataFolderError, match=r"creators\.parquet' cannot be read"):
        derive_folder(folder, AS_OF, out)
