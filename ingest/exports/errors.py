"""What can be wrong with a file as a whole. But: what is wrong with one record is a `Rejection`,
never an exception.
"""

from features.errors import CreatorcastError


class SourceError(CreatorcastError):
    """A file cannot be read, is of no known kind, or lacks what only its owner can tell."""
