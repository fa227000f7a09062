"""SeedLink in: one supervised source per server (protocol 3.1 and 4.0)."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from acquisition.heartbeat import Heartbeat
from acquisition.seedlink.cursors import advance
from acquisition.seedlink.resume import by_time
from acquisition.seedlink.source import SeedLinkSource
from acquisition.seedlink.state import Phase, ServerState
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject, Source
from houfeng.types import Cursor

__all__ = ["Phase", "SeedLinkSource", "ServerState", "advance", "by_time", "open_source"]

_log = logging.getLogger(__name__)


def open_source(
    settings: SeedLinkSettings,
    cursors: Mapping[str, Cursor],
    reject: Reject,
    heartbeat: Heartbeat | None = None,
) -> Source:
    """The source of packets that a server's settings ask for; says what the chosen client cannot do."""
    for remark in settings.remarks:
        _log.warning("%s: %s", settings.name, remark)
    if settings.client == "obspy":
        from acquisition.seedlink.obspy_client import ObsPySource  # takes a second to import, and few want it

        return ObsPySource(settings, cursors, reject, heartbeat)
    return SeedLinkSource(settings, cursors, reject, heartbeat)
