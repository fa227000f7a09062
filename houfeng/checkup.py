"""Remarks on a configuration that need a look at this computer: its files, its disk, its database."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from acquisition.archive_space import MIB
from configs import Settings
from configs.remarks import Level, Remark, remarks
from houfeng.errors import HoufengError, SourceError
from houfeng.installation import existing_folder, free_bytes
from houfeng.metadata_remarks import metadata

# An address that ObsPy takes as it is; of others, and of names, ObsPy itself is asked.
_PLAIN_ADDRESS = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)+/?", re.ASCII)
_MOUNTINFO = Path("/proc/self/mountinfo")
# As mountinfo calls them. SQLite's WAL needs memory that its processes share, and so one computer
# (https://www.sqlite.org/wal.html, "Overview", disadvantage 2).
_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "ceph", "glusterfs", "lustre", "beegfs", "afs", "fuse.sshfs")


def examine(settings: Settings, path: Path) -> list[Remark]:
    """Every remark on a configuration, of the settings alone first.

    Parameters
    ----------
    settings : of the file
    path : the file itself
    """
    found = remarks(settings)
    for look in _LOOKS:
        found += look(settings)
    return [*found, *password(settings, path)]


def disk(settings: Settings) -> Iterator[Remark]:
    """Room on the archive's disk against what is kept of it."""
    archive = settings.archive
    root = Path(archive.path)
    free_mib = free_bytes(root) / MIB
    free = f"{free_mib:.0f} MiB are free at {root}"
    if not (root / ".ballast").exists() and free_mib < 2 * archive.ballast_mib:
        if free_mib < archive.ballast_mib:
            text = f"{archive.ballast_mib} MiB, but {free}: nothing is archived"
            yield Remark(Level.ERROR, "archive.ballast_mib", text)
        else:
            text = f"{archive.ballast_mib} MiB, but {free}: the file is made when twice as much is"
            yield Remark(Level.WARNING, "archive.ballast_mib", text)
    if free_mib < archive.min_free_mib:
        text = f"{archive.min_free_mib} MiB, but {free}: the log says so every hour, `houfeng archive import` refuses"
        yield Remark(Level.WARNING, "archive.min_free_mib", text)


def database(settings: Settings, mountinfo: Path = _MOUNTINFO) -> Iterator[Remark]:
    """A SQLite file on another computer's disk."""
    file = settings.database.file
    if file is None:
        return
    kind = file_system(existing_folder(file.parent), mountinfo)
    if kind.startswith(_NETWORK_FILE_SYSTEMS):
        text = f"SQLite on a network file system ({kind}) can be corrupted; put it on a disk of this computer"
        yield Remark(Level.WARNING, "database.url", text)


def password(settings: Settings, path: Path) -> Iterator[Remark]:
    """A password that others on this computer can read in the file."""
    if settings.database.has_password and path.stat().st_mode & 0o004:
        text = f"its password can be read by everybody on this computer: chmod 640 {path}"
        yield Remark(Level.WARNING, "database.url", text)


def credentials(settings: Settings) -> Iterator[Remark]:
    """Secrets and certificates that servers are met with."""
    for server in settings.seedlink:
        key = f"seedlink[{server.name}]"
        yield from _secret(f"{key}.secret", server.secret)
        if server.tls:
            from acquisition.seedlink.access import tls_context  # imports of what few files need: half of the time

            yield from _tried(f"{key}.tls_ca_file", partial(tls_context, server))
    for service in settings.fdsn:
        yield from _secret(f"fdsn[{service.address}].secret", service.secret)
        if _PLAIN_ADDRESS.fullmatch(service.address):
            continue
        from acquisition.fdsn.client import FdsnClient

        yield from _tried(f"fdsn[{service.address}].address", partial(FdsnClient, service))
    served = settings.seedlink_server
    if served.tls_certificate:
        from acquisition.server.tls import Certificate

        pair = (Path(served.tls_certificate), Path(served.tls_key))
        level = Level.ERROR if served.enabled else Level.WARNING
        yield from _tried("seedlink_server.tls_certificate", partial(Certificate, *pair), level)


def _secret(key: str, place: str) -> Iterator[Remark]:
    kind, _, name = place.partition(":")
    if kind == "env" and not os.environ.get(name):
        text = f"the environment variable {name} is not set here; the daemon needs it"
        yield Remark(Level.WARNING, key, text)
    elif kind == "file" and not os.access(name, os.R_OK):
        yield Remark(Level.WARNING, key, f"{name} cannot be read here; the daemon needs it")


def begun(settings: Settings) -> Iterator[Remark]:
    """A `begin` that stations have long gone past."""
    servers = [server for server in settings.seedlink if server.begin]
    file = settings.database.file
    if not servers or (file is not None and not file.exists()):
        return
    from sqlalchemy.exc import SQLAlchemyError

    from database import engine, queries
    from database.settings import parse_url

    url = parse_url(settings.database.url)
    connected = engine.connect(url)
    try:
        with connected.begin() as connection:
            known = {server.name: sorted(queries.cursors(connection, server.name)) for server in servers}
    except (HoufengError, SQLAlchemyError):
        text = f"{engine.show(url)} cannot be asked which stations were received before: on them begin has no effect"
        yield Remark(Level.NOTE, "seedlink.begin", text)
        return
    finally:
        connected.dispose()
    for name, stations in known.items():
        if stations:
            some = ", ".join(stations[:3]) + (f" and {len(stations) - 3} more" if len(stations) > 3 else "")
            text = f"has no effect on {some}: received before, they go on from there"
            yield Remark(Level.NOTE, f"seedlink[{name}].begin", text)


def file_system(folder: Path, mountinfo: Path = _MOUNTINFO) -> str:
    """Kind of file system that a folder is on, such as ext4 or nfs4; empty where the system does not tell."""
    try:
        lines = mountinfo.read_text("utf-8").splitlines()
    except OSError:
        return ""
    mounts = []
    for line in lines:  # "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" (proc(5))
        place, _, kind = line.partition(" - ")
        point = Path(place.split()[4].replace("\\040", " "))
        if folder.resolve().is_relative_to(point):
            mounts.append((len(point.parts), kind.split()[0]))
    return max(mounts, key=lambda mount: mount[0], default=(0, ""))[1]


def _tried(key: str, action: Callable[[], object], level: Level = Level.ERROR) -> Iterator[Remark]:
    try:
        action()
    except SourceError as error:
        yield Remark(level, key, str(error))


_LOOKS: tuple[Callable[[Settings], Iterator[Remark]], ...] = (disk, database, credentials, metadata, begun)
