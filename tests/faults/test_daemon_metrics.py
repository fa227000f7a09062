"""A running daemon measures what it archives."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

import obspy

from acquisition.mseed import decode
from acquisition.server import Ring, SeedLinkServer
from database import day_checks, measures, metric_queries, noise_days
from database.measures import TABLES
from database.store import Store
from houfeng.times import parse_ns
from houfeng.types import SourceId
from tests.plugins.daemon import ask, daemon, free_port, record, wait_for

CONFIG = """[[seedlink]]
name = "test"
address = "127.0.0.1:{port}"
streams = ["XX.*.*.*"]
[web]
enabled = false
[daemon]
probe_port = {probe}
[metrics]
interval_s = 0.5
"""


def test_records_become_rows(tmp_path: Path) -> None:
    probe = free_port()
    with ExitStack() as stack:
        server = stack.enter_context(SeedLinkServer("127.0.0.1", 0, ring := Ring()))
        config = tmp_path / "houfeng.toml"
        config.write_text(CONFIG.format(port=server.port, probe=probe))
        running = stack.enter_context(daemon(config))
        first, second = record(0), record(1)
        ring.append(first)
        n_first, n_second = decode(first).n_samples, decode(second).n_samples
        wait_for("readiness", lambda: ask(probe, "/readyz")[0] == 200, shown=running.log_path)
        store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
        stack.callback(store.close)

        def n_samples() -> int:
            with store.read() as snapshot:
                rows = measures.read(snapshot, TABLES["day"], decode(first).source_id)
            return sum(row.n_samples for row in rows)

        wait_for("its row", lambda: n_samples() == n_first, shown=running.log_path)
        ring.append(second)
        wait_for("the revised row", lambda: n_samples() == n_first + n_second, shown=running.log_path)
        assert running.stop() == 0


SIGNAL_DATA = Path(obspy.__file__).parent / "signal" / "tests" / "data"
PAST_DAY = """noise_interval_h = 0.0003
noise_delay_h = 0
minutes_days = 20000
hours_days = 30000
[inventory]
files = ["IUANMO.xml"]
"""


def test_a_past_day_has_noise_and_checks(tmp_path: Path) -> None:
    """A real day that a server sends late."""
    probe, anmo, day_ns = free_port(), SourceId("IU", "ANMO", "00", "LHZ"), parse_ns("2010-01-01")
    raw = (SIGNAL_DATA / "IUANMO.seed").read_bytes()
    records = [raw[at : at + 512] for at in range(0, len(raw), 512)]
    shutil.copy(SIGNAL_DATA / "IUANMO.xml", tmp_path)
    with ExitStack() as stack:
        server = stack.enter_context(SeedLinkServer("127.0.0.1", 0, ring := Ring()))
        config = tmp_path / "houfeng.toml"
        text = CONFIG.format(port=server.port, probe=probe).replace("XX.*.*.*", "IU.*.*.*")
        config.write_text(text + PAST_DAY)
        running = stack.enter_context(daemon(config))
        for each in records:
            ring.append(each)
        wait_for("readiness", lambda: ask(probe, "/readyz")[0] == 200, shown=running.log_path)
        store = Store.open(f"sqlite:///{tmp_path}/houfeng.db")
        stack.callback(store.close)

        def n_seen() -> tuple[int, int, int]:
            with store.read() as snapshot:
                days = noise_days.read(snapshot, anmo, day_ns, day_ns + 1)
                checks = day_checks.read(snapshot, anmo, day_ns, day_ns + 1)
                rows = measures.read(snapshot, TABLES["day"], anmo, day_ns, day_ns + 1)
            return tuple(
                sum(each)
                for each in (
                    [day.n_windows for day in days],
                    [each.n_records for each in checks],
                    [row.n_records for row in rows],
                )
            )  # type: ignore[return-value]

        wait_for("its rows", lambda: n_seen() == (47, len(records), len(records)), shown=running.log_path)
        with store.read() as snapshot:
            (row,) = metric_queries.rows(snapshot, anmo, "day", day_ns, day_ns + 1)
        assert row.values["sample_unique"] == len(set(obspy.read(SIGNAL_DATA / "IUANMO.seed")[0].data.tolist()))
        assert row.values["dead_channel_gsn"] is not None
        assert row.values["sample_rate_channel"] == row.values["sample_rate_resp"] == 0
        assert row.values["clock_locked"] == sum(each[37] >> 5 & 1 for each in records)
        assert running.stop() == 0
