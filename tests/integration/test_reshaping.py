"""Names that pass from table to table, keys that come and go: through topics of several partitions, and compacted."""

import time
from collections import Counter

from runtime.errors import Exit
from runtime.kafka import Topics
from runtime.mysql import connect
from tests.conftest import NewTask
from tests.pipeline.compaction import Compaction, reset_to_earliest
from tests.pipeline.reshaping import Reshaper
from tests.pipeline.settle import settle
from tests.pipeline.task import Place, Task
from tests.pipeline.topics import records

_SEED = 4
_ROUNDS = 15


def test_topics_rebuild_what_tables_were(task: NewTask) -> None:
    moved = task(include=["reshaped*.*"], overrides={"kafka": {"partitions": 4}})
    with connect(moved.stack_source) as source, Compaction(moved.kafka, moved.name) as compaction:
        writer = Reshaper(source, "reshaped", _SEED)
        writer.begin()
        capture = moved.start("capture", dies_at=Place("capture.ddl_after", _ROUNDS))
        apply = moved.start("apply")
        settle(moved, [capture, apply])
        for number in range(_ROUNDS):
            compaction.hasten()
            writer.write(3)
            if number == _ROUNDS // 3:
                writer.begin_anew()
            writer.reshape()
            writer.write(3)
        assert capture.exit_code(60) == -9
        capture = moved.start("capture", dies_at=Place("capture.before_commit", 3))
        assert capture.exit_code(60) == -9
        capture = moved.start("capture")
        settle(moved, [capture, apply])
        moved.assert_equal()

        compaction.hasten()
        _wait_for_compaction(moved, writer)
        settle(moved, [capture, apply])
        assert compaction.policies()["still"] == "compact"
        apply.terminate()
        apply.exit_code()
        reset_to_earliest(moved.kafka, moved.name)
        waited = moved.run("wait", "--timeout", "1", expected=Exit.NO).stdout
        assert "is to go to the offsets that an operator has set" in waited
        assert moved.status()["targets"]["polar"]["caught_up"] is False
        apply = moved.start("apply")
        settle(moved, [capture, apply])
        moved.assert_equal()

        source.execute("SET SESSION sql_log_bin = 0")
        source.execute("ALTER TABLE reshaped_still.still DROP PRIMARY KEY, ADD PRIMARY KEY (w, id)")
        source.execute("SET SESSION sql_log_bin = 1")
        source.execute("INSERT INTO reshaped_still.still VALUES (99, 99, 'w')")
        assert capture.exit_code(60) == Exit.OPERATOR
        assert "reshaped_still.still: its key has changed, and no statement in the log says so" in capture.stderr
        compaction.add_partitions(f"{moved.name}.reshaped_still.still", 5)
        assert "has 5 partitions now, not 4" in moved.run("capture", expected=Exit.OPERATOR).stderr


def _wait_for_compaction(moved: Task, writer: Reshaper) -> None:
    """Until the topic of the table that nothing was done to holds less than half of what was written."""
    deadline = time.monotonic() + 150
    topic = f"{moved.name}.reshaped_still.still"
    while True:
        writer.write(1)  # segments end when something is written
        held = list(records(moved.kafka, moved.name, topic))
        ends = Topics(moved.kafka).ends([(topic, number) for number in range(4)])
        if len(held) * 2 < sum(ends.values()) and Counter(record.partition for record in held).keys() == set(range(4)):
            return
        assert time.monotonic() < deadline, f"{len(held)} records of {ends}"
        time.sleep(0.2)
