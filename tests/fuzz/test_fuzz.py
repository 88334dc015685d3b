"""The seeds (real events of a server, and inputs that once broke a parser), and a short run from them that is the same
every time. `make fuzz` looks for more."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS, run

SEEDS = Path(__file__).parent / "seeds"
ROOT = Path(__file__).parents[2]
_MUTATIONS = 400


def seeds(target: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((SEEDS / target).iterdir())]


def damaged(chance: random.Random, data: bytes) -> bytes:
    """A few bytes changed, cut, doubled or inserted."""
    out = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(out) + 1)
        size = chance.randrange(1, 9)
        match chance.randrange(5):
            case 0:
                out[at : at + 1] = chance.choice((b"\x00", b"\xff", b"\x7f", b"\x80", b"\xfb", b"\xfc", b"\xfe"))
            case 1:
                del out[at : at + size]
            case 2:
                out[at:at] = out[at : at + size]
            case 3:
                out[at:at] = chance.randbytes(size)
            case _:
                out[at : at + size] = chance.randbytes(size)
    return bytes(out)


@pytest.mark.parametrize("target", TARGETS)
def test_damage_gives_our_error(target: str) -> None:
    chance = random.Random(target)
    found = seeds(target)
    assert found
    for path in (SEEDS / target).iterdir():
        (run if path.name.startswith("damaged") else _right)(target, path.read_bytes())
    for _ in range(_MUTATIONS):
        run(target, damaged(chance, chance.choice(found)))


def _right(target: str, data: bytes) -> None:
    TARGETS[target](data)


def test_the_fuzzer_runs() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "jsonb", "0", "-runs=2000", "-seed=1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "stat::number_of_executed_units: 2000" in ended.stderr
