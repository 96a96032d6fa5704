"""How processes tell each other which bundles were tried (models.bundle_trial)."""

#: The environment variable with the digests of tried bundles, for processes that this one starts.
TRIED_VARIABLE = "CREATORCAST_TRIED"
