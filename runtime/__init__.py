"""What every service stands on: the loop, errors, telemetry, and the only modules that import a driver."""
