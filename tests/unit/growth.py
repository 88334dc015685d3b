"""Counts what Python does: the growth of work is measured in steps, which are the same on every machine."""

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(work: Callable[[], object]) -> int:
    """The bytecode instructions that `work` runs."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def peak_bytes(work: Callable[[], object]) -> int:
    """The most memory that `work` holds at a time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def grows_with_its_work(work: Callable[[int], Callable[[], object]], size: int) -> bool:
    """True when four times the work takes at most five times the steps. `work` prepares, what it returns counts."""
    work(size)()  # what is read and compiled once
    return steps(work(4 * size)) <= 5 * steps(work(size))
