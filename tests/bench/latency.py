"""From commit at the source to visible in the destination: one process commits at a steady rate, another one looks.

Both use this machine's clock. The span begins before the source is asked to commit and ends when a SELECT at the
destination has shown the row: it is too long by the source's own commit and by up to one look, never too short.
"""

import multiprocessing
import time
from multiprocessing.connection import Connection as Pipe
from statistics import quantiles

from runtime.mysql import Endpoint, connect

DATABASE = "bench_latency"
TABLE = f"{DATABASE}.latency"
_LOOK_SECONDS = 0.002
_PATIENCE_SECONDS = 60.0


def create(source: Endpoint) -> None:
    with connect(source) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
        connection.execute(
            f"CREATE TABLE {TABLE} (id BIGINT NOT NULL PRIMARY KEY, v INT NOT NULL, pad VARCHAR(100) NOT NULL)"
        )


def measure(source: Endpoint, destination: Endpoint, rate: int, seconds: int) -> dict[str, float]:
    """Commits `rate` single-row transactions a second; returns percentiles of the delay in milliseconds."""
    count = rate * seconds
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    writer = multiprocessing.get_context("spawn").Process(target=_write, args=(theirs, source, rate, count))
    writer.start()
    try:
        seen = _look(destination, count)
        committed: list[float] = ours.recv()
    finally:
        writer.join()
    delays = sorted((there - here) * 1000 for here, there in zip(committed, seen, strict=True))
    cuts = quantiles(delays, n=100)
    return {"p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1), "max_ms": round(delays[-1], 1)}


def _write(pipe: Pipe, source: Endpoint, rate: int, count: int) -> None:
    """Open loop: a slow commit does not make the next ones late for long."""
    committed = []
    with connect(source) as connection:
        begin = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            committed.append(time.time())
            connection.execute(f"INSERT INTO {TABLE} VALUES ({number}, {number % 7}, REPEAT('x', 100))")
    pipe.send(committed)


def _look(destination: Endpoint, count: int) -> list[float]:
    """When each row was first seen, by its number."""
    seen: list[float] = []
    patience = time.monotonic() + _PATIENCE_SECONDS
    with connect(destination) as connection:
        while len(seen) < count:
            rows = connection.query(f"SELECT id FROM {TABLE} WHERE id >= {len(seen)} ORDER BY id")
            now = time.time()
            if [number for (number,) in rows] != list(range(len(seen), len(seen) + len(rows))):
                raise AssertionError(f"rows of {TABLE} became visible out of their order")
            seen.extend(now for _ in rows)
            if rows:
                patience = time.monotonic() + _PATIENCE_SECONDS
            elif time.monotonic() > patience:
                raise AssertionError(f"row {len(seen)} of {TABLE} was not to be seen within {_PATIENCE_SECONDS:g} s")
            time.sleep(_LOOK_SECONDS)
    return seen
