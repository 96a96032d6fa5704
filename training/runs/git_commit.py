"""The git commit of the code that trained. The manifest has the digest of its source
(`made_with`), which needs no git.
"""

import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: The packages whose source decides what a bundle holds.
SOURCE_PACKAGES = ("features", "models", "training")
GIT_SECONDS = 10


def git_commit(root: Path = ROOT) -> dict[str, Any]:
    """Return `commit`, of the checkout at `root`, and `is_changed`: whether SOURCE_PACKAGES differ
    from it. Both are None where there is no checkout, or no git.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    commit = _git(root, "rev-parse", "HEAD")
    if top is None or commit is None or Path(top).resolve() != root.resolve():
        return {"commit": None, "is_changed": None}
    changes = _git(root, "status", "--porcelain", "--", *SOURCE_PACKAGES)
    return {"commit": commit, "is_changed": None if changes is None else changes != ""}


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints; None where it is not there or fails."""
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
