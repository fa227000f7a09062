"""What this process may have of the computer."""

from __future__ import annotations

import resource
import sys


def raise_file_limit() -> None:
    """Allow as many open files as the administrator does.

    A day file and a socket each: the usual soft limit of 1024 ends at some 900 channels.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def share_interpreter() -> None:
    """Let a thread that has something to do wait half a millisecond for one that calculates, not the usual 5.

    After each write and sync the archive's thread needs the interpreter again, up to ten times a record.
    """
    sys.setswitchinterval(0.0005)
