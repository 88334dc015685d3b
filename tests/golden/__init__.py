"""Golden files: SQL in, records out. Add a case by writing SQL and the records that must follow it."""
