"""Fuzzing of what reads bytes from a server: damaged input gives one of our errors, and never anything else."""
