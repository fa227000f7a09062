"""A running daemon measures what it archives."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from acquisition.mseed import decode
from acquisition.server import Ring, SeedLinkServer
from database import measures
from database.measures import TABLES
from database.store import Store
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
