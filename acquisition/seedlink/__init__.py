"""SeedLink in: one supervised connection per server (protocol 3.1 and 4.0)."""

from acquisition.seedlink.source import SeedLinkSource, advance

__all__ = ["SeedLinkSource", "advance"]
