"""Where the ledger is: what CREATORCAST_LEDGER and the home name. Light: no SQLAlchemy."""

from collections.abc import Mapping
from pathlib import Path

#: The environment variable: unset or OFF, ON, or an address as SQLAlchemy writes them.
LEDGER = "CREATORCAST_LEDGER"
ON, OFF = "on", "off"


def ledger_file(home: Path) -> Path:
    """Return the SQLite file of a home, which is the ledger where no address is named."""
    return home / "artifacts" / "ledger.db"


def home_address(home: Path) -> str:
    """Return the address of the SQLite file of a home."""
    return f"sqlite:///{ledger_file(home).absolute()}"


def ledger_address(home: Path, environment: Mapping[str, str]) -> str | None:
    """Return the address of the ledger that CREATORCAST_LEDGER names, None where nothing is kept.

    >>> ledger_address(Path("/srv"), {"CREATORCAST_LEDGER": "on"})
    'sqlite:////srv/artifacts/ledger.db'
    """
    value = environment.get(LEDGER, "").strip()
    if value.lower() in ("", OFF):
        return None
    return home_address(home) if value.lower() == ON else value
