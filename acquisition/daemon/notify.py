"""What systemd is told: ready, reloading, stopping, alive (sd_notify(3))."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

_log = logging.getLogger(__name__)


class Notifier:
    """Sends datagrams to the socket that the service manager named; without one it says nothing.

    Parameters
    ----------
    environment : has NOTIFY_SOCKET, and WATCHDOG_USEC where a watchdog waits for us
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._has_watchdog = ours and environment.get("WATCHDOG_USEC", "0") != "0"
        self._status = ""
        self._is_broken = False

    def ready(self) -> None:
        """Recording has begun, or goes on with another configuration."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A configuration is being taken on; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Recording ends."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Everything gets on: whoever does not hear this for WatchdogSec starts the service anew."""
        if self._has_watchdog:
            self._send("WATCHDOG=1")

    def status(self, line: str) -> None:
        """One line for people, sent when it is another one."""
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as one:
                one.settimeout(1.0)
                one.sendto(message.encode(), self._address)
        except OSError as error:
            if not self._is_broken:  # once: it is called every second
                _log.error("NOTIFY_SOCKET: the service manager cannot be told %s: %s", message, error)
            self._is_broken = True
