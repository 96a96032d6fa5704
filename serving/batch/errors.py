"""The error that ends a run over a list."""

from features.errors import CreatorcastError


class BatchError(CreatorcastError):
    """A list cannot be scored at all, or its answers cannot be written."""
