"""Every character set, any name and any session from the source to the target, by snapshot and by log."""

import json

from capture.checkpoint import load
from runtime.errors import Exit
from runtime.kafka import TopicPartition, consumer, read_to_end
from runtime.mysql import Connection, connect
from schemas.charsets import decoder, longest, shortest
from schemas.names import TableName
from schemas.position import GtidSet
from schemas.sql import identifier, text_literal
from tests.conformance import raw_rows
from tests.conformance.charset_values import CHARSETS, broken, part
from tests.conftest import NewTask
from tests.pipeline.compare import differences
from tests.pipeline.settle import settle
from tests.pipeline.task import Task

_KEYLESS = ("utf8mb4", "latin1", "sjis", "cp932", "utf16", "ucs2", "armscii8")
_SESSIONS = ("latin1", "gbk", "big5", "sjis", "cp932", "ujis")
_DIFFERENT = "CAST(v AS BINARY) <> CAST(t AS BINARY)"  # a VARCHAR is checked where a TEXT is not


def test_all_that_a_server_stores_in_any_charset(task: NewTask) -> None:
    moved = task(include=["texts.*"])
    with connect(moved.stack_source) as source:
        source.execute("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'")
        for database in ("scratch", "texts"):
            source.execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
        for charset in CHARSETS:
            values = [*part(charset)[::9], *broken(charset)]
            raw_rows.make(source, TableName("scratch", charset), charset, longest(charset))
            raw_rows.put(source, TableName("scratch", charset), charset, values)
            _fill(source, charset, "read")
        migrate = moved.start("migrate")
        settle(moved, [migrate])
        for charset in CHARSETS:
            _fill(source, charset, "logged")
            for way in ("read", "logged"):
                _change(source, f"texts.{way}_{charset}")
        settle(moved, [migrate], seconds=240)
        for charset in _KEYLESS:
            for way in ("read", "logged"):
                source.execute(f"UPDATE texts.bag_{way}_{charset} SET t = CONCAT(t, 'x') WHERE id % 3 = 0")
                source.execute(f"DELETE FROM texts.bag_{way}_{charset} WHERE id % 5 = 0")
        settle(moved, [migrate])
        assert differences(moved.stack_source, moved.stack_destination, ["texts"]) == []
        for charset in ("sjis", "utf16"):
            assert source.value(f"SELECT COUNT(*) FROM texts.read_{charset}") > 50
    moved.run("verify")


def _labels(charset: str) -> list[str]:
    """Labels with spaces, quotes, backslashes and letters of the charset."""
    decode = decoder(charset)
    sure = [text for text in map(decode, part(charset)[shortest(charset) * 140 :]) if text and text.isalpha()]
    letters = [text for text in sure if not text.isascii()][:3]
    quotes = [] if charset in ("swe7", "sjis") else ["it's", "back\\slash", '"']
    return ["", "a b", *quotes, *(f"{number}{text}" for number, text in enumerate(letters))]


def _fill(source: Connection, charset: str, way: str) -> None:
    """Text that the server holds for well-formed: it may mean nothing, or the same as other bytes."""
    labels = ",".join(map(text_literal, _labels(charset)))
    own = f"CHARACTER SET {charset}"
    columns = (
        f"id INT PRIMARY KEY, v VARCHAR(240) {own}, c CHAR(60) {own} NOT NULL, t LONGTEXT {own}, "
        f"e ENUM({labels}) {own} NOT NULL, s SET({labels}) {own}"
    )
    well_formed = f"LENGTH(CONVERT(CAST(v AS BINARY) USING {charset})) = LENGTH(v)"  # neither cut nor filled up
    rows = f"SELECT id, v, LEFT(v, 60), v, id % {len(_labels(charset)) + 1}, id FROM scratch.{charset} WHERE "
    source.execute(f"CREATE TABLE texts.{way}_{charset} ({columns})")
    source.execute(f"INSERT IGNORE INTO texts.{way}_{charset} {rows} {well_formed}")
    source.execute(f"DELETE FROM texts.{way}_{charset} WHERE {_DIFFERENT}")
    if charset in _KEYLESS:
        source.execute(f"CREATE TABLE texts.bag_{way}_{charset} (id INT, v VARCHAR(240) {own}, t TEXT {own})")
        source.execute(
            f"INSERT INTO texts.bag_{way}_{charset} SELECT id, v, v FROM scratch.{charset} WHERE {well_formed} LIMIT 40"
        )
        source.execute(f"DELETE FROM texts.bag_{way}_{charset} WHERE {_DIFFERENT}")


def _change(source: Connection, table: str) -> None:
    source.execute(f"UPDATE {table} SET v = t, t = c, c = CONCAT(LEFT(c, 9), 'z') WHERE id % 3 = 0")
    source.execute(f"UPDATE {table} SET id = -id, s = 1, e = 2 WHERE id % 7 = 1")
    source.execute(f"DELETE FROM {table} WHERE id % 5 = 0")


def test_bytes_that_no_server_stores_stop_at_their_row(task: NewTask) -> None:
    """As long as the row is not corrected, or passed by."""
    moved = task(include=["torn.*"])
    with connect(moved.stack_source) as source:
        source.execute("CREATE DATABASE torn")
        table = TableName("torn", "t")
        raw_rows.make(source, table, "utf8mb4", 4)
        raw_rows.put(source, table, "utf8mb4", [b"whole", b"torn \xc3"])
        stuck = moved.start("migrate")
        assert stuck.exit_code(120) == Exit.OPERATOR
        assert "Invalid utf8mb4 character string" in stuck.stderr
        assert "torn" in stuck.stderr
        source.execute("UPDATE torn.t SET v = 'mended', w = 'mended' WHERE id = 1")
        _publish(moved, source)
        migrate = moved.start("migrate")
        settle(moved, [migrate])
        moved.assert_equal()

        other = TableName("torn", "other")
        raw_rows.make(source, other, "utf16", 4)
        raw_rows.put(source, other, "utf16", [b"\0a", b"\xd8\0", b"\0b"])
        assert migrate.exit_code(60) == Exit.OPERATOR
        passed = TopicPartition(f"{moved.name}.torn.other", 0, 2)
        consumer(moved.kafka, f"{moved.name}.polar").commit(offsets=[passed], asynchronous=False)
        migrate = moved.start("migrate")
        settle(moved, [migrate])
        assert len(differences(moved.stack_source, moved.stack_destination)) == 1
        source.execute("UPDATE torn.other SET v = 'b', w = 'b' WHERE id = 1")
        settle(moved, [migrate])
        moved.assert_equal()


def _publish(moved: Task, source: Connection) -> None:
    """Capture alone, up to now."""
    goal = GtidSet.parse(str(source.value("SELECT @@GLOBAL.gtid_executed")))
    capture = moved.start("capture")
    capture.until(lambda: load(moved.kafka, moved.name).executed.covers(goal), "publish the correction")
    assert capture.terminate() == Exit.DONE


_NAMES = (
    "plain", "with space", "back`quote", "d.o.t", "select", "it's", 'say "hi"', "100%", "co$t", "9lives", "数据表",
    "Übung", "с приветом", "\uffee\ud7a3", "a" * 64, "-", "`", "x@y:z/w\\v", "before", "op",
)  # fmt: skip
_COLUMNS = (
    "before", "after", "source", "op", "epoch", "exact", "ts_ms", "before.x", "after.x", "before.before.x", "a-b",
    "a_b", "a b", "a_b__1", "a_b__13", "9", "_9", "数", "据", "sélect", "from", "`", "100%", "'", '"', "%s", "{}",
)  # fmt: skip


def test_names_of_any_kind(task: NewTask) -> None:
    moved = task(include=["*.*"])
    columns = ", ".join(f"{identifier(name)} DATE NULL" for name in _COLUMNS)
    with connect(moved.stack_source) as source:
        source.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
        for number, database in enumerate(("data base", "d`b.ü", "naïve-数据", "select")):
            source.execute(f"CREATE DATABASE {identifier(database)}")
            for name in _NAMES[number::2]:
                _named(source, database, name, columns)
        migrate = moved.start("migrate")
        settle(moved, [migrate])
        for number, database in enumerate(("data base", "d`b.ü", "naïve-数据", "select")):
            for name in _NAMES[number::2]:
                table = f"{identifier(database)}.{identifier(name)}"
                source.execute(f"UPDATE {table} SET `before.x` = '0000-00-00', `from` = '2024-02-31' WHERE `i``d` = 1")
                source.execute(f"UPDATE {table} SET `i``d` = 4, `after.x` = '0000-00-00' WHERE `i``d` = 2")
                source.execute(f"ALTER TABLE {table} ADD COLUMN `n e``w` ENUM('`','\\'','%') DEFAULT '%'")
            _named(source, database, f"later {number}`", columns)
            source.execute(
                f"ALTER TABLE {identifier(database)}.`later {number}``` RENAME TO {identifier(database)}.`it's later`"
            )
        settle(moved, [migrate])
        moved.assert_equal()
    moved.run("verify")


def _named(source: Connection, database: str, name: str, columns: str) -> None:
    table = f"{identifier(database)}.{identifier(name)}"
    source.execute(f"CREATE TABLE {table} (`i``d` INT, {columns}, PRIMARY KEY (`i``d`), KEY `k e``y` (`before.x`))")
    days = "'0000-00-00', '2024-02-31', '2024-01-01', NULL"
    values = ", ".join((days.split(", ") * len(_COLUMNS))[: len(_COLUMNS)])
    source.execute(f"INSERT INTO {table} VALUES (1, {values}), (2, {values}), (3, {values})")


def test_tables_whose_topics_would_be_one(task: NewTask) -> None:
    databases = ("shop", "shop_eu", "shop.eu", "商店")
    first = (("shop", "eu_orders"), ("商店", "订单"), ("商店", "客户"), ("shop", "a b"), ("shop", "a.b"), ("shop", "✿"))
    later = (("shop_eu", "orders"), ("shop.eu", "orders"), ("商店", "货物"), ("shop", "a_b"))
    moved = task(include=["*.*"])
    with connect(moved.stack_source) as source:
        for database in databases:
            source.execute(f"CREATE DATABASE {identifier(database)}")
        _table_of_its_own_name(source, *first)
        moved.run("check")
        capture, apply = moved.start("capture"), moved.start("apply")
        settle(moved, [capture, apply])
        _table_of_its_own_name(source, *later)
        settle(moved, [capture, apply])
        capture.terminate()
        capture.exit_code()
        capture = moved.start("capture")
        source.execute("DROP TABLE shop.eu_orders")  # its topic stays its own
        source.execute("CREATE TABLE shop.eu (orders INT KEY)")
        source.execute("RENAME TABLE `商店`.`订单` TO shop.eu_orders")
        source.execute("INSERT INTO shop.eu_orders VALUES ('later')")
        settle(moved, [capture, apply])
        moved.assert_equal()
    told = [
        json.loads(line)
        for line in moved.run("tail", "--table", "shop_eu.orders", "--from-beginning", "--no-follow").output
    ]
    assert [(each["source"]["db"], each["after"]) for each in told] == [("shop_eu", {"name": "shop_eu.orders"})]
    mapping = {}
    for message in read_to_end(moved.kafka, f"{moved.name}.schemas"):
        entry = json.loads(message.value() or b"")
        if entry["table"]:
            mapping[TableName(**json.loads(entry["table"])["name"])] = entry["topic"]
    assert mapping.keys() == {TableName(*name) for name in (*first, *later)}
    assert sorted(mapping.values()) == sorted(set(mapping.values()))


def _table_of_its_own_name(source: Connection, *names: tuple[str, str]) -> None:
    for database, name in names:
        table = f"{identifier(database)}.{identifier(name)}"
        source.execute(f"CREATE TABLE {table} (name VARCHAR(99) KEY)")
        source.execute(f"INSERT INTO {table} VALUES ('{database}.{name}')")


def test_statements_of_sessions_in_other_charsets(task: NewTask) -> None:
    moved = task(include=["sessions_*.*"])
    with connect(moved.stack_source) as source:
        for charset in _SESSIONS:
            source.execute(f"CREATE DATABASE sessions_{charset}")
        migrate = moved.start("migrate")
        settle(moved, [migrate])
        for charset in _SESSIONS:
            source.execute(f"USE sessions_{charset}")
            _in_session(source, charset)
            _convert(source)
        settle(moved, [migrate])
        moved.assert_equal()
    moved.run("verify")


def _in_session(source: Connection, charset: str) -> None:
    """The client's bytes are those of its charset."""
    word = {"latin1": "Größe", "gbk": "數據", "big5": "功許蓋"}.get(charset, "表ソ能")
    codec = {"latin1": "cp1252", "sjis": "shift_jis", "ujis": "euc_jp"}.get(charset, charset)
    source.execute(f"SET NAMES {charset}")
    for statement in (
        f"CREATE TABLE `{word}` (id INT PRIMARY KEY, `{word}` VARCHAR(20) DEFAULT '{word}' COMMENT '{word}', "
        f"e ENUM('{word}','b') CHARACTER SET {charset}, x VARCHAR(9) CHARACTER SET latin1 DEFAULT _latin1 X'E9')",
        f"INSERT INTO `{word}` (id, e) VALUES (1, '{word}'), (2, 'b')",
        f"ALTER TABLE `{word}` ADD COLUMN `{word}2` TEXT CHARACTER SET {charset}, ADD KEY `{word}` (`{word}`)",
        f"UPDATE `{word}` SET `{word}2` = '{word}'",
        f"CREATE TABLE named (id INT PRIMARY KEY, t TEXT, v VARCHAR(30)) CHARACTER SET {charset}",
        f"INSERT INTO named VALUES (1, '{word}', '{word}'), (2, NULL, 'plain')",
    ):
        source.execute(statement.encode(codec))
    source.execute(
        b"CREATE TABLE introduced (id INT PRIMARY KEY, l VARCHAR(9) CHARACTER SET latin1 DEFAULT _latin1'\xe9\\n''', "
        b"b VARBINARY(9) DEFAULT _binary'\xe9\xff', g VARCHAR(9) CHARACTER SET gbk DEFAULT _gbk'\xca\xfd', "
        b"k VARCHAR(9) CHARACTER SET koi8r AS (CONCAT(_koi8r'\xc1', id)))"
    )
    source.execute("INSERT INTO introduced (id) VALUES (1)")
    source.execute(b"ALTER TABLE introduced ADD COLUMN j VARCHAR(9) CHARACTER SET sjis DEFAULT _sjis'\x95\xb6'")
    source.execute("INSERT INTO introduced (id) VALUES (2)")
    source.execute("SET NAMES utf8mb4")


def _convert(source: Connection) -> None:
    """Columns and tables change their charset in the stream, with rows before and after."""
    for number, charset in enumerate(("utf8mb4", "utf16", "gb18030", "utf8mb3"), 10):
        source.execute(f"ALTER TABLE named CONVERT TO CHARACTER SET {charset}")
        source.execute(f"INSERT INTO named (id, t, v) SELECT {number}, t, v FROM named WHERE id = 1")
        source.execute(
            f"ALTER TABLE named MODIFY v VARCHAR(30) CHARACTER SET utf32, ADD c{number} CHAR(3) DEFAULT '数'"
        )
        source.execute(f"UPDATE named SET v = CONCAT(v, '数'), id = id + 100 WHERE id = {number}")
