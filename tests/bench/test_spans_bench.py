"""What it costs to know what the archive holds: a record in the daemon, a database made anew, and the questions."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.records import pack
from database import holdings
from database.store import Store
from houfeng.indexing import ArchiveIndex
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId, Span

DAY_NS = 86_400 * NS_PER_S
START_NS = 1_700_006_400 * NS_PER_S  # midnight
N_CHANNELS = 60
N_DAYS = 5

pytestmark = pytest.mark.bench


def records(channel: int, n: int) -> list[Packet]:
    """So many seconds of 100 Hz noise, a record of 512 bytes each."""
    source_id = SourceId("XX", f"S{channel:03d}", "", "HHZ")
    samples = np.random.default_rng(channel).integers(-500, 500, (n, 100), dtype=np.int32)
    start_ns = START_NS + 3600 * NS_PER_S
    return [mseed.decode(pack(source_id, start_ns + k * NS_PER_S, 100.0, part)[0]) for k, part in enumerate(samples)]


def test_cost_of_a_record_and_of_a_new_database(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    by_channel = [records(channel, 400) for channel in range(N_CHANNELS)]
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    index = ArchiveIndex(root, store)
    archive = Archive(root)
    index.update()
    touching_s = updating_s = 0.0
    for part in range(0, 400, 40):  # as from minute to minute
        batch = [packet for packets in by_channel for packet in packets[part : part + 40]]
        archive.append(batch)
        began = time.process_time()
        index.touch(batch)
        touching_s += time.process_time() - began
        began = time.process_time()
        index.update()
        updating_s += time.process_time() - began
    archive.close()
    n = N_CHANNELS * 400
    print(f"\n{n} records: noted {touching_s / n * 1e6:.2f} us, indexed {updating_s / n * 1e6:.1f} us a record")
    anew = Store.open(f"sqlite:///{tmp_path}/anew.db")
    began = time.process_time()
    n_files = ArchiveIndex(root, anew).update()
    took_s = time.process_time() - began
    size = sum(path.stat().st_size for path in root.rglob("*.D.*"))
    print(f"made anew: {n_files} files, {n / took_s:.0f} records/s, {size / took_s / 1e6:.1f} MB/s of CPU time")
    began = time.process_time()
    assert ArchiveIndex(root, anew).update() == 0
    print(f"compared, nothing to read: {(time.process_time() - began) / n_files * 1e6:.0f} us a file")
    with store.read() as one, anew.read() as other:
        assert holdings.spans(one) == holdings.spans(other)
        assert len(holdings.spans(one)) == N_CHANNELS
    for opened in (store, anew):
        opened.close()


def test_questions_to_a_year_of_three_hundred_channels(tmp_path: Path) -> None:
    """A span a day and, on every tenth day, a gap: 120,600 rows."""
    store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
    streams = [SourceId("XX", f"S{n:04d}", "", "HHZ") for n in range(300)]
    began = time.monotonic()
    for first in range(0, 300, 100):
        files = {}
        for source_id in streams[first : first + 100]:
            for day in range(365):
                day_ns = START_NS + day * DAY_NS
                cut_ns = day_ns + DAY_NS // 2
                spans = [Span(day_ns, day_ns + DAY_NS, 100.0)]
                if day % 10 == 0:
                    spans = [Span(day_ns, cut_ns, 100.0), Span(cut_ns + 60 * NS_PER_S, day_ns + DAY_NS, 100.0)]
                files[source_id, day_ns] = ((1, 1, 1, 1, 1), spans)
        store.run(lambda unit, files=files: holdings.save(unit.connection, files))  # type: ignore[misc]
    print(f"\n109,500 files and 120,600 spans saved in {time.monotonic() - began:.0f} s", end="")
    print(f", {(tmp_path / 'houfeng.db').stat().st_size / 1e6:.0f} MB")
    with store.read() as snapshot:
        for what, ask in (
            ("newest 100 gaps of all", lambda: holdings.gaps(snapshot, limit=100)),
            ("newest 100 spans of all", lambda: holdings.spans(snapshot, limit=100)),
            ("all gaps of a station", lambda: holdings.gaps(snapshot, patterns=["XX.S0100.*.*"])),
        ):
            tracemalloc.start()
            began = time.process_time()
            found = ask()
            took_s = time.process_time() - began
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            print(f"{what}: {len(found)} in {took_s:.2f} s, {peak / 1e6:.1f} MB of Python's memory")
            assert found
    store.close()
