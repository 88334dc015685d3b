"""What is wrong with the machine is for an operator, and no bug."""

import errno
import json
import socket
from pathlib import Path

import pytest

from control import cli
from control.broker import Broker
from runtime import telemetry
from runtime.errors import Exit, Fatal


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken, pytest.raises(Fatal, match="no metrics at port") as raised:
        telemetry.serve(taken.getsockname()[1])
    assert "metrics.capture_port" in raised.value.hint


@pytest.mark.parametrize(
    ("number", "code", "hint"),
    [
        (errno.ENOSPC, Exit.OPERATOR, "make room"),
        (errno.EDQUOT, Exit.OPERATOR, "quota"),
        (errno.EROFS, Exit.OPERATOR, "mounted"),
        (errno.EMFILE, Exit.OPERATOR, "ulimit"),
        (errno.EADDRINUSE, Exit.OPERATOR, "free the port"),
        (errno.EDOM, Exit.BUG, "report it"),
    ],
)
def test_errors_of_the_machine(
    number: int,
    code: Exit,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def load(_: Path) -> None:
        raise OSError(number, "it says so", str(tmp_path))

    monkeypatch.setattr(cli, "load", load)
    assert cli._run(["status", "--config", "t.yaml"], True) == code
    told = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert hint in told["hint"]


def test_a_private_kafka_whose_disk_is_full(tmp_path: Path) -> None:
    (tmp_path / "broker.log").write_text("java.io.IOException: No space left on device\n" + "  at some.place\n" * 30)
    error = Broker(tmp_path, tmp_path)._failed("ended at once")
    assert "make room" in error.hint
    (tmp_path / "broker.log").write_text("something else\n")
    assert "mend what its log says" in Broker(tmp_path, tmp_path)._failed("ended at once").hint
