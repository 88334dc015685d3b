"""One line of what `check` says."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How bad a finding is; `failed` keeps a task from starting."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one thing, and how to repair it (empty when it is ok)."""

    name: str
    status: Status
    message: str
    repair: str = ""


def ok(name: str, message: str) -> Finding:
    return Finding(name, Status.OK, message)


def warning(name: str, message: str, repair: str) -> Finding:
    return Finding(name, Status.WARNING, message, repair)


def failed(name: str, message: str, repair: str) -> Finding:
    return Finding(name, Status.FAILED, message, repair)


def listed(things: list[str], most: int = 8) -> str:
    """`a, b, c and 5 more`."""
    shown = ", ".join(things[:most])
    return shown if len(things) <= most else f"{shown} and {len(things) - most} more"
