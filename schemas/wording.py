"""What the text of a DDL statement says of the settings that its result can depend on. Pure.

Every question is answered with yes where the text leaves room for doubt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from schemas.ddl.lexer import SqlModes, Token, TokenKind, tokens

_MONTHS_AND_DAYS = frozenset(("MONTHNAME", "DAYNAME", "DATE_FORMAT", "TIME_FORMAT", "STR_TO_DATE", "FORMAT"))
_WEEKS = frozenset(("WEEK", "DATE_FORMAT", "STR_TO_DATE"))
_CIPHERS = frozenset(("AES_ENCRYPT", "AES_DECRYPT"))
_TIMES = frozenset(("TIME", "DATETIME", "TIMESTAMP"))
_EXPRESSIONS = frozenset(("AS", "CHECK"))


@dataclass(frozen=True)
class Wording:
    """A statement's kind and tokens."""

    kind: str
    tokens: tuple[Token, ...]

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(token.text.upper() for token in self.tokens if token.kind is TokenKind.WORD)

    def always(self) -> bool:
        return True

    def never(self) -> bool:
        return False

    def makes_database(self) -> bool:
        return self.kind in ("CREATE_DATABASE", "ALTER_DATABASE")

    def makes_keyless_table(self) -> bool:
        return self.kind == "CREATE_TABLE" and "PRIMARY" not in self.words

    def numbers_rows(self) -> bool:
        return self.kind == "ALTER_TABLE" and "AUTO_INCREMENT" in self.words

    def names_months(self) -> bool:
        return bool(self.words & _MONTHS_AND_DAYS)

    def counts_weeks(self) -> bool:
        return bool(self.words & _WEEKS)

    def encrypts(self) -> bool:
        return bool(self.words & _CIPHERS)

    def divides(self) -> bool:
        return any(token.symbol == "/" for token in self.tokens)

    def cuts_fractions(self) -> bool:
        """TIME_TRUNCATE_FRACTIONAL decides how a value of a type of times loses its last digits."""
        return bool(self.words & _TIMES)

    def means_datetime_by_timestamp(self) -> bool:
        """MAXDB decides what type TIMESTAMP is."""
        return "TIMESTAMP" in self.words

    def computes_texts(self) -> bool:
        """A string stands in an expression, whose collation is that of the connection."""
        has_text = any(token.kind is TokenKind.STRING for token in self.tokens)
        return has_text and (bool(self.words & _EXPRESSIONS) or self._has_expression_in_parentheses())

    def computes_values(self) -> bool:
        """An expression stands for the values of a column or a key."""
        return "AS" in self.words or self._has_expression_in_parentheses()

    def leaves_collation_open(self) -> bool:
        """utf8mb4 is named, and not its collation behind it."""
        if self.kind == "CREATE_DATABASE":
            return True
        named = _pairs(self.tokens)
        return any(token.text.lower() == "utf8mb4" and after.symbol != "COLLATE" for token, after in named)

    def leaves_timestamps_open(self) -> bool:
        """A TIMESTAMP column says not whether it may be NULL, or gives a NOT NULL one no default."""
        return any(_is_open(attributes) for attributes in self._timestamps())

    def _has_expression_in_parentheses(self) -> bool:
        """DEFAULT (...), or an expression as a part of a key: ((...))."""
        return any(
            after.symbol == "(" and (token.symbol == "(" or token.text.upper() == "DEFAULT")
            for token, after in _pairs(self.tokens)
        )

    def _timestamps(self) -> Iterator[list[str]]:
        """What follows the word TIMESTAMP, as far as the comma or the parenthesis that ends the column."""
        for index, token in enumerate(self.tokens):
            if token.kind is TokenKind.WORD and token.text.upper() == "TIMESTAMP":
                yield list(_column(islice(self.tokens, index + 1, None)))


def wording(kind: str, sql: str, modes: SqlModes) -> Wording:
    return Wording(kind, tuple(tokens(sql, modes)))


def _pairs(listed: tuple[Token, ...]) -> Iterator[tuple[Token, Token]]:
    """Each token with the one behind it; the last one with itself."""
    return zip(listed, (*listed[1:], *listed[-1:]), strict=True)


def _column(following: Iterator[Token]) -> Iterator[str]:
    depth = 0
    for token in following:
        depth += (token.symbol == "(") - (token.symbol == ")")
        if depth < 0 or (depth == 0 and token.symbol == ","):
            return
        yield token.symbol


def _is_open(attributes: list[str]) -> bool:
    if "NULL" not in attributes:
        return True
    not_null = "NOT" in attributes[: attributes.index("NULL")]
    return not_null and "DEFAULT" not in attributes and "AS" not in attributes
