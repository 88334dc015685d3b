"""The task's epochs: what rows wait for at a target, one number for each, in the schema topic."""

import time

from capture.cascades import Followed
from capture.publisher import Publisher
from runtime.telemetry import log
from schemas.ddl.kinds import Kind
from schemas.position import LogPosition
from schemas.records import Cascade, FollowingTable, SchemaChange, TouchedTable


class Epochs:
    """Publishes each in the open Kafka transaction; rows after it are of its epoch."""

    def __init__(self, publisher: Publisher, last: int) -> None:
        self._publisher = publisher
        self.last = last

    def change(
        self,
        gtid: str | None,
        place: LogPosition,
        source_us: int,
        kind: Kind,
        text: str,
        database: str | None,
        session: dict[str, str],
        tables: tuple[TouchedTable, ...],
    ) -> None:
        """A statement changed the schema."""
        self.last += 1
        self._publisher.schema_record(
            SchemaChange(
                epoch=self.last,
                gtid=gtid,
                file=place.file,
                offset=place.offset,
                source_us=source_us,
                time_us=time.time_ns() // 1000,
                kind=kind.name,
                statement=text,
                database=database,
                session=session,
                tables=tables,
            )
        )
        log.info("schema_change", epoch=self.last, kind=kind.name, statement=" ".join(text[:200].split()))

    def cascade(
        self,
        gtid: str | None,
        place: LogPosition,
        source_us: int,
        followed: Followed,
        tables: tuple[FollowingTable, ...],
    ) -> None:
        """Rows were followed by others that the log does not name."""
        self.last += 1
        self._publisher.schema_record(
            Cascade(
                epoch=self.last,
                gtid=gtid,
                file=place.file,
                offset=place.offset,
                source_us=source_us,
                time_us=time.time_ns() // 1000,
                database=followed.table.database,
                table=followed.table.name,
                columns=followed.columns,
                rows=followed.rows,
                tables=tables,
            )
        )
