import errno
import json
import os
import shutil
import tempfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import features.snapshot.reader
import features.snapshot.snapshot_file
from creatorcast import main
from features.derive.catalog import COLUMNS, QUERY_INDEPENDENT_COLUMNS
from features.derive.derive import derive
from features.derive.fit_reference import fit_reference
from features.derive.queries import Queries, query_features
from features.derive.version import FEATURES_VERSION
from features.history.account_keys import account_key, account_name
from features.history.history import History
from features.snapshot.reader import Snapshot
from features.snapshot.snapshot_file import SnapshotError, batch_digest, parse_metadata
from features.snapshot.writer import write_snapshot
from features.tables.folder import read_tables
from features.tables.validate import validate
from features.tables.vocabulary import FORMATS, NICHES

AS_OF = pd.Timestamp("2026-05-01", tz="UTC")
few = settings(max_examples=20, derandomize=True, phases=[Phase.explicit, Phase.generate])


@pytest.fixture(scope="module")
def history(market_folder):
    tables = validate(read_tables(market_folder))
    creators = tables.creators
    # some declare no niche, and one name stands on two platforms
    twin = creators.iloc[:1].assign(platform="x", followers=500.0, niche=None)
    creators = pd.concat(
        [creators.assign(niche=creators["niche"].where(creators.index % 2 == 0)), twin]
    )
    topic = pd.Series(np.array(["cake", "soup", None])[tables.posts.index % 3], dtype="str")
    return History.from_tables(
        replace(
            tables, creators=creators.reset_index(drop=True), posts=tables.posts.assign(topic=topic)
        )
    )


@pytest.fixture(scope="module")
def reference(history):
    return fit_reference(history, AS_OF)


@pytest.fixture(scope="module")
def path(history, reference, tmp_path_factory):
    path = tmp_path_factory.mktemp("snapshot") / "new" / "snapshot.arrow"
    assert write_snapshot(history, reference, AS_OF, path, "v1") == len(history.accounts)
    assert [found.name for found in path.parent.iterdir()] == ["snapshot.arrow"]
    return path


@pytest.fixture(scope="module")
def snapshot(path):
    return Snapshot.open(path)


NUMBERS = ("sponsored", "caption_words", "hashtags_count", "avg_likes", "avg_comments", "avg_views")


def questions(names):
    platforms, creators = zip(*names, strict=True)
    frame = pd.DataFrame(
        {"platform": platforms, "creator_id": creators, "as_of": AS_OF, "start_at": AS_OF}
    )
    return frame.astype({"as_of": "datetime64[us, UTC]", "start_at": "datetime64[us, UTC]"})


counts = st.one_of(st.none(), st.integers(0, 3000).map(float))
asked_of = st.fixed_dictionaries(
    {
        "account": st.integers(0, 150),
        "start_at": st.integers(0, 120 * 86400).map(
            lambda seconds: AS_OF + pd.Timedelta(seconds=seconds)
        ),
        "format": st.sampled_from([None, *FORMATS]),
        "brand_niche": st.sampled_from([None, *NICHES]),
        "topic": st.sampled_from([None, 0, 1, 2]),
        "sponsored": st.sampled_from([None, True, False]),
        **dict.fromkeys(NUMBERS[1:], counts),
    }
)


@pytest.fixture(scope="module")
def both(history, reference, snapshot):
    """Give a function that answers drawn questions from the tables and from the snapshot."""

    def answers(drawn):
        names = [
            history.accounts[row["account"] % len(history.accounts)].split("/", 1) for row in drawn
        ]
        topics = ["cake", "soup", "never seen"]
        told = [
            {**row, "topic": None if row["topic"] is None else topics[row["topic"]]}
            for row in drawn
        ]
        kinds = dict.fromkeys(("format", "brand_niche", "topic"), "str") | dict.fromkeys(
            NUMBERS, float
        )
        kinds["start_at"] = "datetime64[us, UTC]"
        frame = questions(names).assign(**pd.DataFrame(told).drop(columns="account").astype(kinds))
        rows = [snapshot.find(platform, name) for platform, name in names]
        found = query_features(
            snapshot.account_features(rows), Queries.from_frame(history, frame), reference
        )
        return derive(history, frame, reference).to_numpy(), found

    return answers


@few
@given(st.lists(asked_of, min_size=1, max_size=30))
def test_an_answer_from_the_snapshot_is_the_one_from_the_tables(both, drawn):
    np.testing.assert_array_equal(*both(drawn))


def test_pages_given_back_are_found_again(snapshot, monkeypatch):
    rows = np.arange(len(snapshot))
    expected = snapshot.account_features(rows)
    monkeypatch.setattr(features.snapshot.reader, "KEPT_ROWS", 0)
    for _ in range(3):
        found = snapshot.account_features(rows)
        np.testing.assert_array_equal(found.values, expected.values)
        np.testing.assert_array_equal(found.posts.residual, expected.posts.residual)


def test_every_account_is_found_and_told_back(history, snapshot):
    assert len(snapshot) == len(history.accounts)
    for name in history.accounts:
        assert snapshot.account(snapshot.find(*name.split("/", 1))) == tuple(name.split("/", 1))


@pytest.mark.parametrize("creator_id", ["nobody", "", "é/ü", "c" * 500])
def test_an_unknown_account_is_not_found(snapshot, creator_id):
    assert snapshot.find("instagram", creator_id) == -1


def test_names_of_one_hash_are_told_apart_by_their_text(history, reference, tmp_path, monkeypatch):
    def alike(name):
        return np.uint64(len(name) % 2)

    monkeypatch.setattr(features.snapshot.reader, "account_key", alike)
    monkeypatch.setattr("features.snapshot.writer.account_key", alike)
    write_snapshot(history, reference, AS_OF, tmp_path / "s.arrow", "v1")
    test_every_account_is_found_and_told_back(history, Snapshot.open(tmp_path / "s.arrow"))


def test_the_key_of_a_name_never_changes():
    assert account_key(account_name("instagram", "ana")) == 10895593959813140125


def test_what_is_known_of_a_creator_is_named_without_a_question(history, reference, snapshot):
    assert set(QUERY_INDEPENDENT_COLUMNS) < set(COLUMNS)
    platform, name = history.accounts[3].split("/", 1)
    expected = derive(history, questions([(platform, name)]), reference)[
        list(QUERY_INDEPENDENT_COLUMNS)
    ].iloc[0]
    found = snapshot.features(snapshot.find(platform, name))
    assert {
        name: value for name, value in found.items() if value is not None
    } == expected.dropna().to_dict()
    assert list(found) == list(QUERY_INDEPENDENT_COLUMNS)


def test_what_a_snapshot_says_of_itself(history, reference, snapshot):
    assert (snapshot.as_of, snapshot.horizon_days, snapshot.version) == (AS_OF, 30, "v1")
    assert (snapshot.as_of_us, snapshot.topics) == (AS_OF.value // 1000, history.topics)
    snapshot.check(reference, "v1")


def test_a_snapshot_of_another_reference_is_refused(history, snapshot):
    other = fit_reference(history, AS_OF - pd.Timedelta(days=200))
    with pytest.raises(
        SnapshotError,
        match=r"2026-05-01 was written for bundle 'v1', not for 'v2', .*snapshot DATA",
    ):
        snapshot.check(other, "v2")


def test_a_snapshot_of_other_code_is_refused(reference, snapshot, monkeypatch):
    monkeypatch.setattr(features.snapshot.snapshot_file, "FEATURES_VERSION", FEATURES_VERSION + 1)
    with pytest.raises(SnapshotError, match="or by another version of creatorcast: write it anew"):
        snapshot.check(reference, "v1")


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_a_snapshot_cut_short_is_refused(path, tmp_path, kept):
    content = path.read_bytes()
    short = tmp_path / "short.arrow"
    short.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(
        SnapshotError,
        match=r"'.*short.arrow' is no snapshot, or was cut short \(.*\): write it anew",
    ):
        Snapshot.open(short)


@pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
def test_a_changed_snapshot_is_refused(path, tmp_path, at):
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    changed = tmp_path / "changed.arrow"
    changed.write_bytes(content)
    with pytest.raises(
        SnapshotError, match=r"'.*changed.arrow' was changed since it was written: write it anew"
    ):
        Snapshot.open(changed)


def rewritten(path, to, **meta):
    batch = pa.ipc.open_file(path).get_batch(0)
    batch = batch.replace_schema_metadata(
        {"creatorcast": json.dumps({**parse_metadata(batch.schema), **meta})}
    )
    with pa.ipc.new_file(to, batch.schema) as writer:
        writer.write_batch(batch)
    return to


@pytest.mark.parametrize(
    "meta", [{"version": "v2"}, {"as_of": "2026-05-02T00:00:00+00:00"}, {"reference": "other"}]
)
def test_what_it_says_of_itself_cannot_be_changed_either(path, tmp_path, meta):
    with pytest.raises(SnapshotError, match="was changed since it was written"):
        Snapshot.open(rewritten(path, tmp_path / "s.arrow", **meta))


@pytest.mark.parametrize("meta", [{"format": 99}, {"columns": ["other"]}])
def test_another_format_is_refused(path, tmp_path, meta):
    with pytest.raises(
        SnapshotError, match="is a snapshot of another version of creatorcast: write it anew"
    ):
        Snapshot.open(rewritten(path, tmp_path / "s.arrow", **meta))


def test_another_arrow_file_is_refused(tmp_path):
    other = tmp_path / "other.arrow"
    batch = pa.RecordBatch.from_pydict({"a": [1]})
    with pa.ipc.new_file(other, batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(SnapshotError, match="is no snapshot, or was cut short"):
        Snapshot.open(other)


def test_no_file_is_refused(tmp_path):
    with pytest.raises(SnapshotError, match=r"is no snapshot, .*No such file"):
        Snapshot.open(tmp_path / "none.arrow")


def test_the_digest_covers_every_column(path):
    batch = pa.ipc.open_file(path).get_batch(0)
    names = batch.schema.names
    assert names == ["key", "account", "state", "niches", "posts"]
    assert (
        batch_digest(batch)
        == parse_metadata(batch.schema)["sha256"]
        != batch_digest(batch.select(names[:-1]))
    )


def test_where_nothing_can_be_written_the_reason_is_told(history, reference, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SnapshotError, match=r"file' cannot be made: File exists"):
        write_snapshot(history, reference, AS_OF, tmp_path / "file" / "s.arrow", "v1")


def test_a_history_without_posts_and_texts_has_a_snapshot(history, reference, tmp_path):
    plain = History.from_profiles(np.array([0.0]), np.array([0]), {"followers": np.array([5000.0])})
    plain = replace(plain, accounts=pd.Index(["instagram/a"]))
    write_snapshot(plain, reference, AS_OF, tmp_path / "s.arrow", "v1")
    found = Snapshot.open(tmp_path / "s.arrow")
    assert found.account_features([0]).posts is None
    assert found.features(0)["followers_log"] == np.log1p(5000.0)


def test_the_command_writes_for_the_champion(trained, home, market_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("CREATORCAST_HOME", str(home))
    out = tmp_path / "s.arrow"
    command = ["snapshot", str(market_folder), "--as-of", "2026-05-01", "--out", str(out)]
    result = CliRunner().invoke(main, command)
    version = trained.bundle.version
    assert result.output == f"150 accounts as of 2026-05-01, for bundle {version}, in {out}\n"
    Snapshot.open(out).check(trained.bundle.reference, version)
    assert CliRunner().invoke(main, [*command, "--bundle", version]).exit_code == 0
    missing = CliRunner().invoke(main, [*command, "--bundle", "none"])
    assert (missing.exit_code, "is no bundle" in missing.output) == (2, True)


def zeroed(path):
    """Overwrite the second half in place."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(bytes(size - size // 2))


@pytest.mark.parametrize(
    "damage", [zeroed, lambda path: os.truncate(path, 100), lambda path: os.truncate(path, 0)]
)
def test_what_becomes_of_the_file_changes_no_answer(path, tmp_path, damage):
    file = tmp_path / "snapshot.arrow"
    file.write_bytes(path.read_bytes())
    rows, expected = np.arange(151), Snapshot.open(path)
    found = Snapshot.open(file)
    damage(file)
    np.testing.assert_array_equal(
        found.account_features(rows).values, expected.account_features(rows).values
    )
    np.testing.assert_array_equal(
        found.account_features(rows).posts.residual, expected.account_features(rows).posts.residual
    )
    assert [found.account(row) for row in rows] == [expected.account(row) for row in rows]
    with pytest.raises(SnapshotError, match=r"was cut short|was changed since it was written"):
        Snapshot.open(file)


def test_nobody_can_open_the_copy(path, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = Snapshot.open(path)
    assert list(tmp_path.iterdir()) == []
    assert len(found) == 151


def test_a_copy_for_which_there_is_no_room_is_told(path, tmp_path, monkeypatch):
    def full(source, target, size):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "copyfileobj", full)
    told = f"cannot be copied to the temporary folder '{tmp_path}', which takes [0-9,]+ bytes: No space left on device"
    with pytest.raises(SnapshotError, match=told):
        Snapshot.open(path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_changes_while_it_is_copied_is_refused(path, tmp_path, monkeypatch):
    file = tmp_path / "snapshot.arrow"
    file.write_bytes(path.read_bytes())
    copied = shutil.copyfileobj

    def changed_meanwhile(source, target, size):
        target.write(source.read(file.stat().st_size // 2))
        zeroed(file)
        copied(source, target, size)

    monkeypatch.setattr(shutil, "copyfileobj", changed_meanwhile)
    with pytest.raises(SnapshotError, match=r"was changed since it was written|was cut short"):
        Snapshot.open(file)


def test_a_snapshot_of_another_bundle_is_refused_before_it_is_copied(path, reference, monkeypatch):
    monkeypatch.setattr(shutil, "copyfileobj", lambda *_: pytest.fail("it was copied"))
    with pytest.raises(
        SnapshotError, match="was written for bundle 'v1', not for 'v2', or by another version"
    ):
        Snapshot.open(path, replace(reference, horizon_days=9), "v2")
