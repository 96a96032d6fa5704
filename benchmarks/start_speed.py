"""What the start of the processes costs: imports, help, and the service until its first answer.

    python benchmarks/start_speed.py --base FOLDER [--folder FOLDER] [--rounds 10] [--cold-rounds 2]
        [--json FILE]

`--base`: another checkout with its own .venv; rounds of both are interleaved, and the ratio of the
medians is what counts. Measured are processor seconds, of all processes together, and elapsed ones:
on a machine that does other things too only the former can be compared.

- supervisor: import of what the process that starts the workers imports
- worker: import of what a worker imports
- help: `creatorcast --help`
- first answer: `creatorcast serve` until POST /v1/predict answers 200, with the usual workers and
  with one (the same service in a module of its own), by the trained model and the tables of
  `--folder`, which batch_bench makes too, and by the starter model. The answers of both checkouts
  are compared
"""

import argparse
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

from batch_bench_data import BenchmarkFiles, prepare

ROOT = Path(__file__).parents[1]
#: A module that older checkouts do not have is what they import in the supervisor.
WORKER = """
import importlib.util, serving.service
if importlib.util.find_spec("serving.worker"):
    import serving.worker
"""
ONE_WORKER = """
from serving.service import Creatorcast
Creatorcast.config["workers"] = 1
"""
QUESTION = {
    "as_of": "2026-07-01T00:00:00Z",
    "partnerships": [{"platform": "instagram", "followers": 25000, "avg_likes": 900}],
}
MOST_SECONDS = 240.0
#: Between two tries of the service.
PAUSE_SECONDS = 0.05
#: No proxy stands between this machine and itself.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def command_seconds(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Return the processor and the elapsed seconds of a command until it ends."""
    before, began = _children_seconds(), time.monotonic()
    subprocess.run(command, env=environment, cwd=ROOT.anchor, check=True, capture_output=True)
    return {"processor": _children_seconds() - before, "elapsed": time.monotonic() - began}


def first_answer_seconds(
    command: list[str], environment: dict[str, str], answers: set[bytes]
) -> dict[str, float]:
    """Return the seconds of a service until its first answer, which is added to `answers`.

    The processor seconds are those of all its processes, with their end.
    """
    port = _free_port()
    before, began = _children_seconds(), time.monotonic()
    with tempfile.TemporaryFile() as log:
        # elsewhere: BentoML imports a service from the folder that it is started in
        service = subprocess.Popen(
            [*command, "--port", str(port)],
            env=environment,
            cwd=ROOT.anchor,
            stdout=log,
            stderr=log,
        )
        try:
            answers.add(_first_answer(port, service))
            elapsed = time.monotonic() - began
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait()
    return {"processor": _children_seconds() - before, "elapsed": elapsed}


def _first_answer(port: int, service: subprocess.Popen) -> bytes:
    address = f"http://127.0.0.1:{port}/v1/predict"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(QUESTION).encode(), headers)
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end and service.poll() is None:
        try:
            with OPENER.open(request, timeout=MOST_SECONDS) as response:
                return response.read()
        except OSError:
            time.sleep(PAUSE_SECONDS)
    sys.exit(f"no answer at {address} within {MOST_SECONDS:g} s")


def _children_seconds() -> float:
    """Return the processor seconds of all processes that this one has started and that ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def measurements(
    checkout: Path, environments: dict[str, dict[str, str]], modules: Path, answers: set[bytes]
) -> dict[str, Callable[[], dict[str, float]]]:
    """Return what is measured of a checkout, by name. `environments`: of processes, by the model
    that answers; `modules`: a folder of this script's own.
    """
    programs = checkout / ".venv" / "bin"
    path = {"PYTHONPATH": os.pathsep.join([str(checkout), str(modules)])}
    environment = environments["starter model"] | path
    python = [str(programs / "python"), "-W", "ignore", "-c"]
    services = {
        "two workers": [str(programs / "creatorcast"), "serve"],
        "one worker": [str(programs / "bentoml"), "serve", "one_worker:Creatorcast"],
    }
    starts = {
        f"first answer, {workers}, {model}": partial(
            first_answer_seconds, command, of_model | path, answers
        )
        for model, of_model in environments.items()
        for workers, command in services.items()
    }
    return {
        "supervisor": lambda: command_seconds([*python, "import serving.service"], environment),
        "worker": lambda: command_seconds([*python, WORKER], environment),
        "help": lambda: command_seconds([str(programs / "creatorcast"), "--help"], environment),
        **starts,
    }


def report(seconds: dict[str, dict[str, list[dict[str, float]]]]) -> dict[str, dict[str, float]]:
    """Print the medians of both checkouts and their ratio; return them by measurement."""
    figures = {}
    print(f"{'':40}{'processor seconds':>30}{'elapsed seconds':>30}")
    for name, by_checkout in seconds.items():
        row: dict[str, float] = {}
        for kind in ("processor", "elapsed"):
            for checkout, rounds in by_checkout.items():
                row[f"{checkout}_{kind}"] = statistics.median(one[kind] for one in rounds)
            row[f"ratio_{kind}"] = row[f"here_{kind}"] / row[f"base_{kind}"]
        figures[name] = row
        shown = [
            f"{row[f'base_{kind}']:>10.2f} {row[f'here_{kind}']:>9.2f} {row[f'ratio_{kind}']:>9.2f}"
            for kind in ("processor", "elapsed")
        ]
        print(f"{name:40}{''.join(shown)}")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="another checkout")
    parser.add_argument("--folder", type=Path, default=Path("bench-batch"), help="of batch_bench")
    parser.add_argument("--rounds", type=int, default=10, help="of imports and help")
    parser.add_argument("--cold-rounds", type=int, default=2, help="of starts of the service")
    parser.add_argument("--json", type=Path, help="file for the medians")
    given = parser.parse_args()
    files = BenchmarkFiles(given.folder.resolve())
    prepare(files, 800, lambda text: print(text, file=sys.stderr, flush=True), ("ships",))
    answers: set[bytes] = set()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one_worker.py").write_text(ONE_WORKER)
        quiet = {
            "BENTOML_DO_NOT_TRACK": "True",
            "DO_NOT_TRACK": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        environment = {**os.environ, **quiet, "CREATORCAST_HOME": folder}
        of_trained = {
            "CREATORCAST_HOME": str(files.home("ships")),
            "CREATORCAST_DATA": str(files.folder / "data"),
        }
        environments = {"trained model": environment | of_trained, "starter model": environment}
        measured = {
            checkout: measurements(path.resolve(), environments, Path(folder), answers)
            for checkout, path in (("base", given.base), ("here", ROOT))
        }
        seconds: dict = {name: {"base": [], "here": []} for name in measured["base"]}
        for name, by_checkout in seconds.items():
            rounds = given.cold_rounds if name.startswith("first") else given.rounds
            for _ in range(rounds):
                for checkout, collected in by_checkout.items():
                    collected.append(measured[checkout][name]())
    print(f"{len(answers)} different answer(s) of all starts")
    figures = report(seconds)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
