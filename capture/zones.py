"""Time zones of the source, as offsets that mean the same at any host."""

import re

from runtime.errors import Fatal
from runtime.mysql import Connection
from schemas.variables import TIME_ZONE
from schemas.zones import NAME, OFFSETS, Zone, read_zone, written

_OFFSET = re.compile(r"[+-]\d\d?:\d\d")


class Zones:
    """What a session's zone is to its statements. Each zone is read from the server once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read: dict[str, Zone] = {}

    def carried(self, name: str | None, moment: int) -> dict[str, str]:
        """The variables that tell a destination the zone of a statement that ran at `moment`.

        The log names no zone (None) where the statement did not look at its zone. `time_zone` is the offset of that
        moment; the others are told too where the zone has more than this one.
        """
        if name is None:
            return {}
        if _OFFSET.fullmatch(name):
            return {TIME_ZONE.name: name}
        zone = self._zone(name)
        offset = written(zone.offset_at(moment))
        if offset is not None and len(zone.changes) == 1:
            return {TIME_ZONE.name: offset}
        return {TIME_ZONE.name: offset or name, OFFSETS: str(zone), NAME: name}

    def _zone(self, name: str) -> Zone:
        if name not in self._read:
            found = read_zone(self._connection.query, name)
            if found is None:
                raise Fatal(
                    f"{self._connection.endpoint}: a statement in the log ran in time zone {name}, which the server"
                    " does not know any more",
                    hint="load it with mysql_tzinfo_to_sql as at the server where the statement ran; then start again",
                )
            self._read[name] = found
        return self._read[name]
