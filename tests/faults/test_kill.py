"""kill -9 of `houfeng run` at random moments: nothing lost, nothing twice, and the same picks and events."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from acquisition import mseed
from acquisition.server import Ring, SeedLinkServer
from configs import load
from database import queries, tables
from database.store import Store
from houfeng.demo_records import builtin_recording, schedule
from houfeng.indexing import ArchiveIndex
from houfeng.replaying import replay
from houfeng.replays.sources import find_sources
from houfeng.times import NS_PER_S, now_ns
from tests.plugins.daemon import wait_for

# Three times round the loop of 230 s: nine earthquakes.
_DATA_NS = 690 * NS_PER_S


@dataclass
class Sender:
    """Plays the demo's records into a ring, many times faster than they happened, and remembers what it sent."""

    ring: Ring
    speed: float
    sent: list[bytes] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    def play(self) -> None:
        start_ns = now_ns() - 2 * _DATA_NS
        began = time.monotonic()
        for timed in schedule(builtin_recording(), start_ns, 1.0):
            if timed.end_ns > start_ns + _DATA_NS or self.stop.is_set():
                break
            due_s = (timed.end_ns - start_ns) / NS_PER_S / self.speed
            time.sleep(max(0.0, began + due_s - time.monotonic()))
            self.sent.append(timed.raw)
            self.ring.append(timed.raw)
        self.done.set()


@contextmanager
def playing(speed: float) -> Iterator[tuple[Sender, int]]:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        sender = Sender(ring, speed)
        thread = threading.Thread(target=sender.play)
        thread.start()
        try:
            yield sender, server.port
        finally:
            sender.stop.set()
            thread.join()


def write_config(folder: Path, port: int) -> Path:
    config = folder / "houfeng.toml"
    stations = "\n".join(
        f'[[station]]\ncode = "BW.{code}"\nlatitude_deg = {latitude}\nlongitude_deg = {longitude}'
        for code, latitude, longitude in (
            ("UH1", 48.08151, 11.63604),
            ("UH2", 48.05787, 11.68201),
            ("UH3", 48.03080, 11.63876),
            ("UH4", 48.03229, 11.53557),
        )
    )
    config.write_text(
        f'[[seedlink]]\nname = "test"\naddress = "127.0.0.1:{port}"\nstreams = ["BW.*.*.*"]\n'
        f"[web]\nenabled = false\n[daemon]\ncheckpoint_interval_s = 2.0\n{stations}\n"
    )
    return config


def start(config: Path) -> subprocess.Popen[bytes]:
    with (config.parent / "log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "houfeng", "run", str(config)], stderr=log)


def starts(folder: Path) -> int:
    """How often the daemon has begun to record."""
    log = folder / "log"
    return log.read_text().count("running as") if log.exists() else 0


def archived(folder: Path) -> list[bytes]:
    records: list[bytes] = []
    for path in (folder / "archive").rglob("*.D.*"):
        content = path.read_bytes()
        found = [record.raw for record in mseed.split(content, lambda *damage: pytest.fail(f"torn: {damage}"))]
        assert b"".join(found) == content
        records += found
    return records


def wait_until_saved(folder: Path, sent: list[bytes]) -> None:
    """Until the database knows that all was received: picks and events are saved together with that."""
    last = {mseed.read_header(raw).source_id.station_id: number for number, raw in enumerate(sent, 1)}
    store = Store.open(load(folder / "houfeng.toml").database.url)

    def saved() -> dict[str, int]:
        with store.read() as snapshot:
            return {station: cursor.sequence for station, cursor in queries.cursors(snapshot, "test").items()}

    wait_for("every record to be saved", lambda: saved() == last, shown=folder / "log")
    store.close()


def ids_of(folder: Path, run_id: str | None) -> tuple[set[str], set[str]]:
    store = Store.open(load(folder / "houfeng.toml").database.url)
    with store.read() as snapshot:
        picks = {row.pick.public_id for row in queries.picks(snapshot, run_id=run_id)}
        events = {row.public_id for row in queries.events(snapshot, run_id=run_id)}
    store.close()
    return picks, events


@dataclass(frozen=True)
class Outcome:
    """What a campaign left behind: records sent and archived, ids of picks and events live and replayed, the index."""

    sent: list[bytes]
    archived: list[bytes]
    live: tuple[set[str], set[str]]
    replayed: tuple[set[str], set[str]]
    indexed: tuple[set[object], set[object]]
    indexed_anew: tuple[set[object], set[object]]
    log: str


def campaign(folder: Path, n_kills: int, *, speed: float, longest_s: float) -> Outcome:
    chance = random.Random(n_kills)
    with playing(speed) as (sender, port):
        config = write_config(folder, port)
        for number in range(n_kills):
            n_started = starts(folder)
            process = start(config)
            if number % 4:  # one in four is killed before or while it starts
                wait_for("a start", lambda n_before=n_started: starts(folder) > n_before)
            time.sleep(chance.uniform(0.1, longest_s))
            process.kill()
            process.wait()
        n_started = starts(folder)
        process = start(config)
        assert sender.done.wait(600)
        wait_for("the last start", lambda: starts(folder) > n_started)
        wait_until_saved(folder, sender.sent)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    settings = load(config)
    store = Store.open(settings.database.url)
    run = replay(settings, find_sources([folder / "archive"], folder / "archive"), store)
    store.close()
    log = (folder / "log").read_text()
    ids = ids_of(folder, None), ids_of(folder, run.run_id)
    indexed = index_of(folder, settings.database.url), index_of(folder, f"sqlite:///{folder}/anew.db")
    return Outcome(sender.sent, archived(folder), *ids, *indexed, log)


def index_of(folder: Path, url: str) -> tuple[set[object], set[object]]:
    """What a database says the archive holds, once it has read on."""
    store = Store.open(url)
    ArchiveIndex(folder / "archive", store).update()
    with store.read() as snapshot:
        spans = {tuple(row) for row in snapshot.execute(select(tables.span))}
        files = {tuple(row) for row in snapshot.execute(select(tables.archive_file))}
    store.close()
    return spans, files


def check(outcome: Outcome) -> None:
    assert sorted(outcome.archived) == sorted(outcome.sent), outcome.log
    assert outcome.live == outcome.replayed
    assert outcome.indexed == outcome.indexed_anew
    assert len(outcome.indexed[1]) >= 6  # a day file for each channel
    assert len(outcome.live[1]) == 9


def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    check(campaign(tmp_path, 20, speed=15, longest_s=3.5))


@pytest.mark.soak
@pytest.mark.parametrize("n", range(25))
def test_forty_kills_more(tmp_path: Path, n: int) -> None:
    check(campaign(tmp_path, 40 + n, speed=8, longest_s=4.0))
