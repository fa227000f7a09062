"""SeedLink in: one supervised source per server (protocol 3.1 and 4.0)."""

from __future__ import annotations

from collections.abc import Mapping

from acquisition.seedlink.source import SeedLinkSource, advance
from acquisition.seedlink.state import Phase, ServerState
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject
from houfeng.types import Cursor

__all__ = ["Phase", "SeedLinkSource", "ServerState", "advance", "open_source"]


def open_source(settings: SeedLinkSettings, cursors: Mapping[str, Cursor], reject: Reject) -> SeedLinkSource:
    """The source of packets that a server's settings ask for."""
    return SeedLinkSource(settings, cursors, reject)
