"""The daemon: servers in, archive and store out, for months."""

from acquisition.daemon.loop import Daemon

__all__ = ["Daemon"]
