"""One replay: archived records through the pipeline under a run of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from acquisition.arrivals import Arrivals
from acquisition.arrived import ArrivedSource, ArrivedWindows
from acquisition.replay import ReplaySource
from configs import Settings
from database import queries, run_results
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from houfeng import __version__
from houfeng.codes import all_synthetic
from houfeng.network import Network, load_network
from houfeng.replays.ahead import Ahead
from houfeng.replays.crews import Crew, Processes
from houfeng.replays.fan import take, together
from houfeng.replays.identity import Asked
from houfeng.replays.left import left_at
from houfeng.replays.parts import Parts
from houfeng.replays.passage import Passage
from houfeng.replays.scheduled import Scheduled
from houfeng.replays.searching import Searched
from houfeng.replays.sources import Sources
from houfeng.times import now_ns, seconds_ns
from houfeng.types import Packet

_log = logging.getLogger(__name__)

_MOST_NAMED = 5


class Step(NamedTuple):
    """What was replayed since the step before: how much, and the time of its data, ns UTC."""

    n_records: int
    n_bytes: int
    start_ns: int
    end_ns: int


Progress = Callable[[Step], None]


def replay(
    settings: Settings,
    sources: Sources,
    store: Store,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    progress: Progress = lambda step: None,
    skipped: Progress = lambda step: None,
    anew: bool = False,
    n_workers: int = 1,
    scheduler: str = "",
    arrivals: Arrivals | None = None,
    ahead: Ahead | None = None,
) -> Run:
    """Feed every record of the files to a fresh pipeline, or the rest of them where the same replay was interrupted.

    The run's id is made from the files, the documents, the window, the configuration and the version of the code: done
    again it finds the same, and changes no row but the run's own. What is found is saved every few seconds together
    with where it was found, so a replay that is killed and started again comes to the same result hash.

    Parameters
    ----------
    settings : detection, association and stations
    sources : from `houfeng.replays.sources.find_sources`; their StationXML is read beside what the settings name
    store : receives the run; no row of another run is touched
    start_ns, end_ns : only records that hold samples in between, ns UTC
    progress : told of every batch after it was fed
    skipped : told first of what was done before it was interrupted
    anew : do not go on where it was interrupted
    n_workers : processes that search channels; what is found does not depend on it
    scheduler : address of a Dask scheduler whose workers search channels instead
    arrivals : replay records as they came, on one process, and keep the history of events: what was shown when
    ahead : has searched some of the files, or all, before they were all there

    Returns
    -------
    Run : as saved when it was finished
    """
    network = load_network(settings, sources.documents, sources.sites)
    _warn_of_strangers(sources, network)
    window = (start_ns, end_ns)
    documents = network.inventory.documents
    asked = Asked(settings, sources.files, sources.folder, documents, *window, sources.originals, arrivals)
    run_id = asked.run_id
    parts = Parts(asked, network, store, run_id, sources.physical)
    run = None if anew else _taken_up(asked, parts, store, run_id, skipped)
    searched = None
    if run is None:
        run = _begun(asked, parts, network, store, run_id)
        searched = None if ahead is None or arrivals is not None else ahead.results(asked)
    passage = Passage(asked, run, store, parts)
    steps = _steps(asked, parts, n_workers, scheduler) if searched is None else _taken(searched, parts)
    for step in steps:
        passage.advance()
        progress(step)
    return passage.finish()


def _warn_of_strangers(sources: Sources, network: Network) -> None:
    stations = {file.source_id.station_id for file in sources.files}
    unplaced = sorted(stations - {*network.inventory.sites})
    if unplaced:
        more = f" and {len(unplaced) - _MOST_NAMED} more" if len(unplaced) > _MOST_NAMED else ""
        _log.warning(
            "%s%s: nothing says where they stand, so their events are not located: StationXML or dataless SEED beside "
            "the records, or [[station]] in the configuration, is needed",
            ", ".join(unplaced[:_MOST_NAMED]),
            more,
        )


def _steps(asked: Asked, parts: Parts, n_workers: int, scheduler: str) -> Iterator[Step]:
    if parts.arrived is not None:
        return _as_it_came(asked, parts, parts.arrived)
    if scheduler:
        return _searched_by(Scheduled(scheduler), asked, parts)
    return _searched(asked, parts) if n_workers == 1 else _searched_by(Processes(n_workers), asked, parts)


def _taken_up(asked: Asked, parts: Parts, store: Store, run_id: str, skipped: Progress) -> Run | None:
    """The run, brought to where it was interrupted; None where there is none to go on with."""
    with store.read() as snapshot:
        run, left = queries.run(snapshot, run_id), left_at(snapshot, asked, run_id)
    if run is None or left is None:
        return None
    parts.go_on(left)
    sizes = {file.path: file.n_bytes for file in asked.files}
    n_bytes = sum(sizes[path] for path in left.reading.finished)
    skipped(Step(run.n_records, n_bytes, run.start_ns or 0, run.end_ns or 0))
    return run


def _begun(asked: Asked, parts: Parts, network: Network, store: Store, run_id: str) -> Run:
    run = Run(
        run_id=run_id,
        kind="replay",
        started_ns=now_ns(),
        config_hash=asked.settings.config_hash,
        code_version=__version__,
        source=str(asked.folder.absolute()),
        engine=parts.detector.engine,
        is_synthetic=all_synthetic(file.source_id.network for file in asked.files),
        config=asked.config,
    )

    def save(unit: UnitOfWork) -> None:
        run_results.forget_results(unit, run_id)
        unit.save_run(run)
        # Beside the run and not in the station table: that is the live network's, and these may be others.
        unit.save_run_sites(run_id, network.inventory.sites.values())
        run_results.save_inputs(unit, run_id, asked.metadata())

    store.run(save)
    return run


def _searched(asked: Asked, parts: Parts) -> Iterator[Step]:
    """Search all that was not read yet, batch by batch."""
    parts.detector.restore(parts.states)
    source = ReplaySource(
        asked.files,
        _report,
        start_ns=asked.start_ns,
        end_ns=asked.end_ns,
        reading=parts.reading,
        apart_ns=seconds_ns(asked.settings.association.memory_s / 2),  # what is later is too late to be associated
    )
    return (_fed(packets, parts) for packets in source.joined())


def _as_it_came(asked: Asked, parts: Parts, arrived: ArrivedWindows) -> Iterator[Step]:
    """Search all that was not read yet, arrival by arrival."""
    parts.detector.restore(parts.states)
    window = {"start_ns": asked.start_ns, "end_ns": asked.end_ns}
    source = ArrivedSource(asked.files, _report, arrived.arrivals, **window, reading=parts.reading)
    for packets in source.packets():
        arrived.clock_ns = source.clock_ns
        yield _fed(packets, parts)
    if source.n_unknown:
        _log.warning("%d records: no log knows when they came: taken at the end of their samples", source.n_unknown)


def _fed(packets: Sequence[Packet], parts: Parts) -> Step:
    parts.pipeline.detect(packets)
    parts.tally.count(packets)
    n_records, n_bytes = sum(packet.n_records for packet in packets), sum(packet.n_bytes for packet in packets)
    return Step(n_records, n_bytes, packets[0].start_ns, packets[-1].next_ns)


def _taken(searched: Iterator[Searched], parts: Parts) -> Iterator[Step]:
    """Go on with what was searched while the rest was fetched."""
    for found in searched:
        take(parts, [found])
        yield _step([found], parts)


def _searched_by(crew: Crew, asked: Asked, parts: Parts) -> Iterator[Step]:
    """Search all that was not read yet, slice by slice, by those who do it together."""
    with crew:
        for results in together(asked, parts, crew):
            yield _step(results, parts)


def _step(results: Sequence[Searched], parts: Parts) -> Step:
    n_records, n_bytes = (sum(getattr(each, name) for each in results) for name in ("n_records", "n_bytes"))
    start_ns, end_ns = parts.tally.span
    return Step(n_records, n_bytes, start_ns or 0, end_ns or 0)


def _report(raw: bytes, reason: str) -> None:
    _log.warning("%s: %d bytes left out", reason, len(raw))
