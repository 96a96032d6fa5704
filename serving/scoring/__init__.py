"""From partnerships to answers: features, forecast, pricing, verdict, warnings. No HTTP, no files
of lists.
"""
