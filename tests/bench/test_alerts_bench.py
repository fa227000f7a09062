"""What a look at a thousand stations costs, and the loss of all of them at once: status, its saving, and alerts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from database.store import Store
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId
from stations.alerts.alert import Group
from stations.alerts.book import AlertBook, Changes
from stations.alerts.scene import Scene, ServerSight
from stations.alerts.settings import AlertSettings
from stations.alerts.words import Kind
from stations.health import HealthMonitor, State, StationStatus
from stations.health.metadata import Metadata
from stations.inventory import ChannelEpoch, Inventory
from stations.settings import HealthSettings

pytestmark = pytest.mark.bench

N_STATIONS = 1000
LOOK_S = 5
T0_NS = 1_700_000_000 * NS_PER_S
NAMES = [f"XX.S{n:04}" for n in range(N_STATIONS)]
# As four servers with the default share would have them.
SCENE = Scene(
    {name: (Group(Kind.SERVER, f"server{n % 4}"),) for n, name in enumerate(NAMES)},
    {f"server{n}": ServerSight(True) for n in range(4)},
)
GONE = Scene(SCENE.groups, {name: ServerSight(False, "connection refused") for name in SCENE.servers})


def watching() -> HealthMonitor:
    """A monitor of three channels of 20 Hz at each station, described by StationXML, after two minutes of data."""
    channels = [SourceId("XX", name[3:], "00", code) for name in NAMES for code in ("BHE", "BHN", "BHZ")]
    monitor = HealthMonitor(HealthSettings(), wanted=channels)
    epochs = tuple(ChannelEpoch(each, 0, None, 43, 77, 700, 0, 0, -90, 20, 6e8, "M/S") for each in channels)
    monitor.metadata = Metadata(Inventory({}, epochs))
    samples = np.random.default_rng(0).integers(-1000, 1000, 2400).astype(np.int32)
    end_ns = T0_NS + 120 * NS_PER_S
    monitor.observe(Packet(each, T0_NS, 20.0, samples, b"", 100, None, end_ns) for each in channels)
    return monitor


def cpu_ms(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return 1000 * (time.process_time() - began_s)


def test_a_look_at_a_thousand_stations(tmp_path: Path) -> None:
    monitor, store = watching(), Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    book = AlertBook(AlertSettings())
    spent: dict[str, list[float]] = {"status": [], "saving": [], "alerts": []}
    statuses: list[StationStatus] = []

    def look(second: int) -> None:
        statuses[:] = monitor.evaluate(T0_NS + second * NS_PER_S)

    def save() -> None:
        with store.begin() as unit:
            unit.save_statuses(statuses)

    for second in range(122, 162, LOOK_S):
        spent["status"].append(cpu_ms(lambda second=second: look(second)))  # type: ignore[misc]
        spent["saving"].append(cpu_ms(save))
        at_ns = T0_NS + second * NS_PER_S
        spent["alerts"].append(cpu_ms(lambda at_ns=at_ns: book.evaluate(statuses, at_ns, SCENE)))  # type: ignore[misc]
    store.close()
    assert {status.state for status in statuses} == {State.OK} and book.open_alerts == ()
    least = {name: min(times) for name, times in spent.items()}
    share = sum(least.values()) / (1000 * LOOK_S)
    print("; ".join(f"{name} {ms:.0f} ms" for name, ms in least.items()), f"= {share:.1%} of a core each {LOOK_S} s")
    assert share < 0.5


def test_a_thousand_stations_lost_at_once() -> None:
    """They come late one after the other within a minute, behind four servers that are gone; then they are back."""
    monitor, book = watching(), AlertBook(AlertSettings())
    (good, *_), spent = [monitor.evaluate(T0_NS + second * NS_PER_S) for second in (122, 127)], []
    late = [channel_late(status) for status in good]
    changes: list[Changes] = []
    for second in range(0, 400, LOOK_S):
        n_lost = 0 if second >= 300 else min(N_STATIONS, N_STATIONS * second // 60)
        at_ns = T0_NS + (130 + second) * NS_PER_S
        seen = [replace(each, since_ns=at_ns) for each in late[:n_lost]] + good[n_lost:]
        spent.append(cpu_ms(lambda: changes.append(book.evaluate(seen, at_ns, GONE))))  # noqa: B023
    actions = [str(step.action) for each in changes for step in each.steps]
    children = {len(alert.children) for each in changes for alert in each.alerts if alert.closed_ns is not None}
    print(
        f"alerts while {N_STATIONS} stations go and return: most {max(spent):.0f} ms a look, mean {np.mean(spent):.0f}"
    )
    assert actions == ["opened"] * 4 + ["closed"] * 4 and children == {N_STATIONS // 4}
    assert max(spent) < 2000


def channel_late(status: StationStatus) -> StationStatus:
    """The station as it is once its data are late."""
    channels = tuple(
        replace(
            channel,
            state=State.BAD,
            readings=tuple(
                replace(each, state=State.BAD, reason="late") if each.rule == "total_latency" else each
                for each in channel.readings
            ),
        )
        for channel in status.channels
    )
    return replace(status, state=State.BAD, reason="late", channels=channels)
