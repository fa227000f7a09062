"""A restart that was asked for on the page: of a server, of the whole session; nothing is lost or kept twice."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from acquisition.server import Ring, SeedLinkServer
from configs import load
from database import tasks
from database.accounts import Change
from database.store import Store
from houfeng.times import NS_PER_S, now_ns
from tests.faults.test_daemon import record, running, wait_until, write_config


def test_servers_and_sessions_begin_anew_and_nothing_is_lost(tmp_path: Path) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server, ExitStack() as stack:
        config = write_config(tmp_path, server.port)
        store = Store.open(load(config).database.url)
        stack.callback(store.close)
        with store.begin() as unit:
            late = Change(now_ns() - 3600 * NS_PER_S, "ann", "test")
            old = tasks.ask(unit, "restart", "server0", "an hour ago", late)
        stack.enter_context(running(config))
        sent: list[bytes] = []
        said = {}
        for n, about in enumerate(("", "server0", "nowhere", "daemon", "")):
            if about:
                with store.begin() as unit:
                    asked = tasks.ask(unit, "restart", about, "stuck", Change(now_ns(), "ann", "test"))
                said[about] = ended(store, asked.task_id)
            raw = record(n)
            sent.append(raw)
            ring.append(raw)
            # each session takes what came after it began
            wait_until(f"after {about or 'nothing'}", tmp_path, b"".join(sent))
        assert {about: task.state for about, task in said.items()} == {
            "server0": "done",
            "nowhere": "failed",
            "daemon": "done",
        }
        assert "(server0) or daemon is needed, 'nowhere' came" in said["nowhere"].said
        assert ended(store, old.task_id).said == "asked for while nobody listened: too late now"


def ended(store: Store, task_id: str) -> tasks.Task:
    until = time.monotonic() + 60
    while True:
        with store.read() as snapshot:
            found = tasks.task(snapshot, task_id)
        if found.ended_ns is not None or time.monotonic() > until:
            return found
        time.sleep(0.1)
