"""`python -m tests.fuzz TARGET SECONDS`: coverage-guided fuzzing of one target, or of all of them (`all`), one by one.

What is found is kept in `<cache>/fuzz/<target>`; an input that breaks a target is written to `build/fuzz` and printed.
"""

import os
import subprocess
import sys
from pathlib import Path

import atheris

SEEDS = Path(__file__).parent / "seeds"
ROOT = Path(__file__).parents[2]
LONGEST = 4096
SECONDS_PER_INPUT = 10
MEGABYTES = 1024


def fuzz(name: str, options: list[str]) -> None:
    """Ends the process: with 0 when nothing was found."""
    with atheris.instrument_imports(include=["capture", "schemas"]):
        from tests.fuzz.targets import run

    corpus = Path(os.environ.get("PENSTOCK_CACHE", ROOT / ".local")) / "fuzz" / name
    found = ROOT / "build" / "fuzz"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_len={LONGEST}", f"-timeout={SECONDS_PER_INPUT}", f"-rss_limit_mb={MEGABYTES}"]
    arguments = [*limits, f"-artifact_prefix={found}/{name}-", *options, str(corpus), str(SEEDS / name)]
    atheris.Setup([sys.argv[0], *arguments], lambda data: run(name, data))
    atheris.Fuzz()


def main() -> int:
    chosen, seconds = sys.argv[1], sys.argv[2]
    if chosen != "all":
        fuzz(chosen, [f"-max_total_time={seconds}", "-print_final_stats=1", *sys.argv[3:]])
    names = sorted(path.name for path in SEEDS.iterdir())
    ends = [
        subprocess.run([sys.executable, "-m", "tests.fuzz", name, seconds], check=False).returncode for name in names
    ]
    return max(ends)


if __name__ == "__main__":
    sys.exit(main())
