"""How the starter bundle is called, and how it is told from trained ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

STARTER_VERSION = "starter-1"
TRAINED_ON = "published figures"


def is_starter(manifest: Mapping[str, Any]) -> bool:
    """Return whether a manifest is that of a starter bundle."""
    return manifest.get("trained_on") == TRAINED_ON


def starter_notice(home: Path) -> str:
    """Return the line that tells a user which model answers, and how to train one on own data."""
    return (
        f"no champion in {str(Path(home) / 'artifacts')!r}: the starter model answers, by "
        "published figures. To train on your own data: creatorcast import FILES --out DATA, "
        "creatorcast train DATA, creatorcast promote (docs/starter.md)"
    )
