"""The default that servers before 5.7 give to a column that only its primary key makes NOT NULL. Pure."""

from schemas.ddl.cursor import Unclear
from schemas.table import Column

_UNTIL = 50700


def implies_defaults(server_version: int) -> bool:
    """Whether `CREATE TABLE t (a INT, PRIMARY KEY (a))` gives `a` the default 0 at such a server."""
    return server_version < _UNTIL


def implied_default(column: Column) -> str:
    """As information_schema prints it, for a column without a default; Unclear where the text may have told one.

    Of other types than these a definition does not always hold the default that there is.
    """
    if column.data_type.endswith("int") and not column.column_type.endswith("zerofill"):
        return "0"
    if column.data_type == "decimal" and not column.column_type.endswith("zerofill"):
        return f"{0:.{column.scale}f}"
    if column.data_type in ("char", "varchar"):
        return ""
    raise Unclear
