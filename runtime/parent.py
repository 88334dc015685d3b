"""A child process that must not outlive its parent, however the parent ends."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Lets the kernel kill this process when the thread that started it ends; at once if that has happened already.

    https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html; elsewhere than on Linux nothing is promised.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
