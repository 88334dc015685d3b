"""A place in a statement's tokens, and the reading of names from there.

Promises: tokens are taken from the lexer one by one as they are needed, so the head of a huge statement is cheap.
Whoever reads with it expects something; when it is not there, `Unclear` is raised and the statement stays unknown.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from schemas.ddl.lexer import Token, TokenKind
from schemas.names import TableName

QUERY_WORDS = ("SELECT", "WITH", "VALUES", "TABLE")
"""The words that begin a query; all are reserved."""
_END = Token(TokenKind.END, "", -1, -1)


class Unclear(Exception):
    """The statement does not go on as its beginning promised."""


class Cursor:
    """Reads the tokens of one statement; unqualified names belong to the default database."""

    def __init__(self, tokens: Iterator[Token], default_database: str | None) -> None:
        self._tokens = tokens
        self._ahead: deque[Token] = deque()
        self.named: list[Token] = []  # what named databases and tables
        self.default_database = default_database or ""

    def peek(self, ahead: int = 0) -> Token:
        self._ahead.extend(islice(self._tokens, max(0, ahead + 1 - len(self._ahead))))
        return self._ahead[ahead] if ahead < len(self._ahead) else _END

    def next(self) -> Token:
        token = self.peek()
        if self._ahead:
            self._ahead.popleft()
        return token

    def at(self, *symbols: str) -> bool:
        """Do these words or marks come next, in this order?"""
        return all(self.peek(index).symbol == symbol for index, symbol in enumerate(symbols))

    def at_one_of(self, *symbols: str) -> bool:
        return self.peek().symbol in symbols

    def take(self, *symbols: str) -> bool:
        """Goes past these words or marks if they come next."""
        if not self.at(*symbols):
            return False
        for _ in symbols:
            self._ahead.popleft()
        return True

    def take_any(self, *symbols: str) -> str | None:
        """Goes past the next token if it is one of these."""
        return self.next().symbol if self.at_one_of(*symbols) else None

    def expect(self, *symbols: str) -> None:
        if not self.take(*symbols):
            raise Unclear

    def expect_end(self) -> None:
        self.take(";")
        if self.peek().kind is not TokenKind.END:
            raise Unclear

    def name(self) -> str:
        """The next token, which must be a name."""
        token = self.next()
        if not token.is_name:
            raise Unclear
        return token.text

    def table_name(self) -> str:
        """The name of a table or a database."""
        self.named.append(self.peek())
        return self.name()

    def qualified_name(self) -> TableName:
        """`name`, `.name` or `database.name`."""
        if self.take("."):
            return TableName(self.default_database, self.table_name())
        first = self.table_name()
        if self.at(".") and self.peek(1).is_name:
            self.take(".")
            return TableName(first, self.table_name())
        return TableName(self.default_database, first)

    def qualified_names(self) -> tuple[TableName, ...]:
        """One or more of them, with commas between."""
        names = [self.qualified_name()]
        while self.take(","):
            names.append(self.qualified_name())
        return tuple(names)

    def top_level(self) -> Iterator[Token]:
        """Goes through the rest of the statement; gives the tokens that stand in no parentheses, `(` itself among them.

        Between two tokens the caller may read on with the cursor.
        """
        while self.peek().kind is not TokenKind.END:
            token = self.next()
            if token.kind is TokenKind.UNFINISHED or token.symbol == ")":
                raise Unclear
            if token.symbol == ";":
                self.expect_end()
                return
            yield token
            if token.symbol == "(":
                self.leave_parentheses()

    def leave_parentheses(self) -> None:
        """Goes past the `)` that belongs to the `(` just taken."""
        depth = 1
        while depth:
            token = self.next()
            if token.kind is TokenKind.END or token.kind is TokenKind.UNFINISHED:
                raise Unclear
            depth += (token.symbol == "(") - (token.symbol == ")")
