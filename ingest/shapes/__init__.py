"""Shapes of the records in exports of platforms and scrapers, as data: one module a platform or
scraper, and the shared parsers of their values.

The lowest layer of `ingest`: spreadsheets (flat JSON) and exports both read by these shapes.
"""
