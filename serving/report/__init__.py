"""Answers as one HTML page for the client: no outside asset, prints to PDF."""
