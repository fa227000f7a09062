"""What this process may have of the computer."""

from __future__ import annotations

import resource


def raise_file_limit() -> None:
    """Allow as many open files as the administrator does.

    A day file and a socket each: the usual soft limit of 1024 ends at some 900 channels.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
