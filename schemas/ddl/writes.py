"""Statements that write rows and were logged as text: which tables they name."""

from schemas.ddl.cursor import QUERY_WORDS, Cursor, Unclear
from schemas.ddl.kinds import Kind, Statement
from schemas.ddl.lexer import TokenKind
from schemas.names import TableName


def insert(cursor: Cursor) -> Statement:
    """INSERT and REPLACE."""
    cursor.take_any("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY")
    cursor.take("IGNORE")
    cursor.take("INTO")
    return _writes([cursor.qualified_name()])


def update(cursor: Cursor) -> Statement:
    cursor.take("LOW_PRIORITY")
    cursor.take("IGNORE")
    tables = _table_references(cursor, until=("SET",))
    cursor.expect("SET")
    return _writes(tables)


def delete(cursor: Cursor) -> Statement:
    """The tables to delete from are among those that are joined, or are aliases of them."""
    for token in cursor.top_level():
        if token.symbol == "FROM":
            return _writes(_table_references(cursor, until=("WHERE", "ORDER", "LIMIT")))
    raise Unclear


def load(cursor: Cursor) -> Statement:
    if cursor.take("INDEX", "INTO", "CACHE"):
        return Statement(kind=Kind.MAINTENANCE)
    if not cursor.take_any("DATA", "XML"):
        raise Unclear
    for token in cursor.top_level():
        if token.symbol == "INTO" and cursor.take("TABLE"):
            return _writes([cursor.qualified_name()])
    raise Unclear


def call(cursor: Cursor) -> Statement:
    """CALL, DO, and the SELECT that the server logs for a function that wrote rows."""
    return Statement(kind=Kind.DML, unbounded=True)


def with_tables(cursor: Cursor) -> Statement:
    """WITH ... before another statement."""
    for token in cursor.top_level():
        if token.symbol == "UPDATE":
            return update(cursor)
        if token.symbol == "DELETE":
            return delete(cursor)
        if token.symbol == "SELECT":
            return call(cursor)
    raise Unclear


def _writes(tables: list[TableName]) -> Statement:
    if not tables:
        raise Unclear
    return Statement(kind=Kind.DML, tables=tuple(dict.fromkeys(tables)))


def _table_references(cursor: Cursor, until: tuple[str, ...]) -> list[TableName]:
    """The tables joined from here to one of the words, or to the end. Those of subqueries cannot be written."""
    tables: list[TableName] = []
    depth = 0
    factor_follows, joined = True, False
    while (token := cursor.peek()).kind is not TokenKind.END and not (depth == 0 and token.symbol in until):
        if factor_follows:
            factor_follows = False
            if cursor.take("(") or cursor.take("LATERAL", "("):
                if cursor.at_one_of(*QUERY_WORDS):
                    cursor.leave_parentheses()
                else:
                    depth += 1
                    factor_follows = True
            elif cursor.take("{"):  # { OJ a LEFT OUTER JOIN b ON ... }
                cursor.name()
                factor_follows = True
            else:
                table = cursor.qualified_name()
                if not cursor.at("("):  # else a table function
                    tables.append(table)
            continue
        cursor.next()
        if token.kind is TokenKind.UNFINISHED:
            raise Unclear
        if token.symbol in ("JOIN", "STRAIGHT_JOIN"):
            factor_follows = joined = True
        elif token.symbol == ",":
            factor_follows = True
        elif token.symbol == "USING" and depth == 0 and not joined:
            # DELETE FROM targets USING references: what stood before were targets.
            tables.clear()
            factor_follows = True
        elif token.symbol == "(":
            cursor.leave_parentheses()
        elif token.symbol == ")":
            depth -= 1
            if depth < 0:
                raise Unclear
    if depth:
        raise Unclear
    return tables
