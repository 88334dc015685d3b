"""What a MySQL server understands, by its version: read once per session, so that nothing else compares versions.

Which version brought what: https://dev.mysql.com/doc/refman/8.4/en/added-deprecated-removed.html and the pages like it
for 5.7 and 8.0.
"""

import re
from dataclasses import dataclass

from runtime.mysql import Connection


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server's abilities."""

    version: tuple[int, int, int]

    @property
    def log_status(self) -> str:
        """The statement that tells the end of the log."""
        return "SHOW BINARY LOG STATUS" if self.version >= (8, 2, 0) else "SHOW MASTER STATUS"

    @property
    def waits_for_gtids(self) -> bool:
        """It has WAIT_FOR_EXECUTED_GTID_SET."""
        return self.version >= (5, 7, 5)

    @property
    def logs_defaults(self) -> bool:
        """Statements in its log say what utf8mb4 and TIMESTAMP meant to their session; before, nothing could vary."""
        return self.version >= (8, 0, 11)

    @property
    def generates_columns(self) -> bool:
        """information_schema tells expressions of generated columns."""
        return self.version >= (5, 7, 6)

    @property
    def logs_rolled_back(self) -> bool:
        """Without GTIDs, rows in its log may be taken back behind them (a temporary table was made meanwhile)."""
        return self.version < (8, 0, 13)

    @property
    def lists_json(self) -> bool:
        """It has JSON_TABLE."""
        return self.version >= (8, 0, 4)

    @property
    def has_dictionary(self) -> bool:
        """Definitions lie in tables: SRS_ID, IS_VISIBLE and statistics that are cached."""
        return self.version >= (8, 0, 0)

    @property
    def indexes_expressions(self) -> bool:
        """Indexes and defaults may be expressions."""
        return self.version >= (8, 0, 13)

    @property
    def indexes_descend(self) -> bool:
        """Indexes may be in descending order; before, DESC is read and forgotten."""
        return self.version >= (8, 0, 1)

    def logs_cascades(self, native_foreign_keys: str | None) -> bool:
        """What a foreign key's cascade does to child rows is in the log; before 9.6 InnoDB cascades below the log, and
        each replica by itself. With innodb_native_foreign_keys = ON, the argument, later servers do so too
        (https://dev.mysql.com/doc/relnotes/mysql/9.6/en/news-9-6-0.html)."""
        return self.version >= (9, 6, 0) and native_foreign_keys != "ON"

    @property
    def checks(self) -> bool:
        """Tables may have CHECK constraints."""
        return self.version >= (8, 0, 16)


def dialect_of(connection: Connection) -> Dialect:
    """What the server of a connection understands, from what it said when it was connected to."""
    return dialect(connection.server_version)


def logs_cascades(connection: Connection) -> bool:
    """Whether the server's log holds what foreign keys do to child rows."""
    told = connection.query("SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'")
    return dialect_of(connection).logs_cascades(str(told[0][1]) if told else None)


def dialect(version: str) -> Dialect:
    """`8.0.18-log` is MySQL 8.0.18."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        return Dialect((0, 0, 0))
    return Dialect((int(match[1]), int(match[2]), int(match[3])))
