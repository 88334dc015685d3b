"""The stack in Docker: deploy/compose.yaml with ports and passwords of its own; the settings are those of processes."""

import hashlib
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from control.broker import Ports, properties
from control.daemon import free_port
from deploy.local.server import PAIR, Profile, Server, new_accounts
from runtime.errors import Fatal

_FILE = Path(__file__).parents[1] / "compose.yaml"


def answers() -> bool:
    """True when a Docker daemon answers and knows compose."""
    if shutil.which("docker") is None:
        return False
    asked = (["docker", "info"], ["docker", "compose", "version"])
    return all(subprocess.run(command, capture_output=True, check=False).returncode == 0 for command in asked)


def holds(directory: Path) -> bool:
    """True when the stack of `directory` was started in Docker."""
    return _environment(directory).exists()


def prepare(name: str, directory: Path, options: Sequence[str]) -> tuple[Server, Server, str]:
    """Writes what a new stack is started from."""
    kafka = Ports(broker=free_port(), controller=free_port())
    source, destination = (_server(profile, name, directory) for profile in PAIR)
    lines = [
        f"STACK={directory}",
        f"SOURCE_PORT={source.port}",
        f"DESTINATION_PORT={destination.port}",
        f"KAFKA_PORT={kafka.broker}",
        f"MYSQLD_OPTIONS={shlex.join(options)}",
    ]
    settings = properties(kafka, Path("/var/lib/kafka/data")) | {
        "listeners": f"PLAINTEXT://0.0.0.0:{kafka.broker},CONTROLLER://127.0.0.1:{kafka.controller}"
    }
    named = [f"KAFKA_{key.replace('.', '_').upper()}={value}" for key, value in settings.items()]
    (directory / "kafka.env").write_text("\n".join([*named, "KAFKA_HEAP_OPTS=-Xmx1280m"]) + "\n")
    _environment(directory).write_text("\n".join(lines) + "\n")
    return source, destination, kafka.address


def start(name: str, directory: Path) -> None:
    """Starts what does not run, on its data and ports, and waits until it is healthy."""
    _compose(name, directory, "up", "--detach", "--wait")


def down(name: str, directory: Path) -> None:
    """Ends the stack and removes its data."""
    _compose(name, directory, "down", "--volumes")


def kill(name: str, directory: Path, service: str) -> None:
    """Ends one server with SIGKILL; its data stay."""
    _compose(name, directory, "kill", "--signal", "SIGKILL", service)


def _server(profile: Profile, name: str, directory: Path) -> Server:
    server = Server(
        profile=profile,
        port=free_port(),
        accounts=new_accounts(profile),
        directory=directory / profile,
        container=f"{_project(name, directory)}-{profile}-1",
    )
    server.write_files()
    return server


def _compose(name: str, directory: Path, *arguments: str) -> None:
    project = ["--project-name", _project(name, directory), "--env-file", str(_environment(directory))]
    command = ["docker", "compose", "--file", str(_FILE), *project, *arguments]
    if subprocess.run(command, check=False).returncode != 0:
        raise Fatal(f"{shlex.join(command)} failed", hint="mend what Docker says above")


def _project(name: str, directory: Path) -> str:
    """A name that another checkout does not use."""
    return f"penstock-{name}-{hashlib.sha256(str(directory).encode()).hexdigest()[:8]}"


def _environment(directory: Path) -> Path:
    return directory / "compose.env"
