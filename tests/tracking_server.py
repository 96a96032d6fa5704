"""A real `mlflow server` for tests, whose store and files clients reach by its address alone."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request

START_SECONDS = 180
ENVIRONMENT = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@contextlib.contextmanager
def tracking_server(folder, store, artifacts, port=None):
    """Start a server over a store and a folder for files; give its address, and stop it."""
    port = port or free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", store, "--artifacts-destination", str(artifacts),
    ]  # fmt: skip
    with open(folder / "server.log", "w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **ENVIRONMENT}, cwd=folder
        )
        try:
            wait_for(f"http://127.0.0.1:{port}", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def wait_for(address, server, log):
    """Wait until the server answers; raise AssertionError with its log where it ended."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/health", timeout=2).close()
            return
        time.sleep(0.2)
    raise AssertionError(f"the tracking server did not start: {log.read_text()}")


def free_port():
    """Give a port of 127.0.0.1 that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
