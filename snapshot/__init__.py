"""Copies tables while the log streams: chunks from parallel processes enter the stream where they are exact."""
