"""The archive as the spool of detection: whatever is not saved is found there again, with the same picks and events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.daemon.detection import SessionDetection
from acquisition.daemon.link import StoreLink
from configs import Settings
from database import queries
from database.store import Store
from detection.inspection.settings import InspectionSettings
from houfeng.demo import demo_sites
from houfeng.demo_records import builtin_recording, schedule
from houfeng.network import load_network
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Cursor, Packet
from tests.plugins.daemon import wait_for
from tests.plugins.postgresql import PostgreSQLServer

RUN_ID = "run/test"
SETTINGS = Settings(station=demo_sites())
LOOP_NS = 230 * NS_PER_S

Found = tuple[set[object], set[object]]


@pytest.fixture(scope="module")
def packets() -> list[Packet]:
    """Twice round the demo's loop: six earthquakes."""
    start_ns = now_ns() - 4 * LOOP_NS
    found: list[Packet] = []
    for record in schedule(builtin_recording(), start_ns, 5.0):
        if record.end_ns > start_ns + 2 * LOOP_NS:
            break
        found.append(mseed.decode(record.raw))
    return found


@dataclass
class House:
    """An archive, a store, and one detection after another between them."""

    folder: Path
    url: str
    go_on: Callable[[], bool] = lambda: True
    settings: Settings = SETTINGS
    archive: Archive = field(init=False)

    def __post_init__(self) -> None:
        self.archive = Archive(self.folder / "archive")
        self.begin()

    def begin(self) -> None:
        """As after a start of the process: nothing is known but what is on disks."""
        self.store = Store.at(self.url, retry_s=0)
        self.link = StoreLink(self.store)
        self.link.prepare()
        self.detection = SessionDetection(
            self.settings,
            load_network(self.settings),
            self.archive,
            self.store,
            self.link,
            RUN_ID,
            lambda: self.go_on(),
        )
        self.detection.join()

    def end(self) -> None:
        """As a kill: nothing more is saved."""
        self.link.close()
        self.store.close()

    def receive(self, packets: list[Packet]) -> None:
        """Archive, and hand on, in batches of 40."""
        for first in range(0, len(packets), 40):
            batch = packets[first : first + 40]
            self.archive.append(batch)
            self.archive.sync()
            self.detection.feed(batch, {"server": {"BW.UH1": Cursor(first, batch[-1].next_ns)}})

    def rejoin(self) -> None:
        """Once the store has answered."""
        wait_for("the store answers", lambda: self.link.is_worth_trying)
        self.detection.join()

    def found(self) -> Found:
        with self.store.read() as snapshot:
            picks = {row.pick for row in queries.picks(snapshot, run_id=RUN_ID)}
            events = {(row.public_id, row.n_picks) for row in queries.events(snapshot, run_id=RUN_ID)}
        return picks, events


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, packets: list[Packet]) -> Found:
    folder = tmp_path_factory.mktemp("undisturbed")
    house = House(folder, f"sqlite:///{folder}/houfeng.db")
    house.receive(packets)
    found = house.found()
    house.end()
    house.archive.close()
    assert len(found[1]) == 6
    return found


@pytest.fixture
def house(tmp_path: Path, postgresql_url: str) -> Iterator[House]:
    made = House(tmp_path, postgresql_url)
    yield made
    made.end()
    made.archive.close()


pytestmark = pytest.mark.postgresql


@pytest.mark.parametrize("limit", [0, 5, 20_000])
def test_picks_beyond_a_limit_are_left_to_the_archive(
    house: House,
    packets: list[Packet],
    undisturbed: Found,
    postgresql_server: PostgreSQLServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    limit: int,
) -> None:
    monkeypatch.setattr("acquisition.daemon.detection.MAX_UNSAVED_PICKS", limit)
    third = len(packets) // 3
    with caplog.at_level(logging.WARNING):
        house.receive(packets[:third])
        postgresql_server.stop("immediate")
        house.receive(packets[third : 2 * third])
        postgresql_server.start()
        house.rejoin()
        house.receive(packets[2 * third :])
    assert house.found() == undisturbed
    assert ("left to the archive" in caplog.text) == (limit < 20_000)
    with house.store.read() as snapshot:
        assert queries.cursors(snapshot, "server")["BW.UH1"].last_ns == packets[-1].next_ns


def test_streams_that_appear_while_the_database_is_away(
    house: House, packets: list[Packet], undisturbed: Found, postgresql_server: PostgreSQLServer
) -> None:
    house.end()
    postgresql_server.stop("immediate")
    house.begin()
    house.receive(packets[:200])  # the first of all: no state was ever saved
    assert not house.link.state.up
    postgresql_server.start()
    house.rejoin()
    house.receive(packets[200:])
    assert house.found() == undisturbed


def test_what_is_received_while_the_archive_is_read_again_is_not_missed(
    house: House, packets: list[Packet], undisturbed: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acquisition.daemon.restore._CATCH_UP_PACKETS", 15)
    house.receive(packets[:80])
    house.detection.checkpoint()
    house.archive.append(packets[80:300])
    house.end()
    waiting = packets[300:]

    def receive_more() -> bool:
        part, waiting[:20] = waiting[:20], []
        house.receive(part)
        return True

    house.go_on = receive_more
    house.begin()
    assert len(waiting) < len(packets) - 400
    house.receive(waiting)
    assert house.found() == undisturbed


def test_an_end_in_the_middle_of_catching_up(
    house: House, packets: list[Packet], undisturbed: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acquisition.daemon.restore._CATCH_UP_PACKETS", 15)
    house.receive(packets[:80])
    house.detection.checkpoint()
    house.archive.append(packets[80:300])
    for n_parts in (3, 7, 11):
        house.end()
        left = iter(range(n_parts))
        house.go_on = lambda left=left: next(left, None) is not None  # type: ignore[misc]
        house.begin()
        house.receive(packets[300:301])
    house.end()
    house.go_on = lambda: True
    house.begin()
    house.receive(packets[301:])
    assert house.found() == undisturbed


def test_where_all_links_fall_silent_an_event_does_not_wait_for_ever(tmp_path: Path, packets: list[Packet]) -> None:
    """Data end behind P, before S can be read: data time never comes to where the event is looked at."""
    settings = replace(SETTINGS, inspection=InspectionSettings(wait_s=0.5))
    house = House(tmp_path, f"sqlite:///{tmp_path}/houfeng.db", settings=settings)
    first_ns = packets[0].start_ns
    house.receive([packet for packet in packets if packet.next_ns < first_ns + 36 * NS_PER_S])

    def n_measured() -> int:
        house.detection.look()
        with house.store.read() as snapshot:
            (event,) = queries.events(snapshot, run_id=RUN_ID)
            detail = queries.event(snapshot, event.public_id, run_id=RUN_ID)
        assert detail is not None
        return len(detail.station_magnitudes)

    assert n_measured() == 0
    wait_for("the event is looked at", lambda: n_measured() > 0)
    house.end()
    house.archive.close()
