"""Runs schema changes that are killed at the seam that is armed: `python -m tests.integration.killed_ddl`.

Each pickled Execution on stdin runs in a child of its own, whose exit status is printed.
"""

import os
import pickle
import sys

from apply.execution import Execution
from runtime.errors import Transient


def run(execution: Execution) -> None:
    """To its end, however busy the servers are."""
    while True:
        try:
            for _ in execution.run():
                pass
        except Transient:
            continue
        return


def main() -> None:
    while True:
        try:
            execution = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        assert isinstance(execution, Execution)
        child = os.fork()
        if not child:
            run(execution)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
