"""The type of a column from its text: which of MySQL's types it is, and how the server prints it.

https://dev.mysql.com/doc/refman/8.4/en/data-types.html; the grammar is `type` and `column_attribute` of sql_yacc.yy.
"""

from dataclasses import dataclass, field, replace

from schemas.charsets import certainly_holds, decoder, is_utf8, longest
from schemas.ddl.charset_names import Collated, Named
from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.lexer import TokenKind
from schemas.ddl.session import Session
from schemas.table import Column
from schemas.types.enumset import column_type_of

_INTEGERS = {
    **dict.fromkeys(("TINYINT", "INT1"), "tinyint"),
    **dict.fromkeys(("SMALLINT", "INT2"), "smallint"),
    **dict.fromkeys(("MEDIUMINT", "INT3", "MIDDLEINT"), "mediumint"),
    **dict.fromkeys(("INT", "INTEGER", "INT4"), "int"),
    **dict.fromkeys(("BIGINT", "INT8"), "bigint"),
}
_WIDTHS = {"tinyint": (4, 3), "smallint": (6, 5), "mediumint": (9, 8), "int": (11, 10), "bigint": (20, 20)}
_REALS = {"FLOAT": "float", "FLOAT4": "float", "DOUBLE": "double", "FLOAT8": "double"}
_DECIMALS = frozenset(("DECIMAL", "DEC", "NUMERIC", "FIXED"))
_SPATIAL = frozenset(
    ("GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON")
)  # fmt: skip
_COLLECTIONS = frozenset(("GEOMETRYCOLLECTION", "GEOMCOLLECTION"))
_COLLECTION_RENAMED_SINCE = 80011
_BLOBS = {"TINY": 255, "": 65535, "MEDIUM": 16777215, "LONG": 4294967295}
_BLOB_SIZES = {size: name.lower() for name, size in _BLOBS.items()}
_MOST_BYTES = 65535  # of a row, so of a VARCHAR
_MOST_CHARACTERS = 255  # of a CHAR
_NATIONAL = "utf8mb3"
_SHORTEST = {"ucs2": 2, "utf16": 2, "utf16le": 2, "utf32": 4}  # bytes of the shortest character
_NOT_ASCII = {*_SHORTEST, "swe7", "sjis", "cp932"}


@dataclass(slots=True)
class TypeText:
    """A type as a statement writes it, before its charset is settled."""

    name: str  # information_schema's DATA_TYPE; of a blob or text: "blob" or "text" with `size`
    size: int | None = None  # characters, bits, dimensions, digits, display width
    scale: int | None = None
    labels: tuple[str, ...] = ()
    unsigned: bool = False
    zerofill: bool = False
    charset: Named = field(default_factory=Named)
    serial: bool = False

    @property
    def of_text(self) -> bool:
        return self.name in ("char", "varchar", "text", "enum", "set")


def read_type(cursor: Cursor, session: Session) -> TypeText:
    """Unclear when it is not surely understood."""
    word = cursor.next().symbol
    found = _number(word, cursor, session) or _text(word, cursor) or _other(word, cursor, session)
    if found is None:
        raise Unclear
    _attributes(cursor, found)
    return found


def _number(word: str, cursor: Cursor, session: Session) -> TypeText | None:
    if word in _INTEGERS:
        return TypeText(_INTEGERS[word], _size(cursor))
    if word in ("BOOL", "BOOLEAN"):
        return TypeText("tinyint", 1)
    if word == "SERIAL":
        return TypeText("bigint", unsigned=True, serial=True)
    if word in _REALS or word == "REAL":
        if word == "DOUBLE":
            cursor.take("PRECISION")
        name = _REALS.get(word) or ("float" if session.real_as_float else "double")
        size, scale = _sizes(cursor)
        if size is not None and scale is None:
            if word != "FLOAT" or size > 53:
                raise Unclear
            return TypeText("float" if size <= 24 else "double")
        return TypeText(name, size, scale)
    if word in _DECIMALS:
        size, scale = _sizes(cursor)
        return TypeText("decimal", size or 10, scale or 0)
    if word == "BIT":
        return TypeText("bit", _size(cursor) or 1)
    return None


def _text(word: str, cursor: Cursor) -> TypeText | None:
    if word in ("CHAR", "CHARACTER"):
        return _sized("varchar" if cursor.take("VARYING") else "char", cursor)
    if word in ("VARCHAR", "VARCHARACTER"):
        return _sized("varchar", cursor)
    if word in ("NCHAR", "NVARCHAR", "NATIONAL"):
        return _national(word, cursor)
    if word == "BINARY":
        return TypeText("binary", _size(cursor, 1))
    if word == "VARBINARY":
        return _sized("varbinary", cursor)
    if word in ("TEXT", "BLOB"):
        return TypeText(word.lower(), _size(cursor, -_BLOBS[""]))
    for length in ("TINY", "MEDIUM", "LONG"):
        if word in (f"{length}TEXT", f"{length}BLOB"):
            return TypeText(word[len(length) :].lower(), -_BLOBS[length])
    if word == "LONG":
        if cursor.take("VARBINARY"):
            return TypeText("blob", -_BLOBS["MEDIUM"])
        if cursor.take_any("CHAR", "CHARACTER"):
            cursor.expect("VARYING")
        else:
            cursor.take_any("VARCHAR", "VARCHARACTER")
        return TypeText("text", -_BLOBS["MEDIUM"])
    return None


def _national(word: str, cursor: Cursor) -> TypeText:
    if word == "NATIONAL":
        word = cursor.next().symbol
        if word not in ("CHAR", "CHARACTER", "VARCHAR", "VARCHARACTER"):
            raise Unclear
    varying = word in ("NVARCHAR", "VARCHAR", "VARCHARACTER") or bool(
        cursor.take_any("VARYING", "VARCHAR", "VARCHARACTER")
    )
    found = _sized("varchar" if varying else "char", cursor)
    found.charset.charset = _NATIONAL
    return found


def _other(word: str, cursor: Cursor, session: Session) -> TypeText | None:
    if word in ("DATE", "JSON") or word in _SPATIAL:
        return TypeText(word.lower())
    if word in _COLLECTIONS:
        new = session.server_version >= _COLLECTION_RENAMED_SINCE
        return TypeText("geomcollection" if new else "geometrycollection")
    if word in ("TIME", "DATETIME", "TIMESTAMP"):
        return TypeText(word.lower(), _size(cursor, 0))
    if word == "YEAR":
        if _size(cursor, 4) != 4:
            raise Unclear
        return TypeText("year")
    if word == "VECTOR":
        return TypeText("vector", _size(cursor, 2048))
    if word in ("ENUM", "SET"):
        return TypeText(word.lower(), labels=_labels(cursor))
    return None


def _attributes(cursor: Cursor, found: TypeText) -> None:
    """What belongs to the type, in any order: sign, charset. A COLLATE among the column's attributes counts too."""
    numeric = found.name in _WIDTHS or found.name in ("float", "double", "decimal")
    while True:
        if numeric and cursor.take("UNSIGNED"):
            found.unsigned = True
        elif numeric and cursor.take("ZEROFILL"):
            found.unsigned = found.zerofill = True
        elif numeric and cursor.take("SIGNED"):
            pass
        elif not found.of_text:
            return
        elif cursor.take("BINARY"):
            found.charset.binary = True
        elif word := cursor.take_any("ASCII", "UNICODE", "BYTE"):
            found.charset.charset = {"ASCII": "latin1", "UNICODE": "ucs2", "BYTE": "binary"}[word]
        elif cursor.take("CHARSET") or cursor.take("CHARACTER", "SET") or cursor.take("CHAR", "SET"):
            token = cursor.next()
            if not token.is_name and token.kind is not TokenKind.STRING:
                raise Unclear
            found.charset.charset = token.text
        else:
            return


def settled(column: Column, text: TypeText, session: Session, default: Collated | None) -> Column:
    """`column` with the type, where `default` holds for characters of which the statement does not say the charset."""
    name, size = text.name, text.size
    if text.of_text:
        return _characters(column, text, session, text.charset.resolved(session.charsets, default))
    if name == "varbinary" and (size or 0) > _MOST_BYTES:
        return _replaced(column, session, size or 0, None)
    if name in ("binary", "varbinary"):
        return _typed(column, name, f"{name}({size})", length=size or 0, charset="binary")
    if name == "blob":
        return blob(column, _bytes(size, 1), None)
    if name in _WIDTHS:
        return _integer(column, text, session)
    signs = " unsigned" * text.unsigned + " zerofill" * text.zerofill
    if name == "decimal":
        scale = text.scale or 0
        printed = f"decimal({size},{scale}){signs}"
        return replace(_typed(column, name, printed), unsigned=text.unsigned, precision=int(size or 0), scale=scale)
    if name in ("float", "double"):
        digits = f"({size},{text.scale})" if size is not None else ""
        return replace(_typed(column, name, name + digits + signs), unsigned=text.unsigned)
    if name in ("time", "datetime", "timestamp"):
        return replace(_typed(column, name, f"{name}({size})" if size else name), fraction=int(size or 0))
    if name in ("bit", "vector"):
        return _typed(column, name, f"{name}({size})", length=int(size or 0))
    if name == "year" and session.prints_widths:
        return _typed(column, name, "year(4)")
    return _typed(column, name, name)


def converted(column: Column, to: Collated, session: Session) -> Column:
    """What CONVERT TO CHARACTER SET makes of a column: a TEXT grows when its characters need more bytes."""
    if column.charset in (None, "binary") or (column.charset, column.collation) == (to.charset, to.collation):
        return column
    if to.charset == "binary":
        raise Unclear
    if column.data_type == "varchar" and column.length * longest(to.charset) > _MOST_BYTES:
        raise Unclear
    if column.data_type.endswith("text"):
        size = _BLOBS[column.data_type.removesuffix("text").upper()]
        characters = size // longest(column.charset or "")
        return blob(column, max(size, characters * longest(to.charset)), to)
    if column.labels and not _same_bytes(column, to.charset):
        return _relabelled(column, to, session)
    return replace(column, charset=to.charset, collation=to.collation)


def _same_bytes(column: Column, charset: str) -> bool:
    pair = {column.charset, charset}
    if len(pair) == 1 or (is_utf8(charset) and is_utf8(column.charset or "")):
        return True
    return all(label.isascii() for label in column.labels) and not pair & _NOT_ASCII


def _relabelled(column: Column, to: Collated, session: Session) -> Column:
    """The server keeps the labels' bytes, whatever they say in the other charset."""
    if not session.has_dictionary or not is_utf8(column.charset or "") or longest(to.charset) > 1:
        raise Unclear
    if not (column.default or "").isascii():
        raise Unclear
    read = [decoder(to.charset)(label.encode()) for label in column.labels]
    labels = tuple(label for label in read if label)
    if to.charset in _NOT_ASCII or len(labels) < len(read) or any(label != label.rstrip() for label in labels):
        raise Unclear
    kind = column.data_type
    typed = _typed(column, kind, column_type_of(kind, labels), length=_printed_length(kind, labels))
    return replace(typed, labels=labels, charset=to.charset, collation=to.collation)


def _printed_length(kind: str, labels: tuple[str, ...]) -> int:
    """CHARACTER_MAXIMUM_LENGTH: of the longest label, or of all with commas between them."""
    lengths = [len(label) for label in labels]
    return max(lengths) if kind == "enum" else sum(lengths) + len(lengths) - 1


def blob(column: Column, size: int, collated: Collated | None) -> Column:
    """The smallest type that holds so many bytes."""
    held = next((limit for limit in sorted(_BLOB_SIZES) if size <= limit), _BLOBS["LONG"])
    name = _BLOB_SIZES[held] + ("blob" if collated is None else "text")
    if collated is None:
        return _typed(column, name, name, length=held, charset="binary")
    found = _typed(column, name, name, length=held // _SHORTEST.get(collated.charset, 1), charset=collated.charset)
    return replace(found, collation=collated.collation)


def _replaced(column: Column, session: Session, size: int, collated: Collated | None) -> Column:
    """What a lax session makes of a type that is too long for its name; a strict one refuses it."""
    if session.strict:
        raise Unclear
    return blob(column, size, collated)


def _characters(column: Column, text: TypeText, session: Session, collated: Collated) -> Column:
    name, size, width = text.name, text.size or 0, longest(collated.charset)
    binary = collated.charset == "binary"
    if name in ("enum", "set"):
        return _labelled(column, text, session, collated)
    if name == "text":
        return blob(column, _bytes(text.size, width), None if binary else collated)
    if name == "varchar" and size * width > _MOST_BYTES:
        return _replaced(column, session, size * width, None if binary else collated)
    if name == "char" and size > _MOST_CHARACTERS:
        raise Unclear
    if binary:
        name = {"char": "binary", "varchar": "varbinary"}[name]
        return _typed(column, name, f"{name}({size})", length=size, charset="binary")
    found = _typed(column, name, f"{name}({size})", length=size, charset=collated.charset)
    return replace(found, collation=collated.collation)


def _labelled(column: Column, text: TypeText, session: Session, collated: Collated) -> Column:
    binary = collated.charset == "binary"
    labels = text.labels if binary else tuple(label.rstrip(" ") for label in text.labels)
    if not all(certainly_holds(collated.charset, label) for label in labels):
        raise Unclear  # what the charset lacks becomes question marks, also in a strict session
    if collated.charset in _SHORTEST and not session.has_dictionary:
        raise Unclear  # MySQL 5.6 mixes up such labels of several columns
    printed, length = column_type_of(text.name, labels), _printed_length(text.name, labels)
    found = _typed(column, text.name, printed, length=length)
    if binary and session.has_dictionary:
        return replace(found, labels=labels)
    return replace(found, labels=labels, charset=collated.charset, collation=collated.collation)


def _integer(column: Column, text: TypeText, session: Session) -> Column:
    width = text.size or _WIDTHS[text.name][text.unsigned]
    keeps = session.prints_widths or text.zerofill or (text.name == "tinyint" and width == 1 and not text.unsigned)
    printed = text.name + f"({width})" * keeps + " unsigned" * text.unsigned + " zerofill" * text.zerofill
    return replace(_typed(column, text.name, printed), unsigned=text.unsigned)


def _typed(column: Column, name: str, printed: str, length: int = 0, charset: str | None = None) -> Column:
    """`column` with another type; nothing of the old one stays."""
    return replace(
        column,
        data_type=name,
        column_type=printed,
        unsigned=False,
        length=length,
        precision=0,
        scale=0,
        fraction=0,
        charset=charset,
        collation=None,
        labels=(),
    )


def _bytes(size: int | None, width: int) -> int:
    """Of a blob or text: by its name (told by a negative number), or by its number of characters."""
    if size is None or size < 0:
        return -(size or 0)
    return size * width


def _sized(name: str, cursor: Cursor) -> TypeText:
    default = 1 if name == "char" else None
    size = _size(cursor, default)
    if size is None:
        raise Unclear
    return TypeText(name, size)


def _size(cursor: Cursor, default: int | None = None) -> int | None:
    size, scale = _sizes(cursor)
    if scale is not None:
        raise Unclear
    return default if size is None else size


def _sizes(cursor: Cursor) -> tuple[int | None, int | None]:
    """`(n)` or `(n, m)` if that comes next."""
    if not cursor.take("("):
        return None, None
    size = _digits(cursor)
    scale = _digits(cursor) if cursor.take(",") else None
    cursor.expect(")")
    return size, scale


def _digits(cursor: Cursor) -> int:
    token = cursor.next()
    if token.kind is not TokenKind.NUMBER or not token.text.isdigit():
        raise Unclear
    return int(token.text)


def _labels(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect("(")
    labels: list[str] = []
    while not labels or cursor.take(","):
        token = cursor.next()
        if token.kind is not TokenKind.STRING:
            raise Unclear
        labels.append(token.text)
    cursor.expect(")")
    return tuple(labels)
