"""A Dask cluster whose workers run the same code as this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from features.version import features_version

#: Seconds to wait for a scheduler.
PATIENCE = 10


class ClusterError(ValueError):
    """A Dask cluster cannot be used."""


@contextmanager
def connected(address: str) -> Iterator:
    """Give a distributed.Client of the scheduler at an address. Raises ClusterError.

    Whoever reaches a scheduler can run code on its workers: it belongs into a network of its own.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError("Dask is not installed: pip install 'creatorcast[dask]'") from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=True)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address!r}: start one by dask scheduler, and give its tcp:// address"
        ) from error
    with client:
        found = client.run(features_version)
        if not found:
            raise ClusterError(f"the Dask scheduler at {address!r} has no workers: start some by dask worker {address}")
        if set(found.values()) != {features_version()}:
            raise ClusterError(f"workers of {address!r} run another version of creatorcast: install this one there")
        yield client
