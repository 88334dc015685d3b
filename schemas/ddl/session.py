"""What decides the meaning of a definition beside its text: the server's version and names, the session's settings."""

from dataclasses import dataclass

from schemas.ddl.charset_names import Charsets
from schemas.ddl.lexer import SqlModes

_WIDTHS_UNTIL = 80019
_DICTIONARY_SINCE = 80000
_REAL_AS_FLOAT, _STRICT = 1 << 0, 1 << 21 | 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The session that ran a statement, on its server."""

    server_version: int
    charsets: Charsets
    modes: SqlModes
    sql_mode: int
    collation_server: str | None
    explicit_timestamps: bool  # explicit_defaults_for_timestamp

    @property
    def real_as_float(self) -> bool:
        return bool(self.sql_mode & _REAL_AS_FLOAT)

    @property
    def strict(self) -> bool:
        return bool(self.sql_mode & _STRICT)

    @property
    def has_dictionary(self) -> bool:
        """Definitions lie in tables, not in files of their own."""
        return self.server_version >= _DICTIONARY_SINCE

    @property
    def prints_widths(self) -> bool:
        """Integer types come with a display width: int(11)."""
        return self.server_version < _WIDTHS_UNTIL
