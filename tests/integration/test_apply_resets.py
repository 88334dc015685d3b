"""Apply against real servers: what resets of its consumer group do."""

from contextlib import closing

import pytest

from apply.records import Place
from runtime.errors import Fatal
from schemas.sql import qualified
from tests.integration.lab import Lab
from tests.unit.apply.values import created, deleted, updated


def test_a_reset_replays_a_table(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE)", "t")
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
        lab.feed.send(table, created(1, 10), created(2, 20))
        lab.feed.send(table, updated((1, 10), (1, None)), updated((2, 20), (2, 10)), updated((1, None), (1, 20)))
        lab.until(lab.holds(table, (1, 20), (2, 10)), session)
        lab.until(lab.all_committed, session)
    lab.destination.execute(f"DELETE FROM {qualified(table)} WHERE id = 1")
    lab.reset(table, 0)
    with closing(lab.apply(batch_rows=1).session()) as session:  # each older state meets newer rows
        lab.until(lab.all_committed, session)
    assert lab.rows(table) == [(1, 20), (2, 10)]
    assert lab.fence(Place(lab.feed.topic(table), 0)).replay_until == 6


def test_a_reset_fills_a_table_without_a_key_again(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")
    lab.feed.send(table, created(1), created(1), created(2), deleted(1))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,), (2,)), session)
        lab.until(lab.all_committed, session)
    lab.reset(table, 2)
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="has no key"):
        lab.until(lambda: False, session)
    lab.destination.execute(f"UPDATE {qualified(table)} SET v = 3")
    lab.reset(table, 0)
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,), (2,)), session)
        lab.feed.send(table, created(7))
        lab.until(lab.holds(table, (1,), (2,), (7,)), session)


def test_a_reset_forward_skips_what_an_operator_wants_to_skip(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(3))", "t")
    lab.feed.send(table, created(1, "a"))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, "a")), session)
        lab.until(lab.all_committed, session)
    lab.feed.send(table, created(2, "b"), created(3, "c"))
    lab.reset(table, 3)
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, "a"), (3, "c")), session)


def test_a_reset_to_before_a_schema_change_is_refused(lab: Lab) -> None:
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    lab.feed.send(table, created(1))
    lab.feed.change("ALTER_TABLE", "ALTER TABLE t ADD v INT", table)
    lab.feed.send(table, created(2, 2))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1, None), (2, 2)), session)
        lab.until(lab.all_committed, session)
    lab.reset(table, 0)
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="last schema change") as refused:
        lab.until(lambda: False, session)
    assert "all topics" in refused.value.hint
    lab.reset(table, 2)
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    assert lab.rows(table) == [(1, None), (2, 2)]


def test_resetting_the_schema_topic_rebuilds_the_target(lab: Lab) -> None:
    keyed = lab.feed.create(lab.database, "CREATE TABLE a (id INT PRIMARY KEY)", "a")
    keyless = lab.feed.create(lab.database, "CREATE TABLE b (v INT)", "b")
    gone = lab.feed.create(lab.database, "CREATE TABLE c (v INT)", "c")
    lab.feed.send(keyed, created(1))
    lab.feed.send(keyless, created(1))
    lab.feed.send(gone, created(1))
    lab.feed.change("ALTER_TABLE", "ALTER TABLE a ADD v INT", keyed)
    lab.feed.drop(gone)
    lab.feed.send(keyed, created(2, 2))
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, session)
        lab.until(lab.all_committed, session)
    lab.reset_topic(lab.task, 3)
    with closing(lab.apply().session()) as session, pytest.raises(Fatal, match="one by one"):
        lab.until(lambda: False, session)
    lab.destination.execute(f"UPDATE {qualified(keyed)} SET v = 9")
    lab.destination.execute(f"INSERT INTO {qualified(keyless)} VALUES (9)")
    for topic in (lab.task, *map(lab.feed.topic, (keyed, keyless, gone))):
        lab.reset_topic(topic, 0)
    with closing(lab.apply().session()) as one, closing(lab.apply().session()) as two:
        for _ in range(2):  # one of them rebuilds
            next(one)
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch, one, two)
        lab.until(lab.all_committed, one, two)
    assert lab.rows(keyed) == [(1, None), (2, 2)]
    assert lab.rows(keyless) == [(1,)]
    assert not lab.has(gone)
