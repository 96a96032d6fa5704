"""Readers of what people really have into the canonical tables."""
