"""Memory that was freed goes back to the system: a long list takes hundreds of MiB for seconds,
which the allocators would keep.
"""

import contextlib
import ctypes

import pyarrow as pa

#: Of the C library, where it is that of GNU; another one returns memory by itself.
_TRIM = None
with contextlib.suppress(OSError, AttributeError):
    _TRIM = ctypes.CDLL(None).malloc_trim


def release_memory() -> None:
    """Return what Arrow and the C library hold and nobody uses."""
    pa.default_memory_pool().release_unused()
    if _TRIM is not None:
        _TRIM(0)
