"""The whole product in three minutes: a shop database moves while a writer keeps changing it.

`python -m deploy.demo` starts real servers, fills a shop, runs `penstock migrate` under live traffic, alters a table in
the middle, and lets `penstock verify` compare every row. It ends with 0 only if everything was as it should be.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import yaml
from rich.console import Console
from rich.table import Table

from control.config import load
from control.report import Report
from control.status import Observer
from deploy import shop
from deploy.local import Stack, down, up
from runtime.errors import Exit, Fatal
from runtime.kafka import KafkaSettings

NAME = "demo"
_TRANSACTIONS_PER_SECOND = 300
_STREAMING_SECONDS = 12.0  # of lag to look at, before and after the ALTER
_PATIENCE_SECONDS = 900.0
console = Console(stderr=True, highlight=False)


@dataclass(slots=True)
class Figures:
    """What the closing summary tells."""

    rows: int = 0
    snapshot_seconds: float = 0.0
    lags: list[float] = field(default_factory=list)
    reports: int = 0


def main() -> int:
    begun = time.monotonic()
    try:
        down(NAME)  # what an earlier demo was told to keep
        stack = up(NAME)
        try:
            with tempfile.TemporaryDirectory() as folder:
                return _demo(stack, Path(folder), begun)
        finally:
            if not os.environ.get("PENSTOCK_KEEP_STACK"):
                down(NAME)
    except Fatal as error:
        console.print(f"error: {error}\nhint:  {error.hint}", style="red", markup=False)
        return Exit.OPERATOR


def _demo(stack: Stack, folder: Path, begun: float) -> int:
    figures = Figures()
    _say("the shop fills up: customers, products, orders, reviews in eight languages")
    figures.rows = shop.create(stack.source.endpoint("admin"))
    _say(f"{figures.rows:,} rows. From now on {_TRANSACTIONS_PER_SECOND} transactions a second change them")
    file = _task_file(stack, folder)
    traffic = shop.Traffic(stack.source.endpoint("admin"), _TRANSACTIONS_PER_SECOND)
    traffic.start()
    try:
        _say("penstock migrate: schema, rows, then every change")
        with _migrate(file, stack) as migrate, _observer(file, stack) as observer:
            _snapshot(migrate, observer, figures)
            _stream(migrate, observer, figures, _STREAMING_SECONDS)
            traffic.add_channel()
            _stream(migrate, observer, figures, _STREAMING_SECONDS)
            traffic.stop()
            waited = _penstock("wait", "--timeout", f"{_PATIENCE_SECONDS:g}", file=file, stack=stack)
        _say("orders got a new column on the way (ALTER TABLE orders ADD COLUMN channel ...)")
        if waited != Exit.DONE:
            raise Fatal("the target did not catch up", hint="see the messages above")
    finally:
        traffic.stop()
    _say("penstock verify: schema and every row, byte by byte")
    verified = _penstock("verify", file=file, stack=stack)
    _summary(figures, traffic, verified, time.monotonic() - begun)
    return verified


def _snapshot(migrate: "subprocess.Popen[bytes]", observer: Observer, figures: Figures) -> None:
    """Until every row that was there is at the target."""
    begun = time.monotonic()
    while True:
        report = _look(migrate, observer, begun)
        target = report.targets.get("polar")
        if observer.snapshot_done and target is not None and (target.lag_seconds or 99.0) < 2.0:
            figures.snapshot_seconds = time.monotonic() - begun
            return


def _stream(migrate: "subprocess.Popen[bytes]", observer: Observer, figures: Figures, seconds: float) -> None:
    """Watches the lag for a while."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        target = _look(migrate, observer, begun).targets.get("polar")
        if target is not None and target.lag_seconds is not None:
            figures.lags.append(target.lag_seconds)


def _look(migrate: "subprocess.Popen[bytes]", observer: Observer, begun: float) -> Report:
    if migrate.poll() is not None:
        raise Fatal(f"penstock migrate ended with exit code {migrate.returncode}", hint="see its messages above")
    if time.monotonic() - begun > _PATIENCE_SECONDS:
        raise Fatal(f"no end within {_PATIENCE_SECONDS:g} seconds", hint="see the messages above")
    time.sleep(0.5)
    return observer.read()


def _task_file(stack: Stack, folder: Path) -> Path:
    source, target = stack.source.endpoint("penstock"), stack.destination.endpoint("polar")
    file = folder / "shop.yaml"
    content = {
        "task": "shop",
        "source": {"host": source.host, "port": source.port, "user": source.user, "password": "${SOURCE_PASSWORD}"},
        "kafka": {"bootstrap_servers": stack.kafka},
        "objects": {"include": [f"{shop.DATABASE}.*"]},
        "targets": {
            "polar": {"host": target.host, "port": target.port, "user": target.user, "password": "${TARGET_PASSWORD}"}
        },
    }
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return file


def _environment(stack: Stack) -> dict[str, str]:
    source, target = stack.source.endpoint("penstock"), stack.destination.endpoint("polar")
    return {**os.environ, "SOURCE_PASSWORD": source.password, "TARGET_PASSWORD": target.password}


def _command(verb: str, file: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "control.cli", verb, "--config", str(file), *arguments]


def _penstock(verb: str, *arguments: str, file: Path, stack: Stack) -> int:
    return subprocess.run(_command(verb, file, *arguments), env=_environment(stack), check=False).returncode


@contextmanager
def _migrate(file: Path, stack: Stack) -> Generator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(_command("migrate", file), env=_environment(stack), start_new_session=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    if code != Exit.DONE:
        raise Fatal(f"penstock migrate ended with exit code {code}", hint="see its messages above")


@contextmanager
def _observer(file: Path, stack: Stack) -> Generator[Observer]:
    observer = Observer(load(file, _environment(stack)), KafkaSettings(stack.kafka))
    try:
        yield observer
    finally:
        observer.close()


def _summary(figures: Figures, traffic: shop.Traffic, verified: int, seconds: float) -> None:
    table = Table(title="shop is at its new server" if verified == Exit.DONE else "shop differs", show_header=False)
    table.add_row("rows copied while they changed", f"{figures.rows:,} in {figures.snapshot_seconds:.1f} s")
    table.add_row("transactions meanwhile", f"{traffic.transactions:,} with {traffic.changes:,} changed rows")
    if figures.lags:
        table.add_row("lag while streaming", f"median {median(figures.lags):.2f} s, most {max(figures.lags):.2f} s")
    table.add_row("penstock verify", "equal" if verified == Exit.DONE else "DIFFERENT")
    table.add_row("all together", f"{seconds:.0f} s")
    console.print(table)
    if os.environ.get("PENSTOCK_KEEP_STACK"):
        console.print(f"the servers run on: python -m deploy.local status --name {NAME}")
    else:
        console.print("the servers are gone again; PENSTOCK_KEEP_STACK=1 make demo keeps them")


def _say(text: str) -> None:
    console.print(f"[bold]==>[/bold] {text}")


if __name__ == "__main__":
    sys.exit(main())
