"""The FDSN source against an independent server: EarthScope's portable-fdsnws-dataselect in its own environment."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from acquisition import mseed
from acquisition.fdsn.settings import FdsnSettings
from acquisition.fdsn.source import FdsnSource
from acquisition.records import pack
from houfeng.times import NS_PER_S
from houfeng.types import Gap, Packet, SourceId

pytestmark = pytest.mark.soak

# The server needs a pymseed that Houfeng does not work with, hence the environment of its own.
PEER = ("portable-fdsnws-dataselect==2.0.2", "mseedindex==3.0.8", "pymseed<1")
START_NS = 1_700_000_000 * NS_PER_S
CHANNELS = [SourceId("XX", "AAA", location, "HHZ") for location in ("", "00", "10")]
REQUEST_LIMIT_BYTES = 300_000
NOISE = np.random.default_rng(2).normal(0, 300, 120_000).astype(np.int32)

CONFIG = """
[index_db]
path = {folder}/index.sqlite
table = tsindex
summary_table = tsindex_summary
[server]
interface = 127.0.0.1
port = {port}
request_limit = {limit}
[logging]
level = WARNING
"""


@pytest.fixture(scope="module")
def records() -> list[Packet]:
    """Twenty minutes of three channels; minute 5 to 8 of the last one is not there."""
    packets = [mseed.decode(raw) for channel in CHANNELS for raw in pack(channel, START_NS, 100.0, NOISE)]
    return [p for p in packets if p.source_id != CHANNELS[2] or not 300 < (p.start_ns - START_NS) / NS_PER_S < 480]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the peer's programs, installed for this test."""
    folder = tmp_path_factory.mktemp("peer")
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=120)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *PEER]
        subprocess.run(pip, check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"{PEER[0]} cannot be installed: {error}")
    return folder / "bin"


@pytest.fixture(scope="module")
def address(programs: Path, records: list[Packet], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running server that holds the records."""
    folder = tmp_path_factory.mktemp("data")
    for channel in CHANNELS:
        (folder / f"{channel}.mseed").write_bytes(b"".join(p.raw for p in records if p.source_id == channel))
    index = folder / "index.sqlite"
    subprocess.run([programs / "mseedindex", "-sqlite", index, *folder.glob("*.mseed")], check=True)
    with sqlite3.connect(index) as database:  # its time index makes windows in a file's last hour answer 204
        database.execute("UPDATE tsindex SET timeindex=NULL")
    database.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "server.cfg"
    config.write_text(CONFIG.format(folder=folder, port=port, limit=REQUEST_LIMIT_BYTES))
    server = programs / "portable-fdsnws-dataselect"
    subprocess.run([server, "-i", config], check=True, capture_output=True)
    process = subprocess.Popen([server, config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)


def refuse(raw: bytes, reason: str) -> None:
    raise AssertionError(f"a good record was rejected: {reason}")


def fetched(address: str, gaps: list[Gap], **options: float) -> tuple[FdsnSource, list[bytes]]:
    source = FdsnSource(FdsnSettings(address, retry_min_s=0.05, **options), gaps, refuse)  # type: ignore[arg-type]
    return source, sorted(packet.raw for batch in source.packets() for packet in batch)


def whole(channel: SourceId, seconds: int = 1200) -> Gap:
    return Gap(channel, START_NS, START_NS + seconds * NS_PER_S)


def test_every_record_comes_unchanged_in_requests_the_server_takes(address: str, records: list[Packet]) -> None:
    source, came = fetched(address, [whole(channel) for channel in CHANNELS])
    assert came == sorted(packet.raw for packet in records)
    # 720 kB were asked for at once, which is over the server's limit (413)
    assert source.n_requests >= 3
    (lost,) = source.missing
    assert lost.absent and lost.gap.source_id == CHANNELS[2]
    assert 175 < lost.gap.length_ns / NS_PER_S < 185


def test_what_the_server_never_had_is_absent(address: str) -> None:
    nowhere = whole(SourceId("XX", "BBB", "00", "HHZ"))
    source, came = fetched(address, [nowhere])
    assert came == []
    assert [(lost.gap, lost.absent) for lost in source.missing] == [(nowhere, True)]


def samples_of(raws: list[bytes]) -> np.ndarray:
    packets = sorted((mseed.decode(raw) for raw in raws), key=lambda packet: packet.start_ns)
    return np.concatenate([packet.samples for packet in packets])


def test_a_gap_of_seconds_brings_exactly_its_samples(address: str) -> None:
    """This server cuts the records at the edges of what is asked for."""
    gap = Gap(CHANNELS[1], START_NS + 600 * NS_PER_S, START_NS + 605 * NS_PER_S)
    source, came = fetched(address, [gap])
    np.testing.assert_array_equal(samples_of(came), NOISE[60_000:60_500])
    assert source.missing == []


def test_no_sample_on_the_border_of_two_requests_comes_twice_or_not_at_all(address: str) -> None:
    source, came = fetched(address, [whole(CHANNELS[1])], request_channel_hours=1 / 60)
    assert source.n_requests >= 20
    np.testing.assert_array_equal(samples_of(came), NOISE)
    assert source.missing == []
