"""The settings of the ledger, from the environment. Light: no SQLAlchemy, no pandas."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import LedgerError

#: The environment variable: unset or OFF, ON, or an address as SQLAlchemy writes them.
LEDGER = "CREATORCAST_LEDGER"
ON, OFF = "on", "off"
EXPECTED = "expected on, off, sqlite:////folder/file.db or postgresql://user@host/database"
#: The settings: the folder of the journal, and the most that one process may leave there.
JOURNAL, JOURNAL_MB = "CREATORCAST_LEDGER_JOURNAL", "CREATORCAST_LEDGER_JOURNAL_MB"
DEFAULT_MB = 1024.0


def ledger_file(home: Path) -> Path:
    """Return the SQLite file of a home, which is the ledger where no address is named."""
    return home / "artifacts" / "ledger.db"


def home_address(home: Path) -> str:
    """Return the address of the SQLite file of a home."""
    return f"sqlite:///{ledger_file(home).absolute()}"


def ledger_address(home: Path, environment: Mapping[str, str]) -> str | None:
    """Return the address of the ledger that CREATORCAST_LEDGER names, None where nothing is kept.

    Raises LedgerError for what is no address.

    >>> ledger_address(Path("/srv"), {"CREATORCAST_LEDGER": "on"})
    'sqlite:////srv/artifacts/ledger.db'
    """
    value = environment.get(LEDGER, "").strip()
    if value.lower() in ("", OFF):
        return None
    if value.lower() != ON and "://" not in value:
        raise LedgerError(f"{LEDGER} is no address of a database: {EXPECTED}")
    return home_address(home) if value.lower() == ON else value


def journal_folder(home: Path, environment: Mapping[str, str]) -> Path:
    """Return the folder of the journal: CREATORCAST_LEDGER_JOURNAL, else one of the home."""
    named = environment.get(JOURNAL)
    return Path(named) if named else home / "artifacts" / "ledger-journal"


def journal_bytes(environment: Mapping[str, str]) -> int:
    """Return how many bytes a process may leave in the journal. Raises LedgerError for a setting
    that is no number.
    """
    text = environment.get(JOURNAL_MB) or str(DEFAULT_MB)
    try:
        megabytes = float(text)
    except ValueError:
        megabytes = -1.0
    if not 2**20 * megabytes >= 1 or megabytes >= 1e9:
        raise LedgerError(
            f"{JOURNAL_MB} {text!r} is no number of megabytes above 0: give one such as 1024, or "
            f"{LEDGER}=off where nothing is to be kept"
        )
    return int(megabytes * 2**20)


@dataclass(frozen=True)
class LedgerSettings:
    """`address`: of the database; `journal`: its folder, and `journal_bytes`: the most that one
    process may leave there.
    """

    home: Path
    address: str
    journal: Path
    journal_bytes: int


def ledger_settings(home: Path, environment: Mapping[str, str]) -> LedgerSettings | None:
    """Return where the ledger is, None where nothing is kept. Raises LedgerError."""
    address = ledger_address(home, environment)
    if address is None:
        return None
    folder, limit = journal_folder(home, environment), journal_bytes(environment)
    return LedgerSettings(home, address, folder, limit)
