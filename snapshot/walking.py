"""A range on its way through a reader and the window. Pure."""

from dataclasses import dataclass

from schemas.names import TableName
from schemas.plan import TablePlan
from schemas.position import GtidSet
from schemas.records import RangeRecord
from schemas.table import to_json
from snapshot.messages import Changed, Walk


@dataclass(slots=True)
class Walking:
    """Which reader reads what, and how far that has come."""

    number: int
    range_id: str
    plan: TablePlan
    reader: int
    at_once: bool
    reading: bool = True  # its last chunk has not come
    refused: Changed | None = None

    @property
    def table(self) -> TableName:
        return self.plan.table.name

    def command(self, task: str, record: RangeRecord, needs: GtidSet, chunk_bytes: int) -> Walk:
        """What its reader is told; the range is read from where it has been released."""
        return Walk(
            number=self.number,
            task=task,
            table=to_json(self.plan.table),
            key_id=self.plan.key_id,
            value_id=self.plan.value_id,
            at_once=self.at_once,
            after=record.last or record.lower,
            until=record.upper,
            descending=record.descending,
            needs=str(needs),
            chunk_bytes=chunk_bytes,
        )
