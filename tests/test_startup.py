"""What keeps the service from starting is told in one line, with exit code 2, before anything listens."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
from dataclasses import replace

import pandas as pd
import psutil
import pytest
from test_bundle_damage import UNANSWERED, sealed
from test_running_service import BIN, free_port

from features.history.history import History
from features.snapshot.writer import write_snapshot
from models.bundle_files import contents_digest, read_manifest
from models.champion import champion_folder
from models.trial_variable import TRIED_VARIABLE
from serving.http.keys import AccessError
from serving.http.start_check import StartError, check_listening, check_start
from serving.http.startup import startup_problem
from serving.settings import Settings

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
CREATORS = "creator_id,platform,observed_at,followers\na,instagram,2026-01-01T00:00:00Z,"


@pytest.fixture(scope="module")
def files(tmp_path_factory, tables, bundle, home):
    """Give a folder with sound and broken files of every kind."""
    folder = tmp_path_factory.mktemp("files")
    write_snapshot(
        History.from_tables(tables), bundle.reference, AS_OF, folder / "snapshot", bundle.version
    )
    (folder / "cut").write_bytes((folder / "snapshot").read_bytes()[:3000])
    changed = bytearray((folder / "snapshot").read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / "changed").write_bytes(changed)
    other = replace(bundle.reference, horizon_days=14)
    write_snapshot(History.from_tables(tables), other, AS_OF, folder / "foreign", "another")
    for name, text in {
        "empty": None,
        "sound": f"{CREATORS}5\n",
        "negative": f"{CREATORS}-5\n",
        "text": "a,b\n1\n",
    }.items():
        (folder / name).mkdir()
        if text:
            (folder / name / "creators.csv").write_text(text)
    (folder / "rates.csv").write_text("currency,usd_per_unit\nEUR,1.08\n")
    (folder / "twice.csv").write_text("currency,usd_per_unit\nEUR,1.08\nEUR,1.1\n")
    (folder / "rate.csv").write_text("currency,rate\nEUR,1.08\n")
    (folder / "nothing.csv").write_text("")
    os.mkfifo(folder / "fifo")
    (folder / "piped").mkdir()
    (folder / "piped" / "creators.csv").symlink_to("../fifo")
    (folder / "told by a pipe").mkdir()
    (folder / "told by a pipe" / "creators.csv").write_text(f"{CREATORS}5\n")
    os.mkfifo(folder / "told by a pipe" / "dataset.json")
    shutil.copytree(
        home / "artifacts",
        folder / "spoilt" / "artifacts",
        ignore=shutil.ignore_patterns("mlflow*"),
    )
    reference = champion_folder(folder / "spoilt") / "reference.json"
    reference.write_text(reference.read_text().replace("1", "2", 1))
    return folder


@pytest.mark.parametrize(
    ("setting", "name", "reason"),
    [
        ("data", "missing", "is no folder: expected one with creators.parquet or creators.csv"),
        ("data", "rates.csv", "is no folder: expected one with creators.parquet or creators.csv"),
        ("data", "empty", "holds no creators.parquet or creators.csv"),
        (
            "data",
            "text",
            "has 2 fault(s), the first: creators: creator_id None is missing: the column is required",
        ),
        (
            "data",
            "negative",
            "has 1 fault(s), the first: creators, data row 1: followers -5.0 is below 0, the least",
        ),
        ("data", "fifo", "is no folder: expected one with creators.parquet or creators.csv"),
        ("rates", "missing", "cannot be read: No such file"),
        ("rates", "empty", "cannot be read: it is a folder, expected a regular file"),
        ("rates", "nothing.csv", "cannot be read: No columns to parse"),
        (
            "rates",
            "rate.csv",
            "has 1 fault(s), the first: rates: usd_per_unit None is missing: the column is required",
        ),
        (
            "rates",
            "twice.csv",
            "has 1 fault(s), the first: rates, data row 2: currency 'EUR' repeats an earlier row ",
        ),
        ("rates", "fifo", "cannot be read: it is a FIFO, expected a regular file"),
        (
            "snapshot",
            "fifo",
            "is no snapshot, or was cut short ([Errno 22] it is a FIFO, expected a regular file",
        ),
        (
            "snapshot",
            "empty",
            "is no snapshot, or was cut short ([Errno 22] it is a folder, expected a regular file",
        ),
        ("snapshot", "missing", "is no snapshot, or was cut short"),
        ("snapshot", "rates.csv", "is no snapshot, or was cut short"),
        ("snapshot", "cut", "is no snapshot, or was cut short"),
        (
            "snapshot",
            "changed",
            "was changed since it was written: write it anew with `creatorcast snapshot DATA",
        ),
        (
            "snapshot",
            "foreign",
            "the snapshot as of 2026-06-15 was written for bundle 'another', not for ",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(files, home, setting, name, reason):
    told = startup_problem(Settings(**{"home": home, setting: files / name}))
    pattern = rf"--{setting} \(CREATORCAST_{setting.upper()}\):? '{files / name}':? {re.escape(reason)}[^\n]*"
    assert re.fullmatch(pattern, told), told


@pytest.mark.parametrize(
    ("name", "file"), [("piped", "creators.csv"), ("told by a pipe", "dataset.json")]
)
def test_a_pipe_among_the_tables_holds_nobody(files, home, name, file):
    told = startup_problem(Settings(home, files / name))
    assert f"/{name}/{file}' cannot be read: " in told
    assert "it is a FIFO, expected a regular file" in told


def test_a_champion_that_is_broken_is_told_in_one_line_and_where_there_is_none_the_starter_answers(
    files,
):
    assert startup_problem(Settings(files / "empty")) is None
    told = startup_problem(Settings(files / "spoilt"))
    assert re.fullmatch(
        r"the champion: '.*/reference\.json' differs from what the manifest says: [^\n]*", told
    )


def test_a_snapshot_needs_the_champion_that_it_was_written_for(files):
    told = startup_problem(Settings(files / "empty", snapshot=files / "snapshot"))
    assert told.startswith(f"--snapshot (CREATORCAST_SNAPSHOT): the snapshot '{files}/snapshot' ")
    assert told.endswith(
        " belongs to a trained bundle, and there is no champion: promote the bundle that it was "
        "written for (creatorcast promote), or start without a snapshot"
    )


def test_what_can_be_used_is_not_refused(files, home):
    assert startup_problem(Settings(home, files / "sound", rates=files / "rates.csv")) is None
    assert startup_problem(Settings(home, snapshot=files / "snapshot")) is None


def test_a_first_champion_may_be_waited_for_but_no_broken_one_and_no_broken_file(files):
    assert (
        startup_problem(Settings(files / "empty", snapshot=files / "snapshot"), waits=True) is None
    )
    assert startup_problem(
        Settings(files / "empty", snapshot=files / "cut"), waits=True
    ).startswith("--snapshot ")
    assert startup_problem(Settings(files / "spoilt"), waits=True).startswith("the champion: ")


@contextlib.contextmanager
def listening(port=0, host="127.0.0.1"):
    with socket.create_server((host, port)) as server:
        yield server.getsockname()[1]


def test_a_port_must_be_free_and_the_address_one_of_this_machine(home):
    settings = Settings(home, insecure=True)
    with listening() as port:
        for host in ("127.0.0.1", "0.0.0.0", "localhost"):
            with pytest.raises(
                StartError, match=f"^port {port} of '{host}' is in use: stop what listens there, or"
            ):
                check_listening(host, port, settings)
    check_listening("127.0.0.1", port, settings)
    with pytest.raises(
        StartError,
        match=r"^'192\.0\.2\.1' is no address of this machine: name one that is by --host",
    ):
        check_listening("192.0.2.1", port, settings)
    with pytest.raises(
        StartError, match="'no such host' is no address that is known: name one by --host"
    ):
        check_listening("no such host", port, settings)
    with pytest.raises(
        AccessError,
        match=r"^'0\.0\.0\.0' can be reached from other machines and the service has no keys",
    ):
        check_listening("0.0.0.0", port, Settings(home))


@contextlib.contextmanager
def sharing():
    """Listen as one who lets others listen beside him."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as server:
        yield server.getsockname()[1]


@contextlib.contextmanager
def bound_only():
    """Hold a port without listening, and without letting others have it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def listening_at_both():
    """Listen at all addresses, those of the old and those of the new protocol."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("user", [listening, sharing, bound_only, listening_at_both])
def test_a_port_is_in_use_however_it_is_used(home, user):
    if user is listening_at_both and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no addresses of the new protocol")
    with user() as port, pytest.raises(StartError, match=f"^port {port} of '127.0.0.1' is in use"):
        check_listening("127.0.0.1", port, Settings(home))
    check_listening("127.0.0.1", port, Settings(home))


def test_a_port_that_only_waits_for_its_last_connection_to_be_forgotten_is_free(home):
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)) as server,
        socket.create_connection(("127.0.0.1", port)) as client,
    ):
        server.accept()[0].close()
        assert client.recv(1) == b""
    states = {
        one.status for one in psutil.net_connections("tcp4") if one.laddr and one.laddr.port == port
    }
    assert states == {psutil.CONN_TIME_WAIT}
    check_listening("127.0.0.1", port, Settings(home))


def test_one_who_answers_at_the_address_is_in_the_way_though_the_system_lets_two_listen(
    home, monkeypatch
):
    with listening() as port:
        monkeypatch.setattr(socket.socket, "bind", lambda *_: None)
        with pytest.raises(StartError, match=f"^port {port} of '127.0.0.1' is in use"):
            check_listening("127.0.0.1", port, Settings(home))


def test_a_name_is_refused_with_its_address(home):
    with pytest.raises(
        StartError, match=r"^'localhost' is a name: .* addresses, give --host (127\.0\.0\.1|::1)$"
    ):
        check_listening("localhost", free_port(), Settings(home))


def test_a_port_that_may_not_be_opened_is_told(home, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(
        StartError,
        match=r"^port 80 of '127\.0\.0\.1' may not be opened by this user: name one from 1024 on",
    ):
        check_listening("127.0.0.1", 80, Settings(home))


def test_a_champion_is_tried_before_the_service_starts(home):
    environment = {**os.environ, "CREATORCAST_HOME": str(home)}
    environment.pop(TRIED_VARIABLE, None)
    check_start("127.0.0.1", free_port(), environment)
    assert environment[TRIED_VARIABLE] == contents_digest(read_manifest(champion_folder(home)))


def test_a_champion_that_does_not_answer_or_ends_its_process_is_told_in_one_line(home, tmp_path):
    shutil.copytree(
        home / "artifacts",
        tmp_path / "artifacts",
        ignore=shutil.ignore_patterns("mlflow*"),
    )
    folder = champion_folder(tmp_path)
    UNANSWERED["mean far above"](folder)
    sealed(folder)
    with pytest.raises(
        StartError, match=rf"^the champion: '{folder}' does not answer: of a creator with [^\n]*$"
    ):
        check_start("127.0.0.1", free_port(), {**os.environ, "CREATORCAST_HOME": str(tmp_path)})
    (tmp_path / "sitecustomize.py").write_text("import os\nos.abort()\n")
    with pytest.raises(
        StartError, match=r"^the champion, or a file .*, ends the process that reads it \(SIGABRT\)"
    ):
        check_start(
            "127.0.0.1",
            free_port(),
            {**os.environ, "CREATORCAST_HOME": str(home), "PYTHONPATH": str(tmp_path)},
        )


SERVE, BENTOML = ["creatorcast", "serve"], ["bentoml", "serve", "serving.service:Creatorcast"]


def slowly(*cases):
    """Return cases of a kind that others show too, which are tried in the slow tests alone."""
    return [pytest.param(*case, marks=pytest.mark.slow) for case in cases]


@pytest.mark.parametrize(
    ("command", "environment", "reason"),
    [
        (
            SERVE,
            {"CREATORCAST_HOME": "spoilt"},
            r"the champion: 'spoilt/.*/reference\.json' differs from what the manifest says: ",
        ),
        (BENTOML, {"CREATORCAST_DATA": "negative"}, "--data .* 'negative': has 1 fault"),
        *slowly(
            ([*SERVE, "--data", "empty"], {}, "--data .*/empty' holds no creators"),
            ([*SERVE, "--rates", "rate.csv"], {}, "--rates .*/rate.csv': has 1 fault"),
            (
                [*SERVE, "--snapshot", "changed"],
                {},
                "--snapshot .*/changed' was changed since it was written",
            ),
            (
                BENTOML,
                {"CREATORCAST_SNAPSHOT_DAYS": "week"},
                "CREATORCAST_SNAPSHOT_DAYS 'week' is no number of days",
            ),
        ),
    ],
    ids=["champion", "bentoml data", "data", "rates", "snapshot", "bentoml settings"],
)
def test_a_real_service_ends_before_it_listens(files, home, command, environment, reason):
    told = started(files, home, command, free_port(), environment)
    assert (told.returncode, told.stdout) == (2, "")
    assert re.fullmatch(f"creatorcast: {reason}[^\n]*\n", told.stderr), told.stderr


@pytest.mark.parametrize(
    "command",
    [SERVE, pytest.param(BENTOML, marks=pytest.mark.slow)],
    ids=["creatorcast", "bentoml"],
)
def test_a_real_service_ends_where_its_port_is_in_use(files, home, command):
    with listening() as port:
        told = started(files, home, command, port)
    wanted = f"creatorcast: port {port} of '127.0.0.1' is in use: stop what listens there, or name another by --port\n"
    assert (told.returncode, told.stdout, told.stderr) == (2, "", wanted)


#: The service as it is, but for one who takes its port between the look at it and the listening.
LATE = """
import socket
from serving import service
look = service.check_start
def look_and_lose(host, port, *rest, **more):
    global server
    look(host, port, *rest, **more)
    server = socket.create_server((host, port))
service.check_start = look_and_lose
Creatorcast = service.Creatorcast
"""


def test_a_port_that_is_lost_after_the_look_at_it_is_told_in_the_same_line(files, home):
    (files / "late.py").write_text(LATE)
    port = free_port()
    result = started(
        files, home, ["bentoml", "serve", "late:Creatorcast"], port, {"PYTHONPATH": str(files)}
    )
    line = f"creatorcast: port {port} of '127.0.0.1' is in use: stop what listens there, or name another by --port\n"
    assert (result.returncode, result.stdout, result.stderr) == (2, "", line)


def started(folder, home, command, port, environment=()):
    command = [BIN / command[0], *command[1:], "--port", str(port)]
    tried = contents_digest(read_manifest(champion_folder(home)))
    told = {**os.environ, TRIED_VARIABLE: tried, "CREATORCAST_HOME": str(home), **dict(environment)}
    return subprocess.run(
        command, cwd=folder, env=told, capture_output=True, text=True, timeout=120
    )
