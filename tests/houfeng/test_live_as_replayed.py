"""The same events live and in a replay, to the ids and figures: Ridgecrest and Corinth, as links and restarts mix them.

What is compared is every row of picks, events, origins, arrivals and magnitudes. The history is not: it has the wall
clock and what was known when, of which the last state alone must be the event's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import obspy
import pytest

from acquisition.replay import ReplaySource, find_files
from configs import Settings
from database import queries
from database.store import Store
from houfeng.times import parse_ns
from houfeng.types import Packet
from stations.settings import SiteSettings
from tests.detection.inspection.test_inspector import CORINTH, corinth
from tests.houfeng.test_looking import House, Rows, delayed, live, replayed, shuffled

pytestmark = [pytest.mark.data, pytest.mark.filterwarnings("ignore:Sample spacing read from SAC")]


@dataclass
class Recording:
    """Records of some earthquakes, and what a replay makes of them."""

    settings: Settings
    metadata: Sequence[Path]
    packets: list[Packet]
    rows: Rows

    def house(self, folder: Path) -> House:
        return House(folder, self.settings, self.metadata)


def recording(settings: Settings, folder: Path, scratch: Path, end_ns: int | None = None) -> Recording:
    metadata = sorted(folder.glob("*.xml"))
    source = ReplaySource(find_files(folder), lambda raw, reason: None, end_ns=end_ns)
    packets = [packet for batch in source.packets() for packet in batch]
    return Recording(settings, metadata, packets, replayed(House(scratch, settings, metadata), folder, end_ns))


@pytest.fixture(scope="module")
def ridgecrest(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The M 7.1, what eleven stations saw 11 s before it, and the first shocks in its coda."""
    folder, scratch = shared_data("ridgecrest2019"), tmp_path_factory.mktemp("ridgecrest")
    return recording(Settings(), folder, scratch, parse_ns("2019-07-06T03:21:00"))


@pytest.fixture(scope="module")
def at_corinth(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The event of 2010-01-20, whose records begin and end at other times on every channel."""
    traces, sites, _ = corinth(shared_data("corinth2010"))
    folder, scratch = tmp_path_factory.mktemp("records"), tmp_path_factory.mktemp("corinth")
    for trace in traces:
        counts = obspy.Trace(np.rint(trace.data).astype(np.int32), trace.stats)
        counts.write(str(folder / f"{trace.id}.mseed"), format="MSEED", reclen=512)
    places = tuple(
        SiteSettings(code=name, latitude_deg=site.latitude_deg, longitude_deg=site.longitude_deg, elevation_m=0.0)
        for name, site in sites.items()
    )
    return recording(replace(Settings(), station=places, location=CORINTH), folder, scratch)


# On two busy cores a run of Ridgecrest takes half a minute.
@pytest.fixture(params=[pytest.param("ridgecrest", marks=pytest.mark.soak), "at_corinth"])
def recorded(request: pytest.FixtureRequest) -> Recording:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Recording)
    assert len(found.rows["origin"]) >= 1
    assert sum("S" in row for row in found.rows["pick"]) >= 3
    return found


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak), pytest.param(3, marks=pytest.mark.soak)])
def test_late_links_and_restarts_change_nothing_in_the_end(tmp_path: Path, recorded: Recording, seed: int) -> None:
    house, batches = recorded.house(tmp_path), delayed(recorded.packets, seed)
    cuts = sorted(random.Random(seed).sample(range(3, len(batches)), 3))
    assert live(house, batches, restarts=cuts) == recorded.rows
    assert_histories_end_with_the_events(house)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [4, 5])
def test_channels_in_any_order_change_nothing_in_the_end(tmp_path: Path, recorded: Recording, seed: int) -> None:
    house = recorded.house(tmp_path)
    assert live(house, shuffled(recorded.packets, seed)) == recorded.rows
    assert_histories_end_with_the_events(house)


def assert_histories_end_with_the_events(house: House) -> None:
    """Every event's last revision is the event; one that is gone names an event that was, or none."""
    store = Store.open(f"sqlite:///{house.folder / 'test.db'}")
    with store.read() as snapshot:
        everything = queries.events(snapshot, status="all")
        details = [queries.event(snapshot, row.public_id) for row in everything]
    store.close()
    known = {row.public_id for row in everything}
    assert known
    for row, detail in zip(everything, details, strict=True):
        assert detail is not None
        assert [each.number for each in detail.revisions] == list(range(1, len(detail.revisions) + 1))
        assert detail.revisions[-1].event == row
        assert row.successor is None or row.successor in known
