"""What the service is told by its environment, and the command that starts it. Light: no BentoML,
no pandas.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.errors import CreatorcastError

#: What `bentoml serve` is given.
SERVICE = "serving.service:Creatorcast"
#: What the environment of `bentoml serve` must hold; BentoML reads it before it loads the service.
ENVIRONMENT = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
DATA, SNAPSHOT, RATES = "CREATORCAST_DATA", "CREATORCAST_SNAPSHOT", "CREATORCAST_RATES"
#: Set where `creatorcast serve` has looked at everything, so that it is not read once more.
CHECKED = "CREATORCAST_CHECKED"
HOST = "127.0.0.1"
PORT = 3000
DRAIN_SECONDS = 30
#: Days after which a snapshot is old news.
STALE_DAYS = 7.0


class SettingsError(CreatorcastError):
    """A setting is wrong, or two contradict."""


@dataclass(frozen=True)
class Limits:
    """What one worker takes on; past it a request is refused.

    `values`: of a body, `recent_posts`: of all its partnerships. Short requests, of at most
    `short_bytes`, wait apart from long ones. `held_bytes` counts all bodies and answers.
    """

    head_bytes: int = 16 * 2**10
    body_bytes: int = 8 * 2**20
    values: int = 400_000
    recent_posts: int = 30_000
    body_seconds: float = 20.0
    answer_seconds: float = 30.0
    held_bytes: int = 32 * 2**20
    short_bytes: int = 16 * 2**10
    waiting: int = 64
    waiting_long: int = 8


@dataclass(frozen=True)
class Settings:
    """Where bundles, known creators' tables, rates and keys are; champion and keys are looked at
    every `poll_seconds`.

    `insecure` lets whoever reaches the service ask without a key. `snapshot` takes the place of
    `data`, and answers from it are warned of once it is older than `stale_days`.
    """

    home: Path
    data: Path | None = None
    poll_seconds: float = 2.0
    rates: Path | None = None
    api_keys_file: Path | None = None
    insecure: bool = False
    snapshot: Path | None = None
    stale_days: float = STALE_DAYS


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the CREATORCAST_ variables that docs/deploy.md lists; an empty one is one that is not
    set.

    Raises SettingsError where one is wrong, or two contradict.
    """

    def folder(name: str) -> Path | None:
        return Path(environment[name]) if environment.get(name) else None

    if folder(DATA) and folder(SNAPSHOT):
        raise SettingsError(
            f"{DATA} and {SNAPSHOT} are both set: give tables, or a snapshot of them"
        )
    return Settings(
        home=folder("CREATORCAST_HOME") or Path("."),
        data=folder(DATA),
        rates=folder(RATES),
        api_keys_file=folder("CREATORCAST_API_KEYS_FILE"),
        insecure=environment.get("CREATORCAST_INSECURE") == "1",
        snapshot=folder(SNAPSHOT),
        stale_days=_days(environment.get("CREATORCAST_SNAPSHOT_DAYS") or str(STALE_DAYS)),
    )


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days < 1e6:
        raise SettingsError(
            f"CREATORCAST_SNAPSHOT_DAYS {text!r} is no number of days: give one such as 7"
        )
    return days


def serve_command(host: str = HOST, port: int = PORT) -> list[str]:
    """Give the command that starts the service; its environment should hold ENVIRONMENT.

    Host and port are the only settings of the command; the rest is read from the environment. A
    request in flight has DRAIN_SECONDS to end once the service is told to.
    """
    bentoml = Path(sys.executable).with_name("bentoml")
    address = ["--host", host, "--port", str(port)]
    return [
        str(bentoml),
        "serve",
        SERVICE,
        *address,
        "--timeout-graceful-shutdown",
        str(DRAIN_SECONDS),
    ]
