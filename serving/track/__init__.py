"""Deliverables that are online, forecast from the counts that were read of them: what the command
`track` and POST /v1/track share.
"""
