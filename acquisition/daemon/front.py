"""What the outside sees of the daemon: systemd, probes, metrics and status."""

from __future__ import annotations

import logging
import os
import time
from typing import Self

from acquisition.daemon.metrics import registry
from acquisition.daemon.notify import Notifier
from acquisition.daemon.probe import Probe
from acquisition.daemon.session import Session
from acquisition.daemon.status import Status
from acquisition.daemon.vitals import Vitals
from acquisition.daemon.watch import Watch
from acquisition.settings import DaemonSettings
from configs import Settings
from houfeng import __version__
from houfeng.times import format_ns, now_ns

_log = logging.getLogger(__name__)


class Front:
    """Tells everybody who asks, in threads of its own, and systemd, which does not ask.

    Parameters
    ----------
    vitals : of the daemon
    """

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        self._notifier = Notifier()
        self._watch = Watch(vitals.heartbeats, self._notifier, self.status)
        self._metrics = registry(self.status, vitals.tally)
        self._probe: Probe | None = None
        self._settings: DaemonSettings | None = None
        self._session: Session | None = None
        self._doing = "starting"
        self._started_ns, self._started_s = now_ns(), time.monotonic()

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._watch.stop()
        if self._probe is not None:
            self._probe.close()

    def take_on(self, settings: Settings) -> None:
        """Listen where these settings say. What cannot be listened on is said in the log, and is no reason to end."""
        before, self._settings = self._settings, settings.daemon
        self._vitals.heartbeats.limit_s = settings.daemon.stuck_s
        if before is not None and _address(before) == _address(settings.daemon):
            return
        if self._probe is not None:
            self._probe.close()
            self._probe = None
        address = _address(settings.daemon)
        if address is None:
            return
        try:
            self._probe = Probe(*address, self.status, self._metrics)
        except OSError as error:
            _log.error(
                "daemon.probe_host, daemon.probe_port: %s:%d cannot be listened on: %s; going on without /livez, "
                "/readyz, /metrics and `houfeng status`",
                *address,
                error.strerror or error,
            )

    def recording(self, session: Session) -> None:
        """This session receives and archives."""
        self._session, self._doing = session, ""
        self._notifier.ready()

    def reloading(self) -> None:
        """A configuration is read; `recording` ends it."""
        self._doing = "reloading"
        self._notifier.reloading()

    def stopping(self) -> None:
        """What was received is brought home."""
        self._doing = "stopping"
        self._notifier.stopping()

    def status(self) -> Status:
        """How the daemon is doing now; may be called from any thread."""
        session = self._session
        return Status(
            version=__version__,
            pid=os.getpid(),
            started=format_ns(self._started_ns, digits=0),
            uptime_s=time.monotonic() - self._started_s,
            doing=self._doing,
            stuck=tuple(map(str, self._vitals.heartbeats.stuck())),
            session=None if session is None else session.status(),
        )


def _address(settings: DaemonSettings) -> tuple[str, int] | None:
    return (settings.probe_host, settings.probe_port) if settings.probe else None
