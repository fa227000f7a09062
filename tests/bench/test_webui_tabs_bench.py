"""Ten tabs of one browser have one event stream, and another tab takes over when the one that listens is closed."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from stations.health import State
from tests.e2e.conftest import Site, _driver, chromium, site  # noqa: F401
from tests.e2e.test_pages import LATENCY, row, text, wait
from tests.webui.conftest import make_status

pytestmark = [pytest.mark.bench, pytest.mark.chromium]

N_TABS = 10
LOCKS = "return navigator.locks.query().then((all) => [all.held.length, all.pending.length])"
# In /proc/net/tcp.
ESTABLISHED = "01"


def n_connections(address: str) -> int:
    """Of the server, as the kernel counts them. Those that hold no stream are closed when they were idle for 2 s."""
    its = f"{socket.inet_aton('127.0.0.1')[::-1].hex().upper()}:{int(address.rpartition(':')[2]):04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(local == its and state == ESTABLISHED for _, local, _, state, *_ in lines)


def test_ten_tabs_have_one_stream(site: Site, chromium: WebDriver) -> None:  # noqa: F811
    tabs = []
    for _ in range(N_TABS):
        chromium.switch_to.new_window("tab")
        chromium.get(f"{site.address}/")
        tabs.append(chromium.current_window_handle)
    began = time.monotonic()
    for n_open in (N_TABS, N_TABS - 1):
        wait(chromium, lambda b, n=n_open: b.execute_script(LOCKS) == [1, n - 1])  # type: ignore[misc]
        wait(chromium, lambda _: n_connections(site.address) == 1)
        reason = f"Latency 300 s with {n_open} tabs"
        with site.store.begin() as unit:
            unit.save_statuses([make_status("II.AAK", State.BAD, reason, broken=LATENCY)])
        for tab in tabs:
            chromium.switch_to.window(tab)
            wait(chromium, lambda b, said=reason: said in text(b, row("II.AAK")))  # type: ignore[misc]
        wait(chromium, lambda _: n_connections(site.address) == 1)  # pages that were fetched let go of theirs
        assert reason in text(chromium, row("II.AAK"))
        if n_open == N_TABS:
            # the first one has the lock: the others asked for it later
            chromium.switch_to.window(tabs.pop(0))
            chromium.close()
            chromium.switch_to.window(tabs[0])
    print(f"\n{N_TABS} tabs: one connection, all of them told of a change, twice, in {time.monotonic() - began:.0f} s")
