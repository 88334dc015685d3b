"""BEGIN, COMMIT, ROLLBACK, savepoints and XA."""

from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.kinds import Kind, Statement, XaVerb, Xid
from schemas.ddl.lexer import Token, TokenKind

_XA_VERBS = {"BEGIN": XaVerb.START, **{verb.name: verb for verb in XaVerb}}


def begin(cursor: Cursor) -> Statement:
    cursor.take("WORK")
    cursor.expect_end()
    return Statement(kind=Kind.BEGIN)


def start(cursor: Cursor) -> Statement:
    cursor.expect("TRANSACTION")  # not START REPLICA
    return Statement(kind=Kind.BEGIN)


def commit(cursor: Cursor) -> Statement:
    _completion(cursor)
    return Statement(kind=Kind.COMMIT)


def rollback(cursor: Cursor) -> Statement:
    if cursor.take("TO") or cursor.take("WORK", "TO"):
        cursor.take("SAVEPOINT")
        return _savepoint(cursor, Kind.ROLLBACK_TO_SAVEPOINT)
    _completion(cursor)
    return Statement(kind=Kind.ROLLBACK)


def savepoint(cursor: Cursor) -> Statement:
    return _savepoint(cursor, Kind.SAVEPOINT)


def release(cursor: Cursor) -> Statement:
    cursor.expect("SAVEPOINT")
    return _savepoint(cursor, Kind.RELEASE_SAVEPOINT)


def xa(cursor: Cursor) -> Statement:
    verb = _XA_VERBS.get(cursor.next().symbol)
    if verb is None:
        raise Unclear
    if verb is XaVerb.RECOVER:
        return Statement(kind=Kind.XA, xa=verb)
    gtrid = _bytes(cursor.next())
    bqual = _bytes(cursor.next()) if cursor.take(",") else b""
    format_id = _number(cursor.next()) if cursor.take(",") else 1
    return Statement(kind=Kind.XA, xa=verb, xid=Xid(gtrid, bqual, format_id))


def _completion(cursor: Cursor) -> None:
    cursor.take("WORK")
    if cursor.take("AND"):
        cursor.take("NO")
        cursor.expect("CHAIN")
    if cursor.take("NO"):
        cursor.expect("RELEASE")
    else:
        cursor.take("RELEASE")
    cursor.expect_end()


def _savepoint(cursor: Cursor, kind: Kind) -> Statement:
    name = cursor.name()
    cursor.expect_end()
    return Statement(kind=kind, savepoint=name)


def _bytes(token: Token) -> bytes:
    """A part of an XA id; the server logs them as X'...' always."""
    if token.kind is TokenKind.STRING:
        return token.text.encode("utf-8", "surrogatepass")
    try:
        if token.kind is TokenKind.NUMBER and token.text[:2] in ("X'", "x'"):
            return bytes.fromhex(token.text[2:-1])
        if token.kind is TokenKind.NUMBER and token.text[:2] == "0x":
            return bytes.fromhex(token.text[2:])
    except ValueError:
        raise Unclear from None
    raise Unclear


def _number(token: Token) -> int:
    try:
        return int(token.text, 0)
    except ValueError:
        raise Unclear from None
