"""The ledger's database: what is kept comes back, in SQLite and Postgres, whoever opens it and in which state."""

import os
import stat
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from postgres_server import missing_postgres, postgres_server
from sqlalchemy import select, text

from ledger.forecast_entry import LEVELS, ForecastEntry
from ledger.migrate import VERSION_TABLE
from ledger.store import LedgerError, ledger_address, open_ledger
from ledger.tables import METADATA, OUTCOME_IMPORTS, READINGS
from ledger.upkeep import erase, prune

QUANTILES = tuple(float(n) for n in range(len(LEVELS)))
LEAST = ForecastEntry(
    *("1" * 32, 1_780_000_000_000_000, 1_780_000_000_000_000, "predict", "tiktok", "history", 30.0),
    *("v1", "2026-01-01", 7, "ab12", QUANTILES, 12.5, {}),
)
FULL = replace(
    LEAST,
    forecast_id="2" * 32, made_at=1_780_000_000_000_001, door="track", key_name="agency",
    campaign="spring 'x'; --", partnership_id="p1", creator_id="c1", handle="ünï", post_id="t1",
    start_at=1_780_000_000_000_000, format="video", package=None, deliverables=3.0,
    completion_rate=0.5, band="micro", niche="beauty", followers=1e5, location=4.5, scale=0.25,
    views=QUANTILES, views_mean=99.0, alternative_engagements=11.0, fee_usd=100.0, fee=90.0,
    currency="EUR", benchmark_cpe_usd=0.5, probability_benchmark=0.75, break_even_fee_usd=120.0,
    goal_engagements=50.0, probability_goal=0.5, verdict="worth it",
    inputs={"followers_log": 11.5, "platform": "tiktok", "lead_days": None},
    warnings=("fee_is_a_gift",), question={"creator_id": "c1", "fee_usd": 100.0},
)  # fmt: skip


@pytest.fixture(scope="module")
def server():
    if reason := missing_postgres():
        pytest.skip(reason)
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def address(request, tmp_path):
    """Give the address of a database without tables."""
    if request.param == "sqlite":
        (tmp_path / "deep").mkdir()
        return f"sqlite:///{tmp_path}/deep/ledger.db"
    return request.getfixturevalue("server").new_database()


def delete_all_then_fail(ledger):
    with ledger.writing() as connection:
        connection.execute(text("DELETE FROM forecasts"))
        connection.execute(text("INSERT INTO forecasts (forecast_id) VALUES ('x')"))


def test_what_is_kept_comes_back_once_and_filtered(address, tmp_path):
    with open_ledger(tmp_path, address) as ledger:
        ledger.append([LEAST, FULL, FULL])
        ledger.append([replace(LEAST, door="rank"), FULL])
        found = ledger.forecasts()
        kept = [{name: None if value != value else value for name, value in row.items()}
                for row in found.astype(object).where(found.notna(), None).to_dict("records")]  # fmt: skip
        assert kept == [asdict(LEAST), asdict(FULL)]
        for only in ({"campaign": FULL.campaign}, {"since": FULL.made_at}):
            assert ledger.forecasts(**only)["forecast_id"].tolist() == [FULL.forecast_id]
        assert ledger.forecasts(until=FULL.made_at)["forecast_id"].tolist() == [LEAST.forecast_id]
        assert ledger.forecasts(model_version="v2").empty
        with pytest.raises(LedgerError, match="cannot be written"):
            delete_all_then_fail(ledger)
        assert len(ledger.forecasts()) == 2


def test_the_migrations_make_the_tables_of_the_code(address, tmp_path):
    with open_ledger(tmp_path, address) as ledger, ledger.engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        assert (
            compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
        )


def reading(**values):
    return {"recorded_at": 2, "read_at": 2, "platform": "tiktok", **values}


def test_one_creator_is_erased_by_all_names_and_what_is_old_is_pruned(address, tmp_path):
    other = replace(LEAST, forecast_id="3" * 32, creator_id="c1", platform="youtube")
    by_handle = replace(LEAST, forecast_id="4" * 32, handle="@ÜNÏ", partnership_id="q")
    with open_ledger(tmp_path, address) as ledger:
        ledger.append([LEAST, FULL, other, by_handle])
        with ledger.writing() as connection:
            for number, source in enumerate(("a.csv", "b.csv"), 1):
                values = {"import_id": number, "recorded_at": 2, "source": source, "counts": "{}"}
                connection.execute(OUTCOME_IMPORTS.insert(), values)
            rows = [
                reading(import_id=1, creator_id="c1", post_id="t1"),
                reading(import_id=1, platform=None, handle="ünï"),
                reading(import_id=1, platform=None, partnership_id="p1"),
                reading(import_id=2, creator_id="c2"),
            ]
            for row in rows:
                connection.execute(READINGS.insert(), row)
            connection.execute(READINGS.insert(), reading(import_id=2, platform="x", handle="uni"))
        assert erase(ledger, "C1", "tiktok") == {"readings": 3, "forecasts": 2}
        assert erase(ledger, "nobody") == {"readings": 0, "forecasts": 0}
        assert set(ledger.forecasts()["forecast_id"]) == {"1" * 32, "3" * 32}
        with ledger.reading() as connection:
            assert connection.execute(select(OUTCOME_IMPORTS.c.source)).scalars().all() == ["b.csv"]
        counts = {"forecasts": 2, "readings": 2, "watch_results": 0}
        assert prune(ledger, LEAST.made_at + 1, dry_run=True) == counts
        assert prune(ledger, LEAST.made_at + 1) == counts
        assert ledger.forecasts().empty


@pytest.mark.parametrize("others", [0, 50])
def test_postgres_forgets_the_values_of_an_erased_creator(server, others, tmp_path):
    url = server.new_database()
    name, where = (
        url.rpartition("/")[2],
        "SELECT count(*) FROM pg_stats WHERE {} LIKE '%secretive%'",
    )
    kept = [replace(LEAST, forecast_id=f"{n:032x}", creator_id="other") for n in range(others)]
    hers = [replace(LEAST, forecast_id=f"f{n:031x}", creator_id="secretive") for n in range(50)]
    with open_ledger(tmp_path, url) as ledger, server.connect(name) as database:
        ledger.append([*kept, *hers])
        database.execute("ANALYZE")
        seen = where.format("(most_common_vals::text || coalesce(histogram_bounds::text, ''))")
        assert database.execute(seen).fetchone() == (1,)
        assert erase(ledger, "secretive")["forecasts"] == 50
        assert database.execute(seen).fetchone() == (0,)
        [file] = database.execute("SELECT pg_relation_filepath('pg_statistic')").fetchone()
        pages = database.execute("SELECT pg_read_binary_file(%s)", [file]).fetchone()[0]
        assert b"secretive" not in pages
        assert len(ledger.forecasts()) == others


OPEN = """
import sys
from pathlib import Path
from ledger.store import open_ledger
sys.stdin.readline()
with open_ledger(Path("."), sys.argv[1]) as ledger:
    print(len(ledger.forecasts()))
"""


def test_processes_that_open_a_new_ledger_at_once_all_can(address, tmp_path):
    command = [sys.executable, "-c", OPEN, address]
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(2)
    ]
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60) for process in started] == [("0\n", "")] * 2


def test_a_ledger_of_a_later_version_is_refused(address, tmp_path):
    with open_ledger(tmp_path, address) as ledger:
        ledger.append([LEAST])
        with ledger.writing() as connection:
            connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(LedgerError, match=r"version 9999.*: update creatorcast") as told:
        open_ledger(tmp_path, address)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("mysql://me:secret@host/db", "a database of kind 'mysql': expected on, off, sqlite"),
        ("nonsense", "is no address of a database: expected on, off, sqlite"),
        ("sqlite://", "names no file"),
        ("postgresql://me:secret#ss@w/secret@host/led", "LEDGER has a sign .* percent-encoded"),
        ("postgresql://me:sec:ret@host/led", "LEDGER has a sign .* percent-encoded"),
        ("postgresql://me:secret@127.0.0.1:9/db", "'127.0.0.1:9/db' cannot be opened: .* check"),
        (
            "sqlite:////no/such/l.db",
            "'/no/such/l.db' cannot be opened: No such file.*: check that the place",
        ),
        ("sqlite:////dev/null/x/ledger.db", "'/dev/null/x/ledger.db' cannot be opened: Not a dir"),
        ("sqlite:///{here}/text.db", "text.db' cannot be opened: file is not a database: check"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_its_password(address, told, tmp_path):
    (tmp_path / "text.db").write_text("no database, but long enough to be taken for one" * 99)
    with pytest.raises(LedgerError, match=told) as error:
        open_ledger(tmp_path, address.format(here=tmp_path))
    assert "secret" not in str(error.value)


def test_the_files_are_for_their_owner_alone_and_sqlite_is_in_wal(tmp_path):
    before = os.umask(0)
    try:
        with open_ledger(tmp_path) as ledger:
            ledger.append([LEAST])
            modes = {
                path.name: stat.S_IMODE(path.stat().st_mode)
                for path in (tmp_path / "artifacts").iterdir()
            }
            assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm"), 0o600)
    finally:
        os.umask(before)
    assert ledger_address(tmp_path, {}) is ledger_address(tmp_path, {"CREATORCAST_LEDGER": "OFF"})
