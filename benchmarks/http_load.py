"""What the benchmarks of services share: a server process that is waited for, and callers over keep-alive connections.

As a script it is the client, a process of its own: `http_load.py PORT PATH CALLERS SECONDS`, the body on its standard input.
"""

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

QUIET = {"BENTOML_DO_NOT_TRACK": "True", "DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}


def bentoml(service: str, port: int, checkout: Path | None = None) -> list[str]:
    """Return the command that serves a BentoML service; `checkout`: whose .venv it is of, None for
    that of this process.
    """
    folder = Path(sys.executable).parent if checkout is None else checkout / ".venv" / "bin"
    command = folder / "bentoml"
    return [str(command), "serve", service, "--host", "127.0.0.1", "--port", str(port)]


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(
    command: Sequence[str],
    port: int,
    ready: str,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen:
    """Start a server; return when GET `ready` answers 200. Raises SystemExit after two minutes."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **QUIET, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1)
            return process
        except OSError:
            time.sleep(0.2)
    stop([process])
    raise SystemExit(f"{command} did not answer {ready} within two minutes")


def stop(processes: Sequence[subprocess.Popen]) -> None:
    """End servers with all that they started."""
    for process in processes:
        os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def called(port: int, path: str, body: bytes, callers: int, seconds: float) -> dict[str, float]:
    """Call a server from a process of its own: requests a second, calls, and p50, p99 and longest in ms."""
    client = [sys.executable, __file__, str(port), path, str(callers), str(seconds)]
    return json.loads(subprocess.run(client, input=body, stdout=subprocess.PIPE, check=True).stdout)


async def call(port: int, path: str, body: bytes, callers: int, seconds: float) -> dict[str, float]:
    """As `called`, in this process."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    request, latencies = f"{head}\r\n\r\n".encode() + body, []
    began = time.perf_counter()
    await asyncio.gather(
        *(_caller(port, request, began + seconds, latencies) for _ in range(callers))
    )
    took = time.perf_counter() - began
    cuts = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else latencies * 99
    figures = {"p50": cuts[49], "p99": cuts[98], "longest": max(latencies)}
    return {
        "rps": len(latencies) / took,
        "calls": len(latencies),
        **{k: 1e3 * v for k, v in figures.items()},
    }


async def _caller(port: int, request: bytes, until: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**26)
    began = time.perf_counter()
    while not latencies or began < until:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise SystemExit(f"the server answered {head[:60]!r}, expected 200")
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n", 1)[0]))
        ended = time.perf_counter()
        latencies.append(ended - began)
        began = ended
    writer.close()


if __name__ == "__main__":
    port, path, callers, seconds = sys.argv[1:]
    print(
        json.dumps(
            asyncio.run(
                call(int(port), path, sys.stdin.buffer.read(), int(callers), float(seconds))
            )
        )
    )
