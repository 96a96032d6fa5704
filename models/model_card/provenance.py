"""The version of the code that made a model, for a reader."""

from typing import Any


def code_text(commit: dict[str, Any], made_with: dict[str, str]) -> str:
    """Return the version of the code for a reader.

    >>> code_text({"commit": "0123456789abcdef", "is_changed": True}, {"code": "ab12"})
    'commit 0123456789 with changes that are not committed, source ab12'
    """
    parts = []
    if commit.get("commit"):
        mark = " with changes that are not committed" if commit.get("is_changed") else ""
        parts.append(f"commit {commit['commit'][:10]}{mark}")
    if made_with.get("code"):
        parts.append(f"source {made_with['code'][:12]}")
    return ", ".join(parts) or "not recorded"
