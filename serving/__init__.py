"""The doors: HTTP service and batch files, both over one Scorer."""
