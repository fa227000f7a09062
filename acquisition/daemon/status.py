"""How the daemon is doing at one moment: what probes, metrics, systemd and `houfeng status` tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acquisition.daemon.jobs import Outcome
from acquisition.seedlink import Phase, ServerState
from houfeng.times import NS_PER_S, format_ns, now_ns


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One SeedLink server.

    Parameters
    ----------
    name, address : as configured
    phase, reason, refused, n_failures, n_packets, packets_per_s : as in `ServerState`
    since : when the phase began, ISO 8601
    last_packet_age_s : since the last packet came; None when none did
    latency_s : since the newest sample that came; None when none did
    n_gaps_1h : in the last hour of data, over all its channels
    silent : streams that stopped coming though the server is there
    """

    name: str
    address: str
    phase: str
    reason: str
    since: str
    refused: bool
    n_failures: int
    n_packets: int
    packets_per_s: float
    last_packet_age_s: float | None
    latency_s: float | None
    n_gaps_1h: int
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """The archive, and the records on their way to it and from it to detection.

    Parameters
    ----------
    path : of its folder
    free_bytes : on its disk; None when the disk cannot be asked
    queue_bytes : of records that wait for the archive
    detection_queue_bytes : of archived records that wait for detection
    queue_limit_bytes : of each of the two
    n_records : offered since the process started, by what became of them
    n_quarantined : pieces of bytes that are no record, since the process started
    """

    path: str
    free_bytes: int | None
    queue_bytes: int
    detection_queue_bytes: int
    queue_limit_bytes: int
    n_records: dict[str, int]
    n_quarantined: int


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The database.

    Parameters
    ----------
    up : whether the last write went well
    since : when that began, ISO 8601
    fault : what the database said; empty while it is up
    n_unsaved_picks : found and not saved yet
    """

    up: bool
    since: str
    fault: str
    n_unsaved_picks: int


@dataclass(frozen=True, slots=True)
class DetectionStatus:
    """Detection since the process, or its present configuration, started.

    Parameters
    ----------
    run_id : of what is found
    lag_s : from the arrival of a record until it was detected on and saved, of the last batch; None before one
    n_picks, n_events : found; less those events that were withdrawn again
    n_unreadable : archived records whose samples could not be unpacked, since the process started
    n_passed_over : archived records that came faster than detection took them, and were left to be read again from the
        archive, since the process started
    vetoed : triggers that were no onsets, by reason; counted since the run began
    """

    run_id: str
    lag_s: float | None
    n_picks: int
    n_events: int
    n_unreadable: int
    n_passed_over: int
    vetoed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AlertsStatus:
    """Alerts, and who is told of them.

    Parameters
    ----------
    n_open : by severity and cause
    n_unsaved : alerts that changed while the database was away
    n_waiting : messages that wait to be taken
    n_failed : messages that were given up, of those that are kept
    """

    n_open: tuple[tuple[str, str, int], ...] = ()
    n_unsaved: int = 0
    n_waiting: int = 0
    n_failed: int = 0


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """One configuration at work."""

    servers: tuple[ServerStatus, ...]
    archive: ArchiveStatus
    store: StoreStatus
    detection: DetectionStatus
    jobs: dict[str, Outcome]
    alerts: AlertsStatus = field(default_factory=AlertsStatus)


@dataclass(frozen=True, slots=True)
class Status:
    """The whole daemon.

    Parameters
    ----------
    version : of Houfeng
    pid : process id
    started : of the process, ISO 8601
    uptime_s : since then
    doing : what it does while nothing is recorded: starting, reloading, stopping; empty while it records
    stuck : parts that do not get on, in words
    session : what is at work; None before and between
    """

    version: str
    pid: int
    started: str
    uptime_s: float
    doing: str
    stuck: tuple[str, ...] = field(default=())
    session: SessionStatus | None = None

    @property
    def faults(self) -> list[str]:
        """Why the daemon is not ready: an empty list when it is."""
        found = [*self.stuck]
        if self.session is None or self.doing:
            found.append(self.doing or "starting")
        elif not self.session.store.up:
            found.append(f"database down since {self.session.store.since}: {self.session.store.fault}")
        return found

    @property
    def line(self) -> str:
        """All of it in one line for people."""
        if self.stuck:
            return f"STUCK: {'; '.join(self.stuck)}"
        if self.session is None or self.doing:
            return self.doing or "starting"
        servers = self.session.servers
        streaming = [server for server in servers if server.phase == Phase.STREAMING]
        parts = [
            f"{len(streaming)} of {len(servers)} servers streaming",
            f"{sum(server.packets_per_s for server in servers):.1f} packets/s",
        ]
        parts += [f"{server.name} {server.phase}" for server in servers if server not in streaming][:3]
        if not self.session.store.up:
            parts.append(f"database down since {self.session.store.since}")
        return ", ".join(parts)


def server_status(
    name: str, address: str, state: ServerState, *, newest_ns: int | None, n_gaps_1h: int
) -> ServerStatus:
    """What is told of a server.

    Parameters
    ----------
    state : as its source sees it
    newest_ns : end of the newest sample that came, ns UTC
    n_gaps_1h : in the last hour of data
    """
    at_ns = now_ns()
    return ServerStatus(
        name=name,
        address=address,
        phase=state.phase,
        reason=state.reason if state.phase is Phase.WAITING else "",
        since=format_ns(state.since_ns, digits=0),
        refused=state.refused,
        n_failures=state.n_failures,
        n_packets=state.n_packets,
        packets_per_s=state.packets_per_s,
        last_packet_age_s=None if state.last_packet_ns is None else (at_ns - state.last_packet_ns) / NS_PER_S,
        latency_s=None if newest_ns is None else (at_ns - newest_ns) / NS_PER_S,
        n_gaps_1h=n_gaps_1h,
        silent=tuple(map(str, state.silent)),
    )
