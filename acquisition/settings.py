"""What an operator decides about acquisition and the archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from houfeng.errors import ConfigError
from houfeng.types import SourceId

_PATTERN = re.compile(r"[A-Z0-9?*-]+\.[A-Z0-9?*-]+\.[A-Z0-9?*-]*\.[A-Z0-9?*]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """Where records are kept (SDS).

    Raises
    ------
    ConfigError : if the path is empty or a limit is out of its range
    """

    path: str = "archive"
    future_limit_h: float = 24.0
    min_free_mib: int = 1024
    ballast_mib: int = 64

    def __post_init__(self) -> None:
        if not self.path:
            raise ConfigError("archive.path: a folder is needed, an empty text came")
        if not self.future_limit_h > 0:
            raise ConfigError(f"archive.future_limit_h: more than 0 h is needed, {self.future_limit_h:g} came")
        for key in ("min_free_mib", "ballast_mib"):
            if getattr(self, key) < 0:
                raise ConfigError(f"archive.{key}: 0 or more MiB are needed, {getattr(self, key)} came")


@dataclass(frozen=True, slots=True)
class SeedLinkSettings:
    """One SeedLink server and what is wanted from it.

    Raises
    ------
    ConfigError : if the address is not host:port, a pattern is not NET.STA.LOC.CHA, or a time is not positive
    """

    name: str
    address: str
    streams: tuple[str, ...]
    keepalive_s: float = 10.0
    idle_timeout_s: float = 30.0
    retry_min_s: float = 0.5
    retry_max_s: float = 30.0

    def __post_init__(self) -> None:
        host, _, port = self.address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ConfigError(
                f"seedlink.address: host:port is needed, such as geofon.gfz.de:18000; {self.address!r} came"
            )
        if not self.streams:
            raise ConfigError(f"seedlink.streams ({self.name}): at least one NET.STA.LOC.CHA pattern is needed")
        for pattern in self.streams:
            if not _PATTERN.fullmatch(pattern):
                raise ConfigError(
                    f"seedlink.streams ({self.name}): NET.STA.LOC.CHA (* and ? allowed) is needed, {pattern!r} came"
                )
        for key in ("keepalive_s", "idle_timeout_s", "retry_min_s", "retry_max_s"):
            if not getattr(self, key) > 0:
                raise ConfigError(f"seedlink.{key} ({self.name}): more than 0 s is needed, {getattr(self, key)} came")
        if self.idle_timeout_s <= self.keepalive_s:
            raise ConfigError(
                f"seedlink.idle_timeout_s ({self.name}): more than keepalive_s ({self.keepalive_s:g} s) is "
                f"needed, or a quiet server looks dead; {self.idle_timeout_s:g} s came"
            )

    @property
    def host(self) -> str:
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def wants(self, source_id: SourceId) -> bool:
        """Whether a stream matches one of the patterns."""
        return any(fnmatchcase(str(source_id), pattern) for pattern in self.streams)


@dataclass(frozen=True, slots=True)
class FdsnSettings:
    """One FDSN web service and how much patience it gets.

    Parameters
    ----------
    address : of the data centre, `https://geofon.gfz.de`, or a name that ObsPy knows, `GFZ`
    silence_s : a request is given up after so long without a byte, seconds
    deadline_s : and after so long in all, seconds
    tries : requests for the same samples that bring nothing before they are given up
    retry_min_s, retry_max_s : first and longest pause after a failure, seconds; it doubles with every failure
    max_wait_s : longest pause a server may ask for (Retry-After); one that asks for more is left alone, seconds
    request_channel_hours : most data of one request; 24 are one channel for a day, about 9 MB at 100 Hz

    Raises
    ------
    ConfigError : if the address is empty or a value is not positive
    """

    address: str
    silence_s: float = 60.0
    deadline_s: float = 900.0
    tries: int = 4
    retry_min_s: float = 2.0
    retry_max_s: float = 120.0
    max_wait_s: float = 900.0
    request_channel_hours: float = 24.0

    def __post_init__(self) -> None:
        if not self.address:
            raise ConfigError("fdsn.address: https://HOST or the name of a data centre is needed, an empty text came")
        keys = ("silence_s", "deadline_s", "tries", "retry_min_s", "retry_max_s", "max_wait_s", "request_channel_hours")
        for key in keys:
            if not getattr(self, key) > 0:
                raise ConfigError(f"fdsn.{key} ({self.address}): more than 0 is needed, {getattr(self, key)} came")


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """Periodic work of the daemon and the room between acquisition and archive.

    Raises
    ------
    ConfigError : if a value is not positive
    """

    report_interval_s: float = 5.0
    checkpoint_interval_s: float = 30.0
    queue_mib: int = 64

    def __post_init__(self) -> None:
        for key in ("report_interval_s", "checkpoint_interval_s", "queue_mib"):
            value = getattr(self, key)
            if not value > 0:
                raise ConfigError(f"daemon.{key}: more than 0 is needed, {value} came")
