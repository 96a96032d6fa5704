"""Data folders that do not fit in memory, split into parts of whole accounts."""
