"""Runs schema changes that are killed at the seam that is armed: `python -m tests.integration.killed_ddl`.

Each pickled Order on stdin runs in a child of its own, whose exit status is printed.
"""

import os
import pickle
import sys
from contextlib import closing

from apply.destination import open_session
from runtime.errors import Transient
from tests.integration.order import Order


def run(order: Order) -> None:
    """To its end, however busy the servers are."""
    while True:
        try:
            with closing(open_session(order.endpoint, order.lock_wait_seconds)) as connection:
                for _ in order.execution(connection).run():
                    pass
        except Transient:
            continue
        return


def main() -> None:
    while True:
        try:
            order = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        assert isinstance(order, Order)
        child = os.fork()
        if not child:
            run(order)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
