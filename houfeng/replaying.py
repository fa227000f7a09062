"""One replay: archived records through the pipeline under a run of their own."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from acquisition.replay import RecordFile, ReplaySource
from acquisition.waveform_files import ReplayWindows
from configs import Settings
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from detection.association.associator import Associator
from detection.detector import Detector
from detection.location.locator import Locator
from houfeng import __version__
from houfeng.codes import all_synthetic
from houfeng.network import Network, load_network
from houfeng.pipeline import Pipeline
from houfeng.times import now_ns
from houfeng.types import Packet, public_id
from houfeng.waveforms import RecordedWaveforms, lookout_of

_log = logging.getLogger(__name__)

Progress = Callable[[Sequence[Packet]], None]


def replay(
    settings: Settings,
    files: Sequence[RecordFile],
    folder: Path,
    store: Store,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    progress: Progress = lambda packets: None,
) -> Run:
    """Feed every record of the files to a fresh pipeline.

    The run's id is made from the files, the window, the configuration and the version of the code: replaying the
    same again changes no row but the run's own.

    Parameters
    ----------
    settings : detection, association and stations
    files : from `acquisition.replay.find_files`
    folder : the files lie below it; its StationXML is read too
    store : receives the run
    start_ns, end_ns : only records that hold samples in between, ns UTC
    progress : called with the packets of every batch after they were fed

    Returns
    -------
    Run : as saved when it was finished
    """
    network = load_network(settings, sorted(folder.rglob("*.xml")))
    detector = Detector(settings.detection, by_rows=True)
    run = Run(
        run_id=_run_id(settings, files, folder, start_ns, end_ns),
        kind="replay",
        started_ns=now_ns(),
        config_hash=settings.config_hash,
        code_version=__version__,
        source=str(folder),
        engine=detector.engine,
        is_synthetic=all_synthetic(file.source_id.network for file in files),
    )
    store.run(lambda unit: _begin(unit, run, network))
    sites = network.inventory.sites
    locator = Locator(settings.location, sites, settings.judgement)
    associator = Associator(settings.association, sites, locator.travel_times)
    waveforms = RecordedWaveforms(ReplayWindows(files, start_ns=start_ns, end_ns=end_ns))
    lookout = lookout_of(settings, network.inventory, locator, waveforms)
    pipeline = Pipeline(detector, associator, locator, store, run.run_id, lookout)
    source = ReplaySource(list(files), _report, start_ns=start_ns, end_ns=end_ns)
    for packets in source.packets():
        pipeline.feed(packets)
        run = _counted(run, packets)
        progress(packets)
    pipeline.finish()
    run = replace(run, finished_ns=now_ns())
    store.run(lambda unit: unit.save_run(run))
    return run


def _begin(unit: UnitOfWork, run: Run, network: Network) -> None:
    unit.save_run(run)
    # Beside the run and not in the station table: that is the live network's, and these may be others.
    unit.save_run_sites(run.run_id, network.inventory.sites.values())


def _report(raw: bytes, reason: str) -> None:
    _log.warning("%s: %d bytes left out", reason, len(raw))


def _counted(run: Run, packets: Sequence[Packet]) -> Run:
    start_ns = min(packet.start_ns for packet in packets)
    end_ns = max(packet.next_ns for packet in packets)
    return replace(
        run,
        n_records=run.n_records + len(packets),
        n_samples=run.n_samples + sum(packet.n_samples for packet in packets),
        start_ns=start_ns if run.start_ns is None else min(start_ns, run.start_ns),
        end_ns=end_ns if run.end_ns is None else max(end_ns, run.end_ns),
    )


def _run_id(
    settings: Settings, files: Sequence[RecordFile], folder: Path, start_ns: int | None, end_ns: int | None
) -> str:
    listing = hashlib.sha256()
    for file in sorted(files):
        stat = file.path.stat()
        listing.update(f"{file.path.relative_to(folder)}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return public_id("run", "replay", listing.hexdigest(), start_ns, end_ns, settings.config_hash, __version__)
