"""Named places where a process may die between two steps that belong together.

In production a seam does nothing. The fault tests set PENSTOCK_SEAM="name:occurrence:action" and the process
kills itself (`kill`), stops itself (`stop`, until SIGCONT) or runs a command (any other action) when it passes the
named seam for the occurrence-th time.
"""

import os
import shlex
import signal
import subprocess
from itertools import count

SEAMS = {
    "capture.schema_read": "the source's definitions are read, nothing is published",
    "capture.opened": "the last position is read, the log is not open yet",
    "capture.produced": "records of a Kafka transaction are produced, its commit record is not",
    "capture.before_commit": "the commit record is produced, the Kafka transaction is open",
    "capture.committed": "the Kafka transaction is committed, nothing else is told",
    "capture.ddl_before": "rows before a DDL are committed, the SchemaChange is not",
    "capture.ddl_after": "the SchemaChange is committed, the next event is not read",
    "capture.cascade_before": "rows that others follow are produced, the Cascade is not",
    "capture.cascade_after": "the Cascade is produced, the next event is not read",
    "capture.xa_held": "an XA PREPARE is read and its rows are held, nothing tells so",
    "capture.xa_published": "the rows of a decided XA transaction are read, its end is not",
    "capture.chunk_published": "a chunk is produced between log events, its progress is not committed",
    "snapshot.low_read": "a reader has read the low watermark, not the chunk",
    "snapshot.chunk_read": "a reader has read the chunk, not the high watermark",
    "snapshot.chunk_sent": "a reader has handed a chunk over",
    "snapshot.table_locked": "a reader holds the short lock on a keyless table",
    "apply.polled": "a batch is polled, nothing is written",
    "apply.fenced": "the fences are moved inside the open transaction, the rows are not written",
    "apply.written": "rows and fences are written, the transaction is open",
    "apply.committed": "the transaction is committed, the group offset is not",
    "apply.offsets_committed": "the group offset is committed",
    "apply.ddl_intent": "the intent of a DDL is written, the DDL is not run",
    "apply.ddl_run": "the DDL is run, the epoch is not raised",
    "apply.ddl_done": "the epoch is raised, the next record is not read",
    "apply.cascaded": "rows have followed and the fence is moved, the transaction is open",
    "apply.cascade_done": "a cascade is committed, the next record is not read",
}

_armed = os.environ.get("PENSTOCK_SEAM", "")
_name, _, _rest = _armed.partition(":")
_occurrence, _, _action = _rest.partition(":")
_passes = count(1)


def seam(name: str) -> None:
    """Marks the place `name`; acts only when a fault test has armed it."""
    if name != _name:
        return
    if next(_passes) == int(_occurrence):
        _act()


def _act() -> None:
    if _action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif _action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        subprocess.run(shlex.split(_action), check=True)
