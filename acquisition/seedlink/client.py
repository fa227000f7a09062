"""What every SeedLink client is made of, whichever protocol library is below."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from acquisition.heartbeat import Heartbeat
from acquisition.seedlink.intake import Intake
from acquisition.seedlink.state import ServerState
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject
from houfeng.types import Cursor


class SeedLinkClient:
    """One server's intake, state and sign of life.

    Parameters
    ----------
    settings : address, wanted streams, time limits
    cursors : how far each station (NET.STA) was received before; only what the consumer has made durable counts
    reject : called with payloads that are no miniSEED record, and the reason
    heartbeat : hears that the thread in `packets()` gets on
    """

    def __init__(
        self,
        settings: SeedLinkSettings,
        cursors: Mapping[str, Cursor],
        reject: Reject,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._intake = Intake(settings, cursors, reject)
        self._monitor = self._intake.monitor
        self._heart = heartbeat or Heartbeat()
        self._closed = threading.Event()

    @property
    def state(self) -> ServerState:
        """How the server is doing; may be read from any thread."""
        return self._monitor.state
