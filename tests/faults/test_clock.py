"""The computer's clock is set while records stream: nothing is lost, dropped, stormed or left undone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import day_path
from acquisition.records import pack
from acquisition.server import Ring, SeedLinkServer
from configs import load
from database import queries
from database.records import StationRow
from database.store import Store
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from stations.health import State
from tests.plugins.daemon import DaemonProcess, daemon, wait_for
from tests.plugins.faketime import WallClock
from tests.plugins.proxy import FaultProxy

pytestmark = pytest.mark.faketime

CHANNEL = SourceId("XX", "TEST", "00", "HHZ")
HOUR_S, DAY_S = 3600, 86_400
# The last midnight but one, and the true clock set back to 30 s before it: records are right when they come.
MIDNIGHT_NS = (now_ns() // (DAY_S * NS_PER_S) - 1) * DAY_S * NS_PER_S
REPORT_S = 0.5


def record(second: int) -> bytes:
    """One second of noise, so many seconds after midnight."""
    samples = np.random.default_rng(abs(second)).integers(-100, 100, 100, dtype=np.int32)
    return pack(CHANNEL, MIDNIGHT_NS + second * NS_PER_S, 100.0, samples)[0]


@dataclass
class Watched:
    """A daemon with a clock of its own, the server that it listens to, and what was sent."""

    process: DaemonProcess
    clock: WallClock
    ring: Ring
    proxy: FaultProxy
    store: Store
    true_offset_s: int
    sent: list[bytes] = field(default_factory=list)

    def set_clock(self, wrong_s: int) -> None:
        """Let the daemon's clock be wrong by so many seconds."""
        self.clock.set(self.true_offset_s + wrong_s)

    def clock_ns(self) -> int:
        """What the daemon takes for now."""
        return now_ns() + self.clock.offset_s * NS_PER_S

    def send(self, *seconds: int) -> None:
        """Records of these seconds come; returns when they are archived, each in the file of its own day."""
        for second in seconds:
            self.sent.append(record(second))
            self.ring.append(self.sent[-1])
        expected: dict[Path, bytes] = {}
        for raw in self.sent:
            path = day_path(self.process.config.parent / "archive", CHANNEL, mseed.decode(raw).start_ns)
            expected[path] = expected.get(path, b"") + raw
        wait_for(
            "records in the files of their days",
            lambda: {path: path.read_bytes() for path in expected if path.exists()} == expected,
            shown=self.process.log_path,
        )

    def row(self) -> StationRow:
        with self.store.read() as snapshot:
            (row,) = queries.stations(snapshot)
        return row

    def reports_per_interval(self) -> float:
        """Watch the reports, from the first that was made by the clock as it is, until one more has come at least."""
        wait_for(
            "a report by the clock as it is",
            lambda: abs((self.row().evaluated_ns or 0) - self.clock_ns()) < 10 * NS_PER_S,
            shown=self.process.log_path,
        )
        seen = {self.row().evaluated_ns}
        began = time.monotonic()

        def two_came_in_a_while() -> bool:
            seen.add(self.row().evaluated_ns)
            return len(seen) >= 2 and time.monotonic() - began > 6 * REPORT_S

        wait_for("another report", two_came_in_a_while, shown=self.process.log_path)
        return (len(seen) - 1) * REPORT_S / (time.monotonic() - began)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    clock = WallClock(tmp_path)
    true_offset_s = (MIDNIGHT_NS - now_ns()) // NS_PER_S - 30
    clock.set(true_offset_s)
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server, FaultProxy(server.port) as proxy:
        config = tmp_path / "houfeng.toml"
        config.write_text(
            f'[[seedlink]]\nname = "up"\naddress = "127.0.0.1:{proxy.port}"\nstreams = ["XX.TEST.00.HHZ"]\n'
            "keepalive_s = 1.0\nidle_timeout_s = 20.0\n"
            f"[web]\nenabled = false\n[daemon]\nreport_interval_s = {REPORT_S}\ncheckpoint_interval_s = 1.0\n"
            "[archive]\nballast_mib = 0\nmin_free_mib = 0\n"
        )
        with closing(Store.open(load(config).database.url)) as store, daemon(config, clock.environment) as process:
            process.wait_for_log("connected to")
            yield Watched(process, clock, ring, proxy, store, true_offset_s)


def test_a_clock_that_is_set_while_records_stream_costs_nothing(watched: Watched) -> None:
    watched.true_offset_s += 60  # records ahead of the clock that is right would not move the time of the cursor
    watched.set_clock(0)
    watched.send(*range(-20, -15))
    second = -15
    for wrong_s in (HOUR_S, 0, -HOUR_S, DAY_S, 0, -23 * HOUR_S, 15 * 365 * DAY_S, 0):
        watched.set_clock(wrong_s)
        watched.send(*range(second, second + 5))  # the fourth step goes over midnight
        second += 5
        # neither none, in two minutes, nor a storm
        assert 0 < watched.reports_per_interval() < 1.5, f"{wrong_s} s: {watched.process.log}"
    watched.process.wait_for_log("this computer's clock was set by", 8)
    assert watched.process.stop() == 0
    assert watched.proxy.n_connections == 1, watched.process.log
    assert "kept long enough" not in watched.process.log  # 15 years ahead, nothing was
    with watched.store.read() as snapshot:
        cursor = queries.cursors(snapshot, "up")["XX.TEST"]
    assert cursor.sequence == len(watched.sent)
    assert cursor.last_ns == MIDNIGHT_NS + second * NS_PER_S


def test_health_says_that_data_are_in_the_future_while_the_clock_is_slow(watched: Watched) -> None:
    watched.send(*range(-20, -15))
    watched.set_clock(-HOUR_S)
    watched.send(*range(-15, -10))
    wait_for("BAD", lambda: watched.row().state is State.BAD, shown=watched.process.log_path)
    assert "ahead, limit 60 s" in watched.row().reason
    watched.set_clock(0)
    watched.send(*range(-10, -5))
    wait_for("no data ahead", lambda: "ahead" not in watched.row().reason)
    assert watched.row().state is not State.UNKNOWN
    assert watched.process.stop() == 0


def test_the_clock_is_stepped_to_and_fro_over_midnight_between_two_records(watched: Watched) -> None:
    for second in range(-10, 10):
        watched.set_clock(60 if second % 2 else -60)
        watched.send(second)
    files = sorted(path.name for path in (watched.process.config.parent / "archive").glob("2*/*/*/*/*"))
    assert len(files) == 2
    assert watched.process.stop() == 0
    assert watched.proxy.n_connections == 1
