"""What the service is told by its environment, and the command that starts it. Light: no BentoML, no pandas."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: What `bentoml serve` is given.
SERVICE = "serving.service:Creatorcast"
#: What the environment of `bentoml serve` must hold; BentoML reads it before it loads the service.
ENVIRONMENT = {"BENTOML_DO_NOT_TRACK": "True", "DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
RATES = "CREATORCAST_RATES"
HOST = "127.0.0.1"
PORT = 3000


@dataclass(frozen=True)
class Limits:
    """What one worker takes on; past it a request is refused at once."""

    body_bytes: int = 8 * 2**20
    body_seconds: float = 20.0
    waiting: int = 128


@dataclass(frozen=True)
class Settings:
    """Where bundles, known creators' tables and rates are; `poll_seconds` is how often the champion is looked at."""

    home: Path
    data: Path | None = None
    poll_seconds: float = 2.0
    rates: Path | None = None


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read CREATORCAST_HOME (default: the working directory), and CREATORCAST_DATA and _RATES (default: none)."""
    data, rates = (Path(value) if value else None for value in map(environment.get, ("CREATORCAST_DATA", RATES)))
    return Settings(Path(environment.get("CREATORCAST_HOME") or "."), data, rates=rates)


def serve_command(host: str = HOST, port: int = PORT) -> list[str]:
    """Give the command that starts the service; its environment should hold ENVIRONMENT.

    Host and port are the only settings of the command; the rest is read from the environment.
    """
    bentoml = Path(sys.executable).with_name("bentoml")
    return [str(bentoml), "serve", SERVICE, "--host", host, "--port", str(port)]
