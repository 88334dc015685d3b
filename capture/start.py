"""The beginning of a task: its schema, its snapshot's ranges and its first position, in one Kafka transaction."""

import time

from capture.foreign_keys import ForeignKeys
from capture.identity import own_topics, require_empty
from capture.publisher import Publisher
from capture.schema import Schema, SchemaSource
from capture.settings import CaptureSettings
from capture.statements import Statements, unlogged, unsaid
from runtime.kafka import KafkaSettings
from runtime.mysql import Connection
from runtime.telemetry import log
from schemas.names import TableName
from schemas.records import NamedTable, NamesRecord, PositionRecord, SchemaChange, TaskRecord, TouchedTable
from schemas.table import to_json
from snapshot.planner import plan_ranges


def begin(
    kafka: KafkaSettings,
    publisher: Publisher,
    schema: SchemaSource,
    connection: Connection,
    statements: Statements,
    settings: CaptureSettings,
) -> None:
    """Publishes the schema migration. Until its commit nothing of the task is visible, so a crash begins anew."""
    found = schema.everything()
    tables = [definition.table for definition in found.definitions if definition.table is not None]
    publisher.tables.claim(table.name for table in tables)
    for table in tables:
        publisher.tables.prepare(table, table.may_be_spread)
    changes = _changes(found, publisher, unlogged(connection) | unsaid(connection))
    ranges = plan_ranges(connection, tables, settings.readers, ForeignKeys(statements, changes, settings.selection))
    touched = [table for change in changes for table in change.tables]
    require_empty(kafka, settings.task, {table.topic: len(table.barriers) for table in touched})
    publisher.introduce()
    publisher.identify(table.topic for table in touched)
    for change in changes:
        publisher.schema_record(change)
    publisher.task_record(task_record(kafka, settings))
    for part in ranges:
        publisher.progress(part)
    publisher.names(NamesRecord(views=tuple(NamedTable(view.database, view.name) for view in found.views)))
    now = time.time_ns() // 1000
    publisher.commit(
        PositionRecord(
            gtid_set=str(found.executed),
            file=found.position.file,
            offset=found.position.offset,
            gtid=None,
            units_done=0,
            selection=settings.fingerprint,
            epoch=len(found.definitions),
            source_us=now,
            time_us=now,
        )
    )
    log.info("task_begun", tables=len(tables), ranges=len(ranges), gtid_set=str(found.executed))


def task_record(kafka: KafkaSettings, settings: CaptureSettings) -> TaskRecord:
    chosen = settings.selection
    return TaskRecord(
        include=chosen.include,
        exclude=chosen.exclude,
        never=tuple(sorted(chosen.never)),
        topics=own_topics(kafka, settings.task),
    )


def own_session(unsaid: dict[str, str]) -> dict[str, str]:
    """The session whose SHOW CREATE is published; defaults may be dates that a source let in."""
    return {
        "sql_mode": "ALLOW_INVALID_DATES",
        "collation_connection": "utf8mb4_general_ci",
        "time_zone": "+00:00",
        **unsaid,
    }


def _changes(schema: Schema, publisher: Publisher, unsaid: dict[str, str]) -> list[SchemaChange]:
    now = time.time_ns() // 1000
    session = own_session(unsaid)
    changes = []
    for epoch, definition in enumerate(schema.definitions, start=1):
        touched = []
        if definition.table is not None:
            name: TableName = definition.table.name
            touched.append(
                TouchedTable(
                    database=name.database,
                    table=name.name,
                    topic=publisher.tables.name(name),
                    definition=to_json(definition.table),
                    barriers=(0,) * publisher.tables.partitions(name),
                )
            )
        changes.append(
            SchemaChange(
                epoch=epoch,
                gtid=None,
                file=schema.position.file,
                offset=schema.position.offset,
                source_us=now,
                time_us=now,
                kind=definition.kind.name,
                statement=definition.statement,
                database=definition.database,
                session=session,
                tables=tuple(touched),
            )
        )
    return changes
