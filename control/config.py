"""A task file as frozen settings. Every error is reported at once, with key, file and line, before any connection."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from control.broker import LARGEST_RECORD
from control.document import Document, Problem, parse
from control.grammar import EMBEDDED, SourceSection, TargetSection, TaskSection, TlsSection, section_at
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings
from runtime.login import Tls
from runtime.mysql import Endpoint
from schemas.names import TableName
from schemas.selection import HEARTBEAT_DATABASE, SYSTEM_DATABASES, Selection


class ConfigError(Fatal):
    """The task file says something that it cannot mean."""

    def __init__(self, file: Path, problems: tuple[Problem, ...]) -> None:
        lines = [f"{file}: {problem}" for problem in problems]
        super().__init__("\n".join(lines), hint=f"correct {file.name}: nothing was started")
        self.file = file
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """One destination and how to write into it."""

    name: str
    destination: Endpoint
    state_database: str
    workers: int
    retry_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything a task file says."""

    name: str
    file: Path
    sources: tuple[Endpoint, ...]  # the hosts of one source
    kafka: KafkaSettings
    selection: Selection
    readers: int
    chunk_bytes: int
    commit_interval_ms: int
    heartbeat_ms: int
    retry_minutes: int
    targets: Mapping[str, TargetSettings] = field(repr=False)
    capture_metrics_port: int | None
    apply_metrics_port: int | None

    @property
    def embedded(self) -> bool:
        """True when penstock runs a private broker beside the task file; its address is not known from the file."""
        return self.kafka.bootstrap_servers == EMBEDDED

    @property
    def folder(self) -> Path:
        """Where the private broker keeps the task's data and address."""
        return self.file.parent / ".penstock" / self.name

    def target(self, name: str | None) -> TargetSettings:
        """The target of that name, or the only one."""
        if name is None and len(self.targets) == 1:
            return next(iter(self.targets.values()))
        known = ", ".join(self.targets)
        if name is None:
            raise Fatal(f"{self.file} has several targets: {known}", hint="choose one with --target NAME")
        if name not in self.targets:
            raise Fatal(f"{self.file} has no target {name!r}", hint=f"its targets: {known}")
        return self.targets[name]


def load(file: Path, environment: Mapping[str, str] | None = None) -> Task:
    """Reads and checks a task file; raises ConfigError with every problem found."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"cannot read the config {file}: {error}", hint="give its path with --config") from error
    document = parse(text, os.environ if environment is None else environment)
    section = _section(document)
    if section is None or document.problems:
        raise ConfigError(file, tuple(sorted(document.problems)))
    task = _task(section, file.absolute(), document)
    if document.problems:
        raise ConfigError(file, tuple(sorted(document.problems)))
    return task


def _section(document: Document) -> TaskSection | None:
    if document.values is None:
        if not document.problems:
            document.report((), "the file is empty")
        return None
    try:
        return TaskSection.model_validate(document.values)
    except ValidationError as error:
        for details in error.errors(include_input=False, include_url=False):
            path = tuple(part for part in details["loc"] if part != "[key]")
            document.report(path, _explained(path, details))
    return None


_MEANINGS = {
    "missing": "is required",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text: put it in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must consist of A-Z a-z 0-9 _ - and have at most 64 characters",
    "literal_error": "must be one of {expected}",
    "list_type": "must be a list",
    "too_short": "must have at least {min_length} entry",
    "dict_type": "must be a group of keys",
    "model_type": "must be a group of keys",
    "model_attributes_type": "must be a group of keys",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


def _explained(path: tuple[str | int, ...], details: ErrorDetails) -> str:
    if details["type"] == "extra_forbidden":
        known = list(section_at(path[:-1]).model_fields)
        near = difflib.get_close_matches(str(path[-1]), known, n=1)
        return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; known are {', '.join(known)}"
    if details["type"] in _MEANINGS:
        return _MEANINGS[details["type"]].format(**details.get("ctx", {}))
    return details["msg"]


def _task(section: TaskSection, file: Path, document: Document) -> Task:
    targets = {
        name: TargetSettings(
            name=name,
            destination=_endpoint(f"target {name}", target, file.parent, ("targets", name), document),
            state_database=target.state_database,
            workers=target.workers,
            retry_minutes=target.retry_minutes or section.retry_minutes,
        )
        for name, target in section.targets.items()
    }
    for name, target in section.targets.items():
        if target.state_database in SYSTEM_DATABASES:
            document.report(("targets", name, "state_database"), "must not be a database of the server's own")
    return Task(
        name=section.task,
        file=file,
        sources=_sources(section.source, file.parent, document),
        kafka=_kafka(section, document),
        selection=_selection(section, document),
        readers=section.snapshot.readers,
        chunk_bytes=section.snapshot.chunk_bytes,
        commit_interval_ms=section.capture.commit_interval_ms,
        heartbeat_ms=section.capture.heartbeat_ms,
        retry_minutes=section.retry_minutes,
        targets=MappingProxyType(targets),
        capture_metrics_port=section.metrics.capture_port,
        apply_metrics_port=section.metrics.apply_port,
    )


def _selection(section: TaskSection, document: Document) -> Selection:
    selection = Selection(
        include=tuple(section.objects.include),
        exclude=tuple(section.objects.exclude),
        never=SYSTEM_DATABASES | {HEARTBEAT_DATABASE} | {target.state_database for target in section.targets.values()},
    )
    for name in section.objects.tables:
        if not selection.selected(TableName(*name.split(".", 1))):
            document.report(("objects", "tables", name), "is not selected by objects.include and objects.exclude")
    return selection


def _kafka(section: TaskSection, document: Document) -> KafkaSettings:
    kafka = section.kafka
    if kafka.bootstrap_servers == EMBEDDED and (kafka.replication_factor or 1) > 1:
        document.report(("kafka", "replication_factor"), "must be 1: the embedded broker is one node")
    own = {"message.max.bytes": str(LARGEST_RECORD)} if kafka.bootstrap_servers == EMBEDDED else {}
    return KafkaSettings(
        bootstrap_servers=kafka.bootstrap_servers,
        properties={**own, **kafka.properties},
        replication_factor=-1 if kafka.replication_factor is None else kafka.replication_factor,
        partitions=kafka.partitions,
    )


def _sources(source: SourceSection, folder: Path, document: Document) -> tuple[Endpoint, ...]:
    tls = _tls(source.tls, folder, ("source", "tls"), document)
    addresses = source.addresses
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            document.report(("source", "hosts", index), "is given twice")
    return tuple(
        Endpoint(name="source", host=host, port=port, user=source.user, password=source.password, tls=tls)
        for host, port in addresses
    )


def _endpoint(name: str, server: TargetSection, folder: Path, path: tuple[str, ...], document: Document) -> Endpoint:
    tls = _tls(server.tls, folder, (*path, "tls"), document)
    return Endpoint(name=name, host=server.host, port=server.port, user=server.user, password=server.password, tls=tls)


def _tls(tls: TlsSection, folder: Path, path: tuple[str, ...], document: Document) -> Tls:
    files: dict[str, str | None] = {"ca": tls.ca, "cert": tls.cert, "key": tls.key}
    for key, name in files.items():
        if name is not None:
            files[key] = str(folder / name)
            if not (folder / name).is_file():
                document.report((*path, key), "there is no such file")
    if tls.key is not None and tls.cert is None:
        document.report((*path, "key"), "needs cert beside it")
    if tls.ca is not None and tls.mode not in ("verify_ca", "verify_identity"):
        document.report((*path, "ca"), "needs mode: verify_ca, or verify_identity")
    if tls.cert is not None and tls.mode in ("disabled", "preferred"):
        document.report((*path, "cert"), "needs mode: required, verify_ca or verify_identity")
    return Tls(mode=tls.mode, ca=files["ca"], cert=files["cert"], key=files["key"])
