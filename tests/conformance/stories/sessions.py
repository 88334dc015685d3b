"""Settings that a story's session may have: whatever the source's log or a definition carries of them (pure)."""

from random import Random

_SETTINGS = (
    ("sql_mode", "''", "'STRICT_ALL_TABLES'", "'NO_BACKSLASH_ESCAPES'", "'PIPES_AS_CONCAT,IGNORE_SPACE'"),
    ("sql_mode", "'TRADITIONAL'", "'ALLOW_INVALID_DATES'", "'NO_AUTO_VALUE_ON_ZERO'", "DEFAULT"),
    ("time_zone", "'+05:30'", "'-11:00'", "'SYSTEM'", "'+00:00'"),
    ("lc_time_names", "'de_DE'", "'ja_JP'", "'en_US'"),
    ("auto_increment_increment", "1", "3"),
    ("auto_increment_offset", "1", "2"),
    ("innodb_strict_mode", "ON", "OFF"),
    ("collation_connection", "utf8mb4_bin", "latin1_swedish_ci", "utf8mb4_0900_ai_ci"),
    ("explicit_defaults_for_timestamp", "ON", "OFF"),
    ("default_storage_engine", "InnoDB", "InnoDB", "MyISAM"),
    ("foreign_key_checks", "0", "1"),
    ("unique_checks", "0", "1"),
    ("div_precision_increment", "4", "8"),
    ("timestamp", "1600000000.25", "DEFAULT"),
    ("character_set_client", "utf8mb4", "latin1"),
)


def setting(random: Random) -> str:
    name, *values = random.choice(_SETTINGS)
    return f"SET SESSION {name} = {random.choice(values)}"
