"""Copies tables while the log streams: chunks read by parallel processes, merged into the stream where they are exact."""
