"""Session variables, and what is done with each so that a DDL statement makes the same at both ends: the one table.

What is not listed decides nothing of a definition, nor of the values that a statement computes while it runs: limits
(group_concat_max_len, max_join_size, sql_select_limit, tmp_table_size), optimizer settings, what INSERT and SELECT
alone heed (sql_auto_is_null, sql_safe_updates, insert_id, last_insert_id, rand_seed1, windowing_use_high_precision),
collation_database (LOAD DATA alone heeds it), default_tmp_storage_engine, old_alter_table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from schemas.wording import Wording


class Way(Enum):
    """Where the destination's value comes from."""

    LOGGED = auto()  # the statement's event in the log tells it
    RESOLVED = auto()  # the log tells it in words of one host; capture says it in words that hold on any
    SOURCE = auto()  # no log tells it: the source's global value stands for the session's
    PINNED = auto()  # one value, whatever both servers have


@dataclass(frozen=True, slots=True)
class Variable:
    """A session variable. `matters` tells whether a statement's result can depend on it: one that the destination does
    not let the account set stops such a statement, and no other."""

    name: str
    way: Way
    matters: Callable[[Wording], bool]
    #: PINNED: the value; else that of a statement whose session does not tell it. None: left as it is
    value: str | None = None
    #: what a server without the variable does always
    always: str | None = None


TIME_ZONE = Variable("time_zone", Way.RESOLVED, Wording.always, "+00:00")
TIMESTAMP = Variable("timestamp", Way.LOGGED, Wording.always)
SQL_MODE = Variable("sql_mode", Way.LOGGED, Wording.always, "")
#: set after all others: from then on the text of a literal is that of another character set
COLLATION_CONNECTION = Variable("collation_connection", Way.LOGGED, Wording.computes_texts)

#: Those with rules of their own stand above; these are set one by one, where the destination has another value.
#: What only decides whether a server refuses a statement (`never`) needs not be set: a refusal stops by name anyway.
PLAIN = (
    Variable("auto_increment_increment", Way.LOGGED, Wording.numbers_rows, "1"),
    Variable("auto_increment_offset", Way.LOGGED, Wording.numbers_rows, "1"),
    Variable("collation_server", Way.LOGGED, Wording.makes_database),
    Variable("default_collation_for_utf8mb4", Way.LOGGED, Wording.leaves_collation_open, always="utf8mb4_general_ci"),
    Variable("default_table_encryption", Way.LOGGED, Wording.makes_database, always="OFF"),
    Variable("explicit_defaults_for_timestamp", Way.LOGGED, Wording.leaves_timestamps_open, "ON"),
    Variable("lc_time_names", Way.LOGGED, Wording.names_months, "en_US"),
    Variable("block_encryption_mode", Way.SOURCE, Wording.encrypts, "aes-128-ecb", always="aes-128-ecb"),
    Variable("default_week_format", Way.SOURCE, Wording.counts_weeks, "0"),
    Variable("div_precision_increment", Way.SOURCE, Wording.divides, "4"),
    Variable("foreign_key_checks", Way.PINNED, Wording.always, "OFF"),
    Variable("unique_checks", Way.PINNED, Wording.always, "ON"),
    Variable("default_storage_engine", Way.PINNED, Wording.always, "InnoDB"),
    Variable("autocommit", Way.PINNED, Wording.always, "ON"),
    Variable("completion_type", Way.PINNED, Wording.always, "NO_CHAIN"),
    Variable("sql_generate_invisible_primary_key", Way.PINNED, Wording.makes_keyless_table, "OFF", always="OFF"),
    Variable("innodb_strict_mode", Way.PINNED, Wording.never, "OFF"),
    Variable("restrict_fk_on_non_standard_key", Way.PINNED, Wording.never, "OFF", always="OFF"),
    Variable("sql_require_primary_key", Way.PINNED, Wording.never, "OFF", always="OFF"),
)
#: of which capture reads the global value
OF_SOURCE = tuple(variable.name for variable in PLAIN if variable.way is Way.SOURCE)
