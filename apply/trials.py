"""Statements that make the destination compute: with the values that the source has, or not at all.

A stored generated column cannot be written, and its value may hang on the session that wrote the row at the source:
its sql_mode, its time zone, and more. Where a definition leaves that open, rows are looked at after they are written,
in the same transaction; when they are not as the source has them, they are written again as other sessions would.
What has worked for a table is tried first the next time.
"""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations

from apply.destination import LENIENT_SQL_MODE, PLAIN_SQL_MODE, SQL_MODE
from apply.statements import Doubt
from apply.steps import Step
from runtime.discretion import server_text
from runtime.environment import EXPRESSIONS
from runtime.errors import Fatal
from runtime.mysql import Connection, Refused
from schemas.charsets import longest
from schemas.ddl.shown import next_number

_DEPRECATED, _DEPRECATED_MODE, _NO_CHARACTER, _TRUNCATED, _DUPLICATE = 1287, 3135, 1300, 1265, 1062
# what strict sessions refuse to store, and what they refuse to compute for a column that is to be stored
_ADJUSTED = frozenset((1264, _TRUNCATED, 1292, 1365, 1366, 1406, 1411, 1441))
_INSIDE_EXPRESSIONS = frozenset((1292, 1365, 1411, 1441))
_OF_INDEXES = frozenset((3751, 3752, 3907))  # on expressions: adjusted in the index alone
#: an expression has no value, or a check is not fulfilled: so it is in this session
_COMPUTED = frozenset((1690, 3819, *_OF_INDEXES))
#: no session makes a difference: a unique value, room, the size of a packet
_ANYWHERE = frozenset((_DUPLICATE, 1021, 1114, 1153))
_ROW = re.compile(r" at row \d+$")
_MOST_REMEMBERED = 6
_INSTANCES = 16  # of a table that a server may hold open for nobody, as a guess: more are tried later
_DATES = (
    (),
    ("ALLOW_INVALID_DATES",),
    ("NO_ZERO_IN_DATE", "NO_ZERO_DATE"),
    ("NO_ZERO_DATE",),
    ("NO_ZERO_IN_DATE",),
)
_MODES = ("NO_UNSIGNED_SUBTRACTION", "PAD_CHAR_TO_FULL_LENGTH", "TIME_TRUNCATE_FRACTIONAL")
_ZONE_MINUTES = (*range(-12 * 60, 14 * 60 + 1, 30), 5 * 60 + 45, 8 * 60 + 45, 12 * 60 + 45)
_LOCALES = (
    *("de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "pt_PT", "nl_NL", "pl_PL", "ru_RU", "uk_UA", "cs_CZ", "sv_SE"),
    *("da_DK", "nb_NO", "fi_FI", "hu_HU", "ro_RO", "el_GR", "tr_TR", "zh_CN", "zh_TW", "ja_JP", "ko_KR", "ar_SA"),
    *("he_IL", "hi_IN", "th_TH", "vi_VN", "id_ID", "en_GB"),
)
_CIPHERS = tuple(
    f"aes-{bits}-{mode}" for bits in (128, 192, 256) for mode in ("ecb", "cbc", "cfb1", "cfb8", "cfb128", "ofb")
)
_ANOTHER_WAY = (
    "see which setting of the source's sessions, or which server version, the expression hangs on; make the column a"
    " plain one at the source, or an expression that gives one value everywhere; then start again"
)


class Unequal(Fatal):
    """A row cannot be made as the source has it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a session computes by, where it is not ours: its sql_mode, and one variable more."""

    sql_mode: str
    variable: str = ""
    value: str = ""
    opening: str = ""  # the sql_mode of a session that has opened the table before

    @property
    def assignments(self) -> str:
        return f"sql_mode = '{self.sql_mode}'" + (f", {self.variable} = {self.value}" if self.variable else "")

    @property
    def undoing(self) -> str:
        return f"sql_mode = '{SQL_MODE}'" + (
            f", {self.variable} = {EXPRESSIONS[self.variable]}" if self.variable else ""
        )


OURS = Setting(SQL_MODE)
LENIENT = Setting(LENIENT_SQL_MODE)


def settings(doubt: Doubt | None) -> Iterator[Setting]:
    """How the session that wrote a row at the source may have been set, as far as an expression can tell."""
    for count in range(len(_MODES) + 1):
        for modes in combinations(_MODES, count):
            for dates in _DATES:
                yield Setting(",".join((PLAIN_SQL_MODE, *dates, *modes)))
        if not count and doubt and doubt.escaped:
            yield Setting(SQL_MODE, opening=f"{SQL_MODE},NO_BACKSLASH_ESCAPES")
    for variable, value in _variables(doubt) if doubt else ():
        for dates in _DATES[:2]:
            yield Setting(",".join((PLAIN_SQL_MODE, *dates)), variable, value)


def _variables(doubt: Doubt) -> Iterator[tuple[str, str]]:
    if doubt.words & {"/", "AVG", "DIV"}:
        yield from (("div_precision_increment", str(digits)) for digits in range(31))
    if doubt.words & {"WEEK", "YEARWEEK"}:
        yield from (("default_week_format", str(number)) for number in range(8))
    if doubt.words & {"DATE_FORMAT", "DAYNAME", "MONTHNAME", "TIME_FORMAT", "STR_TO_DATE"}:
        yield from (("lc_time_names", f"'{name}'") for name in _LOCALES)
    if doubt.words & {"AES_ENCRYPT", "AES_DECRYPT"}:
        yield from (("block_encryption_mode", f"'{cipher}'") for cipher in _CIPHERS)
    if doubt.zoned:
        for minutes in _ZONE_MINUTES:
            sign, (hours, rest) = "+" if minutes >= 0 else "-", divmod(abs(minutes), 60)
            yield "time_zone", f"'{sign}{hours:02}:{rest:02}'"


class Trials:
    """Runs the steps of one session, each inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._remembered: dict[str, list[Setting]] = {}  # by table, the last one first
        self._counted: dict[str, int] = {}  # numbers that AUTO_INCREMENT columns have left behind

    def forget(self) -> None:
        """The destination's tables may have changed."""
        self._remembered.clear()
        self._counted.clear()

    def run(self, step: Step) -> int:
        """Returns how many rows it has changed."""
        if step.number:
            self._count_to(step)
            return 0
        return self._checked(step) if step.check else self._plain(step)

    def _plain(self, step: Step) -> int:
        """Rows without values that are to be looked at."""
        try:
            return self._under(LENIENT if step.blanks else OURS, step)
        except Refused as error:
            if error.code not in _COMPUTED and not (step.computed and error.code in _ADJUSTED):
                raise
            refusal = error
        with self._instances(step.table) as take:
            for setting in self._in_turn(step, [LENIENT], everything=True):
                take()
                try:
                    changed = self._under(setting, step)
                except Refused:
                    continue
                self._remember(step, setting)
                return changed
        raise refusal

    def _checked(self, step: Step) -> int:
        """As the source has them, all together, or half by half down to single rows."""
        self._connection.execute("SAVEPOINT trial")
        before = int(self._connection.value(step.check)) if step.relative else 0
        refusals: list[Refused] = []
        first = [LENIENT if step.blanks else OURS]
        for setting in self._in_turn(step, first, everything=False):
            if (changed := self._fitting(setting, step, before, refusals)) is not None:
                return changed
        with self._instances(step.table) as take:
            for setting in self._in_turn(step, first, everything=not step.parts):
                take()
                if (changed := self._fitting(setting, step, before, refusals)) is not None:
                    return changed
        if step.parts:
            return sum(self._checked(part) for part in step.parts())
        raise refusals[0] if refusals else self._other_values(step)

    def _fitting(self, setting: Setting, step: Step, before: int, refusals: list[Refused]) -> int | None:
        """How many rows the step has changed; None, and nothing is changed, where they are not as the source's."""
        try:
            changed = self._under(setting, step)
            if int(self._connection.value(step.check)) - before == step.rows:
                self._remember(step, setting)
                return changed
        except Refused as error:
            if error.code in _ANYWHERE:
                raise
            refusals.append(error)
        self._connection.execute("ROLLBACK TO SAVEPOINT trial")
        return None

    @contextmanager
    def _instances(self, table: str, alias: str = "trial") -> Generator[Callable[[], None]]:
        """Takes instances of a table out of the server's cache, one by one: what an expression means in an instance
        was decided by the session that opened it, and the next one to be opened is for ours to decide."""
        names: list[str] = []

        def take() -> None:
            name = f"{alias}_{len(names)}"
            try:
                self._connection.execute(f"HANDLER {table} OPEN AS {name}")
            except Refused:
                return  # not for every table, nor through every proxy: then it is tried with what is there
            names.append(name)

        try:
            yield take
        finally:
            for name in names:
                self._connection.execute(f"HANDLER {name} CLOSE")

    def _other_values(self, step: Step) -> Fatal:
        self._under(OURS, step)
        names = [name for name, query in step.each if not int(self._connection.value(query))]
        return Unequal(
            f"the destination computes another value than the source has for {', '.join(names)}, whatever the session's"
            " sql_mode, time zone and other settings",
            hint=_ANOTHER_WAY,
        )

    def _in_turn(self, step: Step, first: list[Setting], *, everything: bool) -> Iterator[Setting]:
        """What has worked before, or else `first`; and then all that may be."""
        known = self._remembered.get(step.table, [])
        tried = [*(each for each in known if each != OURS or not step.blanks), *first]
        seen = set[Setting]()
        for setting in (*tried, *(settings(step.doubt) if everything else ())):
            if setting not in seen:
                seen.add(setting)
                yield setting

    def _remember(self, step: Step, setting: Setting) -> None:
        known = self._remembered.get(step.table, [])
        if known[:1] != [setting]:
            self._remembered[step.table] = [setting, *(each for each in known if each != setting)][:_MOST_REMEMBERED]

    def _under(self, setting: Setting, step: Step) -> int:
        """Stores what strict sessions refuse: ENUM's error value, and what generated columns cannot hold. Nothing but
        that may be adjusted."""
        if setting.opening:
            with self._opened(step.table, setting.opening):
                return self._connection.execute(step.sql)
        if setting == OURS:
            return self._connection.execute(step.sql)
        self._connection.execute(f"SET SESSION {setting.assignments}")
        try:
            changed = self._connection.execute(step.sql)
            warnings = self._connection.query("SHOW WARNINGS")
            unseen = int(self._connection.value("SELECT @@warning_count")) - len(warnings)
        finally:
            self._connection.execute(f"SET SESSION {setting.undoing}")
        for _, code, text in warnings:
            if unseen or not (_harmless(code, text) or _expected(code, text, step)):
                raise Refused(f"the row would be adjusted: {server_text(text, step.sql)} ({code})", "", code)
        return changed

    @contextmanager
    def _opened(self, table: str, sql_mode: str) -> Generator[None]:
        """The instance that is taken next was opened under another sql_mode, in which the server has read the literals
        of expressions; our own literals need ours."""
        with self._instances(table, "set_aside") as take:
            for _ in range(_INSTANCES):
                take()
            self._connection.execute(f"SET SESSION sql_mode = '{sql_mode}'")
            try:
                with self._instances(table, "opened") as open_one:
                    open_one()
            finally:
                self._connection.execute(f"SET SESSION sql_mode = '{SQL_MODE}'")
            yield

    def _count_to(self, step: Step) -> None:
        """Makes an AUTO_INCREMENT column leave a number behind whose row has come and gone: InnoDB does not count back
        when the row does."""
        if self._counted.get(step.table, 0) >= step.number:
            return
        self._connection.execute("SAVEPOINT trial")
        self._connection.execute(f"SET SESSION {LENIENT.assignments}")
        try:
            self._connection.execute(step.sql)
        except Refused as error:
            shown = str(self._connection.query(f"SHOW CREATE TABLE {step.table}")[0][1])
            if (next_number(shown) or 1) <= step.number:
                raise Unequal(
                    f"AUTO_INCREMENT stays behind {step.number}, whose row has come and gone: {error}",
                    f"ALTER TABLE {step.table} AUTO_INCREMENT = {step.number + 1} at the destination; then start again",
                ) from error
        finally:
            self._connection.execute(f"SET SESSION {LENIENT.undoing}")
        self._connection.execute("ROLLBACK TO SAVEPOINT trial")
        self._counted[step.table] = step.number


def _expected(code: int, text: str, step: Step) -> bool:
    """It is about a column that may be adjusted, or about the middle of an expression."""
    if code in _INSIDE_EXPRESSIONS and "olumn '" not in text:
        return bool(step.computed)
    about = step.computed if code in _ADJUSTED else frozenset[str]()
    about |= step.blanks if code == _TRUNCATED else frozenset()
    plain = _ROW.sub("", text)
    return any(plain.endswith(f"olumn '{name}'") for name in about)


def _harmless(code: int, text: str) -> bool:
    """A mode is deprecated, an index holds something else than its row, or bytes are no character of a charset: one of
    single bytes stores them all the same."""
    return (
        code in _OF_INDEXES
        or code in (_DEPRECATED, _DEPRECATED_MODE)
        or (code == _NO_CHARACTER and longest(text.split(" ")[1]) == 1)
    )
