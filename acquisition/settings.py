"""What an operator decides about acquisition and the archive."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from acquisition import secret
from houfeng.checks import above, channel_patterns, need, not_negative, port, positive
from houfeng.codes import SourceId
from houfeng.errors import ConfigError
from houfeng.times import parse_ns

# Of ObsPy 1.5.1: measured against ringserver 4.5.3, and read in its source.
OBSPY_LIMITS = (
    "ObsPy's client speaks SeedLink 3 only, and receives no miniSEED 3 and no record other than of 512 bytes",
    "ObsPy's client asks no server what it holds: numbers that begin anew, or have left the server's ring, cost data",
    "ObsPy's client takes a closed connection for a quiet one for 120 s, whatever idle_timeout_s says",
)
_WORD = re.compile(r"[!-~]+", re.ASCII)
_STATION_PATTERN = re.compile(r"[A-Z0-9?*-]+\.[A-Z0-9?*-]+", re.ASCII)


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
    closed_after_days: float = 7.0
    seal_interval_h: float = 6.0
    arrivals_days: float = 0.0

    def __post_init__(self) -> None:
        need(bool(self.path), "archive.path", "a folder", "an empty text")
        positive(self, "future_limit_h", "closed_after_days", where="archive.")
        not_negative(self, "min_free_mib", "ballast_mib", "seal_interval_h", "arrivals_days", where="archive.")


@dataclass(frozen=True, slots=True)
class SeedLinkSettings:
    """One SeedLink server and what is wanted from it.

    Raises
    ------
    ConfigError : if the address is not host:port, a pattern is not NET.STA.LOC.CHA, a time is not positive, or keys
        contradict each other
    """

    name: str
    address: str
    streams: tuple[str, ...]
    client: Literal["houfeng", "obspy"] = "houfeng"
    begin: str = ""
    end: str = ""
    tls: bool = False
    tls_ca_file: str = ""
    auth: Literal["none", "userpass", "jwt"] = "none"
    user: str = ""
    secret: str = ""
    keepalive_s: float = 10.0
    idle_timeout_s: float = 25.0
    silent_s: float = 600.0
    retry_min_s: float = 0.5
    retry_max_s: float = 30.0

    def __post_init__(self) -> None:
        need(bool(self.name), "seedlink.name", "a name", "an empty text")
        host, _, port = self.address.rpartition(":")
        good = bool(host) and port.isdecimal() and 0 < int(port) < 65536
        need(good, f"{self._key}.address", "host:port such as geofon.gfz.de:18000", repr(self.address))
        need(bool(self.streams), f"{self._key}.streams", "at least one NET.STA.LOC.CHA pattern", "none")
        channel_patterns(f"{self._key}.streams", self.streams)
        times = ("keepalive_s", "idle_timeout_s", "silent_s", "retry_min_s", "retry_max_s")
        positive(self, *times, where=f"{self._key}.")
        # a quiet server would look dead
        above(self, "idle_timeout_s", "keepalive_s", where=f"{self._key}.")
        self._check_window()
        self._check_access()
        self._check_client()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What works less well than a reader of the settings may think, one sentence each."""
        plain = ("the password or token crosses the network unencrypted while tls = false",)
        return (OBSPY_LIMITS if self.client == "obspy" else ()) + (
            plain if self.auth != "none" and not self.tls else ()
        )

    @property
    def begin_ns(self) -> int | None:
        """Nothing that ends before is wanted of a station that was never received, ns UTC."""
        return parse_ns(self.begin) if self.begin else None

    @property
    def end_ns(self) -> int | None:
        """Nothing that starts later is wanted, ns UTC."""
        return parse_ns(self.end) if self.end else None

    @property
    def _key(self) -> str:
        return f"seedlink[{self.name}]"

    @property
    def host(self) -> str:
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def wants(self, source_id: SourceId) -> bool:
        """Whether a stream matches one of the patterns."""
        return any(fnmatchcase(str(source_id), pattern) for pattern in self.streams)

    def resolved(self, folder: Path) -> SeedLinkSettings:
        """The same settings with relative paths taken from `folder`."""
        return replace(
            self,
            tls_ca_file=str(folder / self.tls_ca_file) if self.tls_ca_file else "",
            secret=secret.resolved(self.secret, folder),
        )

    def _check_window(self) -> None:
        for key in ("begin", "end"):
            try:
                parse_ns(getattr(self, key) or "1980-01-01")
            except ValueError as error:
                raise ConfigError(f"{self._key}.{key}: {error}") from error
        if self.begin_ns is not None and self.end_ns is not None and self.end_ns <= self.begin_ns:
            raise ConfigError(f"{self._key}.end: a time after begin ({self.begin}) is needed, {self.end} came")

    def _check_client(self) -> None:
        if self.client != "obspy":
            return
        if self.tls or self.auth != "none":
            raise ConfigError(f"{self._key}.client: ObsPy's client has neither TLS nor AUTH; use 'houfeng'")
        for pattern in self.streams:
            if set("*?") & set(pattern.rsplit(".", 2)[0]):
                raise ConfigError(f"{self._key}.streams: ObsPy's client needs each station by name, {pattern!r} came")

    def _check_access(self) -> None:
        if self.tls_ca_file and not self.tls:
            raise ConfigError(f"{self._key}.tls_ca_file: has no effect while tls = false")
        if self.auth == "none":
            if self.user or self.secret:
                raise ConfigError(f"{self._key}.user, secret: have no effect while auth = 'none'")
            return
        secret.check_place(self.secret, f"{self._key}.secret")
        if (self.auth == "userpass") != bool(_WORD.fullmatch(self.user)):
            raise ConfigError(f"{self._key}.user: one word is needed with auth = 'userpass', none with 'jwt'")


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """Periodic work of the daemon, the room between acquisition and archive, and how others watch it.

    Raises
    ------
    ConfigError : if a value is not positive, or there is no such port
    """

    report_interval_s: float = 5.0
    checkpoint_interval_s: float = 30.0
    queue_mib: int = 64
    log_format: Literal["text", "json"] = "text"
    stuck_s: float = 60.0
    probe: bool = True
    probe_host: str = "127.0.0.1"
    probe_port: int = 8090

    def __post_init__(self) -> None:
        if not self.probe_host:
            raise ConfigError("daemon.probe_host: an address is needed, such as 127.0.0.1; an empty text came")
        port("daemon.probe_port", self.probe_port)
        positive(self, "report_interval_s", "checkpoint_interval_s", "queue_mib", "stuck_s", where="daemon.")


@dataclass(frozen=True, slots=True)
class SeedLinkAccessSettings:
    """Stations that only some addresses may see.

    Raises
    ------
    ConfigError : if a pattern is not NET.STA, or an address is none
    """

    stations: tuple[str, ...]
    addresses: tuple[str, ...]

    def __post_init__(self) -> None:
        for pattern in self.stations:
            if not _STATION_PATTERN.fullmatch(pattern):
                raise ConfigError(
                    f"seedlink_server.access.stations: NET.STA (* and ? allowed) is needed, {pattern!r} came"
                )
        for address in self.addresses:
            try:
                ip_network(address, strict=False)
            except ValueError as error:
                raise ConfigError(
                    "seedlink_server.access.addresses: an address or network such as 192.0.2.0/24 is needed, "
                    f"{address!r} came"
                ) from error


@dataclass(frozen=True, slots=True)
class SeedLinkServerSettings:
    """What is served to other people's SeedLink clients.

    Raises
    ------
    ConfigError : if a port is none, a number is not positive, or a certificate has no key
    """

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = 18000
    tls_port: int = 18500
    tls_certificate: str = ""
    tls_key: str = ""
    organization: str = "Houfeng"
    max_clients: int = 200
    history_h: float = 24.0
    access: tuple[SeedLinkAccessSettings, ...] = ()

    def __post_init__(self) -> None:
        for key in ("port", "tls_port"):
            port(f"seedlink_server.{key}", getattr(self, key))
        positive(self, "max_clients", "history_h", where="seedlink_server.")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ConfigError("seedlink_server.tls_certificate, seedlink_server.tls_key: both are needed, or neither")
        if self.tls_certificate and self.port == self.tls_port:
            raise ConfigError(f"seedlink_server.tls_port: another port than port is needed, {self.port} came for both")

    def resolved(self, folder: Path) -> SeedLinkServerSettings:
        """The same settings with relative paths taken from `folder`."""
        if not self.tls_certificate:
            return self
        return replace(self, tls_certificate=str(folder / self.tls_certificate), tls_key=str(folder / self.tls_key))
