"""SIGHUP during traffic: a new configuration is taken on or refused, no record is lost, and none is there twice."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from acquisition.server import Ring, SeedLinkServer
from configs import load
from database import queries
from database.store import Store
from houfeng.types import SourceId
from tests.plugins.daemon import archived, daemon, free_port, record, wait_for


class Feed:
    """SeedLink servers, each with a station of its own, that send a record every few milliseconds."""

    def __init__(self, stack: ExitStack, n_servers: int) -> None:
        self.rings = [Ring() for _ in range(n_servers)]
        self.ports = [stack.enter_context(SeedLinkServer("127.0.0.1", 0, ring)).port for ring in self.rings]
        self.sent: list[list[bytes]] = [[] for _ in self.rings]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play)
        self._thread.start()
        stack.callback(self.end)

    def end(self) -> None:
        """Send no more."""
        self._stop.set()
        self._thread.join()

    def _play(self) -> None:
        second = 0
        while not self._stop.wait(0.02):
            for n, ring in enumerate(self.rings):
                raw = record(second, SourceId("XX", f"STA{n}", "00", "HHZ"))
                self.sent[n].append(raw)
                ring.append(raw)
            second += 1


def text(*ports: int, more: str = "") -> str:
    servers = "".join(
        f'[[seedlink]]\nname = "server{n}"\naddress = "127.0.0.1:{port}"\nstreams = ["XX.STA{n}.00.HHZ"]\n'
        for n, port in enumerate(ports)
    )
    web = "" if "[web]" in more else "[web]\nenabled = false\n"
    return f"{servers}{web}{more}\n"


@pytest.fixture
def feed() -> Iterator[Feed]:
    with ExitStack() as stack:
        yield Feed(stack, 2)


def write(folder: Path, content: str) -> Path:
    path = folder / "houfeng.toml"
    path.write_text(content)
    return path


def of_station(folder: Path, n: int) -> list[bytes]:
    return [raw for raw in archived(folder) if raw[8:13] == f"STA{n} ".encode()]


def check_all_came_once(folder: Path, feed: Feed, n_servers: int) -> None:
    feed.end()
    for n in range(n_servers):
        wait_for(f"records of server {n}", lambda n=n: len(of_station(folder, n)) >= len(feed.sent[n]))  # type: ignore[misc]
        assert sorted(of_station(folder, n)) == sorted(feed.sent[n])


def is_listening(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_a_broken_file_is_refused_and_everything_goes_on(tmp_path: Path, feed: Feed) -> None:
    with daemon(write(tmp_path, text(*feed.ports))) as running:
        running.wait_for_log("connected to", 2)
        running.reload(text(*feed.ports, more="[detection]\non_ratioo = 5.0"))
        running.wait_for_log("not reloaded, going on as before")
        (line,) = [line for line in running.log.splitlines() if "not reloaded" in line]
        assert "houfeng.toml: detection.on_ratioo: there is no such key; did you mean detection.on_ratio?" in line
        before = len(feed.sent[0])
        wait_for("records after the refusal", lambda: len(of_station(tmp_path, 0)) > before)
        check_all_came_once(tmp_path, feed, 2)
        assert running.stop() == 0
        assert running.log.count("connected to") == 2


def test_other_detection_begins_another_run_in_the_same_process(tmp_path: Path, feed: Feed) -> None:
    with daemon(write(tmp_path, text(*feed.ports))) as running:
        wait_for("the first records", lambda: len(archived(tmp_path)) > 50)
        for n, ratio in enumerate((7.0, 6.0), 1):
            running.reload(text(*feed.ports, more=f"[detection]\non_ratio = {ratio}"))
            running.wait_for_log("running as", n + 1)
            before = len(archived(tmp_path))
            wait_for("records in the new session", lambda: len(archived(tmp_path)) > before + 50)  # noqa: B023
        assert "reloaded: detection.on_ratio: 5.0 -> 7.0" in running.log
        check_all_came_once(tmp_path, feed, 2)
        assert running.stop() == 0
    store = Store.open(load(running.config).database.url)
    with store.read() as snapshot:
        assert len({row.run_id for row in queries.runs(snapshot)}) == 3
    store.close()


def test_servers_come_and_go_while_the_others_are_not_disturbed(tmp_path: Path, feed: Feed) -> None:
    with daemon(write(tmp_path, text(feed.ports[0]))) as running:
        wait_for("the first records", lambda: of_station(tmp_path, 0))
        running.reload(text(*feed.ports))
        wait_for("records of the new server", lambda: of_station(tmp_path, 1))
        running.reload(text(*feed.ports).replace('HHZ"]\n', 'HHZ"]\nsilent_s = 300.0\n', 1))
        running.wait_for_log("reloaded: seedlink[server0].silent_s: 600.0 -> 300.0")
        running.wait_for_log("server0: connected to", 2)
        running.reload(text(*feed.ports))
        running.wait_for_log("server0: connected to", 3)
        check_all_came_once(tmp_path, feed, 2)
        running.reload(text(feed.ports[0]))
        running.wait_for_log("reloaded: seedlink[server1] removed")
        store = Store.open(load(running.config).database.url)

        def stations() -> list[str]:
            with store.read() as snapshot:
                return [row.station_id for row in queries.stations(snapshot)]

        wait_for("the removed server's station to leave the page", lambda: stations() == ["XX.STA0"])
        store.close()
        assert running.stop() == 0
        log = running.log
    assert "reloaded: seedlink[server1] added" in log
    assert log.count("server1: connected to") == 1
    assert log.count("running as") == 1


def test_what_cannot_be_opened_is_given_up_for_what_was_before(tmp_path: Path, feed: Feed) -> None:
    (tmp_path / "file").write_text("in the way")
    with daemon(write(tmp_path, text(*feed.ports))) as running:
        wait_for("the first records", lambda: archived(tmp_path))
        running.reload(text(*feed.ports, more='[archive]\npath = "file/archive"'))
        running.wait_for_log("going on with the configuration before")
        running.wait_for_log("running as", 2)
        check_all_came_once(tmp_path, feed, 2)
        running.reload(text(*feed.ports))
        running.wait_for_log("reloaded: nothing has changed")
        assert running.stop() == 0


def test_the_page_is_started_anew_when_its_settings_change_and_only_then(tmp_path: Path, feed: Feed) -> None:
    first, second = free_port(), free_port()
    with daemon(write(tmp_path, text(*feed.ports, more=f"[web]\nport = {first}"))) as running:
        wait_for("the page", lambda: is_listening(first))
        wait_for("the first records", lambda: archived(tmp_path))
        (page,) = children(running.process.pid)
        running.reload(text(feed.ports[0], more=f"[web]\nport = {first}"))
        running.wait_for_log("reloaded: seedlink[server1] removed")
        assert children(running.process.pid) == {page}
        running.reload(text(feed.ports[0], more=f"[web]\nport = {second}"))
        wait_for("the page elsewhere", lambda: is_listening(second))
        wait_for("the old page to end", lambda: page not in children(running.process.pid))
        assert not is_listening(first)
        assert running.log.count("running as") == 1
        assert running.stop() == 0


def test_a_page_that_crashes_while_the_file_is_broken_starts_with_what_is_in_force(tmp_path: Path, feed: Feed) -> None:
    port = free_port()
    config = write(tmp_path, text(*feed.ports, more=f"[web]\nport = {port}"))
    with daemon(config) as running:
        wait_for("the page", lambda: is_listening(port), shown=running.log_path)
        running.reload("this is not TOML")
        running.wait_for_log("not reloaded, going on as before")
        (page,) = children(running.process.pid)
        os.kill(page, signal.SIGKILL)
        running.wait_for_log("the web page ended with status -9")
        # who listens may be an orphan of the old one still; one that read the file would not get so far
        wait_for(
            "workers of a new page",
            lambda: any(map(children, children(running.process.pid) - {page})),
            shown=running.log_path,
        )
        wait_for("the page again", lambda: is_listening(port), shown=running.log_path)
        assert running.stop() == 0


def children(pid: int) -> set[int]:
    """Processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task")
    return {int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()}
