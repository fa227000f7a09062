"""Records that come faster than detection takes them: the archive does not wait, and nothing is missed in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from acquisition.archive import Archive
from acquisition.recorder import Recorder
from acquisition.server import Ring, SeedLinkServer
from configs import load
from database.store import Store
from houfeng.demo_records import builtin_recording, schedule
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import Packet, SourceId, Span
from stations.health import HealthMonitor
from stations.settings import HealthSettings
from tests.faults.failing_archive import packet
from tests.faults.test_kill import archived, ids_of, write_config
from tests.plugins.daemon import ask, daemon, free_port, wait_for

# Four times round the loop of 230 s: twelve earthquakes, 3 MB.
_DATA_NS = 920 * NS_PER_S


class Given:
    """A source that supplies the batches it was given."""

    def __init__(self, batches: list[list[Packet]]) -> None:
        self._batches = batches

    def packets(self) -> Iterator[list[Packet]]:
        yield from self._batches

    def close(self) -> None:
        self._batches = []


def test_the_archive_goes_on_when_nobody_takes(tmp_path: Path) -> None:
    """Room for 20 of 400 records, which come one by one from two stations; one of them has a gap."""
    seconds = [*range(100), *range(150, 250)]
    sent = [packet(second, station) for second in seconds for station in ("AAA", "BBB")]
    archive = Archive(tmp_path / "archive")
    recorder = Recorder(archive, [("given", Given([[one] for one in sent]))], 20 * 512)
    recorder.start()

    def n_seen_to() -> int:
        left_out = [*recorder.passed._done, *recorder.passed._open.values()]
        return recorder.archived.n_bytes // 512 + sum(each.n_records for each in left_out)

    wait_for("all archived, and handed on or passed over", lambda: n_seen_to() == len(sent), 60)
    taken = [one for _, batch in recorder.stop() for one in batch]
    archive.close()
    assert sorted(archived(tmp_path)) == sorted(one.raw for one in sent)
    assert len(taken) == 20
    passed = recorder.passed.take()
    assert sum(each.n_records for each in passed) == len(sent) - len(taken)
    for station in ("AAA", "BBB"):
        mine = [each for each in passed if each.source_id == SourceId("XX", station, "00", "HHZ")]
        assert [each.server for each in mine] == ["given", "given"]
        first, second = mine
        assert first.start_ns == max(one.next_ns for one in taken if one.source_id.station == station)
        assert (second.start_ns, second.end_ns) == (packet(150).start_ns, packet(250).start_ns)
        assert first.end_ns == packet(100).start_ns
    assert recorder.passed.take() == []


def test_time_that_was_passed_over_is_no_gap_in_a_stations_health() -> None:
    packets = [packet(second) for second in range(600)]
    limits = HealthSettings()
    seen, covered = HealthMonitor(limits), HealthMonitor(limits)
    seen.observe(packets)
    covered.observe(packets[:100])
    adjoining = packets[100:500]
    span = Span(adjoining[0].start_ns, adjoining[-1].next_ns, 100.0)
    covered.cover(packets[0].source_id, span, 0, len(adjoining))
    covered.observe(packets[500:])
    now = packets[-1].next_ns + NS_PER_S
    (of_seen,), (of_covered,) = seen.evaluate(now), covered.evaluate(now)
    assert of_covered.channels[0].metrics.num_gaps == of_seen.channels[0].metrics.num_gaps == 0
    assert of_covered == of_seen


def test_a_flood_is_archived_at_once_and_detected_on_in_the_end(tmp_path: Path) -> None:
    """The daemon's queues hold a third of what the server has for it."""
    ring = Ring()
    start_ns = now_ns() - 2 * _DATA_NS
    sent: list[bytes] = []
    for timed in schedule(builtin_recording(), start_ns, 1.0):
        if timed.end_ns > start_ns + _DATA_NS:
            break
        sent.append(timed.raw)
        ring.append(timed.raw)
    port = free_port()
    with SeedLinkServer("127.0.0.1", 0, ring) as server:
        config = write_config(tmp_path, server.port)
        text = config.read_text().replace("[daemon]", f"[daemon]\nqueue_mib = 1\nprobe_port = {port}")
        config.write_text(text)
        with daemon(config) as running:
            wait_for("all in the archive", lambda: len(archived(tmp_path)) == len(sent), shown=running.log_path)
            expected = replayed(tmp_path)
            wait_for("all detected on", lambda: ids_of(tmp_path, None) == expected, shown=running.log_path)
            _, metrics = ask(port, "/metrics")
            assert running.stop() == 0
    assert len(expected[1]) == 12
    assert sorted(archived(tmp_path)) == sorted(sent)
    (line,) = [line for line in metrics.splitlines() if line.startswith("houfeng_passed_over_records_total ")]
    assert float(line.split()[1]) > 0


def replayed(folder: Path) -> tuple[set[str], set[str]]:
    """Ids of the picks and events that a replay finds in the archive."""
    settings = load(folder / "houfeng.toml")
    other = folder / "other"
    other.mkdir()
    (other / "houfeng.toml").write_text((folder / "houfeng.toml").read_text())
    store = Store.open(load(other / "houfeng.toml").database.url)
    run = replay(settings, find_sources([folder / "archive"], folder / "archive"), store)
    store.close()
    return ids_of(other, run.run_id)
