"""What ends a run over a list."""


class BatchError(ValueError):
    """A list cannot be scored at all, or its answers cannot be written."""
