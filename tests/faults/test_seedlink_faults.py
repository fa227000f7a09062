"""Bad links and bad servers: nothing is lost that the server still has, and nothing is archived twice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.records import pack
from acquisition.seedlink import Phase, SeedLinkSource
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import SeedLinkSettings
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from tests.plugins.proxy import Fault, FaultProxy

# Half an hour ago: version 3 still trusts its numbers.
START_NS = now_ns() // NS_PER_S * NS_PER_S - 1800 * NS_PER_S


def record(second: int, station: str = "TEST") -> bytes:
    samples = np.random.default_rng(second).integers(-100, 100, 100, dtype=np.int32)
    source_id = SourceId("XX", station, "00", "HHZ")
    return pack(source_id, START_NS + second * NS_PER_S, 100.0, samples)[0]


RECORDS = [record(second) for second in range(400)]


class Receiver:
    """A source whose packets go into a real archive, by a thread."""

    def __init__(self, source: SeedLinkSource, archive: Archive) -> None:
        self.source = source
        self._archive = archive
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for batch in self.source.packets():
            self._archive.append(batch)

    def stop(self) -> None:
        self.source.close()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def archived(self) -> Counter[bytes]:
        content = [path.read_bytes() for path in sorted(self._archive.root.rglob("*.D.*"))]
        return Counter(found.raw for one in content for found in mseed.split(one, lambda *damage: None))

    def lost_and_doubled(self, expected: list[bytes]) -> tuple[int, int]:
        """How many of these records are not in the archive, and how many are there too often, or are none of these."""
        archived = self.archived()
        return (Counter(expected) - archived).total(), (archived - Counter(expected)).total()

    def wait_for(self, expected: list[bytes], seconds: float = 120) -> None:
        """Until every record is there once, or the time is over: what came of it is for the test to say."""
        until = time.monotonic() + seconds
        while self.archived() != Counter(expected) and time.monotonic() < until:
            time.sleep(0.05)

    def wait_until(self, what: Callable[[], bool], seconds: float) -> float:
        began = time.monotonic()
        while not what():
            assert time.monotonic() - began < seconds, self.source.state
            time.sleep(0.05)
        return time.monotonic() - began


@contextmanager
def receiving(folder: Path, address: str, **changes: float) -> Iterator[Receiver]:
    archive = Archive(folder / "archive")
    limits = {"retry_min_s": 0.05, **changes}
    settings = SeedLinkSettings("test", address, ("XX.*.*.HHZ",), **limits)  # type: ignore[arg-type]
    receiver = Receiver(SeedLinkSource(settings, {}, archive.quarantine), archive)
    try:
        yield receiver
    finally:
        receiver.stop()
        archive.close()


def filled(records: list[bytes], first_sequence: int = 1) -> Ring:
    ring = Ring(first_sequence=first_sequence)
    for raw in records:
        ring.append(raw)
    return ring


@pytest.mark.parametrize(
    ("kind", "only_v3"),
    [*((kind, False) for kind in ("cut", "garbage", "duplicate", "reorder", "delay")), ("cut", True), ("delay", True)],
)
def test_a_bad_link_costs_nothing(tmp_path: Path, kind: str, only_v3: bool) -> None:
    faults = [Fault(kind, after_bytes) for after_bytes in (700, 5_000, 40_000, 100_000)]  # type: ignore[arg-type]
    with (
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS)) as server,
        FaultProxy(server.port, faults, only_v3=only_v3) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}") as receiver,
    ):
        receiver.wait_for(RECORDS)
        assert receiver.lost_and_doubled(RECORDS) == (0, 0)
        assert proxy.n_connections > 1 or kind in ("delay", "duplicate", "reorder")


def test_a_stalled_link_is_left_and_nothing_is_lost(tmp_path: Path) -> None:
    with (
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS)) as server,
        FaultProxy(server.port, [Fault("stall", 30_000)]) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}", keepalive_s=0.5, idle_timeout_s=1.5) as receiver,
    ):
        receiver.wait_for(RECORDS)
        assert receiver.lost_and_doubled(RECORDS) == (0, 0)
        assert proxy.n_connections >= 2


def test_a_ring_shorter_than_the_outage_gives_all_it_holds(tmp_path: Path) -> None:
    ring = Ring(max_bytes=200 * 512)
    for raw in RECORDS[:50]:
        ring.append(raw)
    with (
        SeedLinkServer("127.0.0.1", 0, ring) as server,
        FaultProxy(server.port) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}", retry_min_s=1.0) as receiver,
    ):
        receiver.wait_for(RECORDS[:50])
        assert receiver.lost_and_doubled(RECORDS[:50]) == (0, 0)
        proxy.server_port = 1  # nobody there
        proxy.drop()
        for raw in RECORDS[50:]:
            ring.append(raw)
        proxy.server_port = server.port
        receiver.wait_for(RECORDS[:50] + RECORDS[200:])
        assert receiver.lost_and_doubled(RECORDS[:50] + RECORDS[200:]) == (0, 0)


@pytest.mark.parametrize("only_v3", [False, True])
def test_new_numbers_that_have_passed_ours_are_found(tmp_path: Path, only_v3: bool) -> None:
    with (
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS[:50])) as first,
        SeedLinkServer("127.0.0.1", 0, filled(RECORDS[50:])) as second,  # numbers 1 to 350
        FaultProxy(first.port, only_v3=only_v3) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}") as receiver,
    ):
        receiver.wait_for(RECORDS[:50])
        assert receiver.lost_and_doubled(RECORDS[:50]) == (0, 0)
        time.sleep(0.1)
        proxy.server_port = second.port
        proxy.drop()
        receiver.wait_for(RECORDS)
        assert receiver.lost_and_doubled(RECORDS) == (0, 0)


def test_numbers_of_version_3_wrap(tmp_path: Path) -> None:
    ring = filled(RECORDS[:20], first_sequence=(1 << 24) - 20)  # the next is 0
    with (
        SeedLinkServer("127.0.0.1", 0, ring) as server,
        FaultProxy(server.port, only_v3=True) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}") as receiver,
    ):
        receiver.wait_for(RECORDS[:20])
        assert receiver.lost_and_doubled(RECORDS[:20]) == (0, 0)
        for first in range(20, 60, 10):
            proxy.drop()
            for raw in RECORDS[first : first + 10]:
                ring.append(raw)
            receiver.wait_for(RECORDS[: first + 10])
            assert receiver.lost_and_doubled(RECORDS[: first + 10]) == (0, 0)


def test_a_station_far_behind_loses_nothing(tmp_path: Path) -> None:
    old = [record(second, "OLD") for second in range(40)]
    ring = filled([*old[:10], *RECORDS[:100]])
    with (
        SeedLinkServer("127.0.0.1", 0, ring) as server,
        FaultProxy(server.port) as proxy,
        receiving(tmp_path, f"127.0.0.1:{proxy.port}") as receiver,
    ):
        receiver.wait_for(old[:10] + RECORDS[:100])
        assert receiver.lost_and_doubled(old[:10] + RECORDS[:100]) == (0, 0)
        proxy.drop()
        for raw in [*RECORDS[100:], *old[10:]]:
            ring.append(raw)
        receiver.wait_for(old + RECORDS)
        assert receiver.lost_and_doubled(old + RECORDS) == (0, 0)


_SERVER = """
import sys
import threading
from acquisition.server import Ring, SeedLinkServer
ring, data = Ring(), sys.stdin.buffer.read()
for at in range(0, len(data), 512):
    ring.append(data[at : at + 512])
with SeedLinkServer(sys.argv[1], int(sys.argv[2]), ring) as server:
    print(server.port, flush=True)
    threading.Event().wait()
"""


@contextmanager
def server_process(records: list[bytes], *before: str, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A server in a process of its own, killed without mercy at the end; its port."""
    command = [*before, sys.executable, "-c", _SERVER, host, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"".join(records))
        process.stdin.close()
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def test_a_killed_server_that_forgot_its_ring(tmp_path: Path) -> None:
    with FaultProxy(1) as proxy, receiving(tmp_path, f"127.0.0.1:{proxy.port}", retry_max_s=0.2) as receiver:
        for first, end in ((0, 100), (90, 300), (300, 400)):
            with server_process(RECORDS[first:end]) as port:
                proxy.server_port = port
                receiver.wait_for(RECORDS[:end])
                assert receiver.lost_and_doubled(RECORDS[:end]) == (0, 0)


@pytest.mark.root
def test_a_half_open_link_is_found_within_thirty_seconds(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    # of this process alone: another run of the tests beside this one has its own
    name, network = f"hf{os.getpid()}", f"10.{200 + os.getpid() // 250 % 50}.{os.getpid() % 250}"
    there, here = f"{network}.2", f"{network}.1"

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    ip("netns", "add", name)
    try:
        ip("link", "add", f"{name}a", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", f"{here}/30", "dev", f"{name}a")
        ip("link", "set", f"{name}a", "up")
        ip("-n", name, "addr", "add", f"{there}/30", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        with (
            server_process(RECORDS[:20], "ip", "netns", "exec", name, host=there, port=18000) as port,
            receiving(tmp_path, f"{there}:{port}") as receiver,
        ):
            receiver.wait_for(RECORDS[:20])
            assert receiver.lost_and_doubled(RECORDS[:20]) == (0, 0)
            ip("-n", name, "link", "set", "eth0", "down")  # no FIN, no RST: the other side is just not there
            took_s = receiver.wait_until(lambda: receiver.source.state.phase is Phase.WAITING, 30)
            assert took_s > 5  # nothing else told us
            ip("-n", name, "link", "set", "eth0", "up")
            receiver.wait_until(lambda: receiver.source.state.phase is Phase.STREAMING, 120)
    finally:
        ip("netns", "del", name)
