"""Stands in for capture: publishes schema changes and rows that a test names, framed and encoded as capture does."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka.admin import AdminClient

from capture.barriers import barriers
from capture.definitions import create_table, read_tables
from capture.publisher import Publisher
from capture.settings import CaptureSettings
from deploy.local import Stack
from runtime.kafka import KafkaSettings, TopicPartition
from runtime.mysql import Connection, connect
from schemas.avro import envelope_schema, key_schema, text
from schemas.names import TableName
from schemas.plan import TablePlan, plan
from schemas.records import PositionRecord, SchemaChange, SnapshotCompleted, TouchedTable
from schemas.selection import Selection
from schemas.sql import identifier, qualified
from schemas.table import Table, to_json
from tests.unit.apply.values import Change, encode


@dataclass
class Feed:
    """One task's topics. Tables are made at the source too, so that their definitions are the server's own."""

    stack: Stack
    task: str
    partitions: int = 1

    def __post_init__(self) -> None:
        self.kafka = KafkaSettings(self.stack.kafka, partitions=self.partitions)
        self.source: Connection = connect(self.stack.source.endpoint("admin"))
        settings = CaptureSettings(
            task=self.task,
            selection=Selection(),
            commit_interval_ms=100,
            heartbeat_ms=1000,
            readers=1,
            chunk_bytes=1 << 20,
        )
        self._publisher = Publisher(self.kafka, settings)
        self._plans: dict[TableName, TablePlan] = {}
        self.epoch = 0
        self.removed = 0  # records behind the last one that compaction has removed
        self._ticks = itertools.count(1)
        self._publisher.introduce()
        self._commit()

    def close(self) -> None:
        self._publisher.close()
        self.source.close()

    def database(self, name: str, options: str = "") -> None:
        statement = f"CREATE DATABASE {identifier(name)} {options}"
        self.source.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")
        self.source.execute(statement)
        self._change("CREATE_DATABASE", statement, name, [])

    def database_again(self, name: str) -> None:
        """A statement that the source logs and that changes nothing there."""
        self._change("CREATE_DATABASE", f"CREATE DATABASE IF NOT EXISTS {identifier(name)} CHARSET latin1", name, [])

    def create(self, database: str, statement: str, name: str) -> TableName:
        """Runs CREATE TABLE at the source and publishes what the server made of it."""
        table = TableName(database, name)
        self.source.execute(f"USE {identifier(database)}")
        self.source.execute(statement)
        shown = create_table(self.source, table)
        assert shown is not None
        self._prepare(self._read(table))
        self._change("CREATE_TABLE", shown, database, [table])
        return table

    def change(self, kind: str, statement: str, *touched: TableName) -> SchemaChange:
        """Runs a statement at the source and publishes it; `touched` tables are read after it."""
        self.source.execute(f"USE {identifier(touched[0].database)}")
        self.source.execute(statement)
        return self._change(kind, statement, touched[0].database, list(touched))

    def drop(self, table: TableName) -> None:
        self.change("DROP_TABLE", f"DROP TABLE {qualified(table)}", table)

    def completed(self, table: TableName) -> None:
        self._publisher.schema_record(
            SnapshotCompleted(
                database=table.database, table=table.name, topic=self.topic(table), rows=0, epoch=self.epoch, time_us=0
            )
        )
        self._commit()

    def send(self, table: TableName, *changes: Change) -> None:
        """One Kafka transaction."""
        keys, values = self.encode(table, changes)
        self._publisher.send(self.topic(table), keys, values)
        self._commit()

    def send_raw(self, table: TableName, key: bytes, value: bytes) -> None:
        self._publisher.send(self.topic(table), [key], [value])
        self._commit()

    def remove_records(self, table: TableName, before: int) -> None:
        """Retention, or an operator, has removed the first records of a topic."""
        admin = AdminClient(self.kafka.common())
        for future in admin.delete_records([TopicPartition(self.topic(table), 0, before)]).values():
            future.result(10)

    def encode(self, table: TableName, changes: Sequence[Change]) -> tuple[list[bytes | None], list[bytes]]:
        plan = self.plan(table)
        return encode(self.task, plan, changes, epoch=self.epoch, source_us=time.time_ns() // 1000)

    def topic(self, table: TableName) -> str:
        return self._publisher.tables.name(table)

    def plan(self, table: TableName) -> TablePlan:
        """The plan of a table as it is now; its schema ids are published before their first use."""
        if table not in self._plans:
            definition = self._read(table)
            key = key_schema(self.task, definition)
            topic = self.topic(table)
            key_id = 0 if key is None else self._publisher.schema_id(f"{topic}-key", text(key), None)
            value = text(envelope_schema(self.task, definition))
            self._plans[table] = plan(
                self.task, definition, key_id, self._publisher.schema_id(f"{topic}-value", value, definition)
            )
        return self._plans[table]

    def _prepare(self, table: Table) -> None:
        self._publisher.tables.claim([table.name])
        self._publisher.tables.prepare(table, table.may_be_spread)

    def _read(self, table: TableName) -> Table:
        return read_tables(self.source, [table])[table]

    def _change(self, kind: str, statement: str, database: str, touched: list[TableName]) -> SchemaChange:
        self.epoch += 1
        present = read_tables(self.source, touched) if touched else {}
        for table in touched:
            self._plans.pop(table, None)
            if table in present:
                self._prepare(present[table])
        change = SchemaChange(
            epoch=self.epoch,
            gtid=None,
            file="log.000001",
            offset=next(self._ticks),
            source_us=time.time_ns() // 1000,
            time_us=time.time_ns() // 1000,
            kind=kind,
            statement=statement,
            database=database,
            session={"sql_mode": "NO_ENGINE_SUBSTITUTION", "time_zone": "+00:00"},
            tables=tuple(self._touched(table, present.get(table)) for table in touched),
        )
        self._publisher.schema_record(change)
        self._commit()
        return change

    def _touched(self, table: TableName, definition: Table | None) -> TouchedTable:
        topic = self.topic(table)
        found = barriers(self.kafka, topic, self._publisher.tables.partitions(table))
        return TouchedTable(
            database=table.database,
            table=table.name,
            topic=topic,
            definition=None if definition is None else to_json(definition),
            barriers=tuple(barrier + self.removed for barrier in found),
        )

    def _commit(self) -> None:
        now = time.time_ns() // 1000
        self._publisher.commit(
            PositionRecord(
                gtid_set="",
                file="log.000001",
                offset=next(self._ticks),
                gtid=None,
                units_done=0,
                selection="",
                epoch=self.epoch,
                source_us=now,
                time_us=now,
            )
        )
