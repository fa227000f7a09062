"""A disk that fills up under the whole house: said in time, the database goes on, and nobody has to restart."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition.archive import Archive
from acquisition.archive_space import MIB, Space
from acquisition.daemon import Daemon
from acquisition.records import pack
from acquisition.server import Ring, SeedLinkServer
from acquisition.settings import ArchiveSettings
from configs import load
from database import queries
from database.store import Store
from houfeng.errors import ArchiveError, ConfigError
from houfeng.network import load_network
from houfeng.times import NS_PER_S, now_ns
from houfeng.types import SourceId
from tests.acquisition.seedlink_scripted import ScriptedServer, v4

# Space is to be used again so soon after it was freed, seconds.
RECOVERY_S = 60.0


def record(second: int) -> bytes:
    samples = np.random.default_rng(second).integers(-100, 100, 100, dtype=np.int32)
    start_ns = (now_ns() // NS_PER_S - 300 + second) * NS_PER_S
    return pack(SourceId("XX", "TEST", "00", "HHZ"), start_ns, 100.0, samples)[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(mount)], check=True)
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def fill(disk: Path) -> None:
    """Leave not a byte."""
    try:
        with (disk / "filler").open("ab", buffering=0) as filler:
            while filler.write(bytes(4096)) == 4096:
                pass
    except OSError as error:
        assert error.errno == errno.ENOSPC


def wait_for(what: str, happened: Callable[[], bool], seconds: float) -> float:
    """Seconds until it happened."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds, what
        time.sleep(0.1)
    return time.monotonic() - began


def archived(disk: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (disk / "archive").glob("2*/*/*/*/*"))


def evaluated_ns(store: Store) -> int:
    with store.read() as snapshot:
        (row,) = queries.stations(snapshot)
    assert row.evaluated_ns is not None
    return row.evaluated_ns


@pytest.mark.root
def test_a_full_disk_is_survived_and_left_without_hands(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    with SeedLinkServer("127.0.0.1", 0, ring := Ring()) as server:
        config = small_disk / "houfeng.toml"
        config.write_text(
            f'[[seedlink]]\nname = "server"\naddress = "127.0.0.1:{server.port}"\nstreams = ["XX.TEST.00.HHZ"]\n'
            "[web]\nenabled = false\n[daemon]\nreport_interval_s = 0.5\n[archive]\nballast_mib = 8\nmin_free_mib = 32\n"
        )
        settings = load(config)
        daemon = Daemon(settings, load_network(settings))
        thread = threading.Thread(target=daemon.run)
        thread.start()
        try:
            survive(small_disk, ring, settings.database.url, caplog)
        finally:
            daemon.stop()
            thread.join(120)
        assert not thread.is_alive()


@pytest.mark.root
def test_garbage_that_cannot_be_kept_loses_no_record_behind_it(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedServer() as noisy:
        config = small_disk / "houfeng.toml"
        config.write_text(
            f'[[seedlink]]\nname = "server"\naddress = "127.0.0.1:{noisy.port}"\nstreams = ["XX.TEST.00.HHZ"]\n'
            "[web]\nenabled = false\n[archive]\nballast_mib = 0\n"
        )
        settings = load(config)
        daemon = Daemon(settings, load_network(settings))
        thread = threading.Thread(target=daemon.run)
        thread.start()
        try:
            wait_for("a connection", lambda: bool(noisy.asked("END")), 20)
            fill(small_disk)
            good = record(0)
            noisy.send(v4(b"2D", bytes(5000), 5) + v4(b"2D", good, 6))
            wait_for("a line about it", lambda: "lost 5000 bytes that are no record" in caplog.text, 20)
            (small_disk / "filler").unlink()
            wait_for("the record", lambda: archived(small_disk) == good, RECOVERY_S)
            assert thread.is_alive()
        finally:
            daemon.stop()
            thread.join(30)
        assert not thread.is_alive()


def survive(disk: Path, ring: Ring, url: str, caplog: pytest.LogCaptureFixture) -> None:
    ballast = disk / "archive" / ".ballast"
    ring.append(first := record(0))
    wait_for("the first record", lambda: archived(disk) == first, 120)
    wait_for("the warning", lambda: "the disk is nearly full" in caplog.text, 120)
    wait_for("the ballast", ballast.exists, 120)
    wait_for("all of it", lambda: ballast.stat().st_blocks * 512 >= 8 * MIB, 120)
    store = Store.open(url)
    sent = [first]
    fill(disk)
    # the last page of the day file has room for a few records more
    for n in range(1, 30):
        sent.append(record(n))
        ring.append(sent[-1])
    wait_for("the ballast to go, and be said to", lambda: "deleted the ballast of 8 MiB" in caplog.text, 120)
    assert not ballast.exists()
    full_ns = now_ns()
    wait_for("the database to go on", lambda: evaluated_ns(store) > full_ns + 2 * NS_PER_S, 120)
    assert len(archived(disk)) < len(b"".join(sent))
    assert len(archived(disk)) % 512 == 0
    (disk / "filler").unlink()
    wait_for("recovery", lambda: archived(disk) == b"".join(sent), RECOVERY_S)
    wait_for("the ballast to be back", ballast.exists, 120)
    store.close()


def test_the_ballast_takes_real_room_and_only_a_full_disk_ends_it(tmp_path: Path) -> None:
    space = Space(tmp_path, ballast_mib=2, min_free_mib=0)
    space.check()
    ballast = tmp_path / ".ballast"
    assert ballast.stat().st_blocks * 512 >= 2 * MIB
    space.ran_out(OSError(errno.EIO, "broken"))
    assert ballast.exists()
    space.ran_out(OSError(errno.ENOSPC, "full"))
    assert not ballast.exists()
    space.check()  # this disk has plenty: the ballast is back at once
    assert ballast.stat().st_size == 2 * MIB
    Space(tmp_path, ballast_mib=1, min_free_mib=0).check()
    assert ballast.stat().st_size == MIB
    Space(tmp_path, ballast_mib=0, min_free_mib=0).check()
    assert not ballast.exists()


@pytest.mark.root
def test_while_there_is_no_ballast_its_place_is_left_free(small_disk: Path) -> None:
    root = small_disk / "archive"
    root.mkdir()
    (small_disk / "filler").write_bytes(bytes(31 * MIB))
    space = Space(root, ballast_mib=4, min_free_mib=0)
    with pytest.raises(
        ArchiveError, match=r"the disk is full: 1\.0 MiB free; records are written again when 8 MiB are"
    ):
        space.check()
    (small_disk / "filler").write_bytes(bytes(26 * MIB))
    with pytest.raises(ArchiveError, match=r"6\.0 MiB free"):  # room for a ballast, none for records beside it
        space.check()
    (small_disk / "filler").write_bytes(bytes(23 * MIB))
    space.check()
    assert (root / ".ballast").exists()


@pytest.mark.root
def test_bytes_that_cannot_be_quarantined_release_the_ballast(small_disk: Path) -> None:
    archive = Archive.configured(ArchiveSettings(path=str(small_disk / "archive"), ballast_mib=4))
    archive.append([])
    fill(small_disk)
    with pytest.raises(ArchiveError, match="bytes not quarantined: No space left on device"):
        archive.quarantine(bytes(5000), "garbage")
    assert not (small_disk / "archive" / ".ballast").exists()
    archive.quarantine(bytes(5000), "garbage")
    archive.close()


def test_a_nearly_full_disk_is_said_once_an_hour(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    space = Space(tmp_path, ballast_mib=0, min_free_mib=1 << 40)
    for _ in range(3):
        space.check()
    assert caplog.text.count("the disk is nearly full") == 1
    assert "archive.min_free_mib = 1099511627776" in caplog.text


def test_sizes_below_zero_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"archive.ballast_mib: 0 MiB or more is needed, -1 came"):
        ArchiveSettings(ballast_mib=-1)
