"""How an apply process works; every size bounds memory or a transaction."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one statement to the destination may hold."""

    rows: int = 1000
    characters: int = 1 << 20


@dataclass(frozen=True, slots=True)
class ApplySettings:
    """`batch_rows` stays below 10,000: some engines commit larger transactions piece by piece."""

    state_database: str = "penstock"
    batch_rows: int = 4000
    batch_bytes: int = 4 << 20
    limits: Limits = Limits()
    lock_wait_seconds: int = 5
    lock_patience_seconds: float = 12 * 3600.0  # then a lock needs an operator
    refused_seconds: float = 60.0  # until a refused record is tried again
    quiet_seconds: float = 20.0  # without other work, until refused records end the process
