import os
import re
import threading
from types import SimpleNamespace

import orjson
import pytest

from serving.http.addresses import ENDPOINTS
from serving.http.auth import PUBLIC_PATHS, AccessControl, AuthMiddleware
from serving.http.keys import AccessError, Keys, check_address, is_loopback, read_keys
from serving.http.metrics import Metrics, MetricsMiddleware
from serving.settings import Settings, settings_from

GOOD, OTHER = "campaigns-0123456789abcdef", "batch.0123456789/ABCDEF+=="


def scope(path="/v1/predict", server="127.0.0.1", **headers):
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "path": path, "server": (server, 3000), "headers": lines}


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"# of the campaign tool\ncampaigns:{GOOD}\n\n  {OTHER}  \n")
    path.chmod(0o600)
    return path


def test_a_file_gives_its_keys_alone(key_file):
    assert len(read_keys(key_file)) == 2
    keys = Keys(key_file)
    assert [bool(keys.find(given.encode())) for given in (GOOD, OTHER, "campaigns", GOOD[:-1], "", f"campaigns:{GOOD}")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: write one key a line"),
        (b"# none yet\n\n", "is empty: write one key a line"),
        (b"name:short\n", "line 1 holds no key: expected 16 to 256 letters"),
        (b"campaigns:0123456789abcdef\nname: with a blank 0123456789\n", "line 2 holds no key"),
        (b"\xff\xfe0123456789abcdef", "cannot be read: it is not UTF-8 text"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_without_quoting_it(tmp_path, content, said):
    if content is not None:
        (tmp_path / "keys").write_bytes(content)
    with pytest.raises(AccessError, match=re.escape(said)) as raised:
        read_keys(tmp_path / "keys")
    assert "0123456789" not in str(raised.value)


def test_keys_are_rotated_by_replacing_the_file_and_a_broken_one_changes_nothing(key_file, caplog):
    caplog.set_level("INFO", "bentoml.creatorcast")
    now = 0.0
    keys = Keys(key_file, 2.0, lambda: now)

    def replaced(text):
        nonlocal now
        (key_file.parent / "new").write_text(text)
        (key_file.parent / "new").chmod(0o600)
        (key_file.parent / "new").replace(key_file)
        now += 2.0

    key_file.with_name("new").write_text(OTHER)
    key_file.with_name("new").replace(key_file)
    assert bool(keys.find(GOOD.encode()))  # not looked at yet
    replaced(OTHER)
    assert (bool(keys.find(GOOD.encode())), bool(keys.find(OTHER.encode()))) == (False, True)
    for _ in range(2):
        replaced("")
        assert bool(keys.find(OTHER.encode()))
    key_file.unlink()
    now += 2.0
    assert bool(keys.find(OTHER.encode()))
    replaced(GOOD)
    assert (bool(keys.find(GOOD.encode())), bool(keys.find(OTHER.encode()))) == (True, False)
    told = [record.message.split(" '")[0] for record in caplog.records]
    assert told == [
        "2 key(s) in use",
        "1 key(s) in use",
        *["keys stay as they were: key file"] * 2,
        "1 key(s) in use",
    ]
    assert GOOD not in caplog.text
    assert OTHER not in caplog.text


@pytest.mark.parametrize("kind", ["FIFO", "folder", "device"])
def test_what_is_no_file_holds_nobody_and_a_link_to_one_is_followed(key_file, caplog, kind):
    keys = Keys(key_file, 0.0)
    kept = key_file.rename(key_file.with_name("kept"))
    place = key_file.with_name("place")
    {"FIFO": os.mkfifo, "folder": os.mkdir, "device": lambda path: path.symlink_to("/dev/zero")}[
        kind
    ](place)
    for link in (False, True):
        key_file.symlink_to(place) if link else place.rename(key_file)
        with pytest.raises(
            AccessError, match=f"cannot be read: it is a {kind}, expected a regular file"
        ):
            read_keys(key_file)
        assert bool(keys.find(GOOD.encode()))
        assert (
            f"keys stay as they were: key file {str(key_file)!r} cannot be read: it is a {kind}"
            in caplog.text
        )
        place = key_file.rename(place) if not link else place
        key_file.unlink(missing_ok=True)
    key_file.symlink_to(kept)
    assert bool(keys.find(OTHER.encode()))
    assert len(read_keys(key_file)) == 2


def test_a_large_file_is_refused(key_file):
    key_file.write_text(f"{GOOD}\n" * 50_000)
    with pytest.raises(AccessError, match="cannot be read: it is larger than 1,048,576 bytes"):
        read_keys(key_file)


def test_a_slow_disk_does_not_hold_requests(key_file, monkeypatch):
    keys, disk = Keys(key_file, 0.0), threading.Event()
    monkeypatch.setattr(keys, "_file_stamp", lambda: disk.wait(60) and (1, 2, 3, 4))
    monkeypatch.setattr("serving.http.keys.PATIENCE", 0.01)
    monkeypatch.setattr("serving.http.keys.read_keys", lambda path: ())
    began = threading.active_count()
    assert [bool(keys.find(GOOD.encode())) for _ in range(5)] == [True] * 5
    assert threading.active_count() == began + 1  # one reads for all of them
    disk.set()
    keys._reading.join()
    assert not bool(keys.find(GOOD.encode()))


def test_a_file_that_everybody_can_read_is_told(key_file, caplog):
    key_file.chmod(0o644)
    Keys(key_file)
    assert "can be read by everybody on this machine: chmod 600 it" in caplog.text


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (scope(), 401),
        (scope(authorization=f"Bearer {GOOD}"), None),
        (scope(authorization=f"bearer  {OTHER}"), None),
        (scope(x_api_key=GOOD), None),
        (scope(authorization="Basic dXNlcjpwYXNz", x_api_key=OTHER), None),
        (scope(authorization=f"Basic {GOOD}"), 401),
        (scope(authorization=f"Bearer {GOOD}x"), 401),
        (scope(x_api_key="é" * 20), 401),
        (scope("/metrics"), 401),
        (scope("/livez/"), 401),
        (scope("/livez"), None),
        (scope("/readyz", server="10.0.0.5"), None),
        (scope(server="10.0.0.5", x_api_key=GOOD), None),
    ],
)
def test_with_keys_every_address_but_the_probes_needs_one(key_file, tmp_path, asked, status):
    refused = AccessControl(Settings(tmp_path, api_keys_file=key_file)).refusal(asked)
    assert (refused and refused.status) == status


@pytest.mark.parametrize(
    ("server", "insecure", "status"),
    [
        ("127.0.0.1", False, None),
        ("127.8.8.8", False, None),
        ("::1", False, None),
        ("::ffff:127.0.0.1", False, None),
        ("localhost", False, None),
        ("0.0.0.0", False, 403),
        ("192.168.1.7", False, 403),
        ("::ffff:192.168.1.7", False, 403),
        ("example.com", False, 403),
        ("", False, 403),
        ("192.168.1.7", True, None),
    ],
)
def test_without_keys_only_this_machine_is_answered_unless_waived(
    tmp_path, server, insecure, status
):
    settings = Settings(tmp_path, insecure=insecure)
    refused = AccessControl(settings).refusal(scope(server=server))
    assert (refused and refused.status) == status
    assert is_loopback(server) == (status is None and not insecure)
    if status or insecure:
        return
    check_address(server, settings)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((host, None) for host in ("localhost", "localhost:3000", "LOCALHOST", "127.0.0.1:3000", "[::1]", "[::1]:3000")),
        *((host, 403) for host in ("evil.example", "evil.example:3000", "127.0.0.1.evil.example", "", "localhost.evil", "0.0.0.0:3000")),
    ],
)  # fmt: skip
def test_without_keys_no_other_name_is_answered(tmp_path, host, status):
    access = AccessControl(Settings(tmp_path))
    refused = access.refusal(scope(host=host))
    assert (refused and refused.status) == status
    assert AccessControl(Settings(tmp_path, insecure=True)).refusal(scope(host=host)) is None


def test_the_page_needs_no_key(key_file, tmp_path):
    access = AccessControl(Settings(tmp_path, api_keys_file=key_file))
    assert access.refusal(scope("/")) is None
    assert access.refusal(scope("/page/app/main.js")) is None
    assert access.refusal(scope("/pages")).status == 401


def test_listening_elsewhere_needs_keys_that_can_be_read(tmp_path, key_file):
    with pytest.raises(
        AccessError,
        match=r"'0\.0\.0\.0' can be reached from other machines and the service has no keys",
    ):
        check_address("0.0.0.0", Settings(tmp_path))
    check_address("0.0.0.0", Settings(tmp_path, api_keys_file=key_file))
    check_address("0.0.0.0", Settings(tmp_path, insecure=True))
    with pytest.raises(AccessError, match="cannot be read"):
        check_address("127.0.0.1", Settings(tmp_path, api_keys_file=tmp_path / "none"))


def test_only_a_1_waives_the_keys():
    assert [settings_from({"CREATORCAST_INSECURE": value}).insecure for value in ("1", "", "0", "false", "yes")] == [
        True, False, False, False, False,
    ]  # fmt: skip


async def not_to_be_reached(scope, receive, send):
    raise AssertionError("not to be reached")


@pytest.mark.anyio
async def test_the_guard_answers_in_the_one_shape(tmp_path, key_file):
    state, sent = (
        SimpleNamespace(access=AccessControl(Settings(tmp_path, api_keys_file=key_file))),
        [],
    )

    async def send(message):
        sent.append(message)

    await AuthMiddleware(not_to_be_reached, state)(scope(x_api_key="secret" * 4), None, send)
    assert sent[0]["status"] == 401
    assert (b"www-authenticate", b'Bearer realm="creatorcast"') in sent[0]["headers"]
    (fault,) = orjson.loads(sent[1]["body"])["errors"]
    assert fault == {
        "code": "no_key",
        "where": "headers.authorization",
        "what": "is no key of this service",
        "expected": "a key of the service as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
        "got": None,
    }


@pytest.mark.anyio
async def test_what_the_guard_refuses_is_counted_by_the_address_that_was_asked(tmp_path):
    metrics, state = (
        Metrics((*ENDPOINTS.values(), *PUBLIC_PATHS)),
        SimpleNamespace(access=AccessControl(Settings(tmp_path))),
    )
    counted = MetricsMiddleware(AuthMiddleware(not_to_be_reached, state), metrics)

    async def send(message):
        pass

    for path in (
        "/v1/predict",
        "/v1/predict/",
        "/v1/creators/a/b",
        "/metrics",
        "/v1/predict",
        "/made/up",
    ):
        await counted(scope(path, server="10.0.0.5"), None, send)
    with pytest.raises(AssertionError):
        await counted(scope("/livez", server="10.0.0.5"), None, send)
    lines = metrics.text().decode().splitlines()
    assert sorted(line for line in lines if line.startswith("creatorcast_requests_total")) == [
        'creatorcast_requests_total{code="403",endpoint="/metrics"} 1.0',
        'creatorcast_requests_total{code="403",endpoint="/v1/creators/{creator_id}"} 1.0',
        'creatorcast_requests_total{code="403",endpoint="/v1/predict"} 2.0',
        'creatorcast_requests_total{code="403",endpoint="other"} 2.0',
        'creatorcast_requests_total{code="none",endpoint="/livez"} 1.0',
    ]
    assert 'creatorcast_request_seconds_count{endpoint="/v1/predict"} 2.0' in lines
