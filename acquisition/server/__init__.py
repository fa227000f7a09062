"""SeedLink out: records served to other people's SeedLink clients, versions 3.1 and 4.0."""

from acquisition.server.listener import SeedLinkServer
from acquisition.server.ring import Backlog, Ring

__all__ = ["Backlog", "Ring", "SeedLinkServer"]
