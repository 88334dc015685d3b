"""MySQL's server and client tools without installing anything: Debian's packages, unpacked into the cache.

The mirror is the one that this machine's own apt uses. The packages come with their own C library, so every program
runs through their own loader. Nothing is written outside the cache.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from control.files import once
from runtime.errors import Fatal

_SUITE = "sid"
_PACKAGES = ("mysql-server-core", "mysql-client-core")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_ELSE = "use a machine with Docker (`docker info` must answer), or a Debian with apt-get"


@dataclass(frozen=True, slots=True)
class Packages:
    """The unpacked tree."""

    root: Path

    def program(self, name: str) -> list[str]:
        """The start of a command line that runs a program of the tree."""
        libraries = next((self.root / "usr/lib").glob("*-linux-gnu"))
        loader = next(libraries.glob("ld-linux-*.so.*"))
        folder = "sbin" if name == "mysqld" else "bin"
        return [str(loader), "--library-path", str(libraries), str(self.root / "usr" / folder / name)]

    @property
    def charsets(self) -> Path:
        return self.root / "usr/share/mysql/charsets"

    @property
    def plugins(self) -> Path:
        return self.root / "usr/lib/mysql/plugin"

    def mysqld(self, option_file: Path) -> list[str]:
        """The start of a command line that runs mysqld."""
        return [
            *self.program("mysqld"),
            f"--defaults-file={option_file}",
            f"--basedir={self.root / 'usr'}",
            f"--plugin-dir={self.plugins}",
            f"--lc-messages-dir={self.root / 'usr/share/mysql'}",
            f"--character-sets-dir={self.charsets}",
        ]


def cache() -> Path:
    """Where downloads and stacks are kept: PENSTOCK_CACHE, else `.local` in this checkout."""
    return Path(os.environ.get("PENSTOCK_CACHE") or Path(__file__).parents[2] / ".local").absolute()


def fetch() -> Packages:
    """MySQL's programs, fetched at the first need."""
    return Packages(once(cache() / "mysql", _fetch))


def _fetch(folder: Path) -> None:
    mirror = _mirror()
    print("fetching MySQL 9.7 (about 85 MB, once) ...", file=sys.stderr, flush=True)
    apt = folder / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True)
    (apt / "sources.list").write_text(f"deb [signed-by={_KEYRING} target=Packages] {mirror} {_SUITE} main\n")
    # The machine's settings for reaching the mirror stay; its state, its hooks and its other sources do not count.
    (apt / "apt.conf").write_text(
        "#clear APT::Update::Post-Invoke;\n"
        "#clear APT::Update::Post-Invoke-Success;\n"
        f'Dir::State::lists "{apt}/lists";\n'
        'Dir::State::status "/dev/null";\n'
        f'Dir::Etc::sourcelist "{apt}/sources.list";\n'
        'Dir::Etc::sourceparts "/dev/null";\n'
        'Dir::Etc::preferencesparts "/dev/null";\n'
        f'Dir::Cache "{apt}/cache";\n'
        f'Dir::Cache::archives "{apt}/cache/archives";\n'
        'APT::Sandbox::User "root";\n'
    )
    apt_get = ["apt-get", "-c", f"{apt}/apt.conf", "-q"]
    _run([*apt_get, "update"])
    _run([*apt_get, "-y", "--download-only", "--no-install-recommends", "install", *_PACKAGES])
    for package in sorted((apt / "cache/archives").glob("*.deb")):
        _run(["dpkg", "-x", str(package), str(folder)])
    shutil.rmtree(apt)


def _mirror() -> str:
    """The address from which this machine's apt takes Debian."""
    for program in ("apt-get", "dpkg"):
        if shutil.which(program) is None:
            raise Fatal(f"there is no {program} to fetch MySQL with, and no Docker", hint=_ELSE)
    if not _KEYRING.exists():
        raise Fatal(
            f"Debian's archive keys ({_KEYRING}) are not there to verify MySQL's packages with",
            hint=f"apt-get install debian-archive-keyring, or {_ELSE}",
        )
    listed = _run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"])
    for site in listed.split():
        if site.rstrip("/").endswith("/debian"):
            return site
    raise Fatal("this machine's apt has no Debian mirror (one whose address ends in /debian)", hint=_ELSE)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        told = "\n".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        raise Fatal(f"{' '.join(command)} failed: {told}", hint="make sure that apt reaches its mirror")
    return done.stdout
