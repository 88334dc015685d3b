"""Logs and metrics: one JSON line per fact an operator wants, and the short list of metrics.

Data goes to stdout and talk to stderr, so logs go to stderr. Never logs settings, statements' values or rows.
"""

import logging
import sys

import structlog
import structlog.tracebacks
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from runtime.errors import Fatal

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# without local variables: they may hold passwords and rows
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))

published_rows = Counter("penstock_published_rows_total", "Row changes published", ["table", "op"])
published_bytes = Counter("penstock_published_bytes_total", "Bytes of keys and values produced")
capture_lag = Gauge("penstock_capture_lag_seconds", "Now minus the source commit time of the last published change")
snapshot_rows = Counter("penstock_snapshot_rows_total", "Snapshot rows published", ["table"])
snapshot_restarts = Counter(
    "penstock_snapshot_restarts_total", "Copies that began again as foreign keys moved rows' keys", ["table"]
)
applied_records = Counter("penstock_applied_records_total", "Records consumed and applied", ["target"])
apply_lag = Gauge(
    "penstock_apply_lag_seconds", "Now minus the source commit time of the last applied change", ["target"]
)
commit_seconds = Histogram("penstock_commit_seconds", "Duration of a commit", ["where"])
retries = Counter("penstock_retries_total", "Transient errors", ["where"])


def configure(as_json: bool, level: int = logging.INFO) -> None:
    """Sets the log up once per process: JSON lines, or plain lines for a person at a terminal."""
    renderer: structlog.types.Processor
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _TRACEBACKS if as_json else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def serve(port: int) -> None:
    """Serves the metrics on every interface at `port` (Prometheus text format)."""
    try:
        start_http_server(port)
    except OSError as error:
        raise Fatal(
            f"no metrics at port {port}: {error.strerror or error}",
            hint="free the port, or set metrics.capture_port and metrics.apply_port (the first of as many as there are"
            " apply processes) to others",
        ) from error
