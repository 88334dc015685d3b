"""A one-node Kafka that takes encrypted connections only, from clients with a certificate of its authority."""

from pathlib import Path
from types import TracebackType

from control.broker import Ports, fetch, properties, tool
from control.daemon import Daemon, free_port
from deploy.local import packages
from runtime.kafka import KafkaSettings, answers
from tests.pipeline.certificates import Authority, Files

_START_SECONDS = 60.0


class ClosedKafka:
    """Its data lie in `folder`; a context manager that ends it."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._ports = Ports(free_port(), free_port())
        self._authority = authority
        self._daemon = Daemon(folder, "closed-kafka")
        own = authority.sign("broker")
        store = folder / "broker-store.pem"  # Kafka reads key and certificate from one file (KIP-651)
        store.write_bytes(own.key.read_bytes() + own.cert.read_bytes())
        store.chmod(0o600)
        self._file = folder / "closed-kafka.properties"
        settings = properties(self._ports, folder / "closed-kafka") | _closed(self._ports, store, authority.ca)
        self._file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))

    @property
    def address(self) -> str:
        return self._ports.address

    def client(self, files: Files, ca: Path | None = None) -> dict[str, str]:
        """What a task's `kafka.properties` say to be let in."""
        return {
            "security.protocol": "ssl",
            "ssl.ca.location": str(ca or self._authority.ca),
            "ssl.certificate.location": str(files.cert),
            "ssl.key.location": str(files.key),
        }

    def start(self) -> None:
        cache = packages.cache()
        tool(cache, "kafka.tools.StorageTool", ["format", "--cluster-id=AAAAAAAAAAAAAAAAAAAAAA", "-c", str(self._file)])
        options = ["-Xmx384m", "-XX:TieredStopAtLevel=1"]
        self._daemon.start(["java", "-cp", f"{fetch(cache)}/*", *options, "kafka.Kafka", str(self._file)])
        known = KafkaSettings(self.address, self.client(self._authority.sign("starter")))
        assert answers(known, _START_SECONDS), self._daemon.tail()

    def __enter__(self) -> "ClosedKafka":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._daemon.kill()


def _closed(ports: Ports, store: Path, ca: Path) -> dict[str, str]:
    return {
        "listeners": f"SSL://127.0.0.1:{ports.broker},CONTROLLER://127.0.0.1:{ports.controller}",
        "advertised.listeners": f"SSL://127.0.0.1:{ports.broker}",
        "listener.security.protocol.map": "SSL:SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SSL",
        "ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(ca),
    }
