"""The settings of the service, which it reads from its environment, and the command that starts it.

This module imports neither BentoML nor pandas, so that it loads fast.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.errors import CreatorcastError
from ledger.settings import LedgerSettings, ledger_settings

#: The name of the service for `bentoml serve`.
SERVICE = "serving.service:Creatorcast"
#: What the environment of `bentoml serve` must hold; BentoML reads it before it loads the service.
ENVIRONMENT = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
DATA, SNAPSHOT, RATES = "CREATORCAST_DATA", "CREATORCAST_SNAPSHOT", "CREATORCAST_RATES"
#: Set where `creatorcast serve` has checked everything, so that the service does not check again.
CHECKED = "CREATORCAST_CHECKED"
HOST = "127.0.0.1"
PORT = 3000
DRAIN_SECONDS = 30
#: Days after which a snapshot is stale.
STALE_DAYS = 7.0


class SettingsError(CreatorcastError):
    """A setting is wrong, or two settings contradict each other."""


@dataclass(frozen=True)
class Limits:
    """The limits of one worker, beyond which it refuses a request.

    `values`: JSON values in a body; `recent_posts`: of all its partnerships together. Short
    requests, of at most `short_bytes`, wait apart from long ones, and both apart from those for
    files; nobody waits longer than `turn_seconds`. `held_bytes`: of all bodies and answers in
    memory.
    """

    head_bytes: int = 16 * 2**10
    body_bytes: int = 8 * 2**20
    values: int = 400_000
    recent_posts: int = 30_000
    body_seconds: float = 20.0
    answer_seconds: float = 30.0
    stream_seconds: float = 300.0
    turn_seconds: float = 30.0
    file_seconds: float = 120.0
    held_bytes: int = 32 * 2**20
    short_bytes: int = 16 * 2**10
    waiting: int = 64
    waiting_long: int = 8
    waiting_files: int = 2


@dataclass(frozen=True)
class Settings:
    """Where bundles, tables of known creators, rates and keys are.

    Champion and keys are checked for changes every `poll_seconds`. `insecure` lets everybody who
    reaches the service use it without a key. `snapshot` takes the place of `data`; answers from one
    older than `stale_days` have a warning. `ledger`: where forecasts are kept, None where not.
    """

    home: Path
    data: Path | None = None
    poll_seconds: float = 2.0
    rates: Path | None = None
    api_keys_file: Path | None = None
    insecure: bool = False
    snapshot: Path | None = None
    stale_days: float = STALE_DAYS
    ledger: LedgerSettings | None = None


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the CREATORCAST_ variables that docs/deploy.md lists; an empty one counts as not set.

    Raises SettingsError, or LedgerError, where one is wrong, or two contradict each other.
    """

    def folder(name: str) -> Path | None:
        return Path(environment[name]) if environment.get(name) else None

    if folder(DATA) and folder(SNAPSHOT):
        raise SettingsError(
            f"{DATA} and {SNAPSHOT} are both set: give tables, or a snapshot of them"
        )
    home = folder("CREATORCAST_HOME") or Path(".")
    return Settings(
        home=home,
        data=folder(DATA),
        rates=folder(RATES),
        api_keys_file=folder("CREATORCAST_API_KEYS_FILE"),
        insecure=environment.get("CREATORCAST_INSECURE") == "1",
        snapshot=folder(SNAPSHOT),
        stale_days=_days(environment.get("CREATORCAST_SNAPSHOT_DAYS") or str(STALE_DAYS)),
        ledger=ledger_settings(home, environment),
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
    """Return the command that starts the service; its environment should hold ENVIRONMENT.

    Host and port are the only settings of the command; the rest is read from the environment. When
    the service is stopped, requests in progress have DRAIN_SECONDS to end.
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
