"""Where a home names its champion."""

from pathlib import Path


def champion_file(home: Path) -> Path:
    """Return the file that names the champion."""
    return Path(home) / "artifacts" / "champion"
