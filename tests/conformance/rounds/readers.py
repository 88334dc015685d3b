"""Do independent readers see the values that our records hold? mysqlbinlog reads the same log, a SELECT the same rows.

mysqlbinlog knows neither geometries nor vectors and gives up the whole row event: it cannot judge their tables. That of
9.7 cannot read from MySQL 5.6.
"""

import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.local import Server, client
from runtime.dialect import dialect_of
from runtime.mysql import connect
from schemas.sql import identifier, qualified
from schemas.table import SPATIAL_TYPES, Table
from tests.conformance.rounds.messages import Change, Image, State
from tests.conformance.rounds.plain_values import UNTOLD, of_avro, of_mysqlbinlog, of_text, same, selected
from tests.pipeline.compare import fields

_IMAGE = re.compile(rb"### (?:(?:INSERT INTO|UPDATE|DELETE FROM) `[^`]+`\.`(.+)`|(?:SET|WHERE))$")
_VALUE = re.compile(rb"###   @(\d+)=(.*) /\* .* \*/$", re.DOTALL)
_UNKNOWN = frozenset((*SPATIAL_TYPES, "geometrycollection", "vector"))
_SHOWN = 2


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where the log was when something began."""

    file: str
    offset: int


def place_now(server: Server) -> LogPlace:
    with connect(server.endpoint("admin")) as connection:
        file, offset = connection.query(dialect_of(connection).log_status)[0][:2]
        return LogPlace(str(file), int(offset))


def misread(
    server: Server, begin: LogPlace, tables: Sequence[Table], held: Mapping[str, Sequence[Change]]
) -> Iterator[tuple[str, str]]:
    """Tables whose values another reader sees otherwise, with what it sees."""
    logged = None if server.profile.is_56 else _logged(server, begin, tables[0].name.database)
    for table in tables:
        records = [record for record in held.get(table.name.name, ()) if record.op != "r"]
        images = [image for record in records for image in (record.before, record.after) if image is not None]
        if logged is not None:
            for line in _by_log(table, images, logged.get(table.name.name, [])):
                yield table.name.name, line
        for line in _by_select(server, table, held.get(table.name.name, ())):
            yield table.name.name, line


def _by_log(table: Table, images: Sequence[Image], logged: Sequence[Mapping[int, bytes]]) -> list[str]:
    if any(column.data_type in _UNKNOWN for column in table.columns):
        return []
    if len(images) != len(logged):
        return [f"mysqlbinlog: {len(logged)} images, we have {len(images)}"]
    found = []
    for image, texts in zip(images, logged, strict=True):
        for number, (column, ours) in enumerate(zip(table.columns, _values(table, image), strict=True), 1):
            if number not in texts and column.data_type == "json":
                continue  # a partial update: functions of the document before it
            theirs = of_mysqlbinlog(column, texts[number])
            if not same(column, ours, theirs):
                found.append(f"mysqlbinlog: column {column.name}: {theirs!r}, our record has {ours!r}")
    return found[:_SHOWN]


def _by_select(server: Server, table: Table, held: Sequence[Change]) -> list[str]:
    """The rows that the records leave, as plain values, against those of the source."""
    told = [column for column in table.columns if column.data_type not in _UNKNOWN]
    rows: Counter[tuple[object, ...]] = Counter()
    state: dict[State, Image] = {}
    bag: Counter[State] = Counter()
    for record in held:
        for image, number in ((record.before, -1), (record.after, 1)):
            if image is not None:
                state[image.state] = image
                bag[image.state] += number
    columns = [index for index, column in enumerate(table.columns) if column in told]
    untold: set[int] = set()
    for key, number in bag.items():
        values = _values(table, state[key])
        chosen = tuple(values[index] for index in columns)
        untold |= {place for place, value in enumerate(chosen) if value is UNTOLD}
        rows[chosen] += number
    with connect(server.endpoint("admin"), init="SET time_zone = '+00:00'") as source:
        source.execute("SET character_set_results = NULL, sql_mode = ''")
        listed = ", ".join(selected(identifier(column.name), column.data_type) for column in told) or "1"
        raw = list(source.raw_stream(f"SELECT {listed} FROM {qualified(table.name)}"))
    theirs = (
        Counter(tuple(of_text(column, value) for column, value in zip(told, fields(row), strict=True)) for row in raw)
        if told
        else Counter()
    )
    ours = +rows if told else Counter()
    if _without(ours, untold) == _without(theirs, untold):
        return []
    return [f"SELECT alone: {row}" for row in (_without(theirs, untold) - _without(ours, untold))][:_SHOWN] + [
        f"records alone: {row}" for row in (_without(ours, untold) - _without(theirs, untold))
    ][:_SHOWN]


def _without(rows: Counter[tuple[object, ...]], places: set[int]) -> Counter[tuple[object, ...]]:
    found: Counter[tuple[object, ...]] = Counter()
    for row, number in rows.items():
        found[tuple(value for place, value in enumerate(row) if place not in places)] += number
    return found


def _values(table: Table, image: Image) -> list[object]:
    exact = dict(image.exact)
    pairs = zip(table.columns, image.values.values(), strict=True)
    return [of_avro(column, value, exact.get(column.name)) for column, value in pairs]


def _logged(server: Server, begin: LogPlace, database: str) -> dict[str, list[dict[int, bytes]]]:
    """Row images by table, each the values as text by the number of their column."""
    with connect(server.endpoint("admin")) as connection:
        files = [str(row[0]) for row in connection.query("SHOW BINARY LOGS")]
        connection.execute("SET GLOBAL net_write_timeout = 600")  # a busy machine's mysqlbinlog reads slowly
    asked = ["--read-from-remote-server", "-vv", "--base64-output=DECODE-ROWS", f"--database={database}"]
    asked += [f"--start-position={begin.offset}", *files[files.index(begin.file) :]]
    told = subprocess.run([*client(server, "mysqlbinlog"), *asked], stdout=subprocess.PIPE, check=True).stdout
    found: dict[str, list[dict[int, bytes]]] = defaultdict(list)
    table = ""
    for line in told.split(b"\n"):
        if not line.startswith(b"### "):
            continue
        if head := _IMAGE.match(line):
            if head[1] is not None:
                table = head[1].decode().replace("``", "`")
            else:
                found[table].append({})
        elif value := _VALUE.match(line):
            found[table][-1][int(value[1])] = value[2]
    return found
