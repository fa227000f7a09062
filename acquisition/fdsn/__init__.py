"""FDSN web services: records and StationXML from data centres, judged by the samples that arrived."""

from acquisition.fdsn.rules import Missing
from acquisition.fdsn.source import FdsnSource

__all__ = ["FdsnSource", "Missing"]
