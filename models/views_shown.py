"""Which rows views are forecast for."""

import numpy as np
import pandas as pd

from features.derive.catalog import feature_column
from features.derive.level_offset import PROFILE_ONLY
from features.derive.reference import Reference


def rows_with_views(x: np.ndarray | pd.DataFrame, reference: Reference) -> np.ndarray:
    """Return a mask of the rows of derived columns x, (n,), whose platform shows views for the
    planned format.

    On a platform where training knew the views of no creator: also rows with evidence of views.
    """
    platform = feature_column(x, "platform_code")
    shows_views = reference.platform_posts.shows_views(platform, feature_column(x, "format_code"))
    if reference.views is None or shows_views.all():
        return shows_views
    has_evidence = feature_column(x, "views_evidence_code") != PROFILE_ONLY
    return shows_views | (has_evidence & ~reference.views.has_creators(platform))
