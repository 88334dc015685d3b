"""What is applied is judged by fences that know their topics: after losses, restores and moves of either side."""

from collections.abc import Sequence
from contextlib import closing

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from apply.identity import OtherTopics
from apply.records import Place
from control.check import check, failures
from control.delivery import Delivery
from control.reached import Destination, Unapplied
from control.status import report_of
from deploy.local import Stack
from runtime.errors import Exit, Fatal
from runtime.kafka import Topics
from runtime.mysql import Connection, connect
from schemas.sql import identifier, qualified
from tests.conftest import NewTask
from tests.integration.lab import Lab
from tests.pipeline.process import Process
from tests.pipeline.settle import settle
from tests.pipeline.task import Task
from tests.pipeline.topics import lose
from tests.unit.apply.values import created, updated


def _make_anew(lab: Lab, topic: str) -> None:
    """Deletes a topic and makes one of the same name."""
    admin, topics = AdminClient(lab.feed.kafka.common()), Topics(lab.feed.kafka)
    before = topics.ids([topic])
    for future in admin.delete_topics([topic]).values():
        future.result(10)
    while topics.ids([topic]) in ({}, before):
        if topic not in topics.names():
            topics.ensure(topic, 1, {})


def test_topics_that_are_made_anew(lab: Lab) -> None:
    """While nothing runs and while apply runs; of a table that is gone nothing is missed."""
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    gone = lab.feed.create(lab.database, "CREATE TABLE gone (id INT PRIMARY KEY)", "gone")
    lab.feed.send(table, created(1), created(2))
    lab.feed.send(gone, created(1))
    lab.feed.drop(gone)
    with closing(lab.apply().session()) as session:
        lab.until(lambda: lab.applied().epoch == lab.feed.epoch and lab.holds(table, (1,), (2,))(), session)
        _make_anew(lab, lab.feed.topic(gone))
        _make_anew(lab, lab.feed.topic(table))
        with pytest.raises(Fatal, match=r"\.t was deleted and made anew|not in the topic any more"):
            lab.until(lambda: False, session)
    with closing(lab.apply().session()) as session, pytest.raises(OtherTopics, match="made anew") as refused:
        lab.until(lambda: False, session)
    assert "new task" in refused.value.hint and "UPDATE" not in refused.value.hint  # these topics rebuild nothing
    assert ".gone" not in str(refused.value)
    _make_anew(lab, lab.task)
    with closing(lab.apply().session()) as session, pytest.raises(OtherTopics) as refused:
        next(session)
    assert f"UPDATE {identifier(lab.state)}.epochs SET rebuilding = 1" in refused.value.hint


def test_a_restored_and_an_emptied_destination(lab: Lab) -> None:
    """Older fences are gone on from, whatever the group's offsets say; without fences everything comes again."""
    table = lab.feed.create(lab.database, "CREATE TABLE t (v INT)", "t")
    place = Place(lab.feed.topic(table), 0)
    lab.feed.send(table, created(1))
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    backup = lab.fence(place)
    lab.feed.send(table, created(2), updated((1,), (3,)))
    with closing(lab.apply().session()) as session:
        lab.until(lab.all_committed, session)
    lab.destination.execute(f"DELETE FROM {qualified(table)}")
    lab.destination.execute(f"INSERT INTO {qualified(table)} VALUES (1)")
    lab.destination.execute(
        f"UPDATE {identifier(lab.state)}.fences SET next_offset = {backup.next_offset} WHERE topic = '{place.topic}'"
    )
    with closing(Delivery(lab.feed.kafka, lab.task)) as delivery:
        Topics(lab.feed.kafka).settle(list(delivery.ends()))
        lead = Unapplied(delivery).lead(lab.applied(), delivery.ends())
        assert lead.since_us is not None and lead.offsets == 4  # two records, a marker on either side
        with closing(lab.apply().session()) as session:
            lab.until(lab.holds(table, (2,), (3,)), session)
        assert Unapplied(delivery).lead(lab.applied(), delivery.ends()).since_us is None
        lab.destination.execute(f"DROP DATABASE {identifier(lab.database)}")
        lab.destination.execute(f"DROP DATABASE {identifier(lab.state)}")
        assert Unapplied(delivery).lead(lab.applied(), delivery.ends()).since_us is not None
        with closing(lab.apply().session()) as session:
            lab.until(lab.holds(table, (2,), (3,)), session)
            lab.until(lab.all_committed, session)


def test_markers_and_aborted_records_are_nothing_to_apply(lab: Lab) -> None:
    """However many lie behind the last record; and a state database of an older version is brought up to date."""
    table = lab.feed.create(lab.database, "CREATE TABLE t (id INT PRIMARY KEY)", "t")
    lab.feed.send(table, created(1))
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,)), session)
        lab.until(lab.all_committed, session)
    aborting = Producer({**lab.feed.kafka.common(), "transactional.id": f"{lab.task}.other"})
    aborting.init_transactions()
    for _ in range(30):
        aborting.begin_transaction()
        aborting.produce(lab.feed.topic(table), b"v", b"k", 0)
        aborting.flush()
        aborting.abort_transaction()
    for column in ("fences DROP COLUMN topic_id", "epochs DROP COLUMN task_id, DROP COLUMN server_uuid"):
        lab.destination.execute(f"ALTER TABLE {identifier(lab.state)}.{column}")
    lab.destination.execute(f"DROP TABLE {identifier(lab.state)}.owners")
    with closing(Delivery(lab.feed.kafka, lab.task)) as delivery:
        ends = Topics(lab.feed.kafka).settle([(lab.feed.topic(table), 0)])
        unapplied = Unapplied(delivery)
        assert unapplied.lead(lab.applied(), ends).since_us is None
        assert delivery.goals(ends) == {(lab.feed.topic(table), 0): 1}
        lab.feed.send(table, created(2))
        ends = Topics(lab.feed.kafka).settle([(lab.feed.topic(table), 0)])
        assert unapplied.lead(lab.applied(), ends).since_us is not None
        assert delivery.goals(ends)[lab.feed.topic(table), 0] == ends[lab.feed.topic(table), 0] - 1
    with closing(lab.apply().session()) as session:
        lab.until(lab.holds(table, (1,), (2,)), session)
        lab.until(lab.all_committed, session)
    assert lab.fence(Place(lab.feed.topic(table), 0)).topic_id
    assert lab.destination.value(f"SELECT target FROM {identifier(lab.state)}.owners") == lab.group


def _failures(task: Task) -> dict[str, str]:
    """What `check` finds, by name."""
    return {finding.name: finding.message for finding in failures(check(task.loaded()))}


def _ended(task: Task, *commands: Sequence[str]) -> list[str]:
    """What commands say, side by side, that an operator must mend."""
    asked = [task.start(*command) for command in commands]
    for each in asked:
        assert each.exit_code(120) == Exit.OPERATOR, each.tail()
    return [each.stderr for each in asked]


def test_a_task_from_its_first_target_to_lost_topics(databases: Stack, task: NewTask) -> None:
    """Other objects, a second target, two tasks beside each other, a target that is emptied, a Kafka that is lost."""
    with (
        connect(databases.source.endpoint("admin")) as source,
        connect(databases.destination.endpoint("admin")) as there,
    ):
        for statement in (
            "CREATE DATABASE own",
            "CREATE TABLE own.keyed (id INT PRIMARY KEY, v INT)",
            "CREATE TABLE own.keyless (v INT)",
            "INSERT INTO own.keyed VALUES (1, 1), (2, 2), (3, 3)",
            "INSERT INTO own.keyless VALUES (1), (1), (2)",
            "CREATE TABLE own.later (id INT PRIMARY KEY)",
            "INSERT INTO own.later VALUES (1)",
        ):
            source.execute(statement)
        moved = task(include=["own.keyed", "own.keyless"])
        beside = task(include=["own.later"])
        for migrate in [each.start("migrate", "--until", "caught-up") for each in (moved, beside)]:
            assert migrate.exit_code(120) == Exit.DONE, migrate.tail()
        _refuses_other_objects(moved)
        _refuses_another_target(moved, databases)
        _refuses_a_rival(moved, task(include=["own.keyless"]))
        # wider words that take nothing more, and a pattern of databases that do not exist
        moved.rewrite({"objects": {"include": ["none_yet.*", "own.keyed", "own.k*"]}})
        assert not _failures(moved)
        rows = "SELECT v FROM own.keyless ORDER BY v"
        for state in ("fences", "epochs", "tables", "intents", "problems", "owners"):
            there.execute(f"DELETE FROM penstock.{state} WHERE target = '{moved.name}.polar'")
        there.execute("DROP TABLE own.keyed, own.keyless")
        waited = moved.run("wait", "--timeout", "0", expected=Exit.NO).stdout
        assert f"target polar has not applied {moved.name}" in waited
        assert report_of(moved.loaded()).targets["polar"].caught_up is False
        processes = [moved.start("capture"), moved.start("apply")]
        processes[0].wait_for("capturing")  # it has judged the words: these databases do not exist yet
        settle(moved, processes)
        assert there.query(rows) == [(1,), (1,), (2,)]
        _knows_its_topics_while_fences_move(moved, source, processes)
        source.execute("CREATE DATABASE none_yet")
        source.execute("CREATE TABLE none_yet.t (id INT PRIMARY KEY)")
        source.execute("INSERT INTO none_yet.t VALUES (7)")
        settle(moved, processes)
        assert there.query("SELECT id FROM none_yet.t") == [(7,)]
        for process in processes:
            process.terminate()
        lose(moved.kafka, moved.name)
        source.execute("DELETE FROM own.keyed WHERE id = 2")
        source.execute("INSERT INTO own.keyless VALUES (3)")
        assert "is gone" in _failures(moved)["target.polar.topics"]
        capture = moved.start("capture")
        [said] = _ended(moved, ("apply",))
        assert f"{moved.name} was deleted and made anew" in said
        assert f"UPDATE `penstock`.epochs SET rebuilding = 1 WHERE target = '{moved.name}.polar'" in said
        assert "made anew" in _ended(moved, ("wait", "--timeout", "60"))[0]
        report = moved.status()
        assert (report["phase"], report["targets"]["polar"]["caught_up"]) == ("failed", False)
        assert any("made anew" in problem["error"] for problem in report["problems"])
        there.execute(f"UPDATE penstock.epochs SET rebuilding = 1 WHERE target = '{moved.name}.polar'")
        settle(moved, [capture, moved.start("apply")])
        assert there.query(rows) == [(1,), (1,), (2,), (3,)]
        moved.assert_equal()


def _refuses_other_objects(moved: Task) -> None:
    moved.rewrite({"objects": {"include": ["own.*"]}})
    said = _failures(moved)["objects.selection"]
    assert "include ['own.keyed', 'own.keyless']" in said and "own.later would be selected, and would never" in said
    for said in _ended(moved, ("capture",), ("wait", "--timeout", "5")):
        assert "own.later would be selected, and would never be copied" in said
    moved.rewrite({"objects": {"include": ["own.keyed"]}})
    assert "own.keyless would be selected no longer" in _failures(moved)["objects.selection"]


def _refuses_another_target(moved: Task, databases: Stack) -> None:
    """Two targets at one server would write each row twice."""
    moved.rewrite({"objects": {"include": ["own.keyless", "own.keyed"]}})
    polar = moved.content["targets"]["polar"]
    moved.rewrite({"targets": {"second": polar}})
    assert "polar and second are one server" in _failures(moved)["target.second.same_server"]
    refused, said = _ended(moved, ("migrate",), ("apply", "--target", "second"))
    assert "polar and second are one server" in refused
    assert "own.key" in said and f"is written by the target {moved.name}.polar" in said
    moved.content["targets"].pop("second")
    moved.rewrite({})


def _refuses_a_rival(moved: Task, rival: Task) -> None:
    """Another task would write a table that is taken."""
    words = _failures(rival)["target.polar.owners"]
    assert f"another target writes there already: own.keyless ({moved.name}.polar)" in words
    capture = rival.start("capture")
    assert f"is written by the target {moved.name}.polar" in _ended(rival, ("apply",))[0]
    capture.terminate()


def _knows_its_topics_while_fences_move(moved: Task, source: Connection, processes: Sequence[Process]) -> None:
    """Topics were looked at before the fences that are judged."""
    with (
        closing(Delivery(moved.kafka, moved.name)) as delivery,
        closing(Destination(moved.name, moved.target("polar"))) as destination,
    ):
        before = delivery.sight()
        source.execute("INSERT INTO own.keyed VALUES (4, 4)")
        settle(moved, processes)
        destination.require_same(destination.read(), before, delivery)
