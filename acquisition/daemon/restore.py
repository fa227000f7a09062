"""Where the last process left a live run, and from there to the end of the archive."""

from __future__ import annotations

import heapq
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from acquisition.archive import Archive
from acquisition.archive_reading import read_from
from acquisition.waveform_files import ArchiveWindows
from configs import Settings
from database import queries, registry
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from detection.association.associator import Associator
from detection.detector import Detector
from detection.location.locator import Locator
from houfeng import __version__
from houfeng.codes import all_synthetic
from houfeng.network import Network
from houfeng.pipeline import Pipeline
from houfeng.times import now_ns, seconds_ns
from houfeng.types import Packet, SourceId
from houfeng.waveforms import RecordedWaveforms, lookout_of

_log = logging.getLogger(__name__)

_CATCH_UP_PACKETS = 2000
# So often the state is saved on the way: a kill in the middle of a week's records must not mean to begin again.
_CHECKPOINT_BATCHES = 50


class Missed:
    """Which archived records detection was not given."""

    def __init__(self) -> None:
        self._since_ns: dict[SourceId, int] = {}

    def __bool__(self) -> bool:
        return bool(self._since_ns)

    def add(self, packets: Iterable[Packet]) -> None:
        """These were archived and nothing more."""
        for packet in packets:
            self.add_from(packet.source_id, packet.start_ns)

    def add_from(self, source_id: SourceId, start_ns: int) -> None:
        """Of this stream what is archived from a time on, ns UTC."""
        self._since_ns[source_id] = min(start_ns, self._since_ns.get(source_id, start_ns))

    def take(self) -> dict[SourceId, int]:
        """By stream the time from which on records were missed, ns UTC; they are somebody's now."""
        taken, self._since_ns = self._since_ns, {}
        return taken


def restore(
    settings: Settings,
    network: Network,
    archive: Archive,
    store: Store,
    run_id: str,
    missed: Missed,
    go_on: Callable[[], bool],
) -> Pipeline | None:
    """The run's pipeline, having seen every archived record; None when it was told to stop before.

    Parameters
    ----------
    missed : records of streams whose state was never saved; whoever takes records from the recorder meanwhile adds
        them. Empty afterwards, unless this raises.
    go_on : called between parts of the archive; False leaves the rest unread

    Raises
    ------
    StoreError : if the store cannot be reached
    """
    detector = Detector(settings.detection)
    with store.read() as snapshot:
        states = queries.detector_states(snapshot, run_id)
        newest = queries.picks(snapshot, run_id=run_id, limit=1)
        # More than it remembers: the oldest picks of its memory belong to events that began before it, and are judged
        # by how often their stations had triggered in the hour before.
        memory_ns = seconds_ns(1.1 * settings.association.memory_s + 3600)
        picks = queries.recent_picks(snapshot, run_id, newest[0].pick.onset_ns - memory_ns) if newest else []
        recent_ns = newest[0].pick.onset_ns - seconds_ns(settings.association.memory_s) if newest else 0
        event_ids = {row.public_id for row in queries.events(snapshot, run_id=run_id, since_ns=recent_ns)}
    detector.restore(states)
    begin(settings, network, store, run_id)
    sites = network.inventory.sites
    locator = Locator(settings.location, sites, settings.judgement)
    associator = Associator(settings.association, sites, locator.travel_times)
    lookout = lookout_of(settings, network.inventory, locator, RecordedWaveforms(ArchiveWindows(archive.root)))
    pipeline = Pipeline(detector, associator, locator, store, run_id, lookout, clock=now_ns)
    pipeline.warm(picks, event_ids)
    taken = dict.fromkeys(states, 0) | missed.take()
    try:
        if not _catch_up(pipeline, detector, archive, taken, missed, go_on):
            return None
    except BaseException:
        for source_id, first_ns in taken.items():
            missed.add_from(source_id, first_ns)
        raise
    return pipeline


def _catch_up(
    pipeline: Pipeline,
    detector: Detector,
    archive: Archive,
    taken: dict[SourceId, int],
    missed: Missed,
    go_on: Callable[[], bool],
) -> bool:
    """Feed what is archived, and what is archived meanwhile; whether that was all.

    `taken` has the streams with the time to begin at where the detector knows none; those that are missed meanwhile
    are added to it.
    """
    n_packets, streams = 0, dict(taken)
    while streams:
        since_ns = {source_id: detector.position_ns(source_id) or first_ns for source_id, first_ns in streams.items()}
        for number, batch in enumerate(_archived_since(archive, since_ns)):
            # Not before the first: a pass that is short misses nothing, so the passes come to an end.
            if number and not go_on():
                pipeline.checkpoint()
                return False
            pipeline.feed(batch)
            n_packets += len(batch)
            if number % _CHECKPOINT_BATCHES == _CHECKPOINT_BATCHES - 1:
                pipeline.checkpoint()
        streams = missed.take()
        taken |= {source_id: first_ns for source_id, first_ns in streams.items() if source_id not in taken}
    if n_packets:
        _log.info("caught up with %d records that were archived but not yet detected on", n_packets)
    return True


def _archived_since(archive: Archive, since_ns: Mapping[SourceId, int]) -> Iterator[list[Packet]]:
    packets = heapq.merge(
        *(read_from(archive.root, source_id, first_ns) for source_id, first_ns in since_ns.items()),
        key=lambda packet: packet.start_ns,
    )
    return _batches(packets, _CATCH_UP_PACKETS)


def begin(settings: Settings, network: Network, store: Store, run_id: str) -> None:
    """Tell the store of the run and its stations, before anything that belongs to them is saved.

    Raises
    ------
    StoreError : if the store cannot be reached
    """
    run = Run(
        run_id=run_id,
        kind="live",
        started_ns=now_ns(),
        config_hash=settings.config_hash,
        code_version=__version__,
        source=", ".join(server.address for server in settings.seedlink),
        config=json.dumps(settings.decisive, sort_keys=True),
        is_synthetic=all_synthetic(name.partition(".")[0] for name in {*network.inventory.sites, *network.usages}),
    )

    def save(unit: UnitOfWork) -> None:
        unit.save_run(run)
        unit.keep_stations({*network.inventory.sites, *network.usages})
        unit.save_inventory(network.inventory)
        registry.save_cards(unit, network.cards)

    store.run(save)


def _batches(packets: Iterator[Packet], size: int) -> Iterator[list[Packet]]:
    batch: list[Packet] = []
    for packet in packets:
        batch.append(packet)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
