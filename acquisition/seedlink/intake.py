"""What every SeedLink client does with what it received, whichever protocol library is below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acquisition import mseed
from acquisition.seedlink.cursors import advance
from acquisition.seedlink.state import Monitor
from acquisition.settings import SeedLinkSettings
from acquisition.source import Reject
from houfeng.errors import RecordError
from houfeng.times import now_ns
from houfeng.types import Cursor, Packet, SourceId


class Intake:
    """Payloads in, wanted packets out; what is no record is handed over, what came is remembered.

    Parameters
    ----------
    settings : wanted streams, time limits
    cursors : how far each station (NET.STA) was received before; only what the consumer has made durable counts
    reject : called with payloads that are no miniSEED record, and the reason
    """

    def __init__(self, settings: SeedLinkSettings, cursors: Mapping[str, Cursor], reject: Reject) -> None:
        self.cursors = dict(cursors)
        self.monitor = Monitor(settings.name, settings.silent_s)
        self._settings = settings
        self._reject = reject
        self._wanted: dict[SourceId, bool] = {}

    def take(
        self,
        payloads: Iterable[tuple[int, bytes]],
        peer: str,
        *,
        server_start: str = "",
        stations: frozenset[str] | None = None,
    ) -> list[Packet]:
        """The wanted ones of received payloads, in order; their samples stay packed.

        Within this process what was taken is not lost, so the cursors move; a new process resumes from saved ones.

        Parameters
        ----------
        payloads : sequence number and bytes of each
        peer : who sent them, for the log
        server_start : when it says it was started
        stations : NET.STA that were asked for over this connection; None for whatever comes
        """
        received_ns = now_ns()
        batch: list[Packet] = []
        add, open_record = batch.append, mseed.open_record
        for sequence, payload in payloads:
            try:
                add(open_record(payload, received_ns, sequence, server_start))
            except RecordError as error:
                self._reject(payload, f"{peer} sequence {sequence}: {error}")
        streams = {packet.source_id for packet in batch}
        if unwanted := {source_id for source_id in streams if not self._wants(source_id, stations)}:
            batch = [packet for packet in batch if packet.source_id not in unwanted]
        if batch:
            self.cursors.update(advance(self.cursors, batch))
            self.monitor.received(len(batch), streams - unwanted)
        return batch

    def _wants(self, source_id: SourceId, stations: frozenset[str] | None) -> bool:
        wanted = self._wanted.get(source_id)
        if wanted is None:
            wanted = self._wanted[source_id] = self._settings.wants(source_id)
        # what another connection of ours has asked for would move its cursor past records it has not sent yet
        return wanted and (stations is None or source_id.station_id in stations)
