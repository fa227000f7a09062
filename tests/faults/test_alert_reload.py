"""Recipients that change while the daemon runs, and open alerts where Prometheus looks."""

from __future__ import annotations

import re
from pathlib import Path

from acquisition.server import SeedLinkServer
from tests.faults.test_alert_outage import CONFIG, records, ring, told, working
from tests.houfeng.alerting.conftest import Hook
from tests.plugins.daemon import ask, free_port, wait_for


def test_after_a_reload_others_are_told(tmp_path: Path) -> None:
    config, probe = tmp_path / "houfeng.toml", free_port()
    feed = ring(1200)
    with Hook([]) as first, Hook([]) as second, SeedLinkServer("127.0.0.1", 0, feed) as server:
        text = CONFIG.replace("probe = false", f"probe_port = {probe}")
        config.write_text(text.format(port=server.port, url=first.url))

        def metric(name: str) -> float | None:
            found = re.search(rf"^{re.escape(name)} (\S+)$", ask(probe, "/metrics")[1], re.MULTILINE)
            return None if found is None else float(found[1])

        with working(config) as daemon:
            wait_for("the first recipient's message", lambda: told(first) == [("opened", "server up")])
            wait_for("the alert", lambda: metric('houfeng_alerts_open{cause="server",severity="critical"}') == 1)
            assert metric('houfeng_alerts_open{cause="power",severity="major"}') == 0
            wait_for("an empty queue", lambda: metric('houfeng_alert_messages{state="waiting"}') == 0)
            config.write_text(text.format(port=server.port, url=second.url).replace('"hook"', '"other"'))
            daemon.reload()
            for record in records(10):
                feed.append(record)
            wait_for("the second recipient's message", lambda: told(second) == [("closed", "server up")])
            wait_for("no open alert", lambda: metric('houfeng_alerts_open{cause="server",severity="critical"}') == 0)
            # the session went on: the connection was not made anew
            assert metric('houfeng_server_packets_total{server="up"}') == 100
    assert told(first) == [("opened", "server up")]
