"""The daemon's state in the words of Prometheus.

Labels are names from the configuration and words of this program: no data that comes in can make new ones.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from acquisition.daemon.status import AlertsStatus, ArchiveStatus, ServerStatus, SessionStatus, Status
from acquisition.seedlink import Phase
from acquisition.tally import Tally
from houfeng.times import NS_PER_S, parse_ns
from stations.alerts.cause import CAUSES
from stations.alerts.words import Severity

_SERVER_GAUGES: tuple[tuple[str, str, Callable[[ServerStatus], float | None]], ...] = (
    ("packets_per_second", "Packets a second over the last ten.", lambda server: server.packets_per_s),
    ("last_packet_age_seconds", "Since the last packet came.", lambda server: server.last_packet_age_s),
    ("latency_seconds", "Since the newest sample that came.", lambda server: server.latency_s),
    ("failures", "Tries in a row that brought no packet.", lambda server: server.n_failures),
    ("gaps", "Gaps in the last hour of data, over all its channels.", lambda server: server.n_gaps_1h),
    ("silent_streams", "Streams that stopped coming though the server is there.", lambda server: len(server.silent)),
)


def registry(status: Callable[[], Status], tally: Tally) -> CollectorRegistry:
    """A registry of its own, with the daemon's metrics and those of its process.

    Parameters
    ----------
    status : at the moment of the call
    tally : of the archive
    """
    made = CollectorRegistry(auto_describe=False)
    made.register(_DaemonCollector(status, tally))
    ProcessCollector(registry=made)
    return made


class _DaemonCollector(Collector):
    def __init__(self, status: Callable[[], Status], tally: Tally) -> None:
        self._status = status
        self._tally = tally

    def collect(self) -> Iterable[Metric]:
        status = self._status()
        build = InfoMetricFamily("houfeng_build", "Release of Houfeng and of Python.")
        build.add_metric([], {"version": status.version, "python": platform.python_version()})
        yield build
        yield _gauge("houfeng_recording", "Whether records are received and archived.", float(not status.doing))
        yield _gauge("houfeng_stuck_parts", "Parts of the daemon that do not get on.", len(status.stuck))
        yield from _archived(self._tally)
        session = status.session
        if session is not None:
            yield from _servers(session.servers)
            yield from _archive(session.archive)
            yield from _found(session)
            yield from _jobs(session)
            yield from _alerts(session.alerts)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _archived(tally: Tally) -> Iterator[Metric]:
    records = CounterMetricFamily("houfeng_records", "Records offered to the archive.", labels=["outcome"])
    for outcome, n in tally.by_outcome().items():
        records.add_metric([outcome], n)
    yield records
    yield CounterMetricFamily("houfeng_quarantined", "Pieces of bytes that are no record.", value=tally.n_quarantined)
    yield CounterMetricFamily(
        "houfeng_passed_over_records", "Archived, and left for detection to read later.", value=tally.n_passed_over
    )
    syncs = HistogramMetricFamily("houfeng_sync_duration_seconds", "How long the archive's syncs took.")
    buckets = [("+Inf" if bound_s == float("inf") else str(bound_s), n) for bound_s, n in tally.sync_buckets()]
    syncs.add_metric([], buckets=buckets, sum_value=tally.sync_total_s)
    yield syncs


def _servers(servers: Iterable[ServerStatus]) -> Iterator[Metric]:
    servers = list(servers)
    phases = GaugeMetricFamily("houfeng_server_phase", "1 for what the connection does.", labels=["server", "phase"])
    packets = CounterMetricFamily("houfeng_server_packets", "Packets received.", labels=["server"])
    refused = GaugeMetricFamily("houfeng_server_refused", "Whether it refuses our credentials.", labels=["server"])
    for server in servers:
        packets.add_metric([server.name], server.n_packets)
        refused.add_metric([server.name], float(server.refused))
        for phase in Phase:
            phases.add_metric([server.name, phase], float(server.phase == phase))
    yield from (phases, packets, refused)
    for name, text, value_of in _SERVER_GAUGES:
        gauge = GaugeMetricFamily(f"houfeng_server_{name}", text, labels=["server"])
        for server in servers:
            if (value := value_of(server)) is not None:
                gauge.add_metric([server.name], value)
        yield gauge


def _archive(archive: ArchiveStatus) -> Iterator[Metric]:
    queues = GaugeMetricFamily("houfeng_queue_bytes", "Records that wait for it.", labels=["queue"])
    queues.add_metric(["archive"], archive.queue_bytes)
    queues.add_metric(["detection"], archive.detection_queue_bytes)
    yield queues
    yield _gauge("houfeng_queue_limit_bytes", "Of each queue.", archive.queue_limit_bytes)
    if archive.free_bytes is not None:
        yield _gauge("houfeng_archive_free_bytes", "On the archive's disk.", archive.free_bytes)


def _found(session: SessionStatus) -> Iterator[Metric]:
    store, detection = session.store, session.detection
    since_s = parse_ns(store.since) / NS_PER_S
    yield _gauge("houfeng_store_up", "Whether the last write to the database went well.", float(store.up))
    yield _gauge("houfeng_store_since_timestamp_seconds", "Since when it is up, or down.", since_s)
    yield _gauge("houfeng_unsaved_picks", "Picks that wait for the database.", store.n_unsaved_picks)
    yield CounterMetricFamily("houfeng_picks", "Picks found.", value=detection.n_picks)
    yield _gauge("houfeng_events", "Events found with the present settings.", detection.n_events)
    yield CounterMetricFamily(
        "houfeng_unreadable_records", "Archived records whose samples no decoder unpacks.", value=detection.n_unreadable
    )
    vetoed = CounterMetricFamily("houfeng_vetoed_triggers", "Triggers that were no onsets.", labels=["reason"])
    for reason, n in sorted(detection.vetoed.items()):
        vetoed.add_metric([reason], n)
    yield vetoed
    if detection.lag_s is not None:
        yield _gauge("houfeng_detection_lag_seconds", "From arrival of a record to its end.", detection.lag_s)


def _alerts(alerts: AlertsStatus) -> Iterator[Metric]:
    """Every severity and cause, also those that nobody has: a rule about a series that comes and goes never fires."""
    n_open = GaugeMetricFamily("houfeng_alerts_open", "Alerts that are open.", labels=["severity", "cause"])
    found = {(severity, cause): n for severity, cause, n in alerts.n_open}
    for severity in Severity:
        for cause in CAUSES:
            n_open.add_metric([severity, cause], found.get((severity, cause), 0))
    yield n_open
    yield _gauge("houfeng_alerts_unsaved", "Alerts that changed while the database was away.", alerts.n_unsaved)
    messages = GaugeMetricFamily("houfeng_alert_messages", "Messages about alerts.", labels=["state"])
    messages.add_metric(["waiting"], alerts.n_waiting)
    messages.add_metric(["failed"], alerts.n_failed)
    yield messages


def _jobs(session: SessionStatus) -> Iterator[Metric]:
    runs = CounterMetricFamily("houfeng_job_runs", "Runs of periodic work.", labels=["job"])
    failures = CounterMetricFamily("houfeng_job_failures", "Runs that failed.", labels=["job"])
    duration = GaugeMetricFamily("houfeng_job_duration_seconds", "Of the last run that ended.", labels=["job"])
    began = GaugeMetricFamily("houfeng_job_began_timestamp_seconds", "When the last run began.", labels=["job"])
    for name, outcome in session.jobs.items():
        runs.add_metric([name], outcome.n_runs)
        failures.add_metric([name], outcome.n_failures)
        duration.add_metric([name], outcome.duration_s)
        if outcome.began_ns is not None:
            began.add_metric([name], outcome.began_ns / NS_PER_S)
    yield from (runs, failures, duration, began)
