"""The service as it runs: `creatorcast serve`, two workers, a real bundle, and what may happen to it."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import psutil
import pytest
from conftest import QUIET
from test_bundle_damage import DAMAGES, UNANSWERED, sealed
from test_bundle_trial import a_fifo

from features.history.history import History
from features.snapshot.writer import write_snapshot
from models.bundle import load_bundle, save_bundle
from models.bundle_files import contents_digest, read_manifest
from models.bundle_folders import bundles_folder
from models.champion import champion_folder, set_champion
from models.trial_variable import TRIED_VARIABLE
from serving.http.processes import stray_signals
from serving.http.start_check import check_listening
from serving.settings import Limits, Settings

BIN = Path(sys.executable).parent
JSON = {"content-type": "application/json"}
PROFILE = {
    "platform": "instagram", "followers": 48_000, "niche": "food", "avg_likes": 1150, "avg_comments": 31,
    "format": "carousel", "deliverables": 2, "fee_usd": 900,
}  # fmt: skip
#: Told to the interpreter of every process of the service: write down whoever reaches beyond this machine.
WATCH = """
import os, sys
def watch(event, args):
    if event not in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        return
    host = args[0] if event == "socket.getaddrinfo" else args[1][0] if isinstance(args[1], tuple) else "unix"
    if host not in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "unix", None):
        with open(os.environ["WATCHED"] + "/outside", "a") as file:
            print(event, host, sys.argv, file=file)
sys.addaudithook(watch)
open(f"{os.environ['WATCHED']}/watched-{os.getpid()}", "w").close()
"""


def body_of(count):
    return json.dumps({"as_of": "2026-06-10T00:00:00Z", "partnerships": [PROFILE] * count}).encode()


ONE, LONG, LONGEST = body_of(1), body_of(200), body_of(1000)


@dataclass
class Running:
    """A service: where it listens, its supervisor, and what it has logged."""

    port: int
    process: subprocess.Popen
    log: Path
    home: Path

    def ask(self, body=ONE, path="/v1/predict", headers=JSON, seconds=60):
        """Ask over a connection of its own; give the status, the headers and the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("POST" if body is not None else "GET", path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def workers(self):
        found = psutil.Process(self.process.pid).children()
        return [child for child in found if is_worker(child)]

    def rss(self):
        return sum(worker.memory_info().rss for worker in self.workers())

    def logged(self, text):
        return self.log.read_text().count(text)

    def open(self, sent=b""):
        """Open a bare connection and send the beginning of something."""
        found = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        found.sendall(sent)
        return found


def is_worker(process):
    try:
        return "_bentoml_impl.worker.service" in process.cmdline()
    except psutil.Error:  # it went meanwhile
        return False


def head(length, *lines, path="/v1/predict"):
    told = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        *lines,
    ]
    return ("\r\n".join(told) + "\r\n\r\n").encode()


def until(condition, seconds=60.0, every=0.05):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(folder, home, command=None, **environment):
    """Run a service until the end of the block; it must come up with two workers and must go by itself."""
    port = free_port()
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(WATCH)
    command = command or [BIN / "creatorcast", "serve"]
    told = {
        **os.environ,
        "CREATORCAST_HOME": str(home),
        "WATCHED": str(folder),
        "PYTHONPATH": str(folder),
    }
    told[TRIED_VARIABLE] = contents_digest(
        read_manifest(champion_folder(home))
    )  # it takes seconds, and test_startup does it
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env={**told, **environment},
            stdout=log,
            stderr=log,
        )
    found = Running(port, process, folder / "log", home)
    try:
        until(lambda: found.logged("champion is now") == 2, 120)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            process.kill()


@pytest.fixture(scope="session")
def two_bundles(home, tmp_path_factory):
    """Give a home with bundles `first`, the champion, and `second` and `third`; they differ by their name alone."""
    own = tmp_path_factory.mktemp("fire-home")
    bundle = load_bundle(next(path for path in bundles_folder(home).iterdir() if path.is_dir()))
    for name in ("first", "second", "third"):
        save_bundle(
            replace(bundle, manifest={**bundle.manifest, "version": name}),
            bundles_folder(own) / name,
        )
    set_champion(own, "first")
    return own


@pytest.fixture(scope="module")
def service(two_bundles, tmp_path_factory):
    """One service for everything that it is expected to survive."""
    with running(tmp_path_factory.mktemp("fire") / "service", two_bundles) as found:
        yield found


@pytest.fixture(autouse=True)
def first_is_champion(two_bundles):
    """Leave the champion as it was, whatever a test does."""
    yield
    if champion_folder(two_bundles).name != "first":
        set_champion(two_bundles, "first")


@dataclass
class Load:
    """Clients that ask one after the other until told to stop, and what they got."""

    service: Running
    body: bytes = ONE
    clients: int = 3
    answers: list = field(default_factory=list)

    def __enter__(self):
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                status, _, content = self.service.ask(self.body)
                version = json.loads(content).get("model_version")
            except (OSError, http.client.HTTPException) as error:
                status, version = type(error).__name__, None
            self.answers.append((status, version, began, time.monotonic()))

    def statuses(self):
        return Counter(status for status, *_ in self.answers)

    def versions(self):
        return {version for _, version, *_ in self.answers}

    def slowest(self):
        return max(end - began for _, _, began, end in self.answers)


def at_once(service, bodies, headers=JSON):
    """Ask everything at the same moment; give (status, headers, seconds) of each."""
    found, together = [], threading.Barrier(len(bodies))

    def ask(body):
        together.wait()
        began = time.monotonic()
        status, told, _ = service.ask(body, headers=headers)
        found.append((status, told, time.monotonic() - began))

    threads = [threading.Thread(target=ask, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def truncated(folder):
    path = folder / "engagements_location.txt"
    path.write_bytes(path.read_bytes()[:-100])


def tampered(folder):
    path = folder / "reference.json"
    path.write_text(path.read_text().replace("1", "2", 1))


def test_champions_come_and_go_under_load_and_no_request_fails(service, two_bundles):
    bundles = bundles_folder(two_bundles)
    with Load(service) as load, Load(service, LONG, clients=1) as long:
        set_champion(two_bundles, "second")
        began = time.monotonic()
        until(lambda: service.logged("champion is now second") == 2)
        moved = time.monotonic()
        for spoil in (truncated, tampered):
            shutil.copytree(bundles / "third", bundles / spoil.__name__)
            spoil(bundles / spoil.__name__)
            set_champion(two_bundles, spoil.__name__)
            until(lambda name=spoil.__name__: service.logged(f"/{name}/") == 2)
            assert (
                service.logged(
                    "differs from what the manifest says: restore it or retrain; second stays"
                )
                % 2
                == 0
            )
        set_champion(two_bundles, "third")
        until(lambda: service.logged("champion is now third") == 2)
        time.sleep(0.2)
    assert load.statuses().keys() | long.statuses().keys() == {200}
    assert load.versions() == {"first", "second", "third"}
    late = [
        version for _, version, asked, _ in load.answers if moved <= asked and version == "first"
    ]
    assert late == []
    assert moved - began < 20


def spoilt(two_bundles, name, damage):
    """Make a damaged copy of a bundle champion, with right checksums."""
    folder = shutil.copytree(
        bundles_folder(two_bundles) / "third", bundles_folder(two_bundles) / name
    )
    damage(folder)
    if name != "fifo":  # whoever reads that one waits for ever
        sealed(folder)
    set_champion(two_bundles, name)


#: Champions that cannot answer, by name, with what is told of each.
CANNOT_ANSWER = {
    "null-version": (DAMAGES["version null"], "lacks 'version'"),
    "not-a-number": (DAMAGES["reference NaN"], "reference.json' cannot be read as JSON"),
    "text": (DAMAGES["state text"], "is not sound: correlation.0"),
    "cut-booster": (DAMAGES["booster cut"], "is no sound booster"),
    "looping-booster": (DAMAGES["booster with a loop"], "make no tree of"),
    "fifo": (
        lambda folder: a_fifo(folder / "views_scale.txt"),
        "it is a FIFO, expected a regular file",
    ),
    "mean-far-above": (UNANSWERED["mean far above"], "does not answer: of a creator with"),
}


@pytest.mark.slow
def test_champions_that_cannot_answer_are_refused_and_a_good_one_is_taken_afterwards(
    service, two_bundles
):
    workers, good = (
        {worker.pid for worker in service.workers()},
        service.logged("champion is now second"),
    )
    with Load(service) as load:
        for name, (damage, reason) in CANNOT_ANSWER.items():
            spoilt(two_bundles, name, damage)
            until(lambda reason=reason: service.logged(reason) == 2, 200)
        set_champion(two_bundles, "second")
        until(lambda: service.logged("champion is now second") == good + 2)
        time.sleep(0.2)
    assert load.statuses().keys() == {200}
    assert not load.versions() & {*CANNOT_ANSWER, None}
    assert {worker.pid for worker in service.workers()} == workers


@pytest.fixture(scope="module")
def from_snapshot(two_bundles, tables, tmp_path_factory):
    """A service over a snapshot that may be damaged, and the path of it."""
    path = tmp_path_factory.mktemp("snapshot") / "snapshot.arrow"
    bundle = load_bundle(champion_folder(two_bundles))
    moment = pd.Timestamp("2026-06-15T00:00:00Z")
    write_snapshot(
        History.from_tables(tables),
        bundle.reference,
        moment,
        path,
        bundle.version,
    )
    with running(path.parent / "service", two_bundles, CREATORCAST_SNAPSHOT=str(path)) as found:
        yield found, path


@pytest.mark.slow
def test_a_snapshot_damaged_in_place_changes_no_answer_and_ends_no_worker(from_snapshot, tables):
    service, path = from_snapshot
    whole, workers = path.read_bytes(), {worker.pid for worker in service.workers()}
    known = (
        tables.creators[["creator_id", "platform"]].drop_duplicates().head(100).to_dict("records")
    )
    body = json.dumps({"as_of": "2026-06-16T00:00:00Z", "partnerships": known}).encode()
    before, answers = service.ask(body), []

    def zeroed(file):
        file.seek(len(whole) // 4)
        file.write(bytes(len(whole) // 2))

    for reason, damage in (
        ("was changed", zeroed),
        ("was cut short", lambda file: file.truncate(5000)),
    ):
        with path.open("r+b") as file:
            damage(file)
        end = time.monotonic() + 120
        while service.logged(reason) < 2:
            assert time.monotonic() < end, f"nobody says that it {reason}"
            answers.append(service.ask(body))
        answers += [service.ask(body) for _ in range(20)]
    assert before[0] == 200
    assert {(status, content) for status, _, content in answers} == {(200, before[2])}
    assert service.logged("no new champion: SnapshotError") == 4
    assert service.logged("; first stays") == 4
    assert {worker.pid for worker in service.workers()} == workers
    path.with_name("new").write_bytes(whole)
    path.with_name("new").replace(path)
    until(lambda: service.logged("champion is now first") == 4)
    assert service.ask(body)[2] == before[2]


def test_too_many_at_once_are_told_to_come_back_and_memory_stays(service):
    limits, before = Limits(), service.rss()
    found = at_once(service, [LONGEST] * 8 * (limits.waiting_long + 1))
    served = [seconds for status, _, seconds in found if status == 200]
    refused = [(told["retry-after"], seconds) for status, told, seconds in found if status == 503]
    assert len(served) + len(refused) == len(found)
    assert len(served) >= limits.waiting_long
    assert {told for told, _ in refused} == {"1"}
    assert max(seconds for _, seconds in refused) < max(served)
    assert service.rss() - before < 300 * 2**20
    assert service.ask()[0] == 200


def test_bodies_over_the_limit_are_refused_with_and_without_their_length(service):
    large = b" " * (Limits().body_bytes + 1)
    for body in (large, iter([large[: 2**20]] * 9)):
        status, _, content = service.ask(body)
        assert (status, json.loads(content)["errors"][0]["where"]) == (413, "body")


def test_only_json_is_read(service):
    for told in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/vnd.bentoml+pickle",
        "multipart/mixed",
    ):
        assert service.ask(headers={"content-type": told})[0] == 415


def test_unfinished_bodies_are_held_up_to_a_limit(service):
    limits, before, sockets = Limits(), service.rss(), []
    for _ in range(40):
        found = service.open()
        found.settimeout(2)
        sockets.append(found)
        with contextlib.suppress(TimeoutError):
            found.sendall(head(limits.body_bytes) + b" " * (limits.body_bytes - 1))
    grown = service.rss() - before
    assert service.ask()[0] in (200, 503)
    for found in sockets:
        found.close()
    assert grown < 2 * limits.held_bytes + 150 * 2**20, (
        f"{grown:,} bytes for {40 * limits.body_bytes:,} sent"
    )
    until(lambda: service.ask()[0] == 200)


def slow_reader(service, asked=LONG, times=1):
    """Ask some times over one connection, all at once, and read nothing."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", service.port))
    reader.settimeout(30)
    with contextlib.suppress(TimeoutError):
        reader.sendall((head(len(asked)) + asked) * times)
    return reader


def test_slow_clients_hold_nobody_up(service):
    usual = min(self_timed(service) for _ in range(3))
    slow = [
        service.open(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        for _ in range(100)
    ]
    slow += [service.open(head(1000) + b'{"partner') for _ in range(100)]
    slow += [slow_reader(service) for _ in range(6)]
    slow += [service.open() for _ in range(300)]
    time.sleep(2)
    try:
        assert sorted(self_timed(service) for _ in range(9))[4] < 20 * usual + 1
    finally:
        for found in slow:
            found.close()


#: The service as it is, with less patience and memory: what users need not set is set by a module of its own.
HURRIED = """
import functools, os
from serving import service, worker
from serving.settings import Limits
limits = Limits(body_seconds=1, answer_seconds=2, held_bytes=int(os.environ["HELD_BYTES"]))
worker.build_app = functools.partial(worker.build_app, limits=limits)
Creatorcast = service.Creatorcast
"""


@pytest.fixture(scope="module")
def hurried(service, two_bundles, tmp_path_factory):
    """A service with little time and room for one long answer a worker, but not for a long question beside it."""
    folder = tmp_path_factory.mktemp("hurried")
    (folder / "hurried.py").write_text(HURRIED)
    room = len(service.ask(LONGEST)[2]) + len(LONGEST) // 2
    command = [BIN / "bentoml", "serve", "hurried:Creatorcast"]
    with running(folder, two_bundles, command, HELD_BYTES=str(room)) as found:
        yield found


def test_a_body_that_does_not_arrive_in_time_is_refused_also_when_it_trickles(hurried):
    silent, trickling = (hurried.open(head(1000) + b'{"partner') for _ in range(2))
    began = time.monotonic()
    with contextlib.suppress(OSError):  # once it is refused, there is nobody to send to
        while time.monotonic() < began + 3:
            time.sleep(0.05)
            trickling.sendall(b" ")
    for slow in (silent, trickling):
        answer = http.client.HTTPResponse(slow)
        answer.begin()
        fault = json.loads(answer.read())["errors"][0]
        assert (answer.status, fault["what"], fault["expected"]) == (
            408, "did not arrive in time", "all of it within 1 s",
        )  # fmt: skip
        assert slow.recv(1) == b""
        slow.close()
    assert time.monotonic() - began < 10


def test_who_does_not_read_the_answer_is_cut_off_and_holds_nothing_any_more(hurried):
    """Several answers each, because the kernels on both sides take in up to some megabytes."""
    readers, whole = [], len(hurried.ask(LONGEST)[2])

    def refused():
        readers.append(slow_reader(hurried, LONGEST, 5))
        return hurried.ask(LONGEST)[0] == 503

    until(refused)
    assert hurried.ask()[0] == 200  # there is room for short ones
    until(lambda: hurried.logged("without completing response"))
    until(lambda: [hurried.ask(LONGEST)[0] for _ in range(8)] == [200] * 8)
    assert len(read_out(readers[0])) < 5 * whole
    for reader in readers[1:]:
        reader.close()


def read_out(reader):
    found = bytearray()
    with contextlib.closing(reader), contextlib.suppress(ConnectionResetError):
        while piece := reader.recv(2**20):
            found += piece
    return found


def self_timed(service):
    began = time.monotonic()
    assert service.ask()[0] == 200
    return time.monotonic() - began


def answers_to(service, sent):
    """Send bytes and then one more request; give the answers until the connection is closed, [(status, body)]."""
    found, connection = (
        [],
        service.open(sent + b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    )
    with (
        contextlib.closing(connection),
        contextlib.suppress(ConnectionResetError),
        connection.makefile("rb") as file,
    ):
        while line := file.readline():
            headers = http.client.parse_headers(file)
            found.append((int(line.split()[1]), file.read(int(headers["content-length"]))))
    return found


CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(ONE), ONE)
LENGTH, TWICE = f"Content-Length: {len(ONE)}", f"Content-Length: {len(ONE)}, {len(ONE)}"
CODING = "Transfer-Encoding: chunked"
#: Headers that leave unclear where a body ends, and the body.
UNCLEAR = {
    "both": ([f"Content-Length: {len(CHUNKED)}", CODING], CHUNKED),
    "both the other way round": ([CODING, "Content-Length: 5"], CHUNKED),
    "two lengths": ([LENGTH, "Content-Length: 5"], ONE),
    "a length twice": ([LENGTH, LENGTH], ONE),
    "a list of lengths": ([TWICE], ONE),
    "a length with a sign": ([f"Content-Length: +{len(ONE)}"], ONE),
    "a length of several words": ([f"Content-Length: {len(ONE)} {len(ONE)}"], ONE),
    "a length in hex": ([f"Content-Length: {len(ONE):#x}"], ONE),
    "no length": (["Content-Length:"], ONE),
    "a length past what numbers hold": ([f"Content-Length: {2**64 + len(ONE)}"], ONE),
    "a coding twice": ([CODING, CODING], CHUNKED),
    "codings": (["Transfer-Encoding: chunked, identity"], CHUNKED),
    "another coding": (["Transfer-Encoding: xchunked"], CHUNKED),
    "identity": (["Transfer-Encoding: identity"], ONE),
    "a folded coding": (["Transfer-Encoding:\r\n chunked"], CHUNKED),
    "a folded length": ([f"Content-Length:\r\n\t{len(ONE)}"], ONE),
    "any folded line": ([LENGTH, "X-A: 1\r\n 2"], ONE),
    "a bare line feed": ([f"X-A: 1\n{LENGTH}"], ONE),
    "a bare line feed at the end": ([f"{LENGTH}\n"], ONE),
}


@pytest.mark.parametrize("name", UNCLEAR)
@pytest.mark.parametrize("path", ["/v1/predict", "/livez"])
def test_a_request_whose_end_is_unclear_gets_one_answer_and_no_other_on_its_connection(
    service, name, path
):
    lines, body = UNCLEAR[name]
    told = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *lines]
    ((status, content),) = answers_to(service, "\r\n".join(told).encode() + b"\r\n\r\n" + body)
    assert (status, json.loads(content)["code"]) == (400, "unclear_length")


def test_an_unclear_request_behind_a_clear_one_is_seen_too(service):
    clear, unclear = head(len(ONE)) + ONE, head(5, CODING) + CHUNKED
    first, second = answers_to(service, clear + unclear)
    assert (first[0], second[0]) == (200, 400)


@pytest.mark.parametrize("version", [b"1.0", b"0.9", b"2.0"])
def test_chunks_are_of_http_1_1_alone(service, version):
    told = b"Host: localhost\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = b"POST /v1/predict HTTP/%s\r\n" % version + told + CHUNKED
    assert [status for status, _ in answers_to(service, sent)] == [400]


def test_clear_requests_share_a_connection(service):
    told = [
        "POST /v1/predict HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "transfer-encoding:  Chunked ",
    ]
    chunked = "\r\n".join(told).encode() + b"\r\n\r\n" + CHUNKED
    found = answers_to(service, head(len(ONE)) + ONE + chunked)
    assert [status for status, _ in found] == [200, 200, 200]


HEAD_BYTES = Limits().head_bytes


@pytest.mark.parametrize(
    ("line", "filled"),
    [
        (b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\nX-A: %s\r\n\r\n", b"x"),
        (b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\nX-A:%sx\r\n\r\n", b" "),
        (b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\n%s\r\n", b"A: b\r\n"),
        (b"GET /v1/creators/%s HTTP/1.1\r\nHost: localhost\r\n\r\n", b"x"),
    ],
)
@pytest.mark.parametrize("bytes_past", [1, 60_000 - HEAD_BYTES, 200_000])
def test_request_line_and_headers_past_the_limit_are_refused_also_when_they_come_at_once(
    service, line, filled, bytes_past
):
    room = HEAD_BYTES - len(line % b"")
    fits = line % (filled * (room // len(filled)))
    assert len(answers_to(service, fits)) == 2
    past = line % (filled * ((room + bytes_past) // len(filled) + 1))
    ((status, content),) = answers_to(service, past)
    assert (status, json.loads(content)["code"]) == (431, "too_large")


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"%s\r\n\r\n",
        b"GET http://x/v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
    ],
)
def test_what_is_no_http_is_told_in_the_shape_of_errors(service, junk):
    ((status, content),) = answers_to(service, junk)
    assert (status, json.loads(content)["code"]) == (400, "not_http")


def test_a_websocket_is_a_request_like_any_other(service):
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n"
    first, _ = answers_to(
        service, b"GET /v1/predict HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n"
    )
    assert (first[0], json.loads(first[1])["code"]) == (405, "wrong_method")


def test_a_flood_of_headers_is_cut_off(service):
    found = service.open(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n")
    with contextlib.suppress(OSError):
        for number in range(20_000):
            found.sendall(b"X-Flood-%d: %s\r\n" % (number, b"x" * 100))
    with contextlib.suppress(OSError):
        assert found.recv(100).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    found.close()
    assert service.ask()[0] == 200


def test_a_long_request_does_not_keep_short_ones_waiting(service):
    with Load(service, LONGEST, clients=2) as long:
        until(lambda: len(long.answers) >= 2)
        with Load(service, clients=2) as short:
            until(lambda: len(long.answers) >= 6)
    took = sorted(end - began for _, _, began, end in long.answers)
    assert long.statuses().keys() | short.statuses().keys() == {200}
    waited = sorted(end - began for _, _, began, end in short.answers)
    assert waited[len(waited) // 2] < took[len(took) // 2]


def test_a_killed_worker_comes_back_and_the_other_goes_on(service):
    before = {worker.pid for worker in service.workers()}
    with Load(service) as load:
        until(lambda: len(load.answers) > 5)
        began = time.monotonic()
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len({worker.pid for worker in service.workers()} - before) == 1)
        until(lambda: len(load.answers) > 20)
    assert time.monotonic() - began < 60
    lost = [status for status, *_ in load.answers if status != 200]
    assert len(lost) <= load.clients, load.statuses()  # those that the worker was at
    until(lambda: len(service.workers()) == 2)


def supervisor(service):
    return [service.process]


def everyone(service):
    return [service.process, *service.workers()]


@pytest.mark.parametrize(
    ("signals", "receivers"),
    [
        pytest.param(
            [signal.SIGTERM], supervisor, marks=pytest.mark.slow
        ),  # as every service here is ended
        pytest.param([signal.SIGHUP], supervisor, marks=pytest.mark.slow),  # its terminal is closed
        pytest.param([signal.SIGQUIT], everyone, marks=pytest.mark.slow),  # Ctrl-\\ in its terminal
        pytest.param(
            [signal.SIGTERM, signal.SIGHUP], everyone, marks=pytest.mark.slow
        ),  # a group of processes
        # nothing that it could do about it
        pytest.param([signal.SIGKILL], supervisor, marks=pytest.mark.slow),
    ],
    ids=["SIGTERM", "SIGHUP", "SIGQUIT to all", "SIGTERM and SIGHUP to all", "SIGKILL"],
)
def test_a_service_that_ends_finishes_what_it_has_begun_and_leaves_nothing(
    two_bundles, tmp_path, signals, receivers
):
    answers = []
    with running(tmp_path / "service", two_bundles) as service:
        processes = [psutil.Process(process.pid) for process in everyone(service)]
        threads = [
            threading.Thread(target=lambda: answers.append(service.ask(LONGEST))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        for number in signals:
            for process in receivers(service):
                process.send_signal(number)
        for thread in threads:
            thread.join()
        service.process.wait(60)
        assert psutil.wait_procs(processes, 60)[1] == []
    assert [status for status, *_ in answers] == [200] * 3
    assert all(len(json.loads(content)["results"]) == 1000 for *_, content in answers)
    check_listening(
        "127.0.0.1", service.port, Settings(two_bundles)
    )  # a second service could start


def test_signals_that_mean_nothing_here_leave_the_service_whole(service):
    workers = {worker.pid for worker in service.workers()}
    for number in [*stray_signals(), signal.SIGPIPE, signal.SIGWINCH, signal.SIGCONT]:
        service.process.send_signal(number)
        for worker in service.workers():
            worker.send_signal(number)
    time.sleep(0.2)
    assert [service.ask()[0] for _ in range(8)] == [200] * 8
    assert psutil.Process(service.process.pid).status() not in (
        psutil.STATUS_STOPPED,
        psutil.STATUS_ZOMBIE,
    )
    assert {worker.pid for worker in service.workers()} == workers


#: What BentoML has a page at and what there is not: no addresses of ours, so no figures of their own.
MADE_UP = ("/schema.json", "/made/up")


def test_keys_guard_every_address_but_the_probes_and_are_rotated_and_all_is_counted(
    two_bundles, tmp_path
):
    first, second = "first-key-0123456789", "second-key-0123456789"
    keys = tmp_path / "keys"
    keys.write_text(f"campaigns:{first}\n")
    keys.chmod(0o600)
    with running(
        tmp_path / "service", two_bundles, [BIN / "creatorcast", "serve", "--host", "0.0.0.0"],
        CREATORCAST_API_KEYS_FILE=str(keys),
    ) as service:  # fmt: skip
        asked = Counter()

        def status(key, path="/v1/predict", body=ONE):
            code = service.ask(body, path, {**JSON, "x-api-key": key})[0]
            asked["other" if path in MADE_UP else path, str(code)] += 1
            return code

        assert [status("", path, None) for path in ("/livez", "/readyz", "/healthz")] == [200] * 3
        for path in ("/metrics", "/v1/model", "/v1/openapi.json", *MADE_UP):
            assert status("wrong-key-0123456789", path, None) == 401
            assert status(first, path, None) != 401
        assert service.ask(headers={**JSON, "authorization": f"Bearer {first}"})[0] == 200
        code, told, content = service.ask()
        asked.update([("/v1/predict", "200"), ("/v1/predict", "401")])
        assert (code, told["www-authenticate"]) == (401, 'Bearer realm="creatorcast"')
        assert json.loads(content)["errors"][0]["where"] == "headers.authorization"
        keys.with_name("new").write_text(f"{second}\n")
        keys.with_name("new").chmod(0o600)
        keys.with_name("new").replace(keys)
        until(lambda: [status(second) for _ in range(8)] == [200] * 8)
        until(lambda: [status(first) for _ in range(8)] == [401] * 8)
        assert status(second, "/livez") == 404

        def all_counted():
            text = service.ask(None, "/metrics", {"x-api-key": second})[2].decode()
            figure = r'^creatorcast_requests_total\{code="(\w+)",endpoint="([^"]+)"\} (\S+)$'
            told = {
                (path, code): float(n) for code, path, n in re.findall(figure, text, re.MULTILINE)
            }
            found = told == asked
            asked["/metrics", "200"] += 1
            return found

        until(all_counted, 10)
        log = service.log.read_text()
    assert "key-0123456789" not in log
    assert "campaigns" not in log


@pytest.mark.parametrize(
    "command",
    [
        ["creatorcast", "serve"],
        pytest.param(["bentoml", "serve", "serving.service:Creatorcast"], marks=pytest.mark.slow),
    ],
)
def test_without_keys_it_does_not_listen_elsewhere(two_bundles, tmp_path, command):
    command = [BIN / command[0], *command[1:], "--host", "0.0.0.0", "--port", str(free_port())]
    environment = {**os.environ, "CREATORCAST_HOME": str(two_bundles)}
    told = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert told.returncode != 0
    assert "'0.0.0.0' can be reached from other machines and the service has no keys" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.slow
def test_nothing_leaves_the_machine_also_when_bentoml_is_called_directly(two_bundles, tmp_path):
    tracked = {**os.environ, "PYTHONPATH": "."}
    for name in QUIET:
        tracked.pop(name)
    quiet = dict.fromkeys(QUIET, "")
    command = [BIN / "bentoml", "serve", "serving.service:Creatorcast"]
    with running(tmp_path / "service", two_bundles, command, **quiet) as service:
        assert service.ask()[0] == 200
        folder = service.log.parent
    assert not (folder / "outside").exists(), (folder / "outside").read_text()
    assert len(list(folder.glob("watched-*"))) >= 3


FIGURE = re.compile(r"^creatorcast_(\w+)\{(.*)\} (\S+)$", re.MULTILINE)


def figures(service):
    """Give the value of every figure, by its name and its labels."""
    text = service.ask(None, "/metrics")[2].decode()
    return {(name, labels): float(value) for name, labels, value in FIGURE.findall(text)}


def models(service):
    return {
        labels: value for (name, labels), value in figures(service).items() if name == "model_info"
    }


def answered(service):
    return figures(service).get(("requests_total", 'code="200",endpoint="/v1/predict"'), 0)


@pytest.fixture
def temporary(tmp_path):
    """Give a temporary folder with room for 1 MiB where this user may mount one, else a plain one; tell which."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    small = (
        shutil.which("mount") is not None
        and subprocess.run(mount, capture_output=True).returncode == 0
    )
    yield folder, small
    if small:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def clean(folder):
    """Do as those who clean temporary folders do."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def fill(folder):
    """Leave no byte free."""
    with contextlib.suppress(OSError), (folder / "filling").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


#: The service as it is, on a machine with no other temporary folder.
ALONE = """
import os, tempfile
tempfile._candidate_tempdir_list = lambda: [os.environ["TMPDIR"]]
from serving.service import Creatorcast
"""


@pytest.mark.slow
def test_what_becomes_of_the_temporary_folder_is_nothing_to_the_service(
    two_bundles, tmp_path, temporary
):
    """Cleaned before the first request, and full while a champion and a worker are replaced."""
    folder, small = temporary
    environment = {"TMPDIR": str(folder), "BENTOML_HOME": str(folder / "bentoml")}
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "alone.py").write_text(ALONE)
    command = [BIN / "bentoml", "serve", "alone:Creatorcast"]
    with running(tmp_path / "service", two_bundles, command, **environment) as service:
        until(lambda: len(list(folder.glob("bentoml-client-*"))) == 2)  # both workers have come up
        clean(folder)
        if small:
            fill(folder)
        else:
            folder.rmdir()
        assert [service.ask()[0] for _ in range(8)] == [200] * 8
        assert answered(service) == 8
        set_champion(two_bundles, "second")
        until(lambda: service.logged("champion is now second") == 2)
        assert models(service) == {'trained_on="simulated",version="second"': 1}
        service.workers()[0].kill()
        until(lambda: service.logged("champion is now second") == 3)
        assert [service.ask()[0] for _ in range(8)] == [200] * 8
        assert answered(service) == 16
        assert models(service) == {'trained_on="simulated",version="second"': 1}
        assert "Traceback" not in service.log.read_text()


def test_nothing_of_hostile_requests_is_in_the_log(service):
    secret = "s3cret"
    asked = [
        service.ask(
            json.dumps({"partnerships": [{**PROFILE, "handle": secret, "bio": secret}]}).encode()
        ),
        service.ask(f'{{"partnerships": "{secret}"'.encode()),
        service.ask(
            json.dumps({"partnerships": [{secret: secret}, {"creator_id": secret}]}).encode()
        ),
        service.ask(path=f"/v1/{secret}%0A{secret}"),
        service.ask(None, f"/v1/benchmarks?{secret}={secret}"),
        service.ask(
            headers={
                "content-type": secret,
                "x-api-key": secret,
                "authorization": f"Bearer {secret}",
            }
        ),
    ]
    assert all(status < 500 for status, *_ in asked)
    for junk in (b"%s\r\n\r\n", b"GET /%s HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n%s\r\n\r\n"):
        service.open(junk % secret.encode()).close()
    time.sleep(0.2)
    log = service.log.read_text()
    assert secret not in log
    assert "Traceback" not in log
    assert "0123456789" not in log


def test_nothing_has_left_the_machine(service):
    folder = service.log.parent
    assert not (folder / "outside").exists(), (folder / "outside").read_text()
    assert len(list(folder.glob("watched-*"))) >= 3
