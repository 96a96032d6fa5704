"""What a creator's tables say: canonical schema, signals, niche, band, and the one `derive` that
everybody calls.
"""
