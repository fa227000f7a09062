"""What a recorder does to an archive, step by step, under a tracer that lets system calls fail: FOLDER STORY."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acquisition import mseed
from acquisition.archive import Archive
from acquisition.recorder import Recorder
from acquisition.records import pack
from houfeng.errors import ArchiveError, SyncError
from houfeng.times import NS_PER_S
from houfeng.types import Packet, SourceId


def packet(second: int, station: str = "TEST") -> Packet:
    """A record of 512 bytes on 2023-11-14."""
    samples = np.random.default_rng(second).integers(-100, 100, 100, dtype=np.int32)
    start_ns = (1_700_000_000 + second) * NS_PER_S
    return mseed.decode(pack(SourceId("XX", station, "00", "HHZ"), start_ns, 100.0, samples)[0])


class Given:
    """A source that supplies packets one by one."""

    def __init__(self, packets: list[Packet]) -> None:
        self._packets = packets

    def packets(self) -> Iterator[list[Packet]]:
        for one in self._packets:
            yield [one]

    def close(self) -> None:
        self._packets = []


def tell(archive: Archive, packets: list[Packet]) -> None:
    """Append, and print what became of the records."""
    print(*(f"{verdict.value} {n}" for verdict, n in archive.append(packets).items()))


def half_a_record(archive: Archive) -> None:
    """The disk takes part of a record, and will not be cut."""
    archive.append([packet(0)])
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 + 200, hard))
    try:
        archive.append([packet(1)])
    except ArchiveError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    tell(archive, [packet(1), packet(2)])
    tell(archive, [packet(0), packet(1), packet(2)])


def failed_sync(archive: Archive) -> None:
    """The disk takes two records and stores one."""
    archive.append([packet(0)])
    archive.sync()
    archive.append([packet(1)])
    try:
        archive.sync()
    except SyncError as error:
        print(error)


def again(archive: Archive) -> None:
    """Records come that are there already."""
    tell(archive, [packet(0)])
    archive.sync()
    tell(archive, [packet(0)])
    archive.sync()


def many_files(archive: Archive) -> None:
    """More day files than may be open: the recorder syncs in the middle of a batch."""
    packets = [packet(0, f"S{n:03d}") for n in range(100)]
    recorder = Recorder(archive, [("server", Given(packets))], 1 << 20)
    recorder.start()
    try:
        while True:
            recorder.take(0.1)
    except ArchiveError as error:
        print(type(error).__name__)
    try:
        recorder.stop()
    except ArchiveError as error:
        print(error)


if __name__ == "__main__":
    # half of them may be day files
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    archive = Archive(Path(sys.argv[1]))
    globals()[sys.argv[2]](archive)
    archive.close()
