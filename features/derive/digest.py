"""The digest of a reference, to check that two things rest on the same one."""

import hashlib
import json

from features.derive.reference import Reference


def reference_digest(reference: Reference) -> str:
    """Return the sha256 of what a reference knows of the market."""
    return hashlib.sha256(json.dumps(reference.to_json(), sort_keys=True).encode()).hexdigest()
