"""A file of every account's features, from which a service answers by creator_id."""
