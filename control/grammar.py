"""The keys of a task file: their names, their values' form and their defaults. Pure; nothing here connects or opens.

A key of the design whose behaviour is not built yet is known but refused, never silently ignored.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.selection import Pattern

EMBEDDED = "embedded"
# What exactly-once delivery rests on: the client modules set these themselves.
_RESERVED_PROPERTIES = frozenset(
    (
        "bootstrap.servers",
        "metadata.broker.list",
        "transactional.id",
        "transaction.timeout.ms",
        "enable.idempotence",
        "acks",
        "request.required.acks",
        "group.id",
        "isolation.level",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.partition.eof",
        "auto.offset.reset",
        "partitioner",
    )
)


def _refuse(error: str) -> PydanticCustomError:
    return PydanticCustomError("penstock", "{error}", {"error": error})


def _later(value: object) -> object:
    raise _refuse("is not available yet in this version: remove it")


def _whole(value: object) -> object:
    if isinstance(value, bool):
        raise _refuse("must be a whole number")
    return value


def _pattern(text: str) -> str:
    try:
        Pattern.parse(text)
    except ValueError as error:
        raise _refuse(str(error)) from None
    return text


def _table(text: str) -> str:
    if set(text) & {"*", "?"}:
        raise _refuse("must name one table, without * and ?")
    return _pattern(text)


def _property(name: str) -> str:
    if name in _RESERVED_PROPERTIES:
        raise _refuse("is set by penstock itself: remove it")
    return name


def _property_value(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


def _host(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _refuse("must be written host:port")
    return text


Later = Annotated[object, BeforeValidator(_later)]
Whole = Annotated[int, BeforeValidator(_whole)]
Text = Annotated[str, Field(min_length=1)]
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Port = Annotated[Whole, Field(ge=1, le=65535)]
Minutes = Annotated[Whole, Field(ge=10, le=1440)]
Patterns = Annotated[list[Annotated[str, AfterValidator(_pattern)]], Field(min_length=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TlsSection(Section):
    mode: Literal["disabled", "preferred", "required", "verify_ca", "verify_identity"] = "preferred"
    ca: Text | None = None
    cert: Text | None = None
    key: Text | None = None


class ServerSection(Section):
    host: Text
    port: Port = 3306
    user: Text
    password: str = ""
    tls: TlsSection = TlsSection()


class SourceSection(Section):
    host: Text | None = None
    port: Port | None = None
    hosts: Annotated[list[Annotated[str, AfterValidator(_host)]], Field(min_length=1)] | None = None
    user: Text
    password: str = ""
    tls: TlsSection = TlsSection()

    @model_validator(mode="after")
    def _one_address(self) -> "SourceSection":
        if self.hosts is None and self.host is None:
            raise _refuse("host is required")
        if self.hosts is not None and (self.host is not None or self.port is not None):
            raise _refuse("give either host and port, or hosts")
        return self

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        if self.hosts is None:
            assert self.host is not None
            return ((self.host, self.port or 3306),)
        parts = [text.rpartition(":") for text in self.hosts]
        return tuple((host.strip("[]"), int(port)) for host, _, port in parts)


class KafkaSection(Section):
    bootstrap_servers: Text = EMBEDDED
    properties: dict[Annotated[str, AfterValidator(_property)], Annotated[str, BeforeValidator(_property_value)]] = {}
    partitions: Annotated[Whole, Field(ge=1, le=1000)] = 1
    replication_factor: Annotated[Whole, Field(ge=1, le=100)] | None = None
    schema_registry: Later = None


class TableSection(Section):
    where: Later = None
    columns: Later = None


class ObjectsSection(Section):
    include: Patterns = ["*.*"]
    exclude: list[Annotated[str, AfterValidator(_pattern)]] = []
    tables: dict[Annotated[str, AfterValidator(_table)], TableSection] = {}


class SnapshotSection(Section):
    readers: Annotated[Whole, Field(ge=1, le=64)] = 2
    chunk_bytes: Annotated[Whole, Field(ge=64 << 10, le=64 << 20)] = 2 << 20


class CaptureSection(Section):
    commit_interval_ms: Annotated[Whole, Field(ge=1, le=60_000)] = 100
    heartbeat_ms: Annotated[Whole, Field(ge=100, le=10_000)] = 1000


class TargetSection(ServerSection):
    state_database: Annotated[str, Field(min_length=1, max_length=64)] = "penstock"
    workers: Annotated[Whole, Field(ge=1, le=64)] = 1
    retry_minutes: Minutes | None = None
    mapping: Later = None


class MetricsSection(Section):
    capture_port: Port | None = None
    apply_port: Port | None = None


class TaskSection(Section):
    task: Label
    source: SourceSection
    kafka: KafkaSection = KafkaSection()
    objects: ObjectsSection = ObjectsSection()
    snapshot: SnapshotSection = SnapshotSection()
    capture: CaptureSection = CaptureSection()
    targets: Annotated[dict[Label, TargetSection], Field(min_length=1)]
    retry_minutes: Minutes = 720
    metrics: MetricsSection = MetricsSection()


def section_at(path: tuple[str | int, ...]) -> type[Section]:
    """The section whose keys lie at `path` (`()` is the whole file)."""
    section: type[Section] = TaskSection
    rest = list(path)
    while rest:
        annotation = section.model_fields[str(rest.pop(0))].annotation
        if arguments := getattr(annotation, "__args__", ()):  # dict[name, section]
            rest.pop(0)
            annotation = arguments[-1]
        assert isinstance(annotation, type) and issubclass(annotation, Section)
        section = annotation
    return section
