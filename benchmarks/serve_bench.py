"""The service beside MLflow's server of the same registered model and a straightforward BentoML service of it.

    python benchmarks/serve_bench.py [--home HOME] [--rounds 5] [--seconds 2] [--base FOLDER] [--json FILE]

HOME is a home with a trained and promoted model, and its tables in HOME/data; without it a simulated market of 800
creators is trained on in a temporary one. Every server has one worker, ours a second time as it is started, with two.
All run at once and are called in turn, the order turned by one each round; the table has medians over the rounds.
MLflow's server is given derived columns and gives quantiles of one count: nothing of what derive and pricing do.
FOLDER is a second checkout with a .venv of its own, whose service is called in the same rounds as ours. FILE gets the
figures as JSON: `medians` by server and call, `bare_ms`, `longest_ms`, and `targets`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import orjson
from http_load import bentoml, called, free_port, started, stop

from features.derive.catalog import COLUMNS
from features.derive.derive import derive_arrays
from features.derive.queries import Queries
from features.history.history import History
from models.bundle import Bundle, load_bundle
from models.champion import champion_folder
from serving.http.request_reader import read_partnerships
from serving.http.request_schema import read_request
from serving.scoring.prospect_batch import microseconds
from serving.settings import SERVICE

ROOT = Path(__file__).parents[1]
CALLERS = (1, 16, 64)
MANY = 1000
#: Calls in a row of which the longest is reported.
CALLS = 3000
OURS, BASE, TWO, PLAIN, MLFLOW = (
    "creatorcast",
    "creatorcast, base",
    "creatorcast, 2 workers",
    "straightforward",
    "mlflow models serve",
)
PROFILE = {
    "platform": "instagram",
    "followers": 48_000,
    "niche": "food",
    "avg_likes": 1150,
    "avg_comments": 31,
    "brand_niche": "food",
    "format": "carousel",
    "deliverables": 2,
    "start_at": "2026-07-20T09:00:00Z",
    "fee_usd": 900,
}
#: A partnership of two posts, of which one is online and was read once.
TRACKED = {
    **{name: value for name, value in PROFILE.items() if name != "start_at"},
    "published": [
        {
            "post_id": "a",
            "posted_at": "2026-07-20T09:00:00Z",
            "readings": [{"observed_at": "2026-07-22T09:00:00Z", "likes": 800, "comments": 21}],
        }
    ],
}
#: The calls beside those of one partnership by CALLERS: of MANY, and of TRACKED, by one caller.
OF_MANY, OF_TRACK = "many", "track"


@dataclass(frozen=True)
class Call:
    """A request to POST: its path and its body."""

    path: str
    body: bytes


@dataclass(frozen=True)
class Server:
    """A server that is up, and the calls that it is sent: of one partnership, of MANY, and of one
    that is tracked, None where the server tracks nothing.
    """

    process: subprocess.Popen
    port: int
    one: Call
    many: Call
    track: Call | None = None

    def call(self, what: int | str) -> Call | None:
        """Return the call of a number of callers, of OF_MANY, or of OF_TRACK."""
        return {OF_MANY: self.many, OF_TRACK: self.track}.get(what, self.one)


def partnerships(count: int) -> bytes:
    """Return a request of `count` partnerships, no two of the same size."""
    rows = [
        {
            **PROFILE,
            "partnership_id": f"p{n}",
            "followers": 48_000 + 997 * n,
            "deliverables": 1 + n % 3,
            "fee_usd": 900 + n,
        }
        for n in range(count)
    ]
    return orjson.dumps({"as_of": "2026-07-01T00:00:00Z", "partnerships": rows})


def features_of(body: bytes, bundle: Bundle) -> np.ndarray:
    """Return the features of a request, (n, len(COLUMNS))."""
    from datetime import UTC, datetime

    envelope = read_request(body)
    prospects = read_partnerships(envelope.partnerships, datetime(2026, 7, 1, tzinfo=UTC)).prospects
    moment, account = np.full(prospects.n, microseconds(envelope.as_of)), np.arange(prospects.n)
    profile = {"followers": prospects.number("followers"), "niche": prospects.code("niche")}
    history = History.from_profiles(prospects.code("platform"), moment, profile)
    values = {**prospects.codes, **prospects.numbers, "sponsored": np.ones(prospects.n)}
    queries = Queries.from_arrays(account, moment, prospects.time("start_at"), values)
    return derive_arrays(history, queries, bundle.reference)


def as_mlflow(x: np.ndarray) -> bytes:
    """Return features as JSON for MLflow's server; orjson writes NaN as null."""
    return orjson.dumps(
        {"dataframe_split": {"columns": list(COLUMNS), "data": x}},
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def bare_ms(x: np.ndarray, bundle: Bundle, rounds: int = 9) -> float:
    """Time the trees alone: location and scale of both targets, one thread; ms, the median of some rounds."""
    boosters = [b for f in bundle.forecasters.values() for b in (f.location_, f.scale_)]
    seen = np.ascontiguousarray(
        x[:, [COLUMNS.index(name) for name in bundle.forecasters["engagements"].columns_]]
    )
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        for booster in boosters:
            booster.predict(seen, threads=1)
        times.append(1e3 * (time.perf_counter() - began))
    return median(times)


@contextmanager
def home_of(path: Path | None) -> Iterator[Path]:
    """Yield the home at `path`; without one, a temporary one with a model of a simulated market."""
    if path:
        yield path.resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        trained(Path(folder))
        yield Path(folder)


def trained(home: Path) -> None:
    """Simulate, train and promote in `home`."""
    command = [sys.executable, "-m", "creatorcast"]
    environment = {**os.environ, "CREATORCAST_HOME": str(home), "PYTHONPATH": str(ROOT)}
    for step in (
        ["simulate", str(home / "data"), "--creators", "800", "--seed", "7"],
        ["train", str(home / "data"), "--per-post", "1"],
        ["promote", "--force", "--reason", "benchmark"],
    ):
        subprocess.run(
            [*command, *step], env=environment, cwd=home, check=True, stdout=subprocess.DEVNULL
        )


def start_all(home: Path, bundle: Bundle, base: Path | None = None) -> dict[str, Server]:
    """Start every server on a port of its own; `base`: a second checkout of ours."""
    environment_of_ours = {
        "CREATORCAST_HOME": str(home),
        "CREATORCAST_DATA": str(home / "data"),
        "PYTHONPATH": str(ROOT),
    }
    environment_of_base = environment_of_ours | {"PYTHONPATH": str(base)}
    one_worker = {"BENTOML_CONFIG_OPTIONS": "services.creatorcast.workers=1"}
    # MLflow looks for the program of its server on the path
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{home / 'artifacts' / 'mlflow.db'}", "PATH": path}
    bodies = partnerships(1), partnerships(MANY)
    one, many = (Call("/v1/predict", body) for body in bodies)
    of_features = (Call("/invocations", as_mlflow(features_of(body, bundle))) for body in bodies)
    track = Call(
        "/v1/track", orjson.dumps({"as_of": "2026-07-24T00:00:00Z", "partnerships": [TRACKED]})
    )
    mlflow = [
        str(Path(sys.executable).with_name("mlflow")),
        "models",
        "serve",
        "--env-manager",
        "local",
        "-w",
        "1",
    ]
    servers = {}
    try:
        for name, service, environment, cwd, tracked in (
            (OURS, SERVICE, environment_of_ours | one_worker, ROOT, track),
            (BASE, SERVICE, environment_of_base | one_worker, base, track),
            (TWO, SERVICE, environment_of_ours, ROOT, track),
            (PLAIN, "serve_baseline:Plain", environment_of_ours, Path(__file__).parent, None),
        ):
            if cwd is None:
                continue
            port = free_port()
            command = bentoml(service, port, base if name == BASE else None)
            process = started(command, port, "/readyz", cwd, environment)
            servers[name] = Server(process, port, one, many, tracked)
        port = free_port()
        command = [*mlflow, "-m", "models:/creatorcast@champion", "-p", str(port)]
        process = started(command, port, "/ping", home, store)
        servers[MLFLOW] = Server(process, port, *of_features)
    except BaseException:
        stop([server.process for server in servers.values()])
        raise
    return servers


def measure(
    servers: dict[str, Server], rounds: int, seconds: float
) -> dict[tuple[str, int | str], dict[str, float]]:
    """Measure every server at every number of callers, and the other calls, once a round; medians."""
    runs: dict[tuple, list[dict]] = {}
    names = list(servers)
    for number in range(rounds + 1):
        order = names[number % len(names) :] + names[: number % len(names)]
        for what in (*CALLERS, OF_MANY, OF_TRACK):
            callers = what if isinstance(what, int) else 1
            for name in order:
                server = servers[name]
                call = server.call(what)
                if call is None:
                    continue
                run = called(server.port, call.path, call.body, callers, seconds)
                if number:  # the first round warms up
                    runs.setdefault((name, what), []).append(run)
    return {
        at: {key: median(run[key] for run in results) for key in results[0]}
        for at, results in runs.items()
    }


def stall(server: Server) -> tuple[float, int]:
    """Return the longest of at least CALLS calls by one caller, ms, and how many there were."""
    longest, calls = 0.0, 0
    while calls < CALLS:
        run = called(server.port, server.one.path, server.one.body, 1, 3.0)
        longest, calls = max(longest, run["longest"]), calls + int(run["calls"])
    return longest, calls


def table(medians: dict, bare: float, stalled: tuple[float, int]) -> str:
    """Return a table of the medians with ratios, and the targets below."""
    names = list(dict.fromkeys(name for name, _ in medians))
    lines = [
        f"{'one partnership':<26}{'callers':>8}{'req/s':>8}{'ours is':>9}{'p50 ms':>9}{'p99 ms':>9}"
    ]
    for callers in CALLERS:
        ours = medians[OURS, callers]["rps"]
        for name in names:
            run = medians[name, callers]
            cells = (
                f"{run['rps']:>8.0f}{ours / run['rps']:>8.1f}x{run['p50']:>9.2f}{run['p99']:>9.2f}"
            )
            lines.append(f"{name:<26}{callers:>8}{cells}")
    for what, title in ((OF_TRACK, "one tracked partnership"), (OF_MANY, f"{MANY:,} partnerships")):
        lines += ["", f"{title:<26}{'p50 ms':>8}{'p99 ms':>9}"]
        lines += [
            f"{name:<26}{medians[name, what]['p50']:>8.2f}{medians[name, what]['p99']:>9.2f}"
            for name in names
            if (name, what) in medians
        ]
    lines.append(f"{'bare Booster.predict':<26}{bare:>8.2f}")
    met_or_not = [
        f"{what:<52}{got:>9}  target {target:<32}{'met' if met else 'MISSED'}"
        for what, got, target, met in targets(medians, bare, stalled)
    ]
    return "\n".join([*lines, "", *met_or_not])


def targets(
    medians: dict, bare: float, stalled: tuple[float, int]
) -> list[tuple[str, str, str, bool]]:
    """Return of each target what it is about, the figure, the target, and whether it is met."""
    rates = {name: medians[OURS, 1]["rps"] / medians[name, 1]["rps"] for name in (MLFLOW, PLAIN)}
    p50, track = medians[OURS, 1]["p50"], medians[OURS, OF_TRACK]["p50"]
    many, allowed = medians[OURS, OF_MANY]["p50"], 2 * bare + 8
    return [
        (
            f"requests a second against {MLFLOW}",
            f"{rates[MLFLOW]:.1f}x",
            "15x",
            rates[MLFLOW] >= 15,
        ),
        (
            f"requests a second against the {PLAIN} service",
            f"{rates[PLAIN]:.1f}x",
            "8x",
            rates[PLAIN] >= 8,
        ),
        ("p50 of one partnership, one caller", f"{p50:.2f} ms", "1.5 ms", p50 <= 1.5),
        (
            "p50 of one tracked partnership",
            f"{track:.2f} ms",
            f"p50 of one forecast = {p50:.2f} ms",
            track <= p50,
        ),
        (
            f"p50 of {MANY:,} partnerships",
            f"{many:.1f} ms",
            f"2 x bare + 8 = {allowed:.1f} ms",
            many <= allowed,
        ),
        (f"longest of {stalled[1]:,} calls", f"{stalled[0]:.1f} ms", "50 ms", stalled[0] <= 50),
    ]


def figures(medians: dict, bare: float, stalled: tuple[float, int]) -> dict:
    """Return what --json writes."""
    by_server: dict[str, dict] = {}
    for (name, what), run in medians.items():
        by_server.setdefault(name, {})[str(what)] = run
    names = ("what", "figure", "target", "is_met")
    return {
        "medians": by_server,
        "bare_ms": bare,
        "longest_ms": stalled[0],
        "targets": [dict(zip(names, row, strict=True)) for row in targets(medians, bare, stalled)],
    }


def run(home: Path, rounds: int, seconds: float, base: Path | None = None) -> tuple:
    """Start the servers over a home and measure: what `table` and `figures` take."""
    bundle = load_bundle(champion_folder(home))
    bare = bare_ms(features_of(partnerships(MANY), bundle), bundle)
    servers = start_all(home, bundle, base)
    try:
        return measure(servers, rounds, seconds), bare, stall(servers[OURS])
    finally:
        stop([server.process for server in servers.values()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    base = arguments.base and arguments.base.resolve()
    with home_of(arguments.home) as home:
        measured = run(home, arguments.rounds, arguments.seconds, base)
    print(table(*measured))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures(*measured), indent=2))


if __name__ == "__main__":
    main()
