"""The version of what the feature code means, kept in bundles and snapshots and compared where they
are loaded.
"""

#: Raise it by one with every change after which derive gives other values for the same tables,
#: queries and reference.
#: Comments, names, speed and whatever else leaves the values alone change nothing;
#: tests/test_features_version.py tells.
FEATURES_VERSION = 2


def features_version() -> int:
    """Return the version of the feature code of this process, as workers of a cluster are asked for
    it.
    """
    return FEATURES_VERSION
