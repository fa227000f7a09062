"""How the parts of a session are doing, asked from any thread: what each of them tells without being waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from acquisition.daemon.detection import SessionDetection
from acquisition.daemon.link import StoreLink
from acquisition.daemon.servers import Servers
from acquisition.daemon.status import ArchiveStatus, DetectionStatus, ServerStatus, StoreStatus, server_status
from acquisition.daemon.vitals import Vitals
from acquisition.recorder import Recorder
from configs import Settings
from houfeng.times import format_ns


@dataclass(frozen=True, slots=True)
class StatusView:
    """The parts of one session."""

    _vitals: Vitals
    _servers: Servers
    _recorder: Recorder
    _link: StoreLink
    _detection: SessionDetection

    def servers(self, settings: Settings, n_gaps: Mapping[str, int]) -> Iterator[ServerStatus]:
        """Of each server that is configured.

        Parameters
        ----------
        n_gaps : in the last hour of data, by station
        """
        states = self._servers.states()
        for server in settings.seedlink:
            if (state := states.get(server.name)) is not None:
                cursors = self._servers.cursors(server.name)
                yield server_status(
                    server.name,
                    server.address,
                    state,
                    newest_ns=max((cursor.last_ns for cursor in cursors.values()), default=None),
                    n_gaps_1h=sum(n_gaps.get(station_id, 0) for station_id in cursors),
                )

    def archive(self, settings: Settings, free_bytes: int | None) -> ArchiveStatus:
        """Of the archive and of what waits for it."""
        return ArchiveStatus(
            path=settings.archive.path,
            free_bytes=free_bytes,
            queue_bytes=self._recorder.received.n_bytes,
            detection_queue_bytes=self._recorder.archived.n_bytes,
            queue_limit_bytes=settings.daemon.queue_mib << 20,
            n_records=self._vitals.tally.by_outcome(),
            n_quarantined=self._vitals.tally.n_quarantined,
        )

    def store(self) -> StoreStatus:
        """Of the database and of what waits for it."""
        link, pipeline = self._link.state, self._detection.pipeline
        return StoreStatus(
            up=link.up,
            since=format_ns(link.since_ns, digits=0),
            fault=link.fault,
            n_unsaved_picks=0 if pipeline is None else pipeline.n_unsaved_picks,
        )

    def detection(self, run_id: str, lag_s: float | None) -> DetectionStatus:
        """Of detection; its counts are 0 until the archive was read again."""
        pipeline = self._detection.pipeline
        return DetectionStatus(
            run_id=run_id,
            lag_s=lag_s,
            n_picks=0 if pipeline is None else pipeline.n_picks,
            n_events=0 if pipeline is None else pipeline.n_events,
            n_unreadable=self._vitals.unpacker.n_unreadable,
            n_passed_over=self._vitals.tally.n_passed_over,
            vetoed={} if pipeline is None else pipeline.vetoed,
        )
