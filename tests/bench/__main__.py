"""`python -m tests.bench`: measures the whole path on a stack of its own; writes build/bench.json."""

import argparse
import sys
import tempfile
from pathlib import Path

from deploy.local import down, up
from runtime.errors import Exit, Fatal
from tests.bench import figures
from tests.bench.scenarios import Bench

_ROOT = Path(__file__).parents[2]
_FILE = Path("build", "bench.json")
_STACK = "bench"
_MYSQLD = ["--innodb-buffer-pool-size=2G", "--innodb-redo-log-capacity=2G"]
_QUICK = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Rows per second, CPU, memory, latency.")
    parser.add_argument("--quick", action="store_true", help=f"1/{_QUICK} of the rows: to work on a benchmark")
    parser.add_argument("--only", action="append", metavar="NAME", help="this benchmark and those it builds on")
    parser.add_argument("--keep", action="store_true", help="leave the stack up at the end")
    asked = parser.parse_args()
    try:
        return _run(asked.only, _QUICK if asked.quick else 1, asked.keep)
    except Fatal as error:
        print(f"error: {error}\nhint: {error.hint}", file=sys.stderr)
        return Exit.OPERATOR


def _run(names: list[str] | None, divisor: int, keep: bool) -> int:
    down(_STACK)  # the same start for every run
    stack = up(_STACK, _MYSQLD)
    try:
        with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
            bench = Bench(stack, Path(folder), divisor, _MYSQLD)
            unknown = set(names or ()) - bench.scenarios.keys()
            if unknown:
                raise Fatal(f"no benchmark {', '.join(sorted(unknown))}", hint=f"known: {', '.join(bench.scenarios)}")
            for name in names or bench.scenarios:
                bench.run(name)
                figures.write(bench.figures.values(), _ROOT / _FILE)
    finally:
        if not keep:
            down(_STACK)
    measured = list(bench.figures.values())
    figures.show(measured)
    print(f"written to {_FILE}")
    too_large = {figure.name: figure.too_large for figure in measured if figure.too_large}
    if too_large:
        print(f"over {figures.MOST_MB} MB: {too_large}", file=sys.stderr)
    return Exit.NO if too_large else Exit.DONE


if __name__ == "__main__":
    sys.exit(main())
