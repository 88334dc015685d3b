"""Rows as the text protocol carries them: how to select a column so that equal text means equal values. Pure.

Verification stands on this and on nothing that the pipeline itself uses to read or write values. The session must have
`character_set_results` = NULL (bytes as they are stored), time_zone +00:00, an empty sql_mode, and the
largest group_concat_max_len.
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
"""

from collections.abc import Callable, Iterator

from schemas.sql import identifier
from schemas.table import TEXT_TYPES, Column, Table

Row = tuple[bytes | None, ...]
#: from the quoted name of a JSON column, what to select
Document = Callable[[str], str]

_NUMBERS = frozenset(("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "year"))
_FLOATS = frozenset(("float", "double"))
_LABELLED = frozenset(("enum", "set"))
_NULL = 0xFB
_SHOWN = 200


def expressions(table: Table, document: Document) -> list[str]:
    """One select expression per column, in order; `document` makes those of JSON columns."""
    return [_expression(column, document) for column in table.columns]


def plain_document(name: str) -> str:
    """A JSON document as its text, which DATE and string, DECIMAL and DOUBLE share."""
    return name


def typed_document(name: str) -> str:
    """A JSON document as its text and the types of all its values. Servers before 8.0.4 cannot tell them."""
    members, cells = (
        f"COALESCE((SELECT GROUP_CONCAT(JSON_TYPE(inside.v)) FROM JSON_TABLE({name}, '{path}'"
        " COLUMNS(v JSON PATH '$')) AS inside), '')"
        for path in ("$**.*", "$**[*]")
    )
    return f"COALESCE(CONCAT({name}, ' ', JSON_TYPE({name}), ' ', {members}, ' ', {cells}), {name})"


def _expression(column: Column, document: Document) -> str:
    name = identifier(column.name)
    if column.data_type == "json":
        return document(name)
    if column.data_type in _FLOATS:  # by itself a FLOAT is rounded to six digits, and FLOAT(M,D) to D decimals
        return f"{name} * 1e0"
    if column.data_type in _LABELLED:  # the error value and a label that is empty look alike as text
        return f"CAST({name} AS UNSIGNED)"
    return name


def rows(raw: bytes) -> Iterator[bytes]:
    """The rows of a buffer of `Connection.raw_rows`."""
    at = 0
    while at < len(raw):
        end = at + 4 + int.from_bytes(raw[at : at + 4], "little")
        yield raw[at + 4 : end]
        at = end


def measure(raw: bytes) -> tuple[int, int]:
    """How many rows a buffer holds, and where the last one begins."""
    count = at = last = 0
    while at < len(raw):
        last = at
        at += 4 + int.from_bytes(raw[at : at + 4], "little")
        count += 1
    return count, last + 4


def values(row: bytes) -> Row:
    """The columns of a row: bytes, or None for NULL."""
    found: list[bytes | None] = []
    at = 0
    while at < len(row):
        first = row[at]
        if first < _NULL:
            start, size = at + 1, first
        elif first == _NULL:
            found.append(None)
            at += 1
            continue
        else:
            width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
            start, size = at + 1 + width, int.from_bytes(row[at + 1 : at + 1 + width], "little")
        found.append(row[start : start + size])
        at = start + size
    return tuple(found)


def key_of(table: Table, row: Row) -> Row:
    return tuple(row[index] for index in table.key_indexes)


def key_literals(table: Table, key: Row) -> tuple[str, ...]:
    """A key as SQL literals that select its row by the index."""
    return tuple(literal(table.columns[index], value) for index, value in zip(table.key_indexes, key, strict=True))


def literal(column: Column, value: bytes | None) -> str:
    """A value that `_expression` has read, for comparison with its column."""
    if value is None:
        return "NULL"
    kind = column.data_type
    if kind in _NUMBERS or kind in _LABELLED:
        return value.decode("ascii")
    if kind in _FLOATS:
        text = value.decode("ascii")
        return text if "e" in text else f"{text}e0"
    if kind == "bit":
        return str(int.from_bytes(value, "big"))
    if kind in TEXT_TYPES:
        return f"_{column.charset} X'{value.hex()}'"
    if column.charset is not None:
        return f"X'{value.hex()}'"
    return f"'{value.decode('ascii')}'"  # dates and times


def shown(column: Column, value: bytes | None) -> str:
    """A value for a person: `id=7`, `name='a'`."""
    if value is None:
        text = "NULL"
    elif column.data_type in _NUMBERS | _FLOATS | _LABELLED:
        text = value.decode("ascii", "backslashreplace")
    elif column.data_type == "bit" or column.charset == "binary":
        text = f"0x{value[:_SHOWN].hex()}"
    else:
        text = f"'{value[:_SHOWN].decode('utf-8', 'backslashreplace')}'"
    return f"{column.name}={text}"
