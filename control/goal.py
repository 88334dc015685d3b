"""All that a source has committed at one moment, in both ways to name transactions: the task says which one counts."""

from dataclasses import dataclass

from runtime.dialect import dialect_of
from runtime.errors import Fatal
from runtime.mysql import Connection
from schemas.position import GtidSet, LogPosition, Naming


@dataclass(frozen=True, slots=True)
class Goal:
    """`gtids` as the server counts them, and the log's end."""

    gtids: GtidSet
    place: GtidSet
    end: LogPosition

    def named(self, naming: Naming) -> GtidSet:
        """What a task that names transactions so must have captured."""
        return self.gtids if naming is Naming.GTID else self.place


def read_goal(connection: Connection) -> Goal:
    """Asks a source."""
    server, executed = connection.query("SELECT @@GLOBAL.server_uuid, @@GLOBAL.gtid_executed")[0]
    status = connection.query(dialect_of(connection).log_status)
    if not status:
        raise Fatal(f"{connection.endpoint}: the server writes no log", hint="start the source with --log-bin")
    end = LogPosition.of(str(status[0][0]), int(status[0][1]))
    return Goal(GtidSet.parse(str(executed)), GtidSet.before(str(server), end), end)
