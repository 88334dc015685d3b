"""Are the rounds of a pipeline as they must be? By the destination's bytes, and by the two paths' records."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from capture.definitions import read_tables
from runtime.mysql import connect
from schemas import codec
from schemas.names import TableName
from schemas.sql import qualified
from schemas.table import Table
from schemas.topics import table_topic
from schemas.varint import long_at, sized_at
from tests.conformance.rounds.messages import Change, Image, State, changes
from tests.conformance.rounds.readers import LogPlace, misread
from tests.pipeline.compare import differences
from tests.pipeline.task import Task

_IDS = (1, 2)


def faults(task: Task, tables: Sequence[TableName], begin: LogPlace) -> dict[str, list[str]]:
    """What is wrong, by table; a table that is not named is right."""
    found: dict[str, list[str]] = defaultdict(list)
    database = tables[0].database
    for line in differences(task.stack_source, task.stack_destination, [database]):
        head = line.partition(":")[0]
        found[head.removeprefix(f"{database}.")].append(f"destination: {line}")
    by_topic = changes(task.kafka, task.name)
    held = {name.name: by_topic.pop(table_topic(task.name, name), []) for name in tables}
    assert not by_topic, f"topics of no table: {list(by_topic)}"
    with connect(task.stack_source, init="SET time_zone = '+00:00'") as source:
        definitions = read_tables(source, tables)
        for name in tables:
            table = definitions[name]
            found[name.name] += _paths(held[name.name], _selected(source.raw_rows(_select(table)), table))
        known = [definitions[name] for name in tables]
        for about, line in misread(task.stack.source, begin, known, held):
            found[about].append(line)
    return {name: lines for name, lines in found.items() if lines}


def _select(table: Table) -> str:
    return f"SELECT {', '.join(codec.chunk_select(table))} FROM {qualified(table.name)}"


def _selected(raw: bytes, table: Table) -> Counter[State]:
    """The rows that the source holds now, as the snapshot's path encodes them."""
    chunk = codec.encode_chunk(codec.plan("rounds", table, *_IDS), raw)
    return Counter(
        (None if key is None else key[5:], row, _exact(exact))
        for key, row, exact in zip(chunk.keys, chunk.rows, chunk.exacts, strict=True)
    )


def _exact(field: bytes) -> tuple[tuple[str, str], ...]:
    """The field `exact` of a row that was read: null, or a map of one block."""
    if field == b"\x00":
        return ()
    count, at = long_at(field, 1)
    pairs = []
    for _ in range(count):
        name, at = sized_at(field, at)
        text, at = sized_at(field, at)
        pairs.append((name.decode().removeprefix("after."), text.decode()))
    return tuple(sorted(pairs))


def _paths(records: Sequence[Change], now: Counter[State]) -> list[str]:
    """Snapshot and log must tell the same of the same rows."""
    read = [record for record in records if record.op == "r"]
    logged = [record for record in records if record.op != "r"]
    deleted = logged[: len(read)]
    again = logged[len(read) : 2 * len(read)]
    found = []
    if any(record.op != "d" for record in deleted) or any(record.op != "c" for record in again):
        ops = "".join(record.op for record in records)
        return [f"records: {ops}: the rows that were read are not those that were deleted and written again"]
    found += _unequal("snapshot", "deleted by log", _afters(read), _befores(deleted))
    found += _unequal("snapshot", "inserted by log", _afters(read), _afters(again))
    state = _afters(read)
    for record in logged:
        if record.before is not None:
            if not state[record.before.state]:
                found.append(f"log: {record.op} at {record.place} of a row that is not there: {_shown(record.before)}")
            state[record.before.state] -= 1
        if record.after is not None:
            state[record.after.state] += 1
    return found + _unequal("snapshot of the end", "log", now, +state)


def _afters(records: Iterable[Change]) -> Counter[State]:
    return Counter(record.after.state for record in records if record.after is not None)


def _befores(records: Iterable[Change]) -> Counter[State]:
    return Counter(record.before.state for record in records if record.before is not None)


def _unequal(left: str, right: str, one: Counter[State], other: Counter[State]) -> list[str]:
    if one == other:
        return []
    lines = [f"{left} alone: {_state(state)}" for state in one - other]
    return lines + [f"{right} alone: {_state(state)}" for state in other - one]


def _state(state: State) -> str:
    key, row, exact = state
    return f"key {None if key is None else key.hex()}, row {row.hex()}, exact {dict(exact)}"


def _shown(image: Image) -> str:
    return f"{_state(image.state)}, values {dict(image.values)}"
