"""Files and folders that are whole or absent, whenever a process dies, and locks that die with their holder."""

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import platformdirs


def default_cache() -> Path:
    """Where downloads are kept: PENSTOCK_CACHE, else the user's cache folder."""
    return Path(os.environ.get("PENSTOCK_CACHE") or platformdirs.user_cache_dir("penstock"))


@contextmanager
def locked(file: Path) -> Generator[None]:
    """Holds an exclusive lock on `file`; the kernel drops it when this process dies, however it dies."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def replace(file: Path, text: str) -> None:
    """Writes a whole file, or leaves the one that was there."""
    new = file.with_name(f"{file.name}.new")
    try:
        new.write_text(text)
    except OSError as error:  # a full disk does not say which
        raise OSError(error.errno, error.strerror, str(file)) from error
    new.rename(file)


def once(folder: Path, build: Callable[[Path], None]) -> Path:
    """`folder`, built by `build` if it is not there; others that want it at the same time wait."""
    if folder.is_dir():
        return folder
    with locked(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():
            unfinished = folder.with_name(f"{folder.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            build(unfinished)
            unfinished.rename(folder)
    return folder
