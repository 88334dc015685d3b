"""Character sets and collations by the names that one server gives them, and what a statement leaves out of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from schemas.ddl.cursor import Cursor, Unclear
from schemas.ddl.lexer import TokenKind


@dataclass(frozen=True, slots=True)
class Collated:
    """A character set with a collation."""

    charset: str
    collation: str


@dataclass(frozen=True, slots=True)
class Charsets:
    """What a server knows: the charset of each collation, the default collation of each charset."""

    of_collation: Mapping[str, str]
    defaults: Mapping[str, str]

    def with_utf8mb4(self, collation: str | None) -> "Charsets":
        """With a session's default_collation_for_utf8mb4."""
        if collation is None:
            return self
        return replace(self, defaults={**self.defaults, "utf8mb4": collation})

    def charset(self, name: str) -> Collated:
        """With the collation that goes without saying. Before 8.0.30 names differ: utf8 is utf8mb3."""
        for found in _names_of_utf8(name.lower()):
            if found in self.defaults:
                return Collated(found, self.defaults[found])
        raise Unclear

    def collation(self, name: str) -> Collated:
        for found in _names_of_utf8(name.lower()):
            if found in self.of_collation:
                return Collated(self.of_collation[found], found)
        raise Unclear

    def binary(self, of: Collated) -> Collated:
        """The charset with its collation by code."""
        return of if of.charset == "binary" else self.collation(f"{_collation_prefix(of.collation)}_bin")


def _collation_prefix(collation: str) -> str:
    return collation.partition("_")[0]


def _names_of_utf8(name: str) -> tuple[str, ...]:
    head, mark, rest = name.partition("_")
    other = {"utf8": "utf8mb3", "utf8mb3": "utf8"}.get(head)
    return (name,) if other is None else (name, other + mark + rest)


@dataclass(slots=True)
class Named:
    """What a statement says of charset and collation, before one knows what it may leave out."""

    charset: str | None = None
    collation: str | None = None
    binary: bool = False  # the attribute BINARY: the charset's collation by code

    @property
    def said(self) -> bool:
        return self.charset is not None or self.collation is not None

    def resolved(self, charsets: Charsets, default: Collated | None) -> Collated:
        """With what is left out; `default` is what holds where nothing is said."""
        if self.collation is not None:
            found = charsets.collation(self.collation)
            if self.charset is not None and charsets.charset(self.charset).charset != found.charset:
                raise Unclear
            return found
        if self.charset is not None:
            found = charsets.charset(self.charset)
        elif default is not None:
            found = default
        else:
            raise Unclear
        return charsets.binary(found) if self.binary else found


def take_charset(cursor: Cursor, named: Named) -> bool:
    """Goes past CHARACTER SET x, CHARSET x or COLLATE x if that comes next."""
    if cursor.take("CHARSET") or cursor.take("CHARACTER", "SET") or cursor.take("CHAR", "SET"):
        cursor.take("=")
        named.charset = _name(cursor)
        if named.charset.upper() == "DEFAULT":
            raise Unclear
        return True
    if cursor.take("COLLATE"):
        cursor.take("=")
        named.collation = _name(cursor)
        return True
    return False


def _name(cursor: Cursor) -> str:
    token = cursor.next()
    if not token.is_name and token.kind is not TokenKind.STRING:
        raise Unclear
    return token.text
