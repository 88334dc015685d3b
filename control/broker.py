"""A private one-node Kafka (KRaft) in a directory.

It outlives the process that started it, and ends by SIGKILL only, so that every start is the same start. Whoever opens
the same directory finds it at the same address with all its data. Nothing outside the directory and the cache of jars
is touched; it listens on 127.0.0.1 only. Like any Kafka of one node it leaves writing to the operating system: a power
cut, unlike a kill, may take its last seconds.
"""

import base64
import json
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from control.daemon import Daemon, free_port
from control.files import locked, once, replace
from control.registration import BROKER_ID_NOT_REGISTERED, NOT_CONTROLLER, unregister
from runtime.errors import Fatal
from runtime.kafka import KafkaSettings, answers
from runtime.telemetry import log

KAFKA = "4.3.1"
_JAVA = 17
_START_SECONDS = 120.0
_FULL = "No space left on device"
_TOLD_LINES = 200
# A record lies in the heap while it is received, and twice while its topic is compacted; what large ones have taken is
# given back when the broker rests. Outside its heap Java copies each record that is written or read, and would keep
# such a buffer of the largest size for every thread.
_MEMORY = (
    "-Xms64m",
    "-Xmx1280m",
    "-XX:G1PeriodicGCInterval=60000",
    "-XX:MaxDirectMemorySize=1g",
    "-Djdk.nio.maxCachedBufferSize=1048576",
)
_BRIEF = ("-Xmx256m", "-XX:TieredStopAtLevel=1")  # for what lives a second or two
_NEVER = "2147483647"  # milliseconds

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>penstock</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{KAFKA}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
"""

# What one node needs to differ from a cluster, and what a task relies on: topics are made by their owners only,
# kept until they say otherwise, and a group's offsets are not forgotten while nobody reads. Smaller segments bound what
# a start after a kill reads again.
LARGEST_RECORD = 260_000_000  # a row of over 64 MB, before and after a change; it must fit into a segment
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "offsets.retention.minutes": "5256000",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.max.timeout.ms": "900000",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.retention.ms": "-1",
    "log.retention.bytes": "-1",
    "log.segment.bytes": "268435456",
    "log.cleaner.enable": "true",
    "message.max.bytes": str(LARGEST_RECORD + (1 << 20)),
    "socket.request.max.bytes": str(LARGEST_RECORD + (2 << 20)),
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the node listens; kept beside its data so that it comes back there."""

    broker: int
    controller: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.broker}"

    def free(self) -> "Ports":
        """These, or others in place of those that somebody has taken meanwhile."""
        return Ports(free_port(self.broker), free_port(self.controller))


class Broker:
    """The node whose data lie in `directory`; `cache` holds the jars of every node of this machine."""

    def __init__(self, directory: Path, cache: Path) -> None:
        self._directory = directory.absolute()
        self._cache = cache
        self._daemon = Daemon(self._directory, "broker")
        self._controller = Daemon(self._directory, "controller")
        self._data = self._directory / "data"
        self._ports_file = self._directory / "broker.json"

    def pid(self) -> int | None:
        return self._daemon.pid()

    def address(self) -> str | None:
        """host:port if the node runs and answers."""
        ports = self._ports()
        if ports is None or not self._daemon.alive():
            return None
        return ports.address if answers(KafkaSettings(ports.address), timeout=3.0) else None

    def start(self) -> str:
        """The address of the running node, which is started if it is not running."""
        with locked(self._directory / "broker.lock"):
            if not self._answers():
                self._launch()
                if not self._answers():
                    raise self._failed("ended at once")
            ports = self._ports()
            assert ports is not None, "it answers at ports that nobody has chosen"
            return ports.address

    def stop(self) -> None:
        """Ends the node and waits until it is gone; nothing to do if it is not running.

        Not by SIGTERM: the partitions then lose their leader while transactions may still be completing, see `_forget`.
        """
        with locked(self._directory / "broker.lock"):
            self._daemon.kill()
            self._controller.kill()

    def _launch(self) -> None:
        self._controller.kill()  # of a start that was killed
        known = self._ports()
        ports = Ports(free_port(), free_port()) if known is None else known.free()
        jars = fetch(self._cache)
        replace(self._ports_file, json.dumps(asdict(ports)))
        if self._data.is_dir():
            self._forget(jars, ports)
        else:
            self._format(ports)
        settings = properties(ports, self._data) | {"broker.session.timeout.ms": _NEVER}
        file = self._write_properties("broker", settings)
        self._daemon.start([*_java(jars), *_MEMORY, "-XX:+ExitOnOutOfMemoryError", "kafka.Kafka", file])

    def _format(self, ports: Ports) -> None:
        """Makes `data`: formatted aside and renamed, so that a kill leaves a whole one or none."""
        unfinished = self._directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        file = self._write_properties("format", properties(ports, unfinished))
        # may begin with a dash, which must not look like an option
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool(self._cache, "kafka.tools.StorageTool", ["format", f"--cluster-id={cluster}", "-c", file])
        unfinished.rename(self._data)

    def _forget(self, jars: Path, ports: Ports) -> None:
        """Lets the controller, alone, forget that the broker was ever there.

        A killed broker is still registered (KIP-631), so a new one believes that it leads, loads the transactions that
        were being committed, and loses its leadership when the old registration expires. At that moment Kafka 4.3.1
        takes "no leader" for "topic deleted" (TransactionMarkerChannelManager) and completes those transactions without
        their markers: their topics would never again show a committed record. For the same reason a running broker's
        registration never expires.
        """
        alone = {"process.roles": "controller", "listeners": f"CONTROLLER://127.0.0.1:{ports.controller}"}
        settings = properties(ports, self._data) | alone
        del settings["advertised.listeners"]
        file = self._write_properties("controller", settings)
        self._controller.start([*_java(jars), *_BRIEF, "kafka.Kafka", file])
        try:
            self._unregister(ports)
        finally:
            self._controller.kill()

    def _unregister(self, ports: Ports) -> None:
        deadline = time.monotonic() + _START_SECONDS
        code = NOT_CONTROLLER
        while self._controller.alive() and time.monotonic() < deadline:
            try:
                code = unregister("127.0.0.1", ports.controller, broker=1, timeout=10.0)
            except OSError:  # it does not listen yet
                code = NOT_CONTROLLER
            if code in (0, BROKER_ID_NOT_REGISTERED):
                return
            time.sleep(0.05)
        raise Fatal(
            f"the private Kafka in {self._directory} cannot start again (error {code}):\n{self._controller.tail()}",
            hint=_hint(self._controller),
        )

    def _write_properties(self, name: str, settings: Mapping[str, str]) -> str:
        file = self._directory / f"{name}.properties"
        replace(file, "".join(f"{key}={value}\n" for key, value in settings.items()))
        return str(file)

    def _answers(self) -> bool:
        """Waits until it answers; False when there is no process, or no more."""
        ports = self._ports()
        deadline = time.monotonic() + _START_SECONDS
        while ports is not None and self._daemon.alive():
            if answers(KafkaSettings(ports.address, {"reconnect.backoff.max.ms": "100"}), timeout=1.0):
                return True
            if time.monotonic() > deadline:
                raise self._failed(f"(process {self.pid()}) has not answered for {_START_SECONDS:.0f} seconds")
        return False

    def _failed(self, how: str) -> Fatal:
        return Fatal(
            f"the private Kafka in {self._directory} {how}:\n{self._daemon.tail()}",
            hint=_hint(self._daemon),
        )

    def _ports(self) -> Ports | None:
        """None before the first start."""
        if not self._ports_file.exists():
            return None
        return Ports(**json.loads(self._ports_file.read_text()))


def _hint(daemon: Daemon) -> str:
    if _FULL in daemon.tail(_TOLD_LINES):
        return f"make room on the disk of {daemon.log.parent}, then start again; nothing is lost"
    return f"mend what its log says; all of it is in {daemon.log}"


def properties(ports: Ports, data: Path) -> dict[str, str]:
    """Kafka's settings of such a node."""
    return {
        **_SETTINGS,
        "controller.quorum.voters": f"1@127.0.0.1:{ports.controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{ports.broker},CONTROLLER://127.0.0.1:{ports.controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{ports.broker}",
        "log.dirs": str(data),
    }


def fetch(cache: Path) -> Path:
    """The folder with Kafka's jars, fetched by Maven at the first need (about 55 MB)."""
    return once(cache / f"kafka-{KAFKA}", _fetch)


def tool(cache: Path, class_name: str, arguments: Sequence[str]) -> str:
    """What one of Kafka's own tools prints, for example org.apache.kafka.tools.consumer.group.ConsumerGroupCommand."""
    command = [*_java(fetch(cache)), *_BRIEF, class_name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Fatal(
            f"Kafka's {class_name.rpartition('.')[2]} failed: {_end(done.stdout + done.stderr)}",
            hint="correct what its message names",
        )
    return done.stdout


def _fetch(folder: Path) -> None:
    _require_java()
    if shutil.which("mvn") is None:
        raise Fatal(
            "Maven (mvn) is not there; it fetches Kafka", hint="install Maven, for example: apt-get install maven"
        )
    replace(folder / "pom.xml", _POM)
    log.info("fetching Kafka, once", version=KAFKA, megabytes=55)
    copy = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
    command = ["mvn", "-q", "-B", copy, f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Fatal(
            f"Maven could not fetch Kafka {KAFKA}: {_end(done.stdout + done.stderr)}",
            hint="make sure that Maven reaches its repository, then start again",
        )


def _require_java() -> None:
    hint = f"install Java {_JAVA} or newer, for example: apt-get install openjdk-{_JAVA}-jre-headless"
    if shutil.which("java") is None:
        raise Fatal("Java is not there; the private Kafka needs it", hint)
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < _JAVA:
        raise Fatal(f"Kafka {KAFKA} needs Java {_JAVA} or newer, found: {_end(told, lines=1)}", hint)


def _java(jars: Path) -> list[str]:
    _require_java()
    logging = Path(__file__).with_name("broker.log.xml")
    return ["java", "-cp", f"{jars}/*", f"-Dlog4j2.configurationFile={logging}", "-Djava.awt.headless=true"]


def _end(text: str, lines: int = 6) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])
