"""The HTTP service: reading requests, writing answers, and staying up."""
