"""The database goes away for ten minutes of earthquakes, or is not there when the daemon starts: nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from acquisition import mseed
from acquisition.server import Ring, SeedLinkServer
from configs import load
from database import queries, tables
from database.store import Store
from houfeng.demo import demo_sites
from houfeng.demo_records import Timed, builtin_recording, schedule
from houfeng.errors import StoreError
from houfeng.indexing import ArchiveIndex
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, now_ns
from tests.plugins.daemon import archived, daemon, wait_for
from tests.plugins.postgresql import PostgreSQLServer

# Five times round the loop of 230 s with three earthquakes in it.
LOOP_S, N_LOOPS, N_EARTHQUAKES = 230, 5, 15
OUTAGE_S = 600

LOCK = """
import sys
from pysqlite3 import dbapi2 as sqlite

connection = sqlite.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


class House:
    """A SeedLink server with the demo's records, and a daemon's folder; records are sent by the second of data."""

    def __init__(self, folder: Path, ring: Ring, port: int, database_url: str) -> None:
        start_ns = now_ns() - 2 * N_LOOPS * LOOP_S * NS_PER_S
        self.folder = folder
        self.config = folder / "houfeng.toml"
        self.sent: list[bytes] = []
        self._ring = ring
        self._start_ns = start_ns
        end_ns = start_ns + N_LOOPS * LOOP_S * NS_PER_S
        self._waiting: list[Timed] = []
        for timed in schedule(builtin_recording(), start_ns, 5.0):
            if timed.end_ns > end_ns:
                break
            self._waiting.append(timed)
        stations = "\n".join(
            f'[[station]]\ncode = "{site.code}"\nlatitude_deg = {site.latitude_deg}\nlongitude_deg = '
            f"{site.longitude_deg}\n"
            for site in demo_sites()
        )
        self.config.write_text(
            f'[[seedlink]]\nname = "test"\naddress = "127.0.0.1:{port}"\nstreams = ["BW.*.*.*"]\nretry_min_s = 0.1\n'
            f'[database]\nurl = "{database_url}"\nretry_s = 0.5\n'
            f"[web]\nenabled = false\n[daemon]\ncheckpoint_interval_s = 0.5\nreport_interval_s = 0.5\n{stations}\n"
        )

    def send_until(self, second: float) -> None:
        """Send what ends by this second of data, and wait until all of it is archived."""
        while self._waiting and self._waiting[0].end_ns <= self._start_ns + second * NS_PER_S:
            raw = self._waiting.pop(0).raw
            self.sent.append(raw)
            self._ring.append(raw)
        wait_for(
            f"{len(self.sent)} records in the archive",
            lambda: len(archived(self.folder)) >= len(self.sent),
            shown=self.folder / "log",
        )

    def wait_until_saved(self) -> None:
        """Return when the database knows that everything sent was received."""
        last = {mseed.read_header(raw).source_id.station_id: n for n, raw in enumerate(self.sent, 1)}
        wait_for("every cursor saved", lambda: self._saved() == last, shown=self.folder / "log")

    def _saved(self) -> dict[str, int]:
        try:
            store = Store.open(load(self.config).database.url)
        except StoreError:
            return {}
        try:
            with store.read() as snapshot:
                return {station: cursor.sequence for station, cursor in queries.cursors(snapshot, "test").items()}
        finally:
            store.close()

    def check(self) -> None:
        """All is archived once; picks and events are those of an undisturbed replay; the index is as made anew."""
        assert sorted(archived(self.folder)) == sorted(self.sent)
        undisturbed = Store.open(f"sqlite:///{self.folder}/undisturbed.db")
        settings = load(self.config)
        run = replay(settings, find_sources([self.folder / "archive"], self.folder / "archive"), undisturbed)
        ArchiveIndex(self.folder / "archive", undisturbed).update()
        live = Store.open(settings.database.url)
        found = [_found(live, None), _found(undisturbed, run.run_id)]
        for store in (live, undisturbed):
            store.close()
        assert len(found[1]["event"]) == N_EARTHQUAKES
        assert found[0] == found[1]


def _found(store: Store, run_id: str | None) -> dict[str, set[object]]:
    with store.read() as snapshot:
        return {
            "pick": {row.pick for row in queries.picks(snapshot, run_id=run_id)},
            "event": {row.public_id for row in queries.events(snapshot, run_id=run_id)},
            "span": {tuple(row) for row in snapshot.execute(select(tables.span))},
            "file": {tuple(row) for row in snapshot.execute(select(tables.archive_file))},
        }


@contextmanager
def house(folder: Path, database_url: str) -> Iterator[House]:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        yield House(folder, ring, server.port, database_url)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process holds the writer's lock of an SQLite file."""
    command = [sys.executable, "-c", LOCK, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            holder.communicate()


@pytest.mark.postgresql
@pytest.mark.parametrize("killed", [False, True])
def test_ten_minutes_without_postgresql(
    tmp_path: Path, postgresql_server: PostgreSQLServer, postgresql_url: str, killed: bool
) -> None:
    with house(tmp_path, postgresql_url) as seismic:
        with daemon(seismic.config) as running:
            seismic.send_until(LOOP_S)
            seismic.wait_until_saved()
            postgresql_server.stop("immediate")
            seismic.send_until(LOOP_S + OUTAGE_S / 2)
            running.wait_for_log("the archive goes on")
            if not killed:
                seismic.send_until(LOOP_S + OUTAGE_S)
                postgresql_server.start()
                seismic.send_until(N_LOOPS * LOOP_S)
                seismic.wait_until_saved()
                assert running.stop() == 0
        if killed:
            with daemon(seismic.config) as running:
                running.wait_for_log("resumed by the time of their newest record")
                seismic.send_until(LOOP_S + OUTAGE_S)
                postgresql_server.start()
                seismic.send_until(N_LOOPS * LOOP_S)
                seismic.wait_until_saved()
                assert running.stop() == 0
        seismic.check()


@pytest.mark.postgresql
def test_a_start_without_postgresql(tmp_path: Path, postgresql_server: PostgreSQLServer, postgresql_url: str) -> None:
    postgresql_server.stop("immediate")
    with house(tmp_path, postgresql_url) as seismic:
        with daemon(seismic.config) as running:
            seismic.send_until(2 * LOOP_S)
            running.wait_for_log("the archive goes on")
            assert running.log.count("the archive goes on") == 1
            postgresql_server.start()
            seismic.send_until(N_LOOPS * LOOP_S)
            seismic.wait_until_saved()
            assert running.stop() == 0
        seismic.check()


def test_sqlite_locked_by_another_process(tmp_path: Path) -> None:
    with house(tmp_path, "sqlite:///houfeng.db") as seismic:
        with daemon(seismic.config) as running:
            seismic.send_until(LOOP_S)
            seismic.wait_until_saved()
            with locked(tmp_path / "houfeng.db"):
                seismic.send_until(LOOP_S + OUTAGE_S)
                running.wait_for_log("another writer held it too long")
            seismic.send_until(N_LOOPS * LOOP_S)
            seismic.wait_until_saved()
            assert running.stop() == 0
        seismic.check()


def test_sqlite_locked_before_its_tables_are_made(tmp_path: Path) -> None:
    with house(tmp_path, "sqlite:///houfeng.db") as seismic:
        with locked(tmp_path / "houfeng.db"), daemon(seismic.config) as running:
            seismic.send_until(LOOP_S)
            running.wait_for_log("the archive goes on")
            running.process.kill()
        with daemon(seismic.config) as running:
            running.wait_for_log("running as")
            seismic.send_until(N_LOOPS * LOOP_S)
            seismic.wait_until_saved()
            assert running.stop() == 0
        assert sorted(archived(tmp_path)) == sorted(seismic.sent)
