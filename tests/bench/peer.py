"""SeedLink servers in a process of their own: what they cost is not in the figures of who drains them."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from acquisition.server.frames import info_packets_v3
from tests.acquisition.seedlink_scripted import ScriptedServer

OLD = "SeedLink v3.1 (Test) :: SLPROTO:3.1"
NEW = "SeedLink v4.0 (Test) :: SLPROTO:4.0 SLPROTO:3.1 TIME"


@contextmanager
def peer(packets: Path, hello: str) -> Iterator[int]:
    """The port of a server that sends a file of packets as fast as it is taken, to whoever connects.

    Parameters
    ----------
    packets : file of framed packets of the version that `hello` names
    hello : first line of the greeting
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(packets, hello, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join(10)


def _serve(packets: Path, hello: str, pipe: Connection) -> None:
    info = info_packets_v3('<seedlink started="2026/01/01 00:00:00"></seedlink>', "INFO", "INF", 1_767_225_600 * 10**9)
    answers = {"INFO ID": info, "INFO STATIONS": info} if hello == OLD else {}
    with ScriptedServer(packets.read_bytes(), answers, hello) as server:
        pipe.send(server.port)
        threading.Event().wait()
