"""What SHOW CREATE tells of a table or a database, aspect by aspect, so that two servers can be compared. Pure.

The text must come from a session with time_zone '+00:00', an empty sql_mode and quoted names. Only what must differ
is left out: counters, display widths of integers (which 8.0.19 dropped), the algorithm of an index, RESTRICT (to InnoDB
the same as NO ACTION), the engine of partitions; names are those of today: utf8mb3 for utf8, geomcollection. A
collation that the text leaves out is told.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.ddl.charset_names import Charsets
from schemas.ddl.lexer import SqlModes, Token, TokenKind, tokens
from schemas.ddl.storage import without_storage
from schemas.names import folded
from schemas.sql import identifier, text_literal

_NEWEST = 999_999  # whatever an executable comment asks for, it is part of the definition
_CHARACTERS = frozenset(("CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "ENUM", "SET"))
_INTEGERS = frozenset(("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR"))
_BYTES = frozenset(("BINARY", "VARBINARY"))
_OLD_UTF8 = re.compile(r"(_?)utf8(_.*)?", re.IGNORECASE)
_ZEROS = re.compile(r"(?:00)+$")
_PLAIN_NAME = re.compile(r"\w+")
_TODAY = {"GEOMETRYCOLLECTION": "geomcollection"}
_CLOSE, _TIGHT = frozenset((")", ",", ".")), frozenset(("(", "."))
_COMPARING = frozenset("<>=!:|&")
_OF_ENGINES = frozenset(("engine", "row_format", "key_block_size"))
_APART = frozenset(("AS", "DEFAULT", "CHECK", "AND", "OR", "XOR", "NOT", "IN", "WHEN", "THEN", "ELSE", "CASE", "LIKE"))

Aspects = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Common:
    """What both servers of a comparison can tell; names are folded where one of them folds them."""

    directions: bool = True  # of indexes: since 8.0.1
    introducers: bool = True  # the charset of a string inside an expression: since 8.0
    lower_case: bool = False  # lower_case_table_names = 1


def describe_table(shown: str, database: str, charsets: Charsets, common: Common) -> Aspects:
    """What SHOW CREATE TABLE says of a table of `database`, but where it lies; `charsets` are those of its server."""
    said = list(tokens(without_storage(shown, SqlModes(), _NEWEST), SqlModes(), _NEWEST))
    if [token.symbol for token in said[:2]] != ["CREATE", "TABLE"]:
        return {"kind": "a view"}
    elements, rest = _elements(said[3:])
    options, partitions = _options(rest)
    charset, collation = options.pop("DEFAULT CHARSET", ""), options.pop("COLLATE", "")
    default = _collation(charset, collation, charsets, "")
    columns = [element for element in elements if element[0].kind is TokenKind.NAME]
    aspects = {"columns": ", ".join(column[0].text for column in columns), "collation": default}
    aspects.update({f"column {column[0].text}": _column(column[1:], default, charsets, common) for column in columns})
    for element in elements:
        if element[0].kind is not TokenKind.NAME:
            name, text = _constraint(element, database, common)
            aspects[name] = text
    options.pop("AUTO_INCREMENT", None)
    if options.get("ENCRYPTION", "").upper() == "'N'":
        del options["ENCRYPTION"]
    aspects.update({name.lower(): value for name, value in options.items()})
    if partitions:
        aspects["partitions"] = _partitions(partitions, common)
    return aspects


def describe_database(shown: str, charsets: Charsets) -> Aspects:
    """Everything that SHOW CREATE DATABASE says of a database but its name."""
    said = list(tokens(shown, SqlModes(), _NEWEST))[3:]
    charset = collation = encryption = ""
    for at, token in enumerate(said):
        value = said[at + 1].text if at + 1 < len(said) else ""
        if token.symbol == "SET":
            charset = value
        elif token.symbol == "COLLATE":
            collation = value
        elif token.symbol == "ENCRYPTION":
            encryption = said[at + 2].text if value == "=" else value
    aspects = {"default collation": _collation(charset, collation, charsets, "")}
    if encryption.upper() == "Y":
        aspects["default encryption"] = "Y"
    return aspects


def differences(source: Aspects, target: Aspects) -> list[str]:
    """One line for each aspect that differs, and must not."""
    return [
        f"{aspect}: source {source.get(aspect, 'has none')}, target {target.get(aspect, 'has none')}"
        for aspect in [*source, *(aspect for aspect in target if aspect not in source)]
        if source.get(aspect) != target.get(aspect) and not _excused(aspect, source, target)
    ]


def next_number(shown: str) -> int | None:
    """The AUTO_INCREMENT of SHOW CREATE TABLE; None where it says nothing, which means 1 or no such column."""
    said = list(tokens(shown, SqlModes(), _NEWEST))
    if [token.symbol for token in said[:2]] != ["CREATE", "TABLE"]:
        return None
    options, _ = _options(_elements(said[3:])[1])
    return int(options["AUTO_INCREMENT"]) if "AUTO_INCREMENT" in options else None


def generated(shown: str) -> dict[str, str]:
    """The expression of each generated column, by the column's name; the empty name holds those of index parts."""
    found: dict[str, str] = {}
    said = list(tokens(shown, SqlModes(), _NEWEST))
    if [token.symbol for token in said[:2]] != ["CREATE", "TABLE"]:
        return found
    for element in _elements(said[3:])[0]:
        symbols = [token.symbol for token in element]
        if element[0].kind is TokenKind.NAME and "GENERATED" in symbols:
            at = symbols.index("GENERATED") + 3
            found[element[0].text] = shown[element[at].start : element[_closing(element, at)].end]
    return found


def indexes(shown: str) -> dict[str, tuple[str, ...]]:
    """The columns of each plain index, in lower case, by its name."""
    return {element[1].text: _within(element) for element in _parts(shown) if element[0].symbol == "KEY"}


def referring(shown: str) -> dict[str, tuple[str, ...]]:
    """The columns of each foreign key, in lower case, by its name."""
    foreign = [element for element in _parts(shown) if [each.symbol for each in element[2:3]] == ["FOREIGN"]]
    return {element[1].text: _within(element) for element in foreign}


def _parts(shown: str) -> list[list[Token]]:
    said = list(tokens(shown, SqlModes(), _NEWEST))
    return _elements(said[3:])[0] if [token.symbol for token in said[:2]] == ["CREATE", "TABLE"] else []


def _within(element: Sequence[Token]) -> tuple[str, ...]:
    """What stands between the first parentheses; of whole columns in ascending order, their names."""
    begin = next(at for at, token in enumerate(element) if token.symbol == "(")
    inside = element[begin + 1 : _closing(element, begin)]
    return tuple(token.text.lower() for token in inside if token.symbol != ",")


def _excused(aspect: str, source: Aspects, target: Aspects) -> bool:
    """InnoDB stands for engines that the destination does not run; more may be encrypted there."""
    if source.get("engine") != target.get("engine") == "InnoDB" and aspect in _OF_ENGINES:
        return True
    return aspect in ("encryption", "default encryption") and aspect not in source


def _elements(said: Sequence[Token]) -> tuple[list[list[Token]], list[Token]]:
    """The columns, keys and constraints between the parentheses, and what follows these."""
    elements: list[list[Token]] = [[]]
    depth = 0
    for at, token in enumerate(said):
        depth += (token.symbol == "(") - (token.symbol == ")")
        if depth == 0:
            return [element for element in elements if element], list(said[at + 1 :])
        if depth == 1 and token.symbol == ",":
            elements.append([])
        elif at:
            elements[-1].append(token)
    return elements, []


def _options(said: Sequence[Token]) -> tuple[dict[str, str], list[Token]]:
    """What follows the parentheses: options by name, and from PARTITION BY on."""
    options: dict[str, str] = {}
    name: list[str] = []
    at = 0
    while at < len(said):
        token = said[at]
        if token.symbol == "PARTITION":
            return options, list(said[at:])
        if token.kind is TokenKind.WORD and not (name and said[at - 1].symbol == "="):
            if name == ["TABLESPACE"] or (
                at + 1 < len(said) and said[at + 1].symbol not in ("=", "CHARSET", "DIRECTORY")
            ):
                options[token.text.upper()] = _text(said[at + 1 : at + 2])
                at += 2
                continue
            name.append(token.text.upper())
        elif token.symbol != "=":
            end = _closing(said, at) if token.symbol == "(" else at
            options[" ".join(name)] = _text(said[at : end + 1])
            name, at = [], end
        if token.kind is TokenKind.WORD and name and said[at - 1].symbol == "=":
            options[" ".join(name)] = _text([token])
            name = []
        at += 1
    return options, []


def _column(said: Sequence[Token], default: str, charsets: Charsets, common: Common) -> str:
    """The type, the collation, and the rest."""
    kind = said[0].symbol
    end = 1
    if len(said) > 1 and said[1].symbol == "(":
        end = _closing(said, 1) + 1
    signs = [token.symbol for token in said[end : end + 2]]
    if kind in _INTEGERS and end > 1 and "ZEROFILL" not in signs and not _boolean(said, signs):
        type_text = said[0].text
    else:
        type_text = _text(said[:end])
    charset, collation, rest = _charset(said[end:])
    parts = [_TODAY.get(kind, type_text)]
    if kind in _CHARACTERS:
        told = _collation(charset, collation, charsets, default)
        parts += [f"COLLATE {told}"] if told != "binary" else []  # younger servers do not tell it of ENUM and SET
    parts.append(_text(_bared(rest if kind not in _BYTES else _in_hex(rest, kind)), common))
    return " ".join(part for part in parts if part)


def _in_hex(said: Sequence[Token], kind: str) -> Iterator[Token]:
    """A default of bytes as a number, whether it is told as text or as bytes."""
    for at, token in enumerate(said):
        if at == 0 or said[at - 1].symbol != "DEFAULT" or token.kind not in (TokenKind.STRING, TokenKind.NUMBER):
            yield token
            continue
        told = token.text.lower() if token.kind is TokenKind.NUMBER else f"0x{token.text.encode().hex()}"
        yield token._replace(kind=TokenKind.NUMBER, text=_ZEROS.sub("", told) if kind == "BINARY" else told)


def _boolean(said: Sequence[Token], signs: Sequence[str]) -> bool:
    """TINYINT(1), the one width that younger servers keep."""
    return said[0].symbol == "TINYINT" and said[2].text == "1" and "UNSIGNED" not in signs


def _charset(said: Sequence[Token]) -> tuple[str, str, list[Token]]:
    """What is said of charset and collation outside parentheses, and everything else."""
    charset = collation = ""
    rest: list[Token] = []
    depth = at = 0
    while at < len(said):
        token = said[at]
        depth += (token.symbol == "(") - (token.symbol == ")")
        if depth == 0 and token.symbol == "CHARACTER":
            charset = said[at + 2].text
            at += 3
        elif depth == 0 and token.symbol == "COLLATE":
            collation = said[at + 1].text
            at += 2
        else:
            rest.append(token)
            at += 1
    return charset, collation, rest


def _collation(charset: str, collation: str, charsets: Charsets, default: str) -> str:
    if collation:
        return _today(collation)
    return _today(charsets.charset(charset).collation) if charset else default


def _constraint(said: Sequence[Token], database: str, common: Common) -> tuple[str, str]:
    """A key or constraint: its aspect, and what is said of it."""
    first, named = said[0].symbol, next((token.text for token in said if token.kind is TokenKind.NAME), "")
    begin = next(at for at, token in enumerate(said) if token.symbol == "(")
    if first == "CONSTRAINT" and said[2].symbol == "FOREIGN":
        return f"foreign key {named}", _foreign_key(said[begin:], database, common)
    if first == "CONSTRAINT":
        return f"check {named}", _text(_bared(said[begin:]), common)
    text = _text(_bared(_key(said[begin:], common)), common)
    if first == "PRIMARY":
        return "primary key", text
    if first == "UNIQUE":
        return f"unique key {named}", text
    return f"index {named}", text if first == "KEY" else f"{first} {text}"


def _key(said: Sequence[Token], common: Common) -> Iterator[Token]:
    """Without its algorithm, and its directions where one server has none."""
    before = ""
    for token in said:
        if token.symbol in ("USING", "BTREE", "HASH") and (token.symbol == "USING" or before == "USING"):
            before = token.symbol
            continue
        if token.symbol == "DESC" and not common.directions:
            continue
        before = token.symbol
        yield token


def _foreign_key(said: Sequence[Token], database: str, common: Common) -> str:
    """With its parent in full, without actions that are none."""
    at = next(at for at, token in enumerate(said) if token.symbol == "REFERENCES") + 1
    end = next(end for end in range(at, len(said)) if said[end].symbol == "(")
    names = [token.text for token in said[at:end] if token.is_name]
    parent = [database, *names] if len(names) == 1 else names
    if common.lower_case:
        parent = [folded(name) for name in parent]
    close = _closing(said, end)
    actions = _text(said[close + 1 :])
    for idle in ("RESTRICT", "NO ACTION"):
        actions = actions.replace(f"ON DELETE {idle}", "").replace(f"ON UPDATE {idle}", "")
    columns, referenced = _text(said[: at - 1]), _text(said[end : close + 1])
    return " ".join(f"{columns} REFERENCES {'.'.join(map(_name, parent))} {referenced} {actions}".split())


def _partitions(said: Sequence[Token], common: Common) -> str:
    """Servers before 8.0 quote no names here and keep expressions as they were written."""
    kept: list[Token] = []
    for token in _bared(said):
        if token.is_name and len(kept) >= 2 and (kept[-2].symbol, kept[-1].symbol) == ("ENGINE", "="):
            del kept[-2:]
        else:
            kept.append(token)
    return " ".join(_text([token], common) if token.kind is TokenKind.STRING else token.text.lower() for token in kept)


def _bared(said: Sequence[Token] | Iterator[Token]) -> list[Token]:
    """Without parentheses that enclose nothing but parentheses."""
    said = list(said)
    pairs: dict[int, int] = {}
    open_at: list[int] = []
    for at, token in enumerate(said):
        if token.symbol == "(":
            open_at.append(at)
        elif token.symbol == ")" and open_at:
            pairs[open_at.pop()] = at
    idle = {at for at, end in pairs.items() if pairs.get(at + 1) == end - 1}
    return [token for at, token in enumerate(said) if at not in idle | {pairs[one] for one in idle}]


def _closing(said: Sequence[Token], at: int) -> int:
    """Where the parenthesis that opens at `at` closes."""
    depth = 0
    for end in range(at, len(said)):
        depth += (said[end].symbol == "(") - (said[end].symbol == ")")
        if depth == 0:
            return end
    return len(said) - 1


def _text(said: Sequence[Token], common: Common | None = None) -> str:
    """Readable, and the same for the same tokens."""
    parts: list[str] = []
    for at, token in enumerate(said):
        follows = said[at + 1].kind is TokenKind.STRING if at + 1 < len(said) else False
        if common and not common.introducers and token.symbol.startswith("_") and follows:
            continue
        apart = bool(parts) and token.symbol not in _CLOSE and not _tight(said[at - 1], token)
        parts.append(f" {_one(token)}" if apart else _one(token))
    return "".join(parts)


def _tight(before: Token, token: Token) -> bool:
    """Whether there is no space between two tokens."""
    if before.symbol in _TIGHT or (before.symbol in _COMPARING and token.symbol in _COMPARING):
        return True
    return token.symbol == "(" and before.is_name and before.symbol not in _APART


def _one(token: Token) -> str:
    if token.kind is TokenKind.STRING:
        return text_literal(token.text)
    if token.kind is TokenKind.NAME:
        return _name(token.text)
    if token.kind is TokenKind.NUMBER:
        return token.text.lower()
    return _today(token.text) if token.kind is TokenKind.WORD else token.text


def _name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else identifier(name)


def _today(word: str) -> str:
    """utf8mb3 by the name that it has now."""
    found = _OLD_UTF8.fullmatch(word)
    return word if found is None else f"{found[1]}utf8mb3{found[2] or ''}"
