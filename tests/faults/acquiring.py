"""Short real runs of the daemon that can be interrupted at any system call, and what each of them leaves behind."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from pysqlite3 import dbapi2 as sqlite

from acquisition import mseed
from acquisition.archive import day_path
from acquisition.records import pack
from acquisition.server import Ring, SeedLinkServer, segments
from acquisition.server.records import RecordFiles
from acquisition.server.streams import read_streams
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from tests.plugins import strace
from tests.plugins.strace import Trace

STATIONS = ("AAA", "BBB")
_DAY_NS = 86_400 * NS_PER_S
# The last midnight but one: every record is past, and none too old for a number of version 3.
MIDNIGHT_NS = (now_ns() // _DAY_NS - 1) * _DAY_NS
_RATE_HZ = 50.0
_LONGEST_S = 120.0


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):  # it has just ended by itself, and its status waits to be read
        os.kill(pid, number)


def make_records() -> list[bytes]:
    """Noise of two stations over two midnights, with one onset each; in the order in which a server gives them."""
    records: list[tuple[int, bytes]] = []
    for number, station in enumerate(STATIONS):
        source_id = SourceId("XX", station, "00", "HHZ")
        chance = np.random.default_rng(number)
        for midnight_ns in (MIDNIGHT_NS - _DAY_NS, MIDNIGHT_NS):
            samples = chance.normal(0, 20, 4000)
            onset = 2000 + 50 * number
            samples[onset:] += chance.normal(0, 3000, 4000 - onset) * np.exp(-np.arange(4000 - onset) / 300)
            start_ns = midnight_ns - 40 * NS_PER_S
            for raw in pack(source_id, start_ns, _RATE_HZ, samples.astype(np.int32)):
                records.append((mseed.decode(raw).next_ns, raw))
    records.sort(key=lambda pair: pair[0])
    return [raw for _, raw in records]


def _stream_and_time(raw: bytes) -> tuple[SourceId, int]:
    packet = mseed.decode(raw)
    return packet.source_id, packet.start_ns


RECORDS = make_records()


_CONFIG = """
[[seedlink]]
name = "up"
address = "127.0.0.1:{port}"
streams = ["XX.*.*.*"]
retry_min_s = 0.05

[seedlink_server]
enabled = true

[archive]
ballast_mib = 0

[web]
enabled = false
"""


@dataclass
class Forks:
    """Starts daemons, one at a time, without their imports."""

    process: subprocess.Popen[bytes]
    _heard: bytearray = field(default_factory=bytearray)

    @classmethod
    def begin(cls) -> Self:
        script = Path(__file__).with_name("daemon_forks.py")
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(script.parents[2])}
        command = [sys.executable, str(script)]
        return cls(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0))

    def fork(self, config: Path, gate: Path) -> int:
        """A daemon that waits for somebody to open the gate; its process id."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{config}\t{gate}\n".encode())
        while True:  # the end of one that an earlier test gave up may come first
            line = self._line(_LONGEST_S)
            assert line is not None, "no daemon was forked"
            if line.startswith("began "):
                return int(line.split()[1])

    def status(self, pid: int, seconds: float) -> int | None:
        """How the daemon ended; None when it has not yet, after so many seconds."""
        until = time.monotonic() + seconds
        while (line := self._line(max(0.0, until - time.monotonic()))) is not None:
            word, number, *status = line.split()
            if word == "ended" and int(number) == pid:
                return int(status[0])
        return None

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()

    def _line(self, seconds: float) -> str | None:
        assert self.process.stdout is not None
        until = time.monotonic() + seconds
        while b"\n" not in self._heard:
            left_s = max(0.0, until - time.monotonic())
            if not select.select([self.process.stdout], [], [], left_s)[0]:
                return None
            part = os.read(self.process.stdout.fileno(), 4096)
            assert part, "the process that forks daemons has ended"
            self._heard += part
        line, _, rest = self._heard.partition(b"\n")
        self._heard = rest
        return line.decode()


class House:
    """A folder with a daemon's configuration, archive and database.

    Parameters
    ----------
    folder : of the configuration; what is in it already is gone on with
    forks : starts the daemon
    server : that the daemon listens to; it gets a ring of its own, the records sent before are in it
    n_sent : how many of the records were sent before
    """

    def __init__(self, folder: Path, forks: Forks, server: SeedLinkServer, n_sent: int = 0) -> None:
        self.folder = folder
        self.config = folder / "houfeng.toml"
        self.archive = folder / "archive"
        self.n_sent = 0
        self._forks = forks
        self._ring = server.backlog = Ring()
        self._gate = folder / "gate"
        self.expected_files = sorted({day_path(self.archive, *_stream_and_time(raw)) for raw in RECORDS})
        folder.mkdir(exist_ok=True)
        if not self._gate.exists():
            os.mkfifo(self._gate)
            self.config.write_text(_CONFIG.format(port=server.port))
        self._send(RECORDS[:n_sent])

    def run(self, parts: int, trace: Trace | None = None, *, until: int = len(RECORDS)) -> int:
        """Run the daemon until it has so many of RECORDS or ends by itself; its exit status.

        Parameters
        ----------
        parts : the records that were not sent yet come in so many parts, each in a cycle of its own
        trace : of the daemon's system calls, from its first one on
        """
        pid = self._forks.fork(self.config, self._gate)
        try:
            with nullcontext() if trace is None else strace.traced(pid, trace):
                status = self._run(pid, parts, until, 1.0 if trace else _LONGEST_S)
                if status is None:
                    _signal(pid, signal.SIGTERM)
                    status = self._forks.status(pid, _LONGEST_S)
                assert status is not None, f"the daemon hangs:\n{self.log}"
        except BaseException:
            _signal(pid, signal.SIGKILL)  # the next one can only begin when this one has ended
            raise
        return status

    def _run(self, pid: int, parts: int, until: int, saved_within_s: float) -> int | None:
        n_started = self.log.count("running as")
        self._gate.write_bytes(b"begin")
        # before that, SIGTERM would end it unheard
        status = self._wait(pid, lambda: self.log.count("running as") > n_started, _LONGEST_S)
        if status is None:
            status = self._feed(pid, parts, until)
        if status is None:  # a fault of the database may keep the last numbers from being saved before the end
            status = self._wait(pid, lambda: self._are_saved(until), saved_within_s)
        return status

    @property
    def log(self) -> str:
        """What all daemons of this folder said."""
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    @property
    def day_files(self) -> list[Path]:
        return sorted(self.archive.glob("[12]*/*/*/*/*"))

    def archived(self) -> Counter[bytes]:
        """Every record of the archive."""
        contents = [path.read_bytes() for path in self.day_files]
        return Counter(record.raw for content in contents for record in mseed.split(content, lambda *damage: None))

    def served(self) -> list[bytes | None]:
        """Records that SeedLink clients may have seen, in the order of their numbers; None for one that is gone."""
        folder = self.archive / segments.FOLDER
        if not folder.exists():
            return []
        keys, _ = read_streams(folder)
        found: list[bytes | None] = []
        with RecordFiles(self.archive) as files:
            for first in segments.segments(folder):
                head = segments.read_head(folder, first)
                content = segments.segment_path(folder, first).read_bytes()[segments.HEAD_BYTES :]
                entries = list(segments.unpack_entries(first, content))[: head.n_visible if head else 0]
                found += [files.read(keys[entry.stream], entry) for entry in entries]
        return found

    def saved(self) -> dict[str, int]:
        """The sequence number that a restart would resume behind, by station."""
        return dict(self._rows("SELECT station_id, sequence FROM stream_state"))

    def picks(self) -> set[str]:
        """Ids of the picks that were found."""
        return {row[0] for row in self._rows("SELECT public_id FROM pick")}

    def acknowledged(self) -> Counter[bytes]:
        """Records up to the saved numbers: no server will send them again."""
        saved = self.saved()
        sent = enumerate(RECORDS[: self.n_sent], 1)
        return Counter(raw for number, raw in sent if number <= saved.get(f"XX.{raw[8:11].decode()}", 0))

    def _send(self, records: Sequence[bytes]) -> None:
        for raw in records:
            self._ring.append(raw)
        self.n_sent += len(records)

    def _feed(self, pid: int, parts: int, n_all: int) -> int | None:
        n_before = self.n_sent
        for part in range(1, parts + 1):
            self._send(RECORDS[self.n_sent : n_before + round((n_all - n_before) * part / parts)])
            n_bytes = sum(map(len, RECORDS[: self.n_sent]))
            status = self._wait(pid, lambda: self._n_archived() >= n_bytes, _LONGEST_S)  # noqa: B023
            if status is not None:
                return status
        return None

    def _are_saved(self, n_records: int) -> bool:
        try:
            return self.acknowledged().total() == n_records
        except (OSError, sqlite.DatabaseError):
            return False  # it was copied while it was written

    def _wait(self, pid: int, happened: Callable[[], bool], seconds: float) -> int | None:
        until = time.monotonic() + seconds
        while not happened() and time.monotonic() < until:
            status = self._forks.status(pid, 0.02)
            if status is not None:
                return status
        return None

    def _n_archived(self) -> int:
        return sum(path.stat().st_size for path in self.day_files)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with TemporaryDirectory() as copies:  # reading would mend the database, which the daemon must do itself
            for path in self.folder.glob("houfeng.db*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, copies)
            with closing(sqlite.connect(Path(copies) / "houfeng.db")) as connection:
                try:
                    return list(connection.execute(query))
                except sqlite.OperationalError as error:
                    assert "no such table" in str(error), error
                    return []
