"""A capture that is going to be killed: `python -m tests.integration.killed <database>`, the endpoint on stdin.

Prints the process ids of its readers once they are there, and goes on.
"""

import sys

from pydantic import TypeAdapter

from runtime.mysql import Endpoint, connect
from schemas.names import TableName
from schemas.records import RangeRecord
from snapshot.interleave import opened
from snapshot.settings import SnapshotSettings
from tests.integration.tap import Tap, readers

source = TypeAdapter(Endpoint).validate_json(sys.stdin.readline())
name = TableName(sys.argv[1], "t")
with connect(source) as connection:
    tap = Tap(source, connection, [name])
record = RangeRecord(id="1", database=name.database, table=name.name)
with opened(source, SnapshotSettings("tap"), [record], tap.plan, tap.executed) as interleave:
    while not readers():
        interleave.receive()
    print(*(reader.pid for reader in readers()), flush=True)
    sys.stdin.read()
