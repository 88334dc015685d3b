"""Definitions as servers tell them: what is the same in other words, and what is not."""

import pytest

from schemas.ddl.charset_names import Charsets, Collated
from schemas.ddl.lexer import SqlModes
from schemas.ddl.shown import Common, describe_database, describe_table, differences, generated, next_number
from schemas.ddl.trial import database_defaults, made_elsewhere
from schemas.names import TableName

NEW = Charsets(
    of_collation={"utf8mb4_bin": "utf8mb4", "latin1_swedish_ci": "latin1", "utf8mb3_general_ci": "utf8mb3"},
    defaults={"utf8mb4": "utf8mb4_0900_ai_ci", "latin1": "latin1_swedish_ci", "utf8mb3": "utf8mb3_general_ci"},
)
OLD = Charsets(
    of_collation={"utf8mb4_bin": "utf8mb4", "latin1_swedish_ci": "latin1", "utf8_general_ci": "utf8"},
    defaults={"utf8mb4": "utf8mb4_general_ci", "latin1": "latin1_swedish_ci", "utf8": "utf8_general_ci"},
)
LOOSE = Common(directions=False, introducers=False, lower_case=True)


def between(source: str, target: str, common: Common = LOOSE) -> list[str]:
    """What differs between a table of an old server and one of a new server."""
    return differences(describe_table(source, "Shop", OLD, common), describe_table(target, "Shop", NEW, common))


def test_versions_tell_the_same_table_in_other_words() -> None:
    old = """CREATE TABLE `t` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `y` year(4) NOT NULL,
  `name` varchar(20) COLLATE utf8_bin DEFAULT 'utf8',
  `text` text,
  `labels` enum('a','b)') CHARACTER SET latin1 DEFAULT NULL,
  `b` binary(3) DEFAULT 'x\\0\\0',
  `g` geometrycollection DEFAULT NULL,
  `flag` tinyint(1) DEFAULT NULL,
  `c` int(11) GENERATED ALWAYS AS (json_extract(`text`,'$.a')) VIRTUAL,
  PRIMARY KEY (`id`,`y`),
  KEY `k` (`name`(10)) USING BTREE,
  CONSTRAINT `fk` FOREIGN KEY (`y`) REFERENCES `Years` (`y`) ON DELETE NO ACTION ON UPDATE CASCADE
) ENGINE=MyISAM AUTO_INCREMENT=7 DEFAULT CHARSET=utf8 COMMENT='utf8'
/*!50100 PARTITION BY RANGE (YEAR(y)+1)
(PARTITION p0 VALUES LESS THAN (2010) ENGINE = MyISAM,
 PARTITION P1 VALUES LESS THAN MAXVALUE ENGINE = MyISAM) */"""
    new = """CREATE TABLE `t` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `y` year NOT NULL,
  `name` varchar(20) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin DEFAULT 'utf8',
  `text` text,
  `labels` enum('a','b)') CHARACTER SET latin1 COLLATE latin1_swedish_ci DEFAULT NULL,
  `b` binary(3) DEFAULT 0x780000,
  `g` geomcollection DEFAULT NULL,
  `flag` tinyint(1) DEFAULT NULL,
  `c` int GENERATED ALWAYS AS (json_extract(`text`,_utf8mb4'$.a')) VIRTUAL,
  PRIMARY KEY (`id`,`y`),
  KEY `k` (`name`(10) DESC),
  CONSTRAINT `fk` FOREIGN KEY (`y`) REFERENCES `shop`.`years` (`y`) ON DELETE RESTRICT ON UPDATE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=9 DEFAULT CHARSET=utf8mb3 COMMENT='utf8'
/*!50100 PARTITION BY RANGE ((year(`y`) + 1))
(PARTITION p0 VALUES LESS THAN (2010) ENGINE = InnoDB,
 PARTITION p1 VALUES LESS THAN MAXVALUE ENGINE = InnoDB) */"""
    assert between(old, new) == []
    assert (next_number(old), next_number(new)) == (7, 9)
    assert between(new, old)[-1] == "engine: source InnoDB, target MyISAM"
    fixed = old.replace("ENGINE=MyISAM", "ENGINE=MyISAM ROW_FORMAT=FIXED")
    assert between(fixed, new) == between(old, new)
    strict = between(old.replace("MyISAM", "InnoDB"), new, Common())
    assert [line.partition(":")[0] for line in strict] == ["column c", "index k", "foreign key fk"]


BODY = """CREATE TABLE `t` (
  `id` int NOT NULL,
  `v` varchar(9) DEFAULT 'a',
  `n` int DEFAULT NULL,
  `s` int GENERATED ALWAYS AS ((`n` + 1)) STORED,
  PRIMARY KEY (`id`),
  KEY `k` (`v`),
  FULLTEXT KEY `f` (`v`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `c` CHECK ((`n` > 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4"""


@pytest.mark.parametrize(
    ("part", "other", "aspect"),
    [
        (" /*!50100 WITH PARSER `ngram` */ ", "", "index f"),
        ("KEY `k` (`v`)", "KEY `k` (`v`(3))", "index k"),
        ("KEY `k` (`v`)", "KEY `k` (`v`) /*!80000 INVISIBLE */", "index k"),
        ("`n` int DEFAULT", "`n` int /*!50606 COLUMN_FORMAT FIXED */ DEFAULT", "column n"),
        ("`n` int DEFAULT NULL", "`n` int DEFAULT NULL /*!80023 INVISIBLE */", "column n"),
        ("`n` int DEFAULT NULL", "`n` int DEFAULT '0'", "column n"),
        ("`v` varchar(9)", "`v` varchar(9) CHARACTER SET latin1", "column v"),
        ("DEFAULT 'a'", "DEFAULT 'A'", "column v"),
        ("STORED", "VIRTUAL", "column s"),
        ("(`n` + 1)", "(`n` + 2)", "column s"),
        ("> 0))", "> 0)) /*!80016 NOT ENFORCED */", "check c"),
        ("=COMPRESSED", "=DYNAMIC", "row_format"),
        ("KEY_BLOCK_SIZE=4", "KEY_BLOCK_SIZE=8", "key_block_size"),
        ("=utf8mb4", "=utf8mb4 COLLATE=utf8mb4_bin", "collation"),
        ("=utf8mb4", "=utf8mb4 COMMENT='x'", "comment"),
        ("=InnoDB", "=MyISAM", "engine"),
        ("KEY_BLOCK_SIZE=4", "KEY_BLOCK_SIZE=4\n/*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 2 */", "partitions"),
    ],
)
def test_every_part_of_a_definition_counts(part: str, other: str, aspect: str) -> None:
    assert part in BODY
    found = differences(
        describe_table(BODY, "shop", NEW, Common()), describe_table(BODY.replace(part, other), "shop", NEW, Common())
    )
    assert aspect in [line.partition(":")[0] for line in found]


def test_names_of_character_sets_inside_values_are_values() -> None:
    old, new = (BODY.replace("DEFAULT 'a'", f"DEFAULT '{name}'") for name in ("utf8", "utf8mb3"))
    assert any(line.startswith("column v:") for line in between(old, new))


def test_a_view_is_no_table() -> None:
    view = "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `t` AS select 1 AS `1`"
    assert describe_table(view, "shop", NEW, Common()) == {"kind": "a view"}
    assert (next_number(view), generated(view)) == (None, {})


def test_expressions_of_generated_columns() -> None:
    assert generated(BODY) == {"s": "((`n` + 1))"}


def test_databases() -> None:
    old = "CREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8 */"
    new = "CREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb3 */ /*!80016 DEFAULT ENCRYPTION='N' */"
    assert differences(describe_database(old, OLD), describe_database(new, NEW)) == []
    binary = new.replace("utf8mb3", "utf8mb4 COLLATE utf8mb4_bin").replace("'N'", "'Y'")
    assert differences(describe_database(binary, NEW), describe_database(new, NEW)) == [
        "default collation: source utf8mb4_bin, target utf8mb3_general_ci",
        "default encryption: source Y, target has none",
    ]


@pytest.mark.parametrize(
    ("options", "collation"),
    [
        ("", "latin1_swedish_ci"),
        ("CHARACTER SET utf8mb4", "utf8mb4_0900_ai_ci"),
        ("/*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin */", "utf8mb4_bin"),
        ("DEFAULT COLLATE = utf8mb4_bin ENCRYPTION = 'N'", "utf8mb4_bin"),
    ],
)
def test_what_a_statement_makes_of_a_database(options: str, collation: str) -> None:
    sql, server = f"CREATE SCHEMA IF NOT EXISTS `charset` {options}", Collated("latin1", "latin1_swedish_ci")
    assert database_defaults(sql, SqlModes(), 90700, NEW, server) == {"default collation": collation}


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        ("CREATE TABLE t (id INT)", "CREATE TABLE `s`.`x` (id INT) DEFAULT COLLATE `c`"),
        (
            "create table if not exists `a b` . t (v CHAR(1) CHARSET utf8) ENGINE InnoDB PARTITION BY KEY (v)",
            "create table if not exists `s`.`x` (v CHAR(1) CHARSET utf8) DEFAULT COLLATE `c` ENGINE InnoDB"
            " PARTITION BY KEY (v)",
        ),
        ("CREATE TABLE a.t (id INT) CHARSET=latin1", "CREATE TABLE `s`.`x` (id INT) CHARSET=latin1"),
        ("CREATE TABLE t LIKE m.u", "CREATE TABLE `s`.`x` LIKE m.u"),
    ],
)
def test_a_table_is_made_elsewhere(sql: str, made: str) -> None:
    assert made_elsewhere(sql, SqlModes(), 90700, TableName("s", "x"), "c") == made
