"""Day files with damage in them, and what a check of them finds."""

from __future__ import annotations

from pathlib import Path

from acquisition.archive import day_path
from acquisition.archive_check import Report
from acquisition.archive_check import check as check_archive
from houfeng.times import NS_PER_S
from houfeng.types import Packet

NOW_NS = 1_700_100_000 * NS_PER_S


def check(root: Path) -> Report:
    return check_archive(root, NOW_NS, 24.0)


def place(root: Path, packet: Packet, content: bytes) -> Path:
    """The file of a packet, holding these bytes."""
    path = day_path(root, packet.source_id, packet.start_ns)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
