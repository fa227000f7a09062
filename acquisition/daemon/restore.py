"""Where the last process left a live run, and from there to the end of the archive."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterator

from acquisition.archive import Archive, read_from
from configs import Settings
from database import queries
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from detection.associate import Associator
from detection.detector import Detector
from houfeng import __version__
from houfeng.network import Network
from houfeng.pipeline import Pipeline
from houfeng.times import now_ns, seconds_ns
from houfeng.types import Packet

_log = logging.getLogger(__name__)

_CATCH_UP_PACKETS = 2000


def restore(
    settings: Settings, network: Network, archive: Archive, store: Store, run_id: str, go_on: Callable[[], bool]
) -> Pipeline:
    """The run's pipeline, having seen every archived record.

    Parameters
    ----------
    go_on : called between parts of the archive; False leaves the rest unread, and the pipeline fit for nothing but a
        checkpoint

    Raises
    ------
    StoreError : if the store cannot be reached
    """
    detector = Detector(settings.detection)
    with store.read() as snapshot:
        states = queries.detector_states(snapshot, run_id)
        newest = queries.picks(snapshot, run_id=run_id, limit=1)
        # A little more than it remembers: the oldest picks of its memory belong to events that began before it.
        memory_ns = seconds_ns(1.1 * settings.association.memory_s)
        picks = queries.recent_picks(snapshot, run_id, newest[0].pick.onset_ns - memory_ns) if newest else []
    detector.restore(states)
    begin(settings, network, store, run_id)
    pipeline = Pipeline(detector, Associator(settings.association, network.inventory.sites), store, run_id)
    pipeline.warm(picks)
    positions = {source_id: detector.position_ns(source_id) or 0 for source_id in states}
    behind = heapq.merge(
        *(read_from(archive.root, source_id, since_ns) for source_id, since_ns in positions.items()),
        key=lambda packet: packet.start_ns,
    )
    n_packets = 0
    for batch in _batches(behind, _CATCH_UP_PACKETS):
        if not go_on():
            break
        pipeline.feed(batch)
        n_packets += len(batch)
    if n_packets:
        _log.info("caught up with %d records that were archived but not yet detected on", n_packets)
    return pipeline


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
    )

    def save(unit: UnitOfWork) -> None:
        unit.save_run(run)
        unit.keep_stations({*network.inventory.sites, *network.usages})
        unit.save_inventory(network.inventory)

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
