"""The source's log -> topics. Knows nothing of a destination."""
