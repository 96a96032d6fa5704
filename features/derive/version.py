"""The version of the feature code, stored in bundles and snapshots and compared when they are
loaded.
"""

#: Raise it by one with every change after which derive returns other values for the same tables,
#: queries and reference.
#: Comments, names, speed and whatever else leaves the values alone change nothing;
#: tests/test_features_version.py checks it.
FEATURES_VERSION = 3


def features_version() -> int:
    """Return the version of the feature code of this process, as workers of a cluster are asked for
    it.
    """
    return FEATURES_VERSION
