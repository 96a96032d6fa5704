"""Niches: of creators by their texts and labels, and how near two of them are."""
