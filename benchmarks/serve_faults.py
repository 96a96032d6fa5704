"""What callers notice when champions change and workers are killed, and what a worker holds after long use.

    python benchmarks/serve_faults.py [--home HOME] [--rounds 5] [--soak 120]

HOME is a home with a promoted model; without it a simulated market of 800 creators is trained on in a temporary one.
The service runs as it is started, with two workers; CALLERS ask for one partnership, each over a connection of its own.
"""

import argparse
import contextlib
import signal
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import orjson
import psutil
from http_load import bentoml, called, free_port, started, stop
from serve_bench import ROOT, home_of, partnerships

from models.bundle import load_bundle, save_bundle
from models.bundle_folders import bundles_folder
from models.champion import champion_folder, set_champion
from serving.settings import SERVICE

CALLERS = 3
ONE = partnerships(1)


@dataclass
class Load:
    """Callers that ask one request after the other until the end of the block, and what each was answered."""

    port: int
    answers: list[tuple[float, float, int | str, str | None]] = field(default_factory=list)

    def __enter__(self):
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()
        time.sleep(0.5)
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stop.is_set():
            began, version = time.monotonic(), None
            connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request("POST", "/v1/predict", ONE, {"Content-Type": "application/json"})
                response = connection.getresponse()
                code, version = response.status, orjson.loads(response.read())["model_version"]
            except (OSError, HTTPException, KeyError) as error:
                code = type(error).__name__
            connection.close()
            self.answers.append((began, time.monotonic(), code, version))

    def lost(self) -> Counter:
        """Count what was no answer, by what it was."""
        return Counter(code for *_, code, _ in self.answers if code != 200)


def workers(service: psutil.Process) -> list[psutil.Process]:
    """Return the workers of a service."""
    processes = []
    for child in service.children():
        with contextlib.suppress(psutil.Error):  # it is going
            processes += [child] if "_bentoml_impl.worker.service" in child.cmdline() else []
    return processes


def answers(worker: psutil.Process) -> bool:
    """Return whether a worker has an open connection."""
    with contextlib.suppress(psutil.Error):
        return any(peer.status == psutil.CONN_ESTABLISHED for peer in worker.net_connections())
    return False


def promoted(port: int, home: Path, version: str) -> str:
    """Promote a version under load and return when the first answer named it, and when the last one named another."""
    with Load(port) as load:
        began = time.monotonic()
        set_champion(home, version)
        time.sleep(6)
    later = [answer for answer in load.answers if answer[1] > began]
    first = min(end for _, end, _, named in later if named == version) - began
    last = max(end for _, end, _, named in later if named not in (version, None)) - began
    return f"{first:>8.2f}{last:>8.2f}{len(load.answers):>10,}{load.lost().total():>6}"


def killed(port: int, service: psutil.Process) -> str:
    """Kill a worker under load; return when its replacement answers, and how many answers were lost."""
    victim, other = workers(service)
    with Load(port) as load:
        began = time.monotonic()
        victim.send_signal(signal.SIGKILL)
        while not any(
            answers(worker) for worker in workers(service) if worker not in (victim, other)
        ):
            time.sleep(0.01)
        back = time.monotonic() - began
    longest = max(end - start for start, end, *_ in load.answers)
    lost = load.lost()
    return (
        f"{back:>8.2f}{longest:>9.2f}{len(load.answers):>10,}{lost.total():>6}  {', '.join(lost)}"
    )


def soaked(port: int, service: psutil.Process, seconds: float) -> str:
    """Call for some seconds, in ten parts, and return the memory of each worker after each part, in MiB."""
    lines = [f"{'seconds':>8}{'calls':>10}{'MiB of each worker':>22}"]
    calls = 0
    for part in range(11):
        held = "".join(f"{worker.memory_info().rss / 2**20:>11.1f}" for worker in workers(service))
        lines.append(f"{part * seconds / 10:>8.0f}{calls:>10,}{held}")
        if part < 10:
            calls += called(port, "/v1/predict", ONE, 1, seconds / 10)["calls"]
    return "\n".join(lines)


def run(home: Path, rounds: int, seconds: float) -> None:
    """Serve the champion of a home, under two names in turn, and print what happens to callers."""
    bundle = load_bundle(champion_folder(home))
    with tempfile.TemporaryDirectory() as folder:
        home_copy, port = Path(folder), free_port()
        for version in ("first", "second"):
            save_bundle(
                replace(bundle, manifest={**bundle.manifest, "version": version}),
                bundles_folder(home_copy) / version,
            )
        set_champion(home_copy, "first")
        environment = {"CREATORCAST_HOME": folder, "PYTHONPATH": str(ROOT)}
        process = started(bentoml(SERVICE, port), port, "/readyz", ROOT, environment)
        try:
            service = psutil.Process(process.pid)
            print(f"champion replaced, seconds\n{'first':>8}{'last':>8}{'requests':>10}{'lost':>6}")
            for number in range(rounds):
                print(promoted(port, home_copy, ("second", "first")[number % 2]), flush=True)
            print(f"\nworker killed, seconds\n{'back':>8}{'longest':>9}{'requests':>10}{'lost':>6}")
            for _ in range(rounds):
                print(killed(port, service), flush=True)
            print("\nlong use\n" + soaked(port, service, seconds))
        finally:
            stop([process])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--soak", type=float, default=120)
    arguments = parser.parse_args()
    with home_of(arguments.home) as home:
        run(home, arguments.rounds, arguments.soak)


if __name__ == "__main__":
    main()
