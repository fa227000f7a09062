"""Events looked at live and in a replay: the same S onsets, origins and magnitudes, however the data come."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from obspy.geodetics import gps2dist_azimuth
from sqlalchemy import select

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.daemon.restore import Missed, restore
from acquisition.replay import ReplaySource, find_files
from configs import Settings
from database import tables
from database.store import Store
from detection.inspection.inspector import Inspector
from detection.inspection.settings import InspectionSettings
from detection.inspection.waveforms import Waveforms
from detection.settings import LocationSettings
from houfeng.demo import demo_sites
from houfeng.demo_records import builtin_recording, schedule
from houfeng.network import load_network
from houfeng.pipeline import Pipeline
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Event, Packet, SourceId

RUN_ID = "run/test"
START_NS = parse_ns("2010-05-27T16:24:04")
# Unterhaching lies on sediments; the analysts' solution of the swarm: obspy/io/nlloc/tests/data/nlloc_custom.hyp
BAVARIA = Settings(station=demo_sites(), location=LocationSettings("sediments", ((0.0, 3.5, 1.9), (3.4, 5.8, 3.3))))
SWARM = (48.04707, 11.64554, 4.58)
# What a look has a part in.
TABLES = ("pick", "event", "origin", "arrival", "magnitude", "station_magnitude")

Rows = dict[str, list[tuple[Any, ...]]]
Batches = Iterable[Sequence[Packet]]


@pytest.fixture(scope="module")
def bavaria() -> list[Packet]:
    """Four stations and three earthquakes, in the order in which records were complete."""
    found = []
    for record in schedule(builtin_recording(), START_NS, 5.0):
        if record.end_ns > START_NS + 230 * NS_PER_S:
            return found
        found.append(mseed.decode(record.raw))
    return found


@dataclass
class House:
    """An installation in a folder: archive, database, and the network of some settings."""

    folder: Path
    settings: Settings
    metadata: Sequence[Path] = ()

    @contextmanager
    def daemon(self) -> Iterator[Callable[[Sequence[Packet]], Pipeline]]:
        """From one start to the next: archives packets, then detects on them, as a session does."""
        store = Store.open(f"sqlite:///{self.folder / 'test.db'}")
        archive = Archive(self.folder / "archive")
        network = load_network(self.settings, self.metadata)
        pipeline = restore(self.settings, network, archive, store, RUN_ID, Missed(), lambda: True)
        assert pipeline is not None

        def take(packets: Sequence[Packet]) -> Pipeline:
            archive.append(packets)
            pipeline.feed(packets)
            return pipeline

        try:
            yield take
        finally:
            archive.close()
            store.close()

    def rows(self, run_id: str = RUN_ID) -> Rows:
        """What is saved of a run, without its name."""
        store = Store.open(f"sqlite:///{self.folder / 'test.db'}")
        with store.read() as snapshot:
            found = {
                name: sorted(tuple(row[1:]) for row in snapshot.execute(select(table)) if row[0] == run_id)
                for name in TABLES
                if (table := tables.metadata.tables[name]) is not None
            }
        store.close()
        return found


def live(house: House, batches: Batches, *, restarts: Sequence[int] = ()) -> Rows:
    """Rows after feeding the batches, the daemon being started anew before some of them."""
    left = list(enumerate(batches))
    for until in (*restarts, len(left)):
        with house.daemon() as take:
            while left and left[0][0] < until:
                pipeline = take(left.pop(0)[1])
            if not left:
                pipeline.finish()
    return house.rows()


def replayed(house: House, folder: Path, end_ns: int | None = None) -> Rows:
    store = Store.open(f"sqlite:///{house.folder / 'test.db'}")
    run = replay(house.settings, find_sources([folder], folder), store, end_ns=end_ns)
    store.close()
    return house.rows(run.run_id)


def delayed(packets: Sequence[Packet], seed: int, *, longest_s: float = 90.0) -> list[list[Packet]]:
    """As many servers send them: each stream in its own order, so much later than it was recorded; cut into batches."""
    chance = random.Random(seed)
    delay_ns = {
        source_id: round(chance.uniform(0, longest_s) * NS_PER_S)
        for source_id in sorted({packet.source_id for packet in packets})
    }
    ordered = sorted(packets, key=lambda packet: (packet.next_ns + delay_ns[packet.source_id], packet.source_id))
    cuts = sorted(chance.sample(range(1, len(ordered)), 20))
    return [ordered[a:b] for a, b in zip([0, *cuts], [*cuts, len(ordered)], strict=True)]


def shuffled(packets: Sequence[Packet], seed: int) -> list[list[Packet]]:
    """Channels as far apart as can be, each in its own order."""
    chance = random.Random(seed)
    streams: dict[SourceId, list[Packet]] = {}
    for packet in reversed(packets):
        streams.setdefault(packet.source_id, []).append(packet)
    ordered = []
    while waiting := [streams[source_id] for source_id in sorted(streams) if streams[source_id]]:
        ordered += [stream.pop() for stream in [chance.choice(waiting)] for _ in range(min(len(stream), 9))]
    return [ordered[at : at + 25] for at in range(0, len(ordered), 25)]


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory, bavaria: list[Packet]) -> tuple[House, Rows]:
    house = House(tmp_path_factory.mktemp("order"), BAVARIA)
    return house, live(house, [bavaria[at : at + 20] for at in range(0, len(bavaria), 20)])


def test_s_is_read_where_there_are_horizontals_and_brings_the_depth(in_order: tuple[House, Rows]) -> None:
    rows = in_order[1]
    s_picks = [row for row in rows["pick"] if "S" in row]
    assert len(s_picks) == 3
    assert {row[2] for row in s_picks} == {"BW.UH3"}  # the others have verticals alone
    origins = sorted((row[1], *row[2:6]) for row in rows["origin"])
    for _, lat, lon, depth_km, depth_error_km in (origins[0], origins[2]):
        metres, _, _ = gps2dist_azimuth(lat, lon, *SWARM[:2])
        assert metres < 2000
        assert depth_error_km is not None
        assert abs(depth_km - SWARM[2]) < depth_error_km < 3  # with P alone the error is 3.7 km


def test_a_replay_of_the_archive_finds_the_same(in_order: tuple[House, Rows]) -> None:
    house, rows = in_order
    assert replayed(house, house.folder / "archive") == rows


@pytest.mark.parametrize("seed", range(2))
def test_delays_of_streams_change_nothing(
    tmp_path: Path, bavaria: list[Packet], in_order: tuple[House, Rows], seed: int
) -> None:
    assert live(House(tmp_path, BAVARIA), delayed(bavaria, seed)) == in_order[1]


@pytest.mark.parametrize("seed", [5])
def test_channels_in_any_order_change_nothing(
    tmp_path: Path, bavaria: list[Packet], in_order: tuple[House, Rows], seed: int
) -> None:
    assert live(House(tmp_path, BAVARIA), shuffled(bavaria, seed)) == in_order[1]


@pytest.mark.parametrize("seed", [2])
def test_restarts_change_nothing(
    tmp_path: Path, bavaria: list[Packet], in_order: tuple[House, Rows], seed: int
) -> None:
    batches = delayed(bavaria, seed)
    cuts = sorted(random.Random(seed).sample(range(3, len(batches)), 3))
    assert live(House(tmp_path, BAVARIA), batches, restarts=cuts) == in_order[1]


def n_s(house: House) -> int:
    return sum("S" in row for row in house.rows()["pick"])


def test_packets_that_fill_a_gap_have_the_event_looked_at_again(
    tmp_path: Path, bavaria: list[Packet], in_order: tuple[House, Rows]
) -> None:
    """Horizontals around the first event come a minute late: it has been looked at without them by then."""
    house = House(tmp_path, replace(BAVARIA, inspection=InspectionSettings(wait_s=5)))
    from_ns, to_ns, late_ns = (START_NS + seconds * NS_PER_S for seconds in (20, 40, 100))
    missing = [p for p in bavaria if p.source_id.channel[2] in "NE" and from_ns < p.next_ns < to_ns]
    there = [packet for packet in bavaria if packet not in missing]
    with house.daemon() as take:
        take([packet for packet in there if packet.next_ns < late_ns])
        assert len(house.rows()["event"]) == 1
        assert n_s(house) == 0
        take(missing)
        assert n_s(house) == 0  # more may come: it waits for some data time
        for at in range(30):
            take([p for p in there if late_ns + at * NS_PER_S <= p.next_ns < late_ns + (at + 1) * NS_PER_S])
        assert n_s(house) == 1
        take([packet for packet in there if packet.next_ns >= late_ns + 30 * NS_PER_S]).finish()
    assert house.rows() == in_order[1]


def test_an_archive_that_cannot_be_read_is_read_later(
    tmp_path: Path, bavaria: list[Packet], in_order: tuple[House, Rows], caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path, replace(BAVARIA, inspection=InspectionSettings(wait_s=5)))
    early = [packet for packet in bavaria if packet.next_ns < START_NS + 100 * NS_PER_S]
    late = [packet for packet in bavaria if packet not in early]
    with house.daemon() as take:
        # a folder in the place of the file: what the disk does then is the same for every user, root as well
        path = tmp_path / "archive" / "2010" / "BW" / "UH3" / "SHN.D" / "BW.UH3..SHN.D.2010.147"
        path.mkdir(parents=True)
        horizontal = [packet for packet in early if packet.source_id.channel == "SHN"]
        take([packet for packet in early if packet not in horizontal])
        assert "BW.UH3..SHN.D.2010.147: cannot be read: Is a directory" in caplog.text
        assert len(house.rows()["event"]) == 1  # as its P onsets have it
        assert n_s(house) == 0
        path.rmdir()
        take(horizontal)
        for at in range(0, len(late), 50):
            pipeline = take(late[at : at + 50])
        pipeline.finish()
    assert house.rows() == in_order[1]


def test_a_look_that_fails_is_told_and_stops_nothing(
    tmp_path: Path, bavaria: list[Packet], in_order: tuple[House, Rows], caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path, BAVARIA)
    second = sorted(in_order[1]["event"], key=lambda row: row[1])[1][0]

    class Failing(Inspector):
        def inspect(self, event: Event, waveforms: Waveforms) -> Event:
            if event.public_id == second:
                raise ZeroDivisionError("a look that fails")
            return super().inspect(event, waveforms)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("houfeng.waveforms.Inspector", Failing)
        rows = live(house, [bavaria[at : at + 20] for at in range(0, len(bavaria), 20)])
    assert f"{second}: it could not be looked at" in caplog.text
    assert len(rows["event"]) == 3
    assert sum("S" in row for row in rows["pick"]) == 2


@pytest.mark.data
def test_ridgecrest_is_the_same_with_delays_and_in_a_replay(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    folder = shared_data("ridgecrest2019")
    house = House(tmp_path, Settings(), sorted(folder.glob("*.xml")))
    end_ns = parse_ns("2019-07-06T03:20:20")  # the main shock, and what eleven stations saw 11 s before it
    source = ReplaySource(find_files(folder), lambda raw, reason: None, end_ns=end_ns)
    rows = live(house, delayed([packet for batch in source.packets() for packet in batch], 7))
    assert len(rows["origin"]) == 2
    assert sum("S" in row for row in rows["pick"]) > 5
    assert len(rows["station_magnitude"]) > 10
    assert len(rows["magnitude"]) > 0
    assert replayed(house, folder, end_ns) == rows
