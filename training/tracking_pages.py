"""The command of MLflow's own server, by which its pages show the runs of a home."""

import errno
import socket
import sys
from pathlib import Path

from features.address_login import hide_login
from features.errors import CreatorcastError
from training.registry import store_address, store_exists

HOST = "127.0.0.1"
#: MLflow's pages of trained models; it opens those of language models by default.
PAGE = "/#/experiments?workflowType=machine_learning"
#: Keeps the server to one process that answers, and quiet.
ENVIRONMENT = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
}


class PagesError(CreatorcastError):
    """MLflow's pages cannot be shown."""


def is_server(tracking_uri: str) -> bool:
    """Return whether an address is that of a server, which has pages of its own."""
    return tracking_uri.startswith(("http://", "https://"))


def pages_command(home: Path, tracking_uri: str | None, port: int) -> list[str]:
    """Return the command that serves the pages of a store on 127.0.0.1.

    Raises PagesError where there is no store, or where the port is taken.
    """
    if not store_exists(home, tracking_uri):
        store = hide_login(store_address(home, tracking_uri))
        raise PagesError(
            f"{store!r} does not exist: there are no runs to show yet, "
            "creatorcast train DATA makes the first"
        )
    _require_free(port)
    store = store_address(home, tracking_uri)
    artifacts = (Path(home).resolve() / "artifacts" / "mlruns").as_uri()
    return [
        *(sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", store, "--default-artifact-root", artifacts),
    ]


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else error.strerror
            raise PagesError(
                f"the port {port} of {HOST} {reason}: choose another one by --port"
            ) from error
