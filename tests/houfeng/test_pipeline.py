"""The one pipeline: the same records give the same rows, however they are fed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from acquisition import mseed
from acquisition.replay import find_files
from acquisition.waveform_files import ReplayWindows
from configs import Settings
from database import queries, tables
from database.records import Run
from database.store import Store
from database.unit import UnitOfWork
from detection.association.associator import Associator
from detection.detector import Detector
from detection.location.locator import Locator
from houfeng.demo import demo_sites
from houfeng.demo_records import builtin_recording, schedule
from houfeng.errors import StoreError
from houfeng.pipeline import Pipeline
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, parse_ns
from houfeng.types import Cursor, Packet
from houfeng.waveforms import RecordedWaveforms, lookout_of
from stations.inventory import Inventory
from stations.registry import register

ONE_LOOP_NS = 230 * NS_PER_S
START_NS = parse_ns("2010-05-27T16:24:04")
SITES = register(demo_sites(), Inventory({})).sites

Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def packets() -> list[Packet]:
    """The demo's records once: four stations, three earthquakes, in the order in which they were complete."""
    timed = schedule(builtin_recording(), START_NS, 5.0)
    packets = []
    for record in timed:
        if record.end_ns > START_NS + ONE_LOOP_NS:
            return packets
        packets.append(mseed.decode(record.raw))
    return packets


@dataclass(frozen=True)
class House:
    """A store with one run in it."""

    store: Store

    def pipeline(self, folder: Path | None = None) -> Pipeline:
        """One that looks at events if there is a folder of records to see them in."""
        run = Run("run/test", "live", 0, "", "", "")
        self.store.run(lambda unit: unit.save_run(run))
        defaults = Settings()
        associator, locator = Associator(defaults.association, SITES), Locator(defaults.location, SITES)
        lookout = None
        if folder is not None:
            waveforms = RecordedWaveforms(ReplayWindows(find_files(folder)))
            lookout = lookout_of(defaults, Inventory(SITES), locator, waveforms)
        return Pipeline(Detector(defaults.detection), associator, locator, self.store, run.run_id, lookout)

    def rows(self) -> Rows:
        found = {}
        with self.store.read() as snapshot:
            for table in (tables.pick, tables.event, tables.origin, tables.arrival):
                found[table.name] = sorted(tuple(row) for row in snapshot.execute(select(table)))
        return found


def house_in(folder: Path) -> House:
    return House(Store.open(f"sqlite:///{folder / 'test.db'}"))


def rows_after(place: Path | str, batches: Iterable[Sequence[Packet]]) -> Rows:
    """Rows of a new database in a folder or at a URL after feeding the batches."""
    house = House(Store.open(place)) if isinstance(place, str) else house_in(place)
    pipeline = house.pipeline()
    for batch in batches:
        pipeline.feed(batch)
    rows = house.rows()
    house.store.close()
    return rows


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory: pytest.TempPathFactory, packets: list[Packet]) -> Rows:
    return rows_after(tmp_path_factory.mktemp("one"), [packets])


def test_three_earthquakes_and_no_fourth(in_one_go: Rows) -> None:
    # 16:24:33.2, 16:26:59 and 16:27:30: obspy's coincidence example on the same records
    n_stations = {row[5] for row in in_one_go["event"]}
    onsets = sorted(row[2] for row in in_one_go["event"])
    expected = [parse_ns(f"2010-05-27T16:{text}") for text in ("24:33.2", "26:59", "27:30")]
    assert len(onsets) == 3
    assert all(abs(found - answer) < 3 * NS_PER_S for found, answer in zip(onsets, expected, strict=True))
    assert n_stations <= {3, 4}


def test_record_by_record_gives_the_same_rows(tmp_path: Path, packets: list[Packet], in_one_go: Rows) -> None:
    assert rows_after(tmp_path, ([packet] for packet in packets)) == in_one_go


@pytest.mark.postgresql
def test_postgresql_holds_the_same_rows(postgresql_url: str, packets: list[Packet], in_one_go: Rows) -> None:
    assert rows_after(postgresql_url, [packets[:200], packets]) == in_one_go


def test_bytes_in_steps_of_512_give_the_same_rows(tmp_path: Path, packets: list[Packet], in_one_go: Rows) -> None:
    content = b"".join(packet.raw for packet in packets)

    def steps() -> Iterable[list[Packet]]:
        for offset in range(0, len(content), 512):
            found = mseed.split(content[offset : offset + 512], lambda *damage: pytest.fail(str(damage)))
            yield [mseed.decode(record.raw) for record in found]

    assert rows_after(tmp_path, steps()) == in_one_go


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_shuffled_between_channels_and_batched_at_random_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, packets: list[Packet], in_one_go: Rows, seed: int
) -> None:
    chance = random.Random(seed)
    streams = {source_id: [] for source_id in {packet.source_id for packet in packets}}
    for packet in packets:
        streams[packet.source_id].append(packet)
    waiting = [list(reversed(streams[source_id])) for source_id in sorted(streams)]
    shuffled = []
    while any(waiting):
        shuffled.append(chance.choice([stream for stream in waiting if stream]).pop())
    cuts = sorted(chance.sample(range(len(shuffled)), 12))
    batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    assert rows_after(tmp_path_factory.mktemp("shuffled"), batches) == in_one_go


def test_feeding_everything_again_changes_no_row(tmp_path: Path, packets: list[Packet], in_one_go: Rows) -> None:
    assert rows_after(tmp_path, [packets, packets]) == in_one_go


@pytest.mark.parametrize("cut", [100, 217, 300])
def test_a_restart_from_the_checkpoint_gives_the_same_rows(
    tmp_path: Path, packets: list[Packet], in_one_go: Rows, cut: int
) -> None:
    first = house_in(tmp_path)
    pipeline = first.pipeline()
    pipeline.feed(packets[:cut])
    pipeline.checkpoint()
    pipeline.feed(packets[cut : cut + 60])  # archived and detected on, but not in the checkpoint
    first.store.close()
    second = house_in(tmp_path)
    detector = Detector(Settings().detection)
    with second.store.read() as snapshot:
        detector.restore(queries.detector_states(snapshot, "run/test"))
        saved = queries.recent_picks(snapshot, "run/test", 0)
    associator, locator = Associator(Settings().association, SITES), Locator(Settings().location, SITES)
    pipeline = Pipeline(detector, associator, locator, second.store, "run/test")
    pipeline.warm(saved)
    pipeline.feed(packets[cut - 50 :])
    assert second.rows() == in_one_go
    second.store.close()


def test_a_store_that_is_away_costs_nothing(
    tmp_path: Path, packets: list[Packet], in_one_go: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_in(tmp_path)
    pipeline = house.pipeline()
    pipeline.feed(packets[:10])

    def away(store: Store, work: Callable[[UnitOfWork], Any]) -> Any:
        raise StoreError("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "run", away)
        for packet in packets[10:250]:
            with pytest.raises(StoreError):
                pipeline.feed([packet], {"server": {"BW.UH1": Cursor(7, packet.next_ns)}})
    pipeline.feed(packets[250:])
    assert house.rows() == in_one_go
    with house.store.read() as snapshot:
        assert queries.cursors(snapshot, "server") == {"BW.UH1": Cursor(7, packets[249].next_ns)}
    house.store.close()


def dump(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with store.read() as snapshot:
        return {
            table.name: sorted(tuple(row) for row in snapshot.execute(select(table)))
            for table in tables.metadata.sorted_tables
        }


def test_the_same_replay_twice_changes_only_its_run(tmp_path: Path, packets: list[Packet]) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "all.mseed").write_bytes(b"".join(packet.raw for packet in packets))
    house = house_in(tmp_path)
    pipeline = house.pipeline(folder)
    pipeline.feed(packets)
    pipeline.finish()
    live = house.rows()
    configured = Settings(station=demo_sites())
    first = replay(configured, find_sources([folder], folder), house.store)
    before = dump(house.store)
    second = replay(configured, find_sources([folder], folder), house.store)
    after = dump(house.store)
    assert first.run_id == second.run_id
    assert {name for name in before if before[name] != after[name]} <= {"run", "change"}
    with house.store.read() as snapshot:  # which of two ways few channels were filtered, whose last bits differ
        engines = {row.run_id: row.engine for row in queries.runs(snapshot)}
    assert engines == {"run/test": "tiles", first.run_id: "rows"}
    # the live run's rows are untouched, and the replay found the very same
    for name, rows in live.items():
        assert [row for row in after[name] if row[0] == "run/test"] == rows
        replayed = [row[1:] for row in after[name] if row[0] == first.run_id]
        assert replayed == [row[1:] for row in rows]
    # its stations have their names, and none of them came into the live network's table
    with house.store.read() as snapshot:
        assert queries.station_ids(snapshot) == []
        newest = queries.events(snapshot, run_id=first.run_id)[0]
        detail = queries.event(snapshot, newest.public_id, run_id=first.run_id)
    assert detail is not None
    names = {row.pick.source_id.station_id: row.station_name for row in detail.arrivals}
    assert names["BW.UH1"] == "Unterhaching 1"
    house.store.close()
