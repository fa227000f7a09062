"""The pipeline of a replay: made anew, or brought to where another was."""

from __future__ import annotations

from collections.abc import Collection

from acquisition.arrived import ArrivedWindows
from acquisition.replay import Reading
from acquisition.waveform_files import ReplayWindows
from database import queries, run_results
from database.store import Store
from detection.association.associator import Associator
from detection.detector import Detector
from detection.location.locator import Locator
from houfeng.network import Network
from houfeng.pipeline import Pipeline
from houfeng.replays.identity import Asked
from houfeng.replays.left import Left
from houfeng.replays.tally import Tally
from houfeng.types import Pick, SourceId
from houfeng.waveforms import RecordedWaveforms, lookout_of


class Parts:
    """What a replay works with.

    Parameters
    ----------
    asked : what is replayed
    network : sites and metadata that count
    store : receives what is found
    run_id : the run it belongs to
    physical : channels whose samples are no counts

    Attributes
    ----------
    detector, pipeline, tally, reading : fresh
    states : of the channels' detection where the run was left; whoever goes on with them takes them in
    too_late : public ids of the P picks that came too late for association
    arrived : has the simulated clock; None where records are taken in the order of their times
    """

    def __init__(
        self, asked: Asked, network: Network, store: Store, run_id: str, physical: Collection[SourceId] = ()
    ) -> None:
        settings, sites = asked.settings, network.inventory.sites
        self._store, self._run_id = store, run_id
        self.detector = Detector(settings.detection, by_rows=True)
        self.tally, self.reading = Tally(), Reading()
        self.states: dict[SourceId, bytes] = {}
        self.too_late: set[str] = set()
        locator = Locator(settings.location, sites, settings.judgement)
        associator = Associator(settings.association, sites, locator.travel_times, self._refused)
        windows = ReplayWindows(asked.files, start_ns=asked.start_ns, end_ns=asked.end_ns)
        arrived = self.arrived = None if asked.arrivals is None else ArrivedWindows(windows, asked.arrivals)
        lookout = lookout_of(settings, network.inventory, locator, RecordedWaveforms(arrived or windows), physical)
        clock = None if arrived is None else lambda: arrived.clock_ns
        self.pipeline = Pipeline(self.detector, associator, locator, store, run_id, lookout, clock=clock)

    def go_on(self, left: Left) -> None:
        """Bring them to where the run was left, to the bit.

        All P onsets of the run are associated again, for what its events are is a function of all of them; that takes
        a small part of the time that it took to find them.
        """
        self.reading, self.too_late = left.reading, {*left.too_late}
        with self._store.read() as snapshot:
            self.states = queries.detector_states(snapshot, self._run_id)
            self.tally = Tally(run_results.channels(snapshot, self._run_id))
            for picks in run_results.p_picks(snapshot, self._run_id):
                in_time = [pick for pick in picks if pick.public_id not in self.too_late]
                self.pipeline.warm(in_time, left.looks["entries"])
        self.pipeline.go_on_looking(left.looks)
        if self.arrived is not None:
            self.arrived.clock_ns = left.clock_ns

    def _refused(self, pick: Pick) -> None:
        self.too_late.add(pick.public_id)
